/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The table of reasons that operators read says what this list says.
 *
 *	reasons_test OPERATIONS.md
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/reasons.h"
#include "tests/env/unit.h"

static const char *guide_path;

/* How a row of the table begins: name and text; behind it stands what to do. */
static const char *const rows[] = {
#define X(name, text) "| `" #name "` | " text " | ",
	REASONS(X)
#undef X
};

static FILE *open_guide(void)
{
	FILE *guide = fopen(guide_path, "re");

	assert_non_null(guide);
	return guide;
}

/* Reads on to the row of the first reason. */
static void find_table(FILE *guide, char **line, size_t *size)
{
	while (getline(line, size, guide) >= 0)
		if (!strncmp(*line, rows[0], strlen(rows[0])))
			return;
	fail_msg("%s has no line that begins with: %s", guide_path, rows[0]);
}

static void the_guide_has_a_row_for_each_reason_in_order(void **state)
{
	FILE *guide = open_guide();
	char *line = NULL;
	size_t size = 0;

	(void)state;
	find_table(guide, &line, &size);
	for (int reason = 0; reason < REASON_COUNT; reason++) {
		if (strncmp(line, rows[reason], strlen(rows[reason])))
			fail_msg("%s: met %sexpected a line that begins with: %s", guide_path, line,
				 rows[reason]);
		assert_true(getline(&line, &size, guide) > 0);
	}
	assert_string_equal(line, "\n"); /* the table ends here */
	free(line);
	(void)fclose(guide);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_guide_has_a_row_for_each_reason_in_order),
	};

	if (argc != 2)
		return 2;
	guide_path = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
