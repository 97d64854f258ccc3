/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Segment sizes that are made smaller, at every place among the options; with no-syn-check, flows
 * that begin in the middle of a connection.
 */
#include "core/mss.h"

#include "core/nat.h"
#include "tests/env/test_env.h"
#include "tests/env/test_gateway.h"
#include "tests/env/unit.h"

enum { LIMIT = 1352, OPTION_WORDS = 10, OPTION_BYTES = 4 * OPTION_WORDS };

static struct tables *tables;

static int start_with(u16 mss, bool no_syn_check)
{
	const struct test_configuration configuration = {
		.pools = "{'name':'p','addresses':[{'low':'198.51.100.1','high':'198.51.100.2'},"
			 "{'low':'2001:db8:64::1','high':'2001:db8:64::1'}],'port_low':5000,"
			 "'port_high':5999,'address_persistent':false,'algorithm':null}",
		.rules = TEST_RULE("all", "pool", "'p'"),
		.no_syn_check = no_syn_check,
		.mss = mss,
		.maximum_flows = 1024,
	};

	tables = test_gateway_start(&configuration);
	return 0;
}

static int start(void **state)
{
	(void)state;
	return start_with(LIMIT, true);
}

static int start_checking(void **state)
{
	(void)state;
	return start_with(0, false);
}

static int stop(void **state)
{
	(void)state;
	test_gateway_stop();
	return 0;
}

static struct test_packet tcp(bool six, u8 flags)
{
	static u16 port = 20000;

	return (struct test_packet){
		.source = test_addr(six ? "2001:db8:1::3" : "10.0.0.1"),
		.destination = test_addr(six ? "2001:db8:ffff::5" : "203.0.113.5"),
		.protocol = PROTOCOL_TCP, .source_port = ++port, .destination_port = 443,
		.tcp_flags = flags, .tcp_option_words = OPTION_WORDS, .payload_bytes = 11};
}

/* Writes over bytes of the options; the checksum follows. */
static void put_options(struct test_frame *f, u32 at, const u8 *bytes, u32 count)
{
	u16 *check = (u16 *)(void *)(f->transport + 16);

	for (u32 i = 0; i < count; i++) {
		u8 *byte = f->transport + TCP_BYTES + at + i;
		u16 old = *byte, new = bytes[i];
		bool low = (at + i) % 2;

		*check = checksum_apply(*check, low ? checksum_change16((u16)(old << 8),
								       (u16)(new << 8))
						    : checksum_change16(old, new));
		*byte = bytes[i];
	}
}

/* => the size that a SYN with this option at this place leaves with */
static u16 size_after(bool six, u32 at, u16 size, u8 flags)
{
	const u8 option[] = {TCP_OPTION_MSS, TCP_OPTION_MSS_BYTES, (u8)(size >> 8), (u8)size};
	struct test_packet packet = tcp(six, flags);
	struct test_frame f;

	test_gateway_frame(&f, TEST_INSIDE, &packet);
	put_options(&f, at, option, sizeof(option));
	assert_true(test_frame_sums_up(&f));
	assert_int_equal(test_gateway_judge(&f, TEST_INSIDE).reason, REASON_translated_out);
	assert_true(test_frame_sums_up(&f));
	return packet_be16(f.transport + TCP_BYTES + at + 2);
}

static void a_larger_size_becomes_the_limit_wherever_it_stands(void **state)
{
	(void)state;
	for (u32 six = 0; six < 2; six++)
		for (u32 at = 0; at + TCP_OPTION_MSS_BYTES <= OPTION_BYTES; at++) {
			assert_int_equal(size_after(six, at, 1460, TCP_SYN), LIMIT);
			assert_int_equal(size_after(six, at, 65535, TCP_SYN), LIMIT);
			assert_int_equal(size_after(six, at, LIMIT + 1, TCP_SYN), LIMIT);
			assert_int_equal(size_after(six, at, LIMIT, TCP_SYN), LIMIT);
			assert_int_equal(size_after(six, at, 536, TCP_SYN), 536);
			assert_int_equal(size_after(six, at, 0, TCP_SYN), 0);
		}
}

static void only_a_syn_offers_one(void **state)
{
	(void)state;
	assert_int_equal(size_after(false, 3, 1460, TCP_ACK), 1460);
}

