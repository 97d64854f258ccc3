/* SPDX-License-Identifier: Apache-2.0 */
#include "config/round_trip.h"

#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/parser.h"
#include "config/print.h"
#include "dataplane/snapshot.h"

static const enum config_format formats[] = {CONFIG_BRACES, CONFIG_SET};

/* Reads a text without the checks. => false if it has errors */
static bool read_tree(const char *text, size_t length, struct tree *tree)
{
	struct diagnostics diagnostics = {0};
	bool good = !diagnostics_begin(&diagnostics, "f") && !tree_init(tree) &&
		    !parser_read(text, length, tree, &diagnostics) && !diagnostics.error_count;

	diagnostics_free(&diagnostics);
	if (!good)
		tree_free(tree);
	return good;
}

static char *print_tree(const struct tree *tree, enum config_format format)
{
	char *text = NULL;
	size_t length;
	FILE *memory = open_memstream(&text, &length);

	if (format == CONFIG_BRACES)
		print_braces(tree->root, memory);
	else
		print_set(tree->root, memory);
	(void)fclose(memory);
	return text;
}

/* Reads what was printed in one form and prints it in both, to compare with the first. */
static const char *repeat_tree(const char *printed, char *const expected[2])
{
	struct tree tree;
	const char *lost = NULL;

	if (!read_tree(printed, strlen(printed), &tree))
		return "what is printed does not read again";
	for (size_t i = 0; i < 2; i++) {
		char *again = print_tree(&tree, formats[i]);

		if (strcmp(again, expected[i]))
			lost = "what is printed reads as another tree";
		free(again);
	}
	tree_free(&tree);
	return lost;
}

const char *round_trip_tree(const char *text, size_t length)
{
	struct tree tree;
	char *printed[2];
	const char *lost = NULL;

	if (!read_tree(text, length, &tree))
		return NULL;
	for (size_t i = 0; i < 2; i++)
		printed[i] = print_tree(&tree, formats[i]);
	for (size_t i = 0; i < 2 && !lost; i++)
		lost = repeat_tree(printed[i], printed);
	for (size_t i = 0; i < 2; i++)
		free(printed[i]);
	tree_free(&tree);
	return lost;
}

static struct config *read_config(const char *text, size_t length)
{
	struct diagnostics diagnostics = {0};
	struct config *config;

	(void)config_parse("f", text, length, &diagnostics, &config);
	diagnostics_free(&diagnostics);
	return config;
}

/* => the snapshot as JSON, for free(); NULL: it cannot be encoded */
static char *snapshot_text(const struct config *config)
{
	struct snapshot snapshot;
	struct error error;
	json_t *json;
	char *text;

	if (config_to_snapshot(config, &snapshot))
		return NULL;
	snapshot.generation = 1;
	json = snapshot_encode(&snapshot, &error);
	text = json ? json_dumps(json, JSON_SORT_KEYS) : NULL;
	json_decref(json);
	snapshot_free(&snapshot);
	return text;
}

static char *print_config(const struct config *config, enum config_format format)
{
	char *text = NULL;
	size_t length;
	FILE *memory = open_memstream(&text, &length);

	config_print(config, format, memory);
	(void)fclose(memory);
	return text;
}

static const char *repeat_config(const char *printed, const char *expected)
{
	struct config *config = read_config(printed, strlen(printed));
	char *snapshot = config ? snapshot_text(config) : NULL;
	const char *lost = NULL;

	if (!config)
		lost = "what is printed has errors";
	else if (!snapshot || strcmp(snapshot, expected))
		lost = "what is printed has another snapshot";
	free(snapshot);
	config_free(config);
	return lost;
}

const char *round_trip_config(const char *text, size_t length)
{
	struct config *config = read_config(text, length);
	const char *lost = NULL;
	char *snapshot;

	if (!config)
		return NULL;
	snapshot = snapshot_text(config);
	if (!snapshot)
		lost = "the snapshot cannot be encoded";
	for (size_t i = 0; i < 2 && !lost; i++) {
		char *printed = print_config(config, formats[i]);

		lost = repeat_config(printed, snapshot);
		free(printed);
	}
	free(snapshot);
	config_free(config);
	return lost;
}
