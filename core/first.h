/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What is found out about a packet of no known flow before anything is reserved for it, in steps,
 * each handing on what it found in struct first: route, judge (rule), choose (pool), select
 * (address); and refuse, where one said no. docs/packet-path.md, sections 3.4 to 3.6 and 6.
 *
 * They are called one after the other rather than from each other, because BPF's stack is small.
 *
 * INV-STICKY  with address-persistent, the address is selector(source, list) and nothing else
 */
#ifndef CORE_FIRST_H
#define CORE_FIRST_H

#include "core/called.h"
#include "core/memo.h"
#include "core/shift.h"
#include "core/tcp.h"
#include "core/way.h"

/* What is known of a first packet so far. */
struct first {
	u32 rule;   /* position in rules[], RULE_NOT_FOUND if no rule owns the packet */
	u16 rule_id;
	u16 to_zone;
	u16 egress; /* column */
	u8 too_big : 1;      /* for the route's MTU */
	u8 lease_is_new : 1; /* made for this packet, and not published yet */
	u8 permit;  /* enum lease_permit, of the rule */
	u32 nexthop; /* for the flow to remember; NEXTHOP_NONE if the kernel is to be asked again */
	u16 pool;   /* position in pools[], MAX_POOLS before one is chosen */
	u16 asked;  /* position of the pool that the rule named: another one than pool is its overflow */
	u32 index;  /* the address to begin with, in the pool's list of the family */
	u32 slot;   /* + 1: the flow, reserved and then published */
	u32 lease;  /* + 1: the flow is counted in there */
	u32 peer;   /* + 1: of a peer, or a way back, that is to be made */
};

/* => why a packet that a rule owns cannot open a flow, or NO_REASON */
static __always_inline u32 first_kind_refusal(const struct nat_config *config,
					      const struct packet *p)
{
	switch (p->kind) {
	case PACKET_FRAGMENT:
		return p->fragment == FRAGMENT_LATER ? FOR_STORE : REASON_fragment_unknown;
	case PACKET_OTHER:
		return REASON_unsupported_protocol;
	case PACKET_ECHO_REPLY:
	case PACKET_ICMP_ERROR:
		return REASON_no_flow;
	case PACKET_TCP:
		return tcp_opens(p->tcp_flags) ||
				       (config->no_syn_check && tcp_picks_up(p->tcp_flags))
			       ? NO_REASON
			       : REASON_tcp_not_syn;
	}
	return NO_REASON;
}

static __always_inline u32 first_rule_of(const struct nat_config *config, const struct packet *p,
					 u32 set)
{
	u8 protocol = p->key.protocol;
	bool fragment = p->kind == PACKET_FRAGMENT;
	bool hides_protocol =
		fragment && p->key.family == FAMILY_IPV6 && ipv6_is_extension(protocol);
	bool may_have_ports = protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP;
	struct rule_question question = {
		.source = &p->key.inside,
		.destination = &p->key.remote,
		.source_port = host_u16(p->key.inside_port),
		.destination_port = host_u16(p->key.remote_port),
		.protocol = protocol,
		.has_ports = p->kind == PACKET_TCP || p->kind == PACKET_UDP,
		.hides_ports = fragment && (may_have_ports || hides_protocol),
		.hides_protocol = hides_protocol,
	};

	return rule_find(config, set, &question);
}

/* The way. => NO_REASON if the kernel would forward the packet, otherwise the reason */
core_step int first_route(env_frame *frame, struct packet *p, struct first *first)
{
	struct control *control = env_control();
	const struct nat_interface *egress;
	const struct nat_config *config;
	struct route_query query;
	struct route route = {0};
	u32 generation;

	if (!p || !first || !control)
		return REASON_no_route;
	config = env_config(p->half);
	if (!config)
		return REASON_no_route;
	generation = nexthop_generation(control);
	way_query(&query, p, NULL, FLOW_OUT);
	env_route(frame, &query, &route);
	if (route.result == ROUTE_NOT_FORWARDED)
		return REASON_local_destination;
	if (route.result == ROUTE_REJECTED)
		return REASON_route_rejected;
	if (route.result == ROUTE_UNUSABLE)
		return REASON_no_route;
	egress = interface_find(config, route.ifindex);
	if (!egress)
		return REASON_no_rule;
	first->egress = egress->column;
	first->to_zone = egress->zone;
	first->too_big = route.result == ROUTE_TOO_BIG;
	if (route.result == ROUTE_FOUND && !p->rehearsed &&
	    config->rule_set_of[p->column % MAX_INTERFACES][egress->column % MAX_INTERFACES])
		first->nexthop = nexthop_learn(control, generation, &route);
	return NO_REASON;
}

