/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/env/test_packet.h"

#include <stdlib.h>
#include <string.h>

#include "core/packet.h"

/* RFC 1071, byte by byte. */
static u32 sum_bytes(u32 sum, const u8 *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		sum += i % 2 ? bytes[i] : (u32)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void put16(u8 *at, u32 value)
{
	at[0] = (u8)(value >> 8);
	at[1] = (u8)value;
}

static bool is_ipv4(const u8 *ip)
{
	return ip[0] >> 4 == 4;
}

static bool protocol_has_pseudo_header(u8 protocol)
{
	return protocol != PROTOCOL_ICMP;
}

static u32 ip_header_bytes(const u8 *ip)
{
	return is_ipv4(ip) ? (ip[0] & 15u) * 4 : IPV6_BYTES;
}

static u32 transport_bytes(const u8 *ip)
{
	return is_ipv4(ip) ? packet_be16(ip + 2) - ip_header_bytes(ip) : packet_be16(ip + 4);
}

static u8 ip_protocol(const u8 *ip)
{
	return ip[is_ipv4(ip) ? 9 : 6];
}

/* => the sum of transport header, payload and pseudo-header */
static u32 transport_sum(const struct test_frame *f)
{
	u32 bytes = transport_bytes(f->ip), sum = 0;
	u8 protocol = ip_protocol(f->ip);
	u8 length[4] = {(u8)(bytes >> 8), (u8)bytes, 0, protocol};

	if (protocol_has_pseudo_header(protocol)) {
		sum = is_ipv4(f->ip) ? sum_bytes(0, f->ip + 12, 8) : sum_bytes(0, f->ip + 8, 32);
		sum = sum_bytes(sum, length, sizeof(length));
	}
	return sum_bytes(sum, f->transport, bytes);
}

static u8 *transport_check(const struct test_frame *f)
{
	switch (ip_protocol(f->ip)) {
	case PROTOCOL_TCP:
		return f->transport + 16;
	case PROTOCOL_UDP:
		return f->transport + 6;
	case PROTOCOL_ICMP:
	case PROTOCOL_ICMPV6:
		return f->transport + 2;
	}
	return NULL;
}

static u32 transport_header_bytes(const struct test_packet *p)
{
	switch (p->protocol) {
	case PROTOCOL_TCP:
		return TCP_BYTES + p->tcp_option_words * 4u;
	case PROTOCOL_UDP:
	case PROTOCOL_ICMP:
	case PROTOCOL_ICMPV6:
		return UDP_BYTES;
	}
	return 0;
}

static u8 *build_link(u8 *at, const struct link_addr *to, const struct test_packet *p, bool ipv4)
{
	memcpy(at, to, sizeof(*to));
	at += 12;
	for (u32 i = 0; i < p->tags; i++) {
		put16(at, i + 1 < p->tags ? 0x88a8 : 0x8100);
		at += VLAN_TAG_BYTES;
		put16(at - 2, 100 + i);
	}
	put16(at, ipv4 ? ETH_P_IP : ETH_P_IPV6);
	return at + 2;
}

static void build_ipv4(struct test_frame *f, const struct test_packet *p, u32 bytes)
{
	u8 *ip = f->ip;
	u32 header_bytes = IPV4_BYTES + p->option_words * 4u;

	ip[0] = (u8)(0x40 | header_bytes / 4);
	put16(ip + 2, header_bytes + bytes);
	ip[8] = p->ttl ? p->ttl : 64;
	ip[9] = p->protocol;
	memcpy(ip + 12, &p->source.words[3], 4);
	memcpy(ip + 16, &p->destination.words[3], 4);
	memset(ip + IPV4_BYTES, 1, p->option_words * 4u);
	test_frame_sum_header(f);
}

static void build_ipv6(struct test_frame *f, const struct test_packet *p, u32 bytes)
{
	u8 *ip = f->ip;

	ip[0] = 0x60;
	put16(ip + 4, bytes);
	ip[6] = p->protocol;
	ip[7] = p->ttl ? p->ttl : 64;
	memcpy(ip + 8, &p->source, 16);
	memcpy(ip + 24, &p->destination, 16);
}

static void build_transport(u8 *at, const struct test_packet *p, u32 bytes)
{
	bool icmp = p->protocol == PROTOCOL_ICMP || p->protocol == PROTOCOL_ICMPV6;

	if (!transport_header_bytes(p))
		return;
	put16(at, p->source_port);
	put16(at + (icmp ? 4 : 2), p->destination_port);
	if (p->protocol == PROTOCOL_UDP)
		put16(at + 4, bytes);
	if (p->protocol != PROTOCOL_TCP)
		return;
	at[12] = (u8)((transport_header_bytes(p) / 4) << 4);
	at[13] = p->tcp_flags;
	memset(at + TCP_BYTES, 1, p->tcp_option_words * 4u);
}

static void sum_transport(struct test_frame *f, const struct test_packet *p)
{
	u8 *check = transport_check(f);
	u32 sum;

	if (!check || (p->protocol == PROTOCOL_UDP && p->no_checksum))
		return;
	sum = ~transport_sum(f) & 0xffff;
	put16(check, p->protocol == PROTOCOL_UDP && !sum ? 0xffff : sum);
}

void test_frame_build(struct test_frame *f, const struct link_addr *to,
		      const struct test_packet *p)
{
	bool ipv4 = !p->source.longs[0] && p->source.words[2] == __builtin_bswap32(0xffff);
	u32 header_bytes = transport_header_bytes(p);
	u32 bytes = header_bytes + p->payload_bytes;

	memset(f, 0, sizeof(*f));
	f->frame.headroom = TEST_FRAME_HEADROOM;
	f->frame.start = f->room + TEST_FRAME_HEADROOM + 2;
	f->ip = build_link(f->frame.start, to, p, ipv4);
	f->transport = f->ip + (ipv4 ? IPV4_BYTES + p->option_words * 4u : (u32)IPV6_BYTES);
	f->frame.end = f->transport + bytes;
	if (f->frame.end > f->room + sizeof(f->room))
		abort();
	if (ipv4)
		build_ipv4(f, p, bytes);
	else
		build_ipv6(f, p, bytes);
	build_transport(f->transport, p, bytes);
	for (u32 i = 0; i < p->payload_bytes; i++)
		f->transport[header_bytes + i] = (u8)(i * 37 + 11);
	sum_transport(f, p);
}

void test_frame_put_payload(struct test_frame *f, const struct test_packet *p,
			    const void *payload)
{
	u8 *check = transport_check(f);

	memcpy(f->transport + transport_header_bytes(p), payload, p->payload_bytes);
	if (check)
		put16(check, 0);
	sum_transport(f, p);
}

static bool transport_sums_up(const struct test_frame *f)
{
	const u8 *check = transport_check(f);

	if (!check || (ip_protocol(f->ip) == PROTOCOL_UDP && !packet_be16(check)))
		return true;
	return transport_sum(f) == 0xffff;
}

bool test_frame_sums_up(const struct test_frame *f)
{
	return (!is_ipv4(f->ip) || sum_bytes(0, f->ip, ip_header_bytes(f->ip)) == 0xffff) &&
	       transport_sums_up(f);
}

void test_frame_resize(struct test_frame *f, size_t bytes)
{
	f->frame.end = f->frame.start + bytes;
	if (f->frame.end > f->room + sizeof(f->room))
		abort();
}

size_t test_frame_bytes(const struct test_frame *f)
{
	return (size_t)(f->frame.end - f->frame.start);
}

void test_frame_sum_header(struct test_frame *f)
{
	put16(f->ip + 10, 0);
	put16(f->ip + 10, ~sum_bytes(0, f->ip, ip_header_bytes(f->ip)));
}
