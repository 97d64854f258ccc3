/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leases, listed and counted.
 */
#include "dataplane/report.h"

#include <arpa/inet.h>

#include "core/lease.h"
#include "dataplane/clock.h"
#include "dataplane/report_view.h"
#include "dataplane/words.h"

/* => seconds until the lease ends if nothing comes; null while it has flows */
static json_t *left_json(const struct flow *lease)
{
	u32 timeout = lease_policy(lease).inactivity_timeout_s;
	s64 idle = (s64)clock_now_s() - atomic_read(&lease->last_seen_s);

	if (atomic_read(&lease->users))
		return json_null();
	return json_integer(idle < 0 ? timeout : idle > timeout ? 0 : timeout - idle);
}

static const char *permit_name(const struct flow *lease)
{
	const char *name = permit_names[atomic_read(&lease->permit) % PERMIT_COUNT];

	return name ? name : "";
}

static json_t *lease_json(const struct view *v, u32 slot)
{
	const struct flow *lease = &v->tables->flows[slot];
	u16 rule = atomic_read(&lease->rule);
	const struct address_entry *translated =
		&v->tables->control->addresses.slots[lease->address % MAX_ADDRESS_SLOTS];

	return json_pack(
		"{s:I, s:s, s:s, s:s, s:s, s:s, s:I, s:o, s:I, s:o, s:I, s:s, s:o, s:I, s:I, s:I}",
		"lease", (json_int_t)slot, "rule_set", view_rule_set(v, rule), "rule",
		view_rule(v, rule), "pool", view_pool(v, lease->pool), "from_zone",
		view_zone(v, lease->zone & FLOW_ZONE_MASK), "to_zone",
		view_zone(v, flow_to_zone(lease)), "protocol",
		(json_int_t)lease->protocol, "source", report_address(&lease->inside),
		"source_port", (json_int_t)ntohs(lease->inside_port), "translated",
		report_address(&translated->address), "translated_port",
		(json_int_t)ntohs(lease->port), "permit", permit_name(lease), "left",
		left_json(lease), "inactivity_timeout",
		(json_int_t)lease_policy(lease).inactivity_timeout_s, "sessions",
		(json_int_t)(atomic_read(&lease->users) & ~LEASE_CLOSED), "maximum_sessions",
		(json_int_t)lease_flows_max(lease_policy(lease)));
}

struct lease_walk {
	const struct lease_filter *filter;
	json_t *list;
	u32 next;
	u32 limit;
	bool finished;
};

static void list_leases(const struct tables *tables, const struct network *network, void *context)
{
	struct lease_walk *walk = context;
	struct view v;

	view_open(&v, tables, network);
	for (; walk->next < tables->control->flow_capacity; walk->next++) {
		if (!lease_is_open(tables, walk->next) ||
		    !lease_filter_matches(walk->filter, tables, walk->next))
			continue;
		if (json_array_size(walk->list) == walk->limit) {
			walk->finished = false;
			return;
		}
		report_append(walk->list, lease_json(&v, walk->next));
	}
}

json_t *report_leases(struct engine *engine, const struct lease_filter *filter, u32 first,
		      u32 limit)
{
	struct lease_walk walk = {
		.filter = filter, .list = json_array(), .next = first, .limit = limit,
		.finished = true};

	engine_look(engine, list_leases, &walk);
	return json_pack("{s:o, s:o}", "leases", walk.list, "next",
			 walk.finished ? json_null() : report_number(walk.next));
}

struct lease_counts {
	u64 leases;
	u64 peers;
	u64 in_use;
	u64 maximum;
};

static void count_leases(const struct tables *tables, const struct network *network, void *context)
{
	struct lease_counts *counts = context;

	(void)network;
	for (u32 slot = 0; slot < tables->control->flow_capacity; slot++) {
		const struct flow *flow = &tables->flows[slot];

		counts->leases += lease_is_open(tables, slot);
		counts->peers += atomic_read(&flow->life) == FLOW_LIVE &&
				 flow_kind(flow) == FLOW_PEER;
	}
	counts->in_use = atomic_read(&tables->control->binding_count);
	counts->maximum = tables->control->flow_capacity / BINDING_SHARE;
}

json_t *report_lease_summary(struct engine *engine)
{
	struct lease_counts counts = {0};

	engine_look(engine, count_leases, &counts);
	return json_pack("{s:I, s:I, s:I, s:I}", "leases", (json_int_t)counts.leases, "peers",
			 (json_int_t)counts.peers, "in_use", (json_int_t)counts.in_use, "maximum",
			 (json_int_t)counts.maximum);
}
