/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Which pool is asked when another one has no free port: `overflow-pool` [Junos: security nat
 * source pool P overflow-pool (NAME | interface)]. docs/packet-path.md, section 6.
 *
 * An overflow pool has none of its own, so that a packet asks two pools at most.
 */
#ifndef CORE_OVERFLOW_H
#define CORE_OVERFLOW_H

#include "abi/config.h"

/* => the position of a pool's overflow pool, for packets that leave by the column; or MAX_POOLS */
static __always_inline u32 overflow_position(const struct nat_config *config,
					     const struct nat_pool *pool, u32 egress)
{
	u32 overflow = pool->overflow;

	if (overflow == OVERFLOW_INTERFACE)
		overflow = config->interface_pools[egress % MAX_INTERFACES];
	return overflow ? overflow - 1 : MAX_POOLS;
}

#endif
