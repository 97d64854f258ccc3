/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * A packet of no known flow: which rule owns it, and the flow that it opens.
 * docs/packet-path.md, sections 3.4 to 3.7 and 6.
 *
 * Steps, each handing on what it found in struct first: route, judge (rule), choose (pool), select
 * (address), reserve (slot and port), publish (index entry); and refuse, where one said no. Where the
 * pool has no port, select and reserve are gone through once more with its overflow pool.
 * They are called one after the other rather than from each other, because BPF's stack is small.
 *
 * With persistent-nat, the endpoint's lease is looked for instead of selecting an address, in the
 * rule's pool and then in its overflow pool; without one it is reserved and published like a flow, and
 * then the flow that goes through it.
 *
 * INV-CLOSED  a packet that a rule owns and that cannot be translated is dropped before any state
 *             exists; what was reserved on the way (slot, port) is given back at once
 * INV-STICKY  with address-persistent, the address is selector(source, list) and nothing else
 *
 * Order of reservation: slot, port, index entry. A slot that nobody can have seen goes back to its
 * free stack; one that a packet may have seen (from outside by its port, or by an intent to publish
 * it) is left RETIRED for the collector.
 */
#ifndef CORE_OPEN_H
#define CORE_OPEN_H

#include "core/called.h"
#include "core/memo.h"
#include "core/overflow.h"
#include "core/pool_ports.h"
#include "core/ports.h"
#include "core/shift.h"
#include "core/siphash.h"
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
	u32 peer;   /* + 1: of a peer that is to be made */
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
 * Instead of the way, of a packet to a NAT address: the zone that the called flow or lease leads to.
 * => NO_REASON if it may open a flow to there; REASON_ttl_expired; or a reason for the kernel if not
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
	first->permit = owner->permit;
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
	if (key->family == FAMILY_IPV4) {
		siphash_word(&s, (u64)raw_u32(key->remote.words[3]) << 32 |
					 raw_u32(key->inside.words[3]));
	} else {
		siphash_word(&s, key->inside.longs[0]);
		siphash_word(&s, key->inside.longs[1]);
		siphash_word(&s, key->remote.longs[0]);
		siphash_word(&s, key->remote.longs[1]);
	}
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

	flow->inside = p->key.inside;
	flow->remote = p->key.remote;
	flow->ports = p->key.ports;
	flow->protocol = p->key.protocol;
	flow->family = p->key.family;
	flow->zone = p->key.zone;
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

/* What is different in a lease; the packet's flow will be the first to use it. */
static __always_inline void opening_fill_lease(struct opening *o)
{
	struct flow *lease = o->flow;
	struct flow_key key;

	flow_key_of(lease, &key);
	lease_key(&key, lease->pool);
	lease->remote = key.remote;
	lease->remote_port = key.remote_port;
	lease->zone = key.zone;
	lease->to_zone = flow_to_zone(lease);
	lease->permit = o->rule->permit;
	atomic_write(&lease->policy.word, o->rule->policy.word);
	atomic_write(&lease->users, 1);
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
	    reason != REASON_source_nat_pool_no_address)
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
	struct owner_counters *rule = env_rule_counters(flow->rule);
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

	if (ports && !(flow->to_zone & FLOW_LEASED))
		ports_release(&ports->spaces[port_protocol_of(flow->protocol)],
			      host_u16(flow->port));
	atomic_write(&flow->life, FLOW_RETIRED);
}

/* The endpoint's lease, if it has one: the flow is counted in. => NO_REASON, or why it may not be */
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
	struct flow_key key = p->key;
	struct flow *peer;
	u32 slot;

	if (!lease_has_peers((enum lease_permit)first->permit, p->key.protocol))
		return false;
	peer_key(&key, (enum lease_permit)first->permit, pool_id);
	slot = flow_look_up(&key);
	peer = slot ? env_flow(slot - 1) : NULL;
	return !peer || atomic_read(&peer->life) != FLOW_LIVE;
}

