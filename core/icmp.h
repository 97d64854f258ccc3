/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * ICMP errors about flows, in both directions [RFC5508 REQ-4, REQ-5]: the packet that they
 * quote names the flow, and is translated along with the header outside.
 *
 * An error never opens, refreshes or ends a flow [RFC5508 REQ-6].
 */
#ifndef CORE_ICMP_H
#define CORE_ICMP_H

#include "core/back.h"
#include "core/open.h"
#include "core/rewrite.h"
#include "core/sum.h"

/* => true if the flow is live and expects packets from there */
static __always_inline bool flow_expects(const struct flow *flow, const union ip_addr *remote,
					 __be16 remote_port)
{
	return atomic_read(&flow->life) == FLOW_LIVE && flow->remote_port == remote_port &&
	       flow->remote.longs[0] == remote->longs[0] &&
	       flow->remote.longs[1] == remote->longs[1];
}

/* The packet inside an error, as it lies there. */
struct quoted {
	struct flow_key key; /* source as inside, destination as remote; an id as inside_port */
	u16 ip;              /* offsets in the frame */
	u16 transport;
	u8 kind; /* PACKET_OTHER: it names no flow */
	bool later; /* a fragment with an offset */
};

static __always_inline void quoted_ports(struct quoted *q, const u8 *transport)
{
	if (q->key.protocol == PROTOCOL_TCP || q->key.protocol == PROTOCOL_UDP) {
		q->kind = q->key.protocol == PROTOCOL_TCP ? PACKET_TCP : PACKET_UDP;
		q->key.ports = *(const u32 *)transport;
	} else if (protocol_is_kept(q->key.protocol)) {
		q->kind = PACKET_TUNNEL;
	} else if (protocol_is_icmp(q->key.family, q->key.protocol)) {
		u8 kind = icmp_kind(q->key.family, transport[0]);

		if (kind != PACKET_ECHO_REQUEST && kind != PACKET_ECHO_REPLY)
			return;
		q->kind = kind;
		q->key.inside_port = *(const __be16 *)(transport + 4);
	}
}

/* => bytes of the quoted IPv4 header, 0 if malformed */
static __always_inline u32 quoted_ipv4(const u8 *bytes, u32 limit, struct quoted *q, bool *ports)
{
	const struct iphdr *ip = (const struct iphdr *)bytes;

	if (ip->version != 4 || ip->ihl * 4u < IPV4_BYTES || ip->ihl * 4u > limit)
		return 0;
	ip_addr_from_ipv4(&q->key.inside, ip->saddr);
	ip_addr_from_ipv4(&q->key.remote, ip->daddr);
	q->key.protocol = ip->protocol;
	*ports = !(ip->frag_off & network_u16(0x1fff));
	return ip->ihl * 4u;
}

static __always_inline u32 quoted_ipv6(env_frame *frame, u32 limit, struct quoted *q, bool *ports)
{
	struct ipv6_walk walk = {.quoted = true};
	const struct ipv6hdr *ip =
		(const struct ipv6hdr *)packet_at(frame, q->ip, IPV6_BYTES);

	if (!ip || ip->version != 6 || limit < IPV6_BYTES)
		return 0;
	__builtin_memcpy(&q->key.inside, &ip->saddr, sizeof(q->key.inside));
	__builtin_memcpy(&q->key.remote, &ip->daddr, sizeof(q->key.remote));
	if (ipv6_walk_extensions(frame, q->ip, limit, &walk))
		return 0;
	q->key.protocol = walk.protocol;
	*ports = !walk.fragment_offset;
	return walk.bytes;
}

/* => false if the error does not quote a whole header and 8 bytes behind it */
static __always_inline bool quoted_parse(env_frame *frame, const struct packet *p,
					 struct quoted *q)
{
	u32 limit, header_bytes = 0;
	const u8 *bytes;
	bool ports = false;

	q->key.family = p->key.family;
	q->ip = p->transport + ICMP_BYTES;
	limit = (u32)p->link_bytes + p->length - q->ip;
	bytes = packet_at(frame, q->ip, IPV4_BYTES);
	if (!bytes || limit < IPV4_BYTES)
		return false;
	if (p->key.family == FAMILY_IPV4)
		header_bytes = quoted_ipv4(bytes, limit, q, &ports);
	else
		header_bytes = quoted_ipv6(frame, limit, q, &ports);
	q->transport = (u16)(q->ip + header_bytes);
	bytes = packet_at(frame, q->transport, ICMP_BYTES);
	if (!header_bytes || !bytes || header_bytes + ICMP_BYTES > limit)
		return false;
	q->later = !ports;
	if (ports)
		quoted_ports(q, bytes);
	return true;
}

