/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First packets: the flow that they open, and that what is refused leaves no trace. On several CPUs
 * at once: open_race_test.c.
 */
#include "core/open.h"

#include "tests/env/test_env.h"
#include "tests/env/test_gateway.h"
#include "tests/env/unit.h"

enum { RULE_ID = 1, POOL_ID = 1 };

static struct tables *tables;

static int stop(void **state)
{
	(void)state;
	test_gateway_stop();
	return 0;
}

static struct test_packet udp6(u32 host)
{
	struct test_packet packet = test_gateway_udp(0, 4000);

	packet.source = test_addr("2001:db8:1::");
	packet.source.words[3] = __builtin_bswap32(host);
	packet.destination = test_addr("2001:db8:ffff::5");
	return packet;
}

/* Two addresses of IPv4 with four ports each. */
static int start_small(void **state)
{
	static const struct test_configuration configuration = {
		.pools = TEST_POOL("p", "198.51.100.1", "198.51.100.2", 5000, 5003),
		.rules = TEST_RULE("all", "pool", "'p'"),
		.maximum_flows = FLOWS_MIN,
	};

	(void)state;
	tables = test_gateway_start(&configuration);
	return 0;
}

static struct failure_event *last_event(void)
{
	u64 count = tables->control->event_count;

	assert_true(count > 0);
	return &tables->control->events.events[(count - 1) % EVENT_CAPACITY];
}

/* Whether the sender is told or not (core/answer_test.c). */
static bool is_dropped(struct verdict verdict)
{
	return verdict.action == VERDICT_DROP || verdict.action == VERDICT_ANSWER;
}

/* [INV-CLOSED] dropped by name, counted for the rule, kept for show, and nothing else changed. */
static void assert_refused(const struct test_packet *packet, u32 reason, u32 flows)
{
	u64 before = tables->rule_counters[RULE_ID].failures[reason];
	struct verdict verdict = test_gateway_receive(TEST_INSIDE, packet);

	assert_true(is_dropped(verdict));
	assert_int_equal(verdict.reason, reason);
	assert_int_equal(tables->rule_counters[RULE_ID].failures[reason], before + 1);
	assert_int_equal(last_event()->reason, reason);
	assert_int_equal(last_event()->rule, RULE_ID);
	assert_memory_equal(&last_event()->source, &packet->source, sizeof(packet->source));
	test_gateway_assert_flows(flows);
	assert_int_equal(test_gateway_slots_with(FLOW_FREE), FLOWS_MIN - flows);
}

static void a_first_packet_opens_a_flow_and_the_next_one_uses_it(void **state)
{
	struct test_packet out = test_gateway_udp(1, 4000), in;
	struct flow *flow;

	(void)state;
	assert_int_equal(test_gateway_receive(TEST_INSIDE, &out).reason, REASON_translated_out);
	test_gateway_assert_flows(1);
	flow = test_gateway_flow(&out);
	assert_non_null(flow);
	in = test_gateway_answer(flow);
	assert_int_equal(test_gateway_receive(TEST_INSIDE, &out).reason, REASON_translated_out);
	assert_int_equal(test_gateway_receive(TEST_OUTSIDE, &in).reason, REASON_translated_in);
	test_gateway_assert_flows(1);
	assert_int_equal(tables->rule_counters[RULE_ID].hits, 1);
	assert_int_equal(tables->pool_counters[POOL_ID].flows_opened, 1);
	assert_int_equal(tables->flow_stats[flow - tables->flows].packets[FLOW_OUT], 2);
	assert_int_equal(tables->flow_stats[flow - tables->flows].packets[FLOW_IN], 1);
}

