/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What hosts are told whose packets are refused, and how often. The bytes are also those of
 * tests/golden/refusals.py.
 */
#include "core/answer.h"

#include <pthread.h>

#include "tests/env/test_env.h"
#include "tests/env/test_gateway.h"
#include "tests/env/unit.h"

enum { AH = 51, THREADS = 4, TRIES = 5000 };

static struct tables *tables;

static int start(void **state)
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

static int stop(void **state)
{
	(void)state;
	test_gateway_stop();
	return 0;
}

/* What no rule can translate. */
static struct test_packet ah(u32 host)
{
	struct test_packet packet = {
		.source = test_addr("10.0.0.0"), .destination = test_addr("203.0.113.5"),
		.protocol = AH, .payload_bytes = 33};

	packet.source.words[3] += __builtin_bswap32(host);
	return packet;
}

static struct verdict send(u32 ifindex, u32 host)
{
	struct test_packet packet = ah(host);
	struct verdict verdict = test_gateway_receive(ifindex, &packet);

	assert_int_equal(verdict.reason, REASON_unsupported_protocol);
	return verdict;
}

static u64 count(enum answer_count what)
{
	return env_packet_counters()->answers[what];
}

/* A refused packet as an answer: addresses as if it were read anew. */
static void read_answer(struct test_frame *f, const struct test_packet *packet)
{
	f->ip = f->frame.start + ETH_HLEN + packet->tags * VLAN_TAG_BYTES;
	f->transport = f->ip + (f->ip[0] >> 4 == 4 ? IPV4_BYTES : IPV6_BYTES);
}

static void assert_answered(const struct test_packet *packet, u32 headers, u32 most)
{
	struct test_frame frame, before;
	u32 link_bytes = (u32)(ETH_HLEN + packet->tags * VLAN_TAG_BYTES), bytes, quoted;

	test_gateway_frame(&frame, TEST_INSIDE, packet);
	before = frame;
	bytes = (u32)test_frame_bytes(&frame) - link_bytes;
	quoted = bytes + headers < most ? bytes : most - headers;
	frame.frame.end += 7; /* padding */
	assert_int_equal(test_gateway_judge(&frame, TEST_INSIDE).action, VERDICT_ANSWER);
	assert_int_equal(test_frame_bytes(&frame), link_bytes + headers + quoted);
	read_answer(&frame, packet);
	assert_true(test_frame_sums_up(&frame));
	assert_memory_equal(frame.ip + headers,
			    before.room + TEST_FRAME_HEADROOM + 2 + link_bytes, quoted);
}

static void every_length_is_quoted_and_sums_up(void **state)
{
	struct test_packet packet = ah(1);

	(void)state;
	for (u32 bytes = 0; bytes <= 1480; bytes++) {
		packet.source.words[3] = __builtin_bswap32(0x0a000001 + bytes);
		packet.payload_bytes = (u16)bytes;
		packet.tags = (u8)(bytes % 3);
		packet.option_words = (u8)(bytes % 11);
		if (bytes + packet.option_words * 4u > 1480)
			break;
		test_env_set_time(2000 + bytes);
		assert_answered(&packet, IPV4_BYTES + ICMP_BYTES, ANSWER_IPV4_BYTES);
	}
}

static void so_is_ipv6(void **state)
{
	struct test_packet packet = {
		.source = test_addr("2001:db8:1::7"), .destination = test_addr("2001:db8:ffff::5"),
		.protocol = AH};

	(void)state;
	for (u32 bytes = 0; bytes <= 1460; bytes++) {
		packet.payload_bytes = (u16)bytes;
		packet.tags = (u8)(bytes % 3);
		test_env_set_time(2000 + bytes);
		assert_answered(&packet, IPV6_BYTES + ICMP_BYTES, ANSWER_IPV6_BYTES);
	}
}

/* INV-QUIET [RFC5508 REQ-8] */
static void a_host_is_told_only_so_often(void **state)
{
	(void)state;
	for (u32 second = 0; second < 3; second++) {
		test_env_set_time(3000 + second);
		for (u32 i = 0; i < 100; i++)
			assert_int_equal(send(TEST_INSIDE, 7).action,
					 i < ANSWERS_PER_PLACE ? VERDICT_ANSWER : VERDICT_DROP);
	}
	assert_int_equal(count(ANSWERS_SENT), 3 * ANSWERS_PER_PLACE);
	assert_int_equal(count(ANSWERS_WITHHELD), 3 * (100 - ANSWERS_PER_PLACE));
}

/* INV-QUIET */
static void all_hosts_together_are_told_only_so_often(void **state)
{
	u32 answered = 0;

	(void)state;
	for (u32 host = 1; host <= 3000; host++)
		answered += send(TEST_INSIDE, host).action == VERDICT_ANSWER;
	assert_int_equal(answered, ANSWERS_IN_ALL);
	assert_int_equal(count(ANSWERS_WITHHELD), 3000 - ANSWERS_IN_ALL);
	test_env_set_time(3000);
	assert_int_equal(send(TEST_INSIDE, 1).action, VERDICT_ANSWER);
}

/* A clock of another processor may be a little behind. */
static void a_clock_that_is_behind_opens_no_window(void **state)
{
	(void)state;
	for (u32 i = 0; i < 100; i++) {
		test_env_set_time(3000 - i % 2);
		(void)send(TEST_INSIDE, 7);
	}
	assert_true(count(ANSWERS_SENT) <= 2 * ANSWERS_PER_PLACE);
}

static void nobody_is_told_without_an_address_or_room(void **state)
{
	struct test_packet packet = ah(7);
	struct test_frame frame;

	(void)state;
	assert_int_equal(send(TEST_GUEST, 7).action, VERDICT_DROP); /* eth2 has no address */
	test_gateway_frame(&frame, TEST_INSIDE, &packet);
	frame.frame.headroom = IPV4_BYTES + ICMP_BYTES - 1;
	assert_int_equal(test_gateway_judge(&frame, TEST_INSIDE).action, VERDICT_DROP);
	assert_int_equal(count(ANSWERS_SENT), 0);
	assert_int_equal(count(ANSWERS_WITHHELD), 0);
}

static void *take_many(void *window)
{
	u64 taken = 0;

	for (u32 i = 0; i < TRIES; i++)
		taken += answer_take(window, 5000 + i / (TRIES / 2), ANSWERS_IN_ALL);
	return (void *)(uintptr_t)taken;
}

/* INV-QUIET: also when several take at once. */
static void a_window_gives_no_more_than_it_has(void **state)
{
	pthread_t threads[THREADS];
	u64 window = 0, taken = 0;

	(void)state;
	for (u32 i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_many, &window), 0);
	for (u32 i = 0; i < THREADS; i++) {
		void *one;

		assert_int_equal(pthread_join(threads[i], &one), 0);
		taken += (uintptr_t)one;
	}
	assert_in_range(taken, 1, 2 * ANSWERS_IN_ALL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_length_is_quoted_and_sums_up),
		TEST(so_is_ipv6),
		TEST(a_host_is_told_only_so_often),
		TEST(all_hosts_together_are_told_only_so_often),
		TEST(a_clock_that_is_behind_opens_no_window),
		TEST(nobody_is_told_without_an_address_or_room),
		TEST(a_window_gives_no_more_than_it_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
