/* SPDX-License-Identifier: Apache-2.0 */
#include "config/check_capabilities.h"

#include <assert.h>
#include <string.h>

#include "config/checking.h"
#include "dataplane/words.h"

/* Does this statement ask for a capability? `value` tells apart those that are asked for alike. */
typedef bool asks(const struct checking *c, const struct node *node, u32 value);

static bool is_statement(const struct node *node, const char *parent, const char *word)
{
	return !strcmp(node->schema->word, word) && node->parent &&
	       !strcmp(node->parent->schema->word, parent);
}

/* The statement for all pools asks only if a pool goes by it. */
static bool asks_algorithm(const struct checking *c, const struct node *node, u32 value)
{
	const struct node *pool;

	if (strcmp(node->schema->word, "address-persistent") ||
	    node_number(node, "algorithm") != value)
		return false;
	for_each_child(pool, c->source, "pool")
		if (node_persistence(pool) == node)
			return true;
	return false;
}

static bool asks_dataplane(const struct checking *c, const struct node *node, u32 value)
{
	(void)c;
	return is_statement(node, "system", "dataplane-type") && node->value.number == value;
}

static bool asks_interface_nat(const struct checking *c, const struct node *node, u32 value)
{
	(void)c, (void)value;
	return is_statement(node, "source-nat", "interface");
}

static bool asks_family(const struct checking *c, const struct node *node, u32 value)
{
	(void)c;
	switch (node->schema->type) {
	case TYPE_PREFIX:
		return node->value.prefix.family == value;
	case TYPE_ADDRESSES:
		return node->value.addresses.family == value;
	default:
		return false;
	}
}

/* The statement of a pool asks only if a rule goes by it. */
static bool asks_persistent_nat(const struct checking *c, const struct node *node, u32 value)
{
	const struct node *rule_set;
	const struct node *rule;

	(void)value;
	if (strcmp(node->schema->word, "persistent-nat"))
		return false;
	if (!strcmp(node->parent->parent->schema->word, "source-nat"))
		return true;
	for_each_child(rule_set, c->source, "rule-set")
		for_each_child(rule, rule_set, "rule")
			if (node_persistent_nat(c->tree, node_at(rule, "then source-nat")) == node)
				return true;
	return false;
}

/* One that no rule names asks for nothing. */
static bool asks_application_timeout(const struct checking *c, const struct node *node, u32 value)
{
	(void)value;
	if (is_statement(node, "application", "inactivity-timeout"))
		return checking_application_is_used(c, node->parent->text);
	return is_statement(node, "term", "inactivity-timeout") &&
	       checking_application_is_used(c, node->parent->parent->text);
}

static bool asks_overflow_pool(const struct checking *c, const struct node *node, u32 value)
{
	(void)c, (void)value;
	return is_statement(node, "pool", "overflow-pool");
}

static bool asks_port_hold_down(const struct checking *c, const struct node *node, u32 value)
{
	(void)c, (void)value;
	return is_statement(node, "source", "port-hold-down") && node->value.number;
}

static bool asks_preserved_parity(const struct checking *c, const struct node *node, u32 value)
{
	(void)c, (void)value;
	return is_statement(node, "port", "preserve-parity");
}

static bool asks_preserved_range(const struct checking *c, const struct node *node, u32 value)
{
	(void)c, (void)value;
	return is_statement(node, "port", "preserve-range");
}

static bool asks_host_address_base(const struct checking *c, const struct node *node, u32 value)
{
	(void)c, (void)value;
	return is_statement(node, "pool", "host-address-base");
}

/* The statement for all pools asks only if a pool goes by it. */
static bool asks_alarm(const struct checking *c, const struct node *node, u32 value)
{
	const struct node *pool;

	(void)value;
	if (is_statement(node, "source-nat", "rule-session-count-alarm"))
		return true;
	for_each_child(pool, c->source, "pool")
		if (node_pool_alarm(pool) == node)
			return true;
	return false;
}

static bool asks_proxy(const struct checking *c, const struct node *node, u32 value)
{
	(void)c, (void)value;
	return (is_statement(node, "nat", "proxy-arp") || is_statement(node, "nat", "proxy-ndp")) &&
	       node_child(node, "interface");
}

static bool asks_source_nat(const struct checking *c, const struct node *node, u32 value)
{
	(void)c, (void)value;
	return is_statement(node, "nat", "source");
}

static bool asks_xdp_mode(const struct checking *c, const struct node *node, u32 value)
{
	return is_statement(node, "interface", "xdp-mode") && node->value.number == value &&
	       checking_zone_interface(c, node->parent->text);
}

struct demand {
	const char *capability;
	asks *asks;
	u32 value;
	const char *what;
	const char *instead; /* NULL: nothing, with this dataplane */
};

