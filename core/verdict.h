/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What becomes of a frame, and how it is counted. A frame is dropped in one way only: by
 * returning a verdict with its reason.
 */
#ifndef CORE_VERDICT_H
#define CORE_VERDICT_H

#include "core/atomic.h"
#include "core/packet.h"

enum verdict_action {
	VERDICT_DROP,
	VERDICT_KERNEL,            /* as it came */
	VERDICT_KERNEL_TRANSLATED, /* rewritten, but for TTL and link header */
	VERDICT_FORWARD,           /* rewritten; goes out of ifindex */
	VERDICT_WORKER,            /* as it came; a worker judges, rewrites and counts it */
};

struct verdict {
	u32 ifindex;
	u8 action; /* enum verdict_action */
	u8 reason; /* enum reason */
};

static __always_inline struct verdict verdict_drop(u32 reason)
{
	return (struct verdict){.action = VERDICT_DROP, .reason = (u8)reason};
}

static __always_inline struct verdict verdict_kernel(u32 reason)
{
	return (struct verdict){.action = VERDICT_KERNEL, .reason = (u8)reason};
}

/* For reasons that always mean the same: those before FIRST_DROP go to the kernel. */
static __always_inline struct verdict verdict_of(u32 reason)
{
	if (reason == FOR_WORKER)
		return (struct verdict){.action = VERDICT_WORKER};
	return reason < REASON_FIRST_DROP ? verdict_kernel(reason) : verdict_drop(reason);
}

static __always_inline void verdict_count(const env_frame *frame, struct verdict verdict)
{
	struct packet_counters *counters = env_packet_counters();
	u32 reason = verdict.reason % REASON_CAPACITY;

	if (!counters)
		return;
	counters->packets[reason]++;
	counters->bytes[reason] += (u64)(env_frame_end(frame) - env_frame_start(frame));
}

/*
 * Claims a place of a ring for event `number`, by its sequence word; whoever has filled it in
 * publishes it by swapping number + 1 in.
 * => false if a whole round of events has overtaken this one, or somebody is writing there
 */
static __always_inline bool ring_claim(u64 *sequence, u64 number)
{
	u64 before = atomic_read(sequence);

	return before <= number && atomic_replace(sequence, before, EVENT_BUSY);
}

/* Keeps a refusal by a rule for `show security nat source failures`. */
static __always_inline void failure_record(const struct packet *p, u32 rule, u32 pool, u32 reason)
{
	struct control *control = env_control();
	struct failure_event *event;
	u64 number;

	if (!control)
		return;
	number = atomic_fetch_add(&control->event_count, 1);
	event = &control->events.events[number % EVENT_CAPACITY];
	if (!ring_claim(&event->sequence, number))
		return;
	event->time_ns = env_now_ns();
	event->source = p->key.inside;
	event->destination = p->key.remote;
	event->source_port = p->key.inside_port;
	event->destination_port = p->key.remote_port;
	event->rule = (u16)rule;
	event->pool = (u16)pool;
	event->protocol = p->key.protocol;
	event->family = p->key.family;
	event->reason = (u8)reason;
	event->in_ifindex = p->ifindex;
	(void)atomic_swap(&event->sequence, number + 1);
}

#endif
