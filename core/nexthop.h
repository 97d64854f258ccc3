/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Next hops remembered for flows (the table: abi/nexthop.h).
 *
 * The kernel is asked once for each flow and direction in each generation; after that a packet
 * costs one look at a small table.
 */
#ifndef CORE_NEXTHOP_H
#define CORE_NEXTHOP_H

#include "core/atomic.h"
#include "core/bits.h"
#include "core/environment.h"

static __always_inline u32 nexthop_generation(const struct control *control)
{
	return atomic_read(&control->nexthop_generation);
}

/* => what the flow remembers, if it is still good; otherwise NULL */
static __always_inline const struct nexthop *nexthop_recall(const struct control *control,
							    u32 remembered)
{
	if (remembered >> NEXTHOP_BITS != nexthop_generation(control) ||
	    env_now_s(control) > atomic_read(&control->nexthops_valid_until_s))
		return NULL;
	return &control->nexthops.entries[remembered % NEXTHOP_COUNT];
}

static __always_inline bool link_addr_equal(const struct link_addr *a, const struct link_addr *b)
{
	return a->words[0] == b->words[0] && a->words[1] == b->words[1] &&
	       a->words[2] == b->words[2];
}

static __always_inline bool nexthop_says(const struct nexthop *hop, const struct route *route)
{
	return hop->ifindex == route->ifindex && hop->mtu == route->mtu &&
	       link_addr_equal(&hop->to, &route->to) && link_addr_equal(&hop->from, &route->from);
}

static __always_inline u32 nexthop_hash(const struct route *route)
{
	u32 x = route->ifindex ^ (u32)raw_u16(route->to.words[2]) << 16 ^
		raw_u16(route->to.words[1]) ^ route->mtu;

	return x * 0x9e3779b1u >> (32 - NEXTHOP_BITS);
}

static __always_inline u32 nexthop_state_of(u32 generation, enum nexthop_state state)
{
	return generation << NEXTHOP_BITS | state;
}

/* => true if nobody can still be reading what the entry says */
static __always_inline bool nexthop_is_old(u32 state, u32 generation)
{
	u32 previous = generation == 1 ? NEXTHOP_GENERATION_MASK : generation - 1;

	return state >> NEXTHOP_BITS != generation && state >> NEXTHOP_BITS != previous;
}

static __always_inline bool nexthop_claim(struct nexthop *hop, u32 generation,
					  const struct route *route)
{
	u32 state = atomic_read(&hop->state);

	if (!nexthop_is_old(state, generation) ||
	    !atomic_replace(&hop->state, state, nexthop_state_of(generation, NEXTHOP_BUSY)))
		return false;
	hop->ifindex = route->ifindex;
	hop->mtu = route->mtu;
	hop->to = route->to;
	hop->from = route->from;
	(void)atomic_swap(&hop->state, nexthop_state_of(generation, NEXTHOP_READY));
	return true;
}

enum { NEXTHOP_PROBES = 8 };

/*
 * Keeps what the kernel said, asked while `generation` was current.
 * => what the flow shall remember; NEXTHOP_NONE if there is no room for it
 */
static __always_inline u32 nexthop_learn(struct control *control, u32 generation,
					 const struct route *route)
{
	u32 hash = nexthop_hash(route);

	for (u32 i = 0; i < NEXTHOP_PROBES; i++) {
		u32 place = (hash + i) % NEXTHOP_COUNT;
		struct nexthop *hop = &control->nexthops.entries[place];
		bool ready = atomic_read(&hop->state) ==
			     nexthop_state_of(generation, NEXTHOP_READY);

		if (ready ? nexthop_says(hop, route) : nexthop_claim(hop, generation, route))
			return generation << NEXTHOP_BITS | place;
	}
	return NEXTHOP_NONE;
}

#endif
