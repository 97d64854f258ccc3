/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiling rules, rule-sets and their contexts.
 */
#include "dataplane/compile_private.h"

#include <errno.h>
#include <string.h>

#include "core/rules.h"
#include "dataplane/prefix.h"
#include "dataplane/snapshot_names.h"

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
	return !pool->address_count || snapshot_pool_has_ports(pool);
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

static void compile_lease(struct nat_rule *rule, const struct snapshot_lease *from)
{
	rule->permit = (u8)from->permit;
	if (!from->permit)
		return;
	rule->policy.inactivity_timeout_s = (u16)from->inactivity_timeout_s;
	rule->policy.flows_max = (u16)(from->maximum_flows - 1);
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
	c->config->rule_places[id % MAX_RULE_IDS] = (u16)(c->rules_used + 1);
	rule->alarm = from->alarm;
	compile_match(rule, from);
	compile_lease(rule, &from->lease);
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

int compile_rule_sets(struct compiler *c)
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
