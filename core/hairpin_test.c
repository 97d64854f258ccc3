/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hairpinning [RFC4787 REQ-9, RFC5382 REQ-8]: one inside host hears another, sees its translated
 * address and port, and answers there; and nobody else may look like that.
 */
#include "core/nat.h"

#include "tests/env/test_env.h"
#include "tests/env/test_gateway.h"
#include "tests/env/unit.h"

#define POOL_P TEST_POOL("p", "198.51.100.1", "198.51.100.4", 5000, 5063)
#define PLAIN TEST_RULE_FROM("'10.0.9.0/24'", "plain", "pool", "'p'")
#define LEASED(permit) TEST_RULE_THEN("", "leased", "pool", "'p'", TEST_LEASE(permit))

static struct tables *tables;

static int start_with(const char *rules, const char *from)
{
	const struct test_configuration configuration = {
		.pools = POOL_P, .rules = rules, .from = from, .maximum_flows = FLOWS_MIN};

	tables = test_gateway_start(&configuration);
	return 0;
}

static int start(void **state)
{
	(void)state;
	return start_with(PLAIN "," LEASED("any-remote-host"), NULL);
}

static int start_strict(void **state)
{
	(void)state;
	return start_with(PLAIN "," LEASED("target-host-port"), NULL);
}

static int start_without_guest(void **state)
{
	(void)state;
	return start_with(PLAIN "," LEASED("any-remote-host"), "'lan'");
}

static int stop(void **state)
{
	(void)state;
	test_gateway_stop();
	return 0;
}

/* An inside endpoint. */
struct end {
	u32 ifindex;
	const char *address;
	u16 port;
};

static const struct end called = {TEST_INSIDE, "10.0.0.1", 4000};
static const struct end caller = {TEST_INSIDE, "10.0.0.2", 4001};
static const struct end guest = {TEST_GUEST, "10.2.0.3", 4002};
static const struct end plain = {TEST_INSIDE, "10.0.9.4", 4003};

static struct test_packet from(const struct end *end, u8 protocol, const union ip_addr *to,
			       u16 port, u8 flags)
{
	return (struct test_packet){
		.source = test_addr(end->address), .destination = *to, .protocol = protocol,
		.source_port = end->port, .destination_port = port, .tcp_flags = flags,
		.payload_bytes = 5};
}

/* Calls a server. => the end's flow to it, whose translated tuple is the one of its lease */
static const struct flow *known(const struct end *end, u8 protocol)
{
	union ip_addr server = test_addr("203.0.113.1");
	struct test_packet packet = from(end, protocol, &server, 53, TCP_SYN);

	assert_int_equal(test_gateway_receive(end->ifindex, &packet).reason,
			 REASON_translated_out);
	return test_gateway_flow(&packet);
}

/* An address and a port, as somebody sees or calls them. */
struct tuple {
	union ip_addr address;
	u16 port;
};

static struct tuple tuple_of(const struct flow *flow)
{
	return (struct tuple){*flow_translated_address(tables->control, flow),
			      host_u16(flow->port)};
}

static u32 say(const struct end *end, u8 protocol, const struct tuple *to, u8 flags,
	       struct test_frame *frame)
{
	struct test_packet packet = from(end, protocol, &to->address, to->port, flags);

	test_gateway_frame(frame, end->ifindex, &packet);
	return test_gateway_judge(frame, end->ifindex).reason;
}

/* The frame is for the end, TTL 63, and whole. => from whom it seems to be */
static struct tuple heard(const struct end *end, const struct test_frame *frame)
{
	union ip_addr to = test_addr(end->address);
	struct tuple seen;

	assert_memory_equal(frame->ip + 16, &to.words[3], 4);
	assert_int_equal(packet_be16(frame->transport + 2), end->port);
	assert_int_equal(frame->ip[8], 63);
	assert_true(test_frame_sums_up(frame));
	ip_addr_from_ipv4(&seen.address, *(const __be32 *)(const void *)(frame->ip + 12));
	seen.port = packet_be16(frame->transport);
	return seen;
}

/* One calls the other, who answers to whom it sees. => whom it saw */
static struct tuple talk(const struct end *one, const struct end *other, u8 protocol,
			 const struct tuple *to)
{
	struct test_frame frame;
	struct tuple seen, back;

	assert_int_equal(say(one, protocol, to, TCP_SYN, &frame), REASON_hairpinned);
	seen = heard(other, &frame);
	assert_int_equal(say(other, protocol, &seen, TCP_SYN | TCP_ACK, &frame), REASON_hairpinned);
	back = heard(one, &frame);
	assert_memory_equal(&back.address, &to->address, sizeof(back.address));
	assert_int_equal(back.port, to->port);
	return seen;
}

