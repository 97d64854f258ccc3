/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Printing: the exact text of each form, and the property that it reads again as the same
 * (round_trip.h), for texts made at random from the schema.
 */
#include "config/print.h"

#include <stdlib.h>

#include "config/random_text.h"
#include "config/round_trip.h"
#include "config/testing.h"
#include "config/tree.h"
#include "tests/env/unit.h"

static void assert_printed(const char *text, enum config_format format, const char *expected)
{
	struct tree tree = testing_tree(text);
	char *printed = testing_print(tree.root, format);

	assert_string_equal(printed, expected);
	free(printed);
	tree_free(&tree);
}

static const char example[] =
	"set security nat source rule-set s from zone [ lan guest ]\n"
	"set security nat source rule-set s to zone wan\n"
	"set security nat source rule-set s rule r match source-address "
	"10.0.0.0/8\n"
	"set security nat source rule-set s rule r match source-address "
	"fd00::/8\n"
	"set security nat source rule-set s rule r match destination-port 80\n"
	"set security nat source rule-set s rule r then source-nat pool p\n"
	"set security nat source pool p address 192.0.2.1 to 192.0.2.9\n"
	"set security nat source pool p port range low 1 high 2\n"
	"set security nat source pool p description \"a \\\"b\\\\\"\n"
	"set system host-name gw\n"
	"set security nat source address-persistent\n"
	"deactivate security nat source pool p port range\n"
	"set security zones security-zone lan\n";

static void braces_are_printed_as_junos_does(void **state)
{
	(void)state;
	assert_printed(example, CONFIG_BRACES,
		       "system {\n"
		       "    host-name gw;\n"
		       "}\n"
		       "security {\n"
		       "    zones {\n"
		       "        security-zone lan;\n"
		       "    }\n"
		       "    nat {\n"
		       "        source {\n"
		       "            address-persistent;\n"
		       "            pool p {\n"
		       "                description \"a \\\"b\\\\\";\n"
		       "                address {\n"
		       "                    192.0.2.1/32 to 192.0.2.9/32;\n"
		       "                }\n"
		       "                port {\n"
		       "                    inactive: range 1 to 2;\n"
		       "                }\n"
		       "            }\n"
		       "            rule-set s {\n"
		       "                from zone [ lan guest ];\n"
		       "                to zone wan;\n"
		       "                rule r {\n"
		       "                    match {\n"
		       "                        source-address [ 10.0.0.0/8 fd00::/8 ];\n"
		       "                        destination-port {\n"
		       "                            80;\n"
		       "                        }\n"
		       "                    }\n"
		       "                    then {\n"
		       "                        source-nat {\n"
		       "                            pool p;\n"
		       "                        }\n"
		       "                    }\n"
		       "                }\n"
		       "            }\n"
		       "        }\n"
		       "    }\n"
		       "}\n");
}

static void set_lines_are_printed_one_for_each_value(void **state)
{
	(void)state;
	assert_printed(example, CONFIG_SET,
		       "set system host-name gw\n"
		       "set security zones security-zone lan\n"
		       "set security nat source address-persistent\n"
		       "set security nat source pool p description \"a \\\"b\\\\\"\n"
		       "set security nat source pool p address 192.0.2.1/32 to 192.0.2.9/32\n"
		       "set security nat source pool p port range 1 to 2\n"
		       "deactivate security nat source pool p port range\n"
		       "set security nat source rule-set s from zone lan\n"
		       "set security nat source rule-set s from zone guest\n"
		       "set security nat source rule-set s to zone wan\n"
		       "set security nat source rule-set s rule r match source-address 10.0.0.0/8\n"
		       "set security nat source rule-set s rule r match source-address fd00::/8\n"
		       "set security nat source rule-set s rule r match destination-port 80\n"
		       "set security nat source rule-set s rule r then source-nat pool p\n");
}

