/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/api.h"

#include <curl/curl.h>
#include <string.h>

#include "cli/value.h"
#include "config/address.h"

static void add_field(struct text *path, const char *name, const char *value)
{
	char *escaped = curl_easy_escape(NULL, value, 0);

	text_add(path, "%s%s=%s", strchr(path->bytes, '?') ? "&" : "?", name,
		 escaped ? escaped : "");
	curl_free(escaped);
}

static void add_prefix(struct text *path, const char *name, const char *value)
{
	struct snapshot_prefix prefix = value_prefix(value);
	char text[PREFIX_TEXT_BYTES];

	prefix_write(&prefix, text);
	add_field(path, name, text);
}

static void add_number(struct text *path, const char *name, const char *value)
{
	struct text number = {0};

	text_add(&number, "%u", value_number(value));
	add_field(path, name, number.bytes);
}

static void add_protocol(struct text *path, const char *name, const char *value)
{
	struct text number = {0};

	text_add(&number, "%u", value_protocol(value));
	add_field(path, name, number.bytes);
}

/* eth0.0 is eth0. */
static void add_interface(struct text *path, const char *name, const char *value)
{
	struct text interface = {0};

	text_add(&interface, "%s", value);
	if (interface.length > 2 && !strcmp(interface.bytes + interface.length - 2, ".0"))
		text_shorten(&interface, interface.length - 2);
	add_field(path, name, interface.bytes);
}

static void add_yes(struct text *path, const char *name, const char *value)
{
	(void)value;
	add_field(path, name, "yes");
}

/* An argument of a command, and what it is called in a query. */
struct field {
	enum argument_id id;
	const char *name; /* NULL: behind the last */
	void (*add)(struct text *path, const char *name, const char *value);
};

static const struct field flow_fields[] = {
	{ARGUMENT_SOURCE_PREFIX, "source_prefix", add_prefix},
	{ARGUMENT_DESTINATION_PREFIX, "destination_prefix", add_prefix},
	{ARGUMENT_TRANSLATED_PREFIX, "translated_prefix", add_prefix},
	{ARGUMENT_SOURCE_PORT, "source_port", add_number},
	{ARGUMENT_DESTINATION_PORT, "destination_port", add_number},
	{ARGUMENT_TRANSLATED_PORT, "translated_port", add_number},
	{ARGUMENT_PROTOCOL, "protocol", add_protocol},
	{ARGUMENT_SESSION, "session", add_number},
	{ARGUMENT_INTERFACE, "interface", add_interface},
	{ARGUMENT_APPLICATION, "application", add_field},
	{.name = NULL},
};

static const struct field lease_fields[] = {
	{ARGUMENT_POOL, "pool", add_field},
	{ARGUMENT_INTERFACE, "interface", add_yes},
	{ARGUMENT_INTERNAL_IP, "source_prefix", add_prefix},
	{ARGUMENT_INTERNAL_PORT, "source_port", add_number},
	{ARGUMENT_INTERNAL_PROTOCOL, "protocol", add_protocol},
	{.name = NULL},
};

static bool add_filter(const struct field *field, const struct arguments *arguments,
		       struct text *path)
{
	bool any = false;

	for (; field->name; field++) {
		const char *value = arguments->values[field->id];

		if (!value)
			continue;
		field->add(path, field->name, value);
		any = true;
	}
	return any || arguments->values[ARGUMENT_NAT];
}

bool api_add_flow_filter(const struct arguments *arguments, struct text *path)
{
	return add_filter(flow_fields, arguments, path);
}

bool api_add_lease_filter(const struct arguments *arguments, struct text *path)
{
	return add_filter(lease_fields, arguments, path);
}
