/* SPDX-License-Identifier: Apache-2.0 */
#include "config/value.h"

#include <stdlib.h>

#include "config/testing.h"
#include "tests/env/unit.h"

static struct word word_of(const char *text)
{
	struct word word = {{1, 1}, ""};

	memcpy(word.text, text, strlen(text) + 1);
	return word;
}

/* Reads a value of a type; => false and what was reported */
static bool read_value(const struct schema *schema, const char *low, const char *high,
		       struct parsed_value *value, struct text *reported)
{
	struct diagnostics diagnostics = {0};
	struct word words[] = {word_of(low), word_of(high ? high : "")};
	bool valid = value_parse(schema, &words[0], high ? &words[1] : NULL, &diagnostics, value);

	for (size_t i = 0; i < diagnostics.count; i++)
		text_add(reported, "%s", diagnostics.entries[i].text);
	diagnostics_free(&diagnostics);
	return valid;
}

static void assert_value(enum value_type type, const char *low, const char *high,
			 const char *spelling)
{
	const struct schema schema = {.word = "x", .type = type};
	struct parsed_value value;
	struct text reported = {0};

	assert_true(read_value(&schema, low, high, &value, &reported));
	assert_string_equal(reported.bytes, "");
	assert_string_equal(value.text, spelling);
}

static void assert_refused(enum value_type type, const char *low, const char *high,
			   const char *expected)
{
	const struct schema schema = {.word = "x", .type = type};
	struct parsed_value value;
	struct text reported = {0};

	assert_false(read_value(&schema, low, high, &value, &reported));
	assert_string_equal(reported.bytes, expected);
}

static void names_are_plain_words(void **state)
{
	static const char name63[] =
		"a12345678901234567890123456789012345678901234567890123456789012";
	static const char *const bad[] = {"", "a b", "a;b", "a\"b", "gr\303\274n", "a#b", "a*b"};
	struct text text = {0};

	(void)state;
	assert_value(TYPE_NAME, "resi-a", NULL, "resi-a");
	assert_value(TYPE_NAME, "10.0.0.0/8", NULL, "10.0.0.0/8");
	assert_value(TYPE_NAME, "2001:db8::/32", NULL, "2001:db8::/32");
	assert_value(TYPE_NAME, name63, NULL, name63);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		text_shorten(&text, 0);
		text_add(&text,
			 "x '%s' is not valid; expected a name of 1 to 63 letters, digits "
			 "and . _ - / :",
			 bad[i]);
		assert_refused(TYPE_NAME, bad[i], NULL, text.bytes);
	}
	assert_refused(TYPE_NAME, "inactive:", NULL,
		       "x 'inactive:' is not valid; expected a name that does not end in ':'");
}

static void a_name_of_64_characters_is_too_long(void **state)
{
	char name[65];
	struct text text = {0};

	(void)state;
	memset(name, 'a', 64);
	name[64] = '\0';
	text_add(&text,
		 "x '%s' is not valid; expected a name of 1 to 63 letters, digits and . _ - / :",
		 name);
	assert_refused(TYPE_NAME, name, NULL, text.bytes);
}

