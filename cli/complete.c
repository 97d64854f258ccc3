/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/complete.h"

#include <string.h>

#include "cli/line.h"

static const struct candidate filters[] = {
	{"count", "Print the number of lines"},
	{"display", "Print another form"},
	{"match", "Print the lines that match a regular expression"},
	{"no-more", "Print without stopping, as it always is"},
	{NULL, NULL},
};

static const struct candidate forms[] = {
	{"json", "One JSON document with everything"},
	{"set", "A configuration as set lines"},
	{NULL, NULL},
};

static const struct candidate expressions[] = {
	{"EXPRESSION", "Regular expression; upper and lower case are the same"},
	{NULL, NULL},
};

static const struct candidate next_filter[] = {
	{"|", "Filter what is printed"},
	{NULL, NULL},
};

/* What may stand behind the words behind a bar. */
static const struct candidate *filter_choices(const char *const words[], size_t count)
{
	if (!count)
		return filters;
	if (count == 1 && *words[0] == 'd')
		return forms;
	return count == 1 && *words[0] == 'm' ? expressions : next_filter;
}

static void offer_filters(const char *const words[], size_t count, struct candidates *candidates)
{
	for (const struct candidate *c = filter_choices(words, count); c->word; c++)
		if (!candidate_is_literal(c) ||
		    !strncmp(c->word, candidates->partial, strlen(candidates->partial)))
			candidates->entries[candidates->count++] = *c;
}

void complete_words(const char *const words[], size_t count, const char *partial,
		    struct candidates *candidates)
{
	size_t behind = count;

	while (behind > 0 && strcmp(words[behind - 1], "|") != 0)
		behind--;
	if (!behind) {
		command_complete(words, count, partial, candidates);
		return;
	}
	*candidates = (struct candidates){.partial = partial};
	offer_filters(words + behind, count - behind, candidates);
}

bool complete_line(const char *line, size_t length, struct text *partial,
		   struct candidates *candidates)
{
	struct line_words words;
	enum line_fault fault = line_split(line, length, &words);
	size_t count = words.count;

	*partial = (struct text){0};
	if (words.ends_in_word && count)
		text_add(partial, "%s", words.words[--count]);
	if (fault == LINE_FINE)
		complete_words(words.words, count, partial->bytes, candidates);
	line_free(&words);
	return fault == LINE_FINE;
}

size_t complete_common_length(const struct candidates *candidates)
{
	size_t common = 0;

	if (!candidates->count)
		return 0;
	for (size_t i = 0; i < candidates->count; i++)
		if (!candidate_is_literal(&candidates->entries[i]))
			return 0;
	for (;; common++)
		for (size_t i = 0; i < candidates->count; i++)
			if (!candidates->entries[0].word[common] ||
			    candidates->entries[i].word[common] !=
				    candidates->entries[0].word[common])
				return common;
}

void complete_print(FILE *out, const struct candidates *candidates)
{
	if (!candidates->count)
		(void)fputs("  nothing can follow\n", out);
	for (size_t i = 0; i < candidates->count; i++)
		(void)fprintf(out, "  %-24s %s\n", candidates->entries[i].word,
			      candidates->entries[i].help);
}
