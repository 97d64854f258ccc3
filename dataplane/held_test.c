/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fragments that came before their first one: they go on in order or are given up, and are counted
 * once.
 */
#include "dataplane/held.h"

#include "core/nat.h"
#include "tests/env/test_env.h"
#include "tests/env/test_gateway.h"
#include "tests/env/unit.h"

enum { START_S = 1000, RULE_ID = 1, MORE = 0x2000, DATAGRAM_ID = 0x1234 };

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

static u16 id_of(const u8 *ip)
{
	return (u16)(ip[4] << 8 | ip[5]);
}

static u64 counted_at_all(void)
{
	u64 packets = 0;

	for (u32 reason = 0; reason < REASON_COUNT; reason++)
		packets += packets_counted(reason);
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

/* [RFC4787 REQ-14] Last first: they wait, uncounted, and go on in the order in which they came. */
static void what_comes_before_its_first_fragment_waits(void **state)
{
	struct test_packet packet = datagram_of(1, 4000);
	struct sent sent;
	struct test_frame f;
	u16 id;

	(void)state;
	for (u16 units = 40; units > 10; units -= 10)
		assert_int_equal(receive_part(&f, TEST_INSIDE, &packet, units, DATAGRAM_ID).action,
				 VERDICT_HELD);
	assert_int_equal(counted_at_all(), 0);
	assert_int_equal(tables->rule_counters[RULE_ID].hits, 0);
	assert_int_equal(look(&sent), 3);
	assert_int_equal(sent.count, 0);
	(void)receive_part(&f, TEST_INSIDE, &packet, MORE, DATAGRAM_ID);
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
	assert_int_equal(packets_counted(REASON_translated_out), 4);
	assert_int_equal(counted_at_all(), 4);
	assert_int_equal(figures.released, 3);
	assert_int_equal(held_count(tables), 0);
}

/* [RFC4787 REQ-14a] */
static void what_waits_for_too_long_is_given_up(void **state)
{
	struct test_packet packet = datagram_of(1, 4000), answer = packet;
	struct sent sent;
	struct test_frame f;

	(void)state;
	answer.source = packet.destination;
	answer.destination = test_addr("198.51.100.1");
	assert_int_equal(receive_part(&f, TEST_INSIDE, &packet, 10, DATAGRAM_ID).action,
			 VERDICT_HELD);
	assert_int_equal(receive_part(&f, TEST_OUTSIDE, &answer, 10, 7).action, VERDICT_HELD);
	test_env_set_time(START_S + HELD_LIFE_S);
	assert_int_equal(look(&sent), 2);
	test_env_set_time(START_S + HELD_LIFE_S + 1);
	assert_int_equal(look(&sent), 0);
	assert_int_equal(sent.count, 0);
	assert_int_equal(packets_counted(REASON_fragment_unknown), 2);
	assert_int_equal(counted_at_all(), 2);
	assert_int_equal(figures.expired, 2);
}

static void no_wait(void)
{
	/* nothing else runs: a grace period is over at once */
}

static void what_was_being_written_is_free_again(void **state)
{
	struct fragment_table *table = &tables->control->fragments;
	struct test_packet packet = datagram_of(1, 4000);
	struct sent sent;
	struct test_frame f;

	(void)state;
	(void)receive_part(&f, TEST_INSIDE, &packet, 10, DATAGRAM_ID);
	for (u32 i = 0; i < FRAGMENT_ENTRIES; i++)
		table->entries[i].state |= FRAGMENT_BUSY;
	for (u32 i = 0; i < HELD_PLACES; i++)
		if (table->held_states[i] == HELD_FREE)
			table->held_states[i] = HELD_BUSY;
	(void)receive_part(&f, TEST_INSIDE, &packet, MORE, DATAGRAM_ID);
	assert_int_equal(look(&sent), 1); /* nothing could be learnt */
	held_repair(tables, no_wait);
	assert_int_equal(held_count(tables), 1);
	(void)receive_part(&f, TEST_INSIDE, &packet, MORE, DATAGRAM_ID);
	assert_int_equal(look(&sent), 0);
	assert_int_equal(sent.count, 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start, stop)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(what_comes_before_its_first_fragment_waits),
		TEST(what_waits_for_too_long_is_given_up),
		TEST(what_was_being_written_is_free_again),
	};

	return cmocka_run_group_tests_name("held", tests, NULL, NULL);
}
