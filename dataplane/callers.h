/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells those who called a NAT address where nobody expected it, when they have waited for 6 s
 * (abi/caller.h, docs/packet-path.md section 13).
 *
 * One thread of holdfast-dp does this (dataplane/holder.h); it owns every place that is READY.
 */
#ifndef DATAPLANE_CALLERS_H
#define DATAPLANE_CALLERS_H

#include "dataplane/tables.h"

struct caller_sink {
	void (*send)(void *context, const u8 *frame, u32 bytes, u32 ifindex);
	void *context;
};

/*
 * One look at all of them. In a thread whose `environment` is set, and that is a reader
 * (dataplane/readers.h) while this runs.
 */
void callers_look(struct tables *tables, const struct caller_sink *sink);

/* => how many are kept, or are being stored. Any thread */
u32 callers_count(const struct tables *tables);

/*
 * Frees the places that a process that was killed in the middle was writing. Only while no process
 * writes; `wait` is a grace period, for the programs.
 */
void callers_repair(struct tables *tables, void (*wait)(void));

#endif