static void the_answer_from_outside_is_made_smaller_too(void **state)
{
	const u8 option[] = {1, TCP_OPTION_MSS, TCP_OPTION_MSS_BYTES, 0x05, 0xb4};
	struct test_packet packet = tcp(false, TCP_SYN), answer;
	struct test_frame f;

	(void)state;
	(void)test_gateway_receive(TEST_INSIDE, &packet);
	answer = test_gateway_answer(test_gateway_flow(&packet));
	answer.tcp_flags = TCP_SYN | TCP_ACK;
	answer.tcp_option_words = 2;
	test_gateway_frame(&f, TEST_OUTSIDE, &answer);
	put_options(&f, 0, option, sizeof(option));
	assert_int_equal(test_gateway_judge(&f, TEST_OUTSIDE).reason, REASON_translated_in);
	assert_true(test_frame_sums_up(&f));
	assert_int_equal(packet_be16(f.transport + TCP_BYTES + 3), LIMIT);
}

/* What cannot be read as options is left as it is. */
static void broken_options_stay(void **state)
{
	static const u8 broken[][8] = {
		{0, 2, 4, 0x05, 0xb4, 1, 1, 1},    {5, 0, 2, 4, 0x05, 0xb4, 1, 1},
		{5, 1, 2, 4, 0x05, 0xb4, 1, 1},    {5, 255, 2, 4, 0x05, 0xb4, 1, 1},
		{2, 3, 0x05, 2, 4, 0x05, 0xb4, 1}, {2, 5, 0x05, 0xb4, 0, 1, 1, 1},
		{2, 4, 0x02, 0x00, 2, 4, 0x05, 0xb4}};

	(void)state;
	for (u32 i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct test_packet packet = tcp(false, TCP_SYN);
		struct test_frame f;

		test_gateway_frame(&f, TEST_INSIDE, &packet);
		put_options(&f, 0, broken[i], sizeof(broken[i]));
		assert_int_equal(test_gateway_judge(&f, TEST_INSIDE).reason,
				 REASON_translated_out);
		assert_true(test_frame_sums_up(&f));
		assert_memory_equal(f.transport + TCP_BYTES, broken[i], sizeof(broken[i]));
	}
	for (u32 cut = 1; cut < TCP_OPTION_MSS_BYTES; cut++) {
		const u8 option[] = {TCP_OPTION_MSS, TCP_OPTION_MSS_BYTES, 0x05};
		struct test_packet packet = tcp(false, TCP_SYN);
		struct test_frame f;

		test_gateway_frame(&f, TEST_INSIDE, &packet);
		put_options(&f, OPTION_BYTES - cut, option, cut);
		(void)test_gateway_judge(&f, TEST_INSIDE);
		assert_true(test_frame_sums_up(&f));
		assert_memory_equal(f.transport + TCP_BYTES + OPTION_BYTES - cut, option, cut);
	}
}

static void without_a_limit_nothing_is_touched(void **state)
{
	(void)state;
	assert_int_equal(size_after(false, 0, 1460, TCP_SYN), 1460);
	assert_int_equal(size_after(false, 1, 65535, TCP_SYN), 65535);
}

/* With no-syn-check. */
static void a_segment_under_way_opens_a_flow(void **state)
{
	(void)state;
	for (u32 flags = 0; flags < 64; flags++) {
		struct test_packet packet = tcp(false, (u8)flags);
		bool opens = tcp_opens((u8)flags) || tcp_picks_up((u8)flags);

		assert_int_equal(test_gateway_receive(TEST_INSIDE, &packet).reason,
				 opens ? REASON_translated_out : REASON_tcp_not_syn);
	}
	test_gateway_assert_sound();
}

static void it_is_established_when_the_outside_answers(void **state)
{
	struct test_packet packet = tcp(false, TCP_ACK), answer;
	struct flow *flow;

	(void)state;
	(void)test_gateway_receive(TEST_INSIDE, &packet);
	(void)test_gateway_receive(TEST_INSIDE, &packet);
	flow = test_gateway_flow(&packet);
	assert_int_equal(flow->tcp_state, TCP_PICKED_UP);
	answer = test_gateway_answer(flow);
	assert_int_equal(test_gateway_receive(TEST_OUTSIDE, &answer).reason, REASON_translated_in);
	assert_int_equal(flow->tcp_state, TCP_ESTABLISHED);
}

static void with_the_check_it_opens_none(void **state)
{
	struct test_packet packet = tcp(false, TCP_ACK);

	(void)state;
	assert_int_equal(test_gateway_receive(TEST_INSIDE, &packet).reason, REASON_tcp_not_syn);
}

#define TEST(name, start) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_larger_size_becomes_the_limit_wherever_it_stands, start),
		TEST(only_a_syn_offers_one, start),
		TEST(the_answer_from_outside_is_made_smaller_too, start),
		TEST(broken_options_stay, start),
		TEST(without_a_limit_nothing_is_touched, start_checking),
		TEST(a_segment_under_way_opens_a_flow, start),
		TEST(it_is_established_when_the_outside_answers, start),
		TEST(with_the_check_it_opens_none, start_checking),
	};

	return cmocka_run_group_tests_name("mss", tests, NULL, NULL);
}
