/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flows, listed and counted.
 */
#include "dataplane/report.h"

#include <arpa/inet.h>

#include "dataplane/clock.h"
#include "dataplane/idle.h"
#include "dataplane/report_view.h"

static const char *const tcp_state_names[TCP_STATE_COUNT] = {
	"opening",    "answered", "established", "closing-out",
	"closing-in", "closed",   "opening-in",  "answered-in", "picked-up"};

static s64 flow_left_s(const struct view *v, const struct flow *flow)
{
	u32 timeout = idle_timeout_s(v->config, flow);
	s64 idle = (s64)clock_now_s() - atomic_read(&flow->last_seen_s);

	return idle < 0 ? timeout : idle > timeout ? 0 : timeout - idle;
}

static const char *flow_state_name(const struct flow *flow)
{
	if (atomic_read(&flow->life) == FLOW_ENDING)
		return "ending";
	return flow->protocol == PROTOCOL_TCP
		       ? tcp_state_names[atomic_read(&flow->tcp_state) % TCP_STATE_COUNT]
		       : "";
}

static json_t *direction_json(const struct flow_stats *stats, enum flow_direction direction)
{
	return json_pack("{s:I, s:I}", "packets",
			 (json_int_t)atomic_read(&stats->packets[direction]), "bytes",
			 (json_int_t)atomic_read(&stats->bytes[direction]));
}

static u32 flow_out_ifindex(const struct view *v, const struct flow *flow)
{
	u32 word = atomic_read(&flow->nexthop_out);

	return word ? v->tables->control->nexthops.entries[word % NEXTHOP_COUNT].ifindex : 0;
}

static json_t *flow_json(const struct view *v, u32 slot)
{
	const struct flow *flow = &v->tables->flows[slot];
	const struct flow_stats *stats = &v->tables->flow_stats[slot];

	return json_pack(
		"{s:I, s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:I, s:I, s:o, s:I, s:o, s:I, s:o, s:I, "
		"s:s, s:s, s:o, s:o}",
		"session", (json_int_t)slot, "rule_set", view_rule_set(v, flow->rule), "rule",
		view_rule(v, flow->rule), "pool", view_pool(v, flow->pool), "from_zone",
		view_zone(v, flow->zone & FLOW_ZONE_MASK), "to_zone",
		view_zone(v, flow_to_zone(flow)), "protocol",
		(json_int_t)flow->protocol, "state", flow_state_name(flow), "timeout",
		(json_int_t)flow_left_s(v, flow), "age",
		(json_int_t)(clock_now_s() - stats->created_s), "source",
		report_address(&flow->inside), "source_port",
		(json_int_t)ntohs(flow->inside_port), "destination", report_address(&flow->remote),
		"destination_port", (json_int_t)ntohs(flow->remote_port), "translated",
		report_address(&v->tables->control->addresses.slots[flow->address % MAX_ADDRESS_SLOTS].address),
		"translated_port", (json_int_t)ntohs(flow->port), "in_interface",
		view_interface(v, stats->in_ifindex), "out_interface",
		view_interface(v, flow_out_ifindex(v, flow)), "out",
		direction_json(stats, FLOW_OUT), "in", direction_json(stats, FLOW_IN));
}

/* What the summary counts apart. */
enum shown_protocol { SHOWN_TCP, SHOWN_UDP, SHOWN_ICMP, SHOWN_GRE, SHOWN_ESP, SHOWN_PROTOCOLS };

struct flow_walk {
	const struct flow_filter *filter;
	json_t *list;
	u32 next;
	u32 limit;
	bool finished;
	u64 by_protocol[SHOWN_PROTOCOLS];
	u64 by_state[TCP_STATE_COUNT];
	u64 ending; /* the collector takes them away in a moment */
};

static bool flow_is_shown(const struct view *v, const struct flow_filter *filter, u32 slot)
{
	u8 life = atomic_read(&v->tables->flows[slot].life);

	return (life == FLOW_LIVE || life == FLOW_ENDING) &&
	       flow_filter_matches(filter, v->tables, slot);
}

static void list_flows(const struct tables *tables, const struct network *network, void *context)
{
	struct flow_walk *walk = context;
	struct view v;

	view_open(&v, tables, network);
	for (; walk->next < tables->control->flow_capacity; walk->next++) {
		if (!flow_is_shown(&v, walk->filter, walk->next))
			continue;
		if (json_array_size(walk->list) == walk->limit)
			return;
		report_append(walk->list, flow_json(&v, walk->next));
	}
	walk->finished = true;
}

json_t *report_flows(struct engine *engine, const struct flow_filter *filter, u32 first, u32 limit)
{
	struct flow_walk walk = {
		.filter = filter, .list = json_array(), .next = first, .limit = limit,
		.finished = true};

	engine_look(engine, list_flows, &walk);
	return json_pack("{s:o, s:o}", "flows", walk.list, "next",
			 walk.finished ? json_null() : report_number(walk.next));
}

static enum shown_protocol protocol_place(u8 protocol)
{
	switch (protocol) {
	case PROTOCOL_TCP:
		return SHOWN_TCP;
	case PROTOCOL_UDP:
		return SHOWN_UDP;
	case PROTOCOL_GRE:
		return SHOWN_GRE;
	case PROTOCOL_ESP:
		return SHOWN_ESP;
	default:
		return SHOWN_ICMP;
	}
}

static void count_flows(const struct tables *tables, const struct network *network, void *context)
{
	struct flow_walk *walk = context;
	struct view v;

	view_open(&v, tables, network);
	for (u32 slot = 0; slot < tables->control->flow_capacity; slot++) {
		const struct flow *flow = &tables->flows[slot];

		if (!flow_is_shown(&v, walk->filter, slot))
			continue;
		walk->by_protocol[protocol_place(flow->protocol)]++;
		walk->ending += atomic_read(&flow->life) == FLOW_ENDING;
		if (flow->protocol == PROTOCOL_TCP)
			walk->by_state[atomic_read(&flow->tcp_state) % TCP_STATE_COUNT]++;
	}
}

json_t *report_flow_summary(struct engine *engine, const struct flow_filter *filter)
{
	struct flow_walk walk = {.filter = filter};
	json_t *states = json_object();
	struct engine_status status;
	u64 total = 0;

	engine_look(engine, count_flows, &walk);
	engine_status(engine, &status);
	for (u32 i = 0; i < SHOWN_PROTOCOLS; i++)
		total += walk.by_protocol[i];
	for (u32 i = 0; i < TCP_STATE_COUNT; i++)
		report_add(states, tcp_state_names[i], report_number(walk.by_state[i]));
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "total", (json_int_t)total,
			 "ending", (json_int_t)walk.ending, "maximum",
			 (json_int_t)status.flow_capacity, "tcp",
			 (json_int_t)walk.by_protocol[SHOWN_TCP], "udp",
			 (json_int_t)walk.by_protocol[SHOWN_UDP], "icmp",
			 (json_int_t)walk.by_protocol[SHOWN_ICMP], "gre",
			 (json_int_t)walk.by_protocol[SHOWN_GRE], "esp",
			 (json_int_t)walk.by_protocol[SHOWN_ESP], "tcp_states", states);
}
