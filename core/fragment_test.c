/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fragments: what their first one shows is learnt and used, and nothing else is; those that come
 * before it wait, go on in order, and are counted once.
 */
#include "core/nat.h"

#include <pthread.h>

#include "dataplane/held.h"
#include "tests/env/test_env.h"
#include "tests/env/test_gateway.h"
#include "tests/env/unit.h"

enum { START_S = 1000, POOL_ID = 1, RULE_ID = 1, MORE = 0x2000, DATAGRAM_ID = 0x1234 };

static struct tables *tables;
static struct held_figures figures;

static int start(void **state)
{
	static const struct test_configuration configuration = {
		.pools = TEST_POOL("p", "198.51.100.1", "198.51.100.1", 1024, 65535),
		.rules = TEST_RULE("all", "pool", "'p'"),
		.maximum_flows = 1024,
	};

	(void)state;
	tables = test_gateway_start(&configuration);
	figures = (struct held_figures){0};
	return 0;
}

static int stop(void **state)
{
	(void)state;
	test_gateway_stop();
	return 0;
}

static struct test_packet udp(u8 host, u16 port)
{
	struct test_packet packet = {
		.source = test_addr("10.0.0.0"), .destination = test_addr("203.0.113.5"),
		.protocol = PROTOCOL_UDP, .source_port = port, .destination_port = 53,
		.payload_bytes = 100};

	packet.source.bytes[15] = host;
	return packet;
}

/* A packet made a fragment: its flags and offset in units of 8 bytes, and its id. */
static void make_fragment(struct test_frame *f, u32 ifindex, const struct test_packet *packet,
			  u16 field, u16 id)
{
	test_gateway_frame(f, ifindex, packet);
	f->ip[4] = (u8)(id >> 8);
	f->ip[5] = (u8)id;
	f->ip[6] = (u8)(field >> 8);
	f->ip[7] = (u8)field;
	test_frame_sum_header(f);
}

static u16 id_of(const u8 *ip)
{
	return (u16)(ip[4] << 8 | ip[5]);
}

static struct verdict receive(struct test_frame *f, u32 ifindex, const struct test_packet *packet,
			      u16 field, u16 id)
{
	make_fragment(f, ifindex, packet, field, id);
	return test_gateway_judge(f, ifindex);
}

static u64 counted(u32 reason)
{
	u64 packets = 0;

	for (u32 row = 0; row < tables->counter_rows; row++)
		packets += tables->packet_counters[row].packets[reason];
	return packets;
}

static u64 counted_at_all(void)
{
	u64 packets = 0;

	for (u32 reason = 0; reason < REASON_COUNT; reason++)
		packets += counted(reason);
	return packets;
}

/* What goes on: the ids and units of fragments, in order. */
struct sent {
	u32 count;
	struct {
		u16 id;
		u16 units;
		struct verdict verdict;
		u8 source[4];
	} frames[HELD_PER_SET + 1];
};

static void note_sent(void *context, const u8 *frame, u32 bytes, u32 in_ifindex,
		      const struct verdict *verdict)
{
	const u8 *ip = frame + ETH_HLEN;
	struct sent *sent = context;

	assert_true(bytes > ETH_HLEN + IPV4_BYTES);
	assert_true(in_ifindex);
	assert_true(sent->count < sizeof(sent->frames) / sizeof(sent->frames[0]));
	sent->frames[sent->count].id = id_of(ip);
	sent->frames[sent->count].units = (u16)((ip[6] << 8 | ip[7]) & 0x1fff);
	sent->frames[sent->count].verdict = *verdict;
	memcpy(sent->frames[sent->count++].source, ip + 12, 4);
}

/* => how many go on waiting */
static u32 look(struct sent *sent)
{
	const struct held_sink sink = {note_sent, sent};

	*sent = (struct sent){0};
	return held_look(tables, &sink, &figures);
}

