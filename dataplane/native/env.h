/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The core's environment in user space (core/environment.h): the mapped tables, and a row of
 * counters, a clock and a way to ask for routes for each thread.
 *
 * A frame lies in memory so that its IP header is aligned to 4 bytes: its first byte at an
 * address that is 2 modulo 4.
 */
#ifndef DATAPLANE_NATIVE_ENV_H
#define DATAPLANE_NATIVE_ENV_H

#include "dataplane/tables.h"

struct native_frame {
	u8 *start;
	u8 *end;
	size_t headroom; /* bytes in front of it that are free */
};

typedef struct native_frame env_frame;

/* What a thread that runs the core has set up before. */
struct environment {
	struct tables *tables;
	u32 row; /* of packet_counters */
	u32 (*now_s)(void);
	u64 (*now_ns)(void);
	void (*route)(const struct route_query *query, struct route *route);
	void (*wake_holder)(void); /* NULL: nobody is to be woken */
};

extern _Thread_local struct environment environment;

#define core_step static __attribute__((unused))

static __always_inline struct control *env_control(void)
{
	return environment.tables->control;
}

static __always_inline const struct nat_config *env_config(u32 half)
{
	return half < CONFIG_HALVES ? &environment.tables->config[half] : NULL;
}

static __always_inline struct flow *env_flow(u32 slot)
{
	return slot < environment.tables->control->flow_capacity ? &environment.tables->flows[slot]
								 : NULL;
}

static __always_inline struct flow_stats *env_flow_stats(u32 slot)
{
	return slot < environment.tables->control->flow_capacity
		       ? &environment.tables->flow_stats[slot]
		       : NULL;
}

static __always_inline struct flow_bucket *env_bucket(u32 number)
{
	return number < environment.tables->control->bucket_count
		       ? &environment.tables->buckets[number]
		       : NULL;
}

static __always_inline struct address_ports *env_ports(u32 address_slot)
{
	return address_slot < MAX_ADDRESS_SLOTS
		       ? __atomic_load_n(&environment.tables->ports[address_slot], __ATOMIC_ACQUIRE)
		       : NULL;
}

static __always_inline struct owner_counters *env_rule_counters(u32 rule_id)
{
	return rule_id < MAX_RULE_IDS ? &environment.tables->rule_counters[rule_id] : NULL;
}

static __always_inline struct owner_counters *env_pool_counters(u32 pool_id)
{
	return pool_id < MAX_POOL_IDS ? &environment.tables->pool_counters[pool_id] : NULL;
}

static __always_inline u32 env_cpu(void)
{
	return environment.row;
}

static __always_inline struct packet_counters *env_packet_counters(void)
{
	return environment.row < environment.tables->counter_rows
		       ? &environment.tables->packet_counters[environment.row]
		       : NULL;
}

static __always_inline u32 env_now_s(const struct control *control)
{
	(void)control;
	return environment.now_s();
}

static __always_inline u64 env_now_ns(void)
{
	return environment.now_ns();
}

static __always_inline u8 *env_frame_start(const env_frame *frame)
{
	return frame->start;
}

static __always_inline u8 *env_frame_end(const env_frame *frame)
{
	return frame->end;
}

static __always_inline bool env_frame_resize(env_frame *frame, u32 grow, u32 bytes)
{
	if (frame->headroom < grow)
		return false;
	frame->headroom -= grow;
	frame->start -= grow;
	frame->end = frame->start + bytes;
	return true;
}

static __always_inline long env_frame_load(env_frame *frame, void *to, u32 bytes)
{
	__builtin_memcpy(to, frame->start, bytes);
	return 0;
}

static __always_inline void env_wake_holder(void)
{
	if (environment.wake_holder)
		environment.wake_holder();
}

static __always_inline enum core_form env_form(void)
{
	return FORM_NATIVE;
}

static __always_inline void env_route(env_frame *frame, const struct route_query *query,
				      struct route *route)
{
	(void)frame;
	environment.route(query, route);
}

static __always_inline void env_prefetch(const void *memory)
{
	__builtin_prefetch(memory);
}

static __always_inline void env_loop(u32 count, long (*step)(u32 i, void *context), void *context)
{
	for (u32 i = 0; i < count; i++)
		if (step(i, context))
			return;
}

#endif
