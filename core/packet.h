/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What the core knows of a frame, and how it learns it: docs/packet-path.md, section 1.
 *
 * Parsing trusts nothing: every read is checked against the end of the frame, and every length
 * that a header claims against what is there.
 */
#ifndef CORE_PACKET_H
#define CORE_PACKET_H

#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include "core/bits.h"
#include "core/checksum.h"
#include "core/flow.h"

/* Up to PACKET_TUNNEL: whatever is translated of it is an address. */
enum packet_kind {
	PACKET_OTHER, /* no ports, no flow */
	PACKET_FRAGMENT,
	PACKET_TUNNEL, /* GRE or ESP */
	PACKET_TCP,
	PACKET_UDP,
	PACKET_ECHO_REQUEST,
	PACKET_ECHO_REPLY,
	PACKET_ICMP_ERROR,
};

/*
 * A first fragment that shows what it belongs to has the kind of that; others are PACKET_FRAGMENT.
 */
enum fragment_part {
	FRAGMENT_NONE,  /* not a fragment, or one of a protocol that has no flows */
	FRAGMENT_FIRST, /* without an offset */
	FRAGMENT_LATER,
};

/* A packet from one inside host to another: see core/hairpin.h. */
enum hairpin_half {
	HAIRPIN_NONE,
	HAIRPIN_OUT,  /* it is being translated outward */
	HAIRPIN_BACK, /* its source is the gateway's: it is judged as from outside */
};

enum packet_needs {
	PACKET_NEEDS_ANSWER = 1,       /* refused by a rule, and its sender is to be told */
	PACKET_NEEDS_SEGMENT_SIZE = 2, /* a SYN, translated, which offers one */
	PACKET_NEEDS_KEEPING = 4,      /* a SYN that nobody expects: its sender is told later */
};

enum tcp_flags { TCP_FIN = 0x01, TCP_SYN = 0x02, TCP_RST = 0x04, TCP_ACK = 0x10 };

struct packet {
	u64 hash; /* of the key, for packets that have a flow; of a later fragment its new id; of a
		   * hairpinned packet slot + 1 of its first flow */
	struct flow_key key; /* source as inside, destination as remote; a query id as the port
			      * of the inside end: inside_port of a request, and of a reply too */
	u32 ifindex;         /* ingress */
	u32 half;            /* of the configuration */
	u16 column;          /* of the ingress interface in rule_set_of */
	u16 link_bytes;      /* Ethernet header and tags: where the IP header begins */
	u16 transport;       /* offset of the transport header in the frame */
	u16 length;          /* of the IP packet */
	u8 kind;             /* enum packet_kind */
	u8 ttl;
	u8 tos;
	u8 tcp_flags;
	bool may_fragment; /* IPv4 without don't-fragment */
	bool steered;      /* a worker is there to take it: see nat_packet() */
	bool rehearsed;    /* judged once more, and to leave no trace: see nat_rehearse() */
	u8 fragment : 2;   /* enum fragment_part */
	u8 hairpin : 2;    /* enum hairpin_half */
	u8 needs : 4;      /* enum packet_needs: what is left to do once it is judged */
};

/* Parsing goes on; otherwise the reason that ends it. */
#define NO_REASON REASON_COUNT

/* Not a reason either: the packet is the NAT's, and the worker's that waits for it. */
#define FOR_WORKER (REASON_COUNT + 1)

/* Nor these: a fragment that came before its first one is to be held, and is. */
#define FOR_STORE (REASON_COUNT + 2)
#define IS_HELD (REASON_COUNT + 3)

enum {
	IPV4_BYTES = 20,
	IPV6_BYTES = 40,
	TCP_BYTES = 20,
	UDP_BYTES = 8,
	ICMP_BYTES = 8,
	GRE_BYTES = 4,
	ESP_BYTES = 8,
	VLAN_TAGS = 2,
	VLAN_TAG_BYTES = 4,
	IPV6_EXTENSIONS = 8,
	IPV6_EXTENSION_UNIT = 8,
	FRAGMENT_UNIT = 8,
	DATAGRAM_BYTES_MAX = 65535,
	/* offsets fit in 15 bits, so that an offset and a header never overflow 16 */
	PACKET_OFFSET_MASK = 0x7fff,
};

