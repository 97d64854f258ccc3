/* SPDX-License-Identifier: Apache-2.0 */
/*
 * By which interfaces the packet in question enters and leaves, and so which rule-set judges it.
 */
#ifndef CLI_EXPLAIN_WAY_H
#define CLI_EXPLAIN_WAY_H

#include "cli/explain.h"
#include "dataplane/tables.h"

/* Where something is the same for all ways that fit, it is said; otherwise 0. */
struct explain_way {
	u32 ingress; /* columns of one way that fits */
	u32 egress;
	bool one_ingress; /* all ways that fit enter by it */
	bool one_egress;
	u32 from_zone; /* ids */
	u32 to_zone;
	u32 rule_set; /* position + 1, as in rule_set_of; 0: none */
};

/*
 * Zones and interfaces that are left open are filled in if all ways lead to one rule-set.
 * => 0; -EINVAL for a name that is not there, or several rule-sets, which the error names
 */
int explain_choose_way(const struct tables *tables, const struct nat_config *config,
		       const struct explain_question *question, struct explain_way *way,
		       struct error *error);

#endif
