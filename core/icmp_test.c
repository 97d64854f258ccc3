/* SPDX-License-Identifier: Apache-2.0 */
/*
 * INV-EXACT for ICMP errors [RFC5508 REQ-4, REQ-5]: the packet quoted is, to the byte, the one that
 * the receiver of the error had sent, for every protocol, family, option length and length of the
 * quotation.
 */
#include "core/icmp.h"

#include "tests/env/test_env.h"
#include "tests/env/test_gateway.h"
#include "tests/env/unit.h"

static int start(void **state)
{
	static const struct test_configuration configuration = {
		.pools = "{'name':'p','addresses':[{'low':'198.51.100.1','high':'198.51.100.9'},"
			 "{'low':'2001:db8:64::1','high':'2001:db8:64::9'}],'port_low':1024,"
			 "'port_high':65535,'address_persistent':false,'algorithm':null}",
		.rules = TEST_RULE("all", "pool", "'p'"),
		.maximum_flows = 1024,
	};

	(void)state;
	(void)test_gateway_start(&configuration);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	test_gateway_stop();
	return 0;
}

enum { PROTOCOLS = 3, OPTION_LENGTHS = 11, PAYLOAD = 21 };

static bool is_query(u8 protocol)
{
	return protocol == PROTOCOL_ICMP || protocol == PROTOCOL_ICMPV6;
}

static struct test_packet packet_from_inside(u32 protocol, bool six, u32 option_words)
{
	const u8 protocols[] = {PROTOCOL_TCP, PROTOCOL_UDP,
				six ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP};
	struct test_packet packet = {
		.source = test_addr(six ? "2001:db8:1::3" : "10.0.0.1"),
		.destination = test_addr(six ? "2001:db8:ffff::5" : "203.0.113.5"),
		.protocol = protocols[protocol], .source_port = (u16)(4000 + option_words),
		.destination_port = 443, .tcp_flags = TCP_SYN,
		.option_words = six ? 0 : (u8)option_words, .payload_bytes = PAYLOAD};

	if (!is_query(packet.protocol))
		return packet;
	packet.source_port = six ? 128 << 8 : 8 << 8;
	packet.destination_port = (u16)(7 + option_words);
	return packet;
}

static union ip_addr router(bool six)
{
	return test_addr(six ? "2001:db8:ee::1" : "192.0.2.77");
}

/* An error that quotes the first bytes of a packet. */
static struct test_packet error_about(const union ip_addr *from, const union ip_addr *to, bool six,
				      size_t quoted_bytes)
{
	return (struct test_packet){
		.source = *from, .destination = *to,
		.protocol = six ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP,
		.source_port = six ? 1 << 8 | 4 : 3 << 8 | 1, /* unreachable */
		.payload_bytes = (u16)quoted_bytes};
}

/* What a packet is like one hop on. */
static void build_one_hop_on(struct test_frame *frame, struct test_packet packet)
{
	packet.ttl = 63;
	test_gateway_frame(frame, TEST_INSIDE, &packet);
}

static const u8 *quotation(const struct test_frame *error)
{
	return error->transport + ICMP_BYTES;
}

static void assert_error_quotes(const struct test_frame *error, const struct test_frame *expected,
				size_t bytes)
{
	assert_true(test_frame_sums_up(error));
	assert_memory_equal(quotation(error), expected->ip, bytes);
}

/* A router outside tells of a packet that it got from us: its host reads what it had sent. */
static void assert_error_from_outside(const struct test_packet *sent,
				      const struct test_frame *translated, bool six,
				      size_t quoted_bytes)
{
	union ip_addr from = router(six), pool = *flow_translated_address(
						  env_control(), test_gateway_flow(sent));
	struct test_packet error = error_about(&from, &pool, six, quoted_bytes);
	struct test_frame f, expected;

	test_gateway_frame(&f, TEST_OUTSIDE, &error);
	test_frame_put_payload(&f, &error, translated->ip);
	assert_int_equal(test_gateway_judge(&f, TEST_OUTSIDE).reason, REASON_icmp_error_in);
	build_one_hop_on(&expected, *sent);
	assert_error_quotes(&f, &expected, quoted_bytes);
	assert_memory_equal(six ? f.ip + 24 : f.ip + 16,
			    six ? &sent->source.words[0] : &sent->source.words[3],
			    six ? 16 : 4);
}

