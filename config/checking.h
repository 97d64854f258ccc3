/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the checks share; for check.c and check_*.c only.
 *
 * A check that finds something missing holds its tongue where a statement could not be read:
 * that has been reported, and the missing thing may well be in it.
 */
#ifndef CONFIG_CHECKING_H
#define CONFIG_CHECKING_H

#include "config/check.h"
#include "config/query.h"

/* A set of families: bit for each enum ip_family. */
enum { NO_FAMILY = 0, IPV4_ONLY = 1 << FAMILY_IPV4, IPV6_ONLY = 1 << FAMILY_IPV6, BOTH = 3 };

/* What is found out about a pool while its rules are checked. */
struct pool_facts {
	const struct node *pool;
	u32 families;
	bool is_used;
	bool is_shared; /* reported already */
};

struct checking {
	const struct tree *tree;
	struct diagnostics *diagnostics;
	const struct node *zones; /* NULL where there is no such statement */
	const struct node *source;
	struct pool_facts *pools; /* sorted by address of the node */
	size_t pool_count;
	bool out_of_memory;
};

/* In the order in which they run. */
void check_applications(struct checking *c);
void check_zones(struct checking *c);
void check_pools(struct checking *c);
void check_alarms(struct checking *c);
void check_shifted_pools(struct checking *c);
void check_overflow_pools(struct checking *c); /* tells which pools are used */
void check_contexts(struct checking *c);
void check_rules(struct checking *c); /* tells which pools are used */
void check_proxies(struct checking *c);

/* => the node of this interface in the first zone that has it; NULL: no zone has it */
const struct node *checking_zone_interface(const struct checking *c, const char *name);
void checking_need_zone(struct checking *c, const struct node *interface);

/*
 * Reports a name that no entry of the parent's list has, or that only an inactive one has.
 * => the entry, or NULL
 */
const struct node *checking_reference(struct checking *c, const struct node *parent,
				      const char *word, const struct node *name);

/* Reports a name in `match application` that is none, or of one that cannot be told apart. */
void checking_application_name(struct checking *c, const struct node *name);

/* Does a rule name the application? */
bool checking_application_is_used(const struct checking *c, const char *application);

/* Counts a node, and reports the first one beyond the limit. */
void checking_count(struct checking *c, size_t *count, size_t limit, const struct node *node,
		    const char *what);

bool checking_is_damaged(const struct node *node); /* or something in it */

struct pool_facts *checking_pool_facts(const struct checking *c, const struct node *pool);

#endif