/* The quoted transport checksum follows, where it was quoted. => its change */
static __always_inline u64 quoted_rewrite_check(env_frame *frame, const struct packet *p,
						const struct quoted *q, u64 change)
{
	u32 offset = q->transport + check_offset(q->kind);
	u16 *check = (u16 *)packet_at(frame, offset, sizeof(*check));

	if (!check || offset + sizeof(*check) > (u32)p->link_bytes + p->length)
		return 0;
	return rewrite_word16(check, transport_checksum(q->kind, *check, change));
}

/*
 * Writes address and port of one end of the quoted packet.
 * => the change of everything written, for the checksum outside, in *change
 */
static __always_inline bool quoted_rewrite_end(env_frame *frame, const struct packet *p,
					       const struct quoted *q, enum packet_end end,
					       const union ip_addr *address, __be16 port,
					       u64 *change)
{
	u16 *port_at = (u16 *)packet_at(frame, q->transport + port_offset(q->kind, end), 2);
	enum ip_family family = p->key.family;
	struct ip_change ip;
	u64 port_change;

	if (!port_at || !rewrite_ip(frame, q->ip, family, end, address, false, &ip))
		return false;
	*change = ip.address + ip.check;
	if (q->kind == PACKET_TUNNEL)
		return true;
	port_change = rewrite_word16(port_at, raw_u16(port));
	*change += port_change;
	if (family == FAMILY_IPV4 && kind_is_query(q->kind)) /* no pseudo-header */
		ip.address = 0;
	*change += quoted_rewrite_check(frame, p, q, ip.address + port_change);
	return true;
}

/* Writes one address of the header outside, if any, its TTL if `hop`, and the ICMP checksum. */
static __always_inline bool error_rewrite_outside(env_frame *frame, const struct packet *p,
						  enum packet_end end,
						  const union ip_addr *address, bool hop,
						  u64 change)
{
	u16 *check = (u16 *)packet_at(frame, p->transport + 2, sizeof(*check));
	enum ip_family family = p->key.family;
	struct ip_change ip = {0};

	if (!check || (address && !rewrite_ip(frame, p->link_bytes, family, end, address, hop, &ip)))
		return false;
	if (family == FAMILY_IPV6) /* the pseudo-header */
		change += ip.address;
	*check = checksum_apply(*check, change);
	return true;
}

/* => slot + 1 of the flow that an error from outside is about */
static __always_inline u32 error_flow_from_outside(const struct packet *p, struct quoted *q,
						   const struct nat_address *target)
{
	bool echo = q->kind == PACKET_ECHO_REQUEST;
	__be16 remote_port = echo ? 0 : q->key.remote_port;
	struct flow *flow;
	u32 owner;

	if ((q->kind != PACKET_TCP && q->kind != PACKET_UDP && q->kind != PACKET_TUNNEL &&
	     !echo) ||
	    q->key.inside.longs[0] != p->key.remote.longs[0] ||
	    q->key.inside.longs[1] != p->key.remote.longs[1])
		return 0;
	if (q->kind == PACKET_TUNNEL)
		return (u32)back_find(&q->key);
	owner = port_owner(target->slot, q->key.protocol, q->key.inside_port);
	flow = owner ? env_flow(owner - 1) : NULL;
	if (flow && flow_is_lease(flow))
		return lease_flow_find(flow, &q->key.remote, remote_port);
	return flow && flow_expects(flow, &q->key.remote, remote_port) ? owner : 0;
}

/* => slot + 1 of the flow that an error from inside (or from the gateway) is about */
static __always_inline u32 error_flow_from_inside(const struct quoted *q, u16 zone)
{
	bool echo = q->kind == PACKET_ECHO_REPLY;
	struct flow_key key = {
		.inside = q->key.remote, .remote = q->key.inside, .protocol = q->key.protocol,
		.family = q->key.family, .zone = zone};

	if (q->kind != PACKET_TCP && q->kind != PACKET_UDP && q->kind != PACKET_TUNNEL && !echo)
		return 0;
	key.inside_port = echo ? q->key.inside_port : q->key.remote_port;
	key.remote_port = echo ? 0 : q->key.inside_port;
	return flow_look_up(&key);
}

/* => true if the error is sent to where the quoted packet came from */
static __always_inline bool error_answers(const struct packet *p, const struct quoted *q)
{
	return q->key.inside.longs[0] == p->key.remote.longs[0] &&
	       q->key.inside.longs[1] == p->key.remote.longs[1];
}

