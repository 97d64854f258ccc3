/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The NAT core: what becomes of a packet.
 *
 * This is all that Holdfast knows about translating packets, for every dataplane. It is
 * compiled into the XDP program and into native code from the same text; a dataplane receives a
 * frame, calls nat_packet(), and does what the verdict says. docs/packet-path.md is the
 * specification, written for readers and for the oracle in tests/model.
 *
 *     inside -> parse -> flow table: hit  -> way -> rewrite -> out
 *                                    miss -> route, rules -> selector -> port -> flow
 *     outside -> parse -> NAT address? -> port table -> flow expects it? -> way -> rewrite -> in
 *                                                       lease? its flow, or a new one if permitted
 *     inside -> NAT address -> a flow as from inside, and then as from outside (core/hairpin.h)
 *
 * INV-ALIAS   two live flows never share (address, protocol, port): ports have one owner
 *             (INV-PORT-1), and a flow is found by its port only through that owner; of GRE and
 *             ESP never (address, protocol, remote address), by the way back (INV-BACK-1)
 * INV-CLOSED  a packet that a rule owns leaves translated or not at all, or is handed to the
 *             kernel where the kernel will answer it and cannot forward it
 * INV-BOUNDED no table grows: a full one refuses, with a reason
 * INV-PARITY  every dataplane judges packets by this text and by nothing else, so the same packet
 *             over the same configuration and state gives the same bytes and the same state
 * INV-RECLAIM a slot or a port that packets may have seen is used again only after a grace
 *             period; the packet path itself frees nothing but what nobody can have seen
 *
 * Concurrency: any number of CPUs and workers run this at once over the same tables, without
 * locks. core/flow.h and core/ports.h say how.
 */
#ifndef CORE_NAT_H
#define CORE_NAT_H

#include "core/fragment.h"
#include "core/answer.h"
#include "core/caller.h"
#include "core/hairpin.h"
#include "core/icmp.h"
#include "core/mss.h"

static __always_inline void flow_account(const struct control *control, struct flow *flow,
					 const struct packet *p, const struct flow_match *match)
{
	struct flow_stats *stats = env_flow_stats(match->slot - 1);
	u32 direction = match->direction % FLOW_DIRECTIONS;
	u32 now = env_now_s(control);

	if (atomic_read(&flow->last_seen_s) != now)
		atomic_write(&flow->last_seen_s, now);
	if (p->kind == PACKET_TCP) {
		u8 state = atomic_read(&flow->tcp_state);
		u8 next = tcp_next_state(state, p->tcp_flags, direction);

		if (next != state)
			atomic_write(&flow->tcp_state, next);
	}
	if (stats) {
		atomic_add(&stats->packets[direction], 1);
		atomic_add(&stats->bytes[direction], p->length);
	}
}

/* Counts a hairpinned packet for its first flow. => 0 */
core_step int hairpin_account(struct packet *p)
{
	struct control *control = env_control();
	struct flow_match match = {.direction = FLOW_OUT};
	struct flow *flow;

	if (!p || !control)
		return -1;
	match.slot = (u32)p->hash;
	flow = env_flow(match.slot - 1);
	if (flow)
		flow_account(control, flow, p, &match);
	return 0;
}

/* hop: the packet is forwarded by us. => false if the frame does not hold what was parsed */
static __always_inline bool flow_rewrite(env_frame *frame, struct packet *p,
					 const struct control *control, const struct flow *flow,
					 const struct flow_match *match, bool hop)
{
	if ((p->tcp_flags & TCP_SYN) && !p->fragment)
		p->needs |= PACKET_NEEDS_SEGMENT_SIZE;
	if (p->kind == PACKET_ICMP_ERROR)
		return !error_rewrite(frame, p, match->slot, match->direction, hop);
	if (p->kind <= PACKET_TUNNEL)
		return !address_rewrite(frame, p, match->slot, match->direction, hop);
	if (match->direction == FLOW_IN)
		return rewrite_end(frame, p, PACKET_DESTINATION, &flow->inside, flow->inside_port,
				   hop);
	return rewrite_end(frame, p, PACKET_SOURCE, flow_translated_address(control, flow),
			   flow->port, hop);
}

