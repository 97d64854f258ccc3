/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How reasons, dataplanes, selectors and permits are called, wherever they are shown.
 */
#ifndef DATAPLANE_WORDS_H
#define DATAPLANE_WORDS_H

#include "abi/config.h"

/* The name and the text of abi/reasons.h; "?" for a number that is no reason. */
const char *reason_name(u32 reason);
const char *reason_text(u32 reason);

/* => "forwarded", "kernel" or "dropped": what happens to a packet for this reason */
const char *reason_outcome(u32 reason);

/* The words of enum dataplane. */
extern const char *const dataplane_names[DATAPLANE_COUNT];

/* The words of enum lease_permit; NULL for PERMIT_NONE. */
extern const char *const permit_names[PERMIT_COUNT];

/* => the word of enum selector, as docs/configuration.md has it; "?" for any other number */
const char *selector_name(u32 selector);

#endif
