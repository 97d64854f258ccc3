/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show security nat source rule.
 */
#include "cli/show.h"

#include <stdbool.h>
#include <string.h>

#include "cli/print.h"
#include "config/address.h"
#include "config/protocols.h"
#include "dataplane/address.h"

enum { LABEL_WIDTH = 27 };

static json_t *match_of(const json_t *configured)
{
	static const char *const fields[] = {"source_addresses", "destination_addresses",
					     "source_ports",     "destination_ports",
					     "protocols",        "applications"};
	json_t *match = json_object();

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		(void)json_object_set(match, fields[i], json_object_get(configured, fields[i]));
	return match;
}

int rules_join(json_t *rules, const json_t *installed)
{
	const json_t *sets = json_object_get(json_object_get(installed, "installed"), "rule_sets");
	json_t *rule;
	size_t i;

	json_array_foreach(json_object_get(rules, "rules"), i, rule) {
		const json_t *set = json_find_named(sets, json_text(rule, "rule_set"));
		const json_t *configured =
			json_find_named(json_object_get(set, "rules"), json_text(rule, "rule"));

		if (json_object_set(rule, "from", json_object_get(set, "from")) ||
		    json_object_set(rule, "to", json_object_get(set, "to")) ||
		    json_object_set_new(rule, "match", match_of(configured)) ||
		    json_object_set(rule, "persistent_nat",
				    json_object_get(configured, "persistent_nat")))
			return -1;
	}
	return 0;
}

/* The lines of a list: the label stands before the first, and only there. */
static void print_item(FILE *out, size_t place, const char *label, const char *value)
{
	(void)fprintf(out, "  %-*s: %s\n", LABEL_WIDTH - 1, place ? "" : label, value);
}

static void print_context(FILE *out, const char *word, const json_t *context)
{
	struct text label = {0};
	json_t *name;
	size_t i;

	text_add(&label, "%s %s", word, json_text(context, "kind"));
	json_array_foreach(json_object_get(context, "names"), i, name)
		print_item(out, i, label.bytes, json_string_value(name));
}

static void print_prefixes(FILE *out, const char *label, const json_t *prefixes)
{
	json_t *prefix;
	size_t i;

	json_array_foreach(prefixes, i, prefix) {
		struct snapshot_prefix parsed = {0};
		struct snapshot_address_range range;
		char low[ADDRESS_TEXT_BYTES], high[ADDRESS_TEXT_BYTES];
		struct text line = {0};

		if (prefix_read(json_string_value(prefix), &parsed)) {
			print_item(out, i, label, "?");
			continue;
		}
		range = prefix_range(&parsed);
		text_add(&line, "%-15s - %s", ip_addr_print(&range.low, low),
			 ip_addr_print(&range.high, high));
		print_item(out, i, label, line.bytes);
	}
}

static void print_ports(FILE *out, const char *label, const json_t *ranges)
{
	json_t *range;
	size_t i;

	json_array_foreach(ranges, i, range) {
		(void)fprintf(out, "  %-*s: ", LABEL_WIDTH - 1, i ? "" : label);
		print_template(out, range, "{low} - {high}\n");
	}
}

static void print_protocols(FILE *out, const json_t *protocols)
{
	json_t *protocol;
	size_t i;

	json_array_foreach(protocols, i, protocol) {
		struct text number = {0};
		const char *name = protocol_name((u8)json_integer_value(protocol));

		text_add(&number, "%" JSON_INTEGER_FORMAT, json_integer_value(protocol));
		print_item(out, i, "  IP protocol", name ? name : number.bytes);
	}
}

/* An application of several services stands there once for each. */
static void print_applications(FILE *out, const json_t *applications)
{
	const char *before = "";
	json_t *application;
	size_t i;

	json_array_foreach(applications, i, application) {
		const char *name = json_text(application, "name");

		if (strcmp(name, before) != 0)
			print_item(out, i, "  Application", name);
		before = name;
	}
}

static bool matches_everything(const json_t *match)
{
	const char *field;
	json_t *list;

	json_object_foreach((json_t *)(void *)match, field, list)
		if (json_array_size(list))
			return false;
	return true;
}

