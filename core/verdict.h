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
	VERDICT_ANSWER,            /* dropped; now its answer, and goes out where it came in */
	VERDICT_WORKER,            /* as it came; a worker judges, rewrites and counts it */
	VERDICT_HELD,              /* a copy waits for its first fragment; it is judged later */
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
	if (reason == IS_HELD)
		return (struct verdict){.action = VERDICT_HELD};
	return reason < REASON_FIRST_DROP ? verdict_kernel(reason) : verdict_drop(reason);
}

/* A row is written by one CPU or worker only, and read by others at any time. */
static __always_inline void counters_add(struct packet_counters *row, u32 reason, u64 packets,
					 u64 bytes)
{
	atomic_write(&row->packets[reason], row->packets[reason] + packets);
	atomic_write(&row->bytes[reason], row->bytes[reason] + bytes);
}

/* A frame is counted by who has judged it. */
static __always_inline void verdict_count(const env_frame *frame, struct verdict verdict)
{
	struct packet_counters *row = env_packet_counters();

	if (row && verdict.action < VERDICT_WORKER)
		counters_add(row, verdict.reason % REASON_CAPACITY, 1,
			     (u64)(env_frame_end(frame) - env_frame_start(frame)));
}

/* What an event says, word by word: readers may look at it meanwhile, and compare its number. */
static __always_inline void event_write(struct failure_event *event,
					const struct failure_event *said)
{
	const u64 *from = (const u64 *)(const void *)said;
	u64 *to = (u64 *)(void *)event;

	for (u32 i = 1; i < sizeof(*event) / sizeof(*to); i++)
		atomic_write(&to[i], from[i]);
}

/* Keeps a refusal by a rule for `show security nat source failures`. */
static __always_inline void failure_record(const struct packet *p, u32 rule, u32 pool, u32 reason)
{
	struct control *control = env_control();
	struct failure_event *event;
	const struct failure_event said = {
		.time_ns = env_now_ns(),
		.source = p->key.inside,
		.destination = p->key.remote,
		.source_port = p->key.inside_port,
		.destination_port = p->key.remote_port,
		.rule = (u16)rule,
		.pool = (u16)pool,
		.protocol = p->key.protocol,
		.family = p->key.family,
		.reason = (u8)reason,
		.in_ifindex = p->ifindex,
	};
	u64 number, before;

	if (!control)
		return;
	number = atomic_fetch_add(&control->event_count, 1);
	event = &control->events.events[number % EVENT_CAPACITY];
	before = atomic_read(&event->sequence);
	if (before > number || !atomic_replace(&event->sequence, before, EVENT_BUSY))
		return; /* a whole round of refusals has overtaken this one */
	event_write(event, &said);
	(void)atomic_swap(&event->sequence, number + 1);
}

#endif
