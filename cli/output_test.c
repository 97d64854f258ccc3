/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"

#include <errno.h>
#include <stdlib.h>

#include "cli/print.h"
#include "cli/show.h"
#include "tests/env/unit.h"

static void assert_output(const char *text, const struct filters *filters, const char *expected)
{
	char *written = NULL;
	size_t length;
	FILE *to = open_memstream(&written, &length);
	FILE *output = output_open(to, filters);

	(void)fputs(text, output);
	assert_true(output_close(output, to));
	(void)fclose(to);
	assert_string_equal(written, expected);
	free(written);
}

static void nothing_that_is_printed_steers_a_terminal(void **state)
{
	static const char *const texts[][2] = {
		{"plain\ttext\n", "plain\ttext\n"},
		{"\x1b[2J\x07\x7f\r", "\\x1b[2J\\x07\\x7f\\x0d"},
		{"na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80\n",
		 "na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80\n"},
		{"C1: \xc2\x9b", "C1: \\xc2\\x9b"},
		{"bare: \x9b", "bare: \\x9b"},
		{"cut: \xe2\x82", "cut: \\xe2\\x82"},
		{"overlong: \xc0\x9b", "overlong: \\xc0\\x9b"},
		{"surrogate: \xed\xa0\x80", "surrogate: \\xed\\xa0\\x80"},
		{"turned: \xe2\x80\xae", "turned: \\xe2\\x80\\xae"},
		{"too far: \xf4\x90\x80\x80", "too far: \\xf4\\x90\\x80\\x80"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_output(texts[i][0], NULL, texts[i][1]);
}

/* A line is longer than any buffer on the way. */
static void long_lines_stay_whole(void **state)
{
	static char line[100001];

	(void)state;
	memset(line, 'x', sizeof(line) - 1);
	assert_output(line, NULL, line);
}

static void filters_choose_and_count_lines(void **state)
{
	struct filters filters = {0};

	(void)state;
	assert_int_equal(filters_add_match(&filters, "^a.*c$"), 0);
	assert_output("abc\nxabc\nABC\nac", &filters, "abc\nABC\nac");
	assert_int_equal(filters_add_match(&filters, "b"), 0);
	assert_output("abc\nxabc\nABC\nac", &filters, "abc\nABC\n");
	filters.count = true;
	assert_output("abc\nxabc\nABC\nac", &filters, "Count: 2 lines\n");
	assert_int_equal(filters_add_match(&filters, "("), -EINVAL);
	while (filters.match_count < MAX_MATCHES)
		assert_int_equal(filters_add_match(&filters, "x"), 0);
	assert_int_equal(filters_add_match(&filters, "x"), -ENOSPC);
	filters_free(&filters);
}

static void a_full_disk_is_noticed(void **state)
{
	FILE *full = fopen("/dev/full", "we");
	FILE *output;

	(void)state;
	assert_non_null(full);
	output = output_open(full, NULL);
	(void)fputs("text\n", output);
	assert_false(output_close(output, full));
	(void)fclose(full);
}

static void templates_never_make_a_figure_up(void **state)
{
	json_t *object = json_pack("{s:s, s:i, s:b, s:n, s:s}", "text", "a", "number", 7, "yes", 1,
				   "null", "empty", "");
	char *written = NULL;
	size_t length;
	FILE *to = open_memstream(&written, &length);

	(void)state;
	print_template(to, object, "{text}{text:3}{text:-3}|{number:2}|{yes}|{null}|{absent}|{empty}");
	(void)fclose(to);
	assert_string_equal(written, "a  aa  | 7|yes|-|?|-");
	free(written);
	json_decref(object);
}

static void a_dataplane_that_is_gone_is_said_so(void **state)
{
	json_t *status = json_pack(
		"{s:s, s:s, s:s, s:{s:s, s:i, s:s, s:b, s:i, s:i, s:s}}", "trouble", "it ended",
		"instance", "default", "host_name", "gw1", "control", "version", "0.1.0", "pid", 4,
		"config_file", "f", "dataplane_connected", 0, "dataplane_pid", 0,
		"dataplane_restarts", 3, "last_error", "cannot start it");
	char *written = NULL;
	size_t length;
	FILE *to = open_memstream(&written, &length);

	(void)state;
	dataplane_print(to, status);
	(void)fclose(to);
	assert_string_equal(written,
			    "Host name        : gw1\n"
			    "Instance         : default\n"
			    "Control          : holdfastd 0.1.0, pid 4, configuration f\n"
			    "Dataplane        : HOLDFAST-DP DOES NOT RUN; its programs go on by "
			    "themselves, restarted 3 times\n"
			    "Last error       : cannot start it\n"
			    "Trouble          : it ended\n");
	free(written);
	json_decref(status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_that_is_printed_steers_a_terminal),
		cmocka_unit_test(long_lines_stay_whole),
		cmocka_unit_test(filters_choose_and_count_lines),
		cmocka_unit_test(a_full_disk_is_noticed),
		cmocka_unit_test(templates_never_make_a_figure_up),
		cmocka_unit_test(a_dataplane_that_is_gone_is_said_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
