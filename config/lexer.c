/* SPDX-License-Identifier: Apache-2.0 */
#include "config/lexer.h"

#include <string.h>

void lexer_init(struct lexer *lexer, const char *text, size_t length,
		struct diagnostics *diagnostics)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";

	*lexer = (struct lexer){text, text + length, {1, 1}, diagnostics};
	if (length >= 3 && !memcmp(text, byte_order_mark, 3))
		lexer->next += 3;
}

/* Takes one byte. The bytes of one UTF-8 character share a column. */
static char take(struct lexer *l)
{
	char c = *l->next++;

	if (c == '\n') {
		l->at.line++;
		l->at.column = 1;
	} else if (((unsigned char)c & 0xc0) != 0x80) {
		l->at.column++;
	}
	return c;
}

static bool more(const struct lexer *l)
{
	return l->next < l->end;
}

static bool starts_with(const struct lexer *l, const char *two)
{
	return l->end - l->next >= 2 && l->next[0] == two[0] && l->next[1] == two[1];
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_control(char c)
{
	return ((unsigned char)c < ' ' && !is_space(c)) || c == 0x7f;
}

static bool ends_word(const struct lexer *l)
{
	char c = *l->next;

	return is_space(c) || is_control(c) || strchr("{}[];\"", c) || starts_with(l, "/*");
}

static void skip_line_comment(struct lexer *l)
{
	while (more(l) && *l->next != '\n')
		take(l);
}

static void skip_block_comment(struct lexer *l)
{
	struct position opened = l->at;

	take(l);
	take(l);
	while (more(l) && !starts_with(l, "*/"))
		take(l);
	if (!more(l)) {
		diagnostics_error(l->diagnostics, opened,
				  "this comment is not closed; expected '*/'");
		return;
	}
	take(l);
	take(l);
}

/* A run of bytes that no text has is reported once. */
static void skip_control_bytes(struct lexer *l)
{
	diagnostics_error(l->diagnostics, l->at,
			  "byte 0x%02x has no place in a configuration; expected text",
			  (unsigned char)*l->next);
	while (more(l) && is_control(*l->next))
		take(l);
}

static void skip_to_token(struct lexer *l)
{
	while (more(l)) {
		if (is_space(*l->next))
			take(l);
		else if (*l->next == '#')
			skip_line_comment(l);
		else if (starts_with(l, "/*"))
			skip_block_comment(l);
		else if (is_control(*l->next))
			skip_control_bytes(l);
		else
			return;
	}
}

/* Adds a byte to the token; => false when it did not fit */
static bool keep(struct token *token, size_t *length, char c)
{
	if (*length + 1 == sizeof(token->text))
		return false;
	token->text[(*length)++] = c;
	return true;
}

static void report_length(struct lexer *l, const struct token *token)
{
	diagnostics_error(l->diagnostics, token->at, "this is too long; expected at most %d bytes",
			  TOKEN_BYTES - 1);
}

static void read_word(struct lexer *l, struct token *token)
{
	size_t length = 0;
	bool fits = true;

	while (more(l) && !ends_word(l))
		fits &= keep(token, &length, take(l));
	token->text[length] = '\0';
	if (!fits)
		report_length(l, token);
}

/* The character that a backslash makes of the next one. */
static char read_escape(struct lexer *l)
{
	struct position at = l->at;

	take(l);
	if (!more(l) || (*l->next != '"' && *l->next != '\\')) {
		diagnostics_error(l->diagnostics, at,
				  "a lone '\\' in a string; expected '\\\\' or '\\\"'");
		return '\\';
	}
	return take(l);
}

static void read_string(struct lexer *l, struct token *token)
{
	size_t length = 0;
	bool fits = true;

	take(l);
	while (more(l) && *l->next != '"' && *l->next != '\n') {
		if (*l->next == '\\')
			fits &= keep(token, &length, read_escape(l));
		else if (is_control(*l->next))
			skip_control_bytes(l);
		else
			fits &= keep(token, &length, take(l));
	}
	token->text[length] = '\0';
	if (!fits)
		report_length(l, token);
	if (more(l) && *l->next == '"')
		take(l);
	else
		diagnostics_error(l->diagnostics, token->at,
				  "this string is not closed on its line; expected '\"'");
}

void lexer_next(struct lexer *l, struct token *token)
{
	static const char marks[] = "{}[];";
	const char *mark;

	skip_to_token(l);
	token->at = l->at;
	token->text[0] = '\0';
	if (!more(l)) {
		token->kind = TOKEN_END;
	} else if ((mark = strchr(marks, *l->next))) {
		token->kind = TOKEN_OPEN + (enum token_kind)(mark - marks);
		token->text[0] = take(l);
		token->text[1] = '\0';
	} else if (*l->next == '"') {
		token->kind = TOKEN_STRING;
		read_string(l, token);
	} else {
		token->kind = TOKEN_WORD;
		read_word(l, token);
	}
	token->end = l->at;
}
