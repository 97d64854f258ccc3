/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/address.h"

#include "tests/env/test_env.h"
#include "tests/env/unit.h"

static void text_is_read_and_written_in_one_form(void **state)
{
	static const struct {
		const char *text, *printed;
		enum ip_family family;
	} cases[] = {
		{"192.0.2.1", "192.0.2.1", FAMILY_IPV4},
		{"0.0.0.0", "0.0.0.0", FAMILY_IPV4},
		{"255.255.255.255", "255.255.255.255", FAMILY_IPV4},
		{"2001:DB8:0:0:0:0:0:1", "2001:db8::1", FAMILY_IPV6},
		{"::", "::", FAMILY_IPV6},
		{"64:ff9b::192.0.2.1", "64:ff9b::c000:201", FAMILY_IPV6},
		{"::fffe:0:1", "::fffe:0:1", FAMILY_IPV6},
	};

	(void)state;
	for (u32 i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[ADDRESS_TEXT_BYTES];
		enum ip_family family;
		union ip_addr address;

		assert_true(ip_addr_parse(cases[i].text, &address, &family));
		assert_int_equal(family, cases[i].family);
		assert_int_equal(ip_addr_family(&address), cases[i].family);
		assert_string_equal(ip_addr_print(&address, text), cases[i].printed);
	}
}

/* The last one would be of one family as text, and of the other in the tables. */
static void what_is_no_address_is_refused(void **state)
{
	static const char *const texts[] = {
		"",        "192.0.2",     "192.0.2.256", "192.0.2.1 ",  " 192.0.2.1",
		"192.0.2.01x", "1.2.3.4.5", "2001:db8",    "2001:db8:::1", "2001:db8::1/64",
		"fe80::1%eth0", "eth0",     "12345::",     "::ffff:192.0.2.1"};

	(void)state;
	for (u32 i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		enum ip_family family;
		union ip_addr address;

		if (ip_addr_parse(texts[i], &address, &family))
			fail_msg("\"%s\" was taken for an address", texts[i]);
	}
}

static void assert_next(const char *text, const char *expected)
{
	union ip_addr address = test_addr(text);
	union ip_addr next = test_addr(expected);

	assert_true(ip_addr_next(&address));
	assert_memory_equal(&address, &next, sizeof(next));
}

static void addresses_follow_each_other(void **state)
{
	union ip_addr last;

	(void)state;
	assert_next("192.0.2.1", "192.0.2.2");
	assert_next("192.0.2.255", "192.0.3.0");
	assert_next("10.255.255.255", "11.0.0.0");
	assert_next("2001:db8::ffff", "2001:db8::1:0");
	assert_next("2001:db8:0:0:ffff:ffff:ffff:ffff", "2001:db8:0:1::");
	memset(&last, 0xff, sizeof(last));
	assert_false(ip_addr_next(&last));
}

static u64 distance(const char *low, const char *high)
{
	union ip_addr a = test_addr(low), b = test_addr(high);

	return ip_addr_distance(&a, &b);
}

static void distances_are_counted_up_to_64_bits(void **state)
{
	(void)state;
	assert_int_equal(distance("192.0.2.1", "192.0.2.1"), 0);
	assert_int_equal(distance("192.0.2.1", "192.0.3.0"), 255);
	assert_int_equal(distance("0.0.0.0", "255.255.255.255"), 0xffffffff);
	assert_int_equal(distance("2001:db8::", "2001:db8::1:0:0"), 0x100000000ull);
	assert_int_equal(distance("2001:db8::1", "2001:db8:0:1::"), ~0ull);
	assert_int_equal(distance("2001:db8::", "2001:db8:0:1::"), ~0ull);
	assert_int_equal(distance("::", "ffff::"), ~0ull);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_read_and_written_in_one_form),
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(addresses_follow_each_other),
		cmocka_unit_test(distances_are_counted_up_to_64_bits),
	};

	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
