/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The port table: for each NAT address, protocol and port, the owner.
 *
 * The owner word is the truth, and one compare-and-swap on it is how a port is claimed. The bit
 * and the group's count beside it only make the search fast; they may err towards looking
 * (a bit set or a count too high for a port that is owned), never towards overlooking:
 * whoever releases a port raises the count, sets the bit and clears the owner, in that
 * order; whoever claims one swaps the owner, clears the bit and lowers the count. So a process
 * may be killed between any two of these steps and no port is lost or given out twice.
 */
#ifndef ABI_PORTS_H
#define ABI_PORTS_H

#include "abi/flow.h"

enum port_protocol { PORTS_TCP, PORTS_UDP, PORTS_ICMP, PORTS_PROTOCOLS };

enum {
	PORTS_PER_SPACE = 65536,
	PORTS_PER_WORD = 64,
	PORTS_PER_GROUP = 1024,
	PORT_WORDS = PORTS_PER_SPACE / PORTS_PER_WORD,
	PORT_GROUPS = PORTS_PER_SPACE / PORTS_PER_GROUP,
};

/* Owners. A flow is its slot + 1. */
#define PORT_FREE 0u
#define PORT_KERNEL 0x80000000u /* the gateway's own sockets use it (interface addresses) */

/*
 * A port that is held down [RFC6888 REQ-8]: nobody's, and not free before a second of the monotonic
 * clock, whose low bits follow. The collector makes it rest, and wakes it (dataplane/rest.h).
 */
#define PORT_RESTING 0x40000000u
#define PORT_REST_SECOND_MASK 0x3fffffffu

_Static_assert(PORT_RESTING > FLOWS_MAX + 1u, "no slot looks like a port at rest");

struct port_space {
	u32 in_use;   /* ports owned by flows. Atomically */
	u32 searches; /* counts searches, for port-randomization disable. Atomically */
	u32 resting;  /* ports at rest. Atomically */
	u32 padding[13];
	/* when the first port of each group has rested, or earlier; 0: none rests. The collector */
	u32 group_wake_s[PORT_GROUPS];
	u32 group_free[PORT_GROUPS]; /* at least the number of free ports of each group */
	u64 free_bits[PORT_WORDS];   /* bit set: probably free. Bit n of word w is port 64 w + n */
	u32 owners[PORTS_PER_SPACE];
} __cache_aligned;

/* All port spaces of one NAT address; one map of one element. */
struct address_ports {
	struct port_space spaces[PORTS_PROTOCOLS];
};

_Static_assert(offsetof(struct port_space, group_free) % CACHE_LINE_BYTES == 0, "");
_Static_assert(offsetof(struct port_space, owners) % CACHE_LINE_BYTES == 0, "");
_Static_assert(sizeof(struct address_ports) == 3ul * (64 + 2 * 256 + 8192 + 262144), "");

#endif
