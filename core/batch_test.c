/* SPDX-License-Identifier: Apache-2.0 */
/*
 * INV-PARITY between one packet and many: random packets go one by one through nat_packet() on one
 * set of tables, and in batches of random size through nat_batch() on a copy of it. Packets of a
 * batch open flows for each other, end them, meet what the packets before them left, and run out
 * of ports and slots together.
 */
#include "core/batch.h"

#include <stdlib.h>

#include "core/nexthop.h"
#include "tests/env/test_env.h"
#include "tests/env/test_gateway.h"
#include "tests/env/unit.h"

enum {
	FLOWS = 64, /* fewer than there are ports */
	ROUNDS = 2400,
	ROUNDS_BETWEEN_COMPARISONS = 20,
	QUOTED_BYTES = 48,
};

static struct tables *single, *many;

/* The copy. */

static void copy_ports(void)
{
	for (u32 slot = 0; slot < MAX_ADDRESS_SLOTS; slot++) {
		if (!single->ports[slot])
			continue;
		many->ports[slot] = aligned_alloc(CACHE_LINE_BYTES, sizeof(*many->ports[slot]));
		assert_non_null(many->ports[slot]);
		*many->ports[slot] = *single->ports[slot];
	}
}

#define FOR_EACH_TABLE(DO)                                                                     \
	DO(control, 1)                                                                         \
	DO(config, CONFIG_HALVES)                                                              \
	DO(flows, FLOWS)                                                                       \
	DO(flow_stats, FLOWS)                                                                  \
	DO(buckets, tables_bucket_count(FLOWS))                                                \
	DO(rule_counters, MAX_RULE_IDS)                                                        \
	DO(pool_counters, MAX_POOL_IDS)                                                        \
	DO(packet_counters, single->counter_rows)                                              \
	DO(names, 1)

static void copy_tables(void)
{
	many = tables_create(FLOWS, single->counter_rows);
	assert_non_null(many);
#define COPY(table, count) memcpy(many->table, single->table, (count) * sizeof(*many->table));
	FOR_EACH_TABLE(COPY)
#undef COPY
	copy_ports();
}

static void assert_equal_tables(void)
{
#define COMPARE(table, count)                                                                  \
	assert_memory_equal(many->table, single->table, (count) * sizeof(*many->table));
	FOR_EACH_TABLE(COMPARE)
#undef COMPARE
	for (u32 slot = 0; slot < MAX_ADDRESS_SLOTS; slot++)
		if (single->ports[slot])
			assert_memory_equal(many->ports[slot], single->ports[slot],
					    sizeof(*single->ports[slot]));
}

static int start(void **state)
{
	static const struct test_configuration configuration = {
		.pools = "{'name':'p','addresses':[{'low':'198.51.100.1','high':'198.51.100.2'},"
			 "{'low':'2001:db8:64::1','high':'2001:db8:64::2'}],'port_low':1024,"
			 "'port_high':1035,'address_persistent':false,'algorithm':null}",
		.rules = TEST_RULE("all", "pool", "'p'"),
		.maximum_flows = FLOWS,
	};
	const struct test_route silent = {
		.prefix = test_addr("198.18.0.0"), .length = 96 + 16,
		.route = {.ifindex = TEST_OUTSIDE, .mtu = 1500, .result = ROUTE_NO_NEIGHBOUR}};

	(void)state;
	single = test_gateway_start(&configuration);
	test_env_add_route(&silent);
	copy_tables();
	return 0;
}

static int stop(void **state)
{
	(void)state;
	environment.tables = single;
	tables_free(many);
	test_gateway_stop();
	return 0;
}

/* Chance, the same in every run. */

static u32 chance_state = 1;

/* => less than n */
static u32 chance(u32 n)
{
	chance_state ^= chance_state << 13;
	chance_state ^= chance_state >> 17;
	chance_state ^= chance_state << 5;
	return chance_state % n;
}

/* Packets. */

static bool is_six(const struct test_packet *packet)
{
	return packet->source.longs[0]; /* 0 in ::ffff:a.b.c.d */
}

