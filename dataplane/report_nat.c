/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pools, rules, and what was refused.
 */
#include "dataplane/report.h"

#include <arpa/inet.h>

#include "core/atomic.h"
#include "core/pool_ports.h"
#include "dataplane/address.h"
#include "dataplane/alarms.h"
#include "dataplane/clock.h"
#include "dataplane/report_view.h"
#include "dataplane/words.h"

/* => {reason: count}, only those that happened */
static json_t *failures_json(const struct owner_counters *counters)
{
	json_t *object = json_object();

	for (u32 reason = 0; reason < REASON_COUNT; reason++) {
		u64 count = atomic_read(&counters->failures[reason]);

		if (count)
			report_add(object, reason_name(reason), report_number(count));
	}
	return object;
}

/* Pools. */

static json_t *space_json(const struct port_space *space)
{
	return report_number(atomic_read(&space->in_use));
}

struct pool_totals {
	u64 in_use;
	u64 resting;
	u64 addresses;
};

static json_t *pool_addresses_json(const struct view *v, const struct nat_pool *pool,
				   struct pool_totals *totals)
{
	json_t *list = json_array();

	for (u32 family = 0; family < FAMILY_COUNT; family++) {
		for (u32 i = 0; i < pool->lists[family].length; i++) {
			u32 slot = v->config->pool_addresses[pool->lists[family].first + i];
			const struct address_ports *ports = v->tables->ports[slot];

			totals->addresses++;
			if (!ports)
				continue;
			for (u32 p = 0; p < PORTS_PROTOCOLS; p++) {
				totals->in_use += atomic_read(&ports->spaces[p].in_use);
				totals->resting += atomic_read(&ports->spaces[p].resting);
			}
			report_append(list,
			       json_pack("{s:o, s:o, s:o, s:o}", "address",
					 report_address(&v->tables->control->addresses.slots[slot].address),
					 "tcp", space_json(&ports->spaces[PORTS_TCP]), "udp",
					 space_json(&ports->spaces[PORTS_UDP]), "icmp",
					 space_json(&ports->spaces[PORTS_ICMP])));
		}
	}
	return list;
}

/* => the name of the overflow pool, "interface", or null */
static json_t *overflow_json(const struct view *v, const struct nat_pool *pool)
{
	if (!pool->overflow)
		return json_null();
	if (pool->overflow == OVERFLOW_INTERFACE)
		return json_string("interface");
	return json_string(view_pool(v, v->config->pools[(pool->overflow - 1u) % MAX_POOLS].id));
}

/* => how many ports the pool's addresses have, of all protocols */
static u64 pool_capacity(const struct nat_pool *pool, u64 addresses)
{
	u64 ports = 0;

	for (u32 protocol = 0; protocol < PORTS_PROTOCOLS; protocol++)
		ports += pool_ports_of_space(pool, protocol);
	return addresses * ports;
}

/* => thresholds and state of an alarm; null where there is none */
static json_t *alarm_json(const struct alarm_thresholds *alarm,
			  const struct owner_counters *counters)
{
	u64 since_s = atomic_read(&counters->alarm_since_s);

	if (!alarm->raise)
		return json_null();
	return json_pack("{s:I, s:I, s:b, s:o}", "raise", (json_int_t)alarm->raise, "clear",
			 (json_int_t)alarm->clear, "raised", since_s != 0, "age_s",
			 since_s ? report_number(clock_now_s() - (u32)since_s) : json_null());
}

/* => the first host of a pool that shifts addresses, as a prefix; or null */
static json_t *base_json(const struct nat_pool *pool)
{
	char address[ADDRESS_TEXT_BYTES];
	u32 family_bits = ip_addr_family(&pool->base) == FAMILY_IPV4 ? 96 : 0;

	if (pool->selector != SELECT_SHIFTED)
		return json_null();
	return json_sprintf("%s/%u", ip_addr_print(&pool->base, address),
			    pool->base_length - family_bits);
}

/* What it is configured to do. */
static json_t *pool_configuration_json(const struct view *v, const struct nat_pool *pool,
				       bool of_interface)
{
	return json_pack(
		"{s:s, s:I, s:b, s:I, s:I, s:b, s:o, s:b, s:b, s:b, s:s, s:o}", "name",
		view_pool(v, pool->id), "id", (json_int_t)pool->id, "interface", of_interface,
		"port_low", (json_int_t)pool->port_low, "port_high", (json_int_t)pool->port_high,
		"port_translation", !(pool->port_flags & POOL_KEEPS_PORTS), "host_address_base",
		base_json(pool), "preserve_parity", (pool->port_flags & POOL_PRESERVES_PARITY) != 0,
		"preserve_range", (pool->port_flags & POOL_PRESERVES_RANGE) != 0,
		"address_persistent", pool->selector != SELECT_ROUND_ROBIN || of_interface,
		"algorithm", of_interface ? "interface" : selector_name(pool->selector),
		"overflow_pool", overflow_json(v, pool));
}