enum ip_protocol {
	PROTOCOL_ICMP = 1,
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
	PROTOCOL_GRE = 47,
	PROTOCOL_ESP = 50,
	PROTOCOL_ICMPV6 = 58,
};

enum ipv6_extension {
	EXTENSION_HOP_BY_HOP = 0,
	EXTENSION_ROUTING = 43,
	EXTENSION_FRAGMENT = 44,
	EXTENSION_DESTINATION = 60,
};

static __always_inline u16 packet_be16(const u8 *bytes)
{
	return (u16)(bytes[0] << 8 | bytes[1]);
}

/* => the bytes at the offset if `bytes` of them are in the frame, otherwise NULL */
static __always_inline u8 *packet_at(const env_frame *frame, u32 offset, u32 bytes)
{
	u8 *at = env_frame_start(frame) + (offset & PACKET_OFFSET_MASK);

	return at + bytes <= env_frame_end(frame) ? at : NULL;
}

static __always_inline void ip_addr_from_ipv4(union ip_addr *address, __be32 ipv4)
{
	address->longs[0] = 0;
	address->words[2] = network_u32(0xffff);
	address->words[3] = ipv4;
}

/* => the offset of the IP header; 0 if there is none. The family's EtherType in *type */
static __always_inline u32 packet_skip_link(const env_frame *frame, u16 *type)
{
	u32 offset = ETH_HLEN;
	u8 *link = packet_at(frame, 0, ETH_HLEN);

	if (!link)
		return 0;
	*type = packet_be16(link + 12);
	for (int i = 0; i < VLAN_TAGS; i++) {
		u8 *tag;

		if (*type != ETH_P_8021Q && *type != ETH_P_8021AD)
			break;
		tag = packet_at(frame, offset, VLAN_TAG_BYTES);
		if (!tag)
			return 0;
		*type = packet_be16(tag + 2);
		offset += VLAN_TAG_BYTES;
	}
	return offset;
}

/* 0.0.0.0/8, 127.0.0.0/8, 224.0.0.0/3 */
static __always_inline bool ipv4_is_special(__be32 address)
{
	u8 first = (u8)raw_u32(address);

	return first == 0 || first == 127 || first >= 224;
}

/*
 * ff00::/8, fe80::/10, ::, ::1, and ::ffff:0:0/96, which is not for the wire [RFC6890] and which
 * the core takes for IPv4.
 */
static __always_inline bool ipv6_is_special(const union ip_addr *a)
{
	return a->bytes[0] == 0xff || (a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80) ||
	       (!a->longs[0] && ((a->longs[1] & ~(1ull << 56)) == 0 ||
				 a->words[2] == network_u32(0xffff)));
}

static __always_inline u32 packet_parse_tcp(const env_frame *frame, struct packet *p, u32 bytes)
{
	u8 *tcp = packet_at(frame, p->transport, TCP_BYTES);
	u32 header_bytes;

	if (!tcp || bytes < TCP_BYTES)
		return REASON_malformed_packet;
	header_bytes = (tcp[12] >> 4) * 4u;
	if (header_bytes < TCP_BYTES || (header_bytes > bytes && !p->fragment))
		return REASON_malformed_packet;
	p->kind = PACKET_TCP;
	p->tcp_flags = tcp[13];
	p->key.ports = *(u32 *)tcp;
	return NO_REASON;
}

