/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leases of persistent-nat: one translated tuple for an endpoint whatever it talks to, who may call
 * it, and that what is refused leaves nothing behind.
 */
#include "core/nat.h"

#include <pthread.h>
#include <stdlib.h>

#include "tests/env/test_env.h"
#include "tests/env/test_gateway.h"
#include "tests/env/unit.h"

enum { POOL_ID = 1, FLOWS_OF_A_LEASE = 8, TIMEOUT_S = 300 };

static struct tables *tables;
static u32 now_s;

static int start_with(const char *rules, u32 maximum_flows)
{
	const struct test_configuration configuration = {
		.from = "'lan'",
		.pools = TEST_POOL("p", "198.51.100.1", "198.51.100.4", 5000, 5003),
		.rules = rules,
		.maximum_flows = maximum_flows,
	};

	tables = test_gateway_start(&configuration);
	now_s = env_now_s(tables->control);
	return 0;
}

#define START(name, permit)                                                                    \
	static int start_##name(void **state)                                                  \
	{                                                                                      \
		(void)state;                                                                   \
		return start_with(TEST_RULE_THEN("", "all", "pool", "'p'", TEST_LEASE(permit)), \
				  FLOWS_MIN);                                                  \
	}

START(any_remote_host, "any-remote-host")
START(target_host, "target-host")
START(target_host_port, "target-host-port")

static int stop(void **state)
{
	(void)state;
	test_gateway_stop();
	return 0;
}

/* A packet of one endpoint, or of host n's, to a remote end. */
static struct test_packet out_of(u32 host, const char *remote, u16 port)
{
	struct test_packet packet = {
		.source = test_addr("10.0.0.0"), .destination = test_addr(remote),
		.protocol = PROTOCOL_UDP, .source_port = 4000, .destination_port = port};

	packet.source.words[3] += __builtin_bswap32(host);
	return packet;
}

static struct test_packet out(const char *remote, u16 port)
{
	return out_of(1, remote, port);
}

static const struct flow *opened(const struct test_packet *packet)
{
	assert_int_equal(test_gateway_receive(TEST_INSIDE, packet).reason, REASON_translated_out);
	return test_gateway_flow(packet);
}

/* A packet to the endpoint's translated tuple. */
static struct test_packet in_to(const struct flow *flow, const char *remote, u16 port)
{
	struct test_packet packet = test_gateway_answer(flow);

	packet.source = test_addr(remote);
	packet.source_port = port;
	return packet;
}

static u32 verdict_from(const struct flow *flow, const char *remote, u16 port)
{
	struct test_packet packet = in_to(flow, remote, port);

	return test_gateway_receive(TEST_OUTSIDE, &packet).reason;
}

/* => slots that the collector frees when it comes by after some time */
static u64 later(u32 seconds)
{
	now_s += seconds;
	test_env_set_time(now_s);
	return test_gateway_collect(now_s);
}

static u32 live(enum flow_kind kind)
{
	u32 count = 0;

	for (u32 slot = 0; slot < tables->control->flow_capacity; slot++)
		count += tables->flows[slot].life == FLOW_LIVE &&
			 flow_kind(&tables->flows[slot]) == kind;
	return count;
}

static struct flow *the_lease(void)
{
	for (u32 slot = 0; slot < tables->control->flow_capacity; slot++)
		if (tables->flows[slot].life == FLOW_LIVE && flow_is_lease(&tables->flows[slot]))
			return &tables->flows[slot];
	return NULL;
}

static void assert_live(u32 flows, u32 leases, u32 peers)
{
	test_gateway_assert_sound();
	assert_int_equal(live(FLOW_SESSION), flows);
	assert_int_equal(live(FLOW_LEASE), leases);
	assert_int_equal(live(FLOW_PEER), peers);
	assert_int_equal(tables->pool_counters[POOL_ID].flows, flows);
	assert_int_equal(tables->pool_counters[POOL_ID].leases, leases);
	assert_int_equal(tables->control->binding_count, leases + peers);
}

