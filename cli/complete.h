/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completion and `?`: what may follow a line, also behind `|`.
 */
#ifndef CLI_COMPLETE_H
#define CLI_COMPLETE_H

#include "cli/command.h"

/* As command_complete(), and behind `|` what may stand there. */
void complete_words(const char *const words[], size_t count, const char *partial,
		    struct candidates *candidates);

/*
 * The same for the beginning of a line; the word under way is put into *partial, which must outlive
 * the candidates. => false if the line cannot be split into words
 */
bool complete_line(const char *line, size_t length, struct text *partial,
		   struct candidates *candidates);

/* => how many bytes all candidates have in common; 0 if one of them is no literal */
size_t complete_common_length(const struct candidates *candidates);

/* Two columns: what may be typed, and what it means. */
void complete_print(FILE *out, const struct candidates *candidates);

#endif
