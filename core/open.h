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
 * INV-CLOSED  a packet that a rule owns and that cannot be translated is dropped before any state
 *             exists; what was reserved on the way (slot, port) is given back at once
 * INV-STICKY  with address-persistent, the address is selector(source, list) and nothing else
 *
 * Order of reservation: slot, port, index entry. A slot that nobody can have seen goes back to its
 * free stack; one whose port was claimed (a packet from outside may have seen it) is left
 * RETIRED for the collector.
 */
#ifndef CORE_OPEN_H
#define CORE_OPEN_H

#include "core/memo.h"
#include "core/overflow.h"
#include "core/pool_ports.h"
#include "core/ports.h"
#include "core/shift.h"
#include "core/siphash.h"
#include "core/tcp.h"
#include "core/way.h"

/* => enum port_protocol of a packet that has a flow */
static __always_inline u32 port_protocol_of(u8 protocol)
{
	if (protocol == PROTOCOL_TCP)
		return PORTS_TCP;
	return protocol == PROTOCOL_UDP ? PORTS_UDP : PORTS_ICMP;
}

/* What is known of a first packet so far. */
struct first {
	u32 rule;   /* position in rules[], RULE_NOT_FOUND if no rule owns the packet */
	u32 rule_id;
	u16 egress; /* column */
	u16 to_zone;
	u32 nexthop; /* for the flow to remember; NEXTHOP_NONE if the kernel is to be asked again */
	u32 too_big; /* for the route's MTU */
	u16 pool;   /* position in pools[], MAX_POOLS before one is chosen */
	u16 asked;  /* position of the pool that the rule named, once an overflow pool is asked */
	u32 index;  /* the address to begin with, in the pool's list of the family */
	u32 slot;   /* + 1: the flow, reserved and then published */
};

