/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core's environment in the proofs: one small world, whose tables the model keeps and puts
 * back (model.h). It has no counters, figures of flows that nobody looks at, and asks nobody for
 * routes.
 */
#ifndef TESTS_PROOFS_ENV_H
#define TESTS_PROOFS_ENV_H

#include "tests/proofs/world.h"

typedef void env_frame;

#define core_step static __attribute__((unused))

static __always_inline bool env_frame_resize(env_frame *frame, u32 grow, u32 bytes)
{
	(void)frame;
	(void)grow;
	(void)bytes;
	return false;
}

static __always_inline struct control *env_control(void)
{
	return &world.control;
}

static __always_inline const struct nat_config *env_config(u32 half)
{
	return half < CONFIG_HALVES ? &world_config[half] : NULL;
}

static __always_inline struct flow *env_flow(u32 slot)
{
	return slot < world.control.flow_capacity ? &world.flows[slot] : NULL;
}

/* Nobody looks at them; but whoever opens a flow from outside must have some. */
static __always_inline struct flow_stats *env_flow_stats(u32 slot)
{
	return slot < world.control.flow_capacity ? &world_stats[slot] : NULL;
}

static __always_inline struct flow_bucket *env_bucket(u32 number)
{
	return number < world.control.bucket_count ? &world.buckets[number] : NULL;
}

static __always_inline struct address_ports *env_ports(u32 address_slot)
{
	return address_slot < WORLD_ADDRESSES ? &world.ports[address_slot] : NULL;
}

static __always_inline struct owner_counters *env_rule_counters(u32 rule_id)
{
	(void)rule_id;
	return NULL;
}

static __always_inline struct owner_counters *env_pool_counters(u32 pool_id)
{
	(void)pool_id;
	return NULL;
}

static __always_inline struct packet_counters *env_packet_counters(void)
{
	return NULL;
}

static __always_inline u32 env_cpu(void)
{
	return world_cpu;
}

static __always_inline u32 env_now_s(const struct control *control)
{
	(void)control;
	return WORLD_NOW_S;
}

static __always_inline u64 env_now_ns(void)
{
	return 0;
}

static __always_inline u8 *env_frame_start(const env_frame *frame)
{
	(void)frame;
	return NULL;
}

static __always_inline u8 *env_frame_end(const env_frame *frame)
{
	(void)frame;
	return NULL;
}

static __always_inline long env_frame_load(env_frame *frame, void *to, u32 bytes)
{
	(void)frame;
	(void)to;
	(void)bytes;
	return -1;
}

static __always_inline void env_wake_holder(void)
{
}

static __always_inline enum core_form env_form(void)
{
	return FORM_NATIVE;
}

static __always_inline void env_route(env_frame *frame, const struct route_query *query,
				      struct route *route)
{
	(void)frame;
	(void)query;
	route->result = ROUTE_UNUSABLE;
}

static __always_inline void env_prefetch(const void *memory)
{
	(void)memory;
}

/* Declared with the others, and not called: subject.c puts a macro in its place. */
static __always_inline void env_loop(u32 count, long (*step)(u32 i, void *context), void *context)
{
	(void)count;
	(void)step;
	(void)context;
}

#endif
