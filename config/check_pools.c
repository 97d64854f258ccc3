/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pools: their ports, and how their addresses lie to each other.
 *
 * Both families are one line of numbers (address.h), so one sorted list of all ranges shows every
 * overlap and counts every address.
 */
#include <stdlib.h>

#include "config/address.h"
#include "config/checking.h"

struct span {
	u128 low;
	u128 high;
	const struct node *address;
	struct pool_facts *facts;
};

static int compare_facts(const void *left, const void *right)
{
	const struct pool_facts *a = left;
	const struct pool_facts *b = right;

	if (a->pool == b->pool)
		return 0;
	return a->pool < b->pool ? -1 : 1;
}

struct pool_facts *checking_pool_facts(const struct checking *c, const struct node *pool)
{
	const struct pool_facts key = {.pool = pool};

	return bsearch(&key, c->pools, c->pool_count, sizeof(key), compare_facts);
}

static u32 families_of(const struct node *pool)
{
	const struct node *address;
	u32 families = NO_FAMILY;

	for_each_child(address, pool, "address")
		families |= 1u << address->value.addresses.family;
	return families;
}

static void collect_facts(struct checking *c)
{
	const struct node *pool;
	size_t count = 0;

	c->pools = calloc(node_count(c->source, "pool") + 1, sizeof(*c->pools));
	if (!c->pools) {
		c->out_of_memory = true;
		return;
	}
	for_each_child(pool, c->source, "pool")
		c->pools[count++] = (struct pool_facts){pool, families_of(pool), false, false};
	c->pool_count = count;
	qsort(c->pools, count, sizeof(*c->pools), compare_facts);
}

static void check_ports(struct checking *c, const struct node *pool)
{
	const struct node *last = node_at(pool, "port range to");

	if (last && node_number(pool, "port range low") > last->value.number)
		diagnostics_error(c->diagnostics, last->at,
				  "the port range runs backwards, from %u to %u; expected a last "
				  "port that is not below the first",
				  node_number(pool, "port range low"), last->value.number);
}

/* The place that Junos has for it is the action; this one is an alias. */
static void check_persistent_nat(struct checking *c, const struct node *pool)
{
	const struct node *alias = node_child(pool, "persistent-nat");

	if (alias)
		diagnostics_warning(c->diagnostics, alias->at,
				    "'persistent-nat' belongs to the action of a rule: expected 'then "
				    "source-nat pool %s persistent-nat'; here it is for every rule "
				    "that names the pool and has none of its own",
				    pool->text);
}

/* Ports from 1024 on stay there, so there must be some. */
static void check_preserved_range(struct checking *c, const struct node *pool)
{
	const struct node *preserve = node_at(pool, "port preserve-range");
	struct port_range ports = node_pool_ports(pool);

	if (preserve && ports.low <= ports.high && ports.high < PRIVILEGED_PORTS)
		diagnostics_error(c->diagnostics, preserve->at,
				  "with 'preserve-range' the pool's ports end at %u; expected a last "
				  "port of 1024 or more",
				  ports.high);
}

static void check_default_ports(struct checking *c)
{
	const struct node *ports = node_child(c->source, "pool-default-port-range");

	if (ports && !ports->value.ports.low)
		diagnostics_error(c->diagnostics, ports->at,
				  "the ports of pools begin with 0; expected a first port from 1 to "
				  "65535");
}

/* By place; from the same place on, in the order of the file. */
static int compare_spans(const void *left, const void *right)
{
	const struct span *a = left;
	const struct span *b = right;

	if (a->low != b->low)
		return a->low < b->low ? -1 : 1;
	return position_compare(a->address->at, b->address->at);
}

static void collect_spans(struct checking *c, struct span *spans)
{
	const struct node *pool;
	const struct node *address;
	size_t count = 0;

	for_each_child(pool, c->source, "pool") {
		for_each_child(address, pool, "address") {
			const struct snapshot_address_range *range = &address->value.addresses;

			spans[count++] = (struct span){
				.low = address_number(&range->low),
				.high = address_number(&range->high),
				.address = address,
				.facts = checking_pool_facts(c, pool),
			};
		}
	}
}

