/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/line.h"

#include <stdlib.h>
#include <string.h>

/* Words are written behind each other, each with its end: at most two bytes for one of the line. */
struct splitter {
	const char *next;
	const char *end;
	char *to;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool more(const struct splitter *s)
{
	return s->next < s->end;
}

static bool is_help(const struct splitter *s)
{
	const char *rest = s->next + 1;

	while (rest < s->end && is_blank(*rest))
		rest++;
	return *s->next == '?' && rest == s->end;
}

/* => false if the quotes are not closed */
static bool take_quoted(struct splitter *s)
{
	for (s->next++; more(s) && *s->next != '"'; s->next++) {
		if (*s->next == '\\' && s->next + 1 < s->end)
			s->next++;
		*s->to++ = *s->next;
	}
	if (!more(s))
		return false;
	s->next++;
	return true;
}

static bool take_word(struct splitter *s)
{
	bool closed = true;

	if (*s->next == '|' || is_help(s)) {
		*s->to++ = *s->next++;
	} else {
		while (closed && more(s) && !is_blank(*s->next) && *s->next != '|' && !is_help(s)) {
			if (*s->next == '"')
				closed = take_quoted(s);
			else
				*s->to++ = *s->next++;
		}
	}
	*s->to++ = '\0';
	return closed;
}

enum line_fault line_split(const char *line, size_t length, struct line_words *words)
{
	struct splitter s = {line, line + length, NULL};

	*words = (struct line_words){.bytes = malloc(2 * length + 1)};
	s.to = words->bytes;
	if (!s.to)
		return LINE_NO_MEMORY;
	for (;;) {
		words->ends_in_word = words->count > 0;
		while (more(&s) && is_blank(*s.next)) {
			words->ends_in_word = false;
			s.next++;
		}
		if (!more(&s) || (!words->count && *s.next == '#'))
			return LINE_FINE;
		if (words->count == MAX_LINE_WORDS)
			return LINE_TOO_LONG;
		words->words[words->count++] = s.to;
		if (!take_word(&s)) {
			words->ends_in_word = true;
			return LINE_OPEN_QUOTE;
		}
	}
}

void line_free(struct line_words *words)
{
	free(words->bytes);
	*words = (struct line_words){0};
}

const char *line_fault_text(enum line_fault fault)
{
	switch (fault) {
	case LINE_TOO_LONG:
		return "the line has more than 256 words; expected fewer";
	case LINE_OPEN_QUOTE:
		return "the quotes are not closed; expected '\"'";
	case LINE_NO_MEMORY:
		return "out of memory";
	case LINE_FINE:
		break;
	}
	return "";
}

_Static_assert((int)MAX_LINE_WORDS == 256, "the text says how many");
