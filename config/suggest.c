/* SPDX-License-Identifier: Apache-2.0 */
#include "config/suggest.h"

#include <string.h>

enum { WORD_BYTES = 63 };

static u32 smaller(u32 a, u32 b)
{
	return a < b ? a : b;
}

static size_t cut_length(const char *word)
{
	return strnlen(word, WORD_BYTES);
}

/*
 * Three rows of the usual table; row[i][j] is the distance of the first i bytes of a from the
 * first j of b.
 */
u32 edit_distance(const char *a, const char *b)
{
	u32 rows[3][WORD_BYTES + 1];
	size_t height = cut_length(a);
	size_t width = cut_length(b);

	for (u32 j = 0; j <= width; j++)
		rows[0][j] = j;
	for (u32 i = 1; i <= height; i++) {
		u32 *row = rows[i % 3];
		const u32 *above = rows[(i - 1) % 3];
		const u32 *second = rows[(i + 1) % 3];

		row[0] = i;
		for (u32 j = 1; j <= width; j++) {
			bool same = a[i - 1] == b[j - 1];

			row[j] = smaller(smaller(row[j - 1], above[j]) + 1, above[j - 1] + !same);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = smaller(row[j], second[j - 2] + 1);
		}
	}
	return rows[height % 3][width];
}

void suggest_begin(struct suggestions *suggestions, const char *word)
{
	*suggestions = (struct suggestions){.word = word};
	suggestions->distance = smaller(3, (1 + (u32)cut_length(word)) / 3);
}

void suggest_candidate(struct suggestions *suggestions, const char *candidate)
{
	u32 distance = edit_distance(suggestions->word, candidate);

	if (distance > suggestions->distance)
		return;
	if (distance < suggestions->distance)
		suggestions->count = 0;
	suggestions->distance = distance;
	if (suggestions->count < SUGGESTIONS)
		suggestions->nearest[suggestions->count++] = candidate;
}

void suggest_write(const struct suggestions *suggestions, struct text *text)
{
	if (!suggestions->count)
		return;
	text_add(text, "; did you mean ");
	for (size_t i = 0; i < suggestions->count; i++)
		text_add(text, "%s'%s'", text_separator(i, suggestions->count),
			 suggestions->nearest[i]);
	text_add(text, "?");
}
