/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From bytes to words. Knows quotes, comments and brackets, and nothing of statements.
 *
 * A bare word is everything up to white space or one of { } [ ] ; " or a comment. In a quoted
 * string \" and \\ stand for " and \. A string ends on the line on which it began, so that a
 * forgotten quote spoils one line and not the rest of the file.
 *
 * What is wrong is reported and passed over; the lexer always gets to the end.
 */
#ifndef CONFIG_LEXER_H
#define CONFIG_LEXER_H

#include "config/diagnostics.h"

enum { TOKEN_BYTES = 1024 };

enum token_kind {
	TOKEN_END, /* of the file */
	TOKEN_WORD,
	TOKEN_STRING,
	TOKEN_OPEN,       /* { */
	TOKEN_CLOSE,      /* } */
	TOKEN_LIST_OPEN,  /* [ */
	TOKEN_LIST_CLOSE, /* ] */
	TOKEN_SEMICOLON,
};

struct token {
	enum token_kind kind;
	struct position at;
	struct position end;    /* behind its last character */
	char text[TOKEN_BYTES]; /* as meant: without quotes and backslashes */
};

struct lexer {
	const char *next;
	const char *end;
	struct position at;
	struct diagnostics *diagnostics;
};

void lexer_init(struct lexer *lexer, const char *text, size_t length,
		struct diagnostics *diagnostics);
void lexer_next(struct lexer *lexer, struct token *token);

#endif
