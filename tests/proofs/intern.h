/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers for byte strings: the same number for the same bytes, as long as the program runs. A
 * state of the model is made of such numbers; they are exact, unlike hashes.
 */
#ifndef TESTS_PROOFS_INTERN_H
#define TESTS_PROOFS_INTERN_H

#include "abi/types.h"

u32 intern(const void *bytes, u32 length);

/* => the bytes behind a number; they stay where they are */
const void *interned(u32 number);

#endif
