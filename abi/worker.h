/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What the XDP program and a worker of the userspace dataplane tell each other about one receive
 * queue of one interface (bpf/steer.h, dataplane/worker.h).
 *
 * Place n of this table belongs to place n of the map of AF_XDP sockets. A queue's place is found
 * by open addressing from worker_queue_place() on.
 *
 * A worker shows that it is alive by taking frames, or, when there are none, by saying that it
 * waits. Frames that were handed to it and are not taken for WORKER_STALL_NS make it a stalled one: the
 * program then translates by itself, until the worker moves again.
 */
#ifndef ABI_WORKER_H
#define ABI_WORKER_H

#include "abi/types.h"

enum { WORKER_QUEUE_BITS = 12, WORKER_QUEUES = 1 << WORKER_QUEUE_BITS };
enum { WORKER_QUEUE_PROBES = 16 }; /* enough for a quarter of the places in use */

#define WORKER_STALL_NS 500000ull

struct worker_queue {
	u32 ifindex;  /* 0: free place. holdfast-dp; also the next three */
	u32 queue;
	u32 steering; /* frames may be handed to the worker */
	u32 worker;   /* number */

	u64 steered __cache_aligned; /* frames handed over. The program, on the queue's CPU; also
				      * the next four */
	u64 seen;                    /* `taken`, as it was when it last changed */
	u64 seen_ns;                 /* when that was */
	u64 stalls;                  /* times that the worker was found stalled */
	u32 stalled;                 /* it is, now */
	u32 padding;

	u64 taken __cache_aligned; /* frames taken, or lost before they could be. The worker */
	u32 waiting; /* set by a worker that has nothing to do, cleared by the program */
	u32 padding2;
} __cache_aligned;

_Static_assert(sizeof(struct worker_queue) == 3ul * CACHE_LINE_BYTES,
	       "what different processors write lies in different lines");

static inline __attribute__((always_inline)) u32 worker_queue_place(u32 ifindex, u32 queue)
{
	return (ifindex << 16 ^ queue) * 0x9e3779b1u >> (32 - WORKER_QUEUE_BITS);
}

#endif
