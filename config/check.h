/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a tree must hold beyond its grammar, so that a dataplane can carry it out: references,
 * limits, overlaps, and statements that are known but not enforced.
 */
#ifndef CONFIG_CHECK_H
#define CONFIG_CHECK_H

#include "config/tree.h"

/* Reports everything that is wrong with what is in force. => 0 or -ENOMEM */
int check_tree(const struct tree *tree, struct diagnostics *diagnostics);

#endif