/* [INV-ALIAS] [INV-CLOSED] every tuple of the pool is given once, then the rule refuses. */
static void a_pool_is_used_up_to_the_last_port(void **state)
{
	u32 seen[2][4] = {{0}};
	struct test_packet packet;

	(void)state;
	for (u32 i = 0; i < 8; i++) {
		const struct flow *flow;

		packet = test_gateway_udp(i, 4000);
		assert_int_equal(test_gateway_receive(TEST_INSIDE, &packet).reason,
				 REASON_translated_out);
		flow = test_gateway_flow(&packet);
		assert_in_range(flow->address, 0, 1);
		assert_in_range(__builtin_bswap16(flow->port), 5000, 5003);
		assert_int_equal(seen[flow->address][__builtin_bswap16(flow->port) - 5000]++, 0);
	}
	test_gateway_assert_flows(8);
	packet = test_gateway_udp(8, 4000);
	assert_refused(&packet, REASON_source_nat_pool_exhausted, 8);
	assert_int_equal(tables->pool_counters[POOL_ID]
				 .failures[REASON_source_nat_pool_exhausted],
			 1);
	packet.protocol = PROTOCOL_TCP; /* ports of another protocol are another space */
	packet.tcp_flags = TCP_SYN;
	assert_int_equal(test_gateway_receive(TEST_INSIDE, &packet).reason, REASON_translated_out);
	test_gateway_assert_flows(9);
}

static void what_cannot_open_a_flow_is_refused_by_name(void **state)
{
	struct test_packet packet = test_gateway_udp(1, 4000);
	struct test_frame fragment;

	(void)state;
	packet.protocol = PROTOCOL_TCP;
	packet.tcp_flags = TCP_ACK;
	assert_refused(&packet, REASON_tcp_not_syn, 0);
	packet.protocol = 51;
	packet.payload_bytes = 20;
	assert_refused(&packet, REASON_unsupported_protocol, 0);
	packet.protocol = PROTOCOL_ICMP;
	packet.source_port = 0; /* an echo reply */
	assert_refused(&packet, REASON_no_flow, 0);
	packet = udp6(1);
	assert_refused(&packet, REASON_source_nat_pool_wrong_family, 0);
	packet.protocol = 51;
	packet.destination = test_addr("203.0.113.5");
	packet.source = test_addr("10.0.0.1");
	test_gateway_frame(&fragment, TEST_INSIDE, &packet);
	fragment.ip[6] = 0x20;
	test_frame_sum_header(&fragment);
	assert_int_equal(test_gateway_judge(&fragment, TEST_INSIDE).reason,
			 REASON_fragment_unknown);
	test_gateway_assert_flows(0);
}

static int start_broken(void **state)
{
	static const struct test_configuration configuration = {
		.pools = "{'name':'empty','addresses':[],'port_low':1024,'port_high':65535,"
			 "'address_persistent':false,'algorithm':null,"
			 TEST_POOL_PLAIN "},"
			 TEST_POOL("backwards", "198.51.100.1", "198.51.100.1", 3000, 2999) ","
			 TEST_POOL("zero", "198.51.100.1", "198.51.100.1", 0, 100),
		.rules = TEST_RULE_FROM("'10.0.0.1/32'", "one", "pool", "'missing'") ","
			 TEST_RULE_FROM("'10.0.0.2/32'", "two", "pool", "'empty'") ","
			 TEST_RULE_FROM("'10.0.0.3/32'", "three", "pool", "'backwards'") ","
			 TEST_RULE_FROM("'10.0.0.4/32'", "four", "pool", "'zero'") ","
			 TEST_RULE_FROM("'10.0.0.5/32'", "five", "off", "null"),
		.maximum_flows = FLOWS_MIN,
	};

	(void)state;
	tables = test_gateway_start(&configuration);
	return 0;
}

