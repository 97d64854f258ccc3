/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The flow table: finding flows, free slots, and publishing a new flow (layout: abi/flow.h).
 *
 * Life of a slot: popped from a free stack, filled in by its creator, given a port (from then on a
 * packet from outside can find it), published in the index (now a packet from inside can);
 * unlinked by the collector when it has idled, and pushed on a free stack again one grace period
 * later. A slot whose flow lost the race to be published is left RETIRED for the collector,
 * because a packet from outside may have seen it.
 *
 * INV-FLOW-1  one tuple is published at most once. Two CPUs that open the same flow insert into
 *             the same home bucket, whose intent word serialises them: an inserter reads it,
 *             looks for a duplicate, and swaps it for its own intent only if nothing was
 *             inserted in between. No lock is held: whoever meets an intent completes it first,
 *             so a process that dies in the middle holds nobody up.
 * INV-FLOW-2  an entry that was cleared comes back only by a new insertion: the collector puts
 *             BUCKET_TOMBSTONE in its place, so that a slow helper of an old intent, who expects
 *             an empty place, fails. It stays for two grace periods: after the first, nobody who
 *             saw the place empty before can still announce an intent for it; after the second,
 *             nobody who met such an intent can still be helping.
 * INV-FLOW-3  a table of N slots holds N flows: slots are counted by the stacks alone.
 *
 * Locking: none. Order of publication: the slot's words, its port's owner, the index entry.
 */
#ifndef CORE_FLOW_H
#define CORE_FLOW_H

#include "core/atomic.h"
#include "core/bits.h"
#include "core/environment.h"

/* What identifies a flow, laid out as in struct flow. */
struct flow_key {
	union ip_addr inside;
	union ip_addr remote;
	union {
		struct {
			__be16 inside_port;
			__be16 remote_port;
		};
		u32 ports;
	};
	u8 protocol;
	u8 family; /* enum ip_family; follows from the addresses */
	u16 zone;
};

enum { FLOW_ANY_ZONE = 0xffff }; /* sessions of all zones */

static __always_inline enum flow_kind flow_kind(const struct flow *flow)
{
	return (enum flow_kind)(flow->zone >> FLOW_KIND_SHIFT);
}

/* => the zone that packets of the flow have to leave by, from inside */
static __always_inline u16 flow_to_zone(const struct flow *flow)
{
	return atomic_read(&flow->to_zone) & FLOW_ZONE_MASK;
}

/* => true if the flow's remote end is a NAT address */
static __always_inline bool flow_is_hairpin(const struct flow *flow)
{
	return flow->to_zone & FLOW_HAIRPIN;
}

static __always_inline bool flow_has_key(const struct flow *flow, const struct flow_key *key)
{
	u64 difference = (flow->inside.longs[0] ^ key->inside.longs[0]) |
			 (flow->inside.longs[1] ^ key->inside.longs[1]) |
			 (flow->remote.longs[0] ^ key->remote.longs[0]) |
			 (flow->remote.longs[1] ^ key->remote.longs[1]) |
			 (flow->ports ^ key->ports) | (u64)(flow->protocol ^ key->protocol);

	return !difference && (key->zone == FLOW_ANY_ZONE ? flow_kind(flow) == FLOW_SESSION
							   : key->zone == flow->zone);
}

static __always_inline void flow_key_of(const struct flow *flow, struct flow_key *key)
{
	key->inside = flow->inside;
	key->remote = flow->remote;
	key->ports = flow->ports;
	key->protocol = flow->protocol;
	key->family = flow->family;
	key->zone = flow->zone;
}

/* Only by its creator, before it is published. */
static __always_inline void flow_set_key(struct flow *flow, const struct flow_key *key)
{
	flow->inside = key->inside;
	flow->remote = key->remote;
	flow->ports = key->ports;
	flow->protocol = key->protocol;
	flow->family = key->family;
	flow->zone = key->zone;
}

/* => the address that the flow's packets leave with */
static __always_inline const union ip_addr *
flow_translated_address(const struct control *control, const struct flow *flow)
{
	return &control->addresses.slots[flow->address % MAX_ADDRESS_SLOTS].address;
}

