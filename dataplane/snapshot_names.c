/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/snapshot_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* `count` structs of `bytes`, the first of which has its name at `first`. */
static int check_names(const char *where, const char *first, size_t count, size_t bytes,
		       struct error *error)
{
	const char **names;
	int result = 0;

	if (count < 2)
		return 0;
	names = calloc(count, sizeof(*names));
	if (!names)
		return error_set(error, ENOMEM, "out of memory");
	for (size_t i = 0; i < count; i++)
		names[i] = first + i * bytes;
	qsort(names, count, sizeof(*names), compare_names);
	for (size_t i = 1; !result && i < count; i++)
		if (!strcmp(names[i - 1], names[i]))
			result = error_set(error, EINVAL, "%s: \"%s\" twice, expected once", where,
					   names[i]);
	free(names);
	return result;
}

#define CHECK_NAMES(where, array, count, error)                                                \
	((count) ? check_names(where, (array)[0].name, count, sizeof((array)[0]), error) : 0)

bool snapshot_pool_has_ports(const struct snapshot_pool *pool)
{
	u16 low = pool->preserve_range ? PRIVILEGED_PORTS : 1;

	return pool->port_low && pool->port_low <= pool->port_high && pool->port_high >= low;
}

static const struct snapshot_pool *find_pool(const struct snapshot *s, const char *name)
{
	for (size_t i = 0; i < s->pool_count; i++)
		if (!strcmp(s->pools[i].name, name))
			return &s->pools[i];
	return NULL;
}

/* An overflow pool is another one, has ports to give, and no overflow pool of its own. */
static int check_overflow(const struct snapshot *s, const struct snapshot_pool *pool,
			  struct error *error)
{
	const struct snapshot_pool *to;

	if (pool->overflow != OVERFLOW_TO_POOL)
		return 0;
	to = find_pool(s, pool->overflow_pool);
	if (to && to != pool && to->overflow == OVERFLOW_TO_NONE && to->port_translation &&
	    snapshot_pool_has_ports(to))
		return 0;
	return error_set(error, EINVAL,
			 "pools: \"%s\" cannot be the overflow_pool of \"%s\"; expected another "
			 "pool, with ports, and without one of its own",
			 pool->overflow_pool, pool->name);
}

int snapshot_check_names(const struct snapshot *s, struct error *error)
{
	int result = CHECK_NAMES("zones", s->zones, s->zone_count, error);

	if (!result)
		result = CHECK_NAMES("pools", s->pools, s->pool_count, error);
	if (!result)
		result = CHECK_NAMES("rule_sets", s->rule_sets, s->rule_set_count, error);
	for (size_t i = 0; !result && i < s->rule_set_count; i++)
		result = CHECK_NAMES("rules", s->rule_sets[i].rules, s->rule_sets[i].rule_count,
				     error);
	for (size_t i = 0; !result && i < s->pool_count; i++)
		result = check_overflow(s, &s->pools[i], error);
	return result;
}
