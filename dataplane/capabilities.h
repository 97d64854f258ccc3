/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a snapshot needs of a dataplane, and what each dataplane can do (docs/snapshot.md).
 */
#ifndef DATAPLANE_CAPABILITIES_H
#define DATAPLANE_CAPABILITIES_H

#include <jansson.h>

#include "abi/snapshot.h"

/* => the names of what the snapshot needs, sorted: a new reference; NULL without memory */
json_t *capabilities_needed(const struct snapshot *snapshot);

/* => {DATAPLANE: [NAME, ...], ...}: what each can do, a new reference; NULL without memory */
json_t *capabilities_offered(void);

/* Can this dataplane do it; can any? */
bool capability_is_offered(enum dataplane dataplane, const char *name);
bool capability_is_known(const char *name);

#endif
