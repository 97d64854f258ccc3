/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * SYNs that came from outside where nobody expects them, for as long as their senders are told
 * nothing (core/caller.h; docs/packet-path.md, section 13).
 */
#ifndef ABI_CALLER_H
#define ABI_CALLER_H

#include "abi/types.h"

enum { CALLER_SETS = 64, CALLERS_PER_SET = 16, CALLER_PLACES = CALLER_SETS * CALLERS_PER_SET };
enum { CALLER_FRAME_BYTES = 256 };

#define CALLER_SILENCE_NS 6000000000ull
#define CALLER_FORGOTTEN_NS 10000000000ull /* too late to say anything */

enum caller_state { CALLER_NONE, CALLER_BUSY, CALLER_READY };

/* Written by who made its state BUSY; when READY, holdfast-dp's. */
struct caller {
	u64 called_ns; /* monotonic */
	u32 ifindex;   /* ingress */
	u16 length;
	u16 padding;
	u8 bytes[CALLER_FRAME_BYTES]; /* the frame */
};

_Static_assert(sizeof(struct caller) % 8 == 0, "no hole behind a frame");
_Static_assert((CALLER_FRAME_BYTES & (CALLER_FRAME_BYTES - 1)) == 0, "core/caller.h masks with it");

struct caller_table {
	u32 states[CALLER_PLACES]; /* enum caller_state. Atomically */
	struct caller places[CALLER_PLACES];
};

#endif
