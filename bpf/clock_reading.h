/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What the program holdfast_clock reads.
 */
#ifndef BPF_CLOCK_READING_H
#define BPF_CLOCK_READING_H

#include "abi/types.h"

struct clock_reading {
	u64 jiffies;
	u64 monotonic_ns;
};

#endif
