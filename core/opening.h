/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * A flow in the making: its slot, its port, and its publication in the index; also from the
 * overflow pool, where the pool has no port. docs/packet-path.md, sections 3.6, 3.7 and 6.
 *
 * INV-CLOSED  a packet that a rule owns and that cannot be translated is dropped before any state
 *             exists; what was reserved on the way (slot, port) is given back at once
 *
 * Order of reservation: slot, port, index entry. A slot that nobody can have seen goes back to its
 * free stack; one that a packet may have seen (from outside by its port, or by an intent to publish
 * it) is left RETIRED for the collector.
 */
#ifndef CORE_OPENING_H
#define CORE_OPENING_H

#include "core/first.h"
#include "core/lease.h"
#include "core/overflow.h"
#include "core/pool_ports.h"
#include "core/ports.h"
#include "core/siphash.h"

/* A flow in the making. */
struct opening {
	struct control *control;
	const struct nat_config *config;
	const struct nat_rule *rule;
	const struct nat_pool *pool;
	struct flow *flow;
	u64 port_hash; /* where to begin, unless ports are sequential */
	u64 port_mask;
	struct port_range ports;
	u32 slot;      /* + 1 */
	u32 first;     /* position of the list in pool_addresses[] */
	u32 length;
	u32 index;   /* where in the list to begin */
	u32 claimed; /* 0 or 1 */
};

/* [RFC6056 section 3.3.3] */
static __always_inline u64 flow_port_hash(const struct control *control, const struct flow_key *key)
{
	u64 bytes = key->family == FAMILY_IPV4 ? 16 : 40;
	struct siphash s;

	siphash_start(&s, control->port_key);
	siphash_addresses(&s, (enum ip_family)key->family, &key->inside, &key->remote);
	siphash_word(&s, (u64)key->protocol << 32 | key->ports);
	return siphash_finish(&s, bytes);
}

static __always_inline u32 opening_position(const struct opening *o, u32 i)
{
	return o->first + (o->index + i) % o->length;
}

/* => where the search for a port begins */
static __always_inline u16 opening_start_port(const struct opening *o, u64 start)
{
	u32 size = (u32)o->ports.high - o->ports.low + 1;

	return (u16)(o->ports.low + (size ? start % size : 0));
}

/* Has the port that will be tried first brought near, while the slot is being filled. */
static __always_inline void opening_prefetch(const struct opening *o, u8 protocol)
{
	u16 port = opening_start_port(o, o->port_hash);
	u32 position = opening_position(o, 0);
	struct address_ports *ports;
	struct port_space *space;

	if (o->pool->sequential || position >= MAX_POOL_ADDRESSES)
		return;
	ports = env_ports(o->config->pool_addresses[position]);
	if (!ports)
		return;
	space = &ports->spaces[port_protocol_of(protocol)];
	env_prefetch(&space->owners[port]);
	env_prefetch(&space->free_bits[port / PORTS_PER_WORD]);
}

/* Claims a port on the address at `index + i` of the list. */
static inline long opening_claim_step(u32 i, void *context)
{
	struct opening *o = context;
	u32 position = opening_position(o, i);
	const struct nat_pool *pool = o->pool;
	struct address_ports *ports;
	struct port_space *space;
	u64 start;
	u16 address;

	if (position >= MAX_POOL_ADDRESSES)
		return 1;
	address = o->config->pool_addresses[position];
	ports = env_ports(address);
	if (!ports)
		return 0;
	space = &ports->spaces[port_protocol_of(o->flow->protocol)];
	start = pool->sequential ? atomic_fetch_add(&space->searches, 1) : o->port_hash;
	atomic_write(&o->flow->address, address);
	o->claimed = ports_claim_of(space, o->ports, o->port_mask, opening_start_port(o, start),
				    o->slot, &o->flow->port);
	return o->claimed != 0;
}

/* => true when a port is claimed; round-robin tries every address once, a selector only its own */
static __always_inline bool opening_claim(struct opening *o)
{
	env_loop(o->pool->selector == SELECT_ROUND_ROBIN ? o->length : 1, opening_claim_step, o);
	return o->claimed != 0;
}