/* [RFC4787 REQ-1] [RFC5382 REQ-1] [INV-LEASE-1] */
static void an_endpoint_keeps_its_tuple_whatever_it_talks_to(void **state)
{
	static const char *const remotes[] = {"203.0.113.1", "203.0.113.2", "203.0.113.1"};
	const struct flow *flow, *first = NULL;

	(void)state;
	for (u16 i = 0; i < 3; i++) {
		struct test_packet packet = out(remotes[i], (u16)(53 + i));

		flow = opened(&packet);
		first = first ? first : flow;
		assert_int_equal(flow->address, first->address);
		assert_int_equal(flow->port, first->port);
	}
	assert_live(3, 1, 0);
	assert_int_equal(the_lease()->users, 3);
}

/* Another port, protocol or host is another endpoint. */
static void every_endpoint_has_a_lease_of_its_own(void **state)
{
	struct test_packet packet = out("203.0.113.1", 53);

	(void)state;
	(void)opened(&packet);
	packet.source_port++;
	(void)opened(&packet);
	packet = out_of(2, "203.0.113.1", 53);
	(void)opened(&packet);
	packet = out("203.0.113.1", 53);
	packet.protocol = PROTOCOL_TCP;
	packet.tcp_flags = TCP_SYN;
	(void)opened(&packet);
	assert_live(4, 4, 0);
}

/* [RFC4787 REQ-8] endpoint-independent filtering */
static void anybody_may_call_with_any_remote_host(void **state)
{
	struct test_packet packet = out("203.0.113.1", 53);
	const struct flow *flow = opened(&packet);

	(void)state;
	assert_int_equal(verdict_from(flow, "203.0.113.1", 53), REASON_translated_in);
	assert_live(1, 1, 0);
	assert_int_equal(verdict_from(flow, "203.0.113.1", 54), REASON_translated_in);
	assert_int_equal(verdict_from(flow, "203.0.113.9", 1), REASON_translated_in);
	assert_int_equal(verdict_from(flow, "203.0.113.9", 1), REASON_translated_in);
	assert_live(3, 1, 0);
	packet = out("203.0.113.9", 1); /* the answer goes back through the flow */
	assert_int_equal(test_gateway_receive(TEST_INSIDE, &packet).reason, REASON_translated_out);
	assert_live(3, 1, 0);
}

/* [RFC4787 REQ-8] address-dependent filtering */
static void target_host_lets_in_who_was_called(void **state)
{
	struct test_packet packet = out("203.0.113.1", 53);
	const struct flow *flow = opened(&packet);

	(void)state;
	assert_live(1, 1, 1);
	assert_int_equal(verdict_from(flow, "203.0.113.1", 54), REASON_translated_in);
	assert_int_equal(verdict_from(flow, "203.0.113.2", 53), REASON_filtered_inbound);
	assert_live(2, 1, 1);
}

/* [RFC4787 REQ-8] address and port-dependent filtering; a flow that has gone may come back */
static void target_host_port_lets_in_which_port_was_called(void **state)
{
	struct test_packet packet = out("203.0.113.1", 53), in;
	const struct flow *flow = opened(&packet);

	(void)state;
	in = in_to(flow, "203.0.113.1", 53);
	assert_int_equal(verdict_from(flow, "203.0.113.1", 54), REASON_filtered_inbound);
	assert_int_equal(later(TEST_UDP_S + 1), 2);
	assert_live(0, 1, 0);
	assert_int_equal(test_gateway_receive(TEST_OUTSIDE, &in).reason, REASON_filtered_inbound);
	(void)opened(&packet);
	atomic_write(&test_gateway_flow(&packet)->life, FLOW_ENDING);
	assert_int_equal(later(0), 1);
	assert_live(0, 1, 1);
	assert_int_equal(test_gateway_receive(TEST_OUTSIDE, &in).reason, REASON_translated_in);
	assert_live(1, 1, 1);
}

