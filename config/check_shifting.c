/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pools that shift addresses: host-address-base and port no-translation belong together.
 */
#include "config/checking.h"

/* What would say something else about address or port. */
static void check_beside(struct checking *c, const struct node *pool, const char *path)
{
	const struct node *other = node_at(pool, path);

	if (other)
		diagnostics_error(c->diagnostics, other->at,
				  "'%s' stands beside 'host-address-base', which gives each host an "
				  "address of its own and keeps its ports; expected either of them",
				  other->schema->word);
}

static void check_base(struct checking *c, const struct node *pool, const struct node *base)
{
	u32 family = 1u << base->value.prefix.family;
	u32 others = checking_pool_facts(c, pool)->families & ~family;

	if (!base->value.prefix.length)
		diagnostics_error(c->diagnostics, base->at,
				  "'%s' holds every host; expected the first host, or a prefix of "
				  "hosts",
				  base->text);
	if (others)
		diagnostics_error(c->diagnostics, base->at,
				  "pool '%s' has %s addresses, which cannot be shifted from '%s'; "
				  "expected addresses of its family alone",
				  pool->text, others == IPV4_ONLY ? "IPv4" : "IPv6", base->text);
}

static void check_shifting(struct checking *c, const struct node *pool)
{
	const struct node *untranslated = node_at(pool, "port no-translation");
	const struct node *base = node_child(pool, "host-address-base");

	if (base && !untranslated)
		diagnostics_error(c->diagnostics, base->at,
				  "'host-address-base' stands without 'port no-translation'; "
				  "expected both");
	else if (untranslated && !base && !checking_is_damaged(pool))
		diagnostics_error(c->diagnostics, untranslated->at,
				  "'port no-translation' stands without 'host-address-base', which "
				  "this version does not do; expected both");
	if (!base || !untranslated)
		return;
	check_base(c, pool, base);
	check_beside(c, pool, "address-persistent");
	check_beside(c, pool, "port preserve-parity");
	check_beside(c, pool, "port preserve-range");
}

void check_shifted_pools(struct checking *c)
{
	const struct node *pool;

	if (c->out_of_memory)
		return;
	for_each_child(pool, c->source, "pool")
		check_shifting(c, pool);
}
