/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of a snapshot: what has one is told by it from others of its kind, in commits as in
 * counters, so none may be there twice; and what a pool names must be there.
 */
#ifndef DATAPLANE_SNAPSHOT_NAMES_H
#define DATAPLANE_SNAPSHOT_NAMES_H

#include "abi/snapshot.h"
#include "dataplane/error.h"

/* Zones, pools, rule-sets; rules of each rule-set; overflow pools. => 0; -EINVAL and the name, -ENOMEM */
int snapshot_check_names(const struct snapshot *snapshot, struct error *error);

/* => false for a range that has no port, or none for ports that are not privileged */
bool snapshot_pool_has_ports(const struct snapshot_pool *pool);

#endif
