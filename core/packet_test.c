/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parsing against docs/packet-path.md, section 1: what is read, what is refused, and that nothing
 * behind the end of the frame is looked at.
 */
#include "core/packet.h"

#include <stdlib.h>

#include "tests/env/test_env.h"
#include "tests/env/test_packet.h"
#include "tests/env/unit.h"

static const struct link_addr gateway = {{2, 0, 3}};

static struct test_packet packet4(u8 protocol)
{
	return (struct test_packet){
		.source = test_addr("10.1.2.3"), .destination = test_addr("203.0.113.5"),
		.protocol = protocol, .source_port = 4000, .destination_port = 443,
		.tcp_flags = TCP_SYN, .payload_bytes = 13};
}

static struct test_packet packet6(u8 protocol)
{
	struct test_packet packet = packet4(protocol);

	packet.source = test_addr("2001:db8:1::3");
	packet.destination = test_addr("2001:db8:ffff::5");
	return packet;
}

/* => the reason that ends parsing, or NO_REASON, and what was found in *p */
static u32 parse(struct native_frame *frame, struct packet *p)
{
	u32 reason;

	memset(p, 0, sizeof(*p));
	reason = packet_parse_link(frame, p);
	return reason == NO_REASON ? packet_parse_ip(frame, p) : reason;
}

static u32 parse_frame(struct test_frame *frame, struct packet *p)
{
	return parse(&frame->frame, p);
}

static u32 reason_of(struct test_frame *frame)
{
	struct packet p;

	return parse_frame(frame, &p);
}

static void build(struct test_frame *frame, struct test_packet packet)
{
	test_frame_build(frame, &gateway, &packet);
}

static void assert_parsed_as(const struct test_packet *packet, u8 kind)
{
	struct test_frame f;
	struct packet p;

	test_frame_build(&f, &gateway, packet);
	assert_int_equal(parse_frame(&f, &p), NO_REASON);
	assert_int_equal(p.kind, kind);
	assert_memory_equal(&p.key.inside, &packet->source, sizeof(p.key.inside));
	assert_memory_equal(&p.key.remote, &packet->destination, sizeof(p.key.remote));
	assert_int_equal(p.key.protocol, packet->protocol);
	assert_int_equal(p.link_bytes, f.ip - f.frame.start);
	assert_int_equal(p.transport, f.transport - f.frame.start);
	assert_int_equal(p.length, f.frame.end - f.ip);
	assert_int_equal(p.ttl, 64);
}

static void headers_are_found_behind_tags_and_options(void **state)
{
	(void)state;
	for (u8 tags = 0; tags <= VLAN_TAGS; tags++) {
		for (u8 words = 0; words <= 10; words++) {
			struct test_packet four = packet4(PROTOCOL_TCP);
			struct test_packet six = packet6(PROTOCOL_TCP);

			four.tags = six.tags = tags;
			four.option_words = words;
			four.tcp_option_words = six.tcp_option_words = words;
			assert_parsed_as(&four, PACKET_TCP);
			assert_parsed_as(&six, PACKET_TCP);
			four.protocol = six.protocol = PROTOCOL_UDP;
			assert_parsed_as(&four, PACKET_UDP);
			assert_parsed_as(&six, PACKET_UDP);
		}
	}
}

static void ports_and_flags_are_read(void **state)
{
	struct test_packet packet = packet4(PROTOCOL_TCP);
	struct test_frame f;
	struct packet p;

	(void)state;
	packet.tcp_flags = TCP_SYN | TCP_ACK;
	build(&f, packet);
	assert_int_equal(parse_frame(&f, &p), NO_REASON);
	assert_int_equal(p.key.inside_port, __builtin_bswap16(4000));
	assert_int_equal(p.key.remote_port, __builtin_bswap16(443));
	assert_int_equal(p.tcp_flags, TCP_SYN | TCP_ACK);
}

/* Longest frame that is too short for the reason to be anything but `expected`. */
static void assert_cut_is(const struct test_packet *packet)
{
	struct test_frame f;
	size_t bytes;

	test_frame_build(&f, &gateway, packet);
	bytes = test_frame_bytes(&f);
	for (size_t length = 0; length < bytes; length++) {
		u8 *copy = malloc(2 + length); /* ends where the frame ends */
		struct native_frame cut;
		size_t link_bytes = (size_t)(f.ip - f.frame.start);
		struct packet p;

		assert_non_null(copy);
		memcpy(copy + 2, f.frame.start, length);
		cut = (struct native_frame){.start = copy + 2, .end = copy + 2 + length};
		assert_int_equal(parse(&cut, &p), length < link_bytes ? REASON_not_ip
								      : REASON_malformed_packet);
		free(copy);
	}
}