static void host_names_are_labels_with_dots(void **state)
{
	static const char *const good[] = {"gw1", "gw-1.example.net", "1", "a.b.c"};
	static const char *const bad[] = {"", "-a", "a-", "a..b", ".a", "a.", "a_b", "a b"};
	const struct schema schema = {.word = "x", .type = TYPE_HOST_NAME};
	struct parsed_value value;
	struct text text = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_value(TYPE_HOST_NAME, good[i], NULL, good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(read_value(&schema, bad[i], NULL, &value, &text));
}

/* A label has at most 63 characters and a name 253. */
static void long_host_names_are_refused(void **state)
{
	const struct schema schema = {.word = "x", .type = TYPE_HOST_NAME};
	struct parsed_value value;
	struct text text = {0};
	char name[300];

	(void)state;
	memset(name, 'a', sizeof(name));
	name[63] = '\0';
	assert_true(read_value(&schema, name, NULL, &value, &text));
	name[63] = 'a';
	name[64] = '\0';
	assert_false(read_value(&schema, name, NULL, &value, &text));
	for (size_t i = 0; i < sizeof(name); i++)
		name[i] = i % 2 ? '.' : 'a';
	name[253] = '\0';
	assert_true(read_value(&schema, name, NULL, &value, &text));
	name[253] = '.';
	name[255] = '\0';
	assert_false(read_value(&schema, name, NULL, &value, &text));
}

static void unit_0_is_the_interface_itself(void **state)
{
	(void)state;
	assert_value(TYPE_INTERFACE, "eth0", NULL, "eth0");
	assert_value(TYPE_INTERFACE, "eth0.0", NULL, "eth0");
	assert_value(TYPE_INTERFACE, "br-lan", NULL, "br-lan");
	assert_value(TYPE_INTERFACE, "wan.fiber", NULL, "wan.fiber");
	assert_value(TYPE_INTERFACE, "wan.fiber.0", NULL, "wan.fiber");
	assert_value(TYPE_INTERFACE, "exactly15charac.0", NULL, "exactly15charac");
	assert_value(TYPE_INTERFACE, "eth0.100.0", NULL, "eth0.100.0");
	assert_value(TYPE_INTERFACE, "eth0.", NULL, "eth0.");
}

static void other_units_and_impossible_interfaces_are_refused(void **state)
{
	static const char *const bad[] = {"", ".0", "a/b", "ge-0/0/0.0", "a b", ".", "..", "a:1"};
	struct text text = {0};

	(void)state;
	assert_refused(TYPE_INTERFACE, "eth0.5", NULL,
		       "x 'eth0.5' is not valid; expected unit 0 or no unit; logical units other "
		       "than 0 are not supported");
	assert_refused(TYPE_INTERFACE, "eth0.00", NULL,
		       "x 'eth0.00' is not valid; expected unit 0 or no unit; logical units other "
		       "than 0 are not supported");
	assert_refused(
		TYPE_INTERFACE, "sixteencharacter", NULL,
		"x 'sixteencharacter' is not valid; expected at most 15 characters, as Linux "
		"has it");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		text_shorten(&text, 0);
		text_add(&text,
			 "x '%s' is not valid; expected a name of an interface, as 'ip link' "
			 "shows it",
			 bad[i]);
		assert_refused(TYPE_INTERFACE, bad[i], NULL, text.bytes);
	}
}

/* Ranges are checked before anything is made narrower. */
static void numbers_are_decimal_and_in_range(void **state)
{
	static const char *const bad[] = {"0",  "65536", "4294967297", "18446744073709551617",
					  "-1", "+1",    "0x10",       "1 ",
					  "",   "1.5",   "1s",         "70000"};
	const struct schema schema = {.word = "x", .type = TYPE_NUMBER, .low = 1, .high = 65535};
	struct parsed_value value;
	struct text text = {0};

	(void)state;
	assert_true(read_value(&schema, "1", NULL, &value, &text));
	assert_true(read_value(&schema, "65535", NULL, &value, &text));
	assert_int_equal(value.value.number, 65535);
	assert_true(read_value(&schema, "00080", NULL, &value, &text));
	assert_string_equal(value.text, "80");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(read_value(&schema, bad[i], NULL, &value, &text));
}

static void ports_are_one_or_a_range(void **state)
{
	(void)state;
	assert_value(TYPE_PORTS, "80", NULL, "80");
	assert_value(TYPE_PORTS, "0", "65535", "0 to 65535");
	assert_value(TYPE_PORTS, "7", "7", "7");
	assert_refused(TYPE_PORTS, "65536", NULL,
		       "x '65536' is not valid; expected a port from 0 to 65535, or LOW to HIGH");
	assert_refused(TYPE_PORTS, "1", "70000",
		       "x '70000' is not valid; expected a port from 0 to 65535");
	assert_refused(TYPE_PORTS, "2", "1",
		       "x '1' is not valid; expected a last port that is not below the first");
}

