/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which known words come near to one that is not known.
 */
#ifndef CONFIG_SUGGEST_H
#define CONFIG_SUGGEST_H

#include "abi/types.h"
#include "config/text.h"

enum { SUGGESTIONS = 3 };

struct suggestions {
	const char *word; /* the unknown one */
	u32 distance;     /* of all in `nearest` */
	u32 count;
	const char *nearest[SUGGESTIONS];
};

void suggest_begin(struct suggestions *suggestions, const char *word);
void suggest_candidate(struct suggestions *suggestions, const char *candidate);

/* Adds "; did you mean 'a' or 'b'?", or nothing if nothing came near. */
void suggest_write(const struct suggestions *suggestions, struct text *text);

/* Edits (insert, delete, replace, swap neighbours) from a to b; words over 63 bytes are cut. */
u32 edit_distance(const char *a, const char *b);

#endif
