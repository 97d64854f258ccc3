/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What the core asks of the program that includes it.
 *
 * The core has no libc, allocates nothing and does no I/O; everything outside it is behind
 * these functions, which a file env.h on the include path supplies: bpf/env.h for the
 * kernel, dataplane/native/env.h for user space, tests/env/env.h with a clock, routes and
 * faults on demand. They are called on the packet path: none may block.
 *
 * Besides the functions, env.h defines
 *   env_frame    the frame at hand: struct xdp_md, or whatever holds its bytes natively
 *   core_step    how a step that is verified on its own is declared: a global function in
 *                BPF (so a pointer given to it must be checked), a static one natively
 */
#ifndef CORE_ENVIRONMENT_H
#define CORE_ENVIRONMENT_H

#include "abi/state.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

#include "core/route.h"
#include "env.h"

/* The tables. NULL where the number is out of range or the table is missing. */
static __always_inline struct control *env_control(void);
static __always_inline const struct nat_config *env_config(u32 half);
static __always_inline struct flow *env_flow(u32 slot);
static __always_inline struct flow_stats *env_flow_stats(u32 slot);
static __always_inline struct flow_bucket *env_bucket(u32 number);
static __always_inline struct address_ports *env_ports(u32 address_slot);
static __always_inline struct owner_counters *env_rule_counters(u32 rule_id);
static __always_inline struct owner_counters *env_pool_counters(u32 pool_id);

/* The row of the running CPU or worker, and its number. */
static __always_inline struct packet_counters *env_packet_counters(void);
static __always_inline u32 env_cpu(void);

/* The monotonic clock. Seconds are cheap, nanoseconds are not. */
static __always_inline u32 env_now_s(const struct control *control);
static __always_inline u64 env_now_ns(void);

/* The bytes of the frame, from the Ethernet header on. */
static __always_inline u8 *env_frame_start(const env_frame *frame);
static __always_inline u8 *env_frame_end(const env_frame *frame);

/*
 * Makes room for `grow` bytes in front of the frame, and cuts it to `bytes` in all, which is not
 * more than there are then. => false if that cannot be done; the frame is then good for nothing
 */
static __always_inline bool env_frame_resize(env_frame *frame, u32 grow, u32 bytes);

/* Copies the first bytes of the frame, which it has. => 0 if that went well */
static __always_inline long env_frame_load(env_frame *frame, void *to, u32 bytes);

/* Tells holdfast-dp, which sleeps, that there is a frame to look after (core/fragment.h). */
static __always_inline void env_wake_holder(void);

/* Which compiled form of the core this is. */
static __always_inline enum core_form env_form(void);

/* Asks the kernel for the way (core/nexthop.h). */
static __always_inline void env_route(env_frame *frame, const struct route_query *query,
				      struct route *route);

/* Has the memory brought near, without waiting for it. */
static __always_inline void env_prefetch(const void *memory);

/* Calls step(0, context), step(1, context), ... at most count times, until it returns non-zero. */
static __always_inline void env_loop(u32 count, long (*step)(u32 i, void *context),
				     void *context);

#endif
