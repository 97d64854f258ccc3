/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The userspace dataplane, packet by packet: each is sent to the XDP program, which judges it or
 * steers it to a worker, whose thread runs by itself; what leaves and what the kernel is handed is
 * caught. Every packet is through before the next one is sent. Now and then no worker is there for
 * a while, and the program judges everything, on the same state.
 */
#ifndef TESTS_PARITY_WORKER_RUN_H
#define TESTS_PARITY_WORKER_RUN_H

#include "dataplane/workers.h"
#include "tests/parity/kernel_run.h"

struct worker_run;

/* What workers read for the time, from their own threads. */
struct worker_run_clock {
	u32 (*now_s)(void);
	u64 (*now_ns)(void);
};

/* Exits with a message if anything fails. The interfaces exist, as TAP devices. */
struct worker_run *worker_run_open(u32 flow_capacity, const struct network *network);
struct state *worker_run_state(struct worker_run *run);

/* Starts the worker. The snapshot is in force, for the userspace dataplane. */
void worker_run_start(struct worker_run *run, const struct snapshot *snapshot,
		      const struct network *network, const struct worker_run_clock *clock);

/* Writes what became of the frame over it; there is room for RUN_FRAME_ROOM. */
void worker_run_packet(struct worker_run *run, u8 *frame, u16 *length, u32 ifindex, u32 now_s,
		       struct run_outcome *outcome);

/* Prints how many packets the worker has judged, which must be some. */
void worker_run_close(struct worker_run *run);

#endif
