/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Where a translated packet goes: docs/packet-path.md, section 4.
 *
 * The kernel decides. Its answer is remembered in the flow (core/nexthop.h); a packet that
 * the remembered answer does not fit, because it is too big, asks again.
 */
#ifndef CORE_WAY_H
#define CORE_WAY_H

#include "core/nexthop.h"
#include "core/rules.h"
#include "core/verdict.h"

/* A flow that a packet belongs to, and the side that it comes from. */
struct flow_match {
	u32 slot;      /* + 1; 0: none */
	u32 direction; /* enum flow_direction */
};

struct way {
	struct verdict verdict;
	struct link_addr to;
	struct link_addr from;
};

static __always_inline struct verdict verdict_forward(u32 ifindex, u32 reason)
{
	return (struct verdict){
		.ifindex = ifindex, .action = VERDICT_FORWARD, .reason = (u8)reason};
}

/* Why a packet of the kind and direction leaves when nothing stands in its way. */
static __always_inline u32 way_reason(const struct packet *p, enum flow_direction direction)
{
	if (p->kind == PACKET_ICMP_ERROR)
		return direction == FLOW_OUT ? REASON_icmp_error_out : REASON_icmp_error_in;
	return direction == FLOW_OUT ? REASON_translated_out : REASON_translated_in;
}

static __always_inline struct verdict verdict_translated(u32 reason)
{
	return (struct verdict){.action = VERDICT_KERNEL_TRANSLATED, .reason = (u8)reason};
}

/* A packet from inside that may not be fragmented goes up as it came, for the kernel to answer. */
static __always_inline struct verdict way_too_big(const struct packet *p,
						  enum flow_direction direction)
{
	if (direction == FLOW_OUT && !p->may_fragment)
		return verdict_kernel(REASON_packet_too_big);
	return verdict_translated(REASON_packet_too_big);
}

static __always_inline u16 zone_of_interface(const struct nat_config *config, u32 ifindex)
{
	const struct nat_interface *interface = interface_find(config, ifindex);

	return interface ? interface->zone : ID_NONE;
}

/* zone: of the flow, where the packet has to leave. */
static __always_inline void way_from_route(struct way *way, const struct packet *p,
					   const struct route *route, bool same_zone,
					   enum flow_direction direction)
{
	if (route->result == ROUTE_REJECTED || route->result == ROUTE_NOT_FORWARDED ||
	    route->result == ROUTE_UNUSABLE)
		way->verdict = verdict_drop(REASON_no_route);
	else if (!same_zone)
		way->verdict = verdict_drop(REASON_route_changed);
	else if (route->result == ROUTE_TOO_BIG)
		way->verdict = way_too_big(p, direction);
	else if (route->result == ROUTE_NO_NEIGHBOUR)
		way->verdict = (struct verdict){.ifindex = route->ifindex,
						.action = VERDICT_KERNEL_TRANSLATED,
						.reason = REASON_neighbour_unresolved};
	else
		way->verdict = verdict_forward(route->ifindex, way_reason(p, direction));
	way->to = route->to;
	way->from = route->from;
}

/* What the kernel is asked: for a packet from outside, the way to the flow's inside host. */
static __always_inline void way_query(struct route_query *query, const struct packet *p,
				      const struct flow *flow, enum flow_direction direction)
{
	*query = (struct route_query){
		.source = p->key.inside,
		.destination = direction == FLOW_OUT ? p->key.remote : flow->inside,
		.ifindex = p->ifindex,
		.length = p->length,
		.source_port = p->key.inside_port,
		.destination_port = direction == FLOW_OUT ? p->key.remote_port : flow->inside_port,
		.family = p->key.family,
		.protocol = p->key.protocol,
		.tos = p->tos,
	};
}

/* Asks the kernel about a packet of flow `slot` (+ 1), and lets the flow remember the answer. */
core_step int way_ask(env_frame *frame, struct packet *p, struct way *way, u32 slot,
		      u32 direction)
{
	struct control *control = env_control();
	struct flow *flow = env_flow(slot - 1);
	struct route_query query;
	struct route route = {0};
	const struct nat_config *config;
	u32 generation, zone;

	if (!p || !way || !control || !flow)
		return -1;
	config = env_config(p->half);
	if (!config)
		return -1;
	generation = nexthop_generation(control);
	way_query(&query, p, flow, direction);
	env_route(frame, &query, &route);
	zone = direction == FLOW_OUT ? flow_to_zone(flow) : flow->zone;
	way_from_route(way, p, &route, zone_of_interface(config, route.ifindex) == zone, direction);
	if (way->verdict.action == VERDICT_FORWARD && p->kind != PACKET_ICMP_ERROR)
		atomic_write(direction == FLOW_OUT ? &flow->nexthop_out : &flow->nexthop_in,
			     nexthop_learn(control, generation, &route));
	return 0;
}

/* => the next hop that the flow remembers, if the packet fits it; otherwise NULL */
static __always_inline const struct nexthop *way_recall(const struct control *control,
							const struct packet *p,
							const struct flow *flow,
							const struct flow_match *match)
{
	u32 remembered = atomic_read(match->direction == FLOW_OUT ? &flow->nexthop_out
								  : &flow->nexthop_in);
	const struct nexthop *hop = nexthop_recall(control, remembered);

	return hop && p->length <= hop->mtu && p->kind != PACKET_ICMP_ERROR ? hop : NULL;
}

#endif