/* [INV-CLOSED] a rule with a pool that cannot be used drops; it does not vanish. */
static void a_rule_with_a_broken_pool_owns_its_packets(void **state)
{
	static const u32 reasons[] = {
		REASON_source_nat_pool_missing, REASON_source_nat_pool_empty,
		REASON_source_nat_pool_invalid_port_range,
		REASON_source_nat_pool_invalid_port_range};
	struct test_packet packet;

	(void)state;
	for (u32 i = 0; i < 4; i++) {
		packet = test_gateway_udp(1 + i, 4000);
		assert_true(is_dropped(test_gateway_receive(TEST_INSIDE, &packet)));
		assert_int_equal(last_event()->reason, reasons[i]);
		assert_int_equal(tables->rule_counters[1 + i].failures[reasons[i]], 1);
	}
	packet = test_gateway_udp(5, 4000);
	assert_int_equal(test_gateway_receive(TEST_INSIDE, &packet).reason, REASON_rule_off);
	packet = test_gateway_udp(6, 4000);
	assert_int_equal(test_gateway_receive(TEST_INSIDE, &packet).reason, REASON_no_rule);
	assert_int_equal(tables->control->event_count, 4);
	assert_int_equal(test_gateway_slots_with(FLOW_FREE), FLOWS_MIN);
	test_gateway_assert_sound();
}

#define OVERFLOWING(name, address, overflow)                                                       \
	"{'name':'" name "','addresses':[{'low':'" address "','high':'" address "'}],"            \
	"'port_low':5000,'port_high':5000,'address_persistent':false,'algorithm':null,"           \
	"'port_translation':true,'host_address_base':null," \
	"'preserve_parity':false,'preserve_range':false," \
	"'alarm_raise':0,'alarm_clear':0,'overflow':" overflow "}"

static int start_overflowing(void **state)
{
	static const struct test_configuration configuration = {
		.pools = OVERFLOWING("p", "198.51.100.1", "'pool','overflow_pool':'o'") ","
			 OVERFLOWING("i", "198.51.100.2", "'interface','overflow_pool':null") ","
			 TEST_POOL("o", "198.51.100.3", "198.51.100.3", 6000, 6001),
		.rules = TEST_RULE_FROM("'10.0.0.0/24'", "one", "pool", "'p'") ","
			 TEST_RULE_FROM("'10.0.1.0/24'", "two", "pool", "'i'"),
		.maximum_flows = FLOWS_MIN,
	};

	(void)state;
	tables = test_gateway_start(&configuration);
	return 0;
}

/* Sends the first packet of one more flow. => the flow; NULL if it was refused */
static const struct flow *one_more(u32 host)
{
	struct test_packet packet = test_gateway_udp(host, 4000);

	(void)test_gateway_receive(TEST_INSIDE, &packet);
	return test_gateway_flow(&packet);
}

/* [INV-CLOSED] the overflow pool's ports are used up too, and then the first pool refuses. */
static void a_full_pool_overflows_into_another(void **state)
{
	const struct owner_counters *p = &tables->pool_counters[1], *o = &tables->pool_counters[3];

	(void)state;
	assert_int_equal(one_more(1)->pool, 1);
	assert_int_equal(one_more(2)->pool, 3);
	assert_int_equal(one_more(3)->pool, 3);
	assert_null(one_more(4));
	assert_int_equal(last_event()->reason, REASON_source_nat_pool_exhausted);
	assert_int_equal(last_event()->pool, 1);
	assert_int_equal(p->hits, 4);
	assert_int_equal(p->flows_opened, 1);
	assert_int_equal(p->overflows, 3);
	assert_int_equal(p->failures[REASON_source_nat_pool_exhausted], 1);
	assert_int_equal(o->hits, 3);
	assert_int_equal(o->flows_opened, 2);
	assert_int_equal(o->failures[REASON_source_nat_pool_exhausted], 0);
	test_gateway_assert_flows(3);
}

