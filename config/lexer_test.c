/* SPDX-License-Identifier: Apache-2.0 */
#include "config/lexer.h"

#include <stdlib.h>

#include "config/testing.h"
#include "tests/env/unit.h"

struct expected_token {
	enum token_kind kind;
	u32 line;
	u32 column;
	const char *text;
};

static void assert_tokens(const char *text, const struct expected_token *expected)
{
	struct diagnostics diagnostics = {0};
	struct lexer lexer;
	struct token token;

	assert_int_equal(diagnostics_begin(&diagnostics, "f"), 0);
	lexer_init(&lexer, text, strlen(text), &diagnostics);
	do {
		lexer_next(&lexer, &token);
		assert_int_equal(token.kind, expected->kind);
		assert_int_equal(token.at.line, expected->line);
		assert_int_equal(token.at.column, expected->column);
		assert_string_equal(token.text, expected->text);
	} while (expected++->kind != TOKEN_END);
	assert_int_equal(diagnostics.count, 0);
	diagnostics_free(&diagnostics);
}

static void words_marks_and_strings_have_places(void **state)
{
	static const struct expected_token expected[] = {
		{TOKEN_WORD, 1, 1, "pool"},    {TOKEN_WORD, 1, 6, "a-1.b/2:c"},
		{TOKEN_OPEN, 1, 15, "{"},      {TOKEN_STRING, 2, 3, "x { y"},
		{TOKEN_SEMICOLON, 2, 10, ";"}, {TOKEN_LIST_OPEN, 2, 11, "["},
		{TOKEN_WORD, 2, 12, "q"},      {TOKEN_LIST_CLOSE, 2, 13, "]"},
		{TOKEN_CLOSE, 3, 1, "}"},      {TOKEN_END, 3, 2, ""},
	};

	(void)state;
	assert_tokens("pool a-1.b/2:c{\n  \"x { y\";[q]\n}", expected);
}

static void comments_are_white_space(void **state)
{
	static const struct expected_token expected[] = {
		{TOKEN_WORD, 2, 4, "a"},
		{TOKEN_WORD, 2, 14, "b"},
		{TOKEN_WORD, 5, 1, "c#d"},
		{TOKEN_END, 5, 6, ""},
	};

	(void)state;
	assert_tokens("# { one\n   a/* two */b # three\n/* * \n four **/\nc#d #", expected);
}

static void quotes_and_backslashes_can_be_in_a_string(void **state)
{
	static const struct expected_token expected[] = {
		{TOKEN_STRING, 1, 1, "a\"b\\c"},
		{TOKEN_STRING, 1, 10, ""},
		{TOKEN_END, 1, 12, ""},
	};

	(void)state;
	assert_tokens("\"a\\\"b\\\\c\"\"\"", expected);
}

static void columns_count_characters_not_bytes(void **state)
{
	static const struct expected_token expected[] = {
		{TOKEN_WORD, 1, 1, "gr\303\274n"},
		{TOKEN_WORD, 1, 6, "x"},
		{TOKEN_END, 1, 7, ""},
	};

	(void)state;
	assert_tokens("gr\303\274n x", expected);
}

static void a_byte_order_mark_and_carriage_returns_are_no_text(void **state)
{
	static const struct expected_token expected[] = {
		{TOKEN_WORD, 1, 1, "a"},
		{TOKEN_WORD, 2, 1, "b"},
		{TOKEN_END, 3, 1, ""},
	};

	(void)state;
	assert_tokens("\xef\xbb\xbf"
		      "a\r\nb\r\n",
		      expected);
}

static void an_open_string_spoils_only_its_line(void **state)
{
	(void)state;
	assert_reports("system {\n host-name \"gw;\n bogus;\n}\n",
		       "f:2:12: error: this string is not closed on its line; expected '\"'\n"
		       "f:2:12: error: host-name 'gw;' is not valid; expected a host name, such as "
		       "gw1.example.net\n"
		       "f:2:16: error: this statement has no end; expected ';'\n"
		       "f:3:2: error: 'bogus' is unknown in 'system'; expected 'host-name', "
		       "'dataplane-type', 'userspace' or 'parity-sample'\n");
}

static void an_open_comment_is_reported_where_it_begins(void **state)
{
	(void)state;
	assert_reports("system {\n host-name a;\n}\n /* set system\n",
		       "f:4:2: error: this comment is not closed; expected '*/'\n");
	assert_reports("/*/", "f:1:1: error: this comment is not closed; expected '*/'\n");
}

static void bytes_that_are_no_text_are_reported_once_a_run(void **state)
{
	(void)state;
	assert_reports("\001\002\003 system { \x7f}\n",
		       "f:1:1: error: byte 0x01 has no place in a configuration; expected text\n"
		       "f:1:14: error: byte 0x7f has no place in a configuration; expected text\n");
	assert_reports("set interfaces eth0 description \"a\033b\"\n",
		       "f:1:16: warning: interface 'eth0' is in no zone, so its settings have no "
		       "effect\n"
		       "f:1:35: error: byte 0x1b has no place in a configuration; expected text\n");
}

static void a_lone_backslash_is_an_error(void **state)
{
	(void)state;
	assert_reports(
		"set system host-name \"a\\n\"\n",
		"f:1:22: error: host-name 'a\\n' is not valid; expected a host name, such as "
		"gw1.example.net\n"
		"f:1:24: error: a lone '\\' in a string; expected '\\\\' or '\\\"'\n");
}

static void assert_too_long(const char *text)
{
	struct diagnostics diagnostics = {0};
	struct lexer lexer;
	struct token token;

	assert_int_equal(diagnostics_begin(&diagnostics, "f"), 0);
	lexer_init(&lexer, text, strlen(text), &diagnostics);
	lexer_next(&lexer, &token);
	assert_int_equal(strlen(token.text), TOKEN_BYTES - 1);
	assert_int_equal(diagnostics.count, 1);
	assert_string_equal(diagnostics.entries[0].text,
			    "this is too long; expected at most 1023 bytes");
	diagnostics_free(&diagnostics);
}

static void words_and_strings_have_a_longest_length(void **state)
{
	char text[TOKEN_BYTES + 3] = "";

	(void)state;
	memset(text, 'x', TOKEN_BYTES);
	assert_too_long(text);
	text[0] = '"';
	text[TOKEN_BYTES + 1] = '"';
	text[TOKEN_BYTES] = 'x';
	assert_too_long(text);
	text[0] = '#';
	assert_reports(text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_marks_and_strings_have_places),
		cmocka_unit_test(comments_are_white_space),
		cmocka_unit_test(quotes_and_backslashes_can_be_in_a_string),
		cmocka_unit_test(columns_count_characters_not_bytes),
		cmocka_unit_test(a_byte_order_mark_and_carriage_returns_are_no_text),
		cmocka_unit_test(an_open_string_spoils_only_its_line),
		cmocka_unit_test(an_open_comment_is_reported_where_it_begins),
		cmocka_unit_test(bytes_that_are_no_text_are_reported_once_a_run),
		cmocka_unit_test(a_lone_backslash_is_an_error),
		cmocka_unit_test(words_and_strings_have_a_longest_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
