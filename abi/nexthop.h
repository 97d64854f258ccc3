/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Next hops that packets have learnt from the kernel, shared by all flows.
 *
 * The kernel is the only authority. A flow remembers, for each direction, which entry it
 * uses and the route generation in which it was told so; the generation is raised by
 * holdfast-dp whenever the kernel reports a change of routes, neighbours or links, and what
 * was learnt before is then asked again. While holdfast-dp does not renew
 * control.nexthops_valid_until_s, nothing learnt is used at all.
 */
#ifndef ABI_NEXTHOP_H
#define ABI_NEXTHOP_H

#include "abi/types.h"

enum { NEXTHOP_BITS = 12, NEXTHOP_COUNT = 1 << NEXTHOP_BITS };
enum { NEXTHOP_GENERATION_BITS = 20 };
#define NEXTHOP_GENERATION_MASK ((1u << NEXTHOP_GENERATION_BITS) - 1)

/* struct flow.nexthop_*: generation in the high 20 bits (never 0), entry in the low 12. */
#define NEXTHOP_NONE 0u

/*
 * An entry is claimed by swapping its state to (generation, busy), filled, and published by
 * writing (generation, ready). It may be claimed again two generations later: each generation
 * lasts at least one grace period, so nobody can still be reading it then.
 */
struct nexthop {
	u32 state; /* generation in the high 20 bits, NEXTHOP_BUSY or NEXTHOP_READY in the low */
	u32 ifindex;
	u32 mtu;
	struct link_addr to;
	struct link_addr from;
	u64 padding;
};

enum nexthop_state { NEXTHOP_BUSY = 1, NEXTHOP_READY = 2 };

_Static_assert(sizeof(struct nexthop) == 32, "two next hops a cache line");

struct nexthop_table {
	struct nexthop entries[NEXTHOP_COUNT];
};

#endif