static json_t *pool_json(const struct view *v, const struct nat_pool *pool, bool of_interface)
{
	const struct owner_counters *counters =
		&v->tables->pool_counters[pool->id % MAX_POOL_IDS];
	json_t *object = pool_configuration_json(v, pool, of_interface);
	struct pool_totals totals = {0};
	json_t *addresses = pool_addresses_json(v, pool, &totals);
	json_t *figures = json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}",
		"total_addresses", (json_int_t)totals.addresses, "capacity",
		(json_int_t)pool_capacity(pool, totals.addresses), "ports_in_use",
		(json_int_t)totals.in_use, "ports_resting", (json_int_t)totals.resting,
		"utilization", (json_int_t)pool_utilization(v->tables, v->config, pool), "alarm",
		alarm_json(&pool->alarm, counters), "flows",
		(json_int_t)atomic_read(&counters->flows), "allocations",
		(json_int_t)atomic_read(&counters->flows_opened), "leases",
		(json_int_t)atomic_read(&counters->leases), "lease_allocations",
		(json_int_t)atomic_read(&counters->leases_opened), "hits",
		(json_int_t)atomic_read(&counters->hits), "exhaustions",
		(json_int_t)atomic_read(
			&counters->failures[REASON_source_nat_pool_exhausted]),
		"overflows", (json_int_t)atomic_read(&counters->overflows), "failures",
		failures_json(counters), "addresses", addresses);

	(void)json_object_update(object, figures);
	json_decref(figures);
	return object;
}

static void look_at_pools(const struct tables *tables, const struct network *network,
			  void *context)
{
	json_t *list = context;
	struct view v;
	u32 count;

	view_open(&v, tables, network);
	count = (u32)v.config->pool_count + v.config->interface_pool_count;
	for (u32 i = 0; i < count && i < MAX_POOLS; i++)
		report_append(list, pool_json(&v, &v.config->pools[i], i >= v.config->pool_count));
}

json_t *report_pools(struct engine *engine)
{
	json_t *list = json_array();

	engine_look(engine, look_at_pools, list);
	return json_pack("{s:o}", "pools", list);
}

/* Rules. */

static json_t *rule_json(const struct view *v, const struct nat_rule *rule, u32 position)
{
	static const char *const actions[] = {
		[RULE_OFF] = "off", [RULE_POOL] = "pool", [RULE_INTERFACE] = "interface",
		[RULE_FAIL] = "pool"};
	const struct owner_counters *counters =
		&v->tables->rule_counters[rule->id % MAX_RULE_IDS];
	const char *pool = "";

	if (rule->action == RULE_POOL)
		pool = view_pool(v, v->config->pools[rule->pool % MAX_POOLS].id);
	if (rule->action == RULE_FAIL)
		pool = view_pool(v, rule->pool);
	return json_pack("{s:s, s:s, s:I, s:I, s:s, s:s, s:I, s:I, s:I, s:o, s:o}", "rule_set",
			 view_rule_set(v, rule->id), "rule", view_rule(v, rule->id), "id",
			 (json_int_t)rule->id, "position", (json_int_t)position, "action",
			 actions[rule->action % 4], "pool", pool, "hits",
			 (json_int_t)atomic_read(&counters->hits), "flows_opened",
			 (json_int_t)atomic_read(&counters->flows_opened), "flows",
			 (json_int_t)atomic_read(&counters->flows), "alarm",
			 alarm_json(&rule->alarm, counters), "failures", failures_json(counters));
}

static void look_at_rules(const struct tables *tables, const struct network *network,
			  void *context)
{
	json_t *list = context;
	struct view v;

	view_open(&v, tables, network);
	for (u32 i = 0; i < v.config->rule_set_count; i++) {
		const struct nat_rule_set *set = &v.config->rule_sets[i];

		for (u32 j = 0; j < set->rule_count; j++)
			report_append(list, rule_json(&v, &v.config->rules[set->first_rule + j], j + 1));
	}
}

json_t *report_rules(struct engine *engine)
{
	json_t *list = json_array();

	engine_look(engine, look_at_rules, list);
	return json_pack("{s:o}", "rules", list);
}

/* Failures. */

static json_t *event_json(const struct view *v, const struct failure_event *event)
{
	u64 age_ns = clock_now_ns() - event->time_ns;

	return json_pack(
		"{s:f, s:s, s:s, s:s, s:s, s:s, s:o, s:I, s:o, s:I, s:I, s:s}", "age_s",
		(double)age_ns / 1e9, "reason", reason_name(event->reason), "text",
		reason_text(event->reason), "rule_set",
		view_rule_set(v, event->rule), "rule", view_rule(v, event->rule), "pool",
		view_pool(v, event->pool), "source", report_address(&event->source), "source_port",
		(json_int_t)ntohs(event->source_port), "destination",
		report_address(&event->destination), "destination_port",
		(json_int_t)ntohs(event->destination_port), "protocol",
		(json_int_t)event->protocol, "interface", view_interface(v, event->in_ifindex));
}

/* An event may be overwritten while it is copied: it counts only if its number stays the same. */
static bool copy_event(const struct event_ring *ring, u64 wanted, struct failure_event *copy)
{
	const struct failure_event *event = &ring->events[wanted % EVENT_CAPACITY];
	const u64 *from = (const u64 *)(const void *)event;
	u64 *to = (u64 *)(void *)copy;

	if (atomic_read(&event->sequence) != wanted + 1)
		return false;
	for (u32 i = 1; i < sizeof(*copy) / sizeof(*to); i++)
		to[i] = atomic_read(&from[i]);
	return atomic_read(&event->sequence) == wanted + 1;
}

static void look_at_failures(const struct tables *tables, const struct network *network,
			     void *context)
{
	json_t *list = json_array();
	u64 count = atomic_read(&tables->control->event_count);
	struct view v;

	view_open(&v, tables, network);
	for (u64 i = 0; i < EVENT_CAPACITY && i < count; i++) {
		struct failure_event event;

		if (copy_event(&tables->control->events, count - 1 - i, &event))
			report_append(list, event_json(&v, &event));
	}
	report_add(context, "total", report_number(count));
	report_add(context, "events", list);
}

json_t *report_failures(struct engine *engine)
{
	json_t *out = json_pack("{s:i, s:[]}", "total", 0, "events");

	engine_look(engine, look_at_failures, out);
	return out;
}
