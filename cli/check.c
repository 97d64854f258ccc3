/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holdfast check: what is wrong with a file, and what is in it if nothing is.
 */
#include <errno.h>
#include <jansson.h>

#include "cli/print.h"
#include "cli/run.h"
#include "config/config.h"
#include "dataplane/address.h"
#include "dataplane/capabilities.h"
#include "dataplane/snapshot.h"

static json_int_t count_rules(const struct snapshot *snapshot)
{
	size_t count = 0;

	for (size_t i = 0; i < snapshot->rule_set_count; i++)
		count += snapshot->rule_sets[i].rule_count;
	return (json_int_t)count;
}

static json_int_t count_addresses(const struct snapshot *snapshot)
{
	u64 count = 0;

	for (size_t i = 0; i < snapshot->pool_count; i++) {
		const struct snapshot_pool *pool = &snapshot->pools[i];

		for (size_t j = 0; j < pool->address_count; j++)
			count += 1 + ip_addr_distance(&pool->addresses[j].low,
						      &pool->addresses[j].high);
	}
	return (json_int_t)count;
}

/* => a new reference; NULL without memory */
static json_t *contents_json(const struct config *config)
{
	struct snapshot snapshot;
	json_t *contents;

	if (config_to_snapshot(config, &snapshot))
		return NULL;
	contents = json_pack("{s:I, s:I, s:I, s:I, s:I}", "zones", (json_int_t)snapshot.zone_count,
			     "pools", (json_int_t)snapshot.pool_count, "rule_sets",
			     (json_int_t)snapshot.rule_set_count, "rules", count_rules(&snapshot),
			     "addresses", count_addresses(&snapshot));
	snapshot_free(&snapshot);
	return contents;
}

static json_t *diagnostics_json(const struct diagnostics *diagnostics)
{
	static const char *const names[] = {"error", "warning"};
	json_t *list = json_array();

	for (size_t i = 0; i < diagnostics->count; i++) {
		const struct diagnostic *entry = &diagnostics->entries[i];

		(void)json_array_append_new(
			list, json_pack("{s:I, s:I, s:s, s:s}", "line", (json_int_t)entry->at.line,
					"column", (json_int_t)entry->at.column, "severity",
					names[entry->severity], "text", entry->text));
	}
	return list;
}

static void print_count(FILE *out, const json_t *contents, const char *field, const char *one,
			const char *many)
{
	json_int_t count = json_number(contents, field);

	(void)fprintf(out, ", %" JSON_INTEGER_FORMAT " %s", count, count == 1 ? one : many);
}

static void print_contents(FILE *out, const char *file, const json_t *contents)
{
	(void)fprintf(out, "%s: no errors", file);
	print_count(out, contents, "zones", "zone", "zones");
	print_count(out, contents, "pools", "pool", "pools");
	print_count(out, contents, "addresses", "address", "addresses");
	print_count(out, contents, "rule_sets", "rule-set", "rule-sets");
	print_count(out, contents, "rules", "rule", "rules");
	(void)fputc('\n', out);
}

static enum status report(const struct session *session, const char *file,
			  const struct diagnostics *diagnostics, const struct config *config)
{
	json_t *contents = config ? contents_json(config) : json_null();
	enum status status = config ? STATUS_OK : STATUS_FAILED;
	json_t *all;

	if (!contents)
		return session_fail(session, "out of memory");
	if (session->json) {
		all = json_pack("{s:s, s:b, s:O, s:o}", "file", file, "valid", config != NULL,
				"contents", contents, "diagnostics", diagnostics_json(diagnostics));
		if (!all || print_json(session->out, all) != STATUS_OK)
			status = STATUS_FAILED;
		json_decref(all);
	} else {
		diagnostics_print(diagnostics, session->err);
		if (config)
			print_contents(session->out, file, contents);
	}
	json_decref(contents);
	return status;
}

/* Can the dataplanes of this version do it? => as config_load(); *config is NULL after an error */
static int check_offered(struct config **config, struct diagnostics *diagnostics)
{
	json_t *offered = capabilities_offered();
	int error = offered ? config_check_capabilities(*config, offered, diagnostics) : -ENOMEM;

	json_decref(offered);
	if (!error)
		return 0;
	config_free(*config);
	*config = NULL;
	return error;
}

enum status run_check(struct session *session, const struct arguments *arguments)
{
	const char *file = arguments->values[ARGUMENT_FILE];
	struct diagnostics diagnostics = {0};
	struct config *config;
	int error = config_load(file, &diagnostics, &config);
	enum status status;

	if (!error)
		error = check_offered(&config, &diagnostics);
	if (error == -ENOMEM || diagnostics.out_of_memory)
		status = session_fail(session, "out of memory");
	else
		status = report(session, file, &diagnostics, config);
	config_free(config);
	diagnostics_free(&diagnostics);
	return status;
}