/* The egress interface has an address of IPv4, and ports from 1024 on. */
static void a_full_pool_overflows_to_the_interface(void **state)
{
	const struct flow *flow;

	(void)state;
	assert_int_equal(one_more(256)->pool, 2);
	flow = one_more(257);
	assert_non_null(flow);
	assert_int_equal(flow->pool, 4);
	assert_memory_equal(flow_translated_address(tables->control, flow)->bytes,
			    test_addr("192.0.2.1").bytes, 16);
	assert_in_range(host_u16(flow->port), 1024, 65535);
	assert_int_equal(tables->pool_counters[2].overflows, 1);
	test_gateway_assert_sound();
}

/* Two addresses, of which each has ports below and above 1024. */
static int start_preserving(void **state)
{
	static const struct test_configuration configuration = {
		.pools = "{'name':'p','addresses':[{'low':'198.51.100.1','high':'198.51.100.1'}],"
			 "'port_low':1000,'port_high':1100,'address_persistent':false,"
			 "'algorithm':null,'port_translation':true,'host_address_base':null,'preserve_parity':true,'preserve_range':true,"
			 "'alarm_raise':0,'alarm_clear':0,'overflow':null,'overflow_pool':null}",
		.rules = TEST_RULE("all", "pool", "'p'"),
		.maximum_flows = 1024,
	};

	(void)state;
	tables = test_gateway_start(&configuration);
	return 0;
}

static const struct flow *flow_from(u32 host, u32 port, u8 protocol)
{
	struct test_packet packet = test_gateway_udp(host, port);

	packet.protocol = protocol;
	packet.tcp_flags = TCP_SYN;
	(void)test_gateway_receive(TEST_INSIDE, &packet);
	return test_gateway_flow(&packet);
}

/* [RFC4787 REQ-3a] [RFC4787 REQ-4] as far as there are such ports, and then none. */
static void ports_keep_their_parity_and_their_range(void **state)
{
	static const u8 protocols[] = {PROTOCOL_TCP, PROTOCOL_UDP};
	static const u32 inside_ports[] = {2, 1023, 1024, 40001};

	(void)state;
	for (u32 i = 0; i < 8; i++) {
		u32 inside = inside_ports[i % 4];
		const struct flow *flow = flow_from(1, inside, protocols[i / 4]);
		u16 port;

		assert_non_null(flow);
		port = host_u16(flow->port);
		assert_int_equal(port % 2, inside % 2);
		assert_in_range(port, inside < 1024 ? 1 : 1024, inside < 1024 ? 1023 : 1100);
	}
	for (u32 host = 2; host < 40; host++)
		assert_non_null(flow_from(host, 5000, PROTOCOL_UDP));
	assert_null(flow_from(40, 5000, PROTOCOL_UDP)); /* 1024, 1026, ... 1100 are taken */
	assert_non_null(flow_from(40, 5001, PROTOCOL_UDP));
}

/* Hosts 10.0.0.8 to 10.0.0.11 for two addresses; the third overflows to the interface. */
static int start_shifting(void **state)
{
	static const struct test_configuration configuration = {
		.pools = "{'name':'p','addresses':[{'low':'198.51.100.1','high':'198.51.100.2'}],"
			 "'port_low':1,'port_high':65535,'address_persistent':false,"
			 "'algorithm':null,'port_translation':false,"
			 "'host_address_base':'10.0.0.8/32','preserve_parity':false,"
			 "'preserve_range':false,'alarm_raise':0,'alarm_clear':0,'overflow':null,'overflow_pool':null},"
			 "{'name':'q','addresses':[{'low':'198.51.100.1','high':'198.51.100.1'}],"
			 "'port_low':1,'port_high':65535,'address_persistent':false,"
			 "'algorithm':null,'port_translation':false,"
			 "'host_address_base':'10.0.1.0/24','preserve_parity':false,"
			 "'preserve_range':false,'alarm_raise':0,'alarm_clear':0,'overflow':'interface','overflow_pool':null}",
		.rules = TEST_RULE_FROM("'10.0.0.0/24'", "all", "pool", "'p'") ","
			 TEST_RULE("rest", "pool", "'q'"),
		.maximum_flows = FLOWS_MIN,
	};

	(void)state;
	tables = test_gateway_start(&configuration);
	return 0;
}

