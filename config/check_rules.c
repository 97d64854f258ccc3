/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules: their conditions, the pools they name, and what they leave over for the rules behind.
 */
#include <string.h>

#include "config/applications.h"
#include "config/checking.h"
#include "config/services.h"

/* The families of a list of prefixes; no list means any address. */
static u32 families_of(const struct node *match, const char *word)
{
	const struct node *prefix = node_child(match, word);
	u32 families = prefix ? NO_FAMILY : BOTH;

	for (; prefix; prefix = node_next(prefix))
		families |= 1u << prefix->value.prefix.family;
	return families;
}

static u32 rule_families(const struct node *rule)
{
	const struct node *match = node_child(rule, "match");

	return families_of(match, "source-address") & families_of(match, "destination-address");
}

static const char *family_name(u32 families)
{
	return families == IPV4_ONLY ? "IPv4" : "IPv6";
}

/* A packet of a family that the pool lacks is dropped: the rule owns it. */
static void check_families(struct checking *c, const struct node *rule, const struct node *name,
			   u32 pool)
{
	u32 wanted = rule_families(rule);

	if (wanted && !(wanted & pool))
		diagnostics_error(c->diagnostics, name->at,
				  "rule '%s' matches %s packets, and pool '%s' has no %s address; "
				  "expected a pool of the same family",
				  rule->text, family_name(wanted), name->text, family_name(wanted));
	else if (wanted & ~pool)
		diagnostics_warning(c->diagnostics, name->at,
				    "rule '%s' matches %s packets too, and pool '%s' has no %s "
				    "address: they are dropped as source_nat_pool_wrong_family",
				    rule->text, family_name(wanted & ~pool), name->text,
				    family_name(wanted & ~pool));
}

static void check_pool(struct checking *c, const struct node *rule, const struct node *name)
{
	const struct node *pool = checking_reference(c, c->source, "pool", name);
	struct pool_facts *facts;

	if (!pool)
		return;
	facts = checking_pool_facts(c, pool);
	facts->is_used = true;
	if (facts->families && !checking_is_damaged(rule) && !checking_is_damaged(pool))
		check_families(c, rule, name, facts->families);
}

static void check_application_names(struct checking *c, const struct node *match)
{
	const struct node *first = node_child(match, "application");
	const struct node *name;
	size_t services = 0;

	for (name = first; name; name = node_next(name)) {
		services += services_of(c->tree, name->text, NULL, 0);
		if (!strcmp(name->text, APPLICATION_ANY) && (name != first || node_next(name)))
			diagnostics_error(
				c->diagnostics, name->at,
				"application 'any' stands beside others; expected it alone");
	}
	if (services > MAX_SERVICES_PER_RULE)
		diagnostics_error(
			c->diagnostics, first->at,
			"these applications are %zu protocols and ports; expected at most "
			"%d in one rule",
			services, MAX_SERVICES_PER_RULE);
}

/* As in Junos, an application says all there is to say about protocol and ports. */
static void check_service_words(struct checking *c, const struct node *match)
{
	static const char *const words[] = {"source-port", "destination-port", "protocol"};
	const struct node *application = node_child(match, "application");

	for (size_t i = 0; application && i < sizeof(words) / sizeof(words[0]); i++) {
		const struct node *other = node_child(match, words[i]);

		if (other)
			diagnostics_error(c->diagnostics, other->at,
					  "'%s' stands beside 'application' (line %u); expected "
					  "either of them",
					  words[i], application->at.line);
	}
}

static void check_match(struct checking *c, const struct node *rule)
{
	const struct node *match = node_child(rule, "match");

	check_application_names(c, match);
	check_service_words(c, match);
	if (rule_families(rule) == NO_FAMILY)
		diagnostics_warning(c->diagnostics, rule->at,
				    "rule '%s' matches no packet: its source and destination "
				    "addresses are of different families",
				    rule->text);
}

/* Does the list leave no address out? */
static bool takes_every_address(const struct node *match, const char *word)
{
	const struct node *prefix = node_child(match, word);
	u32 covered = prefix ? NO_FAMILY : BOTH;

	for (; prefix; prefix = node_next(prefix))
		if (!prefix->value.prefix.length)
			covered |= 1u << prefix->value.prefix.family;
	return covered == BOTH;
}

static bool takes_every_service(const struct node *match)
{
	const struct node *application = node_child(match, "application");

	if (application)
		return !strcmp(application->text, APPLICATION_ANY);
	return !node_child(match, "source-port") && !node_child(match, "destination-port") &&
	       !node_child(match, "protocol");
}

static bool takes_everything(const struct node *rule)
{
	const struct node *match = node_child(rule, "match");

	return takes_every_address(match, "source-address") &&
	       takes_every_address(match, "destination-address") && takes_every_service(match) &&
	       !checking_is_damaged(rule);
}

/* The first rule behind one that takes everything; those behind it are as idle. */
static void check_reach(struct checking *c, const struct node *rule_set)
{
	const struct node *rule = node_child(rule_set, "rule");

	if (!rule && !checking_is_damaged(rule_set))
		diagnostics_warning(c->diagnostics, rule_set->at,
				    "rule-set '%s' has no rule: its packets leave untranslated",
				    rule_set->text);
	for (; rule; rule = node_next(rule)) {
		const struct node *next = node_next(rule);

		if (next && takes_everything(rule)) {
			diagnostics_warning(c->diagnostics, next->at,
					    "rule '%s' is never reached: rule '%s' (line %u) "
					    "matches every packet",
					    next->text, rule->text, rule->at.line);
			return;
		}
	}
}

static void check_rule(struct checking *c, const struct node *rule)
{
	const struct node *name = node_at(rule, "then source-nat pool name");

	check_match(c, rule);
	if (name)
		check_pool(c, rule, name);
}

/* Every interface may need a pool of its own for its address. */
static void check_interface_pools(struct checking *c, const struct node *action)
{
	const struct node *zone;
	size_t count = c->pool_count;

	for_each_child(zone, c->zones, "security-zone")
		count += node_count(node_child(zone, "interfaces"), "interface");
	if (count > MAX_POOLS && c->pool_count <= MAX_POOLS)
		diagnostics_error(c->diagnostics, action->at,
				  "with the action 'interface' every interface is a pool, which "
				  "makes %zu; expected at most %d pools",
				  count, MAX_POOLS);
}

static void check_use(struct checking *c)
{
	if (c->source && checking_is_damaged(c->source))
		return;
	for (size_t i = 0; i < c->pool_count; i++)
		if (!c->pools[i].is_used)
			diagnostics_warning(c->diagnostics, c->pools[i].pool->at,
					    "pool '%s' is not used by any rule",
					    c->pools[i].pool->text);
}

void check_rules(struct checking *c)
{
	const struct node *interface_action = NULL;
	const struct node *rule_set;
	const struct node *rule;
	size_t count = 0;

	if (c->out_of_memory)
		return;
	for_each_child(rule_set, c->source, "rule-set") {
		for_each_child(rule, rule_set, "rule") {
			checking_count(c, &count, MAX_RULES, rule, "rules");
			check_rule(c, rule);
			if (!interface_action)
				interface_action = node_at(rule, "then source-nat interface");
		}
		check_reach(c, rule_set);
	}
	if (interface_action)
		check_interface_pools(c, interface_action);
	check_use(c);
}