/* [INV-CLOSED] a frame that is cut anywhere is refused, and nothing behind its end is read. */
static void every_cut_is_noticed(void **state)
{
	static const u8 protocols[] = {PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_ICMP, PROTOCOL_ICMPV6,
				       47};

	(void)state;
	for (u32 i = 0; i < sizeof(protocols); i++) {
		struct test_packet four = packet4(protocols[i]), six = packet6(protocols[i]);

		four.option_words = 3;
		four.tcp_option_words = six.tcp_option_words = 4;
		four.tags = six.tags = 2;
		if (protocols[i] == PROTOCOL_ICMP || protocols[i] == PROTOCOL_ICMPV6)
			four.source_port = six.source_port = 8 << 8;
		assert_cut_is(&four);
		assert_cut_is(&six);
	}
}

static void what_follows_the_packet_is_not_looked_at(void **state)
{
	struct test_frame f;
	struct packet p;

	(void)state;
	build(&f, packet4(PROTOCOL_UDP));
	test_frame_resize(&f, test_frame_bytes(&f) + 18);
	assert_int_equal(parse_frame(&f, &p), NO_REASON);
	assert_int_equal(p.length, IPV4_BYTES + UDP_BYTES + 13);
}

static void other_frames_are_not_ip(void **state)
{
	static const u16 types[] = {0x0806, 0x88cc, 0x0000, 0x05dc, 0x8847, 0x9100};
	struct test_packet three_tags = packet4(PROTOCOL_UDP);
	struct test_frame f;

	(void)state;
	for (u32 i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		build(&f, packet4(PROTOCOL_UDP));
		f.frame.start[12] = (u8)(types[i] >> 8);
		f.frame.start[13] = (u8)types[i];
		assert_int_equal(reason_of(&f), REASON_not_ip);
	}
	three_tags.tags = 3;
	build(&f, three_tags);
	assert_int_equal(reason_of(&f), REASON_not_ip);
}

/* Writes one byte of the IPv4 header, whose checksum stays right. */
static u32 reason_with_byte(u32 offset, u8 value)
{
	struct test_frame f;

	build(&f, packet4(PROTOCOL_UDP));
	f.ip[offset] = value;
	if ((f.ip[0] & 15) >= 5)
		test_frame_sum_header(&f);
	return reason_of(&f);
}

static void an_ipv4_header_must_be_consistent(void **state)
{
	enum { LENGTH = IPV4_BYTES + UDP_BYTES + 13 };

	(void)state;
	assert_int_equal(reason_with_byte(0, 0x45), NO_REASON);
	assert_int_equal(reason_with_byte(0, 0x55), REASON_malformed_packet);
	assert_int_equal(reason_with_byte(0, 0x65), REASON_malformed_packet);
	assert_int_equal(reason_with_byte(0, 0x44), REASON_malformed_packet);
	assert_int_equal(reason_with_byte(0, 0x40), REASON_malformed_packet);
	assert_int_equal(reason_with_byte(0, 0x4f), REASON_malformed_packet);
	assert_int_equal(reason_with_byte(3, LENGTH + 1), REASON_malformed_packet);
	assert_int_equal(reason_with_byte(2, 0xff), REASON_malformed_packet);
	assert_int_equal(reason_with_byte(3, IPV4_BYTES - 1), REASON_malformed_packet);
	assert_int_equal(reason_with_byte(3, IPV4_BYTES), REASON_malformed_packet);
}

/* INV-EXACT: a header whose checksum is wrong in any bit is not translated into a right one. */
static void every_wrong_header_checksum_is_refused(void **state)
{
	struct test_packet packet = packet4(PROTOCOL_UDP);
	struct test_frame f;
	u16 right;

	(void)state;
	packet.option_words = 2;
	build(&f, packet);
	right = packet_be16(f.ip + 10);
	for (u32 check = 0; check < 65536; check++) {
		f.ip[10] = (u8)(check >> 8);
		f.ip[11] = (u8)check;
		assert_int_equal(reason_of(&f),
				 check == right ? (u32)NO_REASON : REASON_malformed_packet);
	}
}

