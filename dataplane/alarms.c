/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/alarms.h"

#include "core/atomic.h"
#include "core/pool_ports.h"

u32 pool_ports_of_space(const struct nat_pool *pool, u32 protocol)
{
	struct port_range all = {pool->port_low, pool->port_high}, high, low;
	u32 ports;

	if (pool->port_flags & POOL_KEEPS_PORTS)
		return PORTS_PER_SPACE;
	if (protocol == PORTS_ICMP)
		return (u32)all.high - all.low + 1;
	high = pool_port_range(all, pool->port_flags, PROTOCOL_UDP, PORTS_PER_SPACE - 1);
	low = pool_port_range(all, pool->port_flags, PROTOCOL_UDP, 1);
	ports = (u32)high.high - high.low + 1;
	if (low.high < high.low)
		ports += (u32)low.high - low.low + 1;
	return ports;
}

static u64 used_ports(const struct tables *tables, const struct nat_config *config,
		      const struct address_list *list, u32 protocol)
{
	u64 used = 0;

	for (u32 i = 0; i < list->length; i++) {
		u32 slot = config->pool_addresses[(list->first + i) % MAX_POOL_ADDRESSES];
		const struct address_ports *ports = tables->ports[slot % MAX_ADDRESS_SLOTS];

		if (ports)
			used += (u64)atomic_read(&ports->spaces[protocol].in_use) +
				atomic_read(&ports->spaces[protocol].resting);
	}
	return used;
}

u32 pool_utilization(const struct tables *tables, const struct nat_config *config,
		     const struct nat_pool *pool)
{
	u64 fullest = 0;

	for (u32 family = 0; family < FAMILY_COUNT; family++) {
		for (u32 protocol = 0; protocol < PORTS_PROTOCOLS; protocol++) {
			const struct address_list *list = &pool->lists[family];
			u64 used = used_ports(tables, config, list, protocol);
			u64 all = (u64)list->length * pool_ports_of_space(pool, protocol);

			if (all && 100 * used / all > fullest)
				fullest = 100 * used / all;
		}
	}
	return fullest < 100 ? (u32)fullest : 100;
}

/* => true if the alarm has changed; one that is no longer asked for is cleared */
static bool change(struct owner_counters *counters, const struct alarm_thresholds *alarm,
		   u64 figure, u32 now_s)
{
	bool is_raised = atomic_read(&counters->alarm_since_s);
	bool shall_be = alarm->raise && figure >= (is_raised ? alarm->clear : alarm->raise);

	if (is_raised == shall_be)
		return false;
	atomic_write(&counters->alarm_since_s, shall_be ? now_s + !now_s : 0);
	return true;
}

struct look {
	struct tables *tables;
	const struct nat_config *config;
	u32 now_s;
	void (*tell)(const struct alarm_event *event, void *context);
	void *context;
};

static void look_at_pool(const struct look *l, const struct nat_pool *pool)
{
	u32 id = pool->id % MAX_POOL_IDS;
	struct owner_counters *counters = &l->tables->pool_counters[id];
	struct alarm_event event = {.name = l->tables->names->pools[id].names[0]};

	if (!pool->alarm.raise && !atomic_read(&counters->alarm_since_s))
		return;
	event.figure = pool_utilization(l->tables, l->config, pool);
	if (!change(counters, &pool->alarm, event.figure, l->now_s))
		return;
	event.raised = atomic_read(&counters->alarm_since_s);
	l->tell(&event, l->context);
}

static void look_at_rule(const struct look *l, const struct nat_rule *rule)
{
	u32 id = rule->id % MAX_RULE_IDS;
	struct owner_counters *counters = &l->tables->rule_counters[id];
	const struct name_entry *names = &l->tables->names->rules[id];
	struct alarm_event event = {
		.of_rule = true, .rule_set = names->names[0], .name = names->names[1],
		.figure = atomic_read(&counters->flows)};

	if (!change(counters, &rule->alarm, event.figure, l->now_s))
		return;
	event.raised = atomic_read(&counters->alarm_since_s);
	l->tell(&event, l->context);
}

void alarms_look(struct tables *tables, u32 now_s,
		 void (*tell)(const struct alarm_event *event, void *context), void *context)
{
	const struct nat_config *config = &tables->config[!tables_idle_half(tables)];
	const struct look look = {tables, config, now_s, tell, context};

	for (u32 i = 0; i < config->pool_count && i < MAX_POOLS; i++)
		look_at_pool(&look, &config->pools[i]);
	for (u32 i = 0; i < config->rule_set_count && i < MAX_RULE_SETS; i++) {
		const struct nat_rule_set *set = &config->rule_sets[i];

		for (u32 j = 0; j < set->rule_count; j++)
			look_at_rule(&look, &config->rules[(set->first_rule + j) % MAX_RULES]);
	}
}
