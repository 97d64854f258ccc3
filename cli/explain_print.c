/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/explain.h"

#include <string.h>

#include "cli/print.h"
#include "config/protocols.h"

enum { LABEL_WIDTH = 13 };

static void print_label(FILE *out, const char *label)
{
	(void)fprintf(out, "%-*s", LABEL_WIDTH, label);
}

static void print_end(const json_t *answer, const char *label, const char *address,
		      const char *port, FILE *out)
{
	const json_t *number = json_object_get(answer, port);

	print_label(out, label);
	(void)fputs(json_is_null(json_object_get(answer, address)) ? "any"
								   : json_text(answer, address),
		    out);
	if (json_is_integer(number))
		(void)fprintf(out, " port %" JSON_INTEGER_FORMAT, json_integer_value(number));
	(void)fputc('\n', out);
}

static void print_side(const json_t *answer, const char *label, const char *zone,
		       const char *interface, FILE *out)
{
	print_label(out, label);
	if (*json_text(answer, zone))
		(void)fprintf(out, "zone %s", json_text(answer, zone));
	else
		(void)fputs("any zone that fits", out);
	if (*json_text(answer, interface))
		(void)fprintf(out, " (%s)", json_text(answer, interface));
	(void)fputc('\n', out);
}

static void print_question(const json_t *answer, FILE *out)
{
	const json_t *protocol = json_object_get(answer, "protocol");
	const char *name = NULL;

	print_end(answer, "Source", "source", "source_port", out);
	print_end(answer, "Destination", "destination", "destination_port", out);
	print_label(out, "Protocol");
	if (json_is_integer(protocol))
		name = protocol_name((u8)json_integer_value(protocol));
	if (name || !json_is_integer(protocol))
		(void)fprintf(out, "%s\n", name ? name : "any");
	else
		print_template(out, answer, "{protocol}\n");
	print_side(answer, "From", "from_zone", "from_interface", out);
	print_side(answer, "To", "to_zone", "to_interface", out);
}

static void print_conditions(const json_t *conditions, FILE *out)
{
	size_t count = json_array_size(conditions), i;
	json_t *condition;

	json_array_foreach(conditions, i, condition)
		(void)fprintf(out, "%s%s", !i ? "" : i + 1 < count ? ", " : " and ",
			      json_string_value(condition));
}

/* What was left open could be decided by these. */
static void print_passed_over(const json_t *answer, FILE *out)
{
	json_t *rule;
	size_t i;

	json_array_foreach(json_object_get(answer, "passed_over"), i, rule) {
		print_label(out, i ? "" : "Passed over");
		print_template(out, rule, "rule {rule} ({action}): it decides for packets that "
					  "match its ");
		print_conditions(json_object_get(rule, "conditions"), out);
		(void)fputc('\n', out);
	}
}

static void print_persistent_nat(const json_t *persistent_nat, FILE *out)
{
	if (!json_is_object(persistent_nat))
		return;
	print_label(out, "Lease");
	print_template(out, persistent_nat,
		       "persistent-nat permit {permit}, inactivity-timeout {inactivity_timeout}, "
		       "max-session-number {maximum_flows}\n");
}

static void print_rule(const json_t *answer, FILE *out)
{
	if (!*json_text(answer, "rule"))
		return;
	print_label(out, "Rule");
	print_template(out, answer, "{rule} of rule-set {rule_set}\n");
	print_label(out, "Action");
	print_template(out, answer, strcmp(json_text(answer, "action"), "pool") ? "{action}\n"
									       : "pool {pool}\n");
	print_persistent_nat(json_object_get(answer, "persistent_nat"), out);
}

static void print_ranges(const json_t *answer, FILE *out)
{
	json_t *range;
	size_t i;

	json_array_foreach(json_object_get(answer, "ranges"), i, range) {
		print_label(out, i ? "" : "Addresses");
		print_template(out, range, "{low} to {high}\n");
	}
}

static void print_translation(const json_t *answer, FILE *out)
{
	const char *address = json_text(answer, "address");

	print_label(out, "Algorithm");
	print_template(out, answer, *address ? "{algorithm}: index {index} of a list of "
					       "{list_length}\n"
					     : "{algorithm}\n");
	if (*json_text(answer, "note"))
		(void)fprintf(out, "%-*s%s\n", LABEL_WIDTH, "Note", json_text(answer, "note"));
	print_label(out, "Ports");
	print_template(out, answer, "{port_low} to {port_high}\n");
	if (!*address)
		print_ranges(answer, out);
	else
		(void)fprintf(out, "%-*s%s\n", LABEL_WIDTH, "Address", address);
}

void explain_print(const json_t *answer, FILE *out)
{
	const char *outcome = json_text(answer, "outcome");

	print_question(answer, out);
	print_passed_over(answer, out);
	print_rule(answer, out);
	if (!strcmp(outcome, "translated")) {
		print_translation(answer, out);
		return;
	}
	print_label(out, "Result");
	print_template(out, answer, strcmp(outcome, "kernel") ? "dropped, {reason}: {text}\n"
							     : "left to the kernel as it is, "
							       "{reason}: {text}\n");
}
