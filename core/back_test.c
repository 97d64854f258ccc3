/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GRE and ESP: flows without a port, and the ways back to them, from their first packet to the
 * collector. On several CPUs at once: open_race_test.c.
 */
#include "core/open_back.h"

#include "core/open.h"
#include "tests/env/test_env.h"
#include "tests/env/test_gateway.h"
#include "tests/env/unit.h"

enum { START_S = 1000, RULE_ID = 1, POOL_ID = 1 };

static struct tables *tables;

static int start_with(const char *pools, const char *rules)
{
	const struct test_configuration configuration = {
		.pools = pools, .rules = rules, .maximum_flows = FLOWS_MIN};

	tables = test_gateway_start(&configuration);
	return 0;
}

static int start(void **state)
{
	(void)state;
	return start_with(TEST_POOL("p", "198.51.100.1", "198.51.100.2", 5000, 5000),
			  TEST_RULE("all", "pool", "'p'"));
}

static int start_one(void **state)
{
	(void)state;
	return start_with(TEST_POOL("p", "198.51.100.1", "198.51.100.1", 5000, 5000),
			  TEST_RULE("all", "pool", "'p'"));
}

static int start_leased(void **state)
{
	(void)state;
	return start_with(TEST_POOL("p", "198.51.100.1", "198.51.100.1", 5000, 5000),
			  TEST_RULE_THEN("", "all", "pool", "'p'",
					 TEST_LEASE("any-remote-host")));
}

static int stop(void **state)
{
	(void)state;
	test_gateway_stop();
	return 0;
}

static struct test_packet tunnel(u8 protocol, u32 host)
{
	struct test_packet packet = test_gateway_udp(host, 0);

	packet.protocol = protocol;
	packet.source_port = packet.destination_port = 0;
	packet.payload_bytes = 60;
	return packet;
}

static u32 sends(const struct test_packet *packet)
{
	return test_gateway_receive(TEST_INSIDE, packet).reason;
}

static struct flow *open_tunnel(const struct test_packet *packet)
{
	assert_int_equal(sends(packet), REASON_translated_out);
	return test_gateway_flow(packet);
}

static u32 slot_of(const struct flow *flow)
{
	return (u32)(flow - tables->flows) + 1;
}

static struct flow *way_back_of(const struct flow *flow)
{
	u32 slot = back_of(tables->control, flow, slot_of(flow));

	assert_int_not_equal(slot, 0);
	return env_flow(slot - 1);
}

static void assert_comes_back(const struct flow *flow)
{
	struct test_packet answer = test_gateway_answer(flow);
	struct test_frame frame;

	answer.payload_bytes = 60;
	test_gateway_frame(&frame, TEST_OUTSIDE, &answer);
	assert_int_equal(test_gateway_judge(&frame, TEST_OUTSIDE).reason, REASON_translated_in);
	assert_memory_equal(frame.ip + 16, &flow->inside.words[3], 4);
}

/* [INV-BACK-1] [INV-ALIAS] round-robin has two addresses, and so two hosts for one remote end */
static void one_address_has_one_host_towards_a_remote(void **state)
{
	static const u8 protocols[] = {PROTOCOL_GRE, PROTOCOL_ESP};

	(void)state;
	for (u32 i = 0; i < 2; i++) {
		struct test_packet packets[] = {tunnel(protocols[i], 1), tunnel(protocols[i], 2),
						tunnel(protocols[i], 3)};
		struct flow *first = open_tunnel(&packets[0]), *second = open_tunnel(&packets[1]);

		assert_int_not_equal(first->address, second->address);
		assert_int_equal(sends(&packets[2]), REASON_source_nat_remote_in_use);
		assert_comes_back(first);
		assert_comes_back(second);
		assert_int_equal(test_gateway_slots_with(FLOW_LIVE), 4 * (i + 1));
	}
	assert_int_equal(test_gateway_ports_in_use(), 0);
	assert_int_equal(tables->rule_counters[RULE_ID].flows, 4);
	assert_int_equal(tables->pool_counters[POOL_ID].flows, 4);
	assert_int_equal(tables->rule_counters[RULE_ID].failures[REASON_source_nat_remote_in_use],
			 2);
	test_gateway_assert_sound();
}