static void addresses_are_prefixes_or_ranges(void **state)
{
	(void)state;
	assert_value(TYPE_ADDRESSES, "198.51.100.16/28", NULL, "198.51.100.16/28");
	assert_value(TYPE_ADDRESSES, "198.51.100.16", NULL, "198.51.100.16/32");
	assert_value(TYPE_ADDRESSES, "198.51.100.64", "198.51.100.71/32",
		     "198.51.100.64/32 to 198.51.100.71/32");
	assert_value(TYPE_ADDRESSES, "2001:db8::1", "2001:db8::9",
		     "2001:db8::1/128 to 2001:db8::9/128");
	assert_value(TYPE_ADDRESSES, "192.0.2.1", "192.0.2.1", "192.0.2.1/32");
}

static void impossible_address_ranges_are_refused(void **state)
{
	(void)state;
	assert_refused(TYPE_ADDRESSES, "192.0.2.9", "192.0.2.1",
		       "x '192.0.2.1' is not valid; expected a last address that is not below the "
		       "first");
	assert_refused(
		TYPE_ADDRESSES, "192.0.2.9", "2001:db8::1",
		"x '2001:db8::1' is not valid; expected an address of the same family as the "
		"first one");
	assert_refused(
		TYPE_ADDRESSES, "192.0.2.0/24", "192.0.3.0",
		"x '192.0.2.0/24' is not valid; expected a single address at either end of a "
		"range");
	assert_refused(
		TYPE_ADDRESSES, "192.0.2.0", "192.0.3.0/24",
		"x '192.0.3.0/24' is not valid; expected a single address at either end of a "
		"range");
	assert_refused(
		TYPE_ADDRESSES, "192.0.2.0", "there",
		"x 'there' is not valid; expected an IPv4 or IPv6 address or prefix, such as "
		"198.51.100.16/28");
}

static void special_addresses_are_refused(void **state)
{
	(void)state;
	assert_refused(TYPE_ADDRESSES, "127.0.0.1", NULL,
		       "'127.0.0.1/32' holds special addresses (loopback, 127.0.0.0/8); expected "
		       "ordinary unicast addresses");
	assert_refused(TYPE_ADDRESSES, "223.255.255.255", "224.0.0.1",
		       "'223.255.255.255/32 to 224.0.0.1/32' holds special addresses (multicast or "
		       "reserved, 224.0.0.0/3); expected ordinary unicast addresses");
	assert_refused(
		TYPE_ADDRESSES, "fe80::/64", NULL,
		"'fe80::/64' holds special addresses (link-local, fe80::/10); expected ordinary "
		"unicast addresses");
}

static void host_bits_are_cleared_with_a_warning(void **state)
{
	static const enum value_type types[] = {TYPE_PREFIX, TYPE_ADDRESSES};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const struct schema schema = {.word = "x", .type = types[i]};
		struct parsed_value value;
		struct text reported = {0};

		assert_true(read_value(&schema, "203.0.113.9/24", NULL, &value, &reported));
		assert_string_equal(reported.bytes, "'203.0.113.9/24' has host bits set; it means "
						    "all of 203.0.113.0/24");
		assert_string_equal(value.text, "203.0.113.0/24");
	}
}

static void protocols_have_names_and_numbers(void **state)
{
	(void)state;
	assert_value(TYPE_PROTOCOL, "tcp", NULL, "tcp");
	assert_value(TYPE_PROTOCOL, "6", NULL, "tcp");
	assert_value(TYPE_PROTOCOL, "icmp6", NULL, "icmp6");
	assert_value(TYPE_PROTOCOL, "255", NULL, "255");
	assert_value(TYPE_PROTOCOL, "0", NULL, "0");
	assert_refused(TYPE_PROTOCOL, "256", NULL,
		       "x '256' is not valid; expected a protocol such as tcp, udp or icmp, or a "
		       "number from 0 to 255");
	assert_refused(TYPE_PROTOCOL, "upd", NULL,
		       "x 'upd' is not valid; expected a protocol such as tcp, udp or icmp, or a "
		       "number from 0 to 255; did you mean 'udp'?");
}

