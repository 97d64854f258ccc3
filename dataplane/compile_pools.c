/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiling pools: their addresses and ports, those of the action `interface`, and the table in
 * which packets look NAT addresses up.
 */
#include "dataplane/compile_private.h"

#include <errno.h>
#include <string.h>

#include "core/rules.h"
#include "dataplane/address.h"

static int compile_pool_address(struct compiler *c, const char *pool, const union ip_addr *address)
{
	int slot = catalog_id(&c->addresses, address);

	if (slot < 0)
		return compile_full(c, slot, "address of pool", pool);
	if (c->list_used == MAX_POOL_ADDRESSES)
		return error_set(c->error, ENOSPC, "pool %s: more than %d addresses in all pools",
				 pool, MAX_POOL_ADDRESSES);
	c->config->pool_addresses[c->list_used++] = (u16)slot;
	return 0;
}

static int compile_range(struct compiler *c, const char *pool,
			 const struct snapshot_address_range *range)
{
	union ip_addr address = range->low;

	if (ip_addr_distance(&range->low, &range->high) >= MAX_NAT_ADDRESSES)
		return error_set(c->error, E2BIG, "pool %s: more than %d addresses in one range",
				 pool, MAX_NAT_ADDRESSES);
	for (;;) {
		int result = compile_pool_address(c, pool, &address);

		if (result || !memcmp(&address, &range->high, sizeof(address)))
			return result;
		(void)ip_addr_next(&address);
	}
}

static int compile_pool_list(struct compiler *c, const struct snapshot_pool *pool,
			     enum ip_family family, struct address_list *list)
{
	list->first = c->list_used;
	for (size_t i = 0; i < pool->address_count; i++) {
		int result = pool->addresses[i].family == family
				     ? compile_range(c, pool->name, &pool->addresses[i])
				     : 0;

		if (result)
			return result;
	}
	list->length = c->list_used - list->first;
	return 0;
}

static bool same_lists(const struct nat_config *a, const struct nat_pool *pool_a,
		       const struct nat_config *b, const struct nat_pool *pool_b)
{
	for (u32 f = 0; f < FAMILY_COUNT; f++) {
		const struct address_list *la = &pool_a->lists[f], *lb = &pool_b->lists[f];

		if (la->length != lb->length ||
		    memcmp(&a->pool_addresses[la->first], &b->pool_addresses[lb->first],
			   la->length * sizeof(a->pool_addresses[0])))
			return false;
	}
	return true;
}

/* The pool's number in the memo: kept while selector and list stay as they are. */
static void compile_memo_version(struct compiler *c, struct nat_pool *pool)
{
	const struct nat_config *active = c->active;

	for (u32 i = 0; i < active->pool_count; i++) {
		const struct nat_pool *old = &active->pools[i];

		if (old->id == pool->id && old->selector == pool->selector &&
		    same_lists(active, old, c->config, pool)) {
			pool->memo_version = old->memo_version;
			return;
		}
	}
	pool->memo_version = ++c->tables->control->memo_versions;
}

/* Without port translation, every host has an address for itself. */
static void compile_shift(const struct snapshot_pool *from, struct nat_pool *pool)
{
	const struct snapshot_prefix *base = &from->host_base;

	pool->port_flags |= POOL_KEEPS_PORTS;
	pool->selector = SELECT_SHIFTED;
	pool->base = base->address;
	pool->base_length = (u8)(base->length + (base->family == FAMILY_IPV4 ? 96 : 0));
}