/* Sends a packet out through a next hop. */
static __always_inline struct verdict flow_forward(env_frame *frame, struct packet *p,
						   const struct control *control,
						   struct flow *flow,
						   const struct flow_match *match,
						   const struct link_addr *to,
						   const struct link_addr *from,
						   struct verdict verdict)
{
	if (!flow_rewrite(frame, p, control, flow, match, true) || !rewrite_link(frame, to, from))
		return verdict_drop(REASON_malformed_packet);
	if (p->kind != PACKET_ICMP_ERROR)
		flow_account(control, flow, p, match);
	return verdict;
}

/* The flow remembers no next hop for the packet: the kernel is asked, or gets it. */
static __always_inline struct verdict flow_send_asking(env_frame *frame, struct packet *p,
						       const struct control *control,
						       struct flow *flow,
						       const struct flow_match *match)
{
	bool data = p->kind != PACKET_ICMP_ERROR;
	struct way way = {0};

	if (p->ttl <= 1) /* from outside; from inside it has not come so far */
		way.verdict = verdict_translated(REASON_ttl_expired);
	else if (way_ask(frame, p, &way, match->slot, match->direction))
		way.verdict = verdict_drop(REASON_no_route);
	if (way.verdict.reason == REASON_route_changed && match->direction == FLOW_OUT && data)
		atomic_write(&flow->life, FLOW_ENDING);
	if (way.verdict.action == VERDICT_FORWARD)
		return flow_forward(frame, p, control, flow, match, &way.to, &way.from,
				    way.verdict);
	if (way.verdict.action != VERDICT_KERNEL_TRANSLATED)
		return way.verdict;
	if (!flow_rewrite(frame, p, control, flow, match, false))
		return verdict_drop(REASON_malformed_packet);
	if (data)
		flow_account(control, flow, p, match);
	return way.verdict;
}

/* Translates a packet of a flow and sends it on its way. */
static __always_inline struct verdict flow_send(env_frame *frame, struct packet *p,
						const struct control *control,
						const struct flow_match *match)
{
	struct flow *flow = env_flow(match->slot - 1);
	struct flow_stats *stats = env_flow_stats(match->slot - 1);
	const struct nexthop *hop;

	if (!flow || !stats)
		return verdict_drop(REASON_no_route);
	env_prefetch(stats); /* for flow_account() */
	if (match->direction == FLOW_OUT && atomic_read(&flow->life) == FLOW_ENDING)
		return verdict_drop(REASON_route_changed);
	hop = p->ttl > 1 ? way_recall(control, p, flow, match) : NULL;
	if (!hop)
		return flow_send_asking(frame, p, control, flow, match);
	return flow_forward(frame, p, control, flow, match, &hop->to, &hop->from,
			    verdict_forward(hop->ifindex, way_reason(p, match->direction)));
}

/*
 * => slot + 1 of the owner of the port if it is a flow that expects the packet, otherwise 0. One
 * that expects a NAT address expects no packet as it came.
 */
static __always_inline u32 match_from_outside(const struct packet *p,
					      const struct nat_address *target)
{
	u32 owner = owner_from_outside(p, target);
	struct flow *flow = owner ? env_flow(owner - 1) : NULL;

	return flow && flow_expects(flow, &p->key.inside, remote_port_from_outside(p)) &&
			       !flow_is_hairpin(flow)
		       ? owner
		       : 0;
}

/* => what becomes of a packet for a NAT address that no flow expects */
static __always_inline u32 refuse_from_outside(const struct packet *p,
					       const struct nat_address *target)
{
	if (p->fragment == FRAGMENT_LATER)
		return FOR_STORE;
	if (target->flags & NAT_ADDRESS_LOCAL)
		return REASON_local_destination;
	if (p->kind == PACKET_FRAGMENT)
		return REASON_fragment_unknown;
	if (p->kind == PACKET_OTHER && !protocol_is_icmp(p->key.family, p->key.protocol))
		return REASON_unsupported_protocol;
	return REASON_filtered_inbound;
}

/*
 * A packet for a NAT address that the owner of the port does not expect: the owner may be a lease,
 * or the packet one that is hairpinned.
 * => NO_REASON and the flow in *match, if there is one; or what becomes of the packet
 */
