/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Queues find a place near where they are looked for.
 */
#include "abi/worker.h"

#include "tests/env/unit.h"

enum { INTERFACES = 32, QUEUES = WORKER_QUEUES / 4 / INTERFACES };

static bool taken[WORKER_QUEUES];

static bool take(u32 ifindex, u32 queue)
{
	for (u32 i = 0; i < WORKER_QUEUE_PROBES; i++) {
		u32 place = (worker_queue_place(ifindex, queue) + i) % WORKER_QUEUES;

		if (taken[place])
			continue;
		taken[place] = true;
		return true;
	}
	return false;
}

static void a_quarter_of_the_places_can_be_used(void **state)
{
	(void)state;
	for (u32 base = 1; base < 5000; base += 97) {
		memset(taken, 0, sizeof(taken));
		for (u32 i = 0; i < INTERFACES; i++)
			for (u32 queue = 0; queue < QUEUES; queue++)
				assert_true(take(base + i, queue));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_quarter_of_the_places_can_be_used),
	};

	return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
