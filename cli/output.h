/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream for people: line by line, with what could steer a terminal made visible.
 *
 * Names, descriptions and the daemon's answers are printed as they come. Control characters
 * (C0 but for tab and line feed, DEL, C1), those that change the direction of text, and bytes that
 * are no UTF-8 come out as \xNN.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <regex.h>
#include <stdbool.h>
#include <stdio.h>

enum { MAX_MATCHES = 8 };

/* What the words behind `|` ask for. Begins as {0}. */
struct filters {
	regex_t matches[MAX_MATCHES]; /* every line must match all of them */
	size_t match_count;
	bool count; /* print the number of lines instead */
};

/* => 0 or -EINVAL (no regular expression), -ENOSPC */
int filters_add_match(struct filters *filters, const char *expression);
void filters_free(struct filters *filters);

/*
 * Opens a stream that ends in `to`, which stays open when it is closed. The filters are borrowed;
 * NULL for none. => NULL without memory
 */
FILE *output_open(FILE *to, const struct filters *filters);

/* Finishes and closes it, and flushes `to`. => false if something could not be written */
bool output_close(FILE *output, FILE *to);

#endif
