/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The codec by itself: what it refuses, and how it says where.
 */
#include "dataplane/codec.h"

#include <errno.h>
#include <stdlib.h>

#include "tests/env/test_snapshot.h"
#include "tests/env/unit.h"

enum { NAME_ROOM = 8, ARRAY_ROOM = 3 };

struct inner {
	u16 low;
	char name[NAME_ROOM];
};

struct outer {
	u64 large;
	u32 middle;
	u8 small;
	bool flag;
	u32 choice;
	u32 may_be_null;
	char text[NAME_ROOM];
	char may_be_empty[NAME_ROOM];
	struct inner inner;
	struct inner *list;
	size_t list_count;
	struct inner array[ARRAY_ROOM];
	size_t array_count;
};

static void describe_inner(struct codec *c, void *value)
{
	struct inner *inner = value;

	codec_object_begin(c);
	codec_u16(c, "low", &inner->low, 2, 60000);
	codec_string(c, "name", inner->name, sizeof(inner->name), false);
	codec_object_end(c);
}

static void describe_outer(struct codec *c, void *value)
{
	static const char *const choices[] = {"red", "green"};
	static const char *const nullable[] = {NULL, "one", "two"};
	struct outer *o = value;

	codec_object_begin(c);
	codec_u64(c, "large", &o->large, 0, 1ull << 53);
	codec_u32(c, "middle", &o->middle, 10, 4000000000u);
	codec_u8(c, "small", &o->small);
	codec_bool(c, "flag", &o->flag);
	codec_enum(c, "choice", &o->choice, choices, 2, false);
	codec_enum(c, "may_be_null", &o->may_be_null, nullable, 3, true);
	codec_string(c, "text", o->text, sizeof(o->text), false);
	codec_string(c, "may_be_empty", o->may_be_empty, sizeof(o->may_be_empty), true);
	codec_field(c, "inner", describe_inner, &o->inner);
	codec_list(c, "list", (void **)&o->list, &o->list_count, sizeof(*o->list), 4,
		   describe_inner);
	codec_array(c, "array", o->array, &o->array_count, sizeof(o->array[0]), ARRAY_ROOM,
		    describe_inner);
	codec_object_end(c);
}

static const char valid[] =
	"{'large':9007199254740992,'middle':4000000000,'small':255,'flag':true,'choice':'green',"
	"'may_be_null':'two','text':'seven77','may_be_empty':null,'inner':{'low':2,'name':'a'},"
	"'list':[{'low':60000,'name':'b'},{'low':3,'name':'c'}],'array':[{'low':4,'name':'d'}]}";

static json_t *json;

static int start(void **state)
{
	(void)state;
	json = test_snapshot_parse(valid);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	json_decref(json);
	return 0;
}

static int decode(struct outer *outer, struct error *error)
{
	memset(outer, 0, sizeof(*outer));
	return codec_decode(json, describe_outer, outer, error);
}

static void every_kind_of_field_goes_there_and_back(void **state)
{
	struct error error = {""};
	struct outer o;
	json_t *again;

	(void)state;
	assert_int_equal(decode(&o, &error), 0);
	assert_int_equal(o.large, 1ull << 53);
	assert_int_equal(o.middle, 4000000000u);
	assert_int_equal(o.small, 255);
	assert_true(o.flag);
	assert_int_equal(o.choice, 1);
	assert_int_equal(o.may_be_null, 2);
	assert_string_equal(o.text, "seven77");
	assert_string_equal(o.may_be_empty, "");
	assert_int_equal(o.inner.low, 2);
	assert_int_equal(o.list_count, 2);
	assert_string_equal(o.list[1].name, "c");
	assert_int_equal(o.array_count, 1);
	assert_int_equal(o.array[0].low, 4);
	again = codec_encode(describe_outer, &o, &error);
	assert_true(json_equal(again, json));
	json_decref(again);
	free(o.list);
}

/* Puts a value at a place of the valid JSON, and expects an error that says so. */
static void expect_refusal(json_t *object, const char *name, const char *value,
			   const char *expected)
{
	json_t *kept = json_incref(json_object_get(object, name));
	json_t *list = test_snapshot_parse(value);
	struct error error = {""};
	struct outer o;

	json_object_set(object, name, json_array_get(list, 0));
	json_decref(list);
	if (decode(&o, &error) != -EINVAL)
		fail_msg("%s %s was taken", name, value);
	if (strcmp(error.text, expected))
		fail_msg("\"%s\", expected \"%s\"", error.text, expected);
	free(o.list);
	json_object_set_new(object, name, kept);
}

