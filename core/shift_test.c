/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shifted addresses: every host has one of its own, and those beyond the list or the prefix none.
 */
#include "core/shift.h"

#include "tests/env/test_env.h"
#include "tests/env/unit.h"

enum { NONE = -1 };

static int index_of(const char *base, u8 length_of_128, u32 length, const char *host)
{
	struct nat_pool pool = {.base = test_addr(base), .base_length = length_of_128};
	union ip_addr address = test_addr(host);
	u32 index = 0;

	return shift_index(&pool, &address, length, &index) ? (int)index : NONE;
}

static void hosts_behind_the_base_follow_each_other(void **state)
{
	(void)state;
	assert_int_equal(index_of("10.0.1.30", 128, 11, "10.0.1.29"), NONE);
	assert_int_equal(index_of("10.0.1.30", 128, 11, "10.0.1.30"), 0);
	assert_int_equal(index_of("10.0.1.30", 128, 11, "10.0.1.40"), 10);
	assert_int_equal(index_of("10.0.1.30", 128, 11, "10.0.1.41"), NONE);
	assert_int_equal(index_of("10.0.1.250", 128, 4096, "10.0.2.1"), 7);
	assert_int_equal(index_of("2001:db8::ffff", 128, 9, "2001:db8::1:0"), 1);
	assert_int_equal(index_of("2001:db8::ffff", 128, 9, "2001:db9::1:0"), NONE);
}

static void a_prefix_stands_for_its_hosts_alone(void **state)
{
	(void)state;
	assert_int_equal(index_of("10.0.1.0", 96 + 30, 4096, "10.0.1.3"), 3);
	assert_int_equal(index_of("10.0.1.0", 96 + 30, 4096, "10.0.1.4"), NONE);
	assert_int_equal(index_of("10.0.0.0", 96 + 8, 4096, "10.0.15.255"), 4095);
	assert_int_equal(index_of("10.0.0.0", 96 + 8, 4096, "10.0.16.0"), NONE);
	assert_int_equal(index_of("2001:db8::", 32, 16, "2001:db8::f"), 15);
	assert_int_equal(index_of("2001:db8::", 32, 16, "2001:db8:1::f"), NONE);
	assert_int_equal(index_of("2001:db8::", 127, 16, "2001:db8::2"), NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_behind_the_base_follow_each_other),
		cmocka_unit_test(a_prefix_stands_for_its_hosts_alone),
	};

	return cmocka_run_group_tests_name("shift", tests, NULL, NULL);
}