/* A host inside tells of a packet that we brought it: its sender outside reads what it had sent. */
static void assert_error_from_inside(const struct test_packet *answer,
				     const struct test_packet *sent,
				     const struct test_frame *delivered, bool six,
				     size_t quoted_bytes)
{
	struct test_packet error =
		error_about(&sent->source, &sent->destination, six, quoted_bytes);
	struct test_frame f, expected;

	test_gateway_frame(&f, TEST_INSIDE, &error);
	test_frame_put_payload(&f, &error, delivered->ip);
	assert_int_equal(test_gateway_judge(&f, TEST_INSIDE).reason, REASON_icmp_error_out);
	build_one_hop_on(&expected, *answer);
	assert_error_quotes(&f, &expected, quoted_bytes);
	assert_memory_equal(six ? f.ip + 8 : f.ip + 12,
			    six ? &answer->destination.words[0] : &answer->destination.words[3],
			    six ? 16 : 4);
}

static void assert_errors_are_exact(u32 protocol, bool six, u32 option_words)
{
	struct test_packet sent = packet_from_inside(protocol, six, option_words), answer;
	struct test_frame out, in;
	size_t header_bytes, whole;

	test_gateway_frame(&out, TEST_INSIDE, &sent);
	assert_int_equal(test_gateway_judge(&out, TEST_INSIDE).reason, REASON_translated_out);
	answer = test_gateway_answer(test_gateway_flow(&sent));
	answer.option_words = sent.option_words;
	answer.payload_bytes = PAYLOAD;
	test_gateway_frame(&in, TEST_OUTSIDE, &answer);
	assert_int_equal(test_gateway_judge(&in, TEST_OUTSIDE).reason, REASON_translated_in);
	header_bytes = (size_t)(out.transport - out.ip);
	whole = (size_t)(out.frame.end - out.ip);
	for (size_t bytes = header_bytes + 8; bytes <= whole; bytes++) {
		if (sent.protocol == PROTOCOL_TCP && bytes == header_bytes + 17)
			continue; /* half a checksum is not looked at */
		assert_error_from_outside(&sent, &out, six, bytes);
		assert_error_from_inside(&answer, &sent, &in, six, bytes);
	}
}

static void every_quotation_is_what_its_reader_had_sent(void **state)
{
	(void)state;
	for (u32 protocol = 0; protocol < PROTOCOLS; protocol++) {
		for (u32 words = 0; words < OPTION_LENGTHS; words++)
			assert_errors_are_exact(protocol, false, words);
		assert_errors_are_exact(protocol, true, 0);
	}
}

/* Less than a header and 8 bytes names no flow, whatever the rest is. */
static void a_quotation_that_is_too_short_is_malformed(void **state)
{
	(void)state;
	for (u32 six = 0; six < 2; six++) {
		struct test_packet sent = packet_from_inside(1, six, 0);
		struct test_frame out;
		size_t needed;

		test_gateway_frame(&out, TEST_INSIDE, &sent);
		(void)test_gateway_judge(&out, TEST_INSIDE);
		needed = (size_t)(out.transport - out.ip) + 8;
		for (size_t bytes = 0; bytes < needed; bytes++) {
			union ip_addr from = router(six),
				      pool = *flow_translated_address(env_control(),
								      test_gateway_flow(&sent));
			struct test_packet error = error_about(&from, &pool, six, bytes);
			struct test_frame f;

			test_gateway_frame(&f, TEST_OUTSIDE, &error);
			test_frame_put_payload(&f, &error, out.ip);
			assert_int_equal(test_gateway_judge(&f, TEST_OUTSIDE).reason,
					 REASON_malformed_packet);
		}
	}
}