/* => why a packet that a rule owns cannot open a flow, or NO_REASON */
static __always_inline u32 first_kind_refusal(const struct packet *p)
{
	switch (p->kind) {
	case PACKET_FRAGMENT:
		return REASON_fragment_unknown;
	case PACKET_OTHER:
		return REASON_unsupported_protocol;
	case PACKET_ECHO_REPLY:
	case PACKET_ICMP_ERROR:
		return REASON_no_flow;
	case PACKET_TCP:
		return tcp_opens(p->tcp_flags) ? NO_REASON : REASON_tcp_not_syn;
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
 * The rule.
 * => NO_REASON if a rule owns the packet and it may open a flow (FOR_WORKER if it is steered);
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
	reason = first_kind_refusal(p);
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
	flow->rule = (u16)first->rule_id;
	flow->pool = o->pool->id;
	flow->to_zone = (u16)first->to_zone;
	flow->tcp_state = TCP_OPENING;
	atomic_write(&flow->nexthop_out, first->nexthop);
	atomic_write(&flow->nexthop_in, NEXTHOP_NONE);
	atomic_write(&flow->last_seen_s, now_s);
	if (stats)
		*stats = (struct flow_stats){.created_s = now_s, .in_ifindex = p->ifindex};
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
	if (!o->pool)
		return false;
	list = &o->pool->lists[p->key.family % FAMILY_COUNT];
	o->first = list->first;
	o->length = list->length;
	o->index = first->index;
	o->port_hash = flow_port_hash(o->control, &p->key);
	opening_choose_ports(o, &p->key);
	return o->length != 0;
}

/* Slot and port. => NO_REASON and the slot in first->slot, or the reason for the drop */
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
core_step int first_overflow(struct packet *p, struct first *first)
{
	const struct nat_config *config;
	const struct nat_pool *pool, *overflow;
	struct owner_counters *counters;
	u32 position;

	if (!p || !first)
		return REASON_source_nat_pool_invalid;
	config = env_config(p->half);
	pool = config ? config_pool(config, first->pool) : NULL;
	if (!pool)
		return REASON_source_nat_pool_invalid;
	position = overflow_position(config, pool, first->egress);
	overflow = config_pool(config, position);
	if (!overflow || !overflow->lists[p->key.family % FAMILY_COUNT].length)
		return REASON_source_nat_pool_exhausted;
	first->asked = first->pool;
	first->pool = (u16)position;
	counters = env_pool_counters(pool->id);
	if (counters)
		atomic_add(&counters->overflows, 1);
	counters = env_pool_counters(overflow->id);
	if (counters)
		atomic_add(&counters->hits, 1);
	return NO_REASON;
}

/* => true for a pool that has nothing for the packet, so that its overflow pool is asked */
static __always_inline bool pool_overflows(u32 reason)
{
	return reason == REASON_source_nat_pool_exhausted ||
	       reason == REASON_source_nat_pool_no_address;
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

/* Counts a flow that was opened, for its rule and its pool. */
static __always_inline void flow_count_opened(const struct flow *flow)
{
	struct owner_counters *rule = env_rule_counters(flow->rule);
	struct owner_counters *pool = env_pool_counters(flow->pool);

	if (rule) {
		atomic_add(&rule->flows_opened, 1);
		atomic_add(&rule->flows, 1);
	}
	if (pool) {
		atomic_add(&pool->flows_opened, 1);
		atomic_add(&pool->flows, 1);
	}
}

/* Takes back a flow whose port was claimed but which is not published. */
static __always_inline void flow_retire(struct flow *flow)
{
	struct address_ports *ports = env_ports(flow->address);

	if (ports)
		ports_release(&ports->spaces[port_protocol_of(flow->protocol)],
			      host_u16(flow->port));
	atomic_write(&flow->life, FLOW_RETIRED);
}

/*
 * Index entry: first->slot is then the flow of the packet, the one reserved, or that of another CPU
 * which was faster.
 * => NO_REASON, or the reason for the drop
 */
core_step int first_publish(struct packet *p, struct first *first)
{
	struct control *control = env_control();
	struct flow *flow;
	u32 reserved;

	if (!p || !first || !control)
		return REASON_source_nat_pool_invalid;
	reserved = first->slot;
	flow = env_flow(reserved - 1);
	if (!flow)
		return REASON_flow_table_full;
	first->slot = flow_publish(control, &p->key, p->hash, reserved);
	if (first->slot == reserved)
		flow_count_opened(flow);
	else
		flow_retire(flow);
	return first->slot ? NO_REASON : REASON_flow_table_full;
}

/* Counts a refusal for its rule and pool, and keeps it for `show`. */
core_step int first_refuse(struct packet *p, struct first *first, u32 reason)
{
	const struct nat_config *config;
	const struct nat_rule *rule;
	const struct nat_pool *pool;
	struct owner_counters *counters;
	u32 pool_id = ID_NONE;

	if (!p || !first)
		return -1;
	config = env_config(p->half);
	rule = config ? config_rule(config, first->rule) : NULL;
	if (!rule)
		return -1;
	counters = env_rule_counters(rule->id);
	if (counters)
		atomic_add(&counters->failures[reason % REASON_CAPACITY], 1);
	pool = config_pool(config, first->pool);
	if (pool) {
		pool_id = pool->id;
		counters = env_pool_counters(pool_id);
		if (counters)
			atomic_add(&counters->failures[reason % REASON_CAPACITY], 1);
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

	if (pool->selector == SELECT_ROUND_ROBIN || position >= MAX_POOL_ADDRESSES)
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

/* => whether the packet is one of those that are judged a second time */
static __always_inline bool sample_is_due(const struct packet *p)
{
	const struct nat_config *config = env_config(p->half);
	u32 every = config ? config->parity_sample : 0;

	return every && p->hash && (u32)(p->hash >> 16) % every == 0;
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

/* As far as it goes without reserving anything. => NO_REASON, or the reason */
static __always_inline u32 first_steps(env_frame *frame, struct packet *p, struct first *first)
{
	u32 reason = (u32)first_route(frame, p, first);

	if (reason == NO_REASON)
		reason = (u32)first_judge(p, first);
	if (reason == NO_REASON)
		reason = (u32)first_choose(p, first);
	if (reason == NO_REASON)
		reason = (u32)first_select(p, first);
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
	if (reason == NO_REASON)
		reason = (u32)first_reserve(p, &first);
	if (pool_overflows(reason) && first_overflow(p, &first) == NO_REASON)
		reason = first_reserve_overflow(p, &first);
	if (reason == NO_REASON)
		reason = (u32)first_publish(p, &first);
	if (reason >= REASON_FIRST_DROP && reason < NO_REASON && first.rule != RULE_NOT_FOUND)
		first_refuse(p, &first, reason);
	*slot = first.slot;
	return reason;
}

#endif
