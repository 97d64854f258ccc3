/* SPDX-License-Identifier: Apache-2.0 */
#include "config/tokens.h"

#include <string.h>

void tokens_init(struct tokens *tokens, const char *text, size_t length,
		 struct diagnostics *diagnostics)
{
	*tokens = (struct tokens){.end = {1, 1}};
	lexer_init(&tokens->lexer, text, length, diagnostics);
	lexer_next(&tokens->lexer, &tokens->next);
}

void tokens_take(struct tokens *tokens)
{
	tokens->end = tokens->next.end;
	lexer_next(&tokens->lexer, &tokens->next);
}

bool tokens_past_set_line(const struct tokens *tokens)
{
	return tokens->set_line &&
	       (tokens->next.at.line != tokens->set_line || tokens->next.kind == TOKEN_END);
}

enum token_kind tokens_peek(const struct tokens *tokens)
{
	if (tokens->stopped)
		return TOKEN_END;
	return tokens_past_set_line(tokens) ? TOKEN_SEMICOLON : tokens->next.kind;
}

bool tokens_at_text(const struct tokens *tokens)
{
	enum token_kind kind = tokens_peek(tokens);

	return kind == TOKEN_WORD || kind == TOKEN_STRING;
}

bool tokens_at_word(const struct tokens *tokens, const char *word)
{
	return tokens_peek(tokens) == TOKEN_WORD && !strcmp(tokens->next.text, word);
}

bool tokens_at_new_line(const struct tokens *tokens)
{
	return tokens->next.at.line != tokens->end.line;
}

void tokens_begin_set_line(struct tokens *tokens)
{
	tokens->set_line = tokens->next.at.line;
	tokens_take(tokens);
}

void tokens_end_set_line(struct tokens *tokens)
{
	while (!tokens->stopped && !tokens_past_set_line(tokens))
		tokens_take(tokens);
	tokens->set_line = 0;
}

void tokens_unexpected(const struct tokens *tokens, const char *expected)
{
	struct diagnostics *diagnostics = tokens->lexer.diagnostics;

	if (tokens_past_set_line(tokens))
		diagnostics_error(diagnostics, tokens->end, "the line ends here; expected %s",
				  expected);
	else if (tokens->next.kind == TOKEN_END)
		diagnostics_error(diagnostics, tokens->next.at, "the file ends here; expected %s",
				  expected);
	else
		diagnostics_error(diagnostics, tokens->next.at, "unexpected '%s'; expected %s",
				  tokens->next.text, expected);
}

static bool take_word(struct tokens *tokens, const struct schema *schema, struct word *word)
{
	struct text expected = {0};

	if (!tokens_at_text(tokens)) {
		text_add(&expected, "the value of '%s': ", schema->word);
		value_expected(schema, &expected);
		tokens_unexpected(tokens, expected.bytes);
		return false;
	}
	word->at = tokens->next.at;
	memcpy(word->text, tokens->next.text, sizeof(word->text));
	tokens_take(tokens);
	return true;
}

bool tokens_take_value(struct tokens *tokens, const struct schema *schema,
		       struct parsed_value *value, struct position *at, bool *valid)
{
	struct word word;
	struct word to;
	bool is_range;

	if (!take_word(tokens, schema, &word))
		return false;
	*at = word.at;
	is_range = value_may_be_range(schema->type) && tokens_at_word(tokens, "to");
	if (is_range) {
		tokens_take(tokens);
		if (!take_word(tokens, schema, &to))
			return false;
	}
	*valid =
		value_parse(schema, &word, is_range ? &to : NULL, tokens->lexer.diagnostics, value);
	return true;
}
