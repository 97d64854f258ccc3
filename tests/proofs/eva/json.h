/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jansson, reduced to what its manual promises: a JSON value is any value whenever it is asked for
 * its type, number, text, members or length. Text has up to EVA_TEXT_BYTES - 1 bytes; a list has
 * up to EVA_LIST elements, or more than any list may have.
 */
#ifndef TESTS_PROOFS_EVA_JSON_H
#define TESTS_PROOFS_EVA_JSON_H

#include <jansson.h>

/* Those that one object has at a time: members by the first letter of their names. */
enum { EVA_ELEMENT = 8, EVA_DOCUMENT, EVA_VALUES };
static json_t eva_values[EVA_VALUES];
static json_int_t eva_integers[EVA_VALUES];
static char eva_text[EVA_TEXT_BYTES];

static json_t *any_value_at(size_t place)
{
	Frama_C_make_unknown((char *)&eva_values[place], sizeof(eva_values[place]));
	Frama_C_make_unknown((char *)&eva_integers[place], sizeof(eva_integers[place]));
	return Frama_C_interval(0, 1) ? &eva_values[place] : NULL;
}

static json_t *any_value(void)
{
	return any_value_at(EVA_DOCUMENT);
}

json_t *json_object_get(const json_t *object, const char *key)
{
	(void)object;
	return any_value_at((size_t)key[0] % EVA_ELEMENT);
}

json_t *json_array_get(const json_t *array, size_t index)
{
	(void)array;
	(void)index;
	return any_value_at(EVA_ELEMENT);
}

size_t json_array_size(const json_t *array)
{
	(void)array;
	switch (Frama_C_interval(0, 3)) {
	case 0:
		return 0;
	case 1:
		return 1;
	case 2:
		return EVA_LIST;
	}
	return 0x1000000;
}

size_t json_object_size(const json_t *object)
{
	(void)object;
	return Frama_C_unsigned_long_interval(0, 0x1000000);
}

void *json_object_iter(json_t *object)
{
	(void)object;
	return any_value();
}

void *json_object_iter_next(json_t *object, void *iter)
{
	(void)object;
	(void)iter;
	return any_value();
}

void *json_object_key_to_iter(const char *key)
{
	(void)key;
	return any_value();
}

const char *json_object_iter_key(void *iter)
{
	return iter ? json_string_value(any_value()) : NULL;
}

json_t *json_object_iter_value(void *iter)
{
	(void)iter;
	return any_value();
}

json_int_t json_integer_value(const json_t *integer)
{
	return integer && integer->type == JSON_INTEGER ? eva_integers[integer - eva_values] : 0;
}

const char *json_string_value(const json_t *string)
{
	Frama_C_make_unknown(eva_text, sizeof(eva_text));
	eva_text[sizeof(eva_text) - 1] = '\0';
	return string && string->type == JSON_STRING ? eva_text : NULL;
}

size_t json_string_length(const json_t *string)
{
	(void)string;
	return Frama_C_unsigned_long_interval(0, EVA_TEXT_BYTES - 1);
}

/* Copied: freed by who asked for it. */
char *json_dumps(const json_t *json, size_t flags)
{
	char *text = Frama_C_interval(0, 1) ? malloc(EVA_TEXT_BYTES) : NULL;

	(void)json;
	(void)flags;
	if (text)
		(void)eva_print(text, EVA_TEXT_BYTES);
	return text;
}

void json_delete(json_t *json)
{
	(void)json;
}

json_t *json_copy(json_t *json)
{
	(void)json;
	return any_value();
}

int json_object_del(json_t *object, const char *key)
{
	(void)object;
	(void)key;
	return Frama_C_interval(-1, 0);
}

int json_equal(const json_t *one, const json_t *other)
{
	(void)one;
	(void)other;
	return Frama_C_interval(0, 1);
}

#endif