static void port_spans_are_one_or_a_range(void **state)
{
	static const char *const bad[] = {"", "65536", "2-1", "1-", "-1", "1-2-3", "1 to 2", "http"};

	(void)state;
	assert_value(TYPE_PORT_SPAN, "5060", NULL, "5060");
	assert_value(TYPE_PORT_SPAN, "05060-5070", NULL, "5060-5070");
	assert_value(TYPE_PORT_SPAN, "0-65535", NULL, "0-65535");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct text text = {0};

		text_add(&text,
			 "x '%s' is not valid; expected a port from 0 to 65535, or a range such as "
			 "5060-5070",
			 bad[i]);
		assert_refused(TYPE_PORT_SPAN, bad[i], NULL, text.bytes);
	}
}

static void cpus_are_one_or_a_range(void **state)
{
	static const char *const bad[] = {"", "1024", "-1", "2-", "5-2", "2-1024", "2-3-4", "a"};
	const struct schema schema = {.word = "x", .type = TYPE_CPUS};
	struct text text = {0};
	struct parsed_value value;

	(void)state;
	assert_value(TYPE_CPUS, "2", NULL, "2");
	assert_value(TYPE_CPUS, "002-0005", NULL, "2-5");
	assert_value(TYPE_CPUS, "7-7", NULL, "7");
	assert_true(read_value(&schema, "0-1023", NULL, &value, &text));
	assert_int_equal(value.value.cpus.first, 0);
	assert_int_equal(value.value.cpus.last, MAX_WORKER_CPUS - 1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		text_shorten(&text, 0);
		text_add(&text,
			 "x '%s' is not valid; expected a CPU from 0 to 1023, or a range "
			 "such as 2-5",
			 bad[i]);
		assert_refused(TYPE_CPUS, bad[i], NULL, text.bytes);
	}
}

static void keywords_are_those_of_the_statement(void **state)
{
	static const struct keyword keywords[] = {{"one", 1, SUPPORTED, ""},
						  {"two", 2, NOT_ENFORCED, ""},
						  {"three", 3, SUPPORTED, ""},
						  {0}};
	const struct schema schema = {.word = "x", .type = TYPE_KEYWORD, .keywords = keywords};
	struct parsed_value value;
	struct text reported = {0};

	(void)state;
	assert_true(read_value(&schema, "three", NULL, &value, &reported));
	assert_int_equal(value.value.number, 3);
	assert_false(read_value(&schema, "four", NULL, &value, &reported));
	assert_string_equal(reported.bytes, "x 'four' is not valid; expected 'one' or 'three'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_plain_words),
		cmocka_unit_test(a_name_of_64_characters_is_too_long),
		cmocka_unit_test(host_names_are_labels_with_dots),
		cmocka_unit_test(long_host_names_are_refused),
		cmocka_unit_test(unit_0_is_the_interface_itself),
		cmocka_unit_test(other_units_and_impossible_interfaces_are_refused),
		cmocka_unit_test(numbers_are_decimal_and_in_range),
		cmocka_unit_test(ports_are_one_or_a_range),
		cmocka_unit_test(addresses_are_prefixes_or_ranges),
		cmocka_unit_test(impossible_address_ranges_are_refused),
		cmocka_unit_test(special_addresses_are_refused),
		cmocka_unit_test(host_bits_are_cleared_with_a_warning),
		cmocka_unit_test(protocols_have_names_and_numbers),
		cmocka_unit_test(port_spans_are_one_or_a_range),
		cmocka_unit_test(cpus_are_one_or_a_range),
		cmocka_unit_test(keywords_are_those_of_the_statement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