/* [RFC4787 REQ-14] [RFC7857 section 10] */
static void fragments_in_order_share_a_fresh_id(void **state)
{
	struct test_packet packet = udp(1, 4000);
	struct flow *flow;
	struct test_frame f;
	u16 id;

	(void)state;
	assert_int_equal(receive(&f, TEST_INSIDE, &packet, MORE, DATAGRAM_ID).reason,
			 REASON_translated_out);
	id = id_of(f.ip);
	assert_int_not_equal(id, DATAGRAM_ID);
	for (u16 units = 10; units < 14; units++) {
		assert_int_equal(receive(&f, TEST_INSIDE, &packet, units, DATAGRAM_ID).reason,
				 REASON_translated_out);
		assert_int_equal(id_of(f.ip), id);
		assert_int_equal(f.ip[12], 198);
		assert_int_equal(f.transport[0] << 8 | f.transport[1], 4000); /* not a port */
	}
	flow = test_gateway_flow(&packet);
	assert_int_equal(tables->flow_stats[flow - tables->flows].packets[FLOW_OUT], 5);
	assert_int_equal(tables->rule_counters[RULE_ID].hits, 1);
	assert_int_equal(held_count(tables), 0);
}

/* Of two hosts behind one address, with one id, to one server; neither knows of the other. */
static void equal_ids_of_two_hosts_do_not_meet(void **state)
{
	struct test_packet packets[2] = {udp(1, 4000), udp(2, 4000)};
	struct test_frame f;
	u16 ids[2];

	(void)state;
	for (u32 i = 0; i < 2; i++) {
		(void)receive(&f, TEST_INSIDE, &packets[i], MORE, DATAGRAM_ID);
		ids[i] = id_of(f.ip);
	}
	assert_int_not_equal(ids[0], ids[1]);
	for (u32 i = 0; i < 2; i++) {
		(void)receive(&f, TEST_INSIDE, &packets[i], 10, DATAGRAM_ID);
		assert_int_equal(id_of(f.ip), ids[i]);
	}
}

/* [RFC6864 section 5.3.1] */
static void no_id_comes_again_within_65536_datagrams(void **state)
{
	static u8 seen[65536];
	struct test_packet packet = udp(1, 4000);
	struct test_frame f;

	(void)state;
	memset(seen, 0, sizeof(seen));
	for (u32 i = 0; i < 65536; i++) {
		(void)receive(&f, TEST_INSIDE, &packet, MORE, (u16)i);
		assert_int_equal(seen[id_of(f.ip)]++, 0);
	}
}

static void a_first_fragment_that_comes_twice_leaves_with_one_id(void **state)
{
	struct test_packet packet = udp(1, 4000), other = udp(1, 4001);
	struct test_frame f;
	u16 id;

	(void)state;
	(void)receive(&f, TEST_INSIDE, &packet, MORE, DATAGRAM_ID);
	id = id_of(f.ip);
	(void)receive(&f, TEST_INSIDE, &packet, MORE, DATAGRAM_ID);
	assert_int_equal(id_of(f.ip), id);
	(void)receive(&f, TEST_INSIDE, &other, MORE, DATAGRAM_ID); /* the host has used it again */
	assert_int_not_equal(id_of(f.ip), id);
}

static void from_outside_the_id_stays(void **state)
{
	struct test_packet packet = udp(1, 4000), answer;
	struct test_frame f;

	(void)state;
	(void)test_gateway_receive(TEST_INSIDE, &packet);
	answer = test_gateway_answer(test_gateway_flow(&packet));
	answer.payload_bytes = 100;
	assert_int_equal(receive(&f, TEST_OUTSIDE, &answer, MORE, DATAGRAM_ID).reason,
			 REASON_translated_in);
	assert_int_equal(id_of(f.ip), DATAGRAM_ID);
	assert_int_equal(receive(&f, TEST_OUTSIDE, &answer, 10, DATAGRAM_ID).reason,
			 REASON_translated_in);
	assert_int_equal(id_of(f.ip), DATAGRAM_ID);
	assert_memory_equal(f.ip + 16, &packet.source.words[3], 4);
}

