/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which statement asks for a capability (docs/snapshot.md), and which ask for more than a dataplane
 * can do.
 */
#ifndef CONFIG_CHECK_CAPABILITIES_H
#define CONFIG_CHECK_CAPABILITIES_H

#include <jansson.h>

#include "config/tree.h"

/* => the first statement in force, by place, that asks for it; NULL: none, or only a default */
const struct node *capability_statement(const struct tree *tree, const char *capability);

/*
 * Reports each of the capabilities that are needed and that the dataplane does not offer; `offered`
 * is {DATAPLANE: [NAME, ...], ...}.
 */
void check_capabilities(const struct tree *tree, const json_t *needed, const char *dataplane,
			const json_t *offered, struct diagnostics *diagnostics);

#endif