/* Only what opens a connection does, and only by the way that the lease leads. [RFC5382 REQ-3] */
static void what_opens_nothing_is_filtered(void **state)
{
	struct test_packet packet = out("203.0.113.1", 80), in;

	(void)state;
	packet.protocol = PROTOCOL_TCP;
	packet.tcp_flags = TCP_SYN;
	in = in_to(opened(&packet), "203.0.113.9", 1000);
	in.tcp_flags = TCP_ACK;
	assert_int_equal(test_gateway_receive(TEST_OUTSIDE, &in).reason, REASON_filtered_inbound);
	in.tcp_flags = TCP_SYN;
	assert_int_equal(test_gateway_receive(TEST_GUEST, &in).reason, REASON_filtered_inbound);
	assert_live(1, 1, 0);
	assert_int_equal(test_gateway_receive(TEST_OUTSIDE, &in).reason, REASON_translated_in);
	assert_live(2, 1, 0);
}

/* [RFC5382 REQ-2] a connection from outside is established by its three segments */
static void a_connection_from_outside_is_established(void **state)
{
	struct test_packet packet = out("203.0.113.1", 80), in, answer;
	struct flow *flow;

	(void)state;
	packet.protocol = PROTOCOL_TCP;
	packet.tcp_flags = TCP_SYN;
	in = in_to(opened(&packet), "203.0.113.9", 1000);
	in.tcp_flags = TCP_SYN;
	(void)test_gateway_receive(TEST_OUTSIDE, &in);
	answer = out("203.0.113.9", 1000);
	answer.protocol = PROTOCOL_TCP;
	answer.tcp_flags = TCP_SYN | TCP_ACK;
	assert_int_equal(test_gateway_receive(TEST_INSIDE, &answer).reason, REASON_translated_out);
	flow = test_gateway_flow(&answer);
	assert_int_equal(flow->tcp_state, TCP_ANSWERED_IN);
	in.tcp_flags = TCP_ACK;
	(void)test_gateway_receive(TEST_OUTSIDE, &in);
	assert_int_equal(flow->tcp_state, TCP_ESTABLISHED);
}

static void a_lease_has_a_limit_of_flows_from_both_sides(void **state)
{
	const struct flow *flow = NULL;
	struct test_packet packet;

	(void)state;
	for (u16 i = 0; i < FLOWS_OF_A_LEASE; i++) {
		packet = out("203.0.113.1", (u16)(1 + i));
		flow = opened(&packet);
	}
	packet = out("203.0.113.1", 1000);
	assert_int_equal(test_gateway_receive(TEST_INSIDE, &packet).reason,
			 REASON_lease_session_limit);
	assert_int_equal(verdict_from(flow, "203.0.113.9", 1), REASON_lease_session_limit);
	assert_int_equal(tables->pool_counters[POOL_ID].failures[REASON_lease_session_limit], 2);
	assert_int_equal(verdict_from(flow, "203.0.113.1", 1), REASON_translated_in);
	assert_live(FLOWS_OF_A_LEASE, 1, 0);
}

/* [INV-LEASE-2] the tuple stays for the timeout after the last flow has ended, then it is free. */
static void a_lease_outlives_its_flows(void **state)
{
	struct test_packet packet = out("203.0.113.1", 53);
	const struct flow *flow = opened(&packet);
	__be16 port = flow->port;

	(void)state;
	(void)later(TEST_UDP_S + 1);
	assert_live(0, 1, 0);
	(void)later(TIMEOUT_S);
	assert_live(0, 1, 0);
	flow = opened(&packet);
	assert_int_equal(flow->port, port);
	(void)later(TEST_UDP_S + 1);
	(void)later(TIMEOUT_S + 1);
	assert_live(0, 0, 0);
	assert_int_equal(tables->ports[0]->spaces[PORTS_UDP].in_use, 0);
}

