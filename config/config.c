/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/check.h"
#include "config/check_capabilities.h"
#include "config/file.h"
#include "config/parser.h"
#include "config/print.h"
#include "config/query.h"
#include "config/tree_snapshot.h"
#include "dataplane/capabilities.h"
#include "dataplane/snapshot.h"
#include "dataplane/words.h"

struct config {
	struct tree tree;
};

static int fill_tree(const char *text, size_t length, struct diagnostics *diagnostics,
		     struct tree *tree)
{
	int error = tree_init(tree);

	if (!error)
		error = parser_read(text, length, tree, diagnostics);
	if (!error)
		error = check_tree(tree, diagnostics);
	diagnostics_sort(diagnostics);
	if (!error && diagnostics->error_count)
		error = -EINVAL;
	return error;
}

int config_parse(const char *file_name, const char *text, size_t length,
		 struct diagnostics *diagnostics, struct config **config)
{
	struct config *made;
	int error = diagnostics_begin(diagnostics, file_name);

	*config = NULL;
	if (error)
		return error;
	made = calloc(1, sizeof(*made));
	if (!made)
		return -ENOMEM;
	error = fill_tree(text, length, diagnostics, &made->tree);
	if (error)
		config_free(made);
	else
		*config = made;
	return error;
}

/* An error that has no place in the text. => the error */
static int fail_to_read(const char *path, struct diagnostics *diagnostics, int error)
{
	if (diagnostics_begin(diagnostics, path))
		return -ENOMEM;
	diagnostics_error(diagnostics, (struct position){0},
			  "cannot read this file: %s; expected a configuration", strerror(-error));
	return error;
}

int config_read(const char *path, struct diagnostics *diagnostics, char **text, size_t *length)
{
	int error = file_read(path, text, length);

	if (!error)
		return 0;
	free(*text);
	*text = NULL;
	return fail_to_read(path, diagnostics, error);
}

int config_load(const char *path, struct diagnostics *diagnostics, struct config **config)
{
	size_t length;
	char *text;
	int error = config_read(path, diagnostics, &text, &length);

	*config = NULL;
	if (!error)
		error = config_parse(path, text, length, diagnostics, config);
	free(text);
	return error;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	tree_free(&config->tree);
	free(config);
}

int config_to_snapshot(const struct config *config, struct snapshot *snapshot)
{
	int error;

	*snapshot = (struct snapshot){0};
	error = tree_to_snapshot(&config->tree, snapshot);
	if (error)
		snapshot_free(snapshot);
	return error;
}

int config_check_capabilities(const struct config *config, const json_t *offered,
			      struct diagnostics *diagnostics)
{
	size_t errors_before = diagnostics->error_count;
	struct snapshot snapshot;
	json_t *needed;
	int error = config_to_snapshot(config, &snapshot);

	if (error)
		return error;
	needed = capabilities_needed(&snapshot);
	check_capabilities(&config->tree, needed, dataplane_names[snapshot.dataplane], offered,
			   diagnostics);
	diagnostics_sort(diagnostics);
	if (!needed || diagnostics->out_of_memory)
		error = -ENOMEM;
	else if (diagnostics->error_count > errors_before)
		error = -EINVAL;
	json_decref(needed);
	snapshot_free(&snapshot);
	return error;
}

void config_print(const struct config *config, enum config_format format, FILE *output)
{
	if (format == CONFIG_BRACES)
		print_braces(config->tree.root, output);
	else
		print_set(config->tree.root, output);
}

const char *config_host_name(const struct config *config)
{
	const struct node *name = node_at(config->tree.root, "system host-name");

	return name ? name->text : NULL;
}
