/* SPDX-License-Identifier: Apache-2.0 */
#include "config/address.h"

#include "tests/env/unit.h"

static void prefixes_of_both_families_are_read(void **state)
{
	static const struct {
		const char *text;
		const char *printed;
		enum ip_family family;
		u8 length;
	} cases[] = {
		{"198.51.100.16/28", "198.51.100.16/28", FAMILY_IPV4, 28},
		{"198.51.100.16", "198.51.100.16/32", FAMILY_IPV4, 32},
		{"0.0.0.0/0", "0.0.0.0/0", FAMILY_IPV4, 0},
		{"2001:DB8::1", "2001:db8::1/128", FAMILY_IPV6, 128},
		{"2001:db8:0:0::/64", "2001:db8::/64", FAMILY_IPV6, 64},
		{"::/0", "::/0", FAMILY_IPV6, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct snapshot_prefix prefix;
		char text[PREFIX_TEXT_BYTES];

		assert_null(prefix_read(cases[i].text, &prefix));
		assert_int_equal(prefix.family, cases[i].family);
		assert_int_equal(prefix.length, cases[i].length);
		prefix_write(&prefix, text);
		assert_string_equal(text, cases[i].printed);
	}
}

static void ipv4_is_held_as_a_mapped_address(void **state)
{
	static const u8 expected[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1};
	union ip_addr address;
	enum ip_family family;

	(void)state;
	assert_null(address_read("192.0.2.1", &address, &family));
	assert_int_equal(family, FAMILY_IPV4);
	assert_memory_equal(address.bytes, expected, 16);
}

static void what_is_no_prefix_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"/",
		"1.2.3",
		"1.2.3.4.5",
		"1.2.3.256",
		"1.2.3.4/",
		"1.2.3.4/33",
		"1.2.3.4/-1",
		"1.2.3.4/+8",
		"1.2.3.4/8/8",
		"01.2.3.4",
		"1.2.3.4 ",
		"1.2.3.4/ 8",
		"::/129",
		":::",
		"1.2.3.4/256",
		"::/0032",
		"::1.2.3.4/128x",
		"fe80::1%eth0",
		"::ffff:1.2.3.4",
		"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct snapshot_prefix prefix;

		assert_non_null(prefix_read(texts[i], &prefix));
	}
}

static void assert_range(const char *prefix_text, const char *low, const char *high)
{
	struct snapshot_prefix prefix;
	struct snapshot_address_range range;
	union ip_addr address;
	enum ip_family family;

	assert_null(prefix_read(prefix_text, &prefix));
	range = prefix_range(&prefix);
	assert_null(address_read(low, &address, &family));
	assert_int_equal(range.family, family);
	assert_memory_equal(&range.low, &address, sizeof(address));
	assert_null(address_read(high, &address, &family));
	assert_memory_equal(&range.high, &address, sizeof(address));
}

static void a_prefix_is_every_address_in_it(void **state)
{
	(void)state;
	assert_range("198.51.100.16/28", "198.51.100.16", "198.51.100.31");
	assert_range("198.51.100.19/28", "198.51.100.16", "198.51.100.31");
	assert_range("203.0.113.40/32", "203.0.113.40", "203.0.113.40");
	assert_range("0.0.0.0/0", "0.0.0.0", "255.255.255.255");
	assert_range("2001:db8::/63", "2001:db8::", "2001:db8:0:1:ffff:ffff:ffff:ffff");
	assert_range("::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

static const char *special_of(const char *prefix_text)
{
	struct snapshot_prefix prefix;
	struct snapshot_address_range range;

	assert_null(prefix_read(prefix_text, &prefix));
	range = prefix_range(&prefix);
	return range_special(&range);
}

static void addresses_that_are_never_translated_are_special(void **state)
{
	static const char *const special[] = {
		"0.0.0.1",         "0.0.0.0/0",   "127.0.0.1", "126.0.0.0/7", "224.0.0.1",
		"255.255.255.255", "240.0.0.0/4", "::",        "::1",         "::/96",
		"fe80::1",         "febf::1",     "ff02::1",   "fe00::/7",    "::/0",
	};
	static const char *const ordinary[] = {
		"1.0.0.0",       "126.255.255.255", "128.0.0.0", "223.255.255.255", "10.0.0.0/8",
		"100.64.0.0/10", "2001:db8::/32",   "fec0::1",   "fd00::1",         "64:ff9b::1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		assert_non_null(special_of(special[i]));
	for (size_t i = 0; i < sizeof(ordinary) / sizeof(ordinary[0]); i++)
		assert_null(special_of(ordinary[i]));
}

static void a_range_over_mapped_addresses_is_special(void **state)
{
	struct snapshot_address_range range = {.family = FAMILY_IPV6};

	(void)state;
	range.low.bytes[15] = 2;
	range.high.bytes[8] = 1;
	assert_non_null(strstr(range_special(&range), "::ffff:0:0/96"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes_of_both_families_are_read),
		cmocka_unit_test(ipv4_is_held_as_a_mapped_address),
		cmocka_unit_test(what_is_no_prefix_is_refused),
		cmocka_unit_test(a_prefix_is_every_address_in_it),
		cmocka_unit_test(addresses_that_are_never_translated_are_special),
		cmocka_unit_test(a_range_over_mapped_addresses_is_special),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
