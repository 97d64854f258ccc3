/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fragments: what their first one shows is learnt and used, and nothing else is; those that come
 * before it are put aside, within bounds. What becomes of these: dataplane/held_test.c.
 */
#include "core/nat.h"

#include <pthread.h>

#include "tests/env/test_env.h"
#include "tests/env/test_gateway.h"
#include "tests/env/unit.h"

enum { START_S = 1000, POOL_ID = 1, RULE_ID = 1, MORE = 0x2000, DATAGRAM_ID = 0x1234 };

static struct tables *tables;

static int start(void **state)
{
	static const struct test_configuration configuration = {
		.pools = TEST_POOL("p", "198.51.100.1", "198.51.100.1", 1024, 65535),
		.rules = TEST_RULE("all", "pool", "'p'"),
		.maximum_flows = 1024,
	};

	(void)state;
	tables = test_gateway_start(&configuration);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	test_gateway_stop();
	return 0;
}

static u16 id_of(const u8 *ip)
{
	return (u16)(ip[4] << 8 | ip[5]);
}

static u32 held_count(void)
{
	u32 count = 0;

	for (u32 place = 0; place < HELD_PLACES; place++)
		count += tables->control->fragments.held_states[place] == HELD_READY;
	return count;
}

/* [RFC4787 REQ-14] [RFC7857 section 10] */
static void fragments_in_order_share_a_fresh_id(void **state)
{
	struct test_packet packet = datagram_of(1, 4000);
	struct flow *flow;
	struct test_frame f;
	u16 id;

	(void)state;
	assert_int_equal(receive_part(&f, TEST_INSIDE, &packet, MORE, DATAGRAM_ID).reason,
			 REASON_translated_out);
	id = id_of(f.ip);
	assert_int_not_equal(id, DATAGRAM_ID);
	for (u16 units = 10; units < 14; units++) {
		assert_int_equal(receive_part(&f, TEST_INSIDE, &packet, units, DATAGRAM_ID).reason,
				 REASON_translated_out);
		assert_int_equal(id_of(f.ip), id);
		assert_int_equal(f.ip[12], 198);
		assert_int_equal(f.transport[0] << 8 | f.transport[1], 4000); /* not a port */
	}
	flow = test_gateway_flow(&packet);
	assert_int_equal(tables->flow_stats[flow - tables->flows].packets[FLOW_OUT], 5);
	assert_int_equal(tables->rule_counters[RULE_ID].hits, 1);
	assert_int_equal(held_count(), 0);
}

/*
 * [RFC7857 section 10] Of two hosts behind one address, with one id, to one server; neither knows of
 * the other.
 */
static void equal_ids_of_two_hosts_do_not_meet(void **state)
{
	struct test_packet packets[2] = {datagram_of(1, 4000), datagram_of(2, 4000)};
	struct test_frame f;
	u16 ids[2];

	(void)state;
	for (u32 i = 0; i < 2; i++) {
		(void)receive_part(&f, TEST_INSIDE, &packets[i], MORE, DATAGRAM_ID);
		ids[i] = id_of(f.ip);
	}
	assert_int_not_equal(ids[0], ids[1]);
	for (u32 i = 0; i < 2; i++) {
		(void)receive_part(&f, TEST_INSIDE, &packets[i], 10, DATAGRAM_ID);
		assert_int_equal(id_of(f.ip), ids[i]);
	}
}

/* [RFC6864 section 5.3.1] [RFC7857 section 10] */
static void no_id_comes_again_within_65536_datagrams(void **state)
{
	static u8 seen[65536];
	struct test_packet packet = datagram_of(1, 4000);
	struct test_frame f;

	(void)state;
	memset(seen, 0, sizeof(seen));
	for (u32 i = 0; i < 65536; i++) {
		(void)receive_part(&f, TEST_INSIDE, &packet, MORE, (u16)i);
		assert_int_equal(seen[id_of(f.ip)]++, 0);
	}
}