/*
 * Where a flow lies. Multilinear hashing over the 32-bit words of its key (strongly universal:
 * Lemire, Kaser 2014): whoever does not know the key finds no tuples that meet more often
 * than by chance, so nobody can aim at one bucket, and it costs a multiplication a word. The sum
 * is linear, and hosts or ports in order would lie at equal distances, with some keys in few
 * buckets; one more multiplication between two shifts breaks that up.
 * The zone is left out, so that a flow is also found by those who do not know it.
 * => 32 bits that choose home bucket and tag, and above them 32 that choose the other bucket
 */
static __always_inline u64 flow_hash(const struct control *control, const union ip_addr *inside,
				     const union ip_addr *remote, u32 ports, u8 protocol, u8 family)
{
	const u64 *key = control->flow_key;
	u64 sum = key[0] + key[1] * raw_u32(inside->words[3]) +
		  key[2] * raw_u32(remote->words[3]) + key[3] * ports + key[4] * protocol;

	if (family == FAMILY_IPV6)
		sum += key[5] * raw_u32(inside->words[0]) + key[6] * raw_u32(inside->words[1]) +
		       key[7] * raw_u32(inside->words[2]) + key[8] * raw_u32(remote->words[0]) +
		       key[9] * raw_u32(remote->words[1]) + key[10] * raw_u32(remote->words[2]);
	sum = (sum ^ sum >> 32) * 0x9fb21c651e98df25;
	return sum ^ sum >> 32;
}

static __always_inline u64 flow_key_hash(const struct control *control, const struct flow_key *key)
{
	return flow_hash(control, &key->inside, &key->remote, key->ports, key->protocol,
			 key->family);
}

static __always_inline u32 flow_home_bucket(const struct control *control, u64 hash)
{
	return (u32)((hash & 0xffffffff) * control->bucket_count >> 32);
}

static __always_inline u32 flow_other_bucket(const struct control *control, u64 hash)
{
	return (u32)((hash >> 32) * control->bucket_count >> 32);
}

/* The bits that decide least about either bucket. */
static __always_inline u32 flow_tag(u64 hash)
{
	return (u32)(hash & 0xff) << BUCKET_SLOT_BITS;
}

/* => slot + 1 of the flow with this key among the bucket's entries, 0 if there is none */
static __always_inline u32 flow_find_in(struct flow_bucket *bucket, u32 tag,
					const struct flow_key *key)
{
	for (int i = 0; i < BUCKET_ENTRIES; i++) {
		u32 entry = atomic_read(&bucket->entries[i]);
		u32 slot = entry & BUCKET_SLOT_MASK;
		struct flow *flow;

		if ((entry & ~BUCKET_SLOT_MASK) != tag || !slot || slot == BUCKET_TOMBSTONE)
			continue;
		flow = env_flow(slot - 1);
		if (flow && flow_has_key(flow, key))
			return slot;
	}
	return 0;
}

/* => slot + 1, 0 if no such flow is published */
static __always_inline u32 flow_find(const struct control *control, const struct flow_key *key,
				     u64 hash)
{
	struct flow_bucket *home = env_bucket(flow_home_bucket(control, hash)), *other;
	u32 tag = flow_tag(hash), slot;

	if (!home)
		return 0;
	slot = flow_find_in(home, tag, key);
	if (slot || !(atomic_read(&home->intent) & BUCKET_SPILLED))
		return slot;
	other = env_bucket(flow_other_bucket(control, hash));
	return other ? flow_find_in(other, tag, key) : 0;
}

/* The same for those who are in no hurry: verified once, and not where it is called. */
core_step u32 flow_look_up(struct flow_key *key)
{
	const struct control *control = env_control();

	return key && control ? flow_find(control, key, flow_key_hash(control, key)) : 0;
}

/* => slot + 1 of the first entry with the tag, 0 if there is none; 1 in 18 is another flow's */
static __always_inline u32 flow_guess_in(struct flow_bucket *bucket, u32 tag)
{
	for (int i = 0; i < BUCKET_ENTRIES; i++) {
		u32 entry = atomic_read(&bucket->entries[i]);

		if ((entry & ~BUCKET_SLOT_MASK) == tag && (entry & BUCKET_SLOT_MASK))
			return entry & BUCKET_SLOT_MASK;
	}
	return 0;
}

/* => false if no flow with the hash is published; true if there probably is one */
static __always_inline bool flow_may_exist(const struct control *control, u64 hash)
{
	struct flow_bucket *home = env_bucket(flow_home_bucket(control, hash));

	return home && (flow_guess_in(home, flow_tag(hash)) ||
			(atomic_read(&home->intent) & BUCKET_SPILLED));
}