static void assert_sees_the_outside(const struct tuple *seen)
{
	assert_non_null(nat_address_find(test_gateway_config(), &seen->address));
	assert_in_range(seen->port, 5000, 5063);
	test_gateway_assert_sound();
}

/* [RFC4787 REQ-9] [RFC4787 REQ-9a] [RFC5382 REQ-8] the first packet included */
static void inside_hosts_call_each_other(void **state)
{
	static const u8 protocols[] = {PROTOCOL_UDP, PROTOCOL_TCP};
	const struct end *const callers[] = {&caller, &guest, &plain};

	(void)state;
	for (u32 i = 0; i < 2; i++) {
		struct tuple to = tuple_of(known(&called, protocols[i]));

		for (u32 j = 0; j < 3; j++) {
			struct tuple seen = talk(callers[j], &called, protocols[i], &to);

			assert_sees_the_outside(&seen);
		}
	}
}

static void a_caller_keeps_its_tuple(void **state)
{
	struct tuple to = tuple_of(known(&called, PROTOCOL_UDP)), seen;
	struct tuple own = tuple_of(known(&caller, PROTOCOL_UDP));

	(void)state;
	seen = talk(&caller, &called, PROTOCOL_UDP, &to);
	assert_memory_equal(&seen.address, &own.address, sizeof(seen.address));
	assert_int_equal(seen.port, own.port);
}

static void a_host_calls_itself(void **state)
{
	struct tuple to = tuple_of(known(&called, PROTOCOL_UDP));
	struct tuple seen = talk(&called, &called, PROTOCOL_UDP, &to);

	(void)state;
	assert_memory_equal(&seen, &to, sizeof(seen.address));
	assert_int_equal(seen.port, to.port);
	test_gateway_assert_sound();
}

/*
 * [RFC5382 REQ-8] the second as from outside, the first as from inside; TCP is established for
 * both.
 */
static void both_flows_count(void **state)
{
	struct tuple to = tuple_of(known(&called, PROTOCOL_TCP));
	struct tuple seen = talk(&caller, &called, PROTOCOL_TCP, &to);
	struct test_packet first = from(&caller, PROTOCOL_TCP, &to.address, to.port, 0);
	struct test_packet second = from(&called, PROTOCOL_TCP, &seen.address, seen.port, 0);
	const struct flow *flows[] = {test_gateway_flow(&first), test_gateway_flow(&second)};
	struct test_frame frame;

	(void)state;
	assert_int_equal(say(&caller, PROTOCOL_TCP, &to, TCP_ACK, &frame), REASON_hairpinned);
	assert_int_equal(flows[0]->tcp_state, TCP_ESTABLISHED);
	assert_int_equal(flows[1]->tcp_state, TCP_ESTABLISHED);
	for (u32 i = 0; i < 2; i++) {
		const struct flow_stats *stats = env_flow_stats((u32)(flows[i] - tables->flows));

		assert_int_equal(stats->packets[i == 0 ? FLOW_OUT : FLOW_IN], 2);
		assert_int_equal(stats->packets[i == 0 ? FLOW_IN : FLOW_OUT], 1);
		assert_true(flow_is_hairpin(flows[i]));
	}
}

static u32 live_flows(void)
{
	u32 count = 0;

	for (u32 slot = 0; slot < tables->control->flow_capacity; slot++)
		count += tables->flows[slot].life == FLOW_LIVE;
	return count;
}

/* Filtering holds among inside hosts; the caller's flow stays, and gets the answer. */
static void who_was_not_called_is_filtered(void **state)
{
	struct tuple to = tuple_of(known(&called, PROTOCOL_UDP)), own;
	struct test_frame frame;
	struct test_packet packet;

	(void)state;
	assert_int_equal(say(&plain, PROTOCOL_UDP, &to, 0, &frame), REASON_filtered_inbound);
	packet = from(&plain, PROTOCOL_UDP, &to.address, to.port, 0);
	assert_non_null(test_gateway_flow(&packet));
	own = tuple_of(test_gateway_flow(&packet));
	(void)talk(&called, &plain, PROTOCOL_UDP, &own);
	(void)talk(&plain, &called, PROTOCOL_UDP, &to);
}