static u8 some_tcp_flags(void)
{
	static const u8 flags[] = {TCP_SYN, TCP_SYN,           TCP_SYN | TCP_ACK, TCP_ACK,
				   TCP_ACK, TCP_FIN | TCP_ACK, TCP_RST};

	return flags[chance(sizeof(flags))];
}

static struct test_packet packet_from_inside(u32 ifindex)
{
	static const char *const hosts[][2] = {{"10.0.0.1", "10.0.0.2"},
					       {"10.2.0.1", "10.2.0.2"}};
	static const char *const hosts6[] = {"2001:db8:1::3", "2001:db8:1::4"};
	static const char *const remotes[] = {"203.0.113.5", "203.0.113.6", "198.18.0.1",
					      "10.2.0.1", "224.0.0.1"};
	bool six = ifindex == TEST_INSIDE && !chance(3);
	struct test_packet packet = {
		.source = test_addr(six ? hosts6[chance(2)]
					: hosts[ifindex == TEST_GUEST][chance(2)]),
		.destination = test_addr(six ? "2001:db8:ffff::5" : remotes[chance(5)])};

	packet.source_port = (u16)(4000 + chance(6));
	packet.destination_port = (u16)(440 + chance(2));
	return packet;
}

static void choose_protocol(struct test_packet *packet)
{
	switch (chance(5)) {
	case 0:
		packet->protocol = is_six(packet) ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP;
		packet->source_port = is_six(packet) ? 128 << 8 : 8 << 8;
		return;
	case 1:
	case 2:
		packet->protocol = PROTOCOL_UDP;
		return;
	default:
		packet->protocol = PROTOCOL_TCP;
	}
}

/* => what answers one of the flows, or one that has gone, or one that there never was */
static struct test_packet packet_from_outside(void)
{
	const struct flow *flow = &single->flows[chance(FLOWS)];
	struct test_packet packet = {.source = test_addr("203.0.113.5"),
				     .destination = test_addr("198.51.100.1"),
				     .source_port = 440, .destination_port = 1030,
				     .protocol = PROTOCOL_UDP};

	return flow->protocol ? test_gateway_answer(flow) : packet;
}

static void vary(struct test_packet *packet)
{
	packet->tcp_flags = some_tcp_flags();
	packet->payload_bytes = (u16)(chance(20) ? chance(60) : 1480);
	packet->ttl = chance(20) ? 0 : 1;
	packet->tags = chance(12) ? 0 : 1;
	packet->option_words = chance(12) || is_six(packet) ? 0 : 2;
}

/* An ICMP error of some router about what the packet answers. */
static void build_error(struct test_frame *frame, u32 ifindex, const struct test_packet *answer)
{
	const struct test_packet quoted = {
		.source = answer->destination, .destination = answer->source,
		.source_port = answer->destination_port,
		.destination_port = answer->source_port, .protocol = answer->protocol,
		.payload_bytes = QUOTED_BYTES};
	struct test_packet error = {
		.source = test_addr(is_six(answer) ? "2001:db8:ee::1" : "192.0.2.77"),
		.destination = answer->destination,
		.protocol = is_six(answer) ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP,
		.source_port = is_six(answer) ? 1 << 8 | 4 : 3 << 8 | 1,
		.payload_bytes = QUOTED_BYTES};
	struct test_frame inner;

	test_gateway_frame(&inner, ifindex, &quoted);
	test_gateway_frame(frame, ifindex, &error);
	test_frame_put_payload(frame, &error, inner.ip);
}

static void damage(struct test_frame *frame)
{
	size_t bytes = test_frame_bytes(frame);

	if (chance(2))
		test_frame_resize(frame, 14 + chance((u32)bytes - 13));
	else
		frame->frame.start[chance((u32)bytes)] ^= (u8)(1 + chance(255));
}

