/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/codec.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void codec_out_of_memory(struct codec *c)
{
	if (!c->failed)
		(void)error_set(&c->error, ENOMEM, "out of memory");
	c->failed = true;
}

/* What was met, cut to a length that leaves the rest of the line readable. */
static void codec_met(const json_t *node, char *text, size_t bytes)
{
	char *dump = json_dumps(node, JSON_COMPACT | JSON_ENCODE_ANY);

	if (dump)
		(void)snprintf(text, bytes, "%.60s%s", dump, strlen(dump) > 60 ? "..." : "");
	else
		(void)snprintf(text, bytes, "%s", json_is_null(node) ? "null" : "a value");
	free(dump);
}

void codec_fail(struct codec *c, const char *expected)
{
	char met[80];

	if (c->failed)
		return;
	codec_met(c->node, met, sizeof(met));
	(void)error_set(&c->error, EINVAL, "%s: met %s, expected %s",
			*c->path ? c->path : "snapshot", met, expected);
	c->failed = true;
}

json_t *codec_encode(codec_describe *describe, const void *value, struct error *error)
{
	struct codec c = {.decoding = false};

	describe(&c, (void *)(uintptr_t)value);
	if (!c.failed)
		return c.node;
	*error = c.error;
	json_decref(c.node);
	return NULL;
}

int codec_decode(json_t *json, codec_describe *describe, void *value, struct error *error)
{
	struct codec c = {.decoding = true, .node = json};

	describe(&c, value);
	if (!c.failed)
		return 0;
	*error = c.error;
	return strcmp(c.error.text, "out of memory") ? -EINVAL : -ENOMEM;
}

void codec_object_begin(struct codec *c)
{
	c->visited_count = 0;
	if (c->failed)
		return;
	if (!c->decoding) {
		c->node = json_object();
		if (!c->node)
			codec_out_of_memory(c);
	} else if (!json_is_object(c->node)) {
		codec_fail(c, "an object");
	}
}

static bool codec_was_visited(const struct codec *c, const char *name)
{
	for (size_t i = 0; i < c->visited_count; i++)
		if (!strcmp(c->visited[i], name))
			return true;
	return false;
}

void codec_object_end(struct codec *c)
{
	const char *name;
	json_t *value;

	if (c->failed || !c->decoding || json_object_size(c->node) == c->visited_count)
		return;
	json_object_foreach(c->node, name, value) {
		if (codec_was_visited(c, name))
			continue;
		(void)error_set(&c->error, EINVAL, "%s%s%s: a field that this version does not know",
				c->path, *c->path ? "." : "", name);
		c->failed = true;
		return;
	}
}

/* What has to be put back when a field or an element has been dealt with. */
struct codec_place {
	json_t *node;
	size_t path_length;
	const char *visited[CODEC_FIELDS];
	size_t visited_count;
};

static void codec_descend(struct codec *c, struct codec_place *place, json_t *node)
{
	place->node = c->node;
	memcpy(place->visited, c->visited, sizeof(place->visited));
	place->visited_count = c->visited_count;
	c->node = node;
}

static void codec_ascend(struct codec *c, const struct codec_place *place)
{
	c->node = place->node;
	memcpy(c->visited, place->visited, sizeof(c->visited));
	c->visited_count = place->visited_count;
	if (!c->failed)
		c->path[place->path_length] = '\0';
}

static void codec_path_add(struct codec *c, struct codec_place *place, const char *name)
{
	place->path_length = strlen(c->path);
	(void)snprintf(c->path + place->path_length, sizeof(c->path) - place->path_length, "%s%s",
		       place->path_length ? "." : "", name);
}

static json_t *codec_take(struct codec *c, const char *name)
{
	json_t *value = json_object_get(c->node, name);

	if (!value) {
		(void)error_set(&c->error, EINVAL, "%s: the field is missing", c->path);
		c->failed = true;
	} else if (c->visited_count < CODEC_FIELDS) {
		c->visited[c->visited_count++] = name;
	}
	return value;
}