/* Of IPv4's field. */
static u32 part_of(u16 field)
{
	if (field & 0x1fff)
		return FRAGMENT_LATER;
	return field & 0x2000 ? FRAGMENT_FIRST : FRAGMENT_NONE;
}

static void put_field(struct test_frame *f, u16 field)
{
	f->ip[6] = (u8)(field >> 8);
	f->ip[7] = (u8)field;
	test_frame_sum_header(f);
}

/* What a first fragment must hold, and may lack. */
static void a_first_fragment_shows_its_header(void **state)
{
	static const struct {
		u8 protocol;
		u16 bytes; /* that are needed */
	} cases[] = {{PROTOCOL_TCP, TCP_BYTES}, {PROTOCOL_UDP, UDP_BYTES},
		     {PROTOCOL_ICMP, ICMP_BYTES}};

	(void)state;
	for (u32 i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (u16 bytes = 0; bytes <= cases[i].bytes; bytes++) {
			struct test_packet packet = packet4(cases[i].protocol);
			struct test_frame f;

			packet.source_port = 8 << 8; /* an echo request, of ICMP */
			packet.tcp_option_words = 2; /* which are cut off */
			build(&f, packet);
			f.ip[2] = 0;
			f.ip[3] = (u8)(IPV4_BYTES + bytes);
			put_field(&f, 0x2000);
			assert_int_equal(reason_of(&f), bytes < cases[i].bytes
								? REASON_malformed_packet
								: (u32)NO_REASON);
		}
	}
}

/* [RFC3128] No fragment of TCP writes over the header, and none is longer than a datagram. */
static void a_fragment_begins_and_ends_within_its_datagram(void **state)
{
	struct test_packet packet = packet4(PROTOCOL_TCP);
	struct test_frame f;

	(void)state;
	build(&f, packet);
	for (u16 units = 1; units < 0x2000; units++) {
		u32 end = units * FRAGMENT_UNIT + (u32)(f.frame.end - f.transport);

		put_field(&f, units);
		assert_int_equal(reason_of(&f), units < 3 || end > DATAGRAM_BYTES_MAX
							? REASON_malformed_packet
							: (u32)NO_REASON);
	}
}

static void flags_and_offset_make_a_fragment(void **state)
{
	static const struct {
		u16 field;
		u8 kind;
		bool may_fragment;
	} cases[] = {
		{0x0000, PACKET_UDP, true},       {0x4000, PACKET_UDP, false},
		{0x8000, PACKET_UDP, true},       {0x2000, PACKET_UDP, true},
		{0x0001, PACKET_FRAGMENT, true},  {0x1ff0, PACKET_FRAGMENT, true},
		{0x6000, PACKET_UDP, false},
	};

	(void)state;
	for (u32 i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct test_frame f;
		struct packet p;

		build(&f, packet4(PROTOCOL_UDP));
		f.ip[6] = (u8)(cases[i].field >> 8);
		f.ip[7] = (u8)cases[i].field;
		test_frame_sum_header(&f);
		assert_int_equal(parse_frame(&f, &p), NO_REASON);
		assert_int_equal(p.kind, cases[i].kind);
		assert_int_equal(p.fragment, part_of(cases[i].field));
		assert_int_equal(p.may_fragment, cases[i].may_fragment);
	}
}

static void addresses_that_are_never_translated(void **state)
{
	static const struct {
		const char *address;
		u32 reason;
	} cases[] = {
		{"0.0.0.1", REASON_special_address},   {"0.255.255.255", REASON_special_address},
		{"1.0.0.0", NO_REASON},                {"126.255.255.255", NO_REASON},
		{"127.0.0.1", REASON_special_address}, {"128.0.0.0", NO_REASON},
		{"169.254.1.1", NO_REASON},            {"223.255.255.255", NO_REASON},
		{"224.0.0.1", REASON_special_address}, {"255.255.255.255", REASON_special_address},
		{"::", REASON_special_address},        {"::1", REASON_special_address},
		{"::2", NO_REASON},                    {"fe80::1", REASON_special_address},
		{"febf::1", REASON_special_address},   {"fec0::1", NO_REASON},
		{"fe7f::1", NO_REASON},                {"ff02::1", REASON_special_address},
		{"feff::1", NO_REASON},                {"::fffe:1.2.3.4", NO_REASON},
		{"fd00::1", NO_REASON},                {"64:ff9b::1.2.3.4", NO_REASON},
	};

	(void)state;
	for (u32 i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool six = strchr(cases[i].address, ':') != NULL;
		struct test_packet packet = six ? packet6(PROTOCOL_UDP) : packet4(PROTOCOL_UDP);
		struct test_packet backwards = packet;
		struct test_frame f;

		packet.source = test_addr(cases[i].address);
		backwards.destination = test_addr(cases[i].address);
		build(&f, packet);
		assert_int_equal(reason_of(&f), cases[i].reason);
		build(&f, backwards);
		assert_int_equal(reason_of(&f), cases[i].reason);
	}
}