/* [INV-CLOSED] what nobody owns, or no rule would translate, makes no state */
static void what_is_not_hairpinned_makes_no_state(void **state)
{
	struct tuple to = tuple_of(known(&called, PROTOCOL_UDP)), none = to;
	u32 before = live_flows();
	struct test_frame frame;

	(void)state;
	none.port = 5063 - (u16)(to.port == 5063);
	assert_int_equal(say(&caller, PROTOCOL_UDP, &none, 0, &frame), REASON_filtered_inbound);
	assert_int_equal(say(&caller, PROTOCOL_TCP, &to, TCP_SYN, &frame), REASON_filtered_inbound);
	assert_int_equal(say(&guest, PROTOCOL_UDP, &to, 0, &frame), REASON_filtered_inbound);
	assert_int_equal(live_flows(), before);
}

static void only_an_opening_segment_opens(void **state)
{
	struct tuple to = tuple_of(known(&called, PROTOCOL_TCP));
	u32 before = live_flows();
	struct test_frame frame;

	(void)state;
	assert_int_equal(say(&caller, PROTOCOL_TCP, &to, TCP_ACK, &frame), REASON_filtered_inbound);
	assert_int_equal(live_flows(), before);
}

/* Nobody may look like the second half, wherever the owner of the port is a lease or a flow. */
static void who_looks_like_the_second_half_is_dropped(void **state)
{
	static const u32 places[] = {TEST_OUTSIDE, TEST_INSIDE, TEST_GUEST};
	struct tuple to = tuple_of(known(&called, PROTOCOL_UDP));
	struct tuple seen = talk(&plain, &called, PROTOCOL_UDP, &to);

	(void)state;
	for (u32 i = 0; i < 3; i++) {
		struct test_packet packet = {
			.source = seen.address, .destination = to.address,
			.protocol = PROTOCOL_UDP, .source_port = seen.port,
			.destination_port = to.port};

		assert_int_equal(test_gateway_receive(places[i], &packet).reason,
				 REASON_spoofed_source);
		packet = (struct test_packet){
			.source = to.address, .destination = seen.address,
			.protocol = PROTOCOL_UDP, .source_port = to.port,
			.destination_port = seen.port};
		assert_int_equal(test_gateway_receive(places[i], &packet).reason,
				 REASON_spoofed_source);
	}
}

/* A flow that was ended from inside does not carry a first half. */
static void an_ended_flow_carries_nothing(void **state)
{
	struct tuple to = tuple_of(known(&called, PROTOCOL_UDP));
	struct test_packet packet = from(&caller, PROTOCOL_UDP, &to.address, to.port, 0);
	struct test_frame frame;

	(void)state;
	(void)talk(&caller, &called, PROTOCOL_UDP, &to);
	atomic_write(&test_gateway_flow(&packet)->life, FLOW_ENDING);
	assert_int_equal(say(&caller, PROTOCOL_UDP, &to, 0, &frame), REASON_route_changed);
}

static enum verdict_action steered(const struct test_packet *packet)
{
	struct test_frame frame;

	test_gateway_frame(&frame, TEST_INSIDE, packet);
	return nat_packet(&frame.frame, TEST_INSIDE, nat_active_half(), true).action;
}

/* A worker takes both ways; the kernel's program leaves both. */
static void a_worker_gets_hairpinned_packets(void **state)
{
	struct tuple to = tuple_of(known(&called, PROTOCOL_UDP)), seen = {0};
	struct test_packet packet = from(&caller, PROTOCOL_UDP, &to.address, to.port, 0);

	(void)state;
	for (u32 i = 0; i < 2; i++) {
		assert_int_equal(steered(&packet), VERDICT_WORKER);
		seen = talk(&caller, &called, PROTOCOL_UDP, &to);
	}
	packet = from(&called, PROTOCOL_UDP, &seen.address, seen.port, 0);
	assert_int_equal(steered(&packet), VERDICT_WORKER);
}

#define TEST(function, start) cmocka_unit_test_setup_teardown(function, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(inside_hosts_call_each_other, start),
		TEST(a_caller_keeps_its_tuple, start),
		TEST(a_host_calls_itself, start),
		TEST(both_flows_count, start),
		TEST(who_was_not_called_is_filtered, start_strict),
		TEST(what_is_not_hairpinned_makes_no_state, start_without_guest),
		TEST(only_an_opening_segment_opens, start),
		TEST(who_looks_like_the_second_half_is_dropped, start),
		TEST(an_ended_flow_carries_nothing, start),
		TEST(a_worker_gets_hairpinned_packets, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
