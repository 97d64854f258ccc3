/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel said of a way is used only while it is sure to be so (abi/nexthop.h).
 */
#include "core/nexthop.h"

#include <pthread.h>
#include <stdlib.h>

#include "tests/env/test_env.h"
#include "tests/env/unit.h"

static struct tables *tables;
static struct control *control;

static int start(void **state)
{
	(void)state;
	tables = test_env_start(FLOWS_MIN);
	control = tables->control;
	test_env_set_time(1000);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	test_env_stop(tables);
	return 0;
}

static struct route route_to(u32 number)
{
	return (struct route){
		.ifindex = 4, .mtu = 1500, .to = {{1, (u16)(number >> 16), (u16)number}},
		.from = {{2, 0, 4}}, .result = ROUTE_FOUND};
}

static u32 learn(u32 number)
{
	struct route route = route_to(number);

	return nexthop_learn(control, nexthop_generation(control), &route);
}

static void new_generation(void)
{
	u32 generation = nexthop_generation(control);

	control->nexthop_generation =
		generation == NEXTHOP_GENERATION_MASK ? 1 : generation + 1;
}

static void what_was_learnt_is_recalled_word_for_word(void **state)
{
	u32 remembered = learn(7);
	const struct nexthop *hop = nexthop_recall(control, remembered);
	struct route route = route_to(7);

	(void)state;
	assert_non_null(hop);
	assert_true(nexthop_says(hop, &route));
	assert_int_equal(hop->ifindex, 4);
	assert_int_equal(hop->mtu, 1500);
	assert_memory_equal(&hop->to, &route.to, sizeof(route.to));
	assert_memory_equal(&hop->from, &route.from, sizeof(route.from));
}

static void equal_answers_share_an_entry_and_different_ones_do_not(void **state)
{
	u32 first = learn(7);
	struct route route;

	(void)state;
	assert_int_equal(learn(7), first);
	assert_int_not_equal(learn(8), first);
	for (u32 field = 0; field < 4; field++) {
		route = route_to(7);
		route.ifindex += field == 0;
		route.mtu += field == 1;
		route.to.words[0] ^= field == 2;
		route.from.words[0] ^= field == 3;
		assert_int_not_equal(
			nexthop_learn(control, nexthop_generation(control), &route), first);
	}
}

static void nothing_remembered_is_nothing_recalled(void **state)
{
	(void)state;
	assert_null(nexthop_recall(control, NEXTHOP_NONE));
}

/* The kernel announced a change: everything is asked again. */
static void another_generation_is_not_believed(void **state)
{
	u32 remembered = learn(7);

	(void)state;
	new_generation();
	assert_null(nexthop_recall(control, remembered));
	assert_non_null(nexthop_recall(control, learn(7)));
}

/* holdfast-dp, which listens to the kernel, is dead or hangs. */
static void nothing_is_believed_when_nobody_listens_to_the_kernel(void **state)
{
	u32 remembered = learn(7);

	(void)state;
	control->nexthops_valid_until_s = 1003;
	test_env_set_time(1003);
	assert_non_null(nexthop_recall(control, remembered));
	test_env_set_time(1004);
	assert_null(nexthop_recall(control, remembered));
}

/* [INV-RECLAIM] an entry is written again two generations later and no sooner */
static void an_entry_rests_for_a_generation(void **state)
{
	u32 place = learn(7) % NEXTHOP_COUNT;
	struct nexthop *hop = &control->nexthops.entries[place];
	struct route other = route_to(99);

	(void)state;
	assert_false(nexthop_claim(hop, nexthop_generation(control), &other));
	new_generation();
	assert_false(nexthop_claim(hop, nexthop_generation(control), &other));
	new_generation();
	assert_true(nexthop_claim(hop, nexthop_generation(control), &other));
	assert_true(nexthop_says(hop, &other));
}

/* Generations count 1 to the mask and begin again; 0 is nobody's. */
static void generations_go_round(void **state)
{
	u32 old, now;

	(void)state;
	control->nexthop_generation = NEXTHOP_GENERATION_MASK;
	old = learn(7);
	assert_non_null(nexthop_recall(control, old));
	new_generation();
	now = learn(7);
	assert_int_equal(now >> NEXTHOP_BITS, 1);
	assert_null(nexthop_recall(control, old));
	assert_int_not_equal(now % NEXTHOP_COUNT, old % NEXTHOP_COUNT);
	assert_false(nexthop_is_old(nexthop_state_of(NEXTHOP_GENERATION_MASK, NEXTHOP_READY), 1));
	assert_true(nexthop_is_old(nexthop_state_of(NEXTHOP_GENERATION_MASK, NEXTHOP_READY), 2));
}

/* [INV-BOUNDED] a full table remembers nothing new, and answers for what it has */
static void a_full_table_refuses_and_keeps_what_it_has(void **state)
{
	u32 learnt = 0, number = 0;

	(void)state;
	for (; number < 64 * NEXTHOP_COUNT; number++)
		learnt += learn(number) != NEXTHOP_NONE;
	assert_int_equal(learnt, NEXTHOP_COUNT);
	for (u32 i = 0; i < NEXTHOP_COUNT; i++)
		assert_int_equal(control->nexthops.entries[i].state,
				 nexthop_state_of(1, NEXTHOP_READY));
	assert_int_equal(learn(number), NEXTHOP_NONE);
}

enum { THREADS = 4, ROUTES = 512 };

struct learner {
	pthread_t thread;
	u32 row;
	u32 remembered[ROUTES];
};

static void *learn_all(void *argument)
{
	struct learner *learner = argument;

	test_env_join(tables, learner->row);
	for (u32 i = 0; i < ROUTES; i++) {
		struct route route = route_to(i);
		const struct nexthop *hop;

		learner->remembered[i] = learn(i);
		if (learner->remembered[i] == NEXTHOP_NONE)
			continue;
		hop = nexthop_recall(control, learner->remembered[i]);
		if (!hop || !nexthop_says(hop, &route))
			abort();
	}
	return NULL;
}

/* Nobody reads an entry that somebody else is writing. */
static void threads_that_learn_at_once_never_mix_answers(void **state)
{
	struct learner learners[THREADS] = {0};
	u32 kept = 0;

	(void)state;
	for (u32 i = 0; i < THREADS; i++) {
		learners[i].row = i;
		assert_int_equal(pthread_create(&learners[i].thread, NULL, learn_all, &learners[i]),
				 0);
	}
	for (u32 i = 0; i < THREADS; i++)
		(void)pthread_join(learners[i].thread, NULL);
	for (u32 i = 0; i < ROUTES; i++)
		kept += learners[0].remembered[i] != NEXTHOP_NONE;
	assert_true(kept > ROUTES / 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_learnt_is_recalled_word_for_word),
		TEST(equal_answers_share_an_entry_and_different_ones_do_not),
		TEST(nothing_remembered_is_nothing_recalled),
		TEST(another_generation_is_not_believed),
		TEST(nothing_is_believed_when_nobody_listens_to_the_kernel),
		TEST(an_entry_rests_for_a_generation),
		TEST(generations_go_round),
		TEST(a_full_table_refuses_and_keeps_what_it_has),
		TEST(threads_that_learn_at_once_never_mix_answers),
	};

	return cmocka_run_group_tests_name("nexthop", tests, NULL, NULL);
}