static __always_inline u32 packet_parse_udp(const env_frame *frame, struct packet *p, u32 bytes)
{
	u8 *udp = packet_at(frame, p->transport, UDP_BYTES);
	u32 length;

	if (!udp || bytes < UDP_BYTES)
		return REASON_malformed_packet;
	length = packet_be16(udp + 4);
	if (length < UDP_BYTES || (length > bytes && !p->fragment))
		return REASON_malformed_packet;
	p->kind = PACKET_UDP;
	p->key.ports = *(u32 *)udp;
	return NO_REASON;
}

/* Neighbour discovery is the kernel's. */
static __always_inline bool icmpv6_is_discovery(u8 type)
{
	return type >= 133 && type <= 137;
}

static __always_inline u8 icmp_kind(enum ip_family family, u8 type)
{
	if (family == FAMILY_IPV4) {
		switch (type) {
		case 8:
			return PACKET_ECHO_REQUEST;
		case 0:
			return PACKET_ECHO_REPLY;
		case 3:
		case 11:
		case 12:
			return PACKET_ICMP_ERROR;
		}
		return PACKET_OTHER;
	}
	if (type == 128)
		return PACKET_ECHO_REQUEST;
	if (type == 129)
		return PACKET_ECHO_REPLY;
	return type >= 1 && type <= 4 ? PACKET_ICMP_ERROR : PACKET_OTHER;
}

static __always_inline u32 packet_parse_icmp(const env_frame *frame, struct packet *p, u32 bytes)
{
	u8 *icmp = packet_at(frame, p->transport, ICMP_BYTES);

	if (!icmp || bytes < ICMP_BYTES)
		return REASON_malformed_packet;
	if (p->key.family == FAMILY_IPV6 && icmpv6_is_discovery(icmp[0]) && !p->fragment)
		return REASON_special_address;
	p->kind = icmp_kind(p->key.family, icmp[0]);
	if (p->kind == PACKET_ECHO_REQUEST || p->kind == PACKET_ECHO_REPLY)
		p->key.inside_port = *(__be16 *)(icmp + 4);
	else if (p->fragment)
		p->kind = PACKET_FRAGMENT;
	return NO_REASON;
}

static __always_inline bool protocol_is_icmp(enum ip_family family, u8 protocol)
{
	return protocol == (family == FAMILY_IPV4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6);
}

/*
 * => true if nothing behind the IP header may change: flows of the protocol own no port, but a way
 * back (core/back.h)
 */
static __always_inline bool protocol_is_kept(u8 protocol)
{
	return protocol == PROTOCOL_GRE || protocol == PROTOCOL_ESP;
}

static __always_inline bool packet_is_kept(const struct packet *p)
{
	return p->kind == PACKET_TUNNEL;
}

/* [RFC2784 section 2.1, RFC4303 section 2] */
static __always_inline u32 packet_parse_tunnel(struct packet *p, u32 bytes)
{
	if (bytes < (p->key.protocol == PROTOCOL_GRE ? GRE_BYTES : ESP_BYTES))
		return REASON_malformed_packet;
	p->kind = PACKET_TUNNEL;
	return NO_REASON;
}

/* bytes: from the transport header to the end of the IP packet */
static __always_inline u32 packet_parse_transport(const env_frame *frame, struct packet *p,
						  u32 bytes)
{
	if (p->key.protocol == PROTOCOL_TCP)
		return packet_parse_tcp(frame, p, bytes);
	if (p->key.protocol == PROTOCOL_UDP)
		return packet_parse_udp(frame, p, bytes);
	if (protocol_is_icmp(p->key.family, p->key.protocol))
		return packet_parse_icmp(frame, p, bytes);
	if (protocol_is_kept(p->key.protocol))
		return packet_parse_tunnel(p, bytes);
	return NO_REASON;
}

static __always_inline bool protocol_has_flows(enum ip_family family, u8 protocol)
{
	return protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP ||
	       protocol_is_icmp(family, protocol) || protocol_is_kept(protocol);
}

/*
 * bytes: behind the IP header and the extensions, from `offset` of the datagram on.
 * => NO_REASON; the ports of a first fragment are still to be read
 */
