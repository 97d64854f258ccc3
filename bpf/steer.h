/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The question at the front of the XDP dataplane: is there a live worker on this queue?
 *
 * It is asked of the configuration (is the userspace dataplane in force?), of the table of queues
 * (abi/worker.h: does the worker move?) and of the map of sockets, out of which the kernel takes a
 * socket when its process ends. Wherever the answer is no, the program goes on as if there were no
 * userspace dataplane. One CPU at a time runs the program for a queue, so what it writes
 * about the queue needs no atomic operation.
 */
#ifndef BPF_STEER_H
#define BPF_STEER_H

#include "abi/worker.h"
#include "bpf/maps.h"
#include "core/atomic.h"

static __always_inline struct worker_queue *steer_find(u32 ifindex, u32 queue, u32 *place)
{
	for (u32 i = 0; i < WORKER_QUEUE_PROBES; i++) {
		struct worker_queue *found;

		*place = (worker_queue_place(ifindex, queue) + i) % WORKER_QUEUES;
		found = bpf_map_lookup_elem(&worker_queues, place);
		if (!found || !found->ifindex)
			return NULL;
		if (found->ifindex == ifindex && found->queue == queue)
			return found;
	}
	return NULL;
}

/* => false for a worker that has not moved for too long, with frames waiting for it */
static __always_inline bool worker_moves(struct worker_queue *q)
{
	u64 taken = atomic_read(&q->taken), now_ns;
	bool waiting = atomic_read(&q->waiting);

	if (waiting && !q->stalled)
		return true;
	now_ns = bpf_ktime_get_ns();
	if (waiting || taken != q->seen) {
		q->seen = taken;
		q->seen_ns = now_ns;
		q->stalled = 0;
	} else if (now_ns - q->seen_ns > WORKER_STALL_NS) {
		if (!q->stalled)
			q->stalls++;
		q->stalled = 1;
	}
	return !q->stalled;
}

/* => the queue of a live worker that takes frames of this one, and its place; NULL if none does */
static __always_inline struct worker_queue *steer_question(const struct xdp_md *frame, u32 *place)
{
	struct worker_queue *q = steer_find(frame->ingress_ifindex, frame->rx_queue_index, place);

	return q && q->steering && bpf_map_lookup_elem(&worker_sockets, place) && worker_moves(q)
		       ? q
		       : NULL;
}

/* Hands the frame over. => what the program returns */
static __always_inline int steer(struct worker_queue *q, u32 place)
{
	if (atomic_read(&q->waiting)) {
		atomic_write(&q->waiting, 0); /* until it says so again */
		q->seen_ns = bpf_ktime_get_ns();
	}
	q->steered++;
	return (int)bpf_redirect_map(&worker_sockets, place, XDP_DROP);
}

#endif