static __always_inline void opening_fill(struct opening *o, const struct packet *p,
					 const struct first *first)
{
	struct flow *flow = o->flow;
	struct flow_stats *stats = env_flow_stats(o->slot - 1);
	u32 now_s = env_now_s(o->control);

	flow_set_key(flow, &p->key);
	flow->rule = first->rule_id;
	flow->pool = o->pool->id;
	flow->to_zone = (u16)(first->to_zone | (p->hairpin ? FLOW_HAIRPIN : 0));
	flow->tcp_state = tcp_first_state(p->tcp_flags);
	atomic_write(&flow->nexthop_out, first->nexthop);
	atomic_write(&flow->nexthop_in, NEXTHOP_NONE);
	atomic_write(&flow->last_seen_s, now_s);
	if (stats)
		*stats = (struct flow_stats){.created_s = now_s, .in_ifindex = p->ifindex};
}

/* Fills a slot that stands beside that of a flow, under a key of its own: a peer, or a way back. */
static __always_inline void flow_accompany(struct flow *other, const struct flow *flow,
					   const struct flow_key *key)
{
	flow_set_key(other, key);
	other->rule = flow->rule;
	other->pool = flow->pool;
	other->to_zone = flow->to_zone;
	atomic_write(&other->address, flow->address);
	other->port = flow->port;
	atomic_write(&other->last_seen_s, flow->last_seen_s);
	atomic_write(&other->life, FLOW_LIVE);
}

static __always_inline void opening_choose_ports(struct opening *o, const struct flow_key *key)
{
	struct port_range all = {o->pool->port_low, o->pool->port_high};
	u32 flags = o->pool->port_flags;
	u16 port = host_u16(key->inside_port);

	o->ports = pool_port_range(all, flags, key->protocol, port);
	o->port_mask = pool_port_mask(flags, key->protocol, port);
}

static __always_inline bool opening_start(struct opening *o, const struct packet *p,
					  const struct first *first)
{
	const struct address_list *list;

	o->control = env_control();
	o->config = env_config(p->half);
	if (!o->control || !o->config)
		return false;
	o->pool = config_pool(o->config, first->pool);
	o->rule = config_rule(o->config, first->rule);
	if (!o->pool || !o->rule)
		return false;
	list = &o->pool->lists[p->key.family % FAMILY_COUNT];
	o->first = list->first;
	o->length = list->length;
	o->index = first->index;
	o->port_hash = flow_port_hash(o->control, &p->key);
	opening_choose_ports(o, &p->key);
	return o->length != 0;
}

/* Gives back a slot that nobody has seen. */
static __always_inline void slot_return(struct control *control, u32 slot, bool binding)
{
	struct flow *flow = env_flow(slot - 1);

	if (!flow)
		return;
	if (binding)
		atomic_add(&control->binding_count, -1u);
	atomic_write(&flow->life, FLOW_FREE);
	flow_push_free(control, flow, slot, env_cpu());
}

/* Slot and port of a flow. => NO_REASON and the slot in first->slot, or the reason for the drop */
core_step int first_reserve(struct packet *p, struct first *first)
{
	struct opening o = {0};

	if (!p || !first || !opening_start(&o, p, first))
		return REASON_source_nat_pool_invalid;
	opening_prefetch(&o, p->key.protocol);
	o.slot = flow_pop_free(o.control);
	o.flow = o.slot ? env_flow(o.slot - 1) : NULL;
	if (!o.flow)
		return REASON_flow_table_full;
	opening_fill(&o, p, first);
	if (!opening_claim(&o)) {
		flow_push_free(o.control, o.flow, o.slot, env_cpu());
		return REASON_source_nat_pool_exhausted;
	}
	atomic_write(&o.flow->life, FLOW_LIVE);
	first->slot = o.slot;
	return NO_REASON;
}

/*
 * The overflow pool, where there is one that has an address of the family.
 * => NO_REASON if it is the pool now; otherwise the reason for the drop, and nothing has changed
 */
core_step int first_turn_to_overflow(struct packet *p, struct first *first)
{
	const struct nat_config *config;
	const struct nat_pool *pool, *overflow;
	u32 position;

	if (!p || !first)
		return REASON_source_nat_pool_invalid;
	config = env_config(p->half);
	pool = config ? config_pool(config, first->asked) : NULL;
	if (!pool)
		return REASON_source_nat_pool_invalid;
	position = overflow_position(config, pool, first->egress);
	overflow = config_pool(config, position);
	if (!overflow || !overflow->lists[p->key.family % FAMILY_COUNT].length)
		return REASON_source_nat_pool_exhausted;
	first->pool = (u16)position;
	return NO_REASON;
}