/*
 * Instead of the way, of a packet to a NAT address: the zone that the called flow or lease leads
 * to.
 * => NO_REASON if it may open a flow to there; REASON_ttl_expired; or a reason for the kernel if
 * not
 */
core_step int first_route_inside(struct packet *p, struct first *first)
{
	const struct nat_config *config;
	struct flow *owner;
	u32 slot;

	if (!p || !first)
		return REASON_local_destination;
	config = env_config(p->half);
	if (!config || p->fragment || !packet_opens_from_outside(p))
		return REASON_local_destination;
	owner = called_owner(p, &slot);
	if (!owner)
		return REASON_local_destination;
	if (p->ttl <= 1)
		return REASON_ttl_expired;
	first->to_zone = flow_to_zone(owner);
	first->egress = (u16)column_of_zone(config, first->to_zone);
	return NO_REASON;
}

/*
 * The rule.
 * => NO_REASON if a rule owns the packet and it may open a flow (FOR_WORKER if it is steered);
 *    FOR_STORE if it owns a fragment whose flow is not known yet;
 *    otherwise the reason, with first->rule telling whether a rule owned it
 */
core_step int first_judge(struct packet *p, struct first *first)
{
	const struct nat_config *config;
	const struct nat_rule *owner;
	struct owner_counters *counters;
	u32 set, rule, reason;

	if (!p || !first)
		return REASON_no_rule;
	config = env_config(p->half);
	if (!config)
		return REASON_no_rule;
	set = config->rule_set_of[p->column % MAX_INTERFACES][first->egress % MAX_INTERFACES];
	rule = set ? first_rule_of(config, p, set - 1) : RULE_NOT_FOUND;
	owner = config_rule(config, rule);
	if (!owner)
		return REASON_no_rule;
	if (owner->action == RULE_OFF)
		return REASON_rule_off;
	first->rule = rule;
	first->rule_id = owner->id;
	first->permit = packet_is_kept(p) ? PERMIT_NONE : owner->permit;
	reason = first_kind_refusal(config, p);
	if (reason == FOR_STORE)
		return FOR_STORE;
	if (reason == NO_REASON && first->too_big && !p->may_fragment)
		reason = REASON_packet_too_big;
	if (reason == NO_REASON && p->steered)
		return FOR_WORKER; /* which counts the hit */
	counters = env_rule_counters(owner->id);
	if (counters && !p->rehearsed)
		atomic_add(&counters->hits, 1);
	return (int)reason;
}

/* => the position of the pool of a rule's action; MAX_POOLS and the reason if it has none */
static __always_inline u32 first_pool_of(const struct nat_config *config,
					 const struct nat_rule *rule, u32 egress, u32 *reason)
{
	u32 pool;

	*reason = REASON_source_nat_pool_missing;
	if (rule->action == RULE_POOL)
		return rule->pool;
	if (rule->action == RULE_FAIL) {
		*reason = rule->fail_reason;
		return MAX_POOLS;
	}
	*reason = REASON_source_nat_pool_empty;
	pool = config->interface_pools[egress % MAX_INTERFACES];
	return pool ? pool - 1 : MAX_POOLS;
}

/* The pool, which has an address of the family. => NO_REASON, or the reason for the drop */
core_step int first_choose(struct packet *p, struct first *first)
{
	const struct nat_config *config;
	const struct nat_rule *rule;
	const struct nat_pool *pool;
	struct owner_counters *counters;
	u32 reason, position;

	if (!p || !first)
		return REASON_source_nat_pool_invalid;
	config = env_config(p->half);
	rule = config ? config_rule(config, first->rule) : NULL;
	if (!rule)
		return REASON_source_nat_pool_invalid;
	position = first_pool_of(config, rule, first->egress, &reason);
	pool = config_pool(config, position);
	if (!pool)
		return (int)reason;
	first->pool = (u16)position;
	first->asked = first->pool;
	counters = env_pool_counters(pool->id);
	if (counters && !p->rehearsed)
		atomic_add(&counters->hits, 1);
	if (pool->lists[p->key.family % FAMILY_COUNT].length)
		return NO_REASON;
	return pool->lists[FAMILY_IPV4].length || pool->lists[FAMILY_IPV6].length
		       ? REASON_source_nat_pool_wrong_family
		       : REASON_source_nat_pool_empty;
}