static __always_inline u32 judge_from_outside(struct packet *p, struct flow_match *match)
{
	if (packet_is_kept(p))
		match->slot = (u32)back_match(p);
	else
		inbound_match(p, match);
	if (!match->slot)
		hairpin_match(p, match);
	return match->slot ? NO_REASON : (u32)inbound_open(p, match);
}

/*
 * The rest of it, where that found no flow, or the first of two. first: why none was opened.
 * => NO_REASON and the flow in *match, or what becomes of the packet
 */
static __always_inline u32 judge_hairpin(env_frame *frame, struct packet *p,
					 const struct nat_address *target,
					 struct flow_match *match, u32 first)
{
	if (first == NO_REASON)
		return hairpin_back(frame, p, match);
	if (first >= REASON_FIRST_DROP || first == REASON_ttl_expired)
		return first;
	first = refuse_from_outside(p, target); /* nobody's, or no rule's */
	if (first == REASON_filtered_inbound && caller_is_one(p))
		p->needs |= PACKET_NEEDS_KEEPING;
	return first;
}

static __always_inline bool packet_can_have_flow(const struct packet *p)
{
	return p->kind >= PACKET_TUNNEL && p->kind <= PACKET_ECHO_REQUEST;
}

/* Has the bucket of the packet's flow brought near while other things are looked at. */
static __always_inline void packet_prefetch_bucket(const struct control *control,
						   const struct packet *p)
{
	struct flow_bucket *bucket = env_bucket(flow_home_bucket(control, p->hash));

	if (bucket)
		env_prefetch(bucket);
}

/* => slot + 1 of the flow of a packet from inside, 0 if it has none (yet) */
static __always_inline u32 match_from_inside(const struct control *control, const struct packet *p)
{
	return packet_can_have_flow(p) ? flow_find(control, &p->key, p->hash) : 0;
}

/*
 * A packet that belongs to no flow. Its source is looked at only here: no flow comes from a NAT
 * address (dataplane/survey.h sees to that when addresses become NAT addresses), and those that
 * go to one are not found from there (match_from_outside()).
 * => NO_REASON and the flow that it opened in *match, or the reason
 */
static __always_inline u32 judge_without_flow(env_frame *frame, struct packet *p,
					      const struct nat_config *config,
					      const struct nat_address *target,
					      struct flow_match *match)
{
	u32 reason = NO_REASON;

	if (nat_address_find(config, &p->key.inside))
		return REASON_spoofed_source;
	if (target) {
		reason = judge_from_outside(p, match);
		if (reason != NO_REASON || (match->slot && !p->hairpin))
			return reason;
		p->hairpin = HAIRPIN_OUT;
	} else if (p->ttl <= 1) {
		return REASON_ttl_expired;
	} else {
		match->direction = FLOW_OUT;
	}
	if (!match->slot)
		reason = first_packet(frame, p, &match->slot);
	return target ? judge_hairpin(frame, p, target, match, reason) : reason;
}

/* => true if the frame is addressed to the interface, and so to the gateway */
static __always_inline bool packet_is_for(const env_frame *frame, const struct link_addr *link)
{
	const struct link_addr *to =
		(const struct link_addr *)packet_at(frame, 0, sizeof(*to));

	return to && link_addr_equal(to, link);
}

/* Every byte, as BPF's verifier wants it. */
static __always_inline void packet_start(struct packet *p, u32 ifindex, u32 half)
{
	__builtin_memset(p, 0, sizeof(*p));
	p->ifindex = ifindex;
	p->half = half;
}

/*
 * What the packet is, by its bytes and the configuration alone.
 * => NO_REASON, or the reason that ends it here
 */
static __always_inline u32 packet_begin(env_frame *frame, struct packet *p,
					const struct control *control,
					const struct nat_config *config)
{
	const struct nat_interface *ingress;
	u32 reason = packet_parse_link(frame, p);

	if (reason != NO_REASON)
		return reason;
	ingress = interface_find(config, p->ifindex);
	if (!ingress)
		return REASON_no_rule;
	if (!packet_is_for(frame, &ingress->link))
		return REASON_not_for_gateway;
	reason = packet_parse_ip(frame, p);
	if (reason != NO_REASON)
		return reason;
	p->key.zone = ingress->zone;
	p->column = ingress->column;
	if (packet_can_have_flow(p))
		p->hash = flow_key_hash(control, &p->key);
	return NO_REASON;
}

