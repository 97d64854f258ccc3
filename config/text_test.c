/* SPDX-License-Identifier: Apache-2.0 */
#include "config/text.h"

#include "tests/env/unit.h"

static void pieces_are_joined(void **state)
{
	struct text text = {0};

	(void)state;
	text_add(&text, "%s-%d", "a", 1);
	text_add(&text, "b");
	assert_string_equal(text.bytes, "a-1b");
	text_shorten(&text, 3);
	assert_string_equal(text.bytes, "a-1");
}

static void what_does_not_fit_is_cut(void **state)
{
	struct text text = {0};

	(void)state;
	for (int i = 0; i < TEXT_BYTES; i++)
		text_add(&text, "abc");
	assert_int_equal(text.length, TEXT_BYTES - 1);
	assert_int_equal(strlen(text.bytes), TEXT_BYTES - 1);
}

static void lists_read_as_a_sentence(void **state)
{
	struct text text = {0};

	(void)state;
	for (size_t i = 0; i < 3; i++)
		text_add(&text, "%s%zu", text_separator(i, 3), i);
	assert_string_equal(text.bytes, "0, 1 or 2");
	assert_string_equal(text_separator(0, 1), "");
	assert_string_equal(text_separator(1, 2), " or ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_joined),
		cmocka_unit_test(what_does_not_fit_is_cut),
		cmocka_unit_test(lists_read_as_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
