/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The sum of the bytes of a frame: for checksums that are made or verified whole, those of ICMP.
 */
#ifndef CORE_SUM_H
#define CORE_SUM_H

#include "core/packet.h"

struct frame_sum {
	env_frame *frame;
	u64 sum;
	u32 at; /* where it began */
};

static inline long frame_sum_step(u32 i, void *context)
{
	struct frame_sum *s = context;
	const u32 *word = (const u32 *)packet_at(s->frame, s->at + 4 * i, 4);

	if (!word)
		return 1;
	s->sum += *word;
	return 0;
}

/* The bytes behind the last whole word. */
static __always_inline u64 frame_sum_rest(const env_frame *frame, u32 at, u32 bytes)
{
	u64 sum = 0;

	for (u32 i = 0; i < 3; i++) {
		const u8 *byte = packet_at(frame, at + i, 1);

		if (i < bytes && byte)
			sum += (u64)*byte << (i % 2 * 8);
	}
	return sum;
}

/* => the sum of so many bytes from an offset on; what is not in the frame counts as 0 */
static __always_inline u64 frame_sum(env_frame *frame, u32 at, u32 bytes)
{
	struct frame_sum s = {.frame = frame, .at = at};

	env_loop(bytes / 4, frame_sum_step, &s);
	return s.sum + frame_sum_rest(frame, at + (bytes & ~3u), bytes % 4);
}

/* => the sum of an IPv6 pseudo-header, addresses apart */
static __always_inline u64 pseudo_header_sum(u32 bytes, u8 protocol)
{
	return (u64)raw_u32(network_u32(bytes)) + raw_u32(network_u32(protocol));
}

static __always_inline u64 ip_addr_sum(const union ip_addr *address)
{
	u64 sum = 0;

	for (u32 i = 0; i < 4; i++)
		sum += raw_u32(address->words[i]);
	return sum;
}

#endif
