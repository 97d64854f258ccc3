/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core's environment (core/environment.h) under Eva: a frame of any length that ends where its
 * buffer ends, and tables that hold anything.
 */
#ifndef TESTS_PROOFS_EVA_ENV_H
#define TESTS_PROOFS_EVA_ENV_H

#include "abi/state.h"

enum {
	EVA_HEADROOM = 64,      /* in front of the frame, at most */
	EVA_FRAME_BYTES = 2080, /* of the frame, at most */
	EVA_FLOWS = 4,
	EVA_BUCKETS = 4,
};

typedef struct {
	u8 *start;
	u8 *end;
} env_frame;

extern u8 eva_buffer[EVA_HEADROOM + EVA_FRAME_BYTES];
extern struct control eva_control;
extern struct nat_config eva_config;
extern struct flow eva_flows[EVA_FLOWS];
extern struct flow_stats eva_flow_stats[EVA_FLOWS];
extern struct flow_bucket eva_buckets[EVA_BUCKETS];
extern struct address_ports eva_ports;
extern struct owner_counters eva_owner_counters;
extern struct packet_counters eva_packet_counters;

#define core_step static __attribute__((unused))

/* => any of the numbers from low to high */
static inline u32 eva_u32(u32 low, u32 high)
{
	return Frama_C_unsigned_int_interval(low, high);
}

static inline bool eva_bool(void)
{
	return eva_u32(0, 1);
}

static inline struct control *env_control(void)
{
	return eva_bool() ? &eva_control : NULL;
}

static inline const struct nat_config *env_config(u32 half)
{
	(void)half;
	return eva_bool() ? &eva_config : NULL;
}

static inline struct flow *env_flow(u32 slot)
{
	return slot < EVA_FLOWS ? &eva_flows[slot] : NULL;
}

static inline struct flow_stats *env_flow_stats(u32 slot)
{
	return slot < EVA_FLOWS ? &eva_flow_stats[slot] : NULL;
}

static inline struct flow_bucket *env_bucket(u32 number)
{
	return number < EVA_BUCKETS ? &eva_buckets[number] : NULL;
}

static inline struct address_ports *env_ports(u32 address_slot)
{
	(void)address_slot;
	return eva_bool() ? &eva_ports : NULL;
}

static inline struct owner_counters *env_rule_counters(u32 rule_id)
{
	(void)rule_id;
	return eva_bool() ? &eva_owner_counters : NULL;
}

static inline struct owner_counters *env_pool_counters(u32 pool_id)
{
	return env_rule_counters(pool_id);
}

static inline struct packet_counters *env_packet_counters(void)
{
	return eva_bool() ? &eva_packet_counters : NULL;
}

static inline u32 env_cpu(void)
{
	return eva_u32(0, ~0u);
}

static inline u32 env_now_s(const struct control *control)
{
	(void)control;
	return eva_u32(0, ~0u);
}

static inline u64 env_now_ns(void)
{
	return (u64)eva_u32(0, ~0u) << 32 | eva_u32(0, ~0u);
}

static inline u8 *env_frame_start(const env_frame *frame)
{
	return frame->start;
}

static inline u8 *env_frame_end(const env_frame *frame)
{
	return frame->end;
}

/* Whatever its length becomes, the frame ends where the buffer ends: what follows is no memory. */
static inline bool env_frame_resize(env_frame *frame, u32 grow, u32 bytes)
{
	(void)grow;
	if (bytes > sizeof(eva_buffer) || eva_bool())
		return false;
	frame->start = eva_buffer + (sizeof(eva_buffer) - bytes);
	Frama_C_make_unknown((char *)eva_buffer, sizeof(eva_buffer));
	return true;
}

static inline long env_frame_load(env_frame *frame, void *to, u32 bytes)
{
	memcpy(to, frame->start, bytes);
	return 0;
}

static inline void env_wake_holder(void)
{
}

static inline enum core_form env_form(void)
{
	return FORM_NATIVE;
}

static inline void env_route(env_frame *frame, const struct route_query *query,
			     struct route *route)
{
	(void)frame;
	(void)query;
	EVA_ANYTHING(route);
}

static inline void env_prefetch(const void *memory)
{
	(void)memory;
}

static inline void env_loop(u32 count, long (*step)(u32 i, void *context), void *context)
{
	for (u32 i = 0; i < count; i++)
		if (step(i, context))
			return;
}

#endif
