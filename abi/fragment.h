/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Fragments: to which flow those of a datagram belong, and those that came before it was known
 * (docs/packet-path.md, section 9).
 *
 * The table: open addressing from the keyed hash of a datagram on, FRAGMENT_PROBES places. Where
 * they are all in use, whoever learns a datagram takes the place of the one learnt longest ago.
 *
 * The store: a frame may lie in one of the HELD_PER_SET places of one set, which follows from where
 * it came from: the side, and a keyed hash of zone and source. So one host fills at most one set,
 * and whoever is outside leaves the places of those inside alone.
 */
#ifndef ABI_FRAGMENT_H
#define ABI_FRAGMENT_H

#include "abi/config.h"
#include "abi/types.h"

enum { FRAGMENT_ENTRIES = 1 << 14, FRAGMENT_PROBES = 4, FRAGMENT_LIFE_S = 10 };

/* In fragment_entry.state; above them in the high half, which of all learnt datagrams it is. */
enum fragment_entry_flags { FRAGMENT_BUSY = 1, FRAGMENT_USED = 2 };

struct fragment_entry {
	u64 state; /* 0: free. Atomically; the rest only by who has set FRAGMENT_BUSY */
	union ip_addr source;
	union ip_addr destination;
	u32 id; /* of the datagram, as it lies in the header; of IPv4 16 bits */
	u16 zone; /* id, of the ingress interface */
	u8 protocol;
	u8 direction; /* enum flow_direction */
	u32 slot;     /* + 1: the flow; 0: the gateway itself */
	u32 out_id;   /* the id that it leaves with */
	u32 created_s; /* of the flow, which another one may follow in its slot */
	u16 learnt_s;  /* the clock's low half */
	u16 port;      /* the flow's translated port as it lies there, for the same reason */
};

_Static_assert(sizeof(struct fragment_entry) == CACHE_LINE_BYTES, "an entry is one cache line");

enum { HELD_SIDES = 2, HELD_SETS = 16, HELD_PER_SET = 32 };
enum { HELD_PLACES = HELD_SIDES * HELD_SETS * HELD_PER_SET };
enum { HELD_FRAME_BYTES = 2048, HELD_LIFE_S = 2 };

enum { HELD_EVENTS_BYTES = 65536 }; /* of the ring that wakes holdfast-dp: pages of any size */

enum held_state { HELD_FREE, HELD_BUSY, HELD_READY };

/* A frame that waits. Written by who made its state BUSY; when READY, holdfast-dp's. */
struct held_frame {
	u32 number; /* in order of arrival */
	u32 held_s; /* since when */
	u32 ifindex; /* ingress */
	u16 length;
	u8 bytes[HELD_FRAME_BYTES]; /* the IP header behind 14 bytes of Ethernet is aligned */
	u8 padding[2];
};

_Static_assert(sizeof(struct held_frame) % 8 == 0, "no hole behind a frame");
_Static_assert(offsetof(struct held_frame, bytes) % 4 == 2, "aligned for native code");
_Static_assert((HELD_FRAME_BYTES & (HELD_FRAME_BYTES - 1)) == 0, "core/fragment.h masks with it");

struct fragment_table {
	u64 learnt;  /* datagrams so far. Atomically; also the next two */
	u64 held;    /* frames so far */
	u32 sleeping; /* holdfast-dp waits for the first frame; cleared by who wakes it */
	u32 padding;
	u32 ids[MAX_ADDRESS_SLOTS]; /* fresh ids given so far, by NAT address. Atomically */
	struct fragment_entry entries[FRAGMENT_ENTRIES] __cache_aligned;
	u32 held_states[HELD_PLACES]; /* enum held_state. Atomically */
	struct held_frame places[HELD_PLACES];
};

#endif
