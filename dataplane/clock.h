/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monotonic clock, and how programs in the kernel get it from jiffies.
 */
#ifndef DATAPLANE_CLOCK_H
#define DATAPLANE_CLOCK_H

#include "abi/state.h"
#include "bpf/clock_reading.h"

u32 clock_now_s(void);
u64 clock_now_ns(void);

/*
 * Sets scale and offset of the control page, so that (jiffies * scale + offset) >> 32 are seconds of
 * the monotonic clock. tick_ns is the length of a jiffy.
 */
void clock_set(struct control *control, const struct clock_reading *reading, u64 tick_ns);

/* => the length of a jiffy: the resolution of the coarse clock, which counts them */
u64 clock_tick_ns(void);

#endif
