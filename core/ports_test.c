/* SPDX-License-Identifier: Apache-2.0 */
#include "core/ports.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/pool_ports.h"
#include "tests/env/test_env.h"
#include "tests/env/unit.h"

static struct tables *tables;
static struct port_space *space;

static int start(void **state)
{
	union ip_addr address = test_addr("192.0.2.1");

	(void)state;
	tables = test_env_start(FLOWS_MIN);
	test_env_add_address(tables, 0, &address);
	space = &tables->ports[0]->spaces[PORTS_UDP];
	return 0;
}

static int stop(void **state)
{
	(void)state;
	test_env_stop(tables);
	return 0;
}

static u16 host_order(__be16 port)
{
	return __builtin_bswap16(port);
}

static u64 random_state = 88172645463325252ull;

static u32 random_below(u32 limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (u32)((random_state >> 20) % limit);
}

struct range {
	u16 low, high;
};

/* Odd ones: one port, across words and groups, ends of the space. */
static const struct range ranges[] = {
	{1024, 65535}, {10000, 20000}, {1, 1},         {65535, 65535}, {63, 64},
	{1023, 1024},  {1024, 2047},   {1000, 5001},   {64512, 65535}, {7, 71},
	{4097, 4159},  {1, 65535},     {2049, 2049 + 62},
};

/* [INV-PORT-2] every port of the range, no other, none twice; then nothing; then all again. */
static void exhaust(const struct range *range)
{
	u32 size = (u32)range->high - range->low + 1;
	u8 *seen = calloc(PORTS_PER_SPACE, 1);
	__be16 port;

	for (u32 i = 0; i < size; i++) {
		u16 from = (u16)(range->low + random_below(size));

		assert_true(ports_claim(space, range->low, range->high, from, i + 1, &port));
		assert_in_range(host_order(port), range->low, range->high);
		assert_false(seen[host_order(port)]++);
	}
	assert_int_equal(space->in_use, size);
	assert_false(ports_claim(space, range->low, range->high, range->low, 1, &port));
	assert_false(ports_claim(space, range->low, range->high, range->high, 1, &port));
	for (u32 p = range->low; p <= range->high; p++)
		ports_release(space, (u16)p);
	assert_int_equal(space->in_use, 0);
	free(seen);
}

/* [RFC6888 REQ-13] */
static void every_port_of_odd_ranges_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		exhaust(&ranges[i]);
		exhaust(&ranges[i]);
	}
}

/* docs/packet-path.md, section 6: the first free port at or after the start, once around */
static void the_first_free_port_after_the_start_is_taken(void **state)
{
	static const struct range range = {5000, 9001};
	u8 *taken = calloc(PORTS_PER_SPACE, 1);

	(void)state;
	for (u32 i = 0; i < 4002; i++) {
		u16 from = (u16)(range.low + random_below(4002));
		u32 expected = from;
		__be16 port;

		while (taken[expected])
			expected = expected == range.high ? range.low : expected + 1;
		assert_true(ports_claim(space, range.low, range.high, from, 1, &port));
		assert_int_equal(host_order(port), expected);
		taken[expected] = 1;
	}
	free(taken);
}

/* [RFC4787 REQ-4] every port of the mask, no other, each once */
static void of_each_word_only_the_ports_of_the_mask_are_given(void **state)
{
	static const struct port_range range = {1023, 2049};
	static const u64 masks[] = {EVEN_PORTS, ODD_PORTS};
	__be16 port;

	(void)state;
	for (u32 odd = 0; odd < 2; odd++) {
		for (u32 i = 0; i < 513 + odd; i++) {
			u16 from = (u16)(range.low + random_below(1027));

			assert_true(ports_claim_of(space, range, masks[odd], from, i + 1, &port));
			assert_int_equal(host_order(port) % 2, odd);
			assert_in_range(host_order(port), range.low, range.high);
		}
		assert_false(ports_claim_of(space, range, masks[odd], 1500, 1, &port));
	}
}

/* Pools may share an address with ranges that overlap [contract: ownership is the address's]. */
static void overlapping_ranges_share_their_ports(void **state)
{
	__be16 port;

	(void)state;
	for (u32 i = 0; i < 1000; i++)
		assert_true(ports_claim(space, 2000, 2999, 2500, 1, &port));
	assert_false(ports_claim(space, 2500, 2600, 2550, 1, &port));
	assert_true(ports_claim(space, 2999, 3000, 2999, 1, &port));
	assert_int_equal(host_order(port), 3000);
}

/*
 * [INV-PORT-1] [R1 b] random claims and releases against a shadow set
 * [RFC4787 REQ-3] [RFC5382 REQ-7] [RFC6888 REQ-1] [RFC7857 section 5]
 */
