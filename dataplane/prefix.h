/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prefixes as text, and as packets compare them.
 */
#ifndef DATAPLANE_PREFIX_H
#define DATAPLANE_PREFIX_H

#include "abi/snapshot.h"

/* "192.0.2.0/24", "2001:db8::/32"; no host bits. => false if the text is none */
bool prefix_parse(const char *text, struct snapshot_prefix *prefix);

void prefix_compile(const struct snapshot_prefix *prefix, struct prefix_match *match);

#endif