/*
 * All the slots that a flow with persistent-nat needs: its own, and those of lease and peer if they are
 * not there. => NO_REASON, or the reason why there is no room; what was taken is then still noted in
 * *first, for first_give_back()
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

/* The peer that remembers the remote end of a flow. */
static __always_inline void peer_fill(struct flow *peer, const struct flow *flow,
				      const struct flow_key *key)
{
	peer->inside = key->inside;
	peer->remote = key->remote;
	peer->ports = key->ports;
	peer->protocol = key->protocol;
	peer->family = key->family;
	peer->zone = key->zone;
	peer->rule = flow->rule;
	peer->pool = flow->pool;
	peer->to_zone = flow->to_zone;
	atomic_write(&peer->address, flow->address);
	peer->port = flow->port;
	atomic_write(&peer->last_seen_s, flow->last_seen_s);
	atomic_write(&peer->life, FLOW_LIVE);
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
	peer_fill(peer, flow, &key);
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

/*
 * The same for a lease; if another CPU was faster, that one's is taken.
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
	reason = lease ? lease_take(lease, lease_flows_max(lease->policy)) : REASON_lease_table_full;
	if (reason != NO_REASON)
		first->lease = 0;
	return (int)reason;
}

static __always_inline void owner_count_failure(struct owner_counters *owner, u32 reason)
{
	if (owner)
		atomic_add(&owner->failures[reason % REASON_CAPACITY], 1);
}

/*
 * => whether the sender of a packet that a rule refuses is told [RFC5508 REQ-8]. Not about fragments,
 * nor about ICMP but echo requests [RFC1122 section 3.2.2, RFC4443 section 2.4]; and a segment of an
 * unknown connection asks for nothing that could be refused.
 */
static __always_inline bool refusal_is_told(const struct packet *p, u32 reason)
{
	if (p->fragment)
		return false;
	if (p->kind == PACKET_OTHER)
		return !protocol_is_icmp(p->key.family, p->key.protocol);
	return (p->kind == PACKET_TCP && reason != REASON_tcp_not_syn) || p->kind == PACKET_UDP ||
	       p->kind == PACKET_ECHO_REQUEST;
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

/* => the slot of the address that the source alone decides; SAMPLE_ANY_ADDRESS if there is none */
static __always_inline u16 first_address(const struct nat_config *config,
					 const struct nat_pool *pool, const struct packet *p,
					 const struct first *first)
{
	u64 position = pool->lists[p->key.family % FAMILY_COUNT].first + first->index;

	if (first->permit || pool->selector == SELECT_ROUND_ROBIN || position >= MAX_POOL_ADDRESSES)
		return SAMPLE_ANY_ADDRESS;
	index_is_checked(position, MAX_POOL_ADDRESSES);
	return config->pool_addresses[position];
}

static __always_inline struct judgement first_judgement(const struct nat_config *config,
							const struct packet *p,
							const struct first *first, u32 reason)
{
	const struct nat_pool *pool = config_pool(config, first->pool);
	struct judgement judgement = {.reason = (u16)reason, .rule = (u16)first->rule_id,
				      .address = SAMPLE_ANY_ADDRESS};

	if (!pool)
		return judgement;
	judgement.pool = pool->id;
	if (reason == NO_REASON)
		judgement.address = first_address(config, pool, p, first);
	return judgement;
}

/*
 * => whether the packet is one of those that are judged a second time: not if that depends on who owns
 * a port at the time
 */
static __always_inline bool sample_is_due(const struct packet *p)
{
	const struct nat_config *config = env_config(p->half);
	u32 every = config ? config->parity_sample : 0;

	return every && p->hash && !p->hairpin && (u32)(p->hash >> 16) % every == 0;
}

/* Keeps the packet, which is still as it came, and what was made of it, for the sentinel. */
core_step int sample_keep(env_frame *frame, struct packet *p, struct first *first, u32 reason)
{
	struct control *control = env_control();
	const struct nat_config *config;
	struct sample *sample;
	u64 number, bytes;

	if (!p || !first || !control)
		return -1;
	config = env_config(p->half);
	if (!config)
		return -1;
	number = atomic_fetch_add(&control->sample_count, 1);
	sample = &control->samples.samples[number % SAMPLE_CAPACITY];
	if (!atomic_replace(&sample->state, SAMPLE_FREE, SAMPLE_BUSY))
		return -1;
	bytes = (u64)(env_frame_end(frame) - env_frame_start(frame));
	sample->length = (u16)bytes;
	if (bytes > SAMPLE_HEAD_BYTES)
		bytes = SAMPLE_HEAD_BYTES;
	value_is_anything(bytes);
	bytes = ((bytes - 1) & (SAMPLE_HEAD_BYTES - 1)) + 1; /* for BPF's verifier: 1 to all */
	sample->head_length = (u16)bytes;
	sample->generation = config->generation;
	sample->nexthop_generation = nexthop_generation(control);
	sample->ifindex = p->ifindex;
	sample->half = p->half;
	sample->form = (u8)env_form();
	sample->judgement = first_judgement(config, p, first, reason);
	if (env_frame_load(frame, sample->head, (u32)bytes))
		sample->head_length = 0;
	(void)atomic_swap(&sample->state, SAMPLE_READY);
	return 0;
}

#define FIRST_NOTHING {.rule = RULE_NOT_FOUND, .pool = MAX_POOLS}

/*
 * As far as it goes without reserving anything; with persistent-nat there may be a lease, and no address
 * is selected yet.
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

/*
 * What was found so far is NO_REASON, or why the pool has no address for the packet.
 * => NO_REASON and the flow in first->slot, or the reason for the drop
 */
static __always_inline u32 first_open(struct packet *p, struct first *first, u32 reason)
{
	if (reason != NO_REASON && reason != REASON_source_nat_pool_no_address)
		return reason;
	if (first->permit)
		return first_open_leased(p, first);
	if (reason == NO_REASON)
		reason = (u32)first_reserve(p, first);
	if (first_overflows(p, first, reason))
		reason = first_reserve_overflow(p, first);
	if (reason == NO_REASON)
		reason = (u32)first_publish(p, first);
	return reason;
}

/*
 * Judges a packet that belongs to no flow, and opens one if a rule says so.
 * => NO_REASON and slot + 1 of its flow; otherwise the reason for the drop, or for the kernel
 */
static __always_inline u32 first_packet(env_frame *frame, struct packet *p, u32 *slot)
{
	struct first first = FIRST_NOTHING;
	u32 reason = first_steps(frame, p, &first);

	if (reason != FOR_WORKER && sample_is_due(p))
		sample_keep(frame, p, &first, reason);
	reason = first_open(p, &first, reason);
	if (reason >= REASON_FIRST_DROP && reason < NO_REASON && first.rule != RULE_NOT_FOUND)
		first_refuse(p, &first, reason);
	*slot = first.slot;
	return reason;
}

#endif
