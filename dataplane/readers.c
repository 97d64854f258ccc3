/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/readers.h"

#include <errno.h>
#include <sched.h>

static struct reader *readers[MAX_READERS];
static u32 count;

int readers_add(struct reader *reader)
{
	if (count == MAX_READERS)
		return -ENOSPC;
	readers[count++] = reader;
	return 0;
}

void readers_remove(struct reader *reader)
{
	for (u32 i = 0; i < count; i++)
		if (readers[i] == reader)
			readers[i--] = readers[--count];
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
	for (u32 i = 0; i < count; i++)
		wait_for(readers[i]);
}
