/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors and warnings about one file, each at its place.
 *
 * Whoever meets something wrong adds a diagnostic and goes on, so that one run shows everything.
 * A text says what was met and what was expected, without a full stop at its end.
 */
#ifndef CONFIG_DIAGNOSTICS_H
#define CONFIG_DIAGNOSTICS_H

#include <stdio.h>

#include "abi/types.h"

enum severity { SEVERITY_ERROR, SEVERITY_WARNING };

/* From 1; columns count characters. Line 0: the file as a whole. */
struct position {
	u32 line;
	u32 column;
};

/* => less than, equal to or greater than 0, as a stands before, at or behind b */
int position_compare(struct position a, struct position b);

struct diagnostic {
	enum severity severity;
	struct position at;
	size_t order; /* in which it was found */
	char *text;
};

/* Begins as {0}; everything in it is owned. */
struct diagnostics {
	char *file_name;
	struct diagnostic *entries;
	size_t count;
	size_t capacity;
	size_t error_count;
	bool out_of_memory; /* a diagnostic was lost */
};

/* Empties it, and names the file that the next ones are about. => 0 or -ENOMEM */
int diagnostics_begin(struct diagnostics *diagnostics, const char *file_name);
void diagnostics_free(struct diagnostics *diagnostics);

void diagnostics_error(struct diagnostics *diagnostics, struct position at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void diagnostics_warning(struct diagnostics *diagnostics, struct position at, const char *format,
			 ...) __attribute__((format(printf, 3, 4)));

/* Sorts by place; what is at one place stays in the order in which it was found. */
void diagnostics_sort(struct diagnostics *diagnostics);

/*
 * Writes "FILE:LINE:COLUMN: error: TEXT" lines. Bytes that are not printable ASCII come out as
 * \xNN, so that a file cannot send escape sequences to a terminal.
 */
void diagnostics_print(const struct diagnostics *diagnostics, FILE *output);

#endif