static __always_inline u32 packet_parse_fragment(struct packet *p, u32 offset, u32 bytes)
{
	bool tcp = p->key.protocol == PROTOCOL_TCP;

	p->kind = PACKET_FRAGMENT;
	if (offset + bytes > DATAGRAM_BYTES_MAX || (tcp && offset && offset < TCP_BYTES))
		return REASON_malformed_packet;
	if (!offset)
		p->fragment = FRAGMENT_FIRST;
	else if (protocol_has_flows(p->key.family, p->key.protocol))
		p->fragment = FRAGMENT_LATER;
	return NO_REASON;
}

/* => true if the header of `words` 32-bit words at ip, all of it in the frame, sums up */
static __always_inline bool ipv4_header_sums_up(const env_frame *frame, u32 offset, u32 words)
{
	const u32 *fixed = (const u32 *)packet_at(frame, offset, IPV4_BYTES);
	u64 sum = 0;

	if (!fixed)
		return false;
	for (u32 i = 0; i < 5; i++)
		sum += fixed[i];
	for (u32 i = 5; i < 15 && i < words; i++) {
		const u32 *option = (const u32 *)packet_at(frame, offset + 4 * i, 4);

		if (!option)
			return false;
		sum += *option;
	}
	return checksum_fold(sum) == 0xffff;
}

static __always_inline u32 packet_parse_ipv4(const env_frame *frame, struct packet *p)
{
	struct iphdr *ip = (struct iphdr *)packet_at(frame, p->link_bytes, IPV4_BYTES);
	u32 header_bytes;

	if (!ip || ip->version != 4)
		return REASON_malformed_packet;
	header_bytes = ip->ihl * 4u;
	p->length = host_u16(ip->tot_len);
	if (header_bytes < IPV4_BYTES || p->length < header_bytes ||
	    !packet_at(frame, p->link_bytes, p->length) ||
	    !ipv4_header_sums_up(frame, p->link_bytes, ip->ihl))
		return REASON_malformed_packet;
	if (ipv4_is_special(ip->saddr) || ipv4_is_special(ip->daddr))
		return REASON_special_address;
	p->key.protocol = ip->protocol;
	ip_addr_from_ipv4(&p->key.inside, ip->saddr);
	ip_addr_from_ipv4(&p->key.remote, ip->daddr);
	p->ttl = ip->ttl;
	p->tos = ip->tos;
	p->may_fragment = !(ip->frag_off & network_u16(0x4000));
	p->transport = (u16)(p->link_bytes + header_bytes);
	if (ip->frag_off & network_u16(0x3fff)) {
		u32 offset = (host_u16(ip->frag_off) & 0x1fffu) * FRAGMENT_UNIT;
		u32 reason = packet_parse_fragment(p, offset, p->length - header_bytes);

		if (p->fragment != FRAGMENT_FIRST)
			return reason;
	}
	return packet_parse_transport(frame, p, p->length - header_bytes);
}

/*
 * What stands behind the IPv6 header and its extensions: bytes walked, the protocol, and what the
 * fragment header said if there was one. The walk ends at a fragment.
 */
struct ipv6_walk {
	u32 bytes;
	u8 protocol;
	bool quoted; /* in: a first fragment is walked on, because it has the ports */
	u16 fragment_offset; /* in bytes */
	bool more_fragments;
};

static __always_inline bool ipv6_is_extension(u8 protocol)
{
	return protocol == EXTENSION_HOP_BY_HOP || protocol == EXTENSION_ROUTING ||
	       protocol == EXTENSION_FRAGMENT || protocol == EXTENSION_DESTINATION;
}

/*
 * Walks from the IPv6 header at `offset` to the transport header, within `limit` bytes.
 * => 0; -1 if an extension ends outside, or there are too many
 */
core_step int ipv6_walk_extensions(env_frame *frame, u32 offset, u32 limit,
				   struct ipv6_walk *walk)
{
	u8 *header;

