/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Shifted addresses [Junos host-address-base]: the host at the base gets the first address of the
 * pool's list, the next host the next one, and so on. No two hosts share an address, which is why
 * their ports can stay as they are.
 */
#ifndef CORE_SHIFT_H
#define CORE_SHIFT_H

#include "abi/config.h"
#include "core/bits.h"

/*
 * => true if the pool has an address for the host, and its index in the list; a base that is a
 *    whole address stands for all hosts behind it, a shorter one for those of its prefix alone
 */
static __always_inline bool shift_index(const struct nat_pool *pool, const union ip_addr *host,
					u32 length, u32 *index)
{
	u64 distance = host_u64(host->longs[1]) - host_u64(pool->base.longs[1]);
	u32 host_bits = 128u - pool->base_length;

	if (host->longs[0] != pool->base.longs[0] || distance >= length ||
	    (host_bits && host_bits < 64 && distance >> host_bits))
		return false;
	*index = (u32)distance;
	return true;
}

#endif
