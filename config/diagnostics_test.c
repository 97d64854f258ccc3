/* SPDX-License-Identifier: Apache-2.0 */
#include "config/diagnostics.h"

#include <stdlib.h>

#include "tests/env/unit.h"

static void assert_printed(const struct diagnostics *diagnostics, const char *expected)
{
	char *text = NULL;
	size_t length;
	FILE *memory = open_memstream(&text, &length);

	diagnostics_print(diagnostics, memory);
	(void)fclose(memory);
	assert_string_equal(text, expected);
	free(text);
}

static void diagnostics_come_out_in_the_order_of_the_file(void **state)
{
	struct diagnostics d = {0};

	(void)state;
	assert_int_equal(diagnostics_begin(&d, "f"), 0);
	diagnostics_error(&d, (struct position){10, 1}, "late");
	diagnostics_warning(&d, (struct position){2, 30}, "same place, first");
	diagnostics_error(&d, (struct position){2, 30}, "same place, second");
	diagnostics_error(&d, (struct position){2, 4}, "early %s", "one");
	diagnostics_sort(&d);
	assert_int_equal(d.error_count, 3);
	assert_printed(&d, "f:2:4: error: early one\n"
			   "f:2:30: warning: same place, first\n"
			   "f:2:30: error: same place, second\n"
			   "f:10:1: error: late\n");
	diagnostics_free(&d);
}

static void an_error_about_the_whole_file_has_no_line(void **state)
{
	struct diagnostics d = {0};

	(void)state;
	assert_int_equal(diagnostics_begin(&d, "f"), 0);
	diagnostics_error(&d, (struct position){0}, "gone");
	assert_printed(&d, "f: error: gone\n");
	diagnostics_free(&d);
}

static void a_file_cannot_send_escape_sequences_to_the_terminal(void **state)
{
	struct diagnostics d = {0};

	(void)state;
	assert_int_equal(diagnostics_begin(&d, "f\033"), 0);
	diagnostics_error(&d, (struct position){1, 1}, "\033[2J \303\244\n");
	assert_printed(&d, "f\\x1b:1:1: error: \\x1b[2J \\xc3\\xa4\\x0a\n");
	diagnostics_free(&d);
}

static void beginning_again_forgets_the_last_file(void **state)
{
	struct diagnostics d = {0};

	(void)state;
	assert_int_equal(diagnostics_begin(&d, "f"), 0);
	diagnostics_error(&d, (struct position){1, 1}, "old");
	assert_int_equal(diagnostics_begin(&d, "g"), 0);
	assert_int_equal(d.error_count, 0);
	diagnostics_warning(&d, (struct position){1, 1}, "new");
	assert_printed(&d, "g:1:1: warning: new\n");
	diagnostics_free(&d);
}

static void any_number_of_diagnostics_is_kept(void **state)
{
	struct diagnostics d = {0};

	(void)state;
	assert_int_equal(diagnostics_begin(&d, "f"), 0);
	for (u32 i = 1000; i > 0; i--)
		diagnostics_error(&d, (struct position){i, 1}, "%u", i);
	diagnostics_sort(&d);
	assert_int_equal(d.count, 1000);
	for (u32 i = 0; i < 1000; i++)
		assert_int_equal(d.entries[i].at.line, i + 1);
	diagnostics_free(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(diagnostics_come_out_in_the_order_of_the_file),
		cmocka_unit_test(an_error_about_the_whole_file_has_no_line),
		cmocka_unit_test(a_file_cannot_send_escape_sequences_to_the_terminal),
		cmocka_unit_test(beginning_again_forgets_the_last_file),
		cmocka_unit_test(any_number_of_diagnostics_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
