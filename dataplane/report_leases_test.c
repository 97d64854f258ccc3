/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leases as they are listed, over tables in the test's own memory.
 */
#include <stdlib.h>
#include <string.h>

#include "core/packet.h"
#include "dataplane/clock.h"
#include "dataplane/report.h"
#include "tests/env/test_env.h"
#include "tests/env/unit.h"

enum { LEASE = 3, USED_LEASE = 5, CLOSED_LEASE = 6, PEER = 7, SESSION = 8, IDLE_S = 50 };

static struct tables *tables;

/* The engine holds nothing still here. */
void engine_look(struct engine *engine,
		 void (*look)(const struct tables *tables, const struct network *network,
			      void *context),
		 void *context)
{
	(void)engine;
	look(tables, NULL, context);
}

static struct flow made(enum flow_kind kind, u16 to_zone)
{
	return (struct flow){
		.inside = test_addr("10.1.2.3"), .inside_port = __builtin_bswap16(4000),
		.protocol = PROTOCOL_UDP, .life = FLOW_LIVE, .rule = 1, .pool = 1,
		.zone = (u16)(kind << FLOW_KIND_SHIFT | 1), .to_zone = to_zone, .address = 7,
		.port = __builtin_bswap16(1024)};
}

static void make_lease(u32 slot, u32 users)
{
	struct flow *lease = &tables->flows[slot];

	*lease = made(FLOW_LEASE, 2);
	lease->policy.inactivity_timeout_s = 300;
	lease->policy.flows_max = LEASE_FLOWS_MAX - 1;
	lease->permit = PERMIT_TARGET_HOST;
	lease->users = users;
	lease->last_seen_s = clock_now_s() - IDLE_S;
}

static int start(void **state)
{
	struct name_table *names;

	(void)state;
	tables = test_env_start(FLOWS_MIN);
	names = tables->names;
	tables->control->addresses.slots[7].address = test_addr("198.51.100.9");
	(void)strcpy(names->pools[1].names[0], "resi");
	(void)strcpy(names->zones[1].names[0], "lan");
	(void)strcpy(names->zones[2].names[0], "wan");
	(void)strcpy(names->rules[1].names[0], "out");
	(void)strcpy(names->rules[1].names[1], "r");
	make_lease(LEASE, 0);
	make_lease(USED_LEASE, 2);
	make_lease(CLOSED_LEASE, 1 | LEASE_CLOSED);
	tables->flows[PEER] = made(FLOW_PEER, FLOW_LEASED | 2);
	tables->flows[SESSION] = made(FLOW_SESSION, FLOW_LEASED | 2);
	tables->control->binding_count = 4;
	return 0;
}

static int stop(void **state)
{
	(void)state;
	test_env_stop(tables);
	return 0;
}

static json_t *leases(const struct lease_filter *filter, u32 first, u32 limit, size_t expected)
{
	json_t *answer = report_leases(NULL, filter, first, limit);

	assert_non_null(answer);
	assert_int_equal(json_array_size(json_object_get(answer, "leases")), expected);
	return answer;
}

static json_int_t number_of(const json_t *object, const char *name)
{
	assert_true(json_is_integer(json_object_get(object, name)));
	return json_integer_value(json_object_get(object, name));
}

static void assert_text(const json_t *object, const char *name, const char *expected)
{
	assert_string_equal(json_string_value(json_object_get(object, name)), expected);
}

static void a_lease_says_what_it_is(void **state)
{
	const struct lease_filter all = {.of_interface = false};
	json_t *answer = leases(&all, 0, 10, 2);
	const json_t *lease = json_array_get(json_object_get(answer, "leases"), 0);

	(void)state;
	assert_true(json_is_null(json_object_get(answer, "next")));
	assert_int_equal(number_of(lease, "lease"), LEASE);
	assert_text(lease, "rule_set", "out");
	assert_text(lease, "rule", "r");
	assert_text(lease, "pool", "resi");
	assert_text(lease, "from_zone", "lan");
	assert_text(lease, "to_zone", "wan");
	assert_int_equal(number_of(lease, "protocol"), PROTOCOL_UDP);
	assert_text(lease, "source", "10.1.2.3");
	assert_int_equal(number_of(lease, "source_port"), 4000);
	assert_text(lease, "translated", "198.51.100.9");
	assert_int_equal(number_of(lease, "translated_port"), 1024);
	assert_text(lease, "permit", "target-host");
	assert_int_equal(number_of(lease, "inactivity_timeout"), 300);
	assert_int_equal(number_of(lease, "sessions"), 0);
	assert_int_equal(number_of(lease, "maximum_sessions"), 65536);
	json_decref(answer);
}

/* [Junos] No time is left while there are sessions; it counts down behind the last. */
static void time_is_left_once_the_flows_have_ended(void **state)
{
	const struct lease_filter all = {.of_interface = false};
	json_t *answer = leases(&all, 0, 10, 2);
	const json_t *list = json_object_get(answer, "leases");
	const json_t *used = json_array_get(list, 1);
	json_int_t left = number_of(json_array_get(list, 0), "left");

	(void)state;
	assert_in_range(left, 300 - IDLE_S - 5, 300 - IDLE_S);
	assert_int_equal(number_of(used, "lease"), USED_LEASE);
	assert_int_equal(number_of(used, "sessions"), 2);
	assert_true(json_is_null(json_object_get(used, "left")));
	json_decref(answer);
}

static void leases_come_in_pages(void **state)
{
	const struct lease_filter all = {.of_interface = false};
	const struct lease_filter none = {.pool = "other"};
	json_t *answer = leases(&all, 0, 1, 1);

	(void)state;
	assert_int_equal(number_of(answer, "next"), USED_LEASE);
	json_decref(answer);
	answer = leases(&all, USED_LEASE, 1, 1);
	assert_true(json_is_null(json_object_get(answer, "next")));
	json_decref(answer);
	json_decref(leases(&none, 0, 10, 0));
}

static void the_summary_counts_what_there_is(void **state)
{
	json_t *summary = report_lease_summary(NULL);

	(void)state;
	assert_int_equal(number_of(summary, "leases"), 2);
	assert_int_equal(number_of(summary, "peers"), 1);
	assert_int_equal(number_of(summary, "in_use"), 4);
	assert_int_equal(number_of(summary, "maximum"), FLOWS_MIN / 2);
	json_decref(summary);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_lease_says_what_it_is),
		TEST(time_is_left_once_the_flows_have_ended),
		TEST(leases_come_in_pages),
		TEST(the_summary_counts_what_there_is),
	};

	return cmocka_run_group_tests_name("report_leases", tests, NULL, NULL);
}
