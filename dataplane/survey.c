/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/survey.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "core/pool_ports.h"
#include "core/rules.h"

enum { BITS = 64, SLOT_WORDS = MAX_ADDRESS_SLOTS / BITS };

struct survey_pool {
	u16 overflow; /* the overflow pool's id, OVERFLOW_INTERFACE, or ID_NONE */
	u8 port_flags; /* enum pool_port_flags */
	struct port_range ports;
	u64 slots[SLOT_WORDS];
};

enum survey_rule { SURVEY_NO_RULE, SURVEY_RULE_FAILS, SURVEY_RULE_INTERFACE, SURVEY_RULE_POOL };

struct survey {
	const struct nat_config *config;
	u8 rules[MAX_RULE_IDS];       /* enum survey_rule */
	u16 rule_pools[MAX_RULE_IDS]; /* SURVEY_RULE_POOL: the pool's id */
	bool zones[MAX_ZONE_IDS];
	bool rule_sets[MAX_RULE_SET_IDS];
	bool applications[MAX_APPLICATION_IDS];
	bool interface_pools[MAX_POOL_IDS];
	bool named_pools[MAX_POOL_IDS]; /* named by a rule, but not there */
	struct survey_pool *pools[MAX_POOL_IDS];
	u64 slots[SLOT_WORDS];
};

static bool bit_is_set(const u64 *words, u32 bit)
{
	return words[bit / BITS] >> bit % BITS & 1;
}

static void set_bit(u64 *words, u32 bit)
{
	words[bit / BITS] |= 1ull << bit % BITS;
}

static bool add_pool(struct survey *survey, const struct nat_config *config,
		     const struct nat_pool *from)
{
	struct survey_pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return false;
	pool->port_flags = from->port_flags;
	pool->ports = (struct port_range){from->port_low, from->port_high};
	pool->overflow = from->overflow;
	if (from->overflow && from->overflow != OVERFLOW_INTERFACE)
		pool->overflow = config->pools[(from->overflow - 1u) % MAX_POOLS].id;
	for (u32 family = 0; family < FAMILY_COUNT; family++) {
		const struct address_list *list = &from->lists[family];

		for (u32 i = 0; i < list->length; i++) {
			u32 slot = config->pool_addresses[(list->first + i) % MAX_POOL_ADDRESSES];

			set_bit(pool->slots, slot % MAX_ADDRESS_SLOTS);
			set_bit(survey->slots, slot % MAX_ADDRESS_SLOTS);
		}
	}
	survey->pools[from->id % MAX_POOL_IDS] = pool;
	return true;
}

static bool add_pools(struct survey *survey, const struct nat_config *config)
{
	u32 count = (u32)config->pool_count + config->interface_pool_count;

	for (u32 i = 0; i < count && i < MAX_POOLS; i++) {
		if (!add_pool(survey, config, &config->pools[i]))
			return false;
		survey->interface_pools[config->pools[i].id % MAX_POOL_IDS] =
			i >= config->pool_count;
	}
	return true;
}

static void add_rule(struct survey *survey, const struct nat_config *config,
		     const struct nat_rule *rule)
{
	u32 id = rule->id % MAX_RULE_IDS;

	survey->rules[id] = SURVEY_RULE_FAILS;
	if (rule->action == RULE_INTERFACE)
		survey->rules[id] = SURVEY_RULE_INTERFACE;
	if (rule->action == RULE_POOL) {
		survey->rules[id] = SURVEY_RULE_POOL;
		survey->rule_pools[id] = config->pools[rule->pool % MAX_POOLS].id;
	}
	if (rule->action == RULE_FAIL)
		survey->named_pools[rule->pool % MAX_POOL_IDS] = true;
	for (u32 i = 0; i < rule->service_count && i < MAX_SERVICES_PER_RULE; i++)
		survey->applications[rule->services[i].application % MAX_APPLICATION_IDS] = true;
}