/* [RFC5508 REQ-3] any bit that is another one, of the message or of the header that it quotes. */
static void an_error_with_a_wrong_checksum_is_malformed(void **state)
{
	(void)state;
	for (u32 six = 0; six < 2; six++) {
		struct test_packet sent = packet_from_inside(1, six, six ? 0 : 10), error;
		union ip_addr from = router(six), pool;
		struct test_frame out, f;
		size_t quoted_bytes;

		test_gateway_frame(&out, TEST_INSIDE, &sent);
		(void)test_gateway_judge(&out, TEST_INSIDE);
		pool = *flow_translated_address(env_control(), test_gateway_flow(&sent));
		quoted_bytes = (size_t)(out.frame.end - out.ip);
		error = error_about(&from, &pool, six, quoted_bytes);
		for (size_t at = 2; at < ICMP_BYTES + quoted_bytes; at++) {
			test_gateway_frame(&f, TEST_OUTSIDE, &error);
			test_frame_put_payload(&f, &error, out.ip);
			f.transport[at] ^= (u8)(1 << at % 8);
			assert_in_range(test_gateway_judge(&f, TEST_OUTSIDE).reason,
					REASON_FIRST_DROP, REASON_filtered_inbound);
		}
	}
}

/* The quoted header's own checksum, in a message whose checksum is right. */
static void so_is_one_that_quotes_a_wrong_header(void **state)
{
	struct test_packet sent = packet_from_inside(1, false, 10), error;
	union ip_addr from = router(false), pool;
	struct test_frame out, f;

	(void)state;
	test_gateway_frame(&out, TEST_INSIDE, &sent);
	(void)test_gateway_judge(&out, TEST_INSIDE);
	pool = *flow_translated_address(env_control(), test_gateway_flow(&sent));
	error = error_about(&from, &pool, false, (size_t)(out.frame.end - out.ip));
	for (u32 at = 0; at < 60; at++) {
		if (at == 0 || at == 7 || at == 9 || (at >= 12 && at < 20))
			continue; /* what it says of the packet: then it is about no flow */
		test_gateway_frame(&f, TEST_OUTSIDE, &error);
		out.ip[at] ^= 0x20;
		test_frame_put_payload(&f, &error, out.ip);
		out.ip[at] ^= 0x20;
		assert_int_equal(test_gateway_judge(&f, TEST_OUTSIDE).reason,
				 REASON_malformed_packet);
	}
}

/* [RFC5508 REQ-6] an error neither refreshes nor ends the flow that it is about. */
static void an_error_changes_nothing_of_its_flow(void **state)
{
	struct test_packet sent = packet_from_inside(0, false, 0), error;
	union ip_addr from = router(false), pool;
	struct test_frame out, f;
	struct flow *flow, before;

	(void)state;
	test_gateway_frame(&out, TEST_INSIDE, &sent);
	(void)test_gateway_judge(&out, TEST_INSIDE);
	flow = test_gateway_flow(&sent);
	before = *flow;
	test_env_set_time(1100);
	pool = *flow_translated_address(env_control(), flow);
	error = error_about(&from, &pool, false, PAYLOAD + IPV4_BYTES);
	test_gateway_frame(&f, TEST_OUTSIDE, &error);
	test_frame_put_payload(&f, &error, out.ip);
	assert_int_equal(test_gateway_judge(&f, TEST_OUTSIDE).reason, REASON_icmp_error_in);
	assert_memory_equal(flow, &before, sizeof(before));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_quotation_is_what_its_reader_had_sent),
		TEST(a_quotation_that_is_too_short_is_malformed),
		TEST(an_error_with_a_wrong_checksum_is_malformed),
		TEST(so_is_one_that_quotes_a_wrong_header),
		TEST(an_error_changes_nothing_of_its_flow),
	};

	return cmocka_run_group_tests_name("icmp", tests, NULL, NULL);
}
