/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Overflow pools: each is there, is another pool, and ends the way: it has none of its own.
 */
#include <string.h>

#include "config/checking.h"

static void check_chain(struct checking *c, const struct node *pool, const struct node *name,
			const struct node *target)
{
	const struct node *next = node_child(target, "overflow-pool");

	if (target == pool)
		diagnostics_error(c->diagnostics, name->at,
				  "pool '%s' is its own overflow-pool; expected another pool or "
				  "'interface'",
				  pool->text);
	else if (node_at(target, "port no-translation"))
		diagnostics_error(c->diagnostics, name->at,
				  "pool '%s' translates no ports; expected an overflow-pool that "
				  "does, or 'interface'",
				  target->text);
	else if (next)
		diagnostics_error(c->diagnostics, name->at,
				  "pool '%s' has an overflow-pool itself (line %u); expected a pool "
				  "without one, or 'interface'",
				  target->text, next->at.line);
}

/* What the pool has and its overflow pool lacks is refused when the pool is full. */
static void check_overflow_families(struct checking *c, const struct node *name, u32 pool,
				    u32 target)
{
	const char *family = pool & ~target & IPV4_ONLY ? "IPv4" : "IPv6";

	if (pool & ~target)
		diagnostics_warning(c->diagnostics, name->at,
				    "pool '%s' has no %s address: for %s there is no overflow-pool",
				    name->text, family, family);
}

static void check_overflow(struct checking *c, const struct pool_facts *facts)
{
	const struct node *name = node_child(facts->pool, "overflow-pool");
	const struct node *target;
	struct pool_facts *other;

	if (!name || !strcmp(name->text, OVERFLOW_INTERFACE_WORD))
		return;
	target = checking_reference(c, c->source, "pool", name);
	if (!target)
		return;
	check_chain(c, facts->pool, name, target);
	other = checking_pool_facts(c, target);
	other->is_used = true;
	if (!checking_is_damaged(target) && !checking_is_damaged(facts->pool))
		check_overflow_families(c, name, facts->families, other->families);
}

void check_overflow_pools(struct checking *c)
{
	const struct node *pool;

	if (c->out_of_memory)
		return;
	for_each_child(pool, c->source, "pool")
		check_overflow(c, checking_pool_facts(c, pool));
}
