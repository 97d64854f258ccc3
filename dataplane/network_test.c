/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/network.h"

#include "tests/env/test_snapshot.h"
#include "tests/env/test_env.h"
#include "tests/env/unit.h"

static struct network network;

static int start(void **state)
{
	(void)state;
	test_network(&network);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	network_free(&network);
	return 0;
}

static void interfaces_are_found_by_name_and_by_number(void **state)
{
	(void)state;
	assert_int_equal(network_ifindex(&network, "eth0"), 3);
	assert_int_equal(network_ifindex(&network, "eth3"), 6);
	assert_int_equal(network_ifindex(&network, "eth"), 0);
	assert_int_equal(network_ifindex(&network, "eth00"), 0);
	assert_string_equal(network_name(&network, 4), "eth1");
	assert_null(network_name(&network, 7));
	assert_int_equal(network_find(&network, "eth2")->ifindex, 5);
	assert_null(network_find(&network, "lo"));
}

static void local_addresses_are_those_of_any_interface(void **state)
{
	union ip_addr mine = test_addr("192.0.2.1"), link_local = test_addr("fe80::1");
	union ip_addr other = test_addr("192.0.2.2");

	(void)state;
	assert_true(network_is_local(&network, &mine));
	assert_true(network_is_local(&network, &link_local));
	assert_false(network_is_local(&network, &other));
}

/* What `interface` translates to: never a link-local address, though it comes first. */
static void an_interface_translates_to_its_first_address_for_nat(void **state)
{
	union ip_addr four = test_addr("192.0.2.1"), six = test_addr("2001:db8:f::1");
	struct network_address second = {4, FAMILY_IPV4, test_addr("192.0.2.9"), true};

	(void)state;
	assert_int_equal(network_add_address(&network, &second), 0);
	assert_memory_equal(network_address_of(&network, 4, FAMILY_IPV4), &four, sizeof(four));
	assert_memory_equal(network_address_of(&network, 4, FAMILY_IPV6), &six, sizeof(six));
	assert_null(network_address_of(&network, 3, FAMILY_IPV4));
}

/* Names come from the kernel, which keeps them short; a longer one is cut, not written over. */
static void a_long_name_stays_within_its_room(void **state)
{
	const struct link_addr link = {{1, 2, 3}};

	(void)state;
	assert_int_equal(network_add_interface(&network, 9, "abcdefghijklmnopqrst", &link), 0);
	assert_string_equal(network_name(&network, 9), "abcdefghijklmno");
	assert_memory_equal(&network_find(&network, "abcdefghijklmno")->link, &link, sizeof(link));
}

static void a_freed_network_is_empty(void **state)
{
	(void)state;
	network_free(&network);
	assert_int_equal(network_ifindex(&network, "eth0"), 0);
	network_free(&network);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(interfaces_are_found_by_name_and_by_number),
		TEST(local_addresses_are_those_of_any_interface),
		TEST(an_interface_translates_to_its_first_address_for_nat),
		TEST(a_long_name_stays_within_its_room),
		TEST(a_freed_network_is_empty),
	};

	return cmocka_run_group_tests_name("network", tests, NULL, NULL);
}