static void a_first_fragment_that_comes_twice_leaves_with_one_id(void **state)
{
	struct test_packet packet = datagram_of(1, 4000), other = datagram_of(1, 4001);
	struct test_frame f;
	u16 id;

	(void)state;
	(void)receive_part(&f, TEST_INSIDE, &packet, MORE, DATAGRAM_ID);
	id = id_of(f.ip);
	(void)receive_part(&f, TEST_INSIDE, &packet, MORE, DATAGRAM_ID);
	assert_int_equal(id_of(f.ip), id);
	/* the host has used it again */
	(void)receive_part(&f, TEST_INSIDE, &other, MORE, DATAGRAM_ID);
	assert_int_not_equal(id_of(f.ip), id);
}

static void from_outside_the_id_stays(void **state)
{
	struct test_packet packet = datagram_of(1, 4000), answer;
	struct test_frame f;

	(void)state;
	(void)test_gateway_receive(TEST_INSIDE, &packet);
	answer = test_gateway_answer(test_gateway_flow(&packet));
	answer.payload_bytes = 100;
	assert_int_equal(receive_part(&f, TEST_OUTSIDE, &answer, MORE, DATAGRAM_ID).reason,
			 REASON_translated_in);
	assert_int_equal(id_of(f.ip), DATAGRAM_ID);
	assert_int_equal(receive_part(&f, TEST_OUTSIDE, &answer, 10, DATAGRAM_ID).reason,
			 REASON_translated_in);
	assert_int_equal(id_of(f.ip), DATAGRAM_ID);
	assert_memory_equal(f.ip + 16, &packet.source.words[3], 4);
}

static void what_was_learnt_is_forgotten(void **state)
{
	struct test_packet packet = datagram_of(1, 4000);
	struct test_frame f;

	(void)state;
	(void)receive_part(&f, TEST_INSIDE, &packet, MORE, DATAGRAM_ID);
	test_env_set_time(START_S + FRAGMENT_LIFE_S);
	assert_int_equal(receive_part(&f, TEST_INSIDE, &packet, 10, DATAGRAM_ID).action,
			 VERDICT_FORWARD);
	test_env_set_time(START_S + FRAGMENT_LIFE_S + 1);
	assert_int_equal(receive_part(&f, TEST_INSIDE, &packet, 10, DATAGRAM_ID).action,
			 VERDICT_HELD);
}

