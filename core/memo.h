/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Remembers what the SHA-256 selector said for a host: a cache of a pure function, so that a host
 * that opens many flows is hashed once.
 *
 * One place for each value of a small hash; whoever comes later overwrites. A place is read
 * between two equal, even readings of its state (both are full barriers), so an answer is never
 * put together from two. A pool's memo_version changes with its list or its selector, so an
 * answer is never one for another list.
 */
#ifndef CORE_MEMO_H
#define CORE_MEMO_H

#include "core/bits.h"
#include "core/select.h"

static __always_inline struct memo *memo_place(struct control *control, u32 version,
					       const union ip_addr *source)
{
	return &control->memos.places[ip_addr_mix(source, version) >> (64 - MEMO_BITS)];
}

/* => true and the index, if it is remembered */
static __always_inline bool memo_recall(struct memo *memo, u32 version,
					const union ip_addr *source, u32 *index)
{
	u64 before = atomic_fetch_add(&memo->state, 0);
	bool same = atomic_read(&memo->version) == version &&
		    atomic_read(&memo->source.longs[0]) == source->longs[0] &&
		    atomic_read(&memo->source.longs[1]) == source->longs[1];

	*index = atomic_read(&memo->index);
	return same && !(before & 1) && atomic_fetch_add(&memo->state, 0) == before;
}

static __always_inline void memo_keep(struct memo *memo, u32 version, const union ip_addr *source,
				      u32 index)
{
	u64 before = atomic_read(&memo->state);

	if ((before & 1) || !atomic_replace(&memo->state, before, before + 1))
		return;
	atomic_write(&memo->version, version);
	atomic_write(&memo->index, index);
	atomic_write(&memo->source.longs[0], source->longs[0]);
	atomic_write(&memo->source.longs[1], source->longs[1]);
	(void)atomic_fetch_add(&memo->state, 1);
}

/* => select_userspace_v1() of the list, hashed or remembered */
static __always_inline u32 memo_userspace_v1(struct control *control, u32 version,
					     enum ip_family family, const union ip_addr *source,
					     u32 length)
{
	struct memo *memo = memo_place(control, version, source);
	u32 index;

	if (memo_recall(memo, version, source, &index))
		return index;
	index = select_userspace_v1(family, source, length);
	memo_keep(memo, version, source, index);
	return index;
}

#endif
