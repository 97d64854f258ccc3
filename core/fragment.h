/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Fragments: docs/packet-path.md, section 9.
 *
 * A first fragment that shows its ports is judged like a whole packet, and when it has gone on
 * translated, its datagram is learnt: (zone, source, destination, protocol, id) names the flow, and
 * the id that the datagram leaves with. A later fragment is translated by what was learnt. One
 * that comes before is copied into the store; holdfast-dp (dataplane/held.h) judges it again as
 * soon as its datagram is known, or gives it up.
 *
 * An entry is read between two equal readings of its state, which are full barriers, so what is
 * read was never put together from two. It names a flow's slot, in which there may be another flow
 * by now: what it says holds only for a flow that has the packet's addresses, and the port and the
 * time of creation that were noted (INV-RECLAIM).
 *
 * Nothing is locked. Whoever is slow to write an entry, or dies while it does, leaves it BUSY, and
 * nobody finds or takes it; holdfast-dp looks for such entries when it starts.
 */
#ifndef CORE_FRAGMENT_H
#define CORE_FRAGMENT_H

#include "core/icmp.h"
#include "core/rewrite.h"
#include "core/siphash.h"

/* What an entry says. */
struct fragment_saying {
	u32 slot; /* + 1; 0: the gateway itself */
	u32 direction;
	u32 out_id;
	u32 created_s;
	u16 port;
};

/* Where the id lies: in IPv4's header, or in the fragment header just before what it carries. */
static __always_inline u32 fragment_id_offset(const struct packet *p)
{
	return p->key.family == FAMILY_IPV4 ? p->link_bytes + 4u : p->transport - 4u;
}

/* => the id as it lies there; *held is false if the frame does not hold it */
static __always_inline u32 fragment_read_id(const env_frame *frame, const struct packet *p,
					    bool *held)
{
	bool ipv4 = p->key.family == FAMILY_IPV4;
	const u8 *at = packet_at(frame, fragment_id_offset(p), ipv4 ? 2 : 4);

	*held = at;
	if (!at)
		return 0;
	return ipv4 ? *(const u16 *)at : *(const u32 *)at;
}

/* Writes the id; IPv4's header checksum follows. => false if the frame does not hold it */
static __always_inline bool fragment_write_id(env_frame *frame, const struct packet *p, u32 id)
{
	u8 *ip = packet_at(frame, p->link_bytes, IPV4_BYTES);
	u8 *at = packet_at(frame, fragment_id_offset(p), 4);
	u16 *check;

	if (!ip || !at)
		return false;
	if (p->key.family == FAMILY_IPV6) {
		*(u32 *)at = id;
		return true;
	}
	check = (u16 *)(ip + 10);
	*check = checksum_apply(*check, rewrite_word16((u16 *)at, (u16)id));
	return true;
}

/* => where the datagram's entry is looked for first */
static __always_inline u32 fragment_hash(const struct control *control, const struct packet *p,
					 u32 id)
{
	return (u32)flow_hash(control, &p->key.inside, &p->key.remote, id, p->key.protocol,
			      p->key.family);
}

static __always_inline struct fragment_entry *fragment_entry_at(struct control *control, u32 place)
{
	return &control->fragments.entries[place % FRAGMENT_ENTRIES];
}

static __always_inline bool fragment_is_of(const struct fragment_entry *entry,
					   const struct flow_key *key, u32 id)
{
	u64 difference = (atomic_read(&entry->source.longs[0]) ^ key->inside.longs[0]) |
			 (atomic_read(&entry->source.longs[1]) ^ key->inside.longs[1]) |
			 (atomic_read(&entry->destination.longs[0]) ^ key->remote.longs[0]) |
			 (atomic_read(&entry->destination.longs[1]) ^ key->remote.longs[1]) |
			 (u64)(atomic_read(&entry->id) ^ id) |
			 (u64)(atomic_read(&entry->protocol) ^ key->protocol) |
			 (u64)(atomic_read(&entry->zone) ^ key->zone);

	value_is_anything(difference); /* or a compiler for BPF compares one by one */
	return !difference;
}

static __always_inline bool fragment_is_fresh(const struct fragment_entry *entry, u32 now_s)
{
	return (u16)((u16)now_s - atomic_read(&entry->learnt_s)) <= FRAGMENT_LIFE_S;
}

