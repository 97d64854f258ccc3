/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One idiom for errors: a function that can fail returns 0 or a negative errno, and says in a
 * struct error what it met and what it expected.
 */
#ifndef DATAPLANE_ERROR_H
#define DATAPLANE_ERROR_H

enum { ERROR_BYTES = 512 };

struct error {
	char text[ERROR_BYTES]; /* one line, no full stop at the end */
};

/* Writes the text (cut to ERROR_BYTES). => -code */
int error_set(struct error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same, followed by ": " and the text for errno `code`. => -code */
int error_set_errno(struct error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