static void assert_rests(const struct flow *flow, u32 seconds)
{
	const struct port_space *space = &tables->ports[flow->address]->spaces[PORTS_UDP];

	assert_int_equal(space->resting, 1);
	(void)later(seconds - 1);
	assert_int_equal(space->resting, 1);
	test_gateway_assert_sound();
	(void)later(1);
	assert_int_equal(space->resting, 0);
	assert_int_equal(space->owners[host_u16(flow->port)], PORT_FREE);
}

/* [RFC6888 REQ-8] [INV-REST] others may know the port, so it is nobody's for two minutes */
static void a_leases_port_rests(void **state)
{
	struct test_packet packet = out("203.0.113.1", 53);
	struct flow flow = *opened(&packet);

	(void)state;
	(void)later(TEST_UDP_S + 1);
	(void)later(TIMEOUT_S + 1);
	assert_live(0, 0, 0);
	assert_int_equal(verdict_from(&flow, "203.0.113.1", 53), REASON_filtered_inbound);
	assert_rests(&flow, 120);
}

static int start_resting(void **state)
{
	static const struct test_configuration configuration = {
		.pools = TEST_POOL("p", "198.51.100.1", "198.51.100.4", 5000, 5003),
		.rules = TEST_RULE_THEN("", "all", "pool", "'p'", TEST_LEASE("any-remote-host")),
		.port_hold_down_s = 7,
		.maximum_flows = FLOWS_MIN,
	};

	(void)state;
	tables = test_gateway_start(&configuration);
	now_s = env_now_s(tables->control);
	return 0;
}

static void a_leases_port_rests_as_configured(void **state)
{
	struct test_packet packet = out("203.0.113.1", 53);
	struct flow flow = *opened(&packet);

	(void)state;
	(void)later(TEST_UDP_S + 1);
	assert_int_equal(tables->ports[flow.address]->spaces[PORTS_UDP].resting, 0);
	(void)later(TIMEOUT_S + 1);
	assert_rests(&flow, 7);
}

enum { OVERFLOW_ID = 2, SHIFTED_ID = 3 };

/* Pools of one port, and of two. */
static int start_overflowing(void **state)
{
	static const struct test_configuration configuration = {
		.pools = "{'name':'p','addresses':[{'low':'198.51.100.1','high':'198.51.100.1'}],"
			 "'port_low':5000,'port_high':5000,'address_persistent':false,"
			 "'algorithm':null,'port_translation':true,'host_address_base':null,"
			 "'preserve_parity':false,'preserve_range':false,'alarm_raise':0,"
			 "'alarm_clear':0,'overflow':'pool','overflow_pool':'o'},"
			 TEST_POOL("o", "198.51.100.2", "198.51.100.2", 6000, 6001) ","
			 "{'name':'s','addresses':[{'low':'198.51.100.8','high':'198.51.100.9'}],"
			 "'port_low':1,'port_high':65535,'address_persistent':false,"
			 "'algorithm':null,'port_translation':false,"
			 "'host_address_base':'10.0.1.0/24','preserve_parity':false,"
			 "'preserve_range':false,'alarm_raise':0,'alarm_clear':0,"
			 "'overflow':'pool','overflow_pool':'o'}",
		.rules = TEST_RULE_THEN("'10.0.1.0/24'", "shifted", "pool", "'s'",
					TEST_LEASE("target-host")) ","
			 TEST_RULE_THEN("", "all", "pool", "'p'", TEST_LEASE("target-host")),
		.maximum_flows = FLOWS_MIN,
	};

	(void)state;
	tables = test_gateway_start(&configuration);
	now_s = env_now_s(tables->control);
	return 0;
}

static const struct flow *opened_by(u32 host, u16 remote_port)
{
	struct test_packet packet = out_of(host, "203.0.113.1", remote_port);

	return opened(&packet);
}

static void assert_refused(u32 host, u32 reason)
{
	struct test_packet packet = out_of(host, "203.0.113.1", 1000);

	assert_int_equal(test_gateway_receive(TEST_INSIDE, &packet).reason, reason);
	test_gateway_assert_sound();
}