void codec_field(struct codec *c, const char *name, codec_describe *describe, void *value)
{
	struct codec_place place;
	json_t *field = NULL;

	if (c->failed)
		return;
	codec_path_add(c, &place, name);
	if (c->decoding) {
		field = codec_take(c, name);
		if (!field)
			return;
	}
	codec_descend(c, &place, field);
	describe(c, value);
	field = c->node;
	codec_ascend(c, &place);
	if (c->decoding)
		return;
	if (c->failed)
		json_decref(field);
	else if (!field || json_object_set_new(c->node, name, field))
		codec_out_of_memory(c);
}

/* An integer field, with its bounds for the error. */
struct codec_integer {
	u64 value, minimum, maximum;
};

static void codec_describe_integer(struct codec *c, void *value)
{
	struct codec_integer *integer = value;
	char expected[80];

	if (!c->decoding) {
		c->node = json_integer((json_int_t)integer->value);
		return;
	}
	integer->value = (u64)json_integer_value(c->node);
	if (json_is_integer(c->node) && json_integer_value(c->node) >= 0 &&
	    integer->value >= integer->minimum && integer->value <= integer->maximum)
		return;
	(void)snprintf(expected, sizeof(expected), "an integer from %llu to %llu",
		       integer->minimum, integer->maximum);
	codec_fail(c, expected);
}

void codec_u64(struct codec *c, const char *name, u64 *value, u64 minimum, u64 maximum)
{
	struct codec_integer integer = {*value, minimum, maximum};

	codec_field(c, name, codec_describe_integer, &integer);
	*value = integer.value;
}

void codec_u32(struct codec *c, const char *name, u32 *value, u32 minimum, u32 maximum)
{
	u64 wide = *value;

	codec_u64(c, name, &wide, minimum, maximum);
	if (!c->failed)
		*value = (u32)wide;
}

void codec_u16(struct codec *c, const char *name, u16 *value, u16 minimum, u16 maximum)
{
	u32 wide = *value;

	codec_u32(c, name, &wide, minimum, maximum);
	if (!c->failed)
		*value = (u16)wide;
}

void codec_u8(struct codec *c, const char *name, u8 *value)
{
	u32 wide = *value;

	codec_u32(c, name, &wide, 0, 255);
	if (!c->failed)
		*value = (u8)wide;
}

static void codec_describe_bool(struct codec *c, void *value)
{
	bool *boolean = value;

	if (!c->decoding)
		c->node = json_boolean(*boolean);
	else if (!json_is_boolean(c->node))
		codec_fail(c, "true or false");
	else
		*boolean = json_is_true(c->node);
}

void codec_bool(struct codec *c, const char *name, bool *value)
{
	codec_field(c, name, codec_describe_bool, value);
}

const char *codec_text(struct codec *c)
{
	if (!c->failed && !json_is_string(c->node))
		codec_fail(c, "a string");
	return c->failed ? NULL : json_string_value(c->node);
}

void codec_put_text(struct codec *c, const char *text)
{
	c->node = json_string(text);
	if (!c->node)
		codec_out_of_memory(c);
}

struct codec_name {
	char *value;
	size_t bytes;
	bool nullable;
};

static void codec_describe_string(struct codec *c, void *value)
{
	struct codec_name *name = value;
	const char *text;
	char expected[80];

	if (!c->decoding) {
		if (name->nullable && !*name->value)
			c->node = json_null();
		else
			codec_put_text(c, name->value);
		return;
	}
	name->value[0] = '\0';
	if (name->nullable && json_is_null(c->node))
		return;
	text = codec_text(c);
	if (text && *text && strlen(text) < name->bytes) {
		(void)snprintf(name->value, name->bytes, "%s", text);
		return;
	}
	(void)snprintf(expected, sizeof(expected), "a string of 1 to %zu bytes", name->bytes - 1);
	codec_fail(c, expected);
}

void codec_string(struct codec *c, const char *name, char *value, size_t bytes, bool nullable)
{
	struct codec_name text = {value, bytes, nullable};

	codec_field(c, name, codec_describe_string, &text);
}

struct codec_choice {
	u32 value;
	const char *const *names;
	u32 count;
	bool nullable;
};

