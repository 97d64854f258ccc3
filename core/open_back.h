/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * First packets of protocols that are kept as they are but for the address (GRE, ESP): in place of
 * a port the flow gets a way back (core/back.h). docs/packet-path.md, sections 3.6 and 6.
 *
 * An address is looked for towards which nobody has the remote end yet, before any slot is taken:
 * so what is refused costs nothing. The way back is published in front of the flow; whoever wins
 * that owns the tuple. If another CPU does, it has mostly been for a packet of the same flow, whose
 * slot then serves for this packet as well.
 */
#ifndef CORE_OPEN_BACK_H
#define CORE_OPEN_BACK_H

#include "core/back.h"
#include "core/opening.h"

/* => the NAT address slot at a position of pool_addresses[], MAX_ADDRESS_SLOTS if there is none */
static __always_inline u32 pool_address_at(const struct nat_config *config, u32 position)
{
	u64 index = position;

	if (index >= MAX_POOL_ADDRESSES)
		return MAX_ADDRESS_SLOTS;
	index_is_checked(index, MAX_POOL_ADDRESSES);
	return config->pool_addresses[index];
}

struct back_search {
	const struct nat_config *config;
	const struct control *control;
	struct flow_key key;     /* of the way back */
	const struct packet *p;
	u32 first; /* position of the list in pool_addresses[] */
	u32 length;
	u32 index; /* where in the list to begin, and where it was found */
	u32 own;   /* slot + 1: the packet's flow is there, after all */
	u32 found; /* 0 or 1 */
};

/* => slot + 1 of the flow that has the way back in `slot` (+ 1), if it is the packet's own */
static __always_inline u32 back_own_flow(const struct control *control, u32 slot,
					 const struct flow_key *key, const struct packet *p)
{
	u32 owner = back_owner(control, slot, key);
	const struct flow *flow = owner ? env_flow(owner - 1) : NULL;

	return flow && flow_has_key(flow, &p->key) ? owner : 0;
}

static inline long back_search_step(u32 i, void *context)
{
	struct back_search *s = context;
	u32 place = (s->index + i) % s->length, slot;
	u32 address = pool_address_at(s->config, s->first + place);

	if (address >= MAX_ADDRESS_SLOTS)
		return 1;
	s->key.inside = s->control->addresses.slots[address % MAX_ADDRESS_SLOTS].address;
	slot = flow_find(s->control, &s->key, flow_key_hash(s->control, &s->key));
	if (slot)
		s->own = back_own_flow(s->control, slot, &s->key, s->p);
	if (slot && !s->own)
		return 0;
	s->index = place;
	s->found = 1;
	return 1;
}

/*
 * An address of the pool that has no way back to the remote end: first->index; round-robin looks at
 * all of them, a selector at its own.
 * => NO_REASON, also if another CPU has opened the flow by now, which first->slot then is; or the
 *    reason for the drop
 */
core_step int first_seek(struct packet *p, struct first *first)
{
	struct back_search s = {.control = env_control(), .p = p};
	const struct nat_pool *pool;
	u32 tries;

	if (!p || !first || !s.control)
		return REASON_source_nat_pool_invalid;
	s.config = env_config(p->half);
	pool = s.config ? config_pool(s.config, first->pool) : NULL;
	if (!pool)
		return REASON_source_nat_pool_invalid;
	s.key = p->key;
	back_key(&s.key);
	s.first = pool->lists[p->key.family % FAMILY_COUNT].first;
	s.length = pool->lists[p->key.family % FAMILY_COUNT].length;
	s.index = first->index;
	if (!s.length)
		return REASON_source_nat_pool_empty;
	tries = pool->selector == SELECT_ROUND_ROBIN ? s.length : 1;
	env_loop(tries, back_search_step, &s);
	if (!s.found)
		return REASON_source_nat_remote_in_use;
	first->index = s.index;
	first->slot = s.own;
	return NO_REASON;
}

/* The flow, and a slot for its way back. => NO_REASON, or the reason for the drop */
core_step int first_reserve_kept(struct packet *p, struct first *first)
{
	struct opening o = {0};
	u32 address;

	if (!p || !first || !opening_start(&o, p, first))
		return REASON_source_nat_pool_invalid;
	address = pool_address_at(o.config, opening_position(&o, 0));
	if (address >= MAX_ADDRESS_SLOTS)
		return REASON_source_nat_pool_invalid;
	o.slot = flow_pop_free(o.control);
	o.flow = o.slot ? env_flow(o.slot - 1) : NULL;
	if (!o.flow)
		return REASON_flow_table_full;
	first->peer = flow_pop_free(o.control);
	if (!first->peer) {
		flow_push_free(o.control, o.flow, o.slot, env_cpu());
		return REASON_flow_table_full;
	}
	opening_fill(&o, p, first);
	atomic_write(&o.flow->address, (u16)address);
	o.flow->port = p->key.inside_port;
	atomic_write(&o.flow->life, FLOW_LIVE);
	first->slot = o.slot;
	return NO_REASON;
}

/*
 * Publishes the way back, or takes both slots back: then first->slot is the flow of another CPU, if
 * that was for this flow, and first->peer 0.
 * => NO_REASON, or the reason for the drop
 */
core_step int first_publish_back(struct packet *p, struct first *first)
{
	struct control *control = env_control();
	struct flow *flow, *back;
	struct flow_key key;
	u32 winner;

	if (!p || !first || !control)
		return REASON_source_nat_pool_invalid;
	flow = env_flow(first->slot - 1);
	back = env_flow(first->peer - 1);
	if (!flow || !back)
		return REASON_flow_table_full;
	key = p->key;
	key.inside = *flow_translated_address(control, flow);
	back_key(&key);
	atomic_write(&back->owner, first->slot);
	flow_accompany(back, flow, &key);
	winner = flow_publish(&key, first->peer);
	if (winner == first->peer)
		return NO_REASON;
	atomic_write(&back->life, FLOW_RETIRED);
	atomic_write(&flow->life, FLOW_RETIRED);
	first->peer = 0;
	first->slot = winner ? back_own_flow(control, winner, &key, p) : 0;
	if (first->slot)
		return NO_REASON;
	return winner ? REASON_source_nat_remote_in_use : REASON_flow_table_full;
}

/* The same as first_seek(), from the overflow pool. */
static __always_inline u32 first_seek_overflow(struct packet *p, struct first *first)
{
	u32 reason = (u32)first_select(p, first);

	return reason == NO_REASON ? (u32)first_seek(p, first) : reason;
}

/* As first_open(), for what has no port to claim. */
static __always_inline u32 first_open_kept(struct packet *p, struct first *first, u32 reason)
{
	if (reason == NO_REASON)
		reason = (u32)first_seek(p, first);
	if (first_overflows(p, first, reason))
		reason = first_seek_overflow(p, first);
	if (reason == NO_REASON && !first->slot) {
		reason = (u32)first_reserve_kept(p, first);
		if (reason == NO_REASON)
			reason = (u32)first_publish_back(p, first);
		if (reason == NO_REASON && first->peer)
			reason = (u32)first_publish(p, first);
	}
	if (reason != NO_REASON)
		first->pool = first->asked;
	return reason;
}

#endif
