/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/compile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rules.h"
#include "dataplane/address.h"
#include "dataplane/catalog.h"
#include "dataplane/prefix.h"

/* A compilation under way. */
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

static int compile_full(struct compiler *c, int code, const char *what, const char *name)
{
	if (code == -ENOSPC)
		return error_set(c->error, ENOSPC,
				 "%s %s: no id is free until flows of earlier configurations end",
				 what, name);
	return error_set(c->error, ENOMEM, "out of memory");
}

/* Zones and interfaces. */

static int compile_place_interface(struct compiler *c, const struct network_interface *interface,
				   u16 zone)
{
	u32 ifindex = interface->ifindex;
	u16 column = ++c->config->interface_count;

	for (u32 i = 0; i < INTERFACE_PROBES; i++) {
		struct nat_interface *place =
			&c->config->interfaces[(ifindex + i) % INTERFACE_SLOTS];

		if (place->ifindex)
			continue;
		*place = (struct nat_interface){.ifindex = ifindex, .zone = zone, .column = column,
						.link = interface->link};
		c->config->column_ifindex[column] = ifindex;
		(void)snprintf(c->config->column_name[column], INTERFACE_NAME_BYTES, "%s",
			       interface->name);
		return 0;
	}
	return error_set(c->error, ENOSPC,
			 "interface number %u: too many interfaces have numbers close to it",
			 ifindex);
}

static int compile_interface(struct compiler *c, const struct snapshot_zone *zone, u16 zone_id,
			     const struct snapshot_interface *interface)
{
	const struct network_interface *found = network_find(c->network, interface->name);

	if (!found)
		return error_set(c->error, ENODEV,
				 "zone %s, interface %s: there is no such interface in this "
				 "network namespace",
				 zone->name, interface->name);
	if (c->config->interface_count == MAX_INTERFACES - 1)
		return error_set(c->error, ENOSPC, "more than %d interfaces in zones",
				 MAX_INTERFACES - 1);
	return compile_place_interface(c, found, zone_id);
}

static int compile_zones(struct compiler *c)
{
	const struct snapshot *s = c->snapshot;

	for (size_t i = 0; i < s->zone_count; i++) {
		const struct snapshot_zone *zone = &s->zones[i];
		int id = catalog_name_id(&c->zones, zone->name, "");

		if (id < 0)
			return compile_full(c, id, "zone", zone->name);
		c->config->zones[c->config->zone_count++] = (u16)id;
		for (size_t j = 0; j < zone->interface_count; j++) {
			int result =
				compile_interface(c, zone, (u16)id, &zone->interfaces[j]);

			if (result)
				return result;
		}
	}
	return 0;
}

/* Pools and addresses. */

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
	for (u32 family = 0; family < FAMILY_COUNT; family++) {
		int result = compile_pool_list(c, from, family, &pool->lists[family]);

		if (result)
			return result;
	}
	compile_memo_version(c, pool);
	c->config->pool_count++;
	return 0;
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