/*
 * A worker waits for what belongs to a flow, or will open one; the rest is judged here. A glance
 * at one line has to do: the worker looks properly, and may find that it was mistaken. slot: of the
 * flow of a later fragment, if it is known.
 */
static __always_inline bool packet_is_for_worker(const struct control *control,
						 struct packet *p,
						 const struct nat_address *target, u32 slot)
{
	if (p->ttl <= 1)
		return false;
	if (p->fragment == FRAGMENT_LATER)
		return slot != 0;
	if (target)
		return packet_is_kept(p) ? back_match(p) : (int)owner_from_outside(p, target);
	return packet_can_have_flow(p) && flow_may_exist(control, p->hash);
}

/* A packet that ends without a flow, of which something may be remembered. => the last word */
static __always_inline u32 packet_end(env_frame *frame, struct packet *p,
				      const struct nat_address *target, u32 reason)
{
	if (reason == FOR_STORE)
		return p->steered ? FOR_WORKER : (u32)fragment_hold(frame, p, target != NULL);
	if (reason == REASON_local_destination && target && p->fragment == FRAGMENT_FIRST)
		(void)fragment_learn(frame, p, 0, FLOW_IN);
	return reason;
}

/* What names the flow is not the packet itself: what it quotes, or its first fragment. */
static __always_inline u32 packet_match_apart(env_frame *frame, struct packet *p,
					      struct flow_match *match)
{
	u32 reason = NO_REASON;

	if (p->kind == PACKET_ICMP_ERROR)
		reason = (u32)error_match(frame, p, match);
	else if (p->fragment == FRAGMENT_LATER)
		reason = (u32)fragment_match(frame, p, match);
	return reason == NO_REASON && p->hairpin ? hairpin_error(frame, p, match) : reason;
}

/* What is left to do for a packet that has been sent on its way. => the last word */
static __always_inline struct verdict packet_depart(env_frame *frame, struct packet *p,
						    const struct flow_match *match,
						    struct verdict verdict)
{
	if (verdict.action != VERDICT_FORWARD && verdict.action != VERDICT_KERNEL_TRANSLATED)
		return verdict;
	if (p->fragment == FRAGMENT_FIRST)
		(void)fragment_learn(frame, p, match->slot, match->direction);
	if (!p->hairpin)
		return verdict;
	if (p->kind != PACKET_ICMP_ERROR)
		(void)hairpin_account(p);
	if (verdict.action == VERDICT_FORWARD)
		verdict.reason = REASON_hairpinned;
	return verdict;
}

/* The rest of what becomes of a packet for which packet_begin() gave no reason. */
static __always_inline struct verdict packet_finish(env_frame *frame, struct packet *p,
						    const struct control *control,
						    const struct nat_config *config)
{
	struct flow_match match = {0};
	bool apart = p->kind == PACKET_ICMP_ERROR || p->kind == PACKET_FRAGMENT;
	const struct nat_address *target;
	struct verdict verdict;
	u32 reason = NO_REASON;

	if (apart)
		reason = packet_match_apart(frame, p, &match);
	if (reason != NO_REASON)
		return verdict_of(reason);
	target = nat_address_find(config, &p->key.remote);
	if (p->steered && packet_is_for_worker(control, p, target, match.slot))
		return verdict_of(FOR_WORKER);
	if (target && !apart) {
		match.direction = FLOW_IN;
		match.slot = match_from_outside(p, target);
	} else if (!target && p->ttl <= 1) {
		match.slot = 0; /* the kernel answers it, whatever it belongs to */
	} else if (!target && !match.slot) {
		match.slot = match_from_inside(control, p);
	}
	if (!match.slot)
		reason = judge_without_flow(frame, p, config, target, &match);
	if (reason != NO_REASON)
		return verdict_of(packet_end(frame, p, target, reason));
	verdict = flow_send(frame, p, control, &match);
	return p->fragment || p->hairpin ? packet_depart(frame, p, &match, verdict) : verdict;
}