	if (!walk)
		return -1;
	header = packet_at(frame, offset, IPV6_BYTES);
	if (!header || limit < IPV6_BYTES)
		return -1;
	walk->protocol = header[6];
	walk->bytes = IPV6_BYTES;
	for (int i = 0; ipv6_is_extension(walk->protocol); i++) {
		bool fragment = walk->protocol == EXTENSION_FRAGMENT;

		header = packet_at(frame, offset + walk->bytes, IPV6_EXTENSION_UNIT);
		if (!header || walk->bytes + IPV6_EXTENSION_UNIT > limit)
			return -1;
		walk->protocol = header[0];
		walk->bytes += fragment ? IPV6_EXTENSION_UNIT
					: (header[1] + 1u) * IPV6_EXTENSION_UNIT;
		if (fragment) {
			walk->fragment_offset = (u16)(packet_be16(header + 2) & 0xfff8);
			walk->more_fragments = header[3] & 1;
		}
		if (walk->fragment_offset || (walk->more_fragments && !walk->quoted))
			return 0;
		if (i == IPV6_EXTENSIONS || walk->bytes > limit)
			return -1;
	}
	return 0;
}

static __always_inline u32 packet_parse_ipv6(env_frame *frame, struct packet *p)
{
	struct ipv6hdr *ip = (struct ipv6hdr *)packet_at(frame, p->link_bytes, IPV6_BYTES);
	struct ipv6_walk walk = {0};

	if (!ip || ip->version != 6)
		return REASON_malformed_packet;
	p->length = (u16)(host_u16(ip->payload_len) + IPV6_BYTES);
	if (p->length < IPV6_BYTES || !packet_at(frame, p->link_bytes, p->length))
		return REASON_malformed_packet;
	__builtin_memcpy(&p->key.inside, &ip->saddr, sizeof(p->key.inside));
	__builtin_memcpy(&p->key.remote, &ip->daddr, sizeof(p->key.remote));
	if (ipv6_is_special(&p->key.inside) || ipv6_is_special(&p->key.remote))
		return REASON_special_address;
	p->ttl = ip->hop_limit;
	p->tos = (u8)(ip->priority << 4 | ip->flow_lbl[0] >> 4);
	walk.protocol = ip->nexthdr;
	walk.bytes = IPV6_BYTES;
	if (ipv6_is_extension(ip->nexthdr) &&
	    ipv6_walk_extensions(frame, p->link_bytes, p->length, &walk))
		return REASON_malformed_packet;
	p->key.protocol = walk.protocol;
	p->transport = (u16)(p->link_bytes + walk.bytes);
	if (walk.fragment_offset || walk.more_fragments) {
		u32 reason = packet_parse_fragment(p, walk.fragment_offset, p->length - walk.bytes);

		if (p->fragment != FRAGMENT_FIRST)
			return reason;
	}
	return packet_parse_transport(frame, p, p->length - walk.bytes);
}

/* => NO_REASON for IPv4 and IPv6 */
static __always_inline u32 packet_parse_link(const env_frame *frame, struct packet *p)
{
	u16 type = 0;

	p->link_bytes = (u16)packet_skip_link(frame, &type);
	p->key.family = type == ETH_P_IP ? FAMILY_IPV4 : FAMILY_IPV6;
	return p->link_bytes && (type == ETH_P_IP || type == ETH_P_IPV6) ? NO_REASON
									  : REASON_not_ip;
}

/*
 * Fills in the rest of the packet, except for what depends on the configuration.
 * => NO_REASON, or the reason for which it is none of the NAT's business, or to be dropped
 */
static __always_inline u32 packet_parse_ip(env_frame *frame, struct packet *p)
{
	return p->key.family == FAMILY_IPV4 ? packet_parse_ipv4(frame, p)
					    : packet_parse_ipv6(frame, p);
}

#endif
