/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each alarm is told once when it is raised, and once when it is cleared.
 */
#include "dataplane/alarms.h"

#include "core/open.h"
#include "tests/env/test_env.h"
#include "tests/env/test_gateway.h"
#include "tests/env/unit.h"

enum { START_S = 1000, POOL_ID = 1, RULE_ID = 1 };

static struct tables *tables;
static struct alarm_event last;
static u32 told;

static int start(void **state)
{
	static const struct test_configuration configuration = {
		.pools = TEST_POOL("p", "198.51.100.1", "198.51.100.2", 5000, 5009),
		.rules = TEST_RULE("all", "pool", "'p'"),
		.maximum_flows = 256,
	};

	(void)state;
	told = 0;
	tables = test_gateway_start(&configuration);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	test_gateway_stop();
	return 0;
}

static struct nat_config *config(void)
{
	return &tables->config[!tables_idle_half(tables)];
}

static void tell(const struct alarm_event *event, void *context)
{
	(void)context;
	last = *event;
	told++;
}

static void open_flows(u32 first, u32 count)
{
	for (u32 i = first; i < first + count; i++) {
		struct test_packet packet = {
			.source = test_addr("10.0.0.1"), .destination = test_addr("203.0.113.5"),
			.protocol = PROTOCOL_UDP, .source_port = (u16)(4000 + i),
			.destination_port = 53};

		(void)test_gateway_receive(TEST_INSIDE, &packet);
	}
}

/* => how many alarms have changed */
static u32 look(u32 now_s)
{
	u32 before = told;

	alarms_look(tables, now_s, tell, NULL);
	return told - before;
}

static void a_pool_is_as_full_as_its_fullest_protocol(void **state)
{
	(void)state;
	config()->pools[0].alarm = (struct alarm_thresholds){80, 50};
	open_flows(0, 15);
	assert_int_equal(pool_utilization(tables, config(), &config()->pools[0]), 75);
	assert_int_equal(look(START_S), 0);
	open_flows(15, 1);
	assert_int_equal(look(START_S + 1), 1);
	assert_true(last.raised && !last.of_rule);
	assert_string_equal(last.name, "p");
	assert_int_equal(last.figure, 80);
	assert_int_equal(look(START_S + 2), 0);
	assert_int_equal(tables->pool_counters[POOL_ID].alarm_since_s, START_S + 1);
}

static void an_alarm_is_cleared_once_below_the_other_threshold(void **state)
{
	struct owner_counters *counters = &tables->rule_counters[RULE_ID];

	(void)state;
	config()->rules[0].alarm = (struct alarm_thresholds){10, 5};
	open_flows(0, 10);
	assert_int_equal(look(START_S), 1);
	assert_true(last.raised && last.of_rule);
	assert_string_equal(last.rule_set, "out");
	assert_string_equal(last.name, "all");
	counters->flows = 5;
	assert_int_equal(look(START_S), 0);
	counters->flows = 4;
	assert_int_equal(look(START_S), 1);
	assert_false(last.raised);
	assert_int_equal(last.figure, 4);
	assert_int_equal(look(START_S), 0);
	counters->flows = 10;
}

static void an_alarm_that_is_no_longer_asked_for_is_cleared(void **state)
{
	(void)state;
	config()->pools[0].alarm = (struct alarm_thresholds){50, 40};
	open_flows(0, 20);
	assert_int_equal(look(START_S), 1);
	config()->pools[0].alarm = (struct alarm_thresholds){0};
	assert_int_equal(look(START_S), 1);
	assert_false(last.raised);
	assert_int_equal(look(START_S), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_pool_is_as_full_as_its_fullest_protocol),
		TEST(an_alarm_is_cleared_once_below_the_other_threshold),
		TEST(an_alarm_that_is_no_longer_asked_for_is_cleared),
	};

	return cmocka_run_group_tests_name("alarms", tests, NULL, NULL);
}