/* On the wire it says IPv6, in the core's words it would be IPv4. */
static void ipv4_in_the_words_of_ipv6_is_special(void **state)
{
	union ip_addr mapped = test_addr("192.0.2.1");
	struct test_frame f;

	(void)state;
	build(&f, packet6(PROTOCOL_UDP));
	memcpy(f.ip + 8, &mapped, sizeof(mapped));
	assert_int_equal(reason_of(&f), REASON_special_address);
}

static void a_tcp_header_must_be_there(void **state)
{
	struct test_packet packet = packet4(PROTOCOL_TCP);
	struct test_frame f;

	(void)state;
	packet.payload_bytes = 0;
	packet.tcp_option_words = 2;
	build(&f, packet);
	for (u32 offset = 0; offset < 16; offset++) {
		f.transport[12] = (u8)(offset << 4);
		assert_int_equal(reason_of(&f), offset >= 5 && offset <= 7
							? (u32)NO_REASON
							: REASON_malformed_packet);
	}
}

static void a_udp_length_must_fit(void **state)
{
	struct test_frame f;

	(void)state;
	build(&f, packet4(PROTOCOL_UDP));
	for (u32 length = 0; length < 65536; length++) {
		f.transport[4] = (u8)(length >> 8);
		f.transport[5] = (u8)length;
		assert_int_equal(reason_of(&f), length >= UDP_BYTES && length <= UDP_BYTES + 13
							? (u32)NO_REASON
							: REASON_malformed_packet);
	}
}

static u8 expected_icmp_kind(bool six, u32 type)
{
	if (type == (six ? 128 : 8))
		return PACKET_ECHO_REQUEST;
	if (type == (six ? 129 : 0))
		return PACKET_ECHO_REPLY;
	if (six ? type >= 1 && type <= 4 : type == 3 || type == 11 || type == 12)
		return PACKET_ICMP_ERROR;
	return PACKET_OTHER;
}

static void every_icmp_type_has_its_kind(void **state)
{
	(void)state;
	for (u32 six = 0; six < 2; six++) {
		for (u32 type = 0; type < 256; type++) {
			struct test_packet packet =
				six ? packet6(PROTOCOL_ICMPV6) : packet4(PROTOCOL_ICMP);
			bool discovery = six && type >= 133 && type <= 137;
			struct test_frame f;
			struct packet p;

			packet.source_port = (u16)(type << 8);
			build(&f, packet);
			assert_int_equal(parse_frame(&f, &p),
					 discovery ? REASON_special_address : (u32)NO_REASON);
			if (discovery)
				continue;
			assert_int_equal(p.kind, expected_icmp_kind(six, type));
			if (p.kind == PACKET_ECHO_REQUEST || p.kind == PACKET_ECHO_REPLY)
				assert_int_equal(p.key.inside_port, __builtin_bswap16(443));
			assert_int_equal(p.key.remote_port, 0);
		}
	}
}

/* The other family's ICMP is a protocol like any other. */
static void icmp_belongs_to_its_family(void **state)
{
	struct test_frame f;
	struct packet p;

	(void)state;
	build(&f, packet4(PROTOCOL_ICMPV6));
	assert_int_equal(parse_frame(&f, &p), NO_REASON);
	assert_int_equal(p.kind, PACKET_OTHER);
	build(&f, packet6(PROTOCOL_ICMP));
	assert_int_equal(parse_frame(&f, &p), NO_REASON);
	assert_int_equal(p.kind, PACKET_OTHER);
}

