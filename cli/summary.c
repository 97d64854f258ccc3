/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show security nat source summary and failures.
 */
#include "cli/show.h"

#include <string.h>

#include "abi/reasons.h"
#include "cli/print.h"
#include "config/protocols.h"
#include "config/text.h"
#include "dataplane/words.h"

enum { MAX_EVENTS_SHOWN = 20 };

static const char *text_of_reason(const char *name)
{
	for (u32 reason = 0; reason < REASON_COUNT; reason++)
		if (!strcmp(reason_name(reason), name))
			return reason_text(reason);
	return "";
}

void reasons_print(FILE *out, const char *label, const json_t *counts)
{
	int width = (int)strlen(label);
	const char *name;
	json_t *count;

	if (!json_object_size(counts))
		(void)fprintf(out, "%snone\n", label);
	json_object_foreach((json_t *)(void *)counts, name, count) {
		(void)fprintf(out, "%-*s%s %" JSON_INTEGER_FORMAT " (%s)\n", width, label, name,
			      json_integer_value(count), text_of_reason(name));
		label = "";
	}
}

/* The summary. */

static void print_pool_rows(FILE *out, const json_t *pool)
{
	const char *row = pools_translate_ports(pool) ? " default   yes  {total_addresses}\n"
						      : " default   no   {total_addresses}\n";
	json_t *range;
	size_t i;

	if (!json_array_size(json_object_get(pool, "ranges")))
		print_template(out, pool, "{name:-20} -\n");
	json_array_foreach(json_object_get(pool, "ranges"), i, range) {
		struct text addresses = {0};

		text_add(&addresses, "%s-%s", json_text(range, "low"), json_text(range, "high"));
		(void)fprintf(out, "%-20s %-*s", i ? "" : json_text(pool, "name"), i ? 0 : 32,
			      addresses.bytes);
		print_template(out, pool, i ? "\n" : row);
	}
}

static void add_context(struct text *text, const json_t *context)
{
	json_t *name;
	size_t i;

	text_add(text, "%s", json_text(context, "kind"));
	json_array_foreach(json_object_get(context, "names"), i, name)
		text_add(text, " %s", json_string_value(name));
}

static void print_rule_rows(FILE *out, const json_t *rule)
{
	struct text from = {0}, to = {0};

	add_context(&from, json_object_get(rule, "from"));
	add_context(&to, json_object_get(rule, "to"));
	print_template(out, rule, "Rule name  : {rule}\nRule set   : {rule_set}\n");
	(void)fprintf(out, "Action     : %s\nFrom       : %-30s To : %s\n", rule_action(rule),
		      from.bytes, to.bytes);
}

void summary_print(FILE *out, const json_t *both)
{
	const json_t *pool_list = json_object_get(both, "pools");
	const json_t *rule_list = json_object_get(both, "rules");
	json_t *entry;
	size_t i;

	(void)fprintf(out,
		      "Total port number usage for port translation pool: %" JSON_INTEGER_FORMAT "\n"
		      "Maximum port number for port translation pool: %" JSON_INTEGER_FORMAT "\n"
		      "Total pools: %zu\n"
		      "%-20s %-32s %-9s %-4s %s\n%-20s %-32s %-9s %-4s %s\n",
		      pools_used_ports(both), pools_all_ports(both), json_array_size(pool_list),
		      "Pool", "Address", "Routing", "PAT", "Total", "Name", "Range", "Instance", "",
		      "Address");
	json_array_foreach(pool_list, i, entry)
		print_pool_rows(out, entry);
	(void)fprintf(out, "\nTotal rules: %zu\n", json_array_size(rule_list));
	json_array_foreach(rule_list, i, entry)
		print_rule_rows(out, entry);
}

/* Failures. */

static void print_event(FILE *out, const json_t *event)
{
	const char *protocol = protocol_name((u8)json_number(event, "protocol"));
	struct text from = {0}, to = {0};

	text_add(&from, "%s/%" JSON_INTEGER_FORMAT, json_text(event, "source"),
		 json_number(event, "source_port"));
	text_add(&to, "%s/%" JSON_INTEGER_FORMAT, json_text(event, "destination"),
		 json_number(event, "destination_port"));
	print_template(out, event, "{age_s:9} s ago  {reason}: rule {rule_set}/{rule}");
	if (*json_text(event, "pool"))
		print_template(out, event, ", pool {pool}");
	(void)fprintf(out, "\n%16s %s --> %s;", "", from.bytes, to.bytes);
	if (protocol)
		(void)fputs(protocol, out);
	else
		print_template(out, event, "{protocol}");
	print_template(out, event, ", If: {interface}\n");
}

static void print_failures_by_rule(FILE *out, const json_t *rules)
{
	json_t *rule;
	size_t i;

	json_array_foreach(json_object_get(rules, "rules"), i, rule) {
		const json_t *failures = json_object_get(rule, "failures");
		struct text label = {0};

		text_add(&label, "  %s/%s (%s): ", json_text(rule, "rule_set"),
			 json_text(rule, "rule"), rule_action(rule));
		if (json_object_size(failures))
			reasons_print(out, label.bytes, failures);
	}
}

void failures_print(FILE *out, const json_t *failures)
{
	const json_t *events = json_object_get(failures, "events");
	json_t *event;
	size_t i;

	print_template(out, failures, "Total failures: {total}\n");
	print_failures_by_rule(out, failures);
	if (json_array_size(events))
		(void)fputs("Last failures, the latest first:\n", out);
	json_array_foreach(events, i, event)
		if (i < MAX_EVENTS_SHOWN)
			print_event(out, event);
	if (json_array_size(events) > MAX_EVENTS_SHOWN)
		(void)fprintf(out, "%zu more are remembered; --json shows all of them\n",
			      json_array_size(events) - MAX_EVENTS_SHOWN);
}