static void assert_leases(u32 pool, u32 leases, u32 flows)
{
	assert_int_equal(tables->pool_counters[pool].leases, leases);
	assert_int_equal(tables->pool_counters[pool].flows, flows);
	test_gateway_assert_sound();
}

/* [INV-LEASE-1] the lease is the overflow pool's, and the endpoint's for as long as it lives. */
static void a_lease_of_the_overflow_pool_is_found_again(void **state)
{
	const struct owner_counters *p = &tables->pool_counters[POOL_ID];
	const struct flow *flow;
	__be16 port;

	(void)state;
	(void)opened_by(1, 53);
	flow = opened_by(2, 53);
	port = flow->port;
	assert_int_equal(flow->pool, OVERFLOW_ID);
	assert_int_equal(opened_by(2, 54)->port, port);
	assert_int_equal(opened_by(2, 54)->pool, OVERFLOW_ID);
	assert_int_equal(verdict_from(flow, "203.0.113.1", 55), REASON_translated_in);
	assert_int_equal(verdict_from(flow, "203.0.113.2", 55), REASON_filtered_inbound);
	assert_leases(POOL_ID, 1, 1);
	assert_leases(OVERFLOW_ID, 1, 3);
	assert_int_equal(p->overflows, 1);
	(void)later(TEST_UDP_S + 1);
	assert_int_equal(opened_by(2, 56)->port, port);
	(void)later(TIMEOUT_S + 1); /* the first endpoint has none any more, and its port rests */
	assert_leases(POOL_ID, 0, 0);
	(void)later(120);
	assert_int_equal(opened_by(2, 57)->port, port);
	assert_leases(OVERFLOW_ID, 1, 1);
	assert_int_equal(p->overflows, 1);
}

/* [INV-CLOSED] and it is the rule's pool that refuses. */
static void leases_use_up_the_overflow_pool(void **state)
{
	const struct owner_counters *p = &tables->pool_counters[POOL_ID];
	const struct owner_counters *o = &tables->pool_counters[OVERFLOW_ID];

	(void)state;
	for (u32 host = 1; host <= 3; host++)
		(void)opened_by(host, 53);
	assert_refused(4, REASON_source_nat_pool_exhausted);
	for (u16 port = 1; port < FLOWS_OF_A_LEASE; port++)
		(void)opened_by(3, port);
	assert_refused(3, REASON_lease_session_limit);
	assert_leases(POOL_ID, 1, 1);
	assert_leases(OVERFLOW_ID, 2, 1 + FLOWS_OF_A_LEASE);
	assert_int_equal(live(FLOW_PEER), 3);
	assert_int_equal(tables->control->binding_count, 6);
	assert_int_equal(p->overflows, 3);
	assert_int_equal(o->hits, 3);
	assert_int_equal(p->failures[REASON_source_nat_pool_exhausted], 1);
	assert_int_equal(p->failures[REASON_lease_session_limit], 1);
	assert_int_equal(o->failures[REASON_source_nat_pool_exhausted], 0);
	assert_int_equal(o->failures[REASON_lease_session_limit], 0);
}

/* Its port is its lease's, so all its flows have it. */
static void a_shifted_endpoint_shares_its_port(void **state)
{
	const struct flow *flow;

	(void)state;
	for (u16 port = 1; port < 4; port++) {
		flow = opened_by(256 + 1, port);
		assert_int_equal(flow->pool, SHIFTED_ID);
		assert_int_equal(host_u16(flow->port), 4000);
	}
	assert_leases(SHIFTED_ID, 1, 3);
	flow = opened_by(256 + 2, 1); /* there is no address for it */
	assert_int_equal(flow->pool, OVERFLOW_ID);
	assert_int_equal(opened_by(256 + 2, 2)->port, flow->port);
	assert_leases(OVERFLOW_ID, 1, 2);
}

static bool is_lease(const struct flow *flow, void *context)
{
	(void)context;
	return flow_is_lease(flow);
}

static void no_wait(void)
{
}

/*
 * [INV-LEASE-2] a lease that is told to end takes its flows along, and its port is theirs until
 * then.
 */