/* An IPv6 packet whose extension headers are given as `next header, length` pairs. */
struct extension {
	u8 type;
	u8 units; /* of 8 bytes, besides the first */
};

static void build_extensions(struct test_frame *f, const struct extension *list, u32 count)
{
	struct test_packet packet = packet6(PROTOCOL_UDP);
	u8 udp[UDP_BYTES + 13], *at, *next;
	u32 bytes = 0;

	build(f, packet);
	memcpy(udp, f->transport, sizeof(udp));
	for (u32 i = 0; i < count; i++)
		bytes += (list[i].units + 1u) * IPV6_EXTENSION_UNIT;
	next = f->ip + 6;
	at = f->transport;
	for (u32 i = 0; i < count; i++) {
		*next = list[i].type;
		memset(at, 0, (list[i].units + 1u) * IPV6_EXTENSION_UNIT);
		at[1] = list[i].type == EXTENSION_FRAGMENT ? 0 : list[i].units;
		next = at;
		at += (list[i].units + 1u) * IPV6_EXTENSION_UNIT;
	}
	*next = PROTOCOL_UDP;
	memcpy(at, udp, sizeof(udp));
	f->transport = at;
	f->frame.end = at + sizeof(udp);
	f->ip[4] = (u8)((bytes + sizeof(udp)) >> 8);
	f->ip[5] = (u8)(bytes + sizeof(udp));
}

static void ipv6_extensions_are_walked(void **state)
{
	static const struct extension list[] = {
		{EXTENSION_HOP_BY_HOP, 0}, {EXTENSION_DESTINATION, 3}, {EXTENSION_ROUTING, 2},
		{EXTENSION_FRAGMENT, 0},   {EXTENSION_DESTINATION, 0},
	};
	struct test_frame f;
	struct packet p;

	(void)state;
	for (u32 count = 0; count <= 5; count++) {
		build_extensions(&f, list, count);
		assert_int_equal(parse_frame(&f, &p), NO_REASON);
		assert_int_equal(p.kind, PACKET_UDP);
		assert_int_equal(p.transport, f.transport - f.frame.start);
		assert_int_equal(p.key.remote_port, __builtin_bswap16(443));
	}
}

static void eight_extensions_are_walked_and_nine_are_not(void **state)
{
	struct extension list[IPV6_EXTENSIONS + 1];
	struct test_frame f;

	(void)state;
	for (u32 i = 0; i <= IPV6_EXTENSIONS; i++)
		list[i] = (struct extension){EXTENSION_DESTINATION, 1};
	build_extensions(&f, list, IPV6_EXTENSIONS);
	assert_int_equal(reason_of(&f), NO_REASON);
	build_extensions(&f, list, IPV6_EXTENSIONS + 1);
	assert_int_equal(reason_of(&f), REASON_malformed_packet);
}

static void an_extension_that_ends_outside_is_malformed(void **state)
{
	static const struct extension list[] = {{EXTENSION_DESTINATION, 0}};
	struct test_frame f;

	(void)state;
	for (u32 units = 0; units < 256; units++) {
		build_extensions(&f, list, 1);
		f.ip[IPV6_BYTES + 1] = (u8)units;
		assert_int_equal(reason_of(&f),
				 units ? REASON_malformed_packet : (u32)NO_REASON);
	}
}

/* Also where nothing behind it would be looked at: 59 is "no next header". */
static void an_extension_with_nothing_behind_it_must_fit_too(void **state)
{
	static const struct extension list[] = {{EXTENSION_DESTINATION, 1}};
	struct test_frame f;

	(void)state;
	for (u32 bytes = 0; bytes <= 2 * IPV6_EXTENSION_UNIT; bytes++) {
		build_extensions(&f, list, 1);
		f.ip[IPV6_BYTES] = 59;
		f.ip[5] = (u8)bytes;
		assert_int_equal(reason_of(&f), bytes < 2 * IPV6_EXTENSION_UNIT
							? REASON_malformed_packet
							: (u32)NO_REASON);
	}
}

