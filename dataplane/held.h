/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frames that wait for their first fragment (abi/fragment.h, docs/packet-path.md section 9):
 * judges them when it is known, and gives them up when they have waited too long.
 *
 * One thread of holdfast-dp does this (dataplane/holder.h); it owns every place that is READY. It
 * runs the native core over the frame where it lies, and frees the place when the frame has
 * been dealt with.
 */
#ifndef DATAPLANE_HELD_H
#define DATAPLANE_HELD_H

#include "core/verdict.h"
#include "dataplane/tables.h"

/* What is to be done with a frame that goes on; its bytes are already what they shall be. */
struct held_sink {
	void (*send)(void *context, const u8 *frame, u32 bytes, u32 in_ifindex,
		     const struct verdict *verdict);
	void *context;
};

struct held_figures {
	u64 released; /* judged, because their first fragment had come. Atomically */
	u64 expired;  /* given up. Atomically */
};

/*
 * One look at all frames that wait, in the order in which they came. In a thread whose
 * `environment` is set, and that is a reader (dataplane/readers.h) while this runs.
 * => how many go on waiting
 */
u32 held_look(struct tables *tables, const struct held_sink *sink, struct held_figures *figures);

/* => frames that wait, or are being stored. Any thread */
u32 held_count(const struct tables *tables);

/*
 * Frees what a process that was killed in the middle was writing, entries and places. Only while no
 * process writes; `wait` is a grace period, for the programs.
 */
void held_repair(struct tables *tables, void (*wait)(void));

#endif