/* [INV-ALIAS] [INV-CLOSED] the host's own address and port, or none. */
static void shifted_hosts_keep_their_ports(void **state)
{
	struct test_packet packet;
	const struct flow *flow;

	(void)state;
	for (u32 host = 8; host < 10; host++) {
		for (u32 port = 0; port < 65536; port += 13107) {
			flow = flow_from(host, port, PROTOCOL_UDP);
			assert_non_null(flow);
			assert_int_equal(flow->address, host - 8);
			assert_int_equal(host_u16(flow->port), port);
		}
	}
	packet = test_gateway_udp(10, 4000);
	assert_refused(&packet, REASON_source_nat_pool_no_address, 12);
	packet = test_gateway_udp(7, 4000);
	assert_refused(&packet, REASON_source_nat_pool_no_address, 12);
	packet = test_gateway_udp(8, 13107);
	packet.destination = test_addr("203.0.113.6"); /* another flow of the port */
	assert_refused(&packet, REASON_source_nat_pool_exhausted, 12);
}

/* Pool q shares an address with p, and has the interface for who finds the port taken. */
static void a_shifted_host_overflows(void **state)
{
	const struct flow *flow;

	(void)state;
	assert_non_null(flow_from(8, 4000, PROTOCOL_UDP));
	flow = flow_from(256, 4000, PROTOCOL_UDP);
	assert_int_equal(flow->pool, 3);
	flow = flow_from(256, 4001, PROTOCOL_UDP);
	assert_int_equal(flow->pool, 2);
	assert_int_equal(host_u16(flow->port), 4001);
	flow = flow_from(257, 4002, PROTOCOL_UDP); /* no address */
	assert_int_equal(flow->pool, 3);
	assert_int_equal(tables->pool_counters[2].overflows, 2);
	test_gateway_assert_sound();
}

static int start_sticky(void **state)
{
	static const struct test_configuration configuration = {
		.pools = "{'name':'p','addresses':[{'low':'198.51.100.0','high':'198.51.100.6'},"
			 "{'low':'2001:db8:64::1','high':'2001:db8:64::5'}],'port_low':5000,"
			 "'port_high':5003,'address_persistent':true,'algorithm':'userspace-v1',"
			 TEST_POOL_PLAIN "}",
		.rules = TEST_RULE("all", "pool", "'p'"),
		.maximum_flows = 1024,
	};

	(void)state;
	tables = test_gateway_start(&configuration);
	return 0;
}

/* [INV-STICKY] one address for each host, that of the selector, though others are empty. */
static void a_host_keeps_its_address_and_gets_no_other(void **state)
{
	(void)state;
	for (u32 host = 1; host <= 7; host += 6) {
		struct test_packet packet = test_gateway_udp(host, 0);
		u32 index = select_userspace_v1(FAMILY_IPV4, &packet.source, 7);

		for (u32 i = 0; i < 4; i++) {
			packet.source_port = (u16)(4000 + i);
			assert_int_equal(test_gateway_receive(TEST_INSIDE, &packet).reason,
					 REASON_translated_out);
			assert_int_equal(test_gateway_flow(&packet)->address, index);
		}
		packet.source_port = 5000;
		assert_int_equal(test_gateway_receive(TEST_INSIDE, &packet).reason,
				 REASON_source_nat_pool_exhausted);
		(void)test_gateway_collect(1000 + TEST_UDP_S + 1);
	}
	for (u32 host = 1; host <= 40; host++) {
		struct test_packet packet = udp6(host);

		assert_int_equal(test_gateway_receive(TEST_INSIDE, &packet).reason,
				 REASON_translated_out);
		assert_int_equal(test_gateway_flow(&packet)->address,
				 7 + select_userspace_v1(FAMILY_IPV6, &packet.source, 5));
		(void)test_gateway_collect(1000 + TEST_UDP_S + 1);
	}
}