/* [INV-CLOSED] [INV-BOUNDED] Each takes two slots; with one left, nothing is taken. */
static void a_full_table_refuses(void **state)
{
	struct test_packet packet = tunnel(PROTOCOL_GRE, 1), udp = test_gateway_udp(1, 4000);

	(void)state;
	(void)open_tunnel(&packet);
	for (u32 left = FLOWS_MIN - 2; left > 1; left--)
		assert_int_not_equal(flow_pop_free(tables->control), 0);
	packet = tunnel(PROTOCOL_ESP, 1);
	assert_int_equal(sends(&packet), REASON_flow_table_full);
	assert_int_equal(sends(&udp), REASON_translated_out);
}

/* [INV-RECLAIM] Both slots come back in one pass, and the tuple is free at once. */
static void the_way_back_ends_with_its_flow(void **state)
{
	static const struct {
		u8 protocol;
		u32 timeout_s;
	} cases[] = {{PROTOCOL_GRE, TEST_GRE_S}, {PROTOCOL_ESP, TEST_ESP_S}};

	(void)state;
	for (u32 i = 0; i < 2; i++) {
		struct test_packet packet = tunnel(cases[i].protocol, 1);
		const struct flow *flow, *back;

		test_env_set_time(START_S);
		flow = open_tunnel(&packet);
		back = way_back_of(flow);
		assert_int_equal(test_gateway_collect(START_S + cases[i].timeout_s), 0);
		assert_int_equal(test_gateway_collect(START_S + cases[i].timeout_s + 1), 2);
		assert_int_equal(flow->life, FLOW_FREE);
		assert_int_equal(back->life, FLOW_FREE);
		assert_int_equal(test_gateway_slots_with(FLOW_FREE), FLOWS_MIN);
		test_gateway_assert_flows(0);
		packet = tunnel(cases[i].protocol, 2);
		(void)open_tunnel(&packet);
		test_gateway_flow(&packet)->life = FLOW_ENDING;
		assert_int_equal(test_gateway_collect(START_S), 2);
	}
}

/* A way back whose flow lost the race to be published, or whose collector was killed. */
static void a_way_back_without_a_flow_is_taken_away(void **state)
{
	struct test_packet packet = tunnel(PROTOCOL_GRE, 1);
	struct flow *flow = open_tunnel(&packet);

	(void)state;
	flow->life = FLOW_DYING;
	assert_int_equal(test_gateway_collect(START_S + 1), 2);
	flow = open_tunnel(&packet);
	way_back_of(flow)->life = FLOW_DYING;
	flow->life = FLOW_DYING;
	assert_int_equal(test_gateway_collect(START_S + 2), 2);
	assert_int_equal(test_gateway_slots_with(FLOW_FREE), FLOWS_MIN);
}

/* A slot that is another flow's by now does not lead anybody there. */
static void a_stale_way_back_leads_nowhere(void **state)
{
	struct test_packet packet = tunnel(PROTOCOL_GRE, 1), other = tunnel(PROTOCOL_GRE, 2);
	struct test_packet answer;
	struct flow *flow = open_tunnel(&packet), *another = open_tunnel(&other);

	(void)state;
	answer = test_gateway_answer(flow);
	answer.payload_bytes = 60;
	way_back_of(flow)->owner = slot_of(another);
	assert_int_equal(test_gateway_receive(TEST_OUTSIDE, &answer).reason,
			 REASON_filtered_inbound);
}

/* docs/packet-path.md, section 10 */
static void a_rule_with_persistent_nat_opens_a_plain_flow(void **state)
{
	struct test_packet packet = tunnel(PROTOCOL_ESP, 1);
	struct flow *flow = open_tunnel(&packet);

	(void)state;
	assert_false(flow->to_zone & FLOW_LEASED);
	assert_int_equal(tables->control->binding_count, 0);
	assert_int_equal(tables->pool_counters[POOL_ID].leases, 0);
	assert_comes_back(flow);
	test_gateway_assert_sound();
}

#define TEST(name, start) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_address_has_one_host_towards_a_remote, start),
		TEST(a_full_table_refuses, start),
		TEST(the_way_back_ends_with_its_flow, start_one),
		TEST(a_way_back_without_a_flow_is_taken_away, start_one),
		TEST(a_stale_way_back_leads_nowhere, start),
		TEST(a_rule_with_persistent_nat_opens_a_plain_flow, start_leased),
	};

	return cmocka_run_group_tests_name("back", tests, NULL, NULL);
}