static void add_rule_sets(struct survey *survey, const struct nat_config *config)
{
	for (u32 i = 0; i < config->rule_set_count && i < MAX_RULE_SETS; i++) {
		const struct nat_rule_set *set = &config->rule_sets[i];

		survey->rule_sets[set->name % MAX_RULE_SET_IDS] = true;
		for (u32 j = 0; j < set->rule_count; j++)
			add_rule(survey, config, &config->rules[(set->first_rule + j) % MAX_RULES]);
	}
}

struct survey *survey_new(const struct nat_config *config)
{
	struct survey *survey = calloc(1, sizeof(*survey));

	if (!survey)
		return NULL;
	survey->config = config;
	for (u32 i = 0; i < config->zone_count && i < MAX_ZONES; i++)
		survey->zones[config->zones[i] % MAX_ZONE_IDS] = true;
	add_rule_sets(survey, config);
	if (add_pools(survey, config))
		return survey;
	survey_free(survey);
	return NULL;
}

void survey_free(struct survey *survey)
{
	if (!survey)
		return;
	for (u32 i = 0; i < MAX_POOL_IDS; i++)
		free(survey->pools[i]);
	free(survey);
}

static bool pool_covers(const struct survey_pool *pool, const struct flow *flow)
{
	u16 port = ntohs(flow->port);
	struct port_range ports;

	if (!pool)
		return false;
	if (protocol_is_kept(flow->protocol)) /* whatever its ports are */
		return bit_is_set(pool->slots, flow->address % MAX_ADDRESS_SLOTS);
	ports = pool_port_range(pool->ports, pool->port_flags, flow->protocol,
				ntohs(flow->inside_port));
	return port >= ports.low && port <= ports.high &&
	       bit_is_set(pool->slots, flow->address % MAX_ADDRESS_SLOTS);
}

/* => true if flows of the rule's pool may have their ports from the other one */
static bool pool_is_used_by(const struct survey *survey, u32 rule_pool, u32 pool)
{
	const struct survey_pool *named = survey->pools[rule_pool % MAX_POOL_IDS];

	if (rule_pool == pool)
		return true;
	if (!named || !named->overflow)
		return false;
	return named->overflow == OVERFLOW_INTERFACE ? survey->interface_pools[pool]
						     : named->overflow == pool;
}

bool survey_covers(const struct survey *survey, const struct flow *flow)
{
	u32 rule = atomic_read(&flow->rule) % MAX_RULE_IDS, pool = flow->pool % MAX_POOL_IDS;

	if (flow_kind(flow) == FLOW_PEER || flow_kind(flow) == FLOW_BACK)
		return true; /* it ends with its lease, or its flow */
	if (!survey_has_zone(survey, flow->zone & FLOW_ZONE_MASK) ||
	    !survey_has_zone(survey, flow_to_zone(flow)) ||
	    !pool_covers(survey->pools[pool], flow) ||
	    nat_address_find(survey->config, &flow->inside) ||
	    !nat_address_find(survey->config, &flow->remote) == flow_is_hairpin(flow))
		return false;
	if (survey->rules[rule] == SURVEY_RULE_INTERFACE)
		return survey->interface_pools[pool];
	return survey->rules[rule] == SURVEY_RULE_POOL &&
	       pool_is_used_by(survey, survey->rule_pools[rule], pool);
}

bool survey_has_zone(const struct survey *survey, u32 id)
{
	return id < MAX_ZONE_IDS && survey->zones[id];
}

bool survey_has_rule(const struct survey *survey, u32 id)
{
	return id < MAX_RULE_IDS && survey->rules[id] != SURVEY_NO_RULE;
}

bool survey_has_rule_set(const struct survey *survey, u32 id)
{
	return id < MAX_RULE_SET_IDS && survey->rule_sets[id];
}

bool survey_has_pool(const struct survey *survey, u32 id)
{
	return id < MAX_POOL_IDS && (survey->pools[id] || survey->named_pools[id]);
}

bool survey_has_application(const struct survey *survey, u32 id)
{
	return id < MAX_APPLICATION_IDS && survey->applications[id];
}

bool survey_has_address(const struct survey *survey, u32 slot)
{
	return slot < MAX_ADDRESS_SLOTS && bit_is_set(survey->slots, slot);
}