static int start_sequential(void **state)
{
	static const struct test_configuration configuration = {
		.pools = TEST_POOL("p", "198.51.100.1", "198.51.100.1", 5000, 5009),
		.rules = TEST_RULE("all", "pool", "'p'"),
		.sequential = true,
		.maximum_flows = FLOWS_MIN,
	};

	(void)state;
	tables = test_gateway_start(&configuration);
	return 0;
}

static void without_randomization_ports_follow_each_other(void **state)
{
	(void)state;
	for (u32 i = 0; i < 10; i++) {
		struct test_packet packet = test_gateway_udp(i, 4000);

		(void)test_gateway_receive(TEST_INSIDE, &packet);
		assert_int_equal(__builtin_bswap16(test_gateway_flow(&packet)->port), 5000 + i);
	}
}

/* A first packet that has come as far as to have a slot and a port. */
struct reserved {
	struct test_frame frame;
	struct packet packet;
	struct first first;
};

static void reserve(struct reserved *r, const struct test_packet *packet)
{
	struct packet *p = &r->packet;

	memset(r, 0, sizeof(*r));
	r->first.rule = RULE_NOT_FOUND;
	r->first.pool = MAX_POOLS;
	test_gateway_frame(&r->frame, TEST_INSIDE, packet);
	p->ifindex = TEST_INSIDE;
	p->half = tables->control->active_half;
	assert_int_equal(packet_parse_link(&r->frame.frame, p), NO_REASON);
	assert_int_equal(packet_parse_ip(&r->frame.frame, p), NO_REASON);
	p->key.zone = interface_find(test_gateway_config(), TEST_INSIDE)->zone;
	p->column = interface_find(test_gateway_config(), TEST_INSIDE)->column;
	p->hash = flow_key_hash(tables->control, &p->key);
	assert_int_equal(first_route(&r->frame.frame, p, &r->first), NO_REASON);
	assert_int_equal(first_judge(p, &r->first), NO_REASON);
	assert_int_equal(first_choose(p, &r->first), NO_REASON);
	assert_int_equal(first_select(p, &r->first), NO_REASON);
	assert_int_equal(first_reserve(p, &r->first), NO_REASON);
}

/* [INV-FLOW-1] the loser uses the winner's flow; its own port is free at once. */
static void a_lost_race_leaves_no_trace(void **state)
{
	struct test_packet packet = test_gateway_udp(1, 4000);
	static struct reserved winner, loser;
	u32 slot;

	(void)state;
	reserve(&winner, &packet);
	reserve(&loser, &packet);
	assert_int_equal(test_gateway_ports_in_use(), 2);
	slot = loser.first.slot;
	assert_int_equal(first_publish(&winner.packet, &winner.first), NO_REASON);
	assert_int_equal(first_publish(&loser.packet, &loser.first), NO_REASON);
	assert_int_equal(loser.first.slot, winner.first.slot);
	assert_int_equal(tables->flows[slot - 1].life, FLOW_RETIRED);
	test_gateway_assert_flows(1);
	assert_int_equal(test_gateway_collect(1000), 1);
	assert_int_equal(test_gateway_slots_with(FLOW_FREE), FLOWS_MIN - 1);
	test_gateway_assert_flows(1);
}

