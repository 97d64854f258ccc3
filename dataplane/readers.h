/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads of this process that read the tables as packets do, and waiting for them: the part of a
 * grace period that the kernel does not know of (INV-RECLAIM).
 *
 * A reader enters before it looks at anything, and has forgotten all that it found when it leaves.
 * readers_wait() returns when everybody who had entered before has left.
 */
#ifndef DATAPLANE_READERS_H
#define DATAPLANE_READERS_H

#include "abi/state.h"

enum { MAX_READERS = MAX_WORKERS + 1 }; /* and dataplane/holder.h */

struct reader {
	u64 crossings; /* odd: inside. Atomically, by the reader */
} __cache_aligned;

/*
 * These, and readers_wait(): one thread at a time (in holdfast-dp, whoever has the engine's lock). A
 * reader is removed when it has left for good.
 * => 0; -ENOSPC if there are too many
 */
int readers_add(struct reader *reader);
void readers_remove(struct reader *reader);

static inline void reader_enter(struct reader *reader)
{
	(void)__atomic_fetch_add(&reader->crossings, 1, __ATOMIC_SEQ_CST);
}

static inline void reader_leave(struct reader *reader)
{
	(void)__atomic_fetch_add(&reader->crossings, 1, __ATOMIC_SEQ_CST);
}

/* Not for a reader that is inside. */
void readers_wait(void);

#endif