/* => true if the ICMP checksum and that of the quoted IPv4 header are right [RFC5508 REQ-3] */
static __always_inline bool error_sums_up(env_frame *frame, const struct packet *p,
					  const struct quoted *q)
{
	u32 bytes = (u32)p->link_bytes + p->length - p->transport;
	u64 sum = frame_sum(frame, p->transport, bytes);

	if (p->key.family == FAMILY_IPV6)
		sum += ip_addr_sum(&p->key.inside) + ip_addr_sum(&p->key.remote) +
		       pseudo_header_sum(bytes, PROTOCOL_ICMPV6);
	else if (!ipv4_header_sums_up(frame, q->ip, (u32)(q->transport - q->ip) / 4))
		return false;
	return checksum_fold(sum) == 0xffff;
}

/*
 * Which flow an error is about: slot + 1 and direction in *match, slot 0 if it is about none. One
 * that is about what a host inside got from another is from inside at first (core/hairpin.h).
 * => NO_REASON, or the reason to drop it without further ado
 */
core_step int error_match(env_frame *frame, struct packet *p, struct flow_match *match)
{
	struct control *control = env_control();
	const struct nat_address *target;
	const struct nat_config *config;
	struct quoted quoted = {0};

	if (!p || !match || !control)
		return REASON_malformed_packet;
	config = env_config(p->half);
	if (!config || !quoted_parse(frame, p, &quoted))
		return REASON_malformed_packet;
	if (!p->hairpin && nat_address_find(config, &p->key.inside))
		return REASON_spoofed_source;
	target = nat_address_find(config, &p->key.remote);
	match->direction = target ? FLOW_IN : FLOW_OUT;
	if (target)
		match->slot = error_flow_from_outside(p, &quoted, target);
	if (!match->slot && (!target || (!p->hairpin && error_answers(p, &quoted)))) {
		match->slot = error_flow_from_inside(&quoted, p->key.zone);
		if (target && match->slot) {
			match->direction = FLOW_OUT;
			p->hairpin = HAIRPIN_OUT;
		}
	}
	if (match->slot && p->hairpin != HAIRPIN_BACK && !error_sums_up(frame, p, &quoted))
		return REASON_malformed_packet;
	return NO_REASON;
}

/*
 * Translates an error about the flow in `slot` (+ 1). From outside, source inside and destination
 * outside become the host inside; from inside, destination inside and source outside the pool's.
 * The packet inside is parsed a second time: BPF has no stack to keep it meanwhile.
 * => 0, or -1 if the frame does not hold what was parsed
 */
core_step int error_rewrite(env_frame *frame, struct packet *p, u32 slot, u32 direction, u32 hop)
{
	struct control *control = env_control();
	struct flow *flow = env_flow(slot - 1);
	bool in = direction == FLOW_IN;
	struct quoted quoted = {0};
	union ip_addr address;
	u64 change;

	if (!p || !flow || !control || !quoted_parse(frame, p, &quoted))
		return -1;
	address = in ? flow->inside : *flow_translated_address(control, flow);
	if (!quoted_rewrite_end(frame, p, &quoted, in ? PACKET_SOURCE : PACKET_DESTINATION,
				&address, in ? flow->inside_port : flow->port, &change) ||
	    !error_rewrite_outside(frame, p, in ? PACKET_DESTINATION : PACKET_SOURCE, &address,
				   hop, change))
		return -1;
	return 0;
}

/* What became of a packet that the gateway itself sends. */
enum local_outcome { LOCAL_LET_BY, LOCAL_TRANSLATED, LOCAL_DROPPED };

/*
 * Translates an ICMP error that the gateway itself sends about a packet that it had translated for
 * the kernel: only the packet inside, as an error from inside; the source stays the gateway's. One
 * about a fragment with an offset, which only IPv6 sends, may quote an inside host, and nothing in
 * it tells: it does not leave. The one about the first fragment says the same.
 */
static __always_inline enum local_outcome error_rewrite_local(env_frame *frame, struct packet *p)
{
	struct control *control = env_control();
	struct quoted quoted = {0};
	struct flow *flow;
	u64 change;
	u32 slot;

	if (!control || !quoted_parse(frame, p, &quoted))
		return LOCAL_LET_BY;
	if (quoted.later)
		return LOCAL_DROPPED;
	slot = error_flow_from_inside(&quoted, FLOW_ANY_ZONE);
	flow = slot ? env_flow(slot - 1) : NULL;
	return flow &&
			       quoted_rewrite_end(frame, p, &quoted, PACKET_DESTINATION,
						  flow_translated_address(control, flow),
						  flow->port, &change) &&
			       error_rewrite_outside(frame, p, PACKET_SOURCE, NULL, false, change)
		       ? LOCAL_TRANSLATED
		       : LOCAL_LET_BY;
}

#endif