static void what_was_learnt_is_forgotten(void **state)
{
	struct test_packet packet = udp(1, 4000);
	struct test_frame f;

	(void)state;
	(void)receive(&f, TEST_INSIDE, &packet, MORE, DATAGRAM_ID);
	test_env_set_time(START_S + FRAGMENT_LIFE_S);
	assert_int_equal(receive(&f, TEST_INSIDE, &packet, 10, DATAGRAM_ID).action,
			 VERDICT_FORWARD);
	test_env_set_time(START_S + FRAGMENT_LIFE_S + 1);
	assert_int_equal(receive(&f, TEST_INSIDE, &packet, 10, DATAGRAM_ID).action, VERDICT_HELD);
}

/* [INV-RECLAIM] What was learnt names a slot, which another flow may have by now. */
static void what_was_learnt_is_not_used_for_another_flow(void **state)
{
	struct test_packet packet = udp(1, 4000);
	struct test_frame f;
	struct flow *flow, kept;
	struct flow_stats *stats;

	(void)state;
	(void)receive(&f, TEST_INSIDE, &packet, MORE, DATAGRAM_ID);
	flow = test_gateway_flow(&packet);
	stats = &tables->flow_stats[flow - tables->flows];
	kept = *flow;
#define ASSERT_NOT_USED(field, value)                                                          \
	flow->field = (value);                                                                 \
	assert_int_equal(receive(&f, TEST_INSIDE, &packet, 10, DATAGRAM_ID).action,            \
			 VERDICT_HELD);                                                        \
	*flow = kept
	ASSERT_NOT_USED(life, FLOW_DYING);
	ASSERT_NOT_USED(inside.bytes[15], 77);
	ASSERT_NOT_USED(remote.bytes[15], 77);
	ASSERT_NOT_USED(protocol, PROTOCOL_TCP);
	ASSERT_NOT_USED(port, kept.port + 1);
	ASSERT_NOT_USED(zone, 77);
	stats->created_s++;
	ASSERT_NOT_USED(pool, kept.pool);
	stats->created_s--;
	assert_int_equal(receive(&f, TEST_INSIDE, &packet, 10, DATAGRAM_ID).action,
			 VERDICT_FORWARD);
}

/* [INV-BOUNDED] Whoever comes last is known; nothing that is said is ever about another datagram. */
static void a_full_table_forgets_the_oldest(void **state)
{
	struct test_packet packet = udp(1, 4000);
	struct test_frame f;
	u32 known = 0;

	(void)state;
	for (u32 i = 0; i < 65536; i++) {
		(void)receive(&f, TEST_INSIDE, &packet, MORE, (u16)i);
		assert_int_equal(receive(&f, TEST_INSIDE, &packet, 10, (u16)i).action,
				 VERDICT_FORWARD);
	}
	for (u32 i = 0; i < 65536; i++) {
		u32 action = receive(&f, TEST_INSIDE, &packet, 10, (u16)i).action;

		known += action == VERDICT_FORWARD;
	}
	assert_in_range(known, FRAGMENT_ENTRIES / 2, FRAGMENT_ENTRIES);
}

/* [RFC4787 REQ-14] Last first: they wait, uncounted, and go on in the order in which they came. */
static void what_comes_before_its_first_fragment_waits(void **state)
{
	struct test_packet packet = udp(1, 4000);
	struct sent sent;
	struct test_frame f;
	u16 id;

	(void)state;
	for (u16 units = 40; units > 10; units -= 10)
		assert_int_equal(receive(&f, TEST_INSIDE, &packet, units, DATAGRAM_ID).action,
				 VERDICT_HELD);
	assert_int_equal(counted_at_all(), 0);
	assert_int_equal(tables->rule_counters[RULE_ID].hits, 0);
	assert_int_equal(look(&sent), 3);
	assert_int_equal(sent.count, 0);
	(void)receive(&f, TEST_INSIDE, &packet, MORE, DATAGRAM_ID);
	id = id_of(f.ip);
	assert_int_equal(look(&sent), 0);
	assert_int_equal(sent.count, 3);
	for (u32 i = 0; i < 3; i++) {
		assert_int_equal(sent.frames[i].units, 40 - 10 * i);
		assert_int_equal(sent.frames[i].id, id);
		assert_int_equal(sent.frames[i].verdict.action, VERDICT_FORWARD);
		assert_int_equal(sent.frames[i].verdict.ifindex, TEST_OUTSIDE);
		assert_int_equal(sent.frames[i].source[0], 198);
	}
	assert_int_equal(counted(REASON_translated_out), 4);
	assert_int_equal(counted_at_all(), 4);
	assert_int_equal(figures.released, 3);
	assert_int_equal(held_count(tables), 0);
}