static int compile_pool(struct compiler *c, const struct snapshot_pool *from)
{
	struct nat_pool *pool = &c->config->pools[c->config->pool_count];
	int id = catalog_name_id(&c->pools, from->name, "");

	if (id < 0)
		return compile_full(c, id, "pool", from->name);
	pool->id = (u16)id;
	pool->port_low = from->port_low;
	pool->port_high = from->port_high;
	pool->selector = (u8)from->algorithm;
	pool->sequential = !c->snapshot->port_randomization;
	pool->alarm = from->alarm;
	if (!from->port_translation)
		compile_shift(from, pool);
	if (from->preserve_parity)
		pool->port_flags |= POOL_PRESERVES_PARITY;
	if (from->preserve_range)
		pool->port_flags |= POOL_PRESERVES_RANGE;
	for (u32 family = 0; family < FAMILY_COUNT; family++) {
		int result = compile_pool_list(c, from, family, &pool->lists[family]);

		if (result)
			return result;
	}
	compile_memo_version(c, pool);
	c->config->pool_count++;
	return 0;
}

/* => 0, or -EINVAL for an overflow pool that snapshot_check_names() should have refused */
static int compile_overflow(struct compiler *c, const struct snapshot_pool *from,
			    struct nat_pool *pool)
{
	if (from->overflow == OVERFLOW_TO_NONE)
		return 0;
	pool->overflow = OVERFLOW_INTERFACE;
	if (from->overflow == OVERFLOW_TO_INTERFACE)
		return 0;
	for (size_t i = 0; i < c->snapshot->pool_count; i++) {
		if (strcmp(c->snapshot->pools[i].name, from->overflow_pool))
			continue;
		pool->overflow = (u16)(i + 1);
		return 0;
	}
	return error_set(c->error, EINVAL, "pool %s: there is no overflow pool %s", from->name,
			 from->overflow_pool);
}

enum { INTERFACE_PORT_LOW = 1024, INTERFACE_PORT_HIGH = 65535 };

/* The pool of the action `interface` for one egress interface: its addresses, if it has any. */
static int compile_interface_pool(struct compiler *c, u32 column)
{
	u32 position = c->config->pool_count + c->config->interface_pool_count;
	u32 ifindex = c->config->column_ifindex[column];
	const char *name = network_name(c->network, ifindex);
	struct nat_pool *pool = &c->config->pools[position];
	char pool_name[NAME_BYTES] = "interface:";
	int id;

	if (position == MAX_POOLS)
		return error_set(c->error, ENOSPC, "more than %d pools, with those of interfaces",
				 MAX_POOLS);
	strcat(pool_name, name);
	id = catalog_name_id(&c->pools, pool_name, "");
	if (id < 0)
		return compile_full(c, id, "pool", pool_name);
	pool->id = (u16)id;
	pool->port_low = INTERFACE_PORT_LOW;
	pool->port_high = INTERFACE_PORT_HIGH;
	pool->selector = SELECT_ROUND_ROBIN;
	pool->sequential = !c->snapshot->port_randomization;
	for (u32 family = 0; family < FAMILY_COUNT; family++) {
		const union ip_addr *address = network_address_of(c->network, ifindex, family);
		int result = address ? compile_pool_address(c, pool_name, address) : 0;

		if (result)
			return result;
		pool->lists[family].first = address ? c->list_used - 1 : 0;
		pool->lists[family].length = address != NULL;
	}
	c->config->interface_pool_count++;
	c->config->interface_pools[column] = (u16)(position + 1);
	return 0;
}

static bool zone_has_interface(const struct snapshot *s, const char *zone, const char *interface)
{
	for (size_t i = 0; i < s->zone_count; i++)
		for (size_t j = 0; j < s->zones[i].interface_count; j++)
			if (!strcmp(s->zones[i].name, zone) &&
			    !strcmp(s->zones[i].interfaces[j].name, interface))
				return true;
	return false;
}

static bool overflows_to_interface(const struct snapshot *s, const char *pool)
{
	for (size_t i = 0; i < s->pool_count; i++)
		if (!strcmp(s->pools[i].name, pool))
			return s->pools[i].overflow == OVERFLOW_TO_INTERFACE;
	return false;
}