static void codec_fail_choice(struct codec *c, const struct codec_choice *choice)
{
	char expected[160] = "one of";

	for (u32 i = choice->nullable; i < choice->count; i++) {
		size_t used = strlen(expected);

		(void)snprintf(expected + used, sizeof(expected) - used, " \"%s\"",
			       choice->names[i]);
	}
	codec_fail(c, expected);
}

static void codec_describe_choice(struct codec *c, void *value)
{
	struct codec_choice *choice = value;

	if (!c->decoding) {
		if (choice->nullable && !choice->value)
			c->node = json_null();
		else
			codec_put_text(c, choice->names[choice->value]);
		return;
	}
	choice->value = 0;
	if (choice->nullable && json_is_null(c->node))
		return;
	for (u32 i = choice->nullable; i < choice->count; i++) {
		choice->value = i;
		if (json_is_string(c->node) &&
		    !strcmp(json_string_value(c->node), choice->names[i]))
			return;
	}
	codec_fail_choice(c, choice);
}

void codec_enum(struct codec *c, const char *name, u32 *value, const char *const names[],
		u32 count, bool nullable)
{
	struct codec_choice choice = {*value, names, count, nullable};

	codec_field(c, name, codec_describe_choice, &choice);
	if (!c->failed)
		*value = choice.value;
}

struct codec_elements {
	void **allocated; /* codec_list() */
	void *array;
	size_t *count;
	size_t element_bytes;
	size_t maximum;
	codec_describe *describe;
};

static void codec_describe_element(struct codec *c, const struct codec_elements *e, size_t i,
				   json_t **node)
{
	struct codec_place place;
	size_t length = strlen(c->path);

	place.path_length = length;
	(void)snprintf(c->path + length, sizeof(c->path) - length, "[%zu]", i);
	codec_descend(c, &place, *node);
	e->describe(c, (char *)e->array + i * e->element_bytes);
	*node = c->node;
	codec_ascend(c, &place);
}

static void codec_encode_elements(struct codec *c, const struct codec_elements *e)
{
	c->node = json_array();
	if (!c->node)
		codec_out_of_memory(c);
	for (size_t i = 0; i < *e->count && !c->failed; i++) {
		json_t *node = NULL;

		codec_describe_element(c, e, i, &node);
		if (c->failed)
			json_decref(node);
		else if (!node || json_array_append_new(c->node, node))
			codec_out_of_memory(c);
	}
}

static void codec_decode_elements(struct codec *c, struct codec_elements *e)
{
	size_t count = json_array_size(c->node);
	char expected[80];

	if (!json_is_array(c->node) || count > e->maximum) {
		(void)snprintf(expected, sizeof(expected), "a list of at most %zu", e->maximum);
		codec_fail(c, expected);
		return;
	}
	if (e->allocated) {
		e->array = calloc(count ? count : 1, e->element_bytes);
		*e->allocated = e->array;
		if (!e->array) {
			codec_out_of_memory(c);
			return;
		}
	}
	*e->count = count;
	for (size_t i = 0; i < count && !c->failed; i++) {
		json_t *node = json_array_get(c->node, i);

		codec_describe_element(c, e, i, &node);
	}
}

static void codec_describe_elements(struct codec *c, void *value)
{
	if (c->decoding)
		codec_decode_elements(c, value);
	else
		codec_encode_elements(c, value);
}

void codec_list(struct codec *c, const char *name, void **array, size_t *count,
		size_t element_bytes, size_t maximum, codec_describe *describe)
{
	struct codec_elements elements = {
		.allocated = array, .array = *array, .count = count,
		.element_bytes = element_bytes, .maximum = maximum, .describe = describe};

	codec_field(c, name, codec_describe_elements, &elements);
}

void codec_array(struct codec *c, const char *name, void *array, size_t *count,
		 size_t element_bytes, size_t maximum, codec_describe *describe)
{
	struct codec_elements elements = {
		.array = array, .count = count, .element_bytes = element_bytes,
		.maximum = maximum, .describe = describe};

	codec_field(c, name, codec_describe_elements, &elements);
}
