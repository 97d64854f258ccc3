/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libc's formatting and allocating functions, for the harnesses of the snapshot, reduced to what
 * their manuals promise. Included before everything else.
 */
#ifndef TESTS_PROOFS_EVA_LIBRARY_H
#define TESTS_PROOFS_EVA_LIBRARY_H

#include "tests/proofs/eva/compiler.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define __atomic_add_fetch(p, v, order) (*(p) += (v))
#define __atomic_sub_fetch(p, v, order) (*(p) -= (v))

enum { EVA_TEXT_BYTES = 160, EVA_LIST = 2 };

/* Text of any length below `bytes`. */
static inline int eva_print(char *text, size_t bytes)
{
	if (bytes) {
		Frama_C_make_unknown(text, bytes);
		text[bytes - 1] = '\0';
	}
	return Frama_C_interval(0, 0x7fffffff);
}

/*
 * The place and the room that is left there are computed from one length: each is looked at by
 * itself, or the analysis would not know that they belong together.
 */
#define EVA_PRINT(text, bytes)                                                                 \
	({                                                                                     \
		int length__ = 0;                                                              \
		if ((bytes) > 160)                                                             \
			length__ = eva_print(text, bytes);                                     \
		for (size_t room__ = 0; room__ <= 160; room__++)                               \
			if ((bytes) == room__)                                                 \
				length__ = eva_print(text, room__);                            \
		length__;                                                                      \
	})
#define snprintf(text, bytes, ...) EVA_PRINT(text, bytes)
#define vsnprintf(text, bytes, format, arguments) eva_print(text, bytes)

/* There may be no memory; otherwise there is room for the longest list, whatever was asked for. */
static inline void *eva_calloc(size_t count, size_t bytes)
{
	//@ assert count <= EVA_LIST;
	return Frama_C_interval(0, 1) ? calloc(EVA_LIST, bytes) : NULL;
}
#define calloc eva_calloc

#endif
