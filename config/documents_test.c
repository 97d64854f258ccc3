/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The examples that users read are configurations without errors or warnings.
 *
 *	documents_test EXAMPLE.conf GUIDE.md README.md
 *
 * In guide and README, a block that begins with ```junos is one; what is reported for a block of the
 * guide that begins with ```junos-errors is the block that follows it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "tests/env/unit.h"

static const char *example_path;
static const char *guide_path;
static const char *readme_path;

static char *read_whole(const char *path)
{
	char *text = NULL;
	size_t size;
	FILE *file = fopen(path, "re");

	assert_non_null(file);
	assert_true(getdelim(&text, &size, '\0', file) > 0);
	(void)fclose(file);
	return text;
}

/* => what is reported for a text, for free() */
static char *reports_of(const char *text, size_t length)
{
	struct diagnostics diagnostics = {0};
	struct config *config;
	char *reports = NULL;
	size_t size;
	FILE *memory = open_memstream(&reports, &size);

	(void)config_parse("holdfast.conf", text, length, &diagnostics, &config);
	diagnostics_print(&diagnostics, memory);
	(void)fclose(memory);
	diagnostics_free(&diagnostics);
	config_free(config);
	return reports;
}

static void the_example_of_the_manual_page_is_right(void **state)
{
	char *example = read_whole(example_path);
	char *reports = reports_of(example, strlen(example));

	(void)state;
	assert_string_equal(reports, "");
	free(reports);
	free(example);
}

/* A block of the guide: the text between two lines of ```. */
struct block {
	const char *text;
	size_t length;
};

/* => false if there is none with this opening line behind `from` */
static bool find_block(const char *from, const char *opening, struct block *block)
{
	const char *start = strstr(from, opening);

	if (!start)
		return false;
	block->text = start + strlen(opening);
	block->length = (size_t)(strstr(block->text, "```\n") - block->text);
	return true;
}

static void assert_examples_are_right(const char *path)
{
	char *text = read_whole(path);
	struct block block = {text, 0};
	size_t count = 0;

	for (; find_block(block.text + block.length, "```junos\n", &block); count++) {
		char *reports = reports_of(block.text, block.length);

		assert_string_equal(reports, "");
		free(reports);
	}
	assert_true(count > 0);
	free(text);
}

static void the_examples_of_guide_and_readme_are_right(void **state)
{
	(void)state;
	assert_examples_are_right(guide_path);
	assert_examples_are_right(readme_path);
}

static void the_guide_shows_the_errors_that_are_reported(void **state)
{
	char *guide = read_whole(guide_path);
	struct block block = {guide, 0};
	size_t count = 0;

	(void)state;
	for (; find_block(block.text + block.length, "```junos-errors\n", &block); count++) {
		char *reports = reports_of(block.text, block.length);
		struct block shown;

		assert_true(find_block(block.text + block.length + 4, "```text\n", &shown));
		assert_int_equal(strlen(reports), shown.length);
		assert_memory_equal(reports, shown.text, shown.length);
		free(reports);
	}
	assert_true(count > 0);
	free(guide);
}

int main(int argument_count, char **arguments)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_of_the_manual_page_is_right),
		cmocka_unit_test(the_examples_of_guide_and_readme_are_right),
		cmocka_unit_test(the_guide_shows_the_errors_that_are_reported),
	};

	if (argument_count != 4) {
		fprintf(stderr, "usage: documents_test EXAMPLE.conf GUIDE.md README.md\n");
		return EXIT_FAILURE;
	}
	example_path = arguments[1];
	guide_path = arguments[2];
	readme_path = arguments[3];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
