/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line that was typed, as words.
 *
 * Words are parted by blanks; `|` and a `?` at the end are words of their own. Within double quotes
 * blanks, bars and question marks are letters, and \" and \\ a quote and a backslash. A line that
 * begins with # has no words.
 */
#ifndef CLI_LINE_H
#define CLI_LINE_H

#include <stdbool.h>
#include <stddef.h>

enum { MAX_LINE_WORDS = 256 };

struct line_words {
	char *bytes; /* owned; the words lie in it */
	const char *words[MAX_LINE_WORDS];
	size_t count;
	bool ends_in_word; /* no blank stands behind the last word: it may go on */
};

enum line_fault { LINE_FINE, LINE_TOO_LONG, LINE_OPEN_QUOTE, LINE_NO_MEMORY };

/* Fills in *words, also up to a fault; the caller frees them. */
enum line_fault line_split(const char *line, size_t length, struct line_words *words);
void line_free(struct line_words *words);

/* => what is wrong, for people */
const char *line_fault_text(enum line_fault fault);

#endif