static void what_waits_for_too_long_is_given_up(void **state)
{
	struct test_packet packet = udp(1, 4000), answer = packet;
	struct sent sent;
	struct test_frame f;

	(void)state;
	answer.source = packet.destination;
	answer.destination = test_addr("198.51.100.1");
	assert_int_equal(receive(&f, TEST_INSIDE, &packet, 10, DATAGRAM_ID).action, VERDICT_HELD);
	assert_int_equal(receive(&f, TEST_OUTSIDE, &answer, 10, 7).action, VERDICT_HELD);
	test_env_set_time(START_S + HELD_LIFE_S);
	assert_int_equal(look(&sent), 2);
	test_env_set_time(START_S + HELD_LIFE_S + 1);
	assert_int_equal(look(&sent), 0);
	assert_int_equal(sent.count, 0);
	assert_int_equal(counted(REASON_fragment_unknown), 2);
	assert_int_equal(counted_at_all(), 2);
	assert_int_equal(figures.expired, 2);
}

/* [INV-BOUNDED] [RFC4787 REQ-14a] One host fills its part of the store, and no other's. */
static void one_host_does_not_fill_the_store(void **state)
{
	struct test_packet flood = udp(1, 4000), packet, outside;
	struct test_frame f;
	u32 held = 0;

	(void)state;
	for (u16 i = 0; i < 1000; i++)
		held += receive(&f, TEST_INSIDE, &flood, 10, i).action == VERDICT_HELD;
	assert_int_equal(held, HELD_PER_SET);
	assert_int_equal(counted(REASON_fragment_store_full), 1000 - HELD_PER_SET);
	held = 0;
	for (u8 host = 2; host < 66; host++) {
		packet = udp(host, 4000);
		held += receive(&f, TEST_INSIDE, &packet, 10, 1).action == VERDICT_HELD;
	}
	assert_in_range(held, 50, 64); /* about one of 16 hosts shares a part with it */
	for (u32 i = 0; i < 20000; i++) {
		packet = udp((u8)i, 4000);
		packet.source.bytes[14] = (u8)(i >> 8);
		(void)receive(&f, TEST_INSIDE, &packet, 10, 1);
	}
	assert_int_equal(held_count(tables), HELD_PLACES / HELD_SIDES);
	outside = udp(1, 4000);
	outside.source = test_addr("203.0.113.5");
	outside.destination = test_addr("198.51.100.1");
	assert_int_equal(receive(&f, TEST_OUTSIDE, &outside, 10, 1).action, VERDICT_HELD);
	packet = udp(200, 4000); /* and who sends in order needs no store */
	(void)receive(&f, TEST_INSIDE, &packet, MORE, 1);
	assert_int_equal(receive(&f, TEST_INSIDE, &packet, 10, 1).action, VERDICT_FORWARD);
}

static void a_frame_that_is_too_long_does_not_wait(void **state)
{
	struct test_packet packet = udp(1, 4000);
	u8 room[2 + HELD_FRAME_BYTES + 1] __attribute__((aligned(4))) = {0};
	struct native_frame frame = {room + 2, room + 2 + HELD_FRAME_BYTES};
	struct test_frame f;

	(void)state;
	make_fragment(&f, TEST_INSIDE, &packet, 10, DATAGRAM_ID);
	memcpy(frame.start, f.frame.start, test_frame_bytes(&f));
	assert_int_equal(nat_packet(&frame, TEST_INSIDE, nat_active_half(), false).action,
			 VERDICT_HELD);
	frame.end++;
	assert_int_equal(nat_packet(&frame, TEST_INSIDE, nat_active_half(), false).reason,
			 REASON_fragment_unknown);
}

