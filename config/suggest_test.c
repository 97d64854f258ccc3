/* SPDX-License-Identifier: Apache-2.0 */
#include "config/suggest.h"

#include "tests/env/unit.h"

static void distance_counts_edits(void **state)
{
	(void)state;
	assert_int_equal(edit_distance("", ""), 0);
	assert_int_equal(edit_distance("pool", "pool"), 0);
	assert_int_equal(edit_distance("", "pool"), 4);
	assert_int_equal(edit_distance("pool", ""), 4);
	assert_int_equal(edit_distance("poll", "pool"), 1);
	assert_int_equal(edit_distance("poool", "pool"), 1);
	assert_int_equal(edit_distance("pol", "pool"), 1);
	assert_int_equal(edit_distance("opol", "pool"), 1);
	assert_int_equal(edit_distance("kitten", "sitting"), 3);
}

static void distance_is_symmetric(void **state)
{
	static const char *const words[] = {"address", "adress", "port",    "prot",
					    "",        "a",      "rule-set"};
	enum { COUNT = sizeof(words) / sizeof(words[0]) };

	(void)state;
	for (size_t i = 0; i < COUNT; i++)
		for (size_t j = 0; j < COUNT; j++)
			assert_int_equal(edit_distance(words[i], words[j]),
					 edit_distance(words[j], words[i]));
}

static void long_words_are_cut(void **state)
{
	char a[200];
	char b[200];

	(void)state;
	memset(a, 'a', sizeof(a) - 1);
	memset(b, 'a', sizeof(b) - 1);
	a[sizeof(a) - 1] = b[sizeof(b) - 1] = '\0';
	b[100] = 'b';
	assert_int_equal(edit_distance(a, b), 0);
	assert_int_equal(edit_distance(a, ""), 63);
}

static void assert_suggested(const char *word, const char *const *candidates, const char *expected)
{
	struct suggestions suggestions;
	struct text text = {0};

	suggest_begin(&suggestions, word);
	for (; *candidates; candidates++)
		suggest_candidate(&suggestions, *candidates);
	suggest_write(&suggestions, &text);
	assert_string_equal(text.bytes, expected);
}

static void only_the_nearest_words_are_suggested(void **state)
{
	static const char *const words[] = {"pool", "port", "rule-set", "description", NULL};

	(void)state;
	assert_suggested("poool", words, "; did you mean 'pool'?");
	assert_suggested("poot", words, "; did you mean 'pool' or 'port'?");
	assert_suggested("descripton", words, "; did you mean 'description'?");
	assert_suggested("xyz", words, "");
	assert_suggested("", words, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distance_counts_edits),
		cmocka_unit_test(distance_is_symmetric),
		cmocka_unit_test(long_words_are_cut),
		cmocka_unit_test(only_the_nearest_words_are_suggested),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