static void a_lease_that_is_ended_takes_its_flows_along(void **state)
{
	struct test_packet packet = out("203.0.113.1", 53);
	struct collector_pass pass = {
		.config = test_gateway_config(), .ends = is_lease, .wait = no_wait};

	(void)state;
	(void)opened(&packet);
	pass.now_s = now_s;
	collector_walk(tables, &pass, 0, tables->control->flow_capacity);
	assert_int_equal(test_gateway_receive(TEST_INSIDE, &packet).reason,
			 REASON_lease_table_full);
	collector_walk(tables, &pass, 0, tables->control->flow_capacity);
	collector_walk(tables, &pass, 0, tables->control->flow_capacity);
	assert_live(0, 0, 0);
	(void)opened(&packet);
	assert_live(1, 1, 0);
}

/* [INV-BOUNDED] leases and peers leave half of the table to flows */
static void leases_take_half_of_the_table(void **state)
{
	struct test_packet packet;
	u32 opened_flows = 0;

	(void)state;
	for (u32 i = 0; i < FLOWS_MIN; i++) {
		packet = out_of(1 + i / 4, "203.0.113.1", 53);
		packet.source_port = (u16)(4000 + i % 4);
		packet.protocol = i % 32 < 16 ? PROTOCOL_UDP : PROTOCOL_TCP;
		packet.tcp_flags = TCP_SYN;
		opened_flows += test_gateway_receive(TEST_INSIDE, &packet).reason ==
				REASON_translated_out;
	}
	assert_int_equal(opened_flows, FLOWS_MIN / BINDING_SHARE);
	assert_int_equal(tables->pool_counters[POOL_ID].failures[REASON_lease_table_full],
			 FLOWS_MIN - opened_flows);
	assert_live(opened_flows, FLOWS_MIN / BINDING_SHARE, 0);
}

/* [INV-CLOSED] no room for the flow, or for the peer: the lease made for it goes as it came. */
static void a_lease_that_is_rolled_back_leaves_nothing(void **state)
{
	struct test_packet packet = out_of(9, "203.0.113.1", 53);
	u32 slots[FLOWS_MIN + 1], count = 0, wanted = 0;

	(void)state;
	for (u32 room = 0; room < 3; room++) { /* for nothing, the lease alone, lease and flow */
		while ((slots[count] = flow_pop_free(tables->control)))
			count++;
		for (u32 i = 0; i < room; i++, count--)
			flow_push_free(tables->control, env_flow(slots[count - 1] - 1),
				       slots[count - 1], 0);
		wanted = room == 1 ? REASON_flow_table_full : REASON_lease_table_full;
		assert_int_equal(test_gateway_receive(TEST_INSIDE, &packet).reason, wanted);
		for (u32 i = 0; i < count; i++)
			flow_push_free(tables->control, env_flow(slots[i] - 1), slots[i], 0);
		count = 0;
		(void)later(0);
		assert_live(0, 0, 0);
		assert_int_equal(tables->ports[0]->spaces[PORTS_UDP].in_use, 0);
	}
	(void)opened(&packet);
	assert_live(1, 1, 1);
}

/* A reused lease returns to what it was. */
static void a_lease_that_was_there_stays_when_a_flow_is_refused(void **state)
{
	struct test_packet packet = out("203.0.113.1", 53);
	u32 slots[FLOWS_MIN + 1], count = 0;

	(void)state;
	(void)opened(&packet);
	while ((slots[count] = flow_pop_free(tables->control)))
		count++;
	packet = out("203.0.113.2", 53);
	assert_int_equal(test_gateway_receive(TEST_INSIDE, &packet).reason, REASON_flow_table_full);
	for (u32 i = 0; i < count; i++)
		flow_push_free(tables->control, env_flow(slots[i] - 1), slots[i], 0);
	assert_int_equal(the_lease()->users, 1);
	assert_live(1, 1, 0);
}