static void report_overlap(struct checking *c, const struct span *one, const struct span *other)
{
	bool in_order = position_compare(one->address->at, other->address->at) < 0;
	const struct span *first = in_order ? one : other;
	const struct span *second = in_order ? other : one;

	if (first->facts == second->facts) {
		diagnostics_error(c->diagnostics, second->address->at,
				  "'%s' overlaps '%s' of the same pool (line %u); expected every "
				  "address once",
				  second->address->text, first->address->text,
				  first->address->at.line);
	} else if (!second->facts->is_shared) {
		second->facts->is_shared = true;
		diagnostics_warning(
			c->diagnostics, second->address->at,
			"'%s' overlaps '%s' of pool '%s' (line %u); pools that share an "
			"address share its ports",
			second->address->text, first->address->text, first->facts->pool->text,
			first->address->at.line);
	}
}

static void check_overlaps(struct checking *c, const struct span *spans, size_t count)
{
	const struct span *furthest = spans;

	for (size_t i = 1; i < count; i++) {
		if (spans[i].low <= furthest->high)
			report_overlap(c, furthest, &spans[i]);
		if (spans[i].high > furthest->high)
			furthest = &spans[i];
	}
}

/* How many addresses the spans hold, each counted once. */
static u128 count_different(const struct span *spans, size_t count)
{
	u128 total = 0;
	u128 next = 0; /* the first number not counted yet */

	for (size_t i = 0; i < count; i++) {
		u128 low = spans[i].low > next ? spans[i].low : next;

		if (spans[i].high < low)
			continue;
		total += spans[i].high - low + 1;
		next = spans[i].high + 1;
	}
	return total;
}

static u128 span_size(const struct span *span)
{
	return span->high - span->low + 1;
}

/* The largest span is where an excess is most likely meant otherwise. */
static void report_size(struct checking *c, const struct span *spans, size_t count,
			const char *expected, int limit)
{
	const struct span *largest = spans;

	for (size_t i = 1; i < count; i++)
		if (span_size(&spans[i]) > span_size(largest))
			largest = &spans[i];
	diagnostics_error(c->diagnostics, largest->address->at,
			  "the pools hold too many addresses, and most of them here; expected at "
			  "most %d %s",
			  limit, expected);
}

static void check_sizes(struct checking *c, const struct span *spans, size_t count)
{
	u128 entries = 0;

	for (size_t i = 0; i < count; i++)
		entries += span_size(&spans[i]);
	if (count_different(spans, count) > MAX_NAT_ADDRESSES)
		report_size(c, spans, count, "different ones in all pools together",
			    MAX_NAT_ADDRESSES);
	else if (entries > MAX_POOL_ADDRESSES)
		report_size(c, spans, count, "in all pools together, shared ones counted in each",
			    MAX_POOL_ADDRESSES);
}

static void check_addresses(struct checking *c)
{
	const struct node *pool;
	struct span *spans;
	size_t count = 0;

	for_each_child(pool, c->source, "pool")
		count += node_count(pool, "address");
	if (!count)
		return;
	spans = calloc(count, sizeof(*spans));
	if (!spans) {
		c->out_of_memory = true;
		return;
	}
	collect_spans(c, spans);
	qsort(spans, count, sizeof(*spans), compare_spans);
	check_overlaps(c, spans, count);
	check_sizes(c, spans, count);
	free(spans);
}

void check_pools(struct checking *c)
{
	const struct node *pool;
	size_t count = 0;

	collect_facts(c);
	if (c->out_of_memory)
		return;
	for_each_child(pool, c->source, "pool") {
		checking_count(c, &count, MAX_POOLS, pool, "pools");
		check_ports(c, pool);
		check_persistent_nat(c, pool);
		check_preserved_range(c, pool);
	}
	check_default_ports(c);
	check_addresses(c);
}