/* => true if some rule of the set translates to an interface's address, at once or in the end */
static bool set_needs_interface(const struct snapshot *s, const struct snapshot_rule_set *set)
{
	for (size_t i = 0; i < set->rule_count; i++) {
		const struct snapshot_rule *rule = &set->rules[i];

		if (rule->action == ACTION_INTERFACE ||
		    (rule->action == ACTION_POOL && overflows_to_interface(s, rule->pool)))
			return true;
	}
	return false;
}

static bool context_names_interface(const struct compiler *c,
				    const struct snapshot_context *context, u32 column)
{
	const char *name = c->config->column_name[column];

	for (size_t i = 0; i < context->name_count; i++)
		if (context->kind == CONTEXT_INTERFACE
			    ? !strcmp(context->names[i], name)
			    : zone_has_interface(c->snapshot, context->names[i], name))
			return true;
	return false;
}

/* => true if some rule may translate packets to the address of the interface that they leave by */
static bool column_needs_pool(const struct compiler *c, u32 column)
{
	for (size_t i = 0; i < c->snapshot->rule_set_count; i++) {
		const struct snapshot_rule_set *set = &c->snapshot->rule_sets[i];

		if (set_needs_interface(c->snapshot, set) && context_names_interface(c, &set->to, column))
			return true;
	}
	return false;
}

int compile_pools(struct compiler *c)
{
	int result = 0;

	for (size_t i = 0; !result && i < c->snapshot->pool_count; i++)
		result = compile_pool(c, &c->snapshot->pools[i]);
	for (size_t i = 0; !result && i < c->snapshot->pool_count; i++)
		result = compile_overflow(c, &c->snapshot->pools[i], &c->config->pools[i]);
	for (u32 column = 1; !result && column <= c->config->interface_count; column++)
		if (column_needs_pool(c, column))
			result = compile_interface_pool(c, column);
	return result;
}

/* NAT addresses by address. */

static bool compile_place_address(struct compiler *c, u16 slot)
{
	const union ip_addr *address = &c->tables->control->addresses.slots[slot].address;
	u32 hash = nat_address_hash(c->config->nat_address_seed, address);

	for (u32 i = 0; i < NAT_ADDRESS_PROBES; i++) {
		struct nat_address *place =
			&c->config->nat_addresses[(hash + i) & c->config->nat_address_mask];

		if (place->flags && place->slot == slot)
			return true;
		if (place->flags)
			continue;
		*place = (struct nat_address){.address = *address, .slot = slot};
		place->flags = NAT_ADDRESS_USED;
		if (network_is_local(c->network, address))
			place->flags |= NAT_ADDRESS_LOCAL;
		return true;
	}
	return false;
}

static bool compile_place_all_addresses(struct compiler *c)
{
	memset(c->config->nat_addresses, 0, sizeof(c->config->nat_addresses));
	for (u32 i = 0; i < c->list_used; i++)
		if (!compile_place_address(c, c->config->pool_addresses[i]))
			return false;
	return true;
}

/* => how many different addresses there are */
static u32 compile_count_addresses(const struct compiler *c)
{
	bool seen[MAX_ADDRESS_SLOTS] = {false};
	u32 count = 0;

	for (u32 i = 0; i < c->list_used; i++) {
		count += !seen[c->config->pool_addresses[i]];
		seen[c->config->pool_addresses[i]] = true;
	}
	return count;
}

/* Eight places for each address, and then a seed that suits them. */
int compile_nat_addresses(struct compiler *c)
{
	enum { SEEDS = 1024 };
	u32 count = compile_count_addresses(c), places = 64;

	if (count > MAX_NAT_ADDRESSES)
		return error_set(c->error, ENOSPC, "%u different addresses in pools, at most %d",
				 count, MAX_NAT_ADDRESSES);
	while (places < 8 * count)
		places *= 2;
	c->config->nat_address_mask = places - 1;
	for (u32 seed = 0; seed < SEEDS; seed++) {
		c->config->nat_address_seed = seed;
		if (compile_place_all_addresses(c))
			return 0;
	}
	return error_set(c->error, ENOSPC, "no room for %u pool addresses in the address table",
			 count);
}