static void a_fragment_header_ends_the_walk(void **state)
{
	static const struct extension list[] = {{EXTENSION_HOP_BY_HOP, 0}, {EXTENSION_FRAGMENT, 0}};
	static const struct {
		u16 field;
		u8 kind;
	} cases[] = {
		{0x0000, PACKET_UDP},      {0x0006, PACKET_UDP},      {0x0001, PACKET_UDP},
		{0x0008, PACKET_FRAGMENT}, {0xff80, PACKET_FRAGMENT}, {0x0009, PACKET_FRAGMENT},
	};
	struct test_frame f;
	struct packet p;

	(void)state;
	for (u32 i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		build_extensions(&f, list, 2);
		f.ip[IPV6_BYTES + 10] = (u8)(cases[i].field >> 8);
		f.ip[IPV6_BYTES + 11] = (u8)cases[i].field;
		assert_int_equal(parse_frame(&f, &p), NO_REASON);
		assert_int_equal(p.kind, cases[i].kind);
	}
}

static void every_ipv6_payload_length_is_checked(void **state)
{
	enum { PAYLOAD = UDP_BYTES + 13 };
	struct test_frame f;

	(void)state;
	build(&f, packet6(PROTOCOL_UDP));
	for (u32 length = 0; length < 65536; length++) {
		f.ip[4] = (u8)(length >> 8);
		f.ip[5] = (u8)length;
		assert_int_equal(reason_of(&f),
				 length == PAYLOAD ? (u32)NO_REASON : REASON_malformed_packet);
	}
}

/* Whatever bytes arrive: an answer, and no look outside of the frame (which ASan watches). */
static void damaged_frames_are_survived(void **state)
{
	enum { FRAMES = 200000 };
	u64 x = 88172645463325252ull;
	struct test_packet packets[] = {
		packet4(PROTOCOL_TCP), packet4(PROTOCOL_UDP), packet4(PROTOCOL_ICMP),
		packet6(PROTOCOL_TCP), packet6(PROTOCOL_UDP), packet6(PROTOCOL_ICMPV6)};

	(void)state;
	for (u32 i = 0; i < FRAMES; i++) {
		struct native_frame frame;
		struct test_frame f;
		struct packet p;
		size_t bytes;
		u8 *copy;

		build(&f, packets[i % 6]);
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		bytes = (x >> 40) % 4 ? test_frame_bytes(&f) : (x >> 44) % test_frame_bytes(&f);
		copy = malloc(2 + bytes);
		assert_non_null(copy);
		memcpy(copy + 2, f.frame.start, bytes);
		for (u32 n = 0; bytes && n < 1 + x % 3; n++)
			copy[2 + (x >> 8 * n) % bytes] ^= (u8)(x >> (20 + 8 * n));
		frame = (struct native_frame){.start = copy + 2, .end = copy + 2 + bytes};
		assert_in_range(parse(&frame, &p), 0, NO_REASON);
		if (p.transport)
			assert_true(p.transport <= bytes);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_are_found_behind_tags_and_options),
		cmocka_unit_test(ports_and_flags_are_read),
		cmocka_unit_test(every_cut_is_noticed),
		cmocka_unit_test(what_follows_the_packet_is_not_looked_at),
		cmocka_unit_test(other_frames_are_not_ip),
		cmocka_unit_test(an_ipv4_header_must_be_consistent),
		cmocka_unit_test(every_wrong_header_checksum_is_refused),
		cmocka_unit_test(flags_and_offset_make_a_fragment),
		cmocka_unit_test(a_first_fragment_shows_its_header),
		cmocka_unit_test(a_fragment_begins_and_ends_within_its_datagram),
		cmocka_unit_test(addresses_that_are_never_translated),
		cmocka_unit_test(ipv4_in_the_words_of_ipv6_is_special),
		cmocka_unit_test(a_tcp_header_must_be_there),
		cmocka_unit_test(a_udp_length_must_fit),
		cmocka_unit_test(every_icmp_type_has_its_kind),
		cmocka_unit_test(icmp_belongs_to_its_family),
		cmocka_unit_test(ipv6_extensions_are_walked),
		cmocka_unit_test(eight_extensions_are_walked_and_nine_are_not),
		cmocka_unit_test(an_extension_that_ends_outside_is_malformed),
		cmocka_unit_test(an_extension_with_nothing_behind_it_must_fit_too),
		cmocka_unit_test(a_fragment_header_ends_the_walk),
		cmocka_unit_test(every_ipv6_payload_length_is_checked),
		cmocka_unit_test(damaged_frames_are_survived),
	};

	return cmocka_run_group_tests_name("packet", tests, NULL, NULL);
}
