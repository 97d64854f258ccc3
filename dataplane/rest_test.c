/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports at rest [RFC6888 REQ-8]: given to nobody before their time, free afterwards, whatever the
 * clock says.
 */
#include "dataplane/rest.h"

#include "core/open.h"
#include "tests/env/test_env.h"
#include "tests/env/unit.h"

enum { LOW = 1020, HIGH = 1030, OWNER = 7 };

static struct tables *tables;
static struct port_space *space;

static int start(void **state)
{
	union ip_addr address = test_addr("198.51.100.1");

	(void)state;
	tables = test_env_start(64);
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

static bool claim(__be16 *port)
{
	return ports_claim(space, LOW, HIGH, LOW, OWNER, port);
}

static void claim_all(void)
{
	__be16 port;

	for (u32 i = LOW; i <= HIGH; i++)
		assert_true(claim(&port));
	assert_false(claim(&port));
}

static void assert_free(u32 count)
{
	u32 free_ports = 0;

	for (u32 port = LOW; port <= HIGH; port++)
		free_ports += space->owners[port] == PORT_FREE;
	assert_int_equal(free_ports, count);
}

/* [RFC6888 REQ-8] [INV-REST] two groups, and ends in another order than the ports' */
static void a_port_rests_until_its_second(void **state)
{
	(void)state;
	claim_all();
	rest_begin(space, 1022, 300);
	rest_begin(space, 1026, 200);
	rest_begin(space, 1023, 250);
	assert_int_equal(space->resting, 3);
	assert_int_equal(space->in_use, HIGH - LOW + 1 - 3);
	rest_end(tables, 199);
	assert_free(0);
	rest_end(tables, 200);
	assert_free(1);
	assert_int_equal(space->owners[1026], PORT_FREE);
	rest_end(tables, 299);
	assert_free(2);
	assert_int_equal(space->resting, 1);
	rest_end(tables, 1000);
	assert_free(3);
	assert_int_equal(space->resting, 0);
	for (u32 group = 0; group < PORT_GROUPS; group++)
		assert_int_equal(space->group_wake_s[group], 0);
}

/* [INV-PORT-2] a port that has rested is found again */
static void a_port_that_has_rested_is_found(void **state)
{
	__be16 port;

	(void)state;
	claim_all();
	rest_begin(space, 1024, 10);
	assert_false(claim(&port));
	rest_end(tables, 10);
	assert_true(claim(&port));
	assert_int_equal(__builtin_bswap16(port), 1024);
	assert_false(claim(&port));
}

/* The owner word holds 30 bits of the second, the clock 32. */
static void a_clock_that_wraps_wakes_in_time(void **state)
{
	static const u32 ends_s[] = {0, 1, PORT_REST_SECOND_MASK, PORT_REST_SECOND_MASK + 1,
				     PORT_RESTING + 5, 0xffffffff};

	(void)state;
	claim_all();
	for (u32 i = 0; i < sizeof(ends_s) / sizeof(ends_s[0]); i++) {
		__be16 port;

		rest_begin(space, 1021, ends_s[i]);
		rest_end(tables, ends_s[i] - 1);
		assert_free(0);
		rest_end(tables, ends_s[i] + 1);
		assert_free(1);
		assert_true(claim(&port));
	}
}

/* The gateway's own sockets come first, also before a rest. */
static void the_kernel_takes_a_port_at_rest(void **state)
{
	(void)state;
	claim_all();
	rest_begin(space, 1025, 100);
	assert_true(ports_reserve(space, 1025));
	assert_int_equal(space->owners[1025], PORT_KERNEL);
	assert_int_equal(space->resting, 0);
	rest_end(tables, 200);
	assert_free(0);
	ports_unreserve(space, 1025);
	assert_free(1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_port_rests_until_its_second),
		TEST(a_port_that_has_rested_is_found),
		TEST(a_clock_that_wraps_wakes_in_time),
		TEST(the_kernel_takes_a_port_at_rest),
	};

	return cmocka_run_group_tests_name("rest", tests, NULL, NULL);
}
