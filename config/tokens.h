/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens, one ahead, as the parser wants them: the end of a set line looks like a semicolon, so
 * both forms of a statement end alike.
 */
#ifndef CONFIG_TOKENS_H
#define CONFIG_TOKENS_H

#include "config/value.h"

struct tokens {
	struct lexer lexer;
	struct token next;
	struct position end; /* behind the last token that was taken */
	u32 set_line;        /* the line of the set statement being read; 0: none */
	bool stopped;        /* out of memory: every token from here on is the end of the file */
};

void tokens_init(struct tokens *tokens, const char *text, size_t length,
		 struct diagnostics *diagnostics);
void tokens_take(struct tokens *tokens);

enum token_kind tokens_peek(const struct tokens *tokens);
bool tokens_at_text(const struct tokens *tokens); /* a word or a string */
bool tokens_at_word(const struct tokens *tokens, const char *word);
bool tokens_at_new_line(const struct tokens *tokens);

void tokens_begin_set_line(struct tokens *tokens);
bool tokens_past_set_line(const struct tokens *tokens);
void tokens_end_set_line(struct tokens *tokens); /* passes over what is left of it */

/* Reports that what comes next is not what was expected. */
void tokens_unexpected(const struct tokens *tokens, const char *expected);

/*
 * Reads the value of a statement. `*valid` says if it is one that the statement can have; if not,
 * that has been reported. => false: there is no value, which has been reported too
 */
bool tokens_take_value(struct tokens *tokens, const struct schema *schema,
		       struct parsed_value *value, struct position *at, bool *valid);

#endif