/* [INV-RECLAIM] What was learnt names a slot, which another flow may have by now. */
static void what_was_learnt_is_not_used_for_another_flow(void **state)
{
	struct test_packet packet = datagram_of(1, 4000);
	struct test_frame f;
	struct flow *flow, kept;
	struct flow_stats *stats;

	(void)state;
	(void)receive_part(&f, TEST_INSIDE, &packet, MORE, DATAGRAM_ID);
	flow = test_gateway_flow(&packet);
	stats = &tables->flow_stats[flow - tables->flows];
	kept = *flow;
#define ASSERT_NOT_USED(field, value)                                                          \
	flow->field = (value);                                                                 \
	assert_int_equal(receive_part(&f, TEST_INSIDE, &packet, 10, DATAGRAM_ID).action,            \
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
	assert_int_equal(receive_part(&f, TEST_INSIDE, &packet, 10, DATAGRAM_ID).action,
			 VERDICT_FORWARD);
}

/* [INV-BOUNDED] Whoever comes last is known. */
static void a_full_table_forgets_the_oldest(void **state)
{
	struct test_packet packet = datagram_of(1, 4000);
	struct test_frame f;
	u32 known = 0;

	(void)state;
	for (u32 i = 0; i < 65536; i++) {
		(void)receive_part(&f, TEST_INSIDE, &packet, MORE, (u16)i);
		assert_int_equal(receive_part(&f, TEST_INSIDE, &packet, 10, (u16)i).action,
				 VERDICT_FORWARD);
	}
	for (u32 i = 0; i < 65536; i++) {
		u32 action = receive_part(&f, TEST_INSIDE, &packet, 10, (u16)i).action;

		known += action == VERDICT_FORWARD;
	}
	assert_in_range(known, FRAGMENT_ENTRIES / 2, FRAGMENT_ENTRIES);
}

/* [INV-BOUNDED] [RFC4787 REQ-14a] One host fills its part of the store, and no other's. */
static void one_host_does_not_fill_the_store(void **state)
{
	struct test_packet flood = datagram_of(1, 4000), packet, outside;
	struct test_frame f;
	u32 held = 0;

	(void)state;
	for (u16 i = 0; i < 1000; i++)
		held += receive_part(&f, TEST_INSIDE, &flood, 10, i).action == VERDICT_HELD;
	assert_int_equal(held, HELD_PER_SET);
	assert_int_equal(packets_counted(REASON_fragment_store_full), 1000 - HELD_PER_SET);
	held = 0;
	for (u8 host = 2; host < 66; host++) {
		packet = datagram_of(host, 4000);
		held += receive_part(&f, TEST_INSIDE, &packet, 10, 1).action == VERDICT_HELD;
	}
	assert_in_range(held, 50, 64); /* about one of 16 hosts shares a part with it */
	for (u32 i = 0; i < 20000; i++) {
		packet = datagram_of((u8)i, 4000);
		packet.source.bytes[14] = (u8)(i >> 8);
		(void)receive_part(&f, TEST_INSIDE, &packet, 10, 1);
	}
	assert_int_equal(held_count(), HELD_PLACES / HELD_SIDES);
	outside = datagram_of(1, 4000);
	outside.source = test_addr("203.0.113.5");
	outside.destination = test_addr("198.51.100.1");
	assert_int_equal(receive_part(&f, TEST_OUTSIDE, &outside, 10, 1).action, VERDICT_HELD);
	packet = datagram_of(200, 4000); /* and who sends in order needs no store */
	(void)receive_part(&f, TEST_INSIDE, &packet, MORE, 1);
	assert_int_equal(receive_part(&f, TEST_INSIDE, &packet, 10, 1).action, VERDICT_FORWARD);
}

static void a_frame_that_is_too_long_does_not_wait(void **state)
{
	struct test_packet packet = datagram_of(1, 4000);
	u8 room[2 + HELD_FRAME_BYTES + 1] __attribute__((aligned(4))) = {0};
	struct native_frame frame = {.start = room + 2, .end = room + 2 + HELD_FRAME_BYTES};
	struct test_frame f;

	(void)state;
	test_gateway_fragment(&f, TEST_INSIDE, &packet, 10, DATAGRAM_ID);
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
	struct test_packet packet = datagram_of(1, 4000);
	struct test_frame f;

	(void)state;
	for (u32 i = 0; i < 2; i++) {
		test_gateway_fragment(&f, TEST_INSIDE, &packet, 10, DATAGRAM_ID);
		assert_int_equal(nat_packet(&f.frame, TEST_INSIDE, nat_active_half(), true).action,
				 VERDICT_WORKER);
		(void)receive_part(&f, TEST_INSIDE, &packet, MORE, DATAGRAM_ID);
	}
	assert_int_equal(held_count(), 0);
}

/* Threads that learn, hold and recall at once; what leaves is always the right host's. */
enum { THREADS = 4, ROUNDS = 20000 };

static void *churn(void *argument)
{
	const u32 number = *(const u32 *)argument;
	struct test_packet packet = datagram_of((u8)(10 + number), (u16)(5000 + number));
	struct test_frame f;

	test_env_join(tables, number);
	for (u32 i = 0; i < ROUNDS; i++) {
		u16 id = (u16)(i % 8), fresh;

		if (receive_part(&f, TEST_INSIDE, &packet, MORE, id).action != VERDICT_FORWARD)
			return "a first fragment did not leave";
		fresh = id_of(f.ip);
		if (receive_part(&f, TEST_INSIDE, &packet, 10, id).action == VERDICT_FORWARD &&
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
		TEST(one_host_does_not_fill_the_store),
		TEST(a_frame_that_is_too_long_does_not_wait),
		TEST(a_worker_gets_all_fragments_of_a_flow),
		TEST(racing_threads_learn_their_own),
	};

	return cmocka_run_group_tests_name("fragment", tests, NULL, NULL);
}