/*
 * Free slots. The high half of a stack's head counts its changes, so that a head that was popped
 * and pushed again in between is not mistaken for the same.
 */
struct flow_pop {
	struct control *control;
	u32 stack;
	u32 tried; /* stacks found empty */
	u32 slot;  /* + 1 */
};

static inline long flow_pop_step(u32 i, void *context)
{
	struct flow_pop *pop = context;
	struct free_stack *stack = &pop->control->free_stacks[pop->stack % FREE_STACKS];
	u64 head = atomic_read(&stack->head);
	u32 slot = (u32)head;
	struct flow *flow;

	(void)i;
	if (!slot) {
		pop->stack++;
		return ++pop->tried == FREE_STACKS;
	}
	flow = env_flow(slot - 1);
	if (!flow)
		return 1;
	if (!atomic_replace(&stack->head, head,
			    ((head >> 32) + 1) << 32 | atomic_read(&flow->next_free)))
		return 0;
	pop->slot = slot;
	return 1;
}

enum { FLOW_RETRIES = 1024 }; /* each lost swap is somebody else's success */

/* => slot + 1 of a slot that is now the caller's, 0 if all are in use */
static __always_inline u32 flow_pop_free(struct control *control)
{
	struct flow_pop pop = {.control = control, .stack = env_cpu()};

	env_loop(FLOW_RETRIES, flow_pop_step, &pop);
	return pop.slot;
}

struct flow_push {
	struct free_stack *stack;
	struct flow *flow;
	u32 slot;
};

static inline long flow_push_step(u32 i, void *context)
{
	struct flow_push *push = context;
	u64 head = atomic_read(&push->stack->head);

	(void)i;
	atomic_write(&push->flow->next_free, (u32)head);
	return atomic_replace(&push->stack->head, head, ((head >> 32) + 1) << 32 | push->slot);
}

/* Gives a slot (+ 1) back. Only if no packet can have seen it, or none can any more. */
static __always_inline void flow_push_free(struct control *control, struct flow *flow, u32 slot,
					   u32 stack)
{
	struct flow_push push = {
		.stack = &control->free_stacks[stack % FREE_STACKS], .flow = flow, .slot = slot};

	env_loop(FLOW_RETRIES, flow_push_step, &push);
}

/*
 * An intent: which slot (24 bits, + 1) is to be entered at which place (5 bits: 0..13 home bucket,
 * 14..27 the other) with which tag (8 bits); 26 bits count the intents of the bucket. The highest
 * bit, BUCKET_SPILLED, is set by the first intent for the other bucket and stays: as long as
 * it is not set, whoever finds nothing in the home bucket need not look into the other.
 */
enum { INTENT_PLACE_SHIFT = 24, INTENT_TAG_SHIFT = 29, INTENT_COUNT_SHIFT = 37 };
#define INTENT_COUNT_MASK (((1ull << 26) - 1) << INTENT_COUNT_SHIFT)

static __always_inline u32 intent_slot(u64 intent)
{
	return intent & BUCKET_SLOT_MASK;
}

static __always_inline u32 intent_place(u64 intent)
{
	return intent >> INTENT_PLACE_SHIFT & 31;
}

static __always_inline u32 intent_entry(u64 intent)
{
	return (u32)(intent >> INTENT_TAG_SHIFT & 0xff) << BUCKET_SLOT_BITS | intent_slot(intent);
}

static __always_inline u64 intent_next(u64 intent, u32 entry, u32 place)
{
	u64 count = (intent + (1ull << INTENT_COUNT_SHIFT)) & INTENT_COUNT_MASK;
	u64 spilled = place < BUCKET_ENTRIES ? intent & BUCKET_SPILLED : BUCKET_SPILLED;

	return spilled | count | (u64)(entry >> BUCKET_SLOT_BITS) << INTENT_TAG_SHIFT |
	       (u64)place << INTENT_PLACE_SHIFT | (entry & BUCKET_SLOT_MASK);
}

static __always_inline u64 intent_done(u64 intent)
{
	return intent & (BUCKET_SPILLED | INTENT_COUNT_MASK);
}

