/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The core's environment in the kernel (core/environment.h). The including program has defined
 * env_frame, the type of its context.
 */
#ifndef BPF_ENV_H
#define BPF_ENV_H

#include "bpf/maps.h"
#include "core/bits.h"

#define core_step __attribute__((noinline))

static __always_inline void *env_element(void *map, u32 key)
{
	return bpf_map_lookup_elem(map, &key);
}

static __always_inline struct control *env_control(void)
{
	return env_element(&control, 0);
}

static __always_inline const struct nat_config *env_config(u32 half)
{
	return env_element(&config, half);
}

static __always_inline struct flow *env_flow(u32 slot)
{
	return env_element(&flows, slot);
}

static __always_inline struct flow_stats *env_flow_stats(u32 slot)
{
	return env_element(&flow_stats, slot);
}

static __always_inline struct flow_bucket *env_bucket(u32 number)
{
	return env_element(&buckets, number);
}

static __always_inline struct address_ports *env_ports(u32 address_slot)
{
	void *table = env_element(&ports, address_slot);

	return table ? env_element(table, 0) : NULL;
}

static __always_inline struct owner_counters *env_rule_counters(u32 rule_id)
{
	return env_element(&rule_counters, rule_id);
}

static __always_inline struct owner_counters *env_pool_counters(u32 pool_id)
{
	return env_element(&pool_counters, pool_id);
}

static __always_inline u32 env_cpu(void)
{
	return bpf_get_smp_processor_id();
}

static __always_inline struct packet_counters *env_packet_counters(void)
{
	return env_element(&packet_counters, env_cpu());
}

/* From jiffies, which cost one load; holdfast-dp keeps scale and offset. */
static __always_inline u32 env_now_s(const struct control *control)
{
	return (u32)((bpf_jiffies64() * control->clock_scale_s_q32 +
		      control->clock_offset_s_q32) >> 32);
}

static __always_inline u64 env_now_ns(void)
{
	return bpf_ktime_get_ns();
}

static __always_inline u8 *env_frame_start(const env_frame *frame)
{
	return (u8 *)(long)frame->data;
}

static __always_inline u8 *env_frame_end(const env_frame *frame)
{
	return (u8 *)(long)frame->data_end;
}

/* Of XDP frames; nothing else is answered, so no other program has this in it. */
static __always_inline bool env_frame_resize(env_frame *frame, u32 grow, u32 bytes)
{
	u64 length;

	if (bpf_xdp_adjust_head((void *)frame, -(int)grow))
		return false;
	length = (u64)(env_frame_end(frame) - env_frame_start(frame));
	value_is_anything(length); /* pointers are subtracted in 64 bits or not at all */
	return !bpf_xdp_adjust_tail((void *)frame, (int)(bytes - (u32)length));
}

static __always_inline long env_frame_load(env_frame *frame, void *to, u32 bytes)
{
	return _Generic(frame, struct xdp_md *: bpf_xdp_load_bytes,
			struct __sk_buff *: bpf_skb_load_bytes)((void *)frame, 0, to, bytes);
}

static __always_inline void env_wake_holder(void)
{
	u64 nothing = 0;

	(void)bpf_ringbuf_output(&held_events, &nothing, sizeof(nothing), 0);
}

static __always_inline enum core_form env_form(void)
{
	return FORM_KERNEL;
}

/* BPF has no prefetch; but nobody waits for a load whose value is not used. */
static __always_inline void env_prefetch(const void *memory)
{
	(void)*(const volatile u32 *)memory;
}

static __always_inline void env_loop(u32 count, long (*step)(u32 i, void *context), void *context)
{
	bpf_loop(count, step, context, 0);
}

enum { KERNEL_AF_INET = 2, KERNEL_AF_INET6 = 10 };

static __always_inline void fib_question(struct bpf_fib_lookup *fib,
					 const struct route_query *query)
{
	fib->l4_protocol = query->protocol;
	fib->sport = query->source_port;
	fib->dport = query->destination_port;
	fib->ifindex = query->ifindex;
	if (query->family == FAMILY_IPV4) {
		fib->family = KERNEL_AF_INET;
		fib->tos = query->tos;
		fib->ipv4_src = query->source.words[3];
		fib->ipv4_dst = query->destination.words[3];
	} else {
		fib->family = KERNEL_AF_INET6;
		fib->flowinfo = network_u32((u32)query->tos << 20);
		__builtin_memcpy(fib->ipv6_src, &query->source, sizeof(fib->ipv6_src));
		__builtin_memcpy(fib->ipv6_dst, &query->destination, sizeof(fib->ipv6_dst));
	}
}

/*
 * Asked with a length, the kernel answers "too big" before it says where to; asked with length
 * 1 it says where to and, if it knows the neighbour, the MTU.
 */
static __always_inline void env_route(env_frame *frame, const struct route_query *query,
				      struct route *route)
{
	struct bpf_fib_lookup fib = {0};
	long result;

	fib_question(&fib, query);
	fib.tot_len = 1;
	result = bpf_fib_lookup(frame, &fib, sizeof(fib), 0);
	route->ifindex = fib.ifindex;
	switch (result) {
	case BPF_FIB_LKUP_RET_SUCCESS:
		route->mtu = fib.mtu_result;
		route->result = query->length > route->mtu ? ROUTE_TOO_BIG : ROUTE_FOUND;
		__builtin_memcpy(&route->to, fib.dmac, sizeof(route->to));
		__builtin_memcpy(&route->from, fib.smac, sizeof(route->from));
		return;
	case BPF_FIB_LKUP_RET_NO_NEIGH:
		fib_question(&fib, query);
		fib.tot_len = query->length;
		result = bpf_fib_lookup(frame, &fib, sizeof(fib), 0);
		route->result = result == BPF_FIB_LKUP_RET_FRAG_NEEDED ? ROUTE_TOO_BIG
								      : ROUTE_NO_NEIGHBOUR;
		return;
	case BPF_FIB_LKUP_RET_BLACKHOLE:
	case BPF_FIB_LKUP_RET_UNREACHABLE:
	case BPF_FIB_LKUP_RET_PROHIBIT:
		route->result = ROUTE_REJECTED;
		return;
	case BPF_FIB_LKUP_RET_UNSUPP_LWT:
		route->result = ROUTE_UNUSABLE;
		return;
	default:
		route->result = ROUTE_NOT_FORWARDED;
	}
}

#endif
