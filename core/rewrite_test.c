/* SPDX-License-Identifier: Apache-2.0 */
/*
 * INV-EXACT: a packet that was rewritten is, to the byte, the packet that would have been built
 * with the new addresses, port and TTL in the first place; for every protocol, family, option
 * length and size.
 */
#include "core/rewrite.h"

#include <stdlib.h>

#include "tests/env/test_env.h"
#include "tests/env/test_packet.h"
#include "tests/env/unit.h"

static const struct link_addr gateway = {{2, 0, 3}};

static u64 random_state = 88172645463325252ull;

static u64 random_word(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* One that the parser takes for an ordinary one. */
static union ip_addr random_address(bool six)
{
	union ip_addr address = test_addr("10.0.0.0");

	address.words[3] |= (u32)random_word() & ~0xffu;
	if (!six)
		return address;
	address.longs[0] = random_word();
	address.longs[1] = random_word();
	address.bytes[0] = 0x20;
	return address;
}

static bool is_query(u8 protocol)
{
	return protocol == PROTOCOL_ICMP || protocol == PROTOCOL_ICMPV6;
}

static struct test_packet random_packet(u8 protocol, bool six)
{
	struct test_packet packet = {
		.source = random_address(six), .destination = random_address(six),
		.protocol = protocol, .source_port = (u16)random_word(),
		.destination_port = (u16)random_word(), .tcp_flags = TCP_ACK,
		.ttl = (u8)(2 + random_word() % 254)};

	if (is_query(protocol))
		packet.source_port = six ? 128 << 8 : 8 << 8;
	return packet;
}

static void parse(struct test_frame *frame, struct packet *p)
{
	memset(p, 0, sizeof(*p));
	assert_int_equal(packet_parse_link(&frame->frame, p), NO_REASON);
	assert_int_equal(packet_parse_ip(&frame->frame, p), NO_REASON);
}

/* The packet with one end replaced, as it would have been built. */
static struct test_packet translated(struct test_packet packet, enum packet_end end,
				     const union ip_addr *address, u16 port, bool hop)
{
	if (end == PACKET_SOURCE)
		packet.source = *address;
	else
		packet.destination = *address;
	if (is_query(packet.protocol) || end == PACKET_DESTINATION)
		packet.destination_port = port;
	else
		packet.source_port = port;
	packet.ttl = (u8)(packet.ttl - hop);
	return packet;
}

static void assert_rewritten_exactly(const struct test_packet *packet, enum packet_end end,
				     bool hop)
{
	bool six = packet->source.longs[0] != 0;
	union ip_addr address = random_address(six);
	u16 port = (u16)random_word();
	struct test_packet wanted = translated(*packet, end, &address, port, hop);
	struct test_frame got, expected;
	struct packet p;

	test_frame_build(&got, &gateway, packet);
	test_frame_build(&expected, &gateway, &wanted);
	parse(&got, &p);
	assert_true(rewrite_end(&got.frame, &p, end, &address, __builtin_bswap16(port), hop));
	assert_int_equal(test_frame_bytes(&got), test_frame_bytes(&expected));
	assert_memory_equal(got.frame.start, expected.frame.start, test_frame_bytes(&expected));
	assert_true(test_frame_sums_up(&got));
}

static void every_form_is_rewritten_exactly(struct test_packet *packet)
{
	for (u32 end = PACKET_SOURCE; end <= PACKET_DESTINATION; end++) {
		assert_rewritten_exactly(packet, end, false);
		assert_rewritten_exactly(packet, end, true);
	}
}

static void a_rewritten_packet_is_the_one_that_would_have_been_built(void **state)
{
	static const u8 protocols[][2] = {{PROTOCOL_TCP, PROTOCOL_TCP},
					  {PROTOCOL_UDP, PROTOCOL_UDP},
					  {PROTOCOL_ICMP, PROTOCOL_ICMPV6}};

	(void)state;
	for (u32 i = 0; i < 3 * 2 * 11 * 41; i++) {
		bool six = i & 1;
		struct test_packet packet = random_packet(protocols[i / 2 % 3][six], six);

		packet.option_words = (u8)(i / 6 % 11);
		packet.tcp_option_words = (u8)(i / 6 % 11);
		packet.payload_bytes = (u16)(i / 66 % 41);
		packet.tags = (u8)(i % 3);
		every_form_is_rewritten_exactly(&packet);
	}
}

/* All values of the port, so that the checksum meets every carry there is. */
static void every_port_gives_the_right_checksum(void **state)
{
	struct test_packet packet = random_packet(PROTOCOL_UDP, false);
	union ip_addr address = random_address(false);

	(void)state;
	for (u32 port = 0; port < 65536; port++) {
		struct test_frame f;
		struct packet p;

		test_frame_build(&f, &gateway, &packet);
		parse(&f, &p);
		assert_true(rewrite_end(&f.frame, &p, PACKET_SOURCE, &address, (__be16)port, true));
		assert_true(test_frame_sums_up(&f));
		assert_int_not_equal(packet_be16(f.transport + 6), 0);
	}
}

static void udp_without_a_checksum_stays_without(void **state)
{
	(void)state;
	for (u32 six = 0; six < 2; six++) {
		struct test_packet packet = random_packet(PROTOCOL_UDP, six);

		packet.no_checksum = true;
		packet.payload_bytes = 9;
		every_form_is_rewritten_exactly(&packet);
	}
}

/* docs/packet-path.md, section 5: wrong before, wrong by as much after; nobody mends it. */
static void a_wrong_checksum_stays_wrong_by_as_much(void **state)
{
	struct test_packet packet = random_packet(PROTOCOL_TCP, false);
	union ip_addr address = random_address(false);

	(void)state;
	for (u32 error = 1; error < 65535; error += 17) {
		struct test_packet wanted =
			translated(packet, PACKET_SOURCE, &address, 77, false);
		struct test_frame f, right;
		u16 *check, *right_check;
		struct packet p;

		test_frame_build(&f, &gateway, &packet);
		test_frame_build(&right, &gateway, &wanted);
		check = (u16 *)(void *)(f.transport + 16);
		right_check = (u16 *)(void *)(right.transport + 16);
		*check = (u16)((*check + error) % 65535);
		parse(&f, &p);
		assert_true(rewrite_end(&f.frame, &p, PACKET_SOURCE, &address,
					__builtin_bswap16(77), false));
		assert_int_equal(*check % 65535, (*right_check + error) % 65535);
	}
}

static void a_ttl_loses_one_at_every_value(void **state)
{
	(void)state;
	for (u32 six = 0; six < 2; six++) {
		for (u32 ttl = 2; ttl < 256; ttl++) {
			struct test_packet packet = random_packet(PROTOCOL_UDP, six);
			struct test_frame f, expected;
			struct packet p;

			packet.ttl = (u8)ttl;
			test_frame_build(&f, &gateway, &packet);
			packet.ttl--;
			test_frame_build(&expected, &gateway, &packet);
			parse(&f, &p);
			assert_true(rewrite_ttl(&f.frame, &p));
			assert_memory_equal(f.frame.start, expected.frame.start,
					    test_frame_bytes(&f));
		}
	}
}

/* What does not fit is left as it is: half a translation would be worse than none. */
static void a_frame_that_does_not_hold_it_is_not_written(void **state)
{
	static const u8 protocols[] = {PROTOCOL_TCP, PROTOCOL_UDP};
	union ip_addr address = random_address(false);

	(void)state;
	for (u32 i = 0; i < 2; i++) {
		struct test_packet packet = random_packet(protocols[i], false);
		struct test_frame whole, cut;
		struct packet p;
		size_t needed;

		test_frame_build(&whole, &gateway, &packet);
		parse(&whole, &p);
		needed = p.transport + (protocols[i] == PROTOCOL_TCP ? 18u : 8u);
		for (size_t bytes = 0; bytes < needed; bytes++) {
			cut = whole;
			cut.frame.start = cut.room + TEST_FRAME_HEADROOM + 2;
			test_frame_resize(&cut, bytes);
			assert_false(rewrite_end(&cut.frame, &p, PACKET_SOURCE, &address, 7, true));
			assert_memory_equal(cut.room, whole.room, sizeof(cut.room));
		}
		test_frame_resize(&whole, needed);
		assert_true(rewrite_end(&whole.frame, &p, PACKET_SOURCE, &address, 7, true));
	}
}

static void the_link_header_gets_the_next_hop(void **state)
{
	const struct link_addr to = {{0x1111, 0x2222, 0x3333}}, from = {{0x4444, 0x5555, 0x6666}};
	struct test_packet packet = random_packet(PROTOCOL_UDP, false);
	struct test_frame f, before;

	(void)state;
	packet.tags = 1;
	test_frame_build(&f, &gateway, &packet);
	before = f;
	assert_true(rewrite_link(&f.frame, &to, &from));
	assert_memory_equal(f.frame.start, &to, 6);
	assert_memory_equal(f.frame.start + 6, &from, 6);
	assert_memory_equal(f.frame.start + 12, before.room + TEST_FRAME_HEADROOM + 2 + 12,
			    test_frame_bytes(&f) - 12);
	test_frame_resize(&f, 11);
	assert_false(rewrite_link(&f.frame, &from, &to));
	assert_memory_equal(f.frame.start, &to, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rewritten_packet_is_the_one_that_would_have_been_built),
		cmocka_unit_test(every_port_gives_the_right_checksum),
		cmocka_unit_test(udp_without_a_checksum_stays_without),
		cmocka_unit_test(a_wrong_checksum_stays_wrong_by_as_much),
		cmocka_unit_test(a_ttl_loses_one_at_every_value),
		cmocka_unit_test(a_frame_that_does_not_hold_it_is_not_written),
		cmocka_unit_test(the_link_header_gets_the_next_hop),
	};

	return cmocka_run_group_tests_name("rewrite", tests, NULL, NULL);
}
