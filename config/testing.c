/* SPDX-License-Identifier: Apache-2.0 */
#include "config/testing.h"

#include <stdlib.h>

#include "config/parser.h"
#include "config/print.h"
#include "tests/env/unit.h"

static char *printed_diagnostics(const struct diagnostics *diagnostics)
{
	char *text = NULL;
	size_t length;
	FILE *memory = open_memstream(&text, &length);

	diagnostics_print(diagnostics, memory);
	(void)fclose(memory);
	return text;
}

void testing_assert_reports(const char *text, const char *expected, const char *file, int line)
{
	struct diagnostics diagnostics = {0};
	struct config *config = NULL;
	int error = config_parse("f", text, strlen(text), &diagnostics, &config);
	char *printed = printed_diagnostics(&diagnostics);

	_assert_string_equal(printed, expected, file, line);
	_assert_true(!error == !diagnostics.error_count, "an error fails", file, line);
	_assert_true(!error == (config != NULL), "config if no error", file, line);
	free(printed);
	config_free(config);
	diagnostics_free(&diagnostics);
}

struct config *testing_config(const char *text)
{
	struct diagnostics diagnostics = {0};
	struct config *config = NULL;

	if (config_parse("f", text, strlen(text), &diagnostics, &config))
		diagnostics_print(&diagnostics, stderr);
	diagnostics_free(&diagnostics);
	assert_non_null(config);
	return config;
}

struct snapshot testing_snapshot(const char *text)
{
	struct config *config = testing_config(text);
	struct snapshot snapshot;

	assert_int_equal(config_to_snapshot(config, &snapshot), 0);
	config_free(config);
	return snapshot;
}

struct tree testing_tree(const char *text)
{
	struct diagnostics diagnostics = {0};
	struct tree tree;

	assert_int_equal(diagnostics_begin(&diagnostics, "f"), 0);
	assert_int_equal(tree_init(&tree), 0);
	assert_int_equal(parser_read(text, strlen(text), &tree, &diagnostics), 0);
	if (diagnostics.error_count)
		diagnostics_print(&diagnostics, stderr);
	assert_int_equal(diagnostics.error_count, 0);
	diagnostics_free(&diagnostics);
	return tree;
}

char *testing_print(const struct node *root, enum config_format format)
{
	char *text = NULL;
	size_t length;
	FILE *memory = open_memstream(&text, &length);

	if (format == CONFIG_BRACES)
		print_braces(root, memory);
	else
		print_set(root, memory);
	(void)fclose(memory);
	return text;
}

void testing_assert_same_tree(const char *one, const char *other, const char *file, int line)
{
	struct tree trees[] = {testing_tree(one), testing_tree(other)};
	char *texts[] = {testing_print(trees[0].root, CONFIG_SET),
			 testing_print(trees[1].root, CONFIG_SET)};

	_assert_string_equal(texts[0], texts[1], file, line);
	for (int i = 0; i < 2; i++) {
		free(texts[i]);
		tree_free(&trees[i]);
	}
}