static void persistent_nat_is_printed_as_junos_does(void **state)
{
	static const char text[] =
		"set security nat source rule-set s rule r then source-nat pool a\n"
		"set security nat source rule-set s rule r then source-nat pool persistent-nat "
		"permit target-host\n"
		"set security nat source rule-set s rule t then source-nat interface "
		"persistent-nat permit any-remote-host\n";

	(void)state;
	assert_printed(text, CONFIG_SET, text);
	assert_printed(text, CONFIG_BRACES,
		       "security {\n"
		       "    nat {\n"
		       "        source {\n"
		       "            rule-set s {\n"
		       "                rule r {\n"
		       "                    then {\n"
		       "                        source-nat {\n"
		       "                            pool {\n"
		       "                                a;\n"
		       "                                persistent-nat {\n"
		       "                                    permit target-host;\n"
		       "                                }\n"
		       "                            }\n"
		       "                        }\n"
		       "                    }\n"
		       "                }\n"
		       "                rule t {\n"
		       "                    then {\n"
		       "                        source-nat {\n"
		       "                            interface {\n"
		       "                                persistent-nat {\n"
		       "                                    permit any-remote-host;\n"
		       "                                }\n"
		       "                            }\n"
		       "                        }\n"
		       "                    }\n"
		       "                }\n"
		       "            }\n"
		       "        }\n"
		       "    }\n"
		       "}\n");
}

static void inactive_items_of_a_list_stand_alone(void **state)
{
	static const char text[] =
		"security nat source rule-set s rule r match {\n"
		"source-address 10.0.0.0/8; inactive: source-address 11.0.0.0/8;\n"
		"source-address 12.0.0.0/8; }\n";

	(void)state;
	assert_printed(text, CONFIG_BRACES,
		       "security {\n"
		       "    nat {\n"
		       "        source {\n"
		       "            rule-set s {\n"
		       "                rule r {\n"
		       "                    match {\n"
		       "                        source-address 10.0.0.0/8;\n"
		       "                        inactive: source-address 11.0.0.0/8;\n"
		       "                        source-address 12.0.0.0/8;\n"
		       "                    }\n"
		       "                }\n"
		       "            }\n"
		       "        }\n"
		       "    }\n"
		       "}\n");
}

/* Names that read as something else without quotes. */
static void mistakable_names_are_quoted(void **state)
{
	(void)state;
	assert_printed("security nat source rule-set s rule r then source-nat pool "
		       "\"persistent-nat\";",
		       CONFIG_SET,
		       "set security nat source rule-set s rule r then source-nat pool "
		       "\"persistent-nat\"\n");
	assert_printed("interfaces { \"set\"; }", CONFIG_BRACES, "interfaces {\n    \"set\";\n}\n");
	assert_printed("interfaces { eth0 { description \"\"; } }", CONFIG_SET,
		       "set interfaces eth0 description \"\"\n");
}

static void nothing_prints_as_nothing(void **state)
{
	(void)state;
	assert_printed("", CONFIG_BRACES, "");
	assert_printed("", CONFIG_SET, "");
}

/* INV-ROUND-TRIP, for every statement and value that the schema has. */
static void every_text_that_the_schema_allows_survives_printing(void **state)
{
	(void)state;
	for (u32 seed = 0; seed < 300; seed++) {
		char *text = random_statements(seed);
		struct tree tree = testing_tree(text); /* it has no errors of syntax */
		const char *lost = round_trip_tree(text, strlen(text));

		if (lost)
			fputs(text, stderr);
		assert_null(lost);
		tree_free(&tree);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(braces_are_printed_as_junos_does),
		cmocka_unit_test(set_lines_are_printed_one_for_each_value),
		cmocka_unit_test(persistent_nat_is_printed_as_junos_does),
		cmocka_unit_test(inactive_items_of_a_list_stand_alone),
		cmocka_unit_test(mistakable_names_are_quoted),
		cmocka_unit_test(nothing_prints_as_nothing),
		cmocka_unit_test(every_text_that_the_schema_allows_survives_printing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