/* Counts that the overflow pool is asked, for both. => 0 */
core_step int first_count_overflow(struct packet *p, struct first *first)
{
	const struct nat_config *config;
	const struct nat_pool *pool, *overflow;
	struct owner_counters *counters;

	if (!p || !first)
		return -1;
	config = env_config(p->half);
	pool = config ? config_pool(config, first->asked) : NULL;
	overflow = config ? config_pool(config, first->pool) : NULL;
	if (!pool || !overflow)
		return -1;
	counters = env_pool_counters(pool->id);
	if (counters)
		atomic_add(&counters->overflows, 1);
	counters = env_pool_counters(overflow->id);
	if (counters)
		atomic_add(&counters->hits, 1);
	return 0;
}

/*
 * => true if the pool that the rule named has nothing for the packet, and its overflow pool is the
 *    one to ask now
 */
static __always_inline bool first_overflows(struct packet *p, struct first *first, u32 reason)
{
	if (reason != REASON_source_nat_pool_exhausted &&
	    reason != REASON_source_nat_pool_no_address &&
	    reason != REASON_source_nat_remote_in_use)
		return false;
	if (first_turn_to_overflow(p, first) != NO_REASON)
		return false;
	first_count_overflow(p, first);
	return true;
}

/* Slot and port, from the overflow pool; where it has none, the pool asked first has refused. */
static __always_inline u32 first_reserve_overflow(struct packet *p, struct first *first)
{
	u32 reason = (u32)first_select(p, first);

	if (reason == NO_REASON)
		reason = (u32)first_reserve(p, first);
	if (reason != NO_REASON)
		first->pool = first->asked;
	return reason;
}

/* Counts a flow that was opened, for its rule and its pool; a lease for its pool alone. */
static __always_inline void flow_count_opened(const struct flow *flow)
{
	struct owner_counters *rule = env_rule_counters(atomic_read(&flow->rule));
	struct owner_counters *pool = env_pool_counters(flow->pool);
	bool lease = flow_is_lease(flow);

	if (rule && !lease) {
		atomic_add(&rule->flows_opened, 1);
		atomic_add(&rule->flows, 1);
	}
	if (pool) {
		atomic_add(lease ? &pool->leases_opened : &pool->flows_opened, 1);
		atomic_add(lease ? &pool->leases : &pool->flows, 1);
	}
}

/* Takes back a flow that was to be published, and the port if it is its own. */
static __always_inline void flow_retire(struct flow *flow)
{
	struct address_ports *ports = env_ports(flow->address);

	if (ports && flow_owns_port(flow))
		ports_release(&ports->spaces[port_protocol_of(flow->protocol)],
			      host_u16(flow->port));
	atomic_write(&flow->life, FLOW_RETIRED);
}

/* => slot + 1 of what is published under the key of the flow or lease now; 0 if there is no room */
static __always_inline u32 publish_or_retire(struct flow_key *key, struct flow *flow, u32 slot)
{
	u32 winner = flow_publish(key, slot);

	if (winner == slot)
		flow_count_opened(flow);
	else
		flow_retire(flow);
	return winner;
}

/* The flow was opened, and the lease is as its rule says; or another CPU had opened it already. */
static __always_inline void lease_settle(struct flow *lease, const struct packet *p,
					 const struct first *first, bool opened)
{
	const struct nat_config *config = env_config(p->half);
	const struct nat_rule *rule = config ? config_rule(config, first->rule) : NULL;

	if (!opened || !rule) {
		atomic_add(&lease->users, -1u);
		return;
	}
	atomic_write(&lease->policy.word, rule->policy.word);
	atomic_write(&lease->permit, rule->permit);
	atomic_write(&lease->rule, rule->id);
	atomic_write(&lease->to_zone, first->to_zone);
}

/*
 * Index entry: first->slot is then the flow of the packet, the one reserved, or that of another CPU
 * which was faster.
 * => NO_REASON, or the reason for the drop
 */
core_step int first_publish(struct packet *p, struct first *first)
{
	struct flow *flow, *lease;
	u32 reserved;

	if (!p || !first)
		return REASON_source_nat_pool_invalid;
	reserved = first->slot;
	flow = env_flow(reserved - 1);
	if (!flow)
		return REASON_flow_table_full;
	first->slot = publish_or_retire(&p->key, flow, reserved);
	lease = first->lease ? env_flow(first->lease - 1) : NULL;
	if (lease && first->slot)
		lease_settle(lease, p, first, first->slot == reserved);
	return first->slot ? NO_REASON : REASON_flow_table_full;
}

#endif
