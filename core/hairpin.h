/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Packets from one inside host to another, by its translated address and port: docs/packet-path.md,
 * section 11. [RFC4787 REQ-9, RFC5382 REQ-8, RFC5508 REQ-7]
 *
 * Such a packet has two flows. That of its sender is looked for, or opened (first_route_inside()),
 * as of any packet from inside; then the packet is turned around: what is known of it is what the
 * outside would see, and it is judged as if it came from there. The frame is written when both
 * flows are known.
 *
 * Only packets that were turned around may have a NAT address as source. A flow that expects one
 * (FLOW_HAIRPIN) is not found for any other.
 */
#ifndef CORE_HAIRPIN_H
#define CORE_HAIRPIN_H

#include "core/inbound.h"

/* The flow of the first half, if there is one. => 0 */
core_step int hairpin_match(struct packet *p, struct flow_match *match)
{
	if (!p || !match)
		return -1;
	if (p->fragment || (p->kind != PACKET_TCP && p->kind != PACKET_UDP))
		return 0;
	match->slot = flow_look_up(&p->key);
	if (match->slot)
		p->hairpin = HAIRPIN_OUT;
	return 0;
}

/*
 * The first half is over, and its flow, which was in *match, is kept in p->hash: the packet is from
 * outside now. => NO_REASON, or why it goes no further
 */
core_step int hairpin_turn(struct packet *p, struct flow_match *match)
{
	struct control *control = env_control();
	struct flow *flow;

	if (!p || !match || !control)
		return REASON_filtered_inbound;
	flow = env_flow(match->slot - 1);
	if (!flow)
		return REASON_filtered_inbound;
	if (p->ttl <= 1)
		return REASON_ttl_expired;
	if (atomic_read(&flow->life) == FLOW_ENDING)
		return REASON_route_changed;
	p->key.inside = *flow_translated_address(control, flow);
	if (p->kind != PACKET_ICMP_ERROR)
		p->key.inside_port = flow->port;
	p->key.zone = flow_to_zone(flow);
	p->hairpin = HAIRPIN_BACK;
	p->hash = match->slot;
	match->slot = 0;
	match->direction = FLOW_IN;
	return NO_REASON;
}

/* Writes the source that a packet has been given. => 0, or -1 if the frame does not hold it */
core_step int hairpin_rewrite(env_frame *frame, struct packet *p)
{
	if (!p)
		return -1;
	return rewrite_end(frame, p, PACKET_SOURCE, &p->key.inside, p->key.inside_port, false)
		       ? 0
		       : -1;
}

/*
 * The second half, of a packet whose first flow is in *match.
 * => NO_REASON and the second flow in *match, or the reason
 */
static __always_inline u32 hairpin_back(env_frame *frame, struct packet *p,
					struct flow_match *match)
{
	u32 reason = (u32)hairpin_turn(p, match);

	if (reason == NO_REASON)
		inbound_match(p, match);
	if (reason == NO_REASON && !match->slot)
		reason = (u32)inbound_open(p, match);
	if (reason != NO_REASON)
		return reason;
	if (!match->slot)
		return REASON_filtered_inbound;
	return hairpin_rewrite(frame, p) ? REASON_malformed_packet : NO_REASON;
}

/* The same for an ICMP error, which is written in between: what it quotes names both flows. */
static __always_inline u32 hairpin_error(env_frame *frame, struct packet *p,
					 struct flow_match *match)
{
	u32 reason = (u32)hairpin_turn(p, match);

	if (reason != NO_REASON)
		return reason;
	if (error_rewrite(frame, p, (u32)p->hash, FLOW_OUT, false))
		return REASON_malformed_packet;
	reason = (u32)error_match(frame, p, match);
	return reason == NO_REASON && !match->slot ? REASON_filtered_inbound : reason;
}

#endif