static void random_operations_never_alias(void **state)
{
	enum { OPERATIONS = 10 * 1000 * 1000, LOW = 1024, HIGH = 5119, SIZE = HIGH - LOW + 1 };
	u32 *owner = calloc(PORTS_PER_SPACE, sizeof(*owner));
	u16 *held = calloc(SIZE, sizeof(*held));
	u32 held_count = 0;

	(void)state;
	for (u32 i = 1; i <= OPERATIONS; i++) {
		/* drifts between empty and full, and stays a while at either end */
		bool claim = random_below(1000) < 400 + 200 * (i >> 14 & 1);
		__be16 port;

		if (claim) {
			bool got = ports_claim(space, LOW, HIGH, (u16)(LOW + random_below(SIZE)), i,
					       &port);

			assert_int_equal(got, held_count < SIZE);
			if (!got)
				continue;
			assert_int_equal(owner[host_order(port)], 0);
			owner[host_order(port)] = i;
			held[held_count++] = host_order(port);
		} else if (held_count) {
			u32 which = random_below(held_count);

			assert_int_equal(space->owners[held[which]], owner[held[which]]);
			ports_release(space, held[which]);
			owner[held[which]] = 0;
			held[which] = held[--held_count];
		}
	}
	assert_int_equal(space->in_use, held_count);
	free(owner);
	free(held);
}

/*
 * A process killed between two steps of a claim or a release leaves a bit or a count too high,
 * which only costs a look.
 */
static void stale_hints_lose_no_port(void **state)
{
	__be16 port;
	u32 found = 0;

	(void)state;
	for (u32 p = 3000; p < 3064; p += 2)
		space->owners[p] = PORT_KERNEL; /* bit and count still say free */
	while (ports_claim(space, 3000, 3063, 3010, 1, &port)) {
		assert_int_equal(host_order(port) % 2, 1);
		found++;
	}
	assert_int_equal(found, 32);
}

/* => counts, words and owners that a search for any port looks at */
static u32 looks_of_a_search(__be16 *port)
{
	struct port_search search = {
		.space = space, .claimed = port, .mask = ~0ull, .owner = 1, .next = 0,
		.last = PORTS_PER_SPACE - 1};
	u32 looks = 1;

	while (!ports_search_step(0, &search))
		looks++;
	return looks;
}

/* [INV-PORT-3] a search of a full space, or of one with a single port left, is short */
static void a_search_costs_no_more_when_ports_are_few(void **state)
{
	enum { MOST_LOOKS = PORT_GROUPS + PORTS_PER_GROUP / PORTS_PER_WORD + 1 };
	__be16 port;

	(void)state;
	while (ports_claim(space, 0, 65535, 0, 1, &port))
		;
	assert_int_equal(space->in_use, PORTS_PER_SPACE);
	assert_in_range(looks_of_a_search(&port), 1, MOST_LOOKS);
	for (u32 left = 0; left < PORTS_PER_SPACE; left += 61) {
		ports_release(space, (u16)left);
		assert_in_range(looks_of_a_search(&port), 1, MOST_LOOKS);
		assert_int_equal(host_order(port), left);
	}
}

enum { RACERS = 4, RACE_PORTS = 64, RACE_ROUNDS = 3000 };

struct racer {
	pthread_t thread;
	pthread_barrier_t *barrier;
	u32 number;
	u32 won[RACE_PORTS];
	u32 wins;
};

static void *race(void *argument)
{
	struct racer *racer = argument;

	for (u32 round = 0; round < RACE_ROUNDS; round++) {
		__be16 port;

		racer->wins = 0;
		pthread_barrier_wait(racer->barrier);
		while (ports_claim(space, 1024, 1024 + RACE_PORTS - 1, 1024, racer->number, &port))
			racer->won[racer->wins++] = host_order(port);
		pthread_barrier_wait(racer->barrier); /* everybody has what it got */
		for (u32 i = 0; i < racer->wins; i++)
			if (space->owners[racer->won[i]] != racer->number)
				abort();
		for (u32 i = 0; i < racer->wins; i++)
			ports_release(space, (u16)racer->won[i]);
		pthread_barrier_wait(racer->barrier);
	}
	return NULL;
}

/* [INV-PORT-1] threads that want the same ports share them out without an alias */
static void racing_threads_never_share_a_port(void **state)
{
	struct racer racers[RACERS] = {0};
	pthread_barrier_t barrier;

	(void)state;
	pthread_barrier_init(&barrier, NULL, RACERS);
	for (u32 i = 0; i < RACERS; i++) {
		racers[i].barrier = &barrier;
		racers[i].number = i + 1;
		assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
	}
	for (u32 i = 0; i < RACERS; i++)
		pthread_join(racers[i].thread, NULL);
	assert_int_equal(space->in_use, 0);
	assert_int_equal(space->group_free[1], PORTS_PER_GROUP);
	pthread_barrier_destroy(&barrier);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_port_of_odd_ranges_is_found, start, stop),
		cmocka_unit_test_setup_teardown(the_first_free_port_after_the_start_is_taken, start,
						stop),
		cmocka_unit_test_setup_teardown(of_each_word_only_the_ports_of_the_mask_are_given,
						start, stop),
		cmocka_unit_test_setup_teardown(overlapping_ranges_share_their_ports, start, stop),
		cmocka_unit_test_setup_teardown(random_operations_never_alias, start, stop),
		cmocka_unit_test_setup_teardown(stale_hints_lose_no_port, start, stop),
		cmocka_unit_test_setup_teardown(a_search_costs_no_more_when_ports_are_few, start,
						stop),
		cmocka_unit_test_setup_teardown(racing_threads_never_share_a_port, start, stop),
	};

	return cmocka_run_group_tests_name("ports", tests, NULL, NULL);
}