static bool set_has_interface_rule(const struct snapshot_rule_set *set)
{
	for (size_t i = 0; i < set->rule_count; i++)
		if (set->rules[i].action == ACTION_INTERFACE)
			return true;
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

/* => true if some rule with the action `interface` may send packets out of the interface */
static bool column_needs_pool(const struct compiler *c, u32 column)
{
	for (size_t i = 0; i < c->snapshot->rule_set_count; i++) {
		const struct snapshot_rule_set *set = &c->snapshot->rule_sets[i];

		if (set_has_interface_rule(set) && context_names_interface(c, &set->to, column))
			return true;
	}
	return false;
}

static int compile_pools(struct compiler *c)
{
	int result = 0;

	for (size_t i = 0; !result && i < c->snapshot->pool_count; i++)
		result = compile_pool(c, &c->snapshot->pools[i]);
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
static int compile_nat_addresses(struct compiler *c)
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

/* Rules. */

static int compile_services(struct compiler *c, struct nat_rule *rule,
			    const struct snapshot_rule *from)
{
	for (size_t i = 0; i < from->application_count; i++) {
		int id = catalog_name_id(&c->applications, from->applications[i].name, "");

		if (id < 0)
			return compile_full(c, id, "application", from->applications[i].name);
		rule->services[i] = from->applications[i].service;
		rule->services[i].application = (u16)id;
	}
	rule->service_count = (u8)from->application_count;
	return 0;
}

static void compile_match(struct nat_rule *rule, const struct snapshot_rule *from)
{
	rule->source_count = (u8)from->source_count;
	for (size_t i = 0; i < from->source_count; i++)
		prefix_compile(&from->sources[i], &rule->sources[i]);
	rule->destination_count = (u8)from->destination_count;
	for (size_t i = 0; i < from->destination_count; i++)
		prefix_compile(&from->destinations[i], &rule->destinations[i]);
	rule->source_port_count = (u8)from->source_port_count;
	memcpy(rule->source_ports, from->source_ports, sizeof(rule->source_ports));
	rule->destination_port_count = (u8)from->destination_port_count;
	memcpy(rule->destination_ports, from->destination_ports, sizeof(rule->destination_ports));
	rule->any_protocol = !from->protocol_count;
	for (size_t i = 0; i < from->protocol_count; i++)
		rule->protocols[from->protocols[i] / 64] |= 1ull << from->protocols[i] % 64;
}

/* A pool that cannot be used makes a rule that drops: it does not vanish [fail closed]. */
static int compile_failing_rule(struct compiler *c, struct nat_rule *rule, const char *pool,
				enum reason reason)
{
	int id = catalog_name_id(&c->pools, pool, "");

	if (id < 0)
		return compile_full(c, id, "pool", pool);
	rule->action = RULE_FAIL;
	rule->fail_reason = (u8)reason;
	rule->pool = (u16)id;
	return 0;
}

static bool pool_ports_are_valid(const struct snapshot_pool *pool)
{
	return !pool->address_count || (pool->port_low && pool->port_low <= pool->port_high);
}

static int compile_action(struct compiler *c, struct nat_rule *rule,
			  const struct snapshot_rule *from)
{
	static const u8 actions[] = {
		[ACTION_OFF] = RULE_OFF, [ACTION_INTERFACE] = RULE_INTERFACE, [ACTION_POOL] = RULE_POOL};

	rule->action = actions[from->action];
	if (from->action != ACTION_POOL)
		return 0;
	for (size_t i = 0; i < c->snapshot->pool_count; i++) {
		if (strcmp(c->snapshot->pools[i].name, from->pool))
			continue;
		rule->pool = (u16)i;
		return pool_ports_are_valid(&c->snapshot->pools[i])
			       ? 0
			       : compile_failing_rule(c, rule, from->pool,
						      REASON_source_nat_pool_invalid_port_range);
	}
	return compile_failing_rule(c, rule, from->pool, REASON_source_nat_pool_missing);
}

static int compile_rule(struct compiler *c, const char *set, const struct snapshot_rule *from)
{
	struct nat_rule *rule = &c->config->rules[c->rules_used];
	int id;

	if (c->rules_used == MAX_RULES)
		return error_set(c->error, ENOSPC, "more than %d rules", MAX_RULES);
	id = catalog_name_id(&c->rules, set, from->name);
	if (id < 0)
		return compile_full(c, id, "rule", from->name);
	rule->id = (u16)id;
	compile_match(rule, from);
	c->rules_used++;
	id = compile_action(c, rule, from);
	return id ? id : compile_services(c, rule, from);
}

/* Rule-sets and their contexts. */

static int compile_zone_id(struct compiler *c, const char *name)
{
	for (size_t i = 0; i < c->snapshot->zone_count; i++)
		if (!strcmp(c->snapshot->zones[i].name, name))
			return c->config->zones[i];
	return 0;
}

static int compile_column(struct compiler *c, const char *name)
{
	u32 ifindex = network_ifindex(c->network, name);

	for (u32 column = 1; ifindex && column <= c->config->interface_count; column++)
		if (c->config->column_ifindex[column] == ifindex)
			return (int)column;
	return 0;
}

static int compile_context(struct compiler *c, const char *set, struct nat_context *context,
			   const struct snapshot_context *from)
{
	bool zone = from->kind == CONTEXT_ZONE;

	context->kind = (u8)from->kind;
	for (size_t i = 0; i < from->name_count; i++) {
		int id = zone ? compile_zone_id(c, from->names[i])
			      : compile_column(c, from->names[i]);

		if (!id)
			return error_set(c->error, ENOENT, "rule-set %s: there is no %s %s", set,
					 zone ? "zone" : "interface in a zone called",
					 from->names[i]);
		context->ids[context->count++] = (u16)id;
	}
	return 0;
}

static int compile_rule_set(struct compiler *c, const struct snapshot_rule_set *from)
{
	struct nat_rule_set *set = &c->config->rule_sets[c->config->rule_set_count];
	int id = catalog_name_id(&c->rule_sets, from->name, "");
	int result;

	if (id < 0)
		return compile_full(c, id, "rule-set", from->name);
	set->name = (u16)id;
	set->first_rule = (u16)c->rules_used;
	set->rule_count = (u16)from->rule_count;
	result = compile_context(c, from->name, &set->from, &from->from);
	if (!result)
		result = compile_context(c, from->name, &set->to, &from->to);
	for (size_t i = 0; !result && i < from->rule_count; i++)
		result = compile_rule(c, from->name, &from->rules[i]);
	c->config->rule_set_count++;
	return result;
}

static u16 compile_zone_of_column(const struct compiler *c, u32 column)
{
	const struct nat_interface *interface =
		interface_find(c->config, c->config->column_ifindex[column]);

	return interface ? interface->zone : ID_NONE;
}

/* => how well a context fits: 0 not at all, 1 by zone, 2 by interface */
static u32 compile_context_fit(const struct compiler *c, const struct nat_context *context,
			       u32 column)
{
	u32 wanted = context->kind == CONTEXT_ZONE ? compile_zone_of_column(c, column) : column;

	for (u32 i = 0; i < context->count; i++)
		if (context->ids[i] == wanted)
			return context->kind == CONTEXT_ZONE ? 1 : 2;
	return 0;
}

/* The most specific context wins, that of the ingress first; among equals the first rule-set. */
static u16 compile_best_rule_set(const struct compiler *c, u32 ingress, u32 egress)
{
	u32 best = 0, best_fit = 0;

	for (u32 i = 0; i < c->config->rule_set_count; i++) {
		const struct nat_rule_set *set = &c->config->rule_sets[i];
		u32 from = compile_context_fit(c, &set->from, ingress);
		u32 to = compile_context_fit(c, &set->to, egress);

		if (!from || !to || 2 * from + to <= best_fit)
			continue;
		best = i + 1;
		best_fit = 2 * from + to;
	}
	return (u16)best;
}

static int compile_rule_sets(struct compiler *c)
{
	u32 columns = c->config->interface_count;

	for (size_t i = 0; i < c->snapshot->rule_set_count; i++) {
		int result = compile_rule_set(c, &c->snapshot->rule_sets[i]);

		if (result)
			return result;
	}
	for (u32 in = 1; in <= columns; in++)
		for (u32 out = 1; out <= columns; out++)
			c->config->rule_set_of[in][out] = compile_best_rule_set(c, in, out);
	return 0;
}

/* The whole. */

static int compile_sizes(struct compiler *c)
{
	u32 capacity = c->tables->control->flow_capacity;

	if (c->snapshot->maximum_flows != capacity)
		return error_set(c->error, ENOTSUP,
				 "maximum-sessions %u: the running tables were made for %u; they "
				 "are made anew only when no state is left (holdfast-dp --discard)",
				 c->snapshot->maximum_flows, capacity);
	return 0;
}

static int compile_everything(struct compiler *c)
{
	int result = compile_sizes(c);

	c->config->generation = c->snapshot->generation;
	c->config->timeouts = c->snapshot->timeouts;
	c->config->sequential = !c->snapshot->port_randomization;
	if (!result)
		result = compile_zones(c);
	if (!result)
		result = compile_pools(c);
	if (!result)
		result = compile_nat_addresses(c);
	return result ? result : compile_rule_sets(c);
}

static int compile_open_catalogs(struct compiler *c)
{
	struct name_table *names = c->tables->names;

	if (catalog_open_names(&c->zones, names->zones, MAX_ZONE_IDS) ||
	    catalog_open_names(&c->rule_sets, names->rule_sets, MAX_RULE_SET_IDS) ||
	    catalog_open_names(&c->rules, names->rules, MAX_RULE_IDS) ||
	    catalog_open_names(&c->pools, names->pools, MAX_POOL_IDS) ||
	    catalog_open_names(&c->applications, names->applications, MAX_APPLICATION_IDS) ||
	    catalog_open_addresses(&c->addresses, &c->tables->control->addresses))
		return error_set(c->error, ENOMEM, "out of memory");
	return 0;
}

static void compile_close_catalogs(struct compiler *c, bool keep)
{
	catalog_close(&c->zones, keep);
	catalog_close(&c->rule_sets, keep);
	catalog_close(&c->rules, keep);
	catalog_close(&c->pools, keep);
	catalog_close(&c->applications, keep);
	catalog_close(&c->addresses, keep);
}

int compile_snapshot(struct tables *tables, const struct snapshot *snapshot,
		     const struct network *network, const struct port_tables *ports,
		     struct error *error)
{
	u32 idle = tables_idle_half(tables);
	struct compiler c = {
		.tables = tables, .snapshot = snapshot, .network = network,
		.active = &tables->config[!idle], .config = &tables->config[idle],
		.error = error};
	int result;

	memset(c.config, 0, sizeof(*c.config));
	result = compile_open_catalogs(&c);
	if (!result)
		result = compile_everything(&c);
	if (!result)
		result = ports->add(ports->context, c.addresses.added, c.addresses.added_count,
				    error);
	compile_close_catalogs(&c, !result);
	return result;
}
