/* SPDX-License-Identifier: Apache-2.0 */
/*
 * INV-RECLAIM, the workers' part of it: waiting ends when those that were inside have left, and
 * never before.
 */
#include "dataplane/readers.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "abi/state.h"
#include "tests/env/unit.h"

enum { READERS = 3, ROUNDS = 2000, POISON = 0xdead };

static u32 *shared; /* what readers look at; replaced and poisoned by the writer */
static u32 stop;
static u32 have_looked; /* readers */

static void *read_on(void *argument)
{
	struct reader *reader = argument;
	bool first = true;

	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		const u32 *seen;

		reader_enter(reader);
		seen = __atomic_load_n(&shared, __ATOMIC_ACQUIRE);
		for (u32 i = 0; i < 20; i++)
			if (__atomic_load_n(seen, __ATOMIC_RELAXED) == POISON)
				abort();
		reader_leave(reader);
		if (first)
			(void)__atomic_fetch_add(&have_looked, 1, __ATOMIC_RELEASE);
		first = false;
	}
	return NULL;
}

static void nothing_is_taken_away_under_a_readers_eyes(void **state)
{
	static struct reader readers[READERS];
	static u32 copies[2] = {1, 2};
	pthread_t threads[READERS];

	(void)state;
	shared = &copies[0];
	for (u32 i = 0; i < READERS; i++) {
		assert_int_equal(readers_add(&readers[i]), 0);
		assert_int_equal(pthread_create(&threads[i], NULL, read_on, &readers[i]), 0);
	}
	for (u32 round = 0;
	     round < ROUNDS || __atomic_load_n(&have_looked, __ATOMIC_ACQUIRE) < READERS; round++) {
		u32 *old = shared, *new = &copies[old == &copies[0]];

		__atomic_store_n(new, round, __ATOMIC_RELAXED);
		(void)__atomic_exchange_n(&shared, new, __ATOMIC_ACQ_REL);
		readers_wait();
		__atomic_store_n(old, POISON, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	for (u32 i = 0; i < READERS; i++) {
		(void)pthread_join(threads[i], NULL);
		readers_remove(&readers[i]);
	}
}

static void readers_outside_are_not_waited_for(void **state)
{
	struct reader reader = {0};

	(void)state;
	assert_int_equal(readers_add(&reader), 0);
	readers_wait();
	reader_enter(&reader);
	reader_leave(&reader);
	readers_wait();
	readers_remove(&reader);
}

static void there_is_room_for_every_worker_and_no_more(void **state)
{
	static struct reader readers[MAX_READERS + 1];

	(void)state;
	for (u32 i = 0; i < MAX_READERS; i++)
		assert_int_equal(readers_add(&readers[i]), 0);
	assert_int_equal(readers_add(&readers[MAX_READERS]), -ENOSPC);
	readers_remove(&readers[0]);
	assert_int_equal(readers_add(&readers[MAX_READERS]), 0);
	for (u32 i = 1; i <= MAX_READERS; i++)
		readers_remove(&readers[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_taken_away_under_a_readers_eyes),
		cmocka_unit_test(readers_outside_are_not_waited_for),
		cmocka_unit_test(there_is_room_for_every_worker_and_no_more),
	};

	return cmocka_run_group_tests_name("readers", tests, NULL, NULL);
}