/* => the entry that an intent of the home bucket names, NULL if there is none */
static __always_inline u32 *intent_target(const struct control *control, struct flow_bucket *home,
					  u64 intent)
{
	u32 place = intent_place(intent);
	struct flow_bucket *bucket = home;

	if (place >= BUCKET_ENTRIES) {
		struct flow *flow = env_flow(intent_slot(intent) - 1);

		if (!flow)
			return NULL;
		bucket = env_bucket(flow_other_bucket(
			control, flow_hash(control, &flow->inside, &flow->remote, flow->ports,
					   flow->protocol, flow->family)));
		place -= BUCKET_ENTRIES;
	}
	return bucket && place < BUCKET_ENTRIES ? &bucket->entries[place] : NULL;
}

/* Completes an intent, the caller's own or one that it met. => true if the entry is there */
static __always_inline bool intent_help(const struct control *control, struct flow_bucket *home,
					u64 intent)
{
	u32 *target = intent_target(control, home, intent);
	bool entered = false;

	if (target) {
		(void)atomic_replace(target, 0, intent_entry(intent));
		entered = atomic_read(target) == intent_entry(intent);
	}
	(void)atomic_replace(&home->intent, intent, intent_done(intent));
	return entered;
}

/*
 * Carries out the caller's own intent. Where its place is not its own, the collector may have ended
 * the flow since somebody else entered it: to enter it once more would leave an entry behind.
 * => true if the flow is published or was; false if another place must be found
 */
static __always_inline bool intent_carry_out(const struct control *control,
					     struct flow_bucket *home, u64 intent)
{
	const struct flow *flow;

	if (intent_help(control, home, intent))
		return true;
	flow = env_flow(intent_slot(intent) - 1);
	return flow && atomic_read(&flow->life) != FLOW_LIVE; /* ENDING: packets find it already */
}

static __always_inline u32 bucket_empty_place(struct flow_bucket *bucket)
{
	for (u32 i = 0; bucket && i < BUCKET_ENTRIES; i++)
		if (!atomic_read(&bucket->entries[i]))
			return i;
	return BUCKET_ENTRIES;
}

struct flow_publication {
	const struct control *control;
	const struct flow_key *key;
	u64 hash;
	u32 slot;   /* + 1: the flow to publish */
	u32 winner; /* + 1: the flow that has the key now; 0: there was no room */
};

static inline long flow_publish_step(u32 i, void *context)
{
	struct flow_publication *p = context;
	struct flow_bucket *home = env_bucket(flow_home_bucket(p->control, p->hash));
	u64 intent, mine;
	u32 place;

	(void)i;
	if (!home)
		return 1;
	intent = atomic_fetch_add(&home->intent, 0);
	if (intent_slot(intent)) {
		(void)intent_help(p->control, home, intent);
		return 0;
	}
	p->winner = flow_find(p->control, p->key, p->hash);
	if (p->winner)
		return 1;
	place = bucket_empty_place(home);
	if (place == BUCKET_ENTRIES)
		place += bucket_empty_place(
			env_bucket(flow_other_bucket(p->control, p->hash)));
	if (place == 2 * BUCKET_ENTRIES) {
		if (atomic_read(&home->intent) != intent)
			return 0; /* one of those that took the last places may be this flow */
		return 1;
	}
	mine = intent_next(intent, flow_tag(p->hash) | p->slot, place);
	if (!atomic_replace(&home->intent, intent, mine) ||
	    !intent_carry_out(p->control, home, mine))
		return 0;
	p->winner = p->slot;
	return 1;
}

/*
 * Publishes the flow in `slot` (+ 1), whose words are complete, under its key.
 * => slot + 1 of the flow that is published under the key: the caller's, or the one of another
 *    CPU that was faster; 0 if both buckets are full
 */
core_step u32 flow_publish(struct flow_key *key, u32 slot)
{
	struct flow_publication p = {.control = env_control(), .key = key, .slot = slot};

	if (!key || !p.control)
		return 0;
	p.hash = flow_key_hash(p.control, key);
	env_loop(FLOW_RETRIES, flow_publish_step, &p);
	return p.winner;
}

/* => the index entry of a published flow, NULL if it has none; for the collector alone */
static __always_inline u32 *flow_entry(u32 bucket_number, u32 slot)
{
	struct flow_bucket *bucket = env_bucket(bucket_number);

	for (int i = 0; bucket && i < BUCKET_ENTRIES; i++)
		if ((atomic_read(&bucket->entries[i]) & BUCKET_SLOT_MASK) == slot)
			return &bucket->entries[i];
	return NULL;
}

#endif