static __always_inline struct verdict packet_judge(env_frame *frame, struct packet *p,
						   const struct control *control,
						   const struct nat_config *config)
{
	u32 reason = packet_begin(frame, p, control, config);

	if (reason != NO_REASON)
		return verdict_of(reason);
	if (packet_can_have_flow(p))
		packet_prefetch_bucket(control, p);
	return packet_finish(frame, p, control, config);
}

/*
 * What few packets need once they are judged: an answer, or another segment size.
 * => 1 if the frame is its own answer now
 */
core_step int packet_settle(env_frame *frame, struct packet *p)
{
	if (!p)
		return 0;
	if (p->needs & PACKET_NEEDS_ANSWER)
		return answer_refusal(frame, p);
	if (p->needs & PACKET_NEEDS_SEGMENT_SIZE)
		mss_clamp(frame, p);
	return 0;
}

/* Counts a frame, and does what is left to do with it. => what the dataplane does with it */
static __always_inline struct verdict packet_close(env_frame *frame, struct packet *p,
						   struct verdict verdict)
{
	if (verdict.action == VERDICT_WORKER)
		return verdict;
	verdict_count(frame, verdict);
	if (p->needs & PACKET_NEEDS_KEEPING)
		(void)caller_keep(frame, p);
	else if (p->needs && packet_settle(frame, p))
		return (struct verdict){.action = VERDICT_ANSWER, .reason = verdict.reason};
	return verdict;
}

/*
 * Judges, translates and counts one frame that arrived on `ifindex`. If a worker is there to take
 * it (`steered`), what belongs to a flow or opens one is left for the worker: VERDICT_WORKER, and
 * nothing is written or counted; everything else is judged here.
 * => what the dataplane shall do with it; its bytes are already what they shall be
 */
static __always_inline struct verdict nat_packet(env_frame *frame, u32 ifindex, u32 half,
						 bool steered)
{
	struct control *control = env_control();
	struct verdict verdict = verdict_drop(REASON_source_nat_pool_invalid);
	const struct nat_config *config = env_config(half);
	struct packet packet;

	packet_start(&packet, ifindex, half);
	packet.steered = steered;
	if (control && config)
		verdict = packet_judge(frame, &packet, control, config);
	return packet_close(frame, &packet, verdict);
}

/* => the half of the configuration in force: read it once for each packet */
static __always_inline u32 nat_active_half(void)
{
	const struct control *control = env_control();

	return control ? atomic_read(&control->active_half) : 0;
}

static __always_inline struct judgement packet_rehearse(env_frame *frame, struct packet *p,
							 const struct control *control,
							 const struct nat_config *config)
{
	struct first first = FIRST_NOTHING;
	u32 reason = packet_begin(frame, p, control, config);

	if (reason == NO_REASON)
		reason = first_steps(frame, p, &first);
	return first_judgement(config, p, &first, reason);
}

/*
 * Judges a first packet once more, as far as it goes without reserving, writing or counting.
 * For the sentinel, which compares the compiled forms of the core (abi/sample.h).
 */
static __always_inline struct judgement nat_rehearse(env_frame *frame, u32 ifindex, u32 half)
{
	const struct control *control = env_control();
	const struct nat_config *config = env_config(half);
	struct packet packet;

	packet_start(&packet, ifindex, half);
	packet.rehearsed = true;
	if (!control || !config)
		return (struct judgement){.reason = REASON_source_nat_pool_invalid};
	return packet_rehearse(frame, &packet, control, config);
}

/*
 * A packet that the gateway itself sends out of a zone interface: an ICMP error that quotes a
 * flow's inside host is translated, one that might and does not tell is dropped, everything else is
 * left alone.
 */
static __always_inline enum local_outcome nat_local_packet(env_frame *frame)
{
	struct packet packet;

	__builtin_memset(&packet, 0, sizeof(packet));
	if (packet_parse_link(frame, &packet) != NO_REASON ||
	    packet_parse_ip(frame, &packet) != NO_REASON || packet.kind != PACKET_ICMP_ERROR)
		return LOCAL_LET_BY;
	return error_rewrite_local(frame, &packet);
}

#endif