/* [INV-BOUNDED] its slot is a binding's until the collector frees it, and the audit knows */
static void a_lease_that_lost_the_race_is_counted_until_it_is_freed(void **state)
{
	struct test_packet packet = out("203.0.113.1", 53);
	struct flow *loser;

	(void)state;
	(void)opened(&packet);
	loser = env_flow(binding_pop(tables->control) - 1);
	assert_non_null(loser);
	loser->zone = FLOW_LEASE << FLOW_KIND_SHIFT | 1;
	loser->life = FLOW_RETIRED;
	test_gateway_assert_sound();
	assert_int_equal(tables->control->binding_count, 2);
	assert_int_equal(later(0), 1);
	assert_live(1, 1, 0);
}

enum { THREADS = 4, ROUNDS = 200 };

static void *open_flows(void *context)
{
	u32 thread = *(u32 *)context;

	test_env_join(tables, thread);
	for (u32 round = 0; round < ROUNDS; round++) {
		struct test_packet packet =
			out_of(1 + round, "203.0.113.0", (u16)(1 + thread % FLOWS_OF_A_LEASE));

		(void)test_gateway_receive(TEST_INSIDE, &packet);
	}
	return NULL;
}

static int start_big(void **state)
{
	static const struct test_configuration configuration = {
		.pools = TEST_POOL("p", "198.51.100.1", "198.51.100.1", 1024, 65535),
		.rules = TEST_RULE_THEN("", "all", "pool", "'p'", TEST_LEASE("target-host-port")),
		.maximum_flows = 4 * THREADS * ROUNDS,
	};

	(void)state;
	tables = test_gateway_start(&configuration);
	return 0;
}

/* [INV-LEASE-1] CPUs that open flows of one endpoint at once share one lease. */
static void an_endpoint_that_meets_itself_has_one_lease(void **state)
{
	pthread_t threads[THREADS];
	u32 numbers[THREADS];

	(void)state;
	for (u32 i = 0; i < THREADS; i++) {
		numbers[i] = i;
		assert_int_equal(pthread_create(&threads[i], NULL, open_flows, &numbers[i]), 0);
	}
	for (u32 i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	(void)later(0); /* what lost a race */
	assert_live(THREADS * ROUNDS, ROUNDS, THREADS * ROUNDS);
}

#define TEST(function, start) cmocka_unit_test_setup_teardown(function, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_endpoint_keeps_its_tuple_whatever_it_talks_to, start_any_remote_host),
		TEST(every_endpoint_has_a_lease_of_its_own, start_any_remote_host),
		TEST(anybody_may_call_with_any_remote_host, start_any_remote_host),
		TEST(target_host_lets_in_who_was_called, start_target_host),
		TEST(target_host_port_lets_in_which_port_was_called, start_target_host_port),
		TEST(what_opens_nothing_is_filtered, start_any_remote_host),
		TEST(a_connection_from_outside_is_established, start_any_remote_host),
		TEST(a_lease_has_a_limit_of_flows_from_both_sides, start_any_remote_host),
		TEST(a_lease_outlives_its_flows, start_any_remote_host),
		TEST(a_leases_port_rests, start_any_remote_host),
		TEST(a_leases_port_rests_as_configured, start_resting),
		TEST(a_lease_of_the_overflow_pool_is_found_again, start_overflowing),
		TEST(leases_use_up_the_overflow_pool, start_overflowing),
		TEST(a_shifted_endpoint_shares_its_port, start_overflowing),
		TEST(a_lease_that_is_ended_takes_its_flows_along, start_any_remote_host),
		TEST(leases_take_half_of_the_table, start_any_remote_host),
		TEST(a_lease_that_is_rolled_back_leaves_nothing, start_target_host),
		TEST(a_lease_that_was_there_stays_when_a_flow_is_refused, start_any_remote_host),
		TEST(a_lease_that_lost_the_race_is_counted_until_it_is_freed,
		     start_any_remote_host),
		TEST(an_endpoint_that_meets_itself_has_one_lease, start_big),
	};

	return cmocka_run_group_tests_name("lease", tests, NULL, NULL);
}
