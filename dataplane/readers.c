/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list is held still by a mutex, also while somebody waits: readers stay inside for a batch of
 * packets, which is short, and never take it there.
 */
#include "dataplane/readers.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>

#include "abi/state.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct reader *readers[MAX_WORKERS];
static u32 count;

int readers_add(struct reader *reader)
{
	int result = 0;

	(void)pthread_mutex_lock(&lock);
	if (count < MAX_WORKERS)
		readers[count++] = reader;
	else
		result = -ENOSPC;
	(void)pthread_mutex_unlock(&lock);
	return result;
}

void readers_remove(struct reader *reader)
{
	(void)pthread_mutex_lock(&lock);
	for (u32 i = 0; i < count; i++)
		if (readers[i] == reader)
			readers[i--] = readers[--count];
	(void)pthread_mutex_unlock(&lock);
}

/* A read-modify-write, so that what was written before it is seen by whoever enters after it. */
static u64 crossings_of(struct reader *reader)
{
	return __atomic_fetch_add(&reader->crossings, 0, __ATOMIC_SEQ_CST);
}

static void wait_for(struct reader *reader)
{
	u64 before = crossings_of(reader);

	while (before % 2 && crossings_of(reader) == before)
		(void)sched_yield();
}

void readers_wait(void)
{
	(void)pthread_mutex_lock(&lock);
	for (u32 i = 0; i < count; i++)
		wait_for(readers[i]);
	(void)pthread_mutex_unlock(&lock);
}
