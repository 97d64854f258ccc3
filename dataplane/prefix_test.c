/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/prefix.h"

#include "core/rules.h"
#include "dataplane/address.h"
#include "tests/env/test_env.h"
#include "tests/env/unit.h"

static void prefixes_are_read(void **state)
{
	struct snapshot_prefix prefix;
	union ip_addr address = test_addr("192.0.2.0");

	(void)state;
	assert_true(prefix_parse("192.0.2.0/24", &prefix));
	assert_int_equal(prefix.family, FAMILY_IPV4);
	assert_int_equal(prefix.length, 24);
	assert_memory_equal(&prefix.address, &address, sizeof(address));
	assert_true(prefix_parse("2001:db8::/32", &prefix));
	assert_int_equal(prefix.family, FAMILY_IPV6);
	assert_int_equal(prefix.length, 32);
	assert_true(prefix_parse("0.0.0.0/0", &prefix));
	assert_true(prefix_parse("192.0.2.1/32", &prefix));
	assert_true(prefix_parse("::/0", &prefix));
	assert_true(prefix_parse("2001:db8::1/128", &prefix));
}

static void what_is_no_prefix_is_refused(void **state)
{
	static const char *const texts[] = {
		"",               "/",             "192.0.2.0",      "192.0.2.0/",
		"192.0.2.0/33",   "192.0.2.0/-1",  "192.0.2.0/+24",  "192.0.2.0/ 24",
		"192.0.2.0/24 ",  "192.0.2.0/2x",  "192.0.2.1/24",   "128.0.0.0/0",
		"2001:db8::/129", "2001:db8::1/64", "2001:db8::/32/32", "192.0.2/24",
		"::ffff:192.0.2.0/120", "192.0.2.0/18446744073709551640",
		"2001:0db8:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/32"};

	(void)state;
	for (u32 i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct snapshot_prefix prefix;

		if (prefix_parse(texts[i], &prefix))
			fail_msg("\"%s\" was taken for a prefix", texts[i]);
	}
}

/* The bits before the length count, and those behind it do not. */
static void assert_matches_by_its_bits(const char *text, u32 bits)
{
	union ip_addr base = test_addr(text);

	for (u32 length = 0; length <= bits; length++) {
		struct snapshot_prefix prefix = {
			.family = ip_addr_family(&base), .address = base, .length = (u8)length};
		struct prefix_match match;

		for (u32 bit = 128 - bits + length; bit < 128; bit++)
			prefix.address.bytes[bit / 8] &= (u8) ~(0x80 >> bit % 8);
		prefix_compile(&prefix, &match);
		assert_true(prefix_matches(&match, 1, &base));
		for (u32 bit = 128 - bits; bit < 128; bit++) {
			union ip_addr other = base;

			other.bytes[bit / 8] ^= (u8)(0x80 >> bit % 8);
			assert_int_equal(prefix_matches(&match, 1, &other),
					 bit >= 128 - bits + length);
		}
	}
}

static void every_length_matches_by_its_bits(void **state)
{
	(void)state;
	assert_matches_by_its_bits("198.51.100.77", 32);
	assert_matches_by_its_bits("2001:db8:1234:5678:9abc:def0:1357:9bdf", 128);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes_are_read),
		cmocka_unit_test(what_is_no_prefix_is_refused),
		cmocka_unit_test(every_length_matches_by_its_bits),
	};

	return cmocka_run_group_tests_name("prefix", tests, NULL, NULL);
}
