/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A compilation under way: shared by compile.c, compile_pools.c and compile_rules.c, which run in
 * this order: zones, pools, NAT addresses, rule-sets. Every function returns 0, or a negative errno
 * with the error filled in.
 */
#ifndef DATAPLANE_COMPILE_PRIVATE_H
#define DATAPLANE_COMPILE_PRIVATE_H

#include "dataplane/catalog.h"
#include "dataplane/compile.h"

struct compiler {
	struct tables *tables;
	const struct snapshot *snapshot;
	const struct network *network;
	const struct nat_config *active;
	struct nat_config *config;
	struct catalog zones, rule_sets, rules, pools, applications, addresses;
	u32 list_used; /* of pool_addresses[] */
	u32 rules_used;
	struct error *error;
};

/* What catalog_id() said no to. => -ENOSPC or -ENOMEM */
int compile_full(struct compiler *c, int code, const char *what, const char *name);

/* Pools of the configuration, and those of the action `interface`. Needs the interfaces. */
int compile_pools(struct compiler *c);

/* The table of NAT addresses by address. Needs the pools. */
int compile_nat_addresses(struct compiler *c);

/* Rule-sets, their rules, and which of them stands between which interfaces. Needs the pools. */
int compile_rule_sets(struct compiler *c);

#endif
