/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The Internet checksum, updated incrementally [RFC1624 equation 3].
 *
 * The one place where checksum arithmetic is done. A change is collected as a sum of ~old and
 * new words and applied once; words are taken as they lie in memory, because a one's
 * complement sum does not care about byte order. The sum of a change is zero only if every word
 * in it is, so the result does not depend on the order or the width of the additions.
 */
#ifndef CORE_CHECKSUM_H
#define CORE_CHECKSUM_H

#include "abi/types.h"

/* => the 16-bit one's complement sum; 0 only if sum is 0 */
static __always_inline u16 checksum_fold(u64 sum)
{
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32 & 0xffff) + (sum >> 48);
	sum = (sum & 0xffff) + (sum >> 16);
	return (u16)((sum & 0xffff) + (sum >> 16));
}

static __always_inline u64 checksum_change16(u16 old, u16 new)
{
	return (u64)(u16)~old + new;
}

static __always_inline u64 checksum_change32(u32 old, u32 new)
{
	return (u64)(u32)~old + new;
}

/* => the checksum after the change */
static __always_inline u16 checksum_apply(u16 check, u64 change)
{
	return (u16)~checksum_fold((u64)(u16)~check + change);
}

/* UDP: 0 means that there is none, and stays; a computed 0 is sent as 0xffff [RFC768]. */
static __always_inline u16 checksum_apply_udp(u16 check, u64 change)
{
	u16 result;

	if (!check)
		return 0;
	result = checksum_apply(check, change);
	return result ? result : 0xffff;
}

#endif
