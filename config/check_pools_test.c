/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/testing.h"
#include "tests/env/unit.h"

/* A rule for each of the pools a and b, so that both are used; five lines. */
#define USED                                                                          \
	"set security zones security-zone lan\n"                                      \
	"set security nat source rule-set s from zone lan\n"                          \
	"set security nat source rule-set s to zone lan\n"                            \
	"set security nat source rule-set s rule a match source-address 10.0.0.0/8\n" \
	"set security nat source rule-set s rule a then source-nat pool a\n"          \
	"set security nat source rule-set s rule b match source-address 10.0.0.0/8\n" \
	"set security nat source rule-set s rule b then source-nat pool b\n"
#define A "set security nat source pool a "
#define B "set security nat source pool b "

static void addresses_of_one_pool_do_not_overlap(void **state)
{
	(void)state;
	assert_reports(USED A "address [ 192.0.2.0/28 192.0.2.0/30 ]\n" B "address 192.0.3.1\n",
		       "f:8:55: error: '192.0.2.0/30' overlaps '192.0.2.0/28' of the same pool "
		       "(line 8); expected every address once\n");
	assert_reports(USED A "address [ 192.0.2.0/28 192.0.2.15 ]\n" B "address 192.0.3.1\n",
		       "f:8:55: error: '192.0.2.15/32' overlaps '192.0.2.0/28' of the same "
		       "pool (line 8); expected every address once\n");
	assert_reports(USED A "address [ 192.0.2.9 192.0.2.10 to 192.0.2.20 192.0.2.0/28 ]\n" B
			      "address 192.0.3.1\n",
		       "f:8:77: error: '192.0.2.0/28' overlaps '192.0.2.9/32' of the same pool "
		       "(line 8); expected every address once\n"
		       "f:8:77: error: '192.0.2.0/28' overlaps '192.0.2.10/32 to "
		       "192.0.2.20/32' of the same pool (line 8); expected every address once\n");
	assert_reports(USED A
		       "address [ 192.0.2.0/28 192.0.2.16/28 2001:db8::/127 2001:db8::2 ]\n" B
		       "address 192.0.3.1\n",
		       "");
}

/* Ownership belongs to the address, not to the pool. */
static void pools_that_share_addresses_are_warned_of_once(void **state)
{
	(void)state;
	assert_reports(USED A "address [ 192.0.2.0/28 192.0.2.128/28 ]\n" B
			      "address [ 192.0.2.8/31 192.0.2.130 ]\n",
		       "f:9:42: warning: '192.0.2.8/31' overlaps '192.0.2.0/28' of pool 'a' "
		       "(line 8); pools that share an address share its ports\n");
}

static void a_pool_that_no_rule_uses_is_warned_of(void **state)
{
	(void)state;
	assert_reports("set security nat source pool x address 192.0.2.1\n",
		       "f:1:30: warning: pool 'x' is not used by any rule\n");
}

static void port_ranges_run_upwards(void **state)
{
	(void)state;
	assert_reports(USED A "address 192.0.2.1\n" B "address 192.0.2.2\n" A
			      "port range 4000 to 3999\n" B "port range 4000 to 4000\n",
		       "f:10:51: error: the port range runs backwards, from 4000 to 3999; "
		       "expected a last port that is not below the first\n");
	assert_reports(USED A "address 192.0.2.1\n" B "address 192.0.2.2\n" A
			      "port range 0 to 1\n" B "port range 1 to 65536\n" B
			      "port range 1 to 131072\n",
		       "f:10:43: error: low '0' is not valid; expected a number from 1 to "
		       "65535\n"
		       "f:10:48: error: the port range runs backwards, from 1024 to 1; "
		       "expected a last port that is not below the first\n"
		       "f:11:48: error: to '65536' is not valid; expected a number from 1 to "
		       "65535\n"
		       "f:12:48: error: to '131072' is not valid; expected a number from 1 to "
		       "65535\n");
}

static void preserved_ports_need_ports_on_either_side(void **state)
{
	(void)state;
	assert_reports(USED A "address 192.0.2.1\n" B "address 192.0.2.2\n" A
			      "port range 1 to 1024\n" A "port preserve-range\n",
		       "");
	assert_reports(USED A "address 192.0.2.1\n" B "address 192.0.2.2\n" A
			      "port range 1 to 1023\n" A "port preserve-range\n",
		       "f:11:37: error: with 'preserve-range' the pool's ports end at 1023; "
		       "expected a last port of 1024 or more\n");
	assert_reports(USED A "address 192.0.2.1\n" B "address 192.0.2.2\n" A
			      "port preserve-range\n"
			      "set security nat source pool-default-port-range 100 to 200\n",
		       "f:10:37: error: with 'preserve-range' the pool's ports end at 200; "
		       "expected a last port of 1024 or more\n");
}