static void print_match(FILE *out, const json_t *match)
{
	if (matches_everything(match)) {
		print_item(out, 0, "Match", "any");
		return;
	}
	(void)fputs("  Match\n", out);
	print_prefixes(out, "  Source addresses", json_object_get(match, "source_addresses"));
	print_prefixes(out, "  Destination addresses",
		       json_object_get(match, "destination_addresses"));
	print_ports(out, "  Source port", json_object_get(match, "source_ports"));
	print_ports(out, "  Destination port", json_object_get(match, "destination_ports"));
	print_protocols(out, json_object_get(match, "protocols"));
	print_applications(out, json_object_get(match, "applications"));
}

static json_int_t failed_sessions(const json_t *rule)
{
	json_int_t failed = 0;
	const char *reason;
	json_t *count;

	json_object_foreach(json_object_get(rule, "failures"), reason, count)
		failed += json_integer_value(count);
	return failed;
}

const char *rule_action(const json_t *rule)
{
	const char *action = json_text(rule, "action");

	return strcmp(action, "pool") ? action : json_text(rule, "pool");
}

static void print_persistent_nat(FILE *out, const json_t *persistent_nat)
{
	print_template(out, persistent_nat,
		       json_is_null(persistent_nat)
			       ? "    Persistent NAT type         : N/A\n"
				 "    Persistent NAT mapping type : address-port-mapping\n"
				 "    Inactivity timeout          : 0\n"
				 "    Max session number          : 0\n"
			       : "    Persistent NAT type         : {permit}\n"
				 "    Persistent NAT mapping type : address-port-mapping\n"
				 "    Inactivity timeout          : {inactivity_timeout}\n"
				 "    Max session number          : {maximum_flows}\n");
}

/* Packets that a rule lets through as they are leave no trace at the rule. */
static void print_figures(FILE *out, const json_t *rule)
{
	if (!strcmp(json_text(rule, "action"), "off")) {
		(void)fputs("  Translation hits          : not counted for off\n", out);
		return;
	}
	print_persistent_nat(out, json_object_get(rule, "persistent_nat"));
	print_template(out, rule,
		       "  Translation hits          : {hits}\n"
		       "    Successful sessions     : {flows_opened}\n");
	(void)fprintf(out, "    Failed sessions         : %" JSON_INTEGER_FORMAT "\n",
		      failed_sessions(rule));
	print_template(out, rule, "  Number of sessions        : {flows}\n");
	alarm_print(out, "  Session count alarm       : ", json_object_get(rule, "alarm"));
	if (failed_sessions(rule))
		reasons_print(out, "  Failures                  : ",
			      json_object_get(rule, "failures"));
}

static void print_rule(FILE *out, const json_t *rule)
{
	print_template(out, rule,
		       "\n"
		       "source NAT rule: {rule}\n"
		       "  Rule set                  : {rule_set}\n"
		       "  Rule Id                   : {id}\n"
		       "  Rule position             : {position}\n");
	print_context(out, "From", json_object_get(rule, "from"));
	print_context(out, "To", json_object_get(rule, "to"));
	print_match(out, json_object_get(rule, "match"));
	(void)fprintf(out, "  Action                    : %s\n", rule_action(rule));
	print_figures(out, rule);
}

static size_t count_prefixes(const json_t *rule, const char *field, bool ipv6)
{
	const json_t *list = json_object_get(json_object_get(rule, "match"), field);
	json_t *prefix;
	size_t i, count = 0;

	json_array_foreach(list, i, prefix)
		count += (strchr(json_string_value(prefix), ':') != NULL) == ipv6;
	return count;
}

void rules_print(FILE *out, const json_t *rules)
{
	const json_t *list = json_object_get(rules, "rules");
	size_t prefixes[2] = {0}, i;
	json_t *rule;

	json_array_foreach(list, i, rule)
		for (int ipv6 = 0; ipv6 < 2; ipv6++)
			prefixes[ipv6] += count_prefixes(rule, "source_addresses", ipv6) +
					  count_prefixes(rule, "destination_addresses", ipv6);
	(void)fprintf(out,
		      "Total rules: %zu\n"
		      "Total referenced IPv4/IPv6 ip-prefixes: %zu/%zu\n",
		      json_array_size(list), prefixes[0], prefixes[1]);
	json_array_foreach(list, i, rule)
		print_rule(out, rule);
}