/* The address to begin with. => NO_REASON, or the reason for the drop */
core_step int first_select(struct packet *p, struct first *first)
{
	struct control *control = env_control();
	const struct nat_config *config;
	const struct nat_pool *pool;
	struct owner_counters *counters;
	u32 family, length;

	if (!p || !first || !control)
		return REASON_source_nat_pool_invalid;
	config = env_config(p->half);
	pool = config ? config_pool(config, first->pool) : NULL;
	counters = pool ? env_pool_counters(pool->id) : NULL;
	if (!counters)
		return REASON_source_nat_pool_invalid;
	family = p->key.family % FAMILY_COUNT;
	length = pool->lists[family].length;
	if (!length)
		return REASON_source_nat_pool_empty;
	if (pool->selector == SELECT_USERSPACE_V1)
		first->index = memo_userspace_v1(control,
						 pool->memo_version * FAMILY_COUNT + family,
						 family, &p->key.inside, length);
	else if (pool->selector == SELECT_EBPF_LEGACY)
		first->index = select_ebpf_legacy(family, &p->key.inside, length);
	else if (pool->selector == SELECT_SHIFTED)
		return shift_index(pool, &p->key.inside, length, &first->index)
			       ? (int)NO_REASON
			       : REASON_source_nat_pool_no_address;
	else if (!p->rehearsed)
		first->index =
			(u32)(atomic_fetch_add(&counters->round_robin[family], 1) % length);
	return NO_REASON;
}

static __always_inline void owner_count_failure(struct owner_counters *owner, u32 reason)
{
	if (owner)
		atomic_add(&owner->failures[reason % REASON_CAPACITY], 1);
}

/*
 * => whether the sender of a packet that a rule refuses is told [RFC5508 REQ-8]. Not about
 * fragments, nor about ICMP but echo requests [RFC1122 section 3.2.2, RFC4443 section 2.4]; and a
 * segment of an unknown connection asks for nothing that could be refused.
 */
static __always_inline bool refusal_is_told(const struct packet *p, u32 reason)
{
	if (p->fragment)
		return false;
	if (p->kind == PACKET_OTHER)
		return !protocol_is_icmp(p->key.family, p->key.protocol);
	return (p->kind == PACKET_TCP && reason != REASON_tcp_not_syn) || p->kind == PACKET_UDP ||
	       p->kind == PACKET_ECHO_REQUEST || packet_is_kept(p);
}

/* Counts a refusal for its rule and pool, and keeps it for `show`. */
core_step int first_refuse(struct packet *p, struct first *first, u32 reason)
{
	const struct nat_config *config;
	const struct nat_rule *rule;
	const struct nat_pool *pool;
	u32 pool_id = ID_NONE;

	if (!p || !first)
		return -1;
	config = env_config(p->half);
	rule = config ? config_rule(config, first->rule) : NULL;
	if (!rule)
		return -1;
	if (refusal_is_told(p, reason))
		p->needs |= PACKET_NEEDS_ANSWER;
	owner_count_failure(env_rule_counters(rule->id), reason);
	pool = config_pool(config, first->pool);
	if (pool) {
		pool_id = pool->id;
		owner_count_failure(env_pool_counters(pool_id), reason);
	}
	failure_record(p, rule->id, pool_id, reason);
	return 0;
}

#define FIRST_NOTHING {.rule = RULE_NOT_FOUND, .pool = MAX_POOLS}

/*
 * As far as it goes without reserving anything; with persistent-nat there may be a lease, and no
 * address is selected yet.
 * => NO_REASON, or the reason
 */
static __always_inline u32 first_steps(env_frame *frame, struct packet *p, struct first *first)
{
	u32 reason = p->hairpin ? (u32)first_route_inside(p, first)
				: (u32)first_route(frame, p, first);

	if (reason == NO_REASON)
		reason = (u32)first_judge(p, first);
	if (reason == NO_REASON)
		reason = (u32)first_choose(p, first);
	if (reason == NO_REASON && !first->permit)
		reason = (u32)first_select(p, first);
	return reason;
}

#endif
