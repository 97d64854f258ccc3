/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values: from the words of a file to what they mean, and to their canonical spelling.
 */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include "config/lexer.h"
#include "config/tree.h"

/* A word of the file. */
struct word {
	struct position at;
	char text[TOKEN_BYTES];
};

struct parsed_value {
	union value value;
	char text[TOKEN_BYTES]; /* the canonical spelling */
};

/* May `to` and a second word follow the first? */
bool value_may_be_range(enum value_type type);

/*
 * Reads the value of a statement. `to` is NULL, or the word behind `to`.
 * => false, after it has reported what is wrong
 */
bool value_parse(const struct schema *schema, const struct word *word, const struct word *to,
		 struct diagnostics *diagnostics, struct parsed_value *parsed);

/* Adds what a statement expects: "a number from 1 to 86400". */
void value_expected(const struct schema *schema, struct text *text);

/* The number or keyword that stands where there is none. */
u32 value_standard(const struct schema *schema);

/* => the keyword of a value; NULL: there is none */
const struct keyword *keyword_of(const struct schema *schema, const char *word);

#endif