/* => true and what the entry says, if it is of the datagram, and not too old */
static __always_inline bool fragment_recall(struct fragment_entry *entry,
					    const struct flow_key *key, u32 id, u32 now_s,
					    struct fragment_saying *said)
{
	u64 before;

	if (!fragment_is_of(entry, key, id)) /* most of them; the next two readings cost more */
		return false;
	before = atomic_fetch_add(&entry->state, 0);
	if (!(before & FRAGMENT_USED) || (before & FRAGMENT_BUSY) ||
	    !fragment_is_of(entry, key, id) || !fragment_is_fresh(entry, now_s))
		return false;
	said->slot = atomic_read(&entry->slot);
	said->direction = atomic_read(&entry->direction);
	said->out_id = atomic_read(&entry->out_id);
	said->created_s = atomic_read(&entry->created_s);
	said->port = atomic_read(&entry->port);
	return atomic_fetch_add(&entry->state, 0) == before;
}

/* => true if the flow in the slot is the one that the entry was learnt for */
static __always_inline bool fragment_names(const struct control *control, const struct packet *p,
					   const struct fragment_saying *said)
{
	const struct flow *flow = env_flow(said->slot - 1);
	const struct flow_stats *stats = env_flow_stats(said->slot - 1);
	bool out = said->direction == FLOW_OUT;
	const union ip_addr *source, *destination;
	u64 difference;
	u8 life;

	if (!flow || !stats)
		return false;
	life = atomic_read(&flow->life);
	source = out ? &flow->inside : &flow->remote;
	destination = out ? &flow->remote : flow_translated_address(control, flow);
	difference = (source->longs[0] ^ p->key.inside.longs[0]) |
		     (source->longs[1] ^ p->key.inside.longs[1]) |
		     (destination->longs[0] ^ p->key.remote.longs[0]) |
		     (destination->longs[1] ^ p->key.remote.longs[1]) |
		     (u64)(flow->protocol ^ p->key.protocol) |
		     (u64)(raw_u16(flow->port) ^ said->port) |
		     (u64)(stats->created_s ^ said->created_s);
	return !difference && (life == FLOW_LIVE || (out && life == FLOW_ENDING)) &&
	       (!out || flow->zone == p->key.zone);
}

/*
 * The flow of a later fragment: slot + 1 and direction in *match, slot 0 if it is not known; and
 * the id that it leaves with in p->hash.
 * => NO_REASON, or the reason for which it goes to the kernel or is dropped
 */
core_step int fragment_match(env_frame *frame, struct packet *p, struct flow_match *match)
{
	struct control *control = env_control();
	const struct nat_config *config;
	const struct nat_address *target;
	struct fragment_saying said = {0};
	bool held, known = false;
	u32 id, hash, now_s;

	if (!p || !match || !control)
		return REASON_malformed_packet;
	config = env_config(p->half);
	id = fragment_read_id(frame, p, &held);
	if (!config || !held)
		return REASON_malformed_packet;
	hash = fragment_hash(control, p, id);
	now_s = env_now_s(control);
	for (u32 i = 0; i < FRAGMENT_PROBES && !known; i++)
		known = fragment_recall(fragment_entry_at(control, hash + i), &p->key, id, now_s,
					&said);
	if (!known)
		return NO_REASON;
	if (!said.slot) {
		target = nat_address_find(config, &p->key.remote);
		return target && (target->flags & NAT_ADDRESS_LOCAL) ? REASON_local_destination
								      : NO_REASON;
	}
	if (!fragment_names(control, p, &said))
		return NO_REASON;
	match->slot = said.slot;
	match->direction = said.direction;
	p->hash = said.out_id;
	return NO_REASON;
}

/*
 * Translates a packet that has an address to change and nothing else, a later fragment from inside
 * an id as well; with `hop`, its TTL loses one.
 * => 0, or -1 if the frame does not hold what was parsed
 */
core_step int address_rewrite(env_frame *frame, struct packet *p, u32 slot, u32 direction, u32 hop)
{
	struct control *control = env_control();
	struct flow *flow = env_flow(slot - 1);
	bool in = direction == FLOW_IN;
	enum ip_family family;
	struct ip_change change;

	if (!p || !flow || !control)
		return -1;
	family = p->key.family;
	return (in || p->kind != PACKET_FRAGMENT || fragment_write_id(frame, p, (u32)p->hash)) &&
	       rewrite_ip(frame, p->link_bytes, family, in ? PACKET_DESTINATION : PACKET_SOURCE,
			  in ? &flow->inside : flow_translated_address(control, flow), hop,
			  &change)
		       ? 0
		       : -1;
}