/* A steered fragment is the worker's, if it is known or would be held. */
static void a_worker_gets_all_fragments_of_a_flow(void **state)
{
	struct test_packet packet = udp(1, 4000);
	struct test_frame f;

	(void)state;
	for (u32 i = 0; i < 2; i++) {
		make_fragment(&f, TEST_INSIDE, &packet, 10, DATAGRAM_ID);
		assert_int_equal(nat_packet(&f.frame, TEST_INSIDE, nat_active_half(), true).action,
				 VERDICT_WORKER);
		(void)receive(&f, TEST_INSIDE, &packet, MORE, DATAGRAM_ID);
	}
	assert_int_equal(held_count(tables), 0);
}

static void no_wait(void)
{
	/* nothing else runs: a grace period is over at once */
}

static void what_was_being_written_is_free_again(void **state)
{
	struct fragment_table *table = &tables->control->fragments;
	struct test_packet packet = udp(1, 4000);
	struct sent sent;
	struct test_frame f;

	(void)state;
	(void)receive(&f, TEST_INSIDE, &packet, 10, DATAGRAM_ID);
	for (u32 i = 0; i < FRAGMENT_ENTRIES; i++)
		table->entries[i].state |= FRAGMENT_BUSY;
	for (u32 i = 0; i < HELD_PLACES; i++)
		if (table->held_states[i] == HELD_FREE)
			table->held_states[i] = HELD_BUSY;
	(void)receive(&f, TEST_INSIDE, &packet, MORE, DATAGRAM_ID);
	assert_int_equal(look(&sent), 1); /* nothing could be learnt */
	held_repair(tables, no_wait);
	assert_int_equal(held_count(tables), 1);
	(void)receive(&f, TEST_INSIDE, &packet, MORE, DATAGRAM_ID);
	assert_int_equal(look(&sent), 0);
	assert_int_equal(sent.count, 1);
}

/* Threads that learn, hold and recall at once; what leaves is always the right host's. */
enum { THREADS = 4, ROUNDS = 20000 };

static void *churn(void *argument)
{
	const u32 number = *(const u32 *)argument;
	struct test_packet packet = udp((u8)(10 + number), (u16)(5000 + number));
	struct test_frame f;

	test_env_join(tables, number);
	for (u32 i = 0; i < ROUNDS; i++) {
		u16 id = (u16)(i % 8), fresh;

		if (receive(&f, TEST_INSIDE, &packet, MORE, id).action != VERDICT_FORWARD)
			return "a first fragment did not leave";
		fresh = id_of(f.ip);
		if (receive(&f, TEST_INSIDE, &packet, 10, id).action == VERDICT_FORWARD &&
		    id_of(f.ip) != fresh)
			return "two fragments of a datagram left with different ids";
	}
	return NULL;
}

static void racing_threads_learn_their_own(void **state)
{
	static u32 numbers[THREADS] = {1, 2, 3, 4};
	pthread_t threads[THREADS];
	void *complaint;

	(void)state;
	for (u32 i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, churn, &numbers[i]), 0);
	for (u32 i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], &complaint), 0);
		if (complaint)
			fail_msg("%s", (const char *)complaint);
	}
	test_gateway_assert_sound();
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start, stop)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(fragments_in_order_share_a_fresh_id),
		TEST(equal_ids_of_two_hosts_do_not_meet),
		TEST(no_id_comes_again_within_65536_datagrams),
		TEST(a_first_fragment_that_comes_twice_leaves_with_one_id),
		TEST(from_outside_the_id_stays),
		TEST(what_was_learnt_is_forgotten),
		TEST(what_was_learnt_is_not_used_for_another_flow),
		TEST(a_full_table_forgets_the_oldest),
		TEST(what_comes_before_its_first_fragment_waits),
		TEST(what_waits_for_too_long_is_given_up),
		TEST(one_host_does_not_fill_the_store),
		TEST(a_frame_that_is_too_long_does_not_wait),
		TEST(a_worker_gets_all_fragments_of_a_flow),
		TEST(what_was_being_written_is_free_again),
		TEST(racing_threads_learn_their_own),
	};

	return cmocka_run_group_tests_name("fragment", tests, NULL, NULL);
}
