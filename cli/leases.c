/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show security nat source persistent-nat-table.
 */
#include "cli/show.h"

#include "cli/print.h"
#include "config/protocols.h"
#include "config/text.h"

enum { COLUMNS = 11 };

/* One line of the table; a text that is too long for its column moves those behind it. */
static void print_row(FILE *out, const char *const texts[static COLUMNS])
{
	static const int widths[COLUMNS] = {15, 7, 7, 15, 8, 7, 12, 15, 10, 14, 0};

	for (size_t i = 0; i < COLUMNS - 1; i++)
		(void)fprintf(out, "%-*s ", widths[i], texts[i]);
	(void)fprintf(out, "%s\n", texts[COLUMNS - 1]);
}

void leases_print_head(FILE *out)
{
	static const char *const head[][COLUMNS] = {
		{"Internal", "", "", "Reflective", "", "", "Source", "Type", "Left_time/",
		 "Curr_Sess_Num/", "Source"},
		{"In_IP", "In_Port", "I_Proto", "Ref_IP", "Ref_Port", "R_Proto", "NAT Pool", "",
		 "Conf_time", "Max_Sess_Num", "NAT Rule"},
	};

	print_row(out, head[0]);
	print_row(out, head[1]);
}

static void add_number(struct text *text, const json_t *object, const char *name)
{
	const json_t *number = json_object_get(object, name);

	if (json_is_integer(number))
		text_add(text, "%" JSON_INTEGER_FORMAT, json_integer_value(number));
	else
		text_add(text, "%s", json_is_null(number) ? "-" : "?");
}

/* "-/300" */
static struct text two_numbers(const json_t *lease, const char *left, const char *right)
{
	struct text text = {0};

	add_number(&text, lease, left);
	text_add(&text, "/");
	add_number(&text, lease, right);
	return text;
}

static struct text protocol_of(const json_t *lease)
{
	const char *name = protocol_name((u8)json_number(lease, "protocol"));
	struct text text = {0};

	if (name)
		text_add(&text, "%s", name);
	else
		add_number(&text, lease, "protocol");
	return text;
}

void lease_print(FILE *out, const json_t *lease)
{
	struct text time = two_numbers(lease, "left", "inactivity_timeout");
	struct text sessions = two_numbers(lease, "sessions", "maximum_sessions");
	struct text inside_port = {0}, port = {0}, rule = {0};
	struct text protocol = protocol_of(lease);

	add_number(&inside_port, lease, "source_port");
	add_number(&port, lease, "translated_port");
	text_add(&rule, "%s/%s", json_text(lease, "rule_set"), json_text(lease, "rule"));
	print_row(out, (const char *const[COLUMNS]){
			       json_text(lease, "source"), inside_port.bytes, protocol.bytes,
			       json_text(lease, "translated"), port.bytes, protocol.bytes,
			       json_text(lease, "pool"), json_text(lease, "permit"), time.bytes,
			       sessions.bytes, rule.bytes});
}

/* Bindings and external nodes lie in one table, and either may fill it. */
void lease_summary_print(FILE *out, const json_t *summary)
{
	print_template(out, summary,
		       "Persistent NAT Table Statistics:\n"
		       "  binding total  : {maximum}\n"
		       "  binding in use : {leases}\n"
		       "  enode total    : {maximum}\n"
		       "  enode in use   : {peers}\n"
		       "  both in use    : {in_use} of {maximum}\n");
}