static void errors_say_where_what_was_met_and_what_was_expected(void **state)
{
	(void)state;
	expect_refusal(json, "large", "[-1]",
		       "large: met -1, expected an integer from 0 to 9007199254740992");
	expect_refusal(json, "large", "[9007199254740993]",
		       "large: met 9007199254740993, expected an integer from 0 to "
		       "9007199254740992");
	expect_refusal(json, "middle", "[9]", "middle: met 9, expected an integer from 10 to "
					      "4000000000");
	expect_refusal(json, "middle", "[4294967306]",
		       "middle: met 4294967306, expected an integer from 10 to 4000000000");
	expect_refusal(json, "small", "[256]", "small: met 256, expected an integer from 0 to 255");
	expect_refusal(json, "small", "[1.0]", "small: met 1.0, expected an integer from 0 to 255");
	expect_refusal(json, "flag", "[1]", "flag: met 1, expected true or false");
	expect_refusal(json, "flag", "[null]", "flag: met null, expected true or false");
	expect_refusal(json, "choice", "['blue']",
		       "choice: met \"blue\", expected one of \"red\" \"green\"");
	expect_refusal(json, "choice", "[null]",
		       "choice: met null, expected one of \"red\" \"green\"");
	expect_refusal(json, "may_be_null", "['three']",
		       "may_be_null: met \"three\", expected one of \"one\" \"two\"");
	expect_refusal(json, "text", "['']", "text: met \"\", expected a string of 1 to 7 bytes");
	expect_refusal(json, "text", "['eight888']",
		       "text: met \"eight888\", expected a string of 1 to 7 bytes");
	expect_refusal(json, "text", "[7]", "text: met 7, expected a string");
	expect_refusal(json, "may_be_empty", "['']",
		       "may_be_empty: met \"\", expected a string of 1 to 7 bytes");
	expect_refusal(json, "inner", "[[]]", "inner: met [], expected an object");
	expect_refusal(json, "list", "[{}]", "list: met {}, expected a list of at most 4");
	expect_refusal(json, "array", "[[{},{},{},{}]]",
		       "array: met [{},{},{},{}], expected a list of at most 3");
}

static void errors_in_elements_name_their_path(void **state)
{
	json_t *second = json_array_get(json_object_get(json, "list"), 1);
	json_t *first = json_array_get(json_object_get(json, "array"), 0);

	(void)state;
	expect_refusal(second, "low", "[1]",
		       "list[1].low: met 1, expected an integer from 2 to 60000");
	expect_refusal(first, "name", "[{}]", "array[0].name: met {}, expected a string");
	expect_refusal(json, "list", "[[5]]", "list[0]: met 5, expected an object");
}

static void long_values_are_cut_in_errors(void **state)
{
	(void)state;
	expect_refusal(json, "text",
		       "['0123456789012345678901234567890123456789012345678901234567890123456789']",
		       "text: met \"01234567890123456789012345678901234567890123456789012345678"
		       "..., expected a string of 1 to 7 bytes");
}

static void missing_and_unknown_fields_are_named(void **state)
{
	json_t *inner = json_object_get(json, "inner");
	struct error error = {""};
	struct outer o;

	(void)state;
	json_object_set_new(inner, "colour", json_null());
	assert_int_equal(decode(&o, &error), -EINVAL);
	assert_string_equal(error.text,
			    "inner.colour: a field that this version does not know");
	free(o.list);
	json_object_del(inner, "colour");
	json_object_set_new(json, "colour", json_null());
	assert_int_equal(decode(&o, &error), -EINVAL);
	assert_string_equal(error.text, "colour: a field that this version does not know");
	free(o.list);
	json_object_del(json, "colour");
	json_object_del(inner, "name");
	assert_int_equal(decode(&o, &error), -EINVAL);
	assert_string_equal(error.text, "inner.name: the field is missing");
	free(o.list);
}

/* The first error stays: what follows from it is not reported instead. */
static void the_first_error_is_the_one_reported(void **state)
{
	struct error error = {""};
	struct outer o;

	(void)state;
	json_object_set_new(json, "small", json_integer(300));
	json_object_set_new(json, "text", json_integer(300));
	json_object_del(json, "array");
	assert_int_equal(decode(&o, &error), -EINVAL);
	assert_non_null(strstr(error.text, "small"));
	free(o.list);
}

static void lists_may_be_empty_and_full(void **state)
{
	json_t *list = json_object_get(json, "list"), *array = json_object_get(json, "array");
	struct error error = {""};
	struct outer o;

	(void)state;
	while (json_array_size(list) < 4)
		json_array_append(list, json_array_get(list, 0));
	while (json_array_size(array) < ARRAY_ROOM)
		json_array_append(array, json_array_get(array, 0));
	assert_int_equal(decode(&o, &error), 0);
	assert_int_equal(o.list_count, 4);
	assert_int_equal(o.array_count, ARRAY_ROOM);
	assert_string_equal(o.list[3].name, "b");
	free(o.list);
	json_array_clear(list);
	json_array_clear(array);
	assert_int_equal(decode(&o, &error), 0);
	assert_int_equal(o.list_count, 0);
	assert_int_equal(o.array_count, 0);
	free(o.list);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_kind_of_field_goes_there_and_back),
		TEST(errors_say_where_what_was_met_and_what_was_expected),
		TEST(errors_in_elements_name_their_path),
		TEST(long_values_are_cut_in_errors),
		TEST(missing_and_unknown_fields_are_named),
		TEST(the_first_error_is_the_one_reported),
		TEST(lists_may_be_empty_and_full),
	};

	return cmocka_run_group_tests_name("codec", tests, NULL, NULL);
}
