/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * First packets of rules with persistent-nat: the endpoint's lease is looked for, in the rule's
 * pool and then in its overflow pool; without one it is reserved and published like a flow, and
 * then the flow that goes through it, and the peer that remembers whom it calls.
 * docs/packet-path.md, section 10.1.
 *
 * All slots are taken before anything is published, so what is refused leaves nothing behind.
 */
#ifndef CORE_PERSIST_H
#define CORE_PERSIST_H

#include "core/opening.h"

/* What is different in a lease; the packet's flow will be the first to use it. */
static __always_inline void opening_fill_lease(struct opening *o)
{
	struct flow *lease = o->flow;
	struct flow_key key;

	flow_key_of(lease, &key);
	lease_key(&key, lease->pool);
	flow_set_key(lease, &key);
	lease->to_zone = flow_to_zone(lease);
	lease->permit = o->rule->permit;
	atomic_write(&lease->policy.word, o->rule->policy.word);
	atomic_write(&lease->users, 1);
}

/*
 * The endpoint's lease, if it has one: the flow is counted in. => NO_REASON, or why it may not be
 */
core_step int first_lease(struct packet *p, struct first *first)
{
	const struct nat_config *config;
	const struct nat_rule *rule;
	const struct nat_pool *pool;
	struct flow *lease;
	struct flow_key key;
	u32 slot, reason;

	if (!p || !first)
		return REASON_source_nat_pool_invalid;
	config = env_config(p->half);
	rule = config ? config_rule(config, first->rule) : NULL;
	pool = config ? config_pool(config, first->pool) : NULL;
	if (!rule || !pool)
		return REASON_source_nat_pool_invalid;
	key = p->key;
	lease_key(&key, pool->id);
	slot = flow_look_up(&key);
	lease = slot ? env_flow(slot - 1) : NULL;
	if (!lease)
		return NO_REASON;
	reason = lease_take(lease, lease_flows_max(rule->policy));
	if (reason == NO_REASON)
		first->lease = slot;
	return (int)reason;
}

/* => a slot + 1 for a lease or a peer, 0 if there is none */
static __always_inline u32 binding_pop(struct control *control)
{
	u32 slot = 0;

	if (!binding_admit(control))
		return 0;
	slot = flow_pop_free(control);
	if (!slot)
		atomic_add(&control->binding_count, -1u);
	return slot;
}

/* => true if whom the packet calls must be remembered, and is not */
static __always_inline bool first_wants_peer(const struct packet *p, const struct first *first,
					     u16 pool_id)
{
	enum lease_permit permit = (enum lease_permit)first->permit;
	struct flow_key key = p->key;

	return lease_has_peers(permit, key.protocol) && !peer_find(&key, permit, pool_id);
}

/*
 * All the slots that a flow with persistent-nat needs: its own, and those of lease and peer if they
 * are not there. => NO_REASON, or the reason why there is no room; what was taken is then still
 * noted in *first, for first_give_back()
 */
core_step int first_take_slots(struct packet *p, struct first *first)
{
	struct control *control = env_control();
	const struct nat_config *config;
	const struct nat_pool *pool;

	if (!p || !first || !control)
		return REASON_source_nat_pool_invalid;
	config = env_config(p->half);
	pool = config ? config_pool(config, first->pool) : NULL;
	if (!pool)
		return REASON_source_nat_pool_invalid;
	if (!first->lease) {
		first->lease_is_new = 1;
		first->lease = binding_pop(control);
		if (!first->lease)
			return REASON_lease_table_full;
	}
	first->slot = flow_pop_free(control);
	if (!first->slot)
		return REASON_flow_table_full;
	if (first_wants_peer(p, first, pool->id)) {
		first->peer = binding_pop(control);
		if (!first->peer)
			return REASON_lease_table_full;
	}
	return NO_REASON;
}

/* The port of a new lease. => NO_REASON, or the reason for the drop */
core_step int first_reserve_lease(struct packet *p, struct first *first)
{
	struct opening o = {0};

	if (!p || !first || !opening_start(&o, p, first))
		return REASON_source_nat_pool_invalid;
	o.slot = first->lease;
	o.flow = env_flow(o.slot - 1);
	if (!o.flow)
		return REASON_lease_table_full;
	opening_fill(&o, p, first);
	opening_fill_lease(&o);
	if (!opening_claim(&o))
		return REASON_source_nat_pool_exhausted;
	atomic_write(&o.flow->life, FLOW_LIVE);
	return NO_REASON;
}