/*
 * An id that no other datagram from the NAT address to this destination has had lately, and that
 * nobody else can guess: a counter for each address, from a secret place for each destination and
 * protocol on [RFC6864 section 5.3.1, RFC7739 section 5.3]. => as it lies in a header
 */
static __always_inline u32 fragment_fresh_id(struct control *control, const struct flow *flow)
{
	const union ip_addr *source = flow_translated_address(control, flow);
	u32 count = atomic_fetch_add(&control->fragments.ids[flow->address % MAX_ADDRESS_SLOTS],
				     1);
	bool ipv4 = flow->family == FAMILY_IPV4;
	struct siphash s;
	u32 id;

	siphash_start(&s, control->port_key);
	siphash_addresses(&s, (enum ip_family)flow->family, source, &flow->remote);
	siphash_word(&s, flow->protocol);
	id = (u32)siphash_finish(&s, ipv4 ? 16 : 40) + count;
	return ipv4 ? raw_u16(network_u16((u16)id)) : raw_u32(network_u32(id));
}

/* How long ago the entry was learnt, in datagrams; the highest for one that is free. */
static __always_inline u32 fragment_age(u64 state, u64 learnt)
{
	return state & FRAGMENT_USED ? (u32)learnt - (u32)(state >> 32) : ~0u;
}

/* => the datagram's own entry, or else the oldest; NULL if all are being written */
static __always_inline struct fragment_entry *
fragment_place(struct control *control, const struct packet *p, u32 id, u64 *state)
{
	u64 learnt = atomic_read(&control->fragments.learnt);
	struct fragment_entry *place = NULL;
	u32 hash = fragment_hash(control, p, id), oldest = 0;

	for (u32 i = 0; i < FRAGMENT_PROBES; i++) {
		struct fragment_entry *entry = fragment_entry_at(control, hash + i);
		u64 now = atomic_read(&entry->state);
		bool own = (now & FRAGMENT_USED) && fragment_is_of(entry, &p->key, id);
		u32 age = fragment_age(now, learnt);

		if ((now & FRAGMENT_BUSY) || (!own && place && age <= oldest))
			continue;
		place = entry;
		oldest = age;
		*state = now;
		if (own)
			break;
	}
	return place;
}

static __always_inline void fragment_fill(struct fragment_entry *entry, const struct packet *p,
					  u32 id, const struct fragment_saying *said, u32 now_s)
{
	atomic_write(&entry->source.longs[0], p->key.inside.longs[0]);
	atomic_write(&entry->source.longs[1], p->key.inside.longs[1]);
	atomic_write(&entry->destination.longs[0], p->key.remote.longs[0]);
	atomic_write(&entry->destination.longs[1], p->key.remote.longs[1]);
	atomic_write(&entry->id, id);
	atomic_write(&entry->zone, p->key.zone);
	atomic_write(&entry->protocol, p->key.protocol);
	atomic_write(&entry->direction, (u8)said->direction);
	atomic_write(&entry->slot, said->slot);
	atomic_write(&entry->out_id, said->out_id);
	atomic_write(&entry->created_s, said->created_s);
	atomic_write(&entry->port, said->port);
	atomic_write(&entry->learnt_s, (u16)now_s);
}

/* A first fragment that came twice leaves with one id: what it said is kept while it is fresh. */
static __always_inline bool fragment_says_the_same(const struct fragment_entry *entry,
						   const struct packet *p, u32 id,
						   const struct fragment_saying *said, u32 now_s)
{
	return fragment_is_of(entry, &p->key, id) && fragment_is_fresh(entry, now_s) &&
	       entry->slot == said->slot && entry->direction == said->direction &&
	       entry->created_s == said->created_s && entry->port == said->port;
}

/* => false if there is no such flow */
static __always_inline bool fragment_describe(u32 slot, u32 direction,
					      struct fragment_saying *said)
{
	const struct flow *flow;
	const struct flow_stats *stats;

	said->slot = slot;
	said->direction = direction;
	if (!slot)
		return true;
	flow = env_flow(slot - 1);
	stats = env_flow_stats(slot - 1);
	if (!flow || !stats)
		return false;
	said->port = raw_u16(flow->port);
	said->created_s = stats->created_s;
	return true;
}

