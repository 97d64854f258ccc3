/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "config/testing.h"
#include "tests/env/unit.h"

static void an_interface_is_in_one_zone(void **state)
{
	(void)state;
	assert_reports("set security zones security-zone lan interfaces eth0\n"
		       "set security zones security-zone wan interfaces eth0.0\n",
		       "f:2:49: error: interface 'eth0' is in zone 'lan' already (line 1); "
		       "expected it in one zone\n");
	assert_reports("set security zones security-zone lan interfaces eth0\n"
		       "set security zones security-zone lan interfaces eth0.0\n",
		       "");
	assert_reports("set security zones security-zone lan interfaces eth0\n"
		       "set security zones security-zone wan interfaces eth0\n"
		       "deactivate security zones security-zone lan interfaces eth0\n",
		       "");
}

static void a_zone_may_have_no_interface(void **state)
{
	(void)state;
	assert_reports("set security zones security-zone dmz\n", "");
}

static void settings_of_an_interface_in_no_zone_are_warned_of(void **state)
{
	(void)state;
	assert_reports("set interfaces eth0 xdp-mode generic\n",
		       "f:1:16: warning: interface 'eth0' is in no zone, so its settings have "
		       "no effect\n");
	assert_reports("set interfaces eth0 xdp-mode generic\n"
		       "set security zones security-zone lan interfaces eth0.0\n",
		       "");
}

static void units_other_than_0_are_refused(void **state)
{
	(void)state;
	assert_reports("set security zones security-zone lan interfaces eth0.100\n",
		       "f:1:49: error: interface 'eth0.100' is not valid; expected unit 0 or "
		       "no unit; logical units other than 0 are not supported\n");
}

/* One line for each name from 0 to count - 1; the caller frees it. */
static char *lines(const char *format, int count)
{
	char *text = NULL;
	size_t length;
	FILE *memory = open_memstream(&text, &length);

	for (int i = 0; i < count; i++)
		fprintf(memory, "set security zones security-zone %s%d\n", format, i);
	(void)fclose(memory);
	return text;
}

static void there_are_at_most_256_zones(void **state)
{
	char *most = lines("z", 256);
	char *many = lines("z", 258);

	(void)state;
	assert_reports(most, "");
	assert_reports(many, "f:257:34: error: this is one too many; expected at most 256 zones\n");
	free(most);
	free(many);
}

static void there_are_at_most_255_interfaces(void **state)
{
	char *most = lines("lan interfaces e", 255);
	char *many = lines("lan interfaces e", 256);

	(void)state;
	assert_reports(most, "");
	assert_reports(many,
		       "f:256:49: error: this is one too many; expected at most 255 interfaces "
		       "in zones\n");
	free(most);
	free(many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_interface_is_in_one_zone),
		cmocka_unit_test(a_zone_may_have_no_interface),
		cmocka_unit_test(settings_of_an_interface_in_no_zone_are_warned_of),
		cmocka_unit_test(units_other_than_0_are_refused),
		cmocka_unit_test(there_are_at_most_256_zones),
		cmocka_unit_test(there_are_at_most_255_interfaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