static const struct demand demands[] = {
	{"address-persistent:ebpf-legacy", asks_algorithm, SELECT_EBPF_LEGACY,
	 "'address-persistent algorithm ebpf-legacy'", "another algorithm"},
	{"address-persistent:userspace-v1", asks_algorithm, SELECT_USERSPACE_V1,
	 "'address-persistent algorithm userspace-v1'", "another algorithm"},
	{"alarms", asks_alarm, 0, "alarms", "neither 'pool-utilization-alarm' nor "
					    "'rule-session-count-alarm'"},
	{"application-timeouts", asks_application_timeout, 0,
	 "'inactivity-timeout' of an application", "an application without it"},
	{"dataplane:ebpf", asks_dataplane, DATAPLANE_EBPF, "'dataplane-type ebpf'",
	 "another dataplane-type"},
	{"dataplane:userspace", asks_dataplane, DATAPLANE_USERSPACE, "'dataplane-type userspace'",
	 "another dataplane-type"},
	{"host-address-base", asks_host_address_base, 0, "'host-address-base'",
	 "a pool that translates ports"},
	{"interface-nat", asks_interface_nat, 0, "'source-nat interface'", "'off' or 'pool NAME'"},
	{"ipv6", asks_family, FAMILY_IPV6, "IPv6", "addresses of IPv4"},
	{"overflow-pool", asks_overflow_pool, 0, "'overflow-pool'", "a pool without it"},
	{"persistent-nat", asks_persistent_nat, 0, "'persistent-nat'", "a rule without it"},
	{"port-hold-down", asks_port_hold_down, 0, "'port-hold-down'", "'port-hold-down 0'"},
	{"preserve-parity", asks_preserved_parity, 0, "'preserve-parity'", "a pool without it"},
	{"preserve-range", asks_preserved_range, 0, "'preserve-range'", "a pool without it"},
	{"proxy", asks_proxy, 0, "'proxy-arp' or 'proxy-ndp'", "neither"},
	{"source-nat", asks_source_nat, 0, "source NAT", NULL},
	{"xdp-mode:generic", asks_xdp_mode, XDP_MODE_GENERIC, "'xdp-mode generic'",
	 "'xdp-mode native'"},
};

static const struct demand *demand_of(const char *capability)
{
	for (size_t i = 0; i < sizeof(demands) / sizeof(demands[0]); i++)
		if (!strcmp(demands[i].capability, capability))
			return &demands[i];
	assert(false);
	return NULL;
}

/* => the first of what was found so far, the node, and all below it that is in force */
static const struct node *find_first(const struct checking *c, const struct demand *demand,
				     const struct node *node, const struct node *found)
{
	const struct schema *schema;
	const struct node *child;

	if (demand->asks(c, node, demand->value) &&
	    (!found || position_compare(node->at, found->at) < 0))
		found = node;
	for_each_statement(schema, node->schema)
		for_each_child(child, node, schema->word)
			found = find_first(c, demand, child, found);
	return found;
}

const struct node *capability_statement(const struct tree *tree, const char *capability)
{
	const struct checking checking = {
		.tree = tree,
		.zones = node_at(tree->root, "security zones"),
		.source = node_at(tree->root, "security nat source"),
	};

	return find_first(&checking, demand_of(capability), tree->root, NULL);
}

static bool is_listed(const json_t *list, const char *name)
{
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item)
		if (json_is_string(item) && !strcmp(json_string_value(item), name))
			return true;
	return false;
}

/* Adds what else could be written: another statement, or another dataplane that can do it. */
static void add_expected(const struct demand *demand, const json_t *offered, struct text *text)
{
	if (demand->instead)
		text_add(text, "%s", demand->instead);
	for (u32 i = 0; i < DATAPLANE_COUNT; i++)
		if (is_listed(json_object_get(offered, dataplane_names[i]), demand->capability))
			text_add(text, "%s'dataplane-type %s'", text->length ? ", or " : "",
				 dataplane_names[i]);
	if (!text->length)
		text_add(text, "a dataplane that can");
}

static void report(const struct tree *tree, const struct demand *demand, const char *dataplane,
		   const json_t *offered, struct diagnostics *diagnostics)
{
	const struct node *node = capability_statement(tree, demand->capability);
	struct text expected = {0};

	add_expected(demand, offered, &expected);
	diagnostics_error(diagnostics, node ? node->at : (struct position){0},
			  "the %s dataplane cannot do %s; expected %s", dataplane, demand->what,
			  expected.bytes);
}

void check_capabilities(const struct tree *tree, const json_t *needed, const char *dataplane,
			const json_t *offered, struct diagnostics *diagnostics)
{
	const json_t *list = json_object_get(offered, dataplane);
	size_t i;
	json_t *name;

	json_array_foreach(needed, i, name)
		if (!is_listed(list, json_string_value(name)))
			report(tree, demand_of(json_string_value(name)), dataplane, offered,
			       diagnostics);
}