/*
 * Learns the datagram of a first fragment, which has been translated and may still have its old id:
 * its flow (slot + 1), or 0 for the gateway itself. From inside, it is given a fresh id.
 * => 0; -1 if the table refused, and the other fragments will not be known
 */
core_step int fragment_learn(env_frame *frame, struct packet *p, u32 slot, u32 direction)
{
	struct control *control = env_control();
	struct fragment_saying said = {0};
	struct fragment_entry *entry;
	bool held, out = slot && direction == FLOW_OUT;
	u64 state = 0, number;
	u32 id, now_s;

	if (!p || !control || !fragment_describe(slot, direction, &said))
		return -1;
	id = fragment_read_id(frame, p, &held);
	entry = held ? fragment_place(control, p, id, &state) : NULL;
	if (!entry || !atomic_replace(&entry->state, state, state | FRAGMENT_BUSY))
		return -1;
	now_s = env_now_s(control);
	said.out_id = id;
	if ((state & FRAGMENT_USED) && fragment_says_the_same(entry, p, id, &said, now_s)) {
		said.out_id = entry->out_id;
	} else if (out) {
		const struct flow *flow = env_flow(slot - 1);

		if (flow)
			said.out_id = fragment_fresh_id(control, flow);
	}
	fragment_fill(entry, p, id, &said, now_s);
	number = atomic_fetch_add(&control->fragments.learnt, 1);
	(void)atomic_swap(&entry->state, number << 32 | FRAGMENT_USED);
	return out && !fragment_write_id(frame, p, said.out_id) ? -1 : 0;
}

struct held_search {
	struct fragment_table *table;
	u32 first; /* place of the set */
	u32 found; /* + 1 */
};

static inline long held_search_step(u32 i, void *context)
{
	struct held_search *search = context;
	u32 place = (search->first + i) % HELD_PLACES;

	if (!atomic_replace(&search->table->held_states[place], HELD_FREE, HELD_BUSY))
		return 0;
	search->found = place + 1;
	return 1;
}

/* => the first place of the set in which frames from there may lie */
static __always_inline u32 held_set(const struct control *control, const struct packet *p,
				    bool outside)
{
	u64 hash = flow_hash(control, &p->key.inside, &p->key.inside, p->key.zone, 0,
			     p->key.family);

	return (outside * HELD_SETS + (u32)hash % HELD_SETS) * HELD_PER_SET;
}

/* Copies the frame. => false if it cannot */
static __always_inline bool held_fill(env_frame *frame, const struct packet *p, u64 bytes,
				      struct held_frame *held, u32 now_s, u64 number)
{
	held->number = (u32)number;
	held->held_s = now_s;
	held->ifindex = p->ifindex;
	held->length = (u16)bytes;
	value_is_anything(bytes);
	bytes = ((bytes - 1) & (HELD_FRAME_BYTES - 1)) + 1; /* for BPF's verifier: 1 to all */
	return !env_frame_load(frame, held->bytes, (u32)bytes);
}

/* => IS_HELD if the frame now waits for its first fragment, or the reason for the drop */
core_step int fragment_hold(env_frame *frame, struct packet *p, u32 outside)
{
	struct control *control = env_control();
	struct held_search search = {0};
	u64 bytes, place;

	if (!p || !control)
		return REASON_fragment_unknown;
	bytes = (u64)(env_frame_end(frame) - env_frame_start(frame));
	if (!bytes || bytes > HELD_FRAME_BYTES)
		return REASON_fragment_unknown;
	search.table = &control->fragments;
	search.first = held_set(control, p, outside);
	env_loop(HELD_PER_SET, held_search_step, &search);
	place = search.found;
	if (!place)
		return REASON_fragment_store_full;
	place = (place - 1) % HELD_PLACES;
	index_is_checked(place, HELD_PLACES);
	if (!held_fill(frame, p, bytes, &control->fragments.places[place], env_now_s(control),
		       atomic_fetch_add(&control->fragments.held, 1))) {
		(void)atomic_swap(&control->fragments.held_states[place], HELD_FREE);
		return REASON_fragment_unknown;
	}
	(void)atomic_swap(&control->fragments.held_states[place], HELD_READY);
	if (atomic_read(&control->fragments.sleeping) &&
	    atomic_swap(&control->fragments.sleeping, 0))
		env_wake_holder();
	return IS_HELD;
}

#endif
