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

#include "core/bits.h"
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

/* What writing into an IP header changed, for the checksums that depend on it. */
struct ip_change {
	u64 address;
	u64 check; /* IPv4's own checksum */
};

/* TTL minus one, and the checksum with it; the caller has seen that it is more than one. */
static __always_inline u64 ipv4_decrement_ttl(u8 *ip)
{
	u16 *word = (u16 *)(ip + 8); /* TTL in the low byte, protocol in the high one */

	return rewrite_word16(word, (u16)(*word - 1));
}

static __always_inline bool rewrite_ipv4(env_frame *frame, u32 offset, enum packet_end end,
					 const union ip_addr *address, bool hop,
					 struct ip_change *change)
{
	u8 *ip = packet_at(frame, offset, IPV4_BYTES);
	u16 *check;
	u64 hop_change;

	if (!ip)
		return false;
	check = (u16 *)(ip + 10);
	hop_change = hop ? ipv4_decrement_ttl(ip) : 0;
	change->address = rewrite_word32((u32 *)(ip + (end == PACKET_SOURCE ? 12 : 16)),
					 raw_u32(address->words[3]));
	change->check = rewrite_word16(check, checksum_apply(*check,
							     change->address + hop_change));
	return true;
}

static __always_inline bool rewrite_ipv6(env_frame *frame, u32 offset, enum packet_end end,
					 const union ip_addr *address, bool hop,
					 struct ip_change *change)
{
	u8 *ip = packet_at(frame, offset, IPV6_BYTES);
	u32 *at;

	if (!ip)
		return false;
	if (hop)
		ip[7]--;
	at = (u32 *)(ip + (end == PACKET_SOURCE ? 8 : 24));
	change->address = rewrite_word32(at, raw_u32(address->words[0])) +
			  rewrite_word32(at + 1, raw_u32(address->words[1])) +
			  rewrite_word32(at + 2, raw_u32(address->words[2])) +
			  rewrite_word32(at + 3, raw_u32(address->words[3]));
	change->check = 0;
	return true;
}

/*
 * Writes an address into the IP header at the offset; with `hop`, its TTL or hop limit loses one.
 * => false if the frame does not hold it
 */
static __always_inline bool rewrite_ip(env_frame *frame, u32 offset, enum ip_family family,
				       enum packet_end end, const union ip_addr *address, bool hop,
				       struct ip_change *change)
{
	return family == FAMILY_IPV4 ? rewrite_ipv4(frame, offset, end, address, hop, change)
				     : rewrite_ipv6(frame, offset, end, address, hop, change);
}

/* TTL or hop limit minus one. => false if the frame does not hold it */
static __always_inline bool rewrite_ttl(env_frame *frame, const struct packet *p)
{
	bool ipv4 = p->key.family == FAMILY_IPV4;
	u8 *ip = packet_at(frame, p->link_bytes, IPV4_BYTES);
	u16 *check;

	if (!ip)
		return false;
	if (!ipv4) {
		ip[7]--;
		return true;
	}
	check = (u16 *)(ip + 10);
	*check = checksum_apply(*check, ipv4_decrement_ttl(ip));
	return true;
}

/*
 * Translates one end of a TCP, UDP or echo packet; with `hop`, its TTL loses one.
 * => false if the frame does not hold what was parsed
 */
static __always_inline bool rewrite_end(env_frame *frame, const struct packet *p,
					enum packet_end end, const union ip_addr *address,
					__be16 port, bool hop)
{
	enum ip_family family = p->key.family;
	u8 kind = p->kind;
	u16 *check = (u16 *)packet_at(frame, p->transport + check_offset(kind), 2);
	u16 *port_at = (u16 *)packet_at(frame, p->transport + port_offset(kind, end), 2);
	struct ip_change change;

	if (!check || !port_at ||
	    !rewrite_ip(frame, p->link_bytes, family, end, address, hop, &change))
		return false;
	if (family == FAMILY_IPV4 && kind_is_query(kind)) /* no pseudo-header */
		change.address = 0;
	*check = transport_checksum(kind, *check,
				    change.address + rewrite_word16(port_at, raw_u16(port)));
	return true;
}

/* Writes the Ethernet addresses of the next hop. */
static __always_inline bool rewrite_link(env_frame *frame, const struct link_addr *to,
					 const struct link_addr *from)
{
	struct link_addr *link = (struct link_addr *)packet_at(frame, 0, 2 * sizeof(*link));

	if (!link)
		return false;
	link[0] = *to;
	link[1] = *from;
	return true;
}

#endif
