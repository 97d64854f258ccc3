/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The property that printing keeps: what is printed, in either form, reads again as the same
 * tree, means the same to a dataplane, and prints the same. For tests and fuzzing.
 */
#ifndef CONFIG_ROUND_TRIP_H
#define CONFIG_ROUND_TRIP_H

#include <stddef.h>

/*
 * Any text; one with errors of syntax has no tree and keeps the property.
 * => NULL, or what was lost
 */
const char *round_trip_tree(const char *text, size_t length);

/* Any text; one with errors of any kind keeps the property. => as above */
const char *round_trip_config(const char *text, size_t length);

#endif