static void default_ports_begin_with_1(void **state)
{
	(void)state;
	assert_reports("set security nat source pool-default-port-range 0 to 200\n",
		       "f:1:49: error: the ports of pools begin with 0; expected a first port from "
		       "1 to 65535\n");
	assert_reports("set security nat source pool-default-port-range 1 to 200\n", "");
}

static void pools_hold_at_most_4096_addresses(void **state)
{
	(void)state;
	assert_reports(USED A "address 192.0.0.0/21\n" B "address 193.0.0.0/21\n", "");
	assert_reports(USED A "address 192.0.0.0/21\n" B "address [ 193.0.0.0/21 193.1.0.0 ]\n",
		       "f:8:40: error: the pools hold too many addresses, and most of them "
		       "here; expected at most 4096 different ones in all pools together\n");
	assert_reports(USED A "address 192.0.0.1\n" B "address [ 2001:db8::/32 192.0.2.1 ]\n",
		       "f:9:42: error: the pools hold too many addresses, and most of them "
		       "here; expected at most 4096 different ones in all pools together\n");
	assert_reports(USED A "address 11.0.0.0/8\n" B "address 11.0.0.0/8\n",
		       "f:8:40: error: the pools hold too many addresses, and most of them "
		       "here; expected at most 4096 different ones in all pools together\n"
		       "f:9:40: warning: '11.0.0.0/8' overlaps '11.0.0.0/8' of pool 'a' (line "
		       "8); pools that share an address share its ports\n");
}

/* Two pools of the same 4096 addresses are 4096 different ones. */
static void shared_addresses_count_once(void **state)
{
	(void)state;
	assert_reports(USED A "address 192.0.0.0/20\n" B "address 192.0.0.0/20\n",
		       "f:9:40: warning: '192.0.0.0/20' overlaps '192.0.0.0/20' of pool 'a' "
		       "(line 8); pools that share an address share its ports\n");
}

static const struct diagnostic *first_error(const struct diagnostics *diagnostics)
{
	const struct diagnostic *entry = diagnostics->entries;

	while (entry->severity != SEVERITY_ERROR)
		entry++;
	return entry;
}

static void all_pools_together_have_at_most_65536_entries(void **state)
{
	struct diagnostics diagnostics = {0};
	struct config *config = NULL;
	char *text = NULL;
	size_t length;
	FILE *memory = open_memstream(&text, &length);

	(void)state;
	for (int i = 0; i < 17; i++)
		fprintf(memory, "set security nat source pool p%d address 192.0.0.0/20\n", i);
	(void)fclose(memory);
	assert_int_equal(config_parse("f", text, length, &diagnostics, &config), -EINVAL);
	assert_int_equal(diagnostics.error_count, 1);
	assert_string_equal(first_error(&diagnostics)->text,
			    "the pools hold too many addresses, and most of them here; expected at "
			    "most 65536 in all pools together, shared ones counted in each");
	diagnostics_free(&diagnostics);
	free(text);
}

static void there_are_at_most_1024_pools(void **state)
{
	struct diagnostics diagnostics = {0};
	struct config *config = NULL;
	char *text = NULL;
	size_t length;
	FILE *memory = open_memstream(&text, &length);

	(void)state;
	for (int i = 0; i < 1025; i++)
		fprintf(memory, "set security nat source pool p%d address 192.0.%d.%d\n", i,
			i / 256, i % 256);
	(void)fclose(memory);
	assert_int_equal(config_parse("f", text, length, &diagnostics, &config), -EINVAL);
	assert_int_equal(diagnostics.error_count, 1);
	assert_string_equal(first_error(&diagnostics)->text,
			    "this is one too many; expected at most 1024 pools");
	assert_int_equal(first_error(&diagnostics)->at.line, 1025);
	diagnostics_free(&diagnostics);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_of_one_pool_do_not_overlap),
		cmocka_unit_test(pools_that_share_addresses_are_warned_of_once),
		cmocka_unit_test(a_pool_that_no_rule_uses_is_warned_of),
		cmocka_unit_test(port_ranges_run_upwards),
		cmocka_unit_test(preserved_ports_need_ports_on_either_side),
		cmocka_unit_test(default_ports_begin_with_1),
		cmocka_unit_test(pools_hold_at_most_4096_addresses),
		cmocka_unit_test(shared_addresses_count_once),
		cmocka_unit_test(all_pools_together_have_at_most_65536_entries),
		cmocka_unit_test(there_are_at_most_1024_pools),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
