/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/clock.h"

#include <time.h>

enum { NS_PER_S = 1000 * 1000 * 1000 };

u32 clock_now_s(void)
{
	return (u32)(clock_now_ns() / NS_PER_S);
}

u64 clock_now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * NS_PER_S + (u64)now.tv_nsec;
}

u64 clock_tick_ns(void)
{
	struct timespec tick;

	(void)clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
	return (u64)tick.tv_nsec;
}

void clock_set(struct control *control, const struct clock_reading *reading, u64 tick_ns)
{
	unsigned __int128 now_q32 = ((unsigned __int128)reading->monotonic_ns << 32) / NS_PER_S;
	u64 scale = (tick_ns << 32) / NS_PER_S;

	__atomic_store_n(&control->clock_scale_s_q32, scale, __ATOMIC_RELAXED);
	__atomic_store_n(&control->clock_offset_s_q32, (u64)now_q32 - reading->jiffies * scale,
			 __ATOMIC_RELEASE);
}