/* The flow, with the translated tuple of its lease. => NO_REASON, or the reason for the drop */
core_step int first_share_lease(struct packet *p, struct first *first)
{
	struct opening o = {0};
	const struct flow *lease;

	if (!p || !first || !opening_start(&o, p, first))
		return REASON_source_nat_pool_invalid;
	o.slot = first->slot;
	o.flow = env_flow(o.slot - 1);
	lease = env_flow(first->lease - 1);
	if (!o.flow || !lease)
		return REASON_flow_table_full;
	opening_fill(&o, p, first);
	atomic_write(&o.flow->address, lease->address);
	o.flow->port = lease->port;
	flow_set_leased(o.flow, o.rule->permit);
	atomic_write(&o.flow->life, FLOW_LIVE);
	return NO_REASON;
}

/* Remembers whom the endpoint calls. => NO_REASON or the reason for the drop */
core_step int first_publish_peer(struct packet *p, struct first *first)
{
	struct control *control = env_control();
	struct flow *flow, *peer;
	struct flow_key key;
	u32 winner;

	if (!p || !first || !control)
		return REASON_source_nat_pool_invalid;
	flow = env_flow(first->slot - 1);
	peer = env_flow(first->peer - 1);
	if (!flow || !peer)
		return REASON_lease_table_full;
	key = p->key;
	peer_key(&key, (enum lease_permit)first->permit, flow->pool);
	flow_accompany(peer, flow, &key);
	winner = flow_publish(&key, first->peer);
	if (winner != first->peer)
		atomic_write(&peer->life, FLOW_RETIRED);
	first->peer = 0;
	return winner ? NO_REASON : REASON_lease_table_full;
}

/* Gives back what was taken for a flow that is not opened after all. */
core_step int first_give_back(struct packet *p, struct first *first)
{
	struct control *control = env_control();
	struct flow *lease;

	if (!p || !first || !control)
		return -1;
	slot_return(control, first->slot, false);
	slot_return(control, first->peer, true);
	first->slot = 0;
	if (first->lease_is_new) {
		slot_return(control, first->lease, true);
		return 0;
	}
	lease = env_flow(first->lease - 1);
	if (lease)
		atomic_add(&lease->users, -1u);
	return 0;
}

/*
 * Index entry of a new lease; if another CPU was faster, that one's is taken.
 * => NO_REASON, or the reason for the drop
 */
core_step int first_publish_lease(struct packet *p, struct first *first)
{
	struct flow_key key;
	struct flow *lease;
	u32 reserved, reason;

	if (!p || !first)
		return REASON_source_nat_pool_invalid;
	reserved = first->lease;
	lease = env_flow(reserved - 1);
	if (!lease)
		return REASON_lease_table_full;
	flow_key_of(lease, &key);
	first->lease_is_new = 0;
	first->lease = publish_or_retire(&key, lease, reserved);
	if (first->lease == reserved)
		return NO_REASON;
	lease = env_flow(first->lease - 1);
	reason = REASON_lease_table_full;
	if (lease)
		reason = lease_take(lease, lease_flows_max(lease_policy(lease)));
	if (reason != NO_REASON)
		first->lease = 0;
	return (int)reason;
}

/* The endpoint's lease of the rule's pool, or of its overflow pool. As first_lease() */
static __always_inline u32 first_find_lease(struct packet *p, struct first *first)
{
	u32 reason = (u32)first_lease(p, first);

	if (reason != NO_REASON || first->lease || first_turn_to_overflow(p, first) != NO_REASON)
		return reason;
	reason = (u32)first_lease(p, first);
	if (!first->lease)
		first->pool = first->asked;
	return reason;
}

/* Address and port of a new lease. => NO_REASON, or the reason for the drop */
static __always_inline u32 first_select_lease(struct packet *p, struct first *first)
{
	u32 reason = (u32)first_select(p, first);

	return reason == NO_REASON ? (u32)first_reserve_lease(p, first) : reason;
}

/* A lease for an endpoint that has none. => NO_REASON, or the reason for the drop */
static __always_inline u32 first_make_lease(struct packet *p, struct first *first)
{
	u32 reason = first_select_lease(p, first);

	if (first_overflows(p, first, reason))
		reason = first_select_lease(p, first);
	if (reason == NO_REASON)
		reason = (u32)first_publish_lease(p, first);
	return reason;
}

/* With persistent-nat. => NO_REASON and the flow in first->slot, or the reason for the drop */
static __always_inline u32 first_open_leased(struct packet *p, struct first *first)
{
	u32 reason = first_find_lease(p, first);

	if (reason != NO_REASON)
		return reason;
	reason = (u32)first_take_slots(p, first);
	if (reason == NO_REASON && first->lease_is_new)
		reason = first_make_lease(p, first);
	if (reason == NO_REASON)
		reason = (u32)first_share_lease(p, first);
	if (reason == NO_REASON && first->peer)
		reason = (u32)first_publish_peer(p, first);
	if (reason == NO_REASON)
		reason = (u32)first_publish(p, first);
	if (reason != NO_REASON) {
		first_give_back(p, first);
		first->pool = first->asked;
	}
	return reason;
}

#endif