static void build_frame(struct test_frame *frame, u32 ifindex)
{
	struct test_packet packet = ifindex == TEST_OUTSIDE ? packet_from_outside()
							    : packet_from_inside(ifindex);

	if (ifindex != TEST_OUTSIDE)
		choose_protocol(&packet);
	vary(&packet);
	if (ifindex == TEST_OUTSIDE && !chance(8))
		build_error(frame, ifindex, &packet);
	else
		test_gateway_frame(frame, ifindex, &packet);
	if (!chance(12))
		damage(frame);
}

/* A round: one batch. */

static struct test_frame frames[BATCH_PACKETS], copies[BATCH_PACKETS];
static u32 judged, forwarded;

static void copy_frame(struct test_frame *copy, const struct test_frame *frame)
{
	memcpy(copy->room, frame->room, sizeof(copy->room));
	copy->frame.start = copy->room + (frame->frame.start - frame->room);
	copy->frame.end = copy->room + (frame->frame.end - frame->room);
	copy->frame.headroom = frame->frame.headroom;
}

static void judge_one_by_one(u32 ifindex, u32 count, struct verdict *verdicts)
{
	environment.tables = single;
	for (u32 i = 0; i < count; i++)
		verdicts[i] = test_gateway_judge(&frames[i], ifindex);
}

static void judge_as_batch(struct batch *batch, u32 ifindex, u32 count)
{
	environment.tables = many;
	batch->ifindex = ifindex;
	batch->count = count;
	for (u32 i = 0; i < count; i++)
		batch->frames[i] = copies[i].frame;
	nat_batch(batch, chance(2));
}

static void assert_equal_results(const struct batch *batch, const struct verdict *verdicts)
{
	for (u32 i = 0; i < batch->count; i++) {
		assert_int_equal(batch->verdicts[i].action, verdicts[i].action);
		assert_int_equal(batch->verdicts[i].reason, verdicts[i].reason);
		assert_int_equal(batch->verdicts[i].ifindex, verdicts[i].ifindex);
		assert_int_equal(batch->frames[i].end - batch->frames[i].start,
				 test_frame_bytes(&frames[i]));
		assert_memory_equal(batch->frames[i].start, frames[i].frame.start,
				    test_frame_bytes(&frames[i]));
		forwarded += verdicts[i].action == VERDICT_FORWARD;
	}
	judged += batch->count;
}

static void play_round(void)
{
	static const u32 ifindexes[] = {TEST_INSIDE, TEST_OUTSIDE, TEST_OUTSIDE, TEST_GUEST};
	static struct batch batch;
	u32 count = 1 + chance(BATCH_PACKETS), ifindex = ifindexes[chance(4)];
	struct verdict verdicts[BATCH_PACKETS];

	environment.tables = single;
	for (u32 i = 0; i < count; i++) {
		build_frame(&frames[i], ifindex);
		copy_frame(&copies[i], &frames[i]);
	}
	judge_one_by_one(ifindex, count, verdicts);
	judge_as_batch(&batch, ifindex, count);
	assert_equal_results(&batch, verdicts);
}

/* Time, which ends flows. */

static void no_wait(void)
{
	/* nothing else runs: a grace period is over at once */
}

static void collect(struct tables *tables, u32 now_s)
{
	struct collector_pass pass = {
		.now_s = now_s, .config = &tables->config[!tables_idle_half(tables)],
		.wait = no_wait, .nexthop_generation = nexthop_generation(tables->control)};

	environment.tables = tables;
	collector_walk(tables, &pass, 0, FLOWS);
}

static void pass_time(void)
{
	static u32 now_s = 1000;

	now_s += chance(400);
	test_env_set_time(now_s);
	collect(single, now_s);
	collect(many, now_s);
}

static void a_batch_does_what_its_packets_do_one_by_one(void **state)
{
	(void)state;
	for (u32 round = 1; round <= ROUNDS; round++) {
		play_round();
		if (!chance(4))
			pass_time();
		if (round % ROUNDS_BETWEEN_COMPARISONS == 0)
			assert_equal_tables();
	}
	assert_true(forwarded > judged / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_batch_does_what_its_packets_do_one_by_one, start,
						stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
