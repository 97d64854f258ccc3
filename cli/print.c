/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/print.h"

#include <stdlib.h>
#include <string.h>

enum { NUMBER_BYTES = 32 };

const char *json_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

json_int_t json_number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

json_t *json_find_named(const json_t *list, const char *name)
{
	json_t *entry;
	size_t i;

	json_array_foreach(list, i, entry)
		if (!strcmp(json_text(entry, "name"), name))
			return entry;
	return NULL;
}

static const char *scalar_text(const json_t *value, char number[static NUMBER_BYTES])
{
	switch (value ? json_typeof(value) : JSON_OBJECT) {
	case JSON_STRING:
		return *json_string_value(value) ? json_string_value(value) : "-";
	case JSON_INTEGER:
		(void)snprintf(number, NUMBER_BYTES, "%" JSON_INTEGER_FORMAT,
			       json_integer_value(value));
		return number;
	case JSON_REAL:
		(void)snprintf(number, NUMBER_BYTES, "%.1f", json_real_value(value));
		return number;
	case JSON_TRUE:
		return "yes";
	case JSON_FALSE:
		return "no";
	case JSON_NULL:
		return "-";
	case JSON_OBJECT:
	case JSON_ARRAY:
		break;
	}
	return "?";
}

/* Prints the field that begins behind the brace. => what stands behind its closing brace */
static const char *print_field(FILE *output, const json_t *object, const char *field)
{
	size_t length = strcspn(field, ":}");
	size_t whole = length + strcspn(field + length, "}");
	int width = field[length] == ':' ? atoi(field + length + 1) : 0;
	char number[NUMBER_BYTES];
	const json_t *value = json_object_getn(object, field, length);

	(void)fprintf(output, "%*s", width, scalar_text(value, number));
	return field + whole + 1;
}

void print_template(FILE *output, const json_t *object, const char *template)
{
	while (*template) {
		size_t length = strcspn(template, "{");

		(void)fwrite(template, 1, length, output);
		template += length;
		if (*template)
			template = print_field(output, object, template + 1);
	}
}

enum status print_json(FILE *output, const json_t *json)
{
	int error = json_dumpf(json, output, JSON_INDENT(2) | JSON_ENSURE_ASCII);

	return error || fputc('\n', output) == EOF ? STATUS_FAILED : STATUS_OK;
}
