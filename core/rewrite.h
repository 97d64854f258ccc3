/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Writing into a frame: addresses, ports, TTL, link header, and the checksums that follow.
 * docs/packet-path.md, section 5.
 *
 * INV-EXACT  every changed field enters its checksums with its old and new value, through
 *            core/checksum.h and nothing else
 *
 * Offsets come from parsing the same frame; every function checks them again and returns false
 * without having written if they do not fit, which the caller drops as malformed.
 */
#ifndef CORE_REWRITE_H
#define CORE_REWRITE_H

#include "core/packet.h"

enum packet_end { PACKET_SOURCE, PACKET_DESTINATION };

/* Where things stand in a transport header: checksum, and the port of one end or the query id. */
static __always_inline u32 check_offset(u8 kind)
{
	if (kind == PACKET_TCP)
		return 16;
	return kind == PACKET_UDP ? 6 : 2;
}

static __always_inline bool kind_is_query(u8 kind)
{
	return kind == PACKET_ECHO_REQUEST || kind == PACKET_ECHO_REPLY;
}

static __always_inline u32 port_offset(u8 kind, enum packet_end end)
{
	if (kind_is_query(kind))
		return 4;
	return end == PACKET_SOURCE ? 0 : 2;
}

/* => the checksum of a TCP, UDP or ICMP header after the change */
static __always_inline u16 transport_checksum(u8 kind, u16 check, u64 change)
{
	return kind == PACKET_UDP ? checksum_apply_udp(check, change)
				  : checksum_apply(check, change);
}

/* Writes a word of the frame. => its change */
static __always_inline u64 rewrite_word16(u16 *at, u16 new)
{
	u64 change = checksum_change16(*at, new);

	*at = new;
	return change;
}

static __always_inline u64 rewrite_word32(u32 *at, u32 new)
{
	u64 change = checksum_change32(*at, new);

	*at = new;
	return change;
}

/* Writes an address into the IP header at `ip`. => its change, which IPv4's own checksum took too */
static __always_inline u64 rewrite_address(u8 *ip, enum ip_family family, enum packet_end end,
					   const union ip_addr *address)
{
	u32 *at = (u32 *)(ip + (end == PACKET_SOURCE ? 8 : 24));
	u16 *check = (u16 *)(ip + 10);
	u64 change;

	if (family == FAMILY_IPV4) {
		change = rewrite_word32((u32 *)(ip + (end == PACKET_SOURCE ? 12 : 16)),
					address->words[3]);
		*check = checksum_apply(*check, change);
		return change;
	}
	return rewrite_word32(at, address->words[0]) + rewrite_word32(at + 1, address->words[1]) +
	       rewrite_word32(at + 2, address->words[2]) +
	       rewrite_word32(at + 3, address->words[3]);
}

/* TTL or hop limit minus one; the caller has seen that it is more than one. */
static __always_inline void rewrite_ttl(u8 *ip, enum ip_family family)
{
	u16 *word = (u16 *)(ip + 8), *check = (u16 *)(ip + 10);
	u16 old = *word;

	if (family == FAMILY_IPV6) {
		ip[7]--;
		return;
	}
	ip[8]--;
	*check = checksum_apply(*check, checksum_change16(old, *word));
}

/*
 * Translates one end of a TCP, UDP or echo packet.
 * => false if the frame does not hold what was parsed
 */
static __always_inline bool rewrite_end(env_frame *frame, const struct packet *p,
					enum packet_end end, const union ip_addr *address,
					__be16 port)
{
	enum ip_family family = p->key.family;
	u8 kind = p->kind;
	u8 *ip = packet_at(frame, p->link_bytes,
			   family == FAMILY_IPV4 ? IPV4_BYTES : IPV6_BYTES);
	u16 *check = (u16 *)packet_at(frame, p->transport + check_offset(kind), 2);
	u16 *port_at = (u16 *)packet_at(frame, p->transport + port_offset(kind, end), 2);
	u64 change;

	if (!ip || !check || !port_at)
		return false;
	change = rewrite_address(ip, family, end, address);
	if (family == FAMILY_IPV4 && kind_is_query(kind)) /* no pseudo-header */
		change = 0;
	change += rewrite_word16(port_at, port);
	*check = transport_checksum(kind, *check, change);
	return true;
}

/* Decrements the TTL and writes the Ethernet addresses of the next hop. */
static __always_inline bool rewrite_hop(env_frame *frame, const struct packet *p,
					const struct link_addr *to, const struct link_addr *from)
{
	struct link_addr *link = (struct link_addr *)packet_at(frame, 0, 2 * sizeof(*link));
	u8 *ip = packet_at(frame, p->link_bytes,
			   p->key.family == FAMILY_IPV4 ? IPV4_BYTES : IPV6_BYTES);

	if (!link || !ip)
		return false;
	rewrite_ttl(ip, p->key.family);
	link[0] = *to;
	link[1] = *from;
	return true;
}

#endif
