/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a checked tree to the snapshot.
 */
#ifndef CONFIG_TREE_SNAPSHOT_H
#define CONFIG_TREE_SNAPSHOT_H

#include "abi/snapshot.h"
#include "config/tree.h"

/* => 0 or -ENOMEM; what was made so far is in *snapshot, for snapshot_free() */
int tree_to_snapshot(const struct tree *tree, struct snapshot *snapshot);

#endif
