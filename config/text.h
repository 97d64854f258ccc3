/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A short text that is put together piece by piece, for messages. What does not fit is cut.
 */
#ifndef CONFIG_TEXT_H
#define CONFIG_TEXT_H

#include <stddef.h>

enum { TEXT_BYTES = 2048 };

struct text {
	size_t length;
	char bytes[TEXT_BYTES]; /* NUL-terminated */
};

/* Begins with {0}. */
void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Takes back everything behind the first `length` bytes. */
void text_shorten(struct text *text, size_t length);

/* What goes before item `place` (from 0) of `count`: "a, b or c". */
const char *text_separator(size_t place, size_t count);

#endif