/* [INV-BOUNDED] no place in either bucket is a refusal by name. */
static void a_full_bucket_leaves_no_trace(void **state)
{
	struct test_packet packet = test_gateway_udp(1, 4000);
	static struct reserved r;
	u32 buckets[2];

	(void)state;
	reserve(&r, &packet);
	buckets[0] = flow_home_bucket(tables->control, r.packet.hash);
	buckets[1] = flow_other_bucket(tables->control, r.packet.hash);
	for (u32 i = 0; i < 2 * BUCKET_ENTRIES; i++)
		env_bucket(buckets[i / BUCKET_ENTRIES])->entries[i % BUCKET_ENTRIES] =
			BUCKET_TOMBSTONE;
	assert_int_equal(first_publish(&r.packet, &r.first), REASON_flow_table_full);
	for (u32 i = 0; i < 2 * BUCKET_ENTRIES; i++)
		env_bucket(buckets[i / BUCKET_ENTRIES])->entries[i % BUCKET_ENTRIES] = 0;
	test_gateway_assert_flows(0);
	assert_int_equal(test_gateway_collect(1000), 1);
	assert_int_equal(test_gateway_slots_with(FLOW_FREE), FLOWS_MIN);
}

/* More refusals than are kept: the last ones are there, each in its place. */
static void the_last_refusals_are_kept(void **state)
{
	enum { REFUSALS = 2 * EVENT_CAPACITY + 10 };
	struct test_packet packet = test_gateway_udp(1, 4000);

	(void)state;
	packet.protocol = PROTOCOL_TCP;
	packet.tcp_flags = TCP_RST;
	for (u32 i = 0; i < REFUSALS; i++) {
		packet.source_port = (u16)i;
		(void)test_gateway_receive(TEST_INSIDE, &packet);
	}
	assert_int_equal(tables->control->event_count, REFUSALS);
	for (u32 n = REFUSALS - EVENT_CAPACITY; n < REFUSALS; n++) {
		const struct failure_event *event =
			&tables->control->events.events[n % EVENT_CAPACITY];

		assert_int_equal(event->sequence, n + 1);
		assert_int_equal(__builtin_bswap16(event->source_port), n);
	}
}

/* Whoever is so slow that a whole round of refusals has come by leaves its place to them. */
static void a_refusal_that_was_overtaken_writes_nothing(void **state)
{
	const u64 sequences[] = {EVENT_CAPACITY + 1, EVENT_BUSY};
	struct test_packet packet = test_gateway_udp(1, 4000);

	(void)state;
	packet.protocol = PROTOCOL_TCP;
	packet.tcp_flags = TCP_RST;
	for (u32 i = 0; i < 2; i++) {
		struct failure_event *event = &tables->control->events.events[i];

		event->sequence = sequences[i];
		(void)test_gateway_receive(TEST_INSIDE, &packet);
		assert_int_equal(event->sequence, sequences[i]);
		assert_int_equal(event->source_port, 0);
	}
	assert_int_equal(tables->control->event_count, 2);
	(void)test_gateway_receive(TEST_INSIDE, &packet);
	assert_int_equal(last_event()->sequence, 3);
}

#define TEST(name, start) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_first_packet_opens_a_flow_and_the_next_one_uses_it, start_small),
		TEST(a_pool_is_used_up_to_the_last_port, start_small),
		TEST(what_cannot_open_a_flow_is_refused_by_name, start_small),
		TEST(a_rule_with_a_broken_pool_owns_its_packets, start_broken),
		TEST(a_full_pool_overflows_into_another, start_overflowing),
		TEST(a_full_pool_overflows_to_the_interface, start_overflowing),
		TEST(ports_keep_their_parity_and_their_range, start_preserving),
		TEST(shifted_hosts_keep_their_ports, start_shifting),
		TEST(a_shifted_host_overflows, start_shifting),
		TEST(a_host_keeps_its_address_and_gets_no_other, start_sticky),
		TEST(without_randomization_ports_follow_each_other, start_sequential),
		TEST(a_lost_race_leaves_no_trace, start_small),
		TEST(a_full_bucket_leaves_no_trace, start_small),
		TEST(the_last_refusals_are_kept, start_small),
		TEST(a_refusal_that_was_overtaken_writes_nothing, start_small),
	};

	return cmocka_run_group_tests_name("open", tests, NULL, NULL);
}
