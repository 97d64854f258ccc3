/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/report.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/utsname.h>

#include "core/tcp.h"
#include "dataplane/address.h"
#include "dataplane/clock.h"

static const char *const reason_names[] = {
#define X(name, text) #name,
	REASONS(X)
#undef X
};

static const char *const reason_texts[] = {
#define X(name, text) text,
	REASONS(X)
#undef X
};

static const char *const tcp_state_names[TCP_STATE_COUNT] = {
	"opening", "answered", "established", "closing-out", "closing-in", "closed"};

/* What every look needs. */
struct view {
	const struct tables *tables;
	const struct network *network;
	const struct nat_config *config;
	json_t *out;
};

static void view_open(struct view *view, const struct tables *tables,
		      const struct network *network)
{
	view->tables = tables;
	view->network = network;
	view->config = &tables->config[!tables_idle_half(tables)];
}

static const char *zone_name(const struct view *v, u32 id)
{
	return id ? v->tables->names->zones[id % MAX_ZONE_IDS].names[0] : "";
}

static const char *pool_name(const struct view *v, u32 id)
{
	return id ? v->tables->names->pools[id % MAX_POOL_IDS].names[0] : "";
}

static const char *rule_set_of_rule(const struct view *v, u32 id)
{
	return id ? v->tables->names->rules[id % MAX_RULE_IDS].names[0] : "";
}

static const char *rule_name(const struct view *v, u32 id)
{
	return id ? v->tables->names->rules[id % MAX_RULE_IDS].names[1] : "";
}

static const char *interface_name(const struct view *v, u32 ifindex)
{
	const char *name = network_name(v->network, ifindex);

	return name ? name : "";
}

static json_t *address_json(const union ip_addr *address)
{
	char text[ADDRESS_TEXT_BYTES];

	return json_string(ip_addr_print(address, text));
}

static json_t *number(u64 value)
{
	return json_integer((json_int_t)value);
}

static void add(json_t *object, const char *name, json_t *value)
{
	(void)json_object_set_new(object, name, value);
}

static void append(json_t *array, json_t *value)
{
	(void)json_array_append_new(array, value);
}

/* => {reason: count}, only those that happened */
static json_t *failures_json(const struct owner_counters *counters)
{
	json_t *object = json_object();

	for (u32 reason = 0; reason < REASON_COUNT; reason++) {
		u64 count = atomic_read(&counters->failures[reason]);

		if (count)
			add(object, reason_names[reason], number(count));
	}
	return object;
}

/* The dataplane. */

static json_t *reasons_json(const struct tables *tables)
{
	json_t *list = json_array();

	for (u32 reason = 0; reason < REASON_COUNT; reason++) {
		u64 packets = 0, bytes = 0;

		for (u32 row = 0; row < tables->counter_rows; row++) {
			packets += atomic_read(&tables->packet_counters[row].packets[reason]);
			bytes += atomic_read(&tables->packet_counters[row].bytes[reason]);
		}
		append(list, json_pack("{s:s, s:s, s:s, s:I, s:I}", "reason", reason_names[reason],
				       "outcome",
				       reason >= REASON_FIRST_DROP  ? "dropped"
				       : reason < REASON_not_ip     ? "forwarded"
								    : "kernel",
				       "text", reason_texts[reason], "packets",
				       (json_int_t)packets, "bytes", (json_int_t)bytes));
	}
	return list;
}

struct dataplane_view {
	json_t *out;
	struct engine *engine;
	u32 ifindexes[MAX_INTERFACES];
	u32 interface_count;
};

static json_t *zone_of_column(const struct view *v, u32 column)
{
	u32 ifindex = v->config->column_ifindex[column];

	for (u32 i = 0; i < INTERFACE_SLOTS; i++)
		if (v->config->interfaces[i].ifindex == ifindex)
			return json_string(zone_name(v, v->config->interfaces[i].zone));
	return json_null();
}

static void look_at_dataplane(const struct tables *tables, const struct network *network,
			      void *context)
{
	struct dataplane_view *d = context;
	json_t *interfaces = json_array();
	struct view v;

	view_open(&v, tables, network);
	for (u32 column = 1; column <= v.config->interface_count; column++) {
		u32 ifindex = v.config->column_ifindex[column];

		d->ifindexes[d->interface_count++] = ifindex;
		append(interfaces,
		       json_pack("{s:s, s:I, s:o}", "name", v.config->column_name[column],
				 "ifindex", (json_int_t)ifindex, "zone",
				 zone_of_column(&v, column)));
	}
	add(d->out, "interfaces", interfaces);
	add(d->out, "reasons", reasons_json(tables));
	add(d->out, "next_hops_remembered",
	    json_boolean(clock_now_s() <=
			 atomic_read(&tables->control->nexthops_valid_until_s)));
}

/* What the kernel says of our programs; asked without the tables' lock. */
static void add_modes(struct dataplane_view *d)
{
	json_t *interfaces = json_object_get(d->out, "interfaces");

	for (u32 i = 0; i < d->interface_count; i++) {
		enum snapshot_xdp_mode mode;
		const char *text = "not attached";

		if (engine_attached(d->engine, d->ifindexes[i], &mode))
			text = mode == XDP_MODE_NATIVE ? "native" : "generic";
		add(json_array_get(interfaces, i), "xdp_mode", json_string(text));
	}
}

json_t *report_dataplane(struct engine *engine)
{
	struct dataplane_view d = {.engine = engine};
	struct engine_status status;
	struct utsname host;

	engine_status(engine, &status);
	(void)uname(&host);
	d.out = json_pack(
		"{s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:s}", "version",
		HOLDFAST_VERSION, "instance", status.instance, "dataplane", "ebpf", "kernel", host.release, "configured",
		status.configured, "unconfirmed", status.unconfirmed, "adopted", status.adopted,
		"generation", (json_int_t)status.generation, "maximum_flows",
		(json_int_t)status.flow_capacity, "live_flows", (json_int_t)status.live_flows,
		"reclaimed", (json_int_t)status.reclaimed, "collector_pass_ms",
		(json_int_t)status.last_pass_ms, "route_changes", (json_int_t)status.way_changes,
		"trouble", status.trouble);
	if (!d.out)
		return NULL;
	engine_look(engine, look_at_dataplane, &d);
	add_modes(&d);
	return d.out;
}

/* Pools. */

static json_t *space_json(const struct port_space *space)
{
	return number(atomic_read(&space->in_use));
}

struct pool_totals {
	u64 in_use;
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
			for (u32 p = 0; p < PORTS_PROTOCOLS; p++)
				totals->in_use += atomic_read(&ports->spaces[p].in_use);
			append(list,
			       json_pack("{s:o, s:o, s:o, s:o}", "address",
					 address_json(&v->tables->control->addresses.slots[slot].address),
					 "tcp", space_json(&ports->spaces[PORTS_TCP]), "udp",
					 space_json(&ports->spaces[PORTS_UDP]), "icmp",
					 space_json(&ports->spaces[PORTS_ICMP])));
		}
	}
	return list;
}

static const char *selector_name(u8 selector)
{
	static const char *const names[] = {"round-robin", "userspace-v1", "ebpf-legacy"};

	return names[selector % 3];
}

static json_t *pool_json(const struct view *v, const struct nat_pool *pool, bool of_interface)
{
	const struct owner_counters *counters =
		&v->tables->pool_counters[pool->id % MAX_POOL_IDS];
	struct pool_totals totals = {0};
	json_t *addresses = pool_addresses_json(v, pool, &totals);
	u64 ports = (u64)pool->port_high - pool->port_low + 1;

	return json_pack(
		"{s:s, s:I, s:b, s:I, s:I, s:b, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}",
		"name", pool_name(v, pool->id), "id", (json_int_t)pool->id, "interface",
		of_interface, "port_low", (json_int_t)pool->port_low, "port_high",
		(json_int_t)pool->port_high, "address_persistent",
		pool->selector != SELECT_ROUND_ROBIN || of_interface, "algorithm",
		of_interface ? "interface" : selector_name(pool->selector), "total_addresses",
		(json_int_t)totals.addresses, "capacity",
		(json_int_t)(ports * totals.addresses * PORTS_PROTOCOLS), "ports_in_use",
		(json_int_t)totals.in_use, "flows", (json_int_t)atomic_read(&counters->flows),
		"allocations", (json_int_t)atomic_read(&counters->flows_opened), "hits",
		(json_int_t)atomic_read(&counters->hits), "exhaustions",
		(json_int_t)atomic_read(
			&counters->failures[REASON_source_nat_pool_exhausted]),
		"failures", failures_json(counters), "addresses", addresses);
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
		append(list, pool_json(&v, &v.config->pools[i], i >= v.config->pool_count));
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
		pool = pool_name(v, v->config->pools[rule->pool % MAX_POOLS].id);
	if (rule->action == RULE_FAIL)
		pool = pool_name(v, rule->pool);
	return json_pack("{s:s, s:s, s:I, s:I, s:s, s:s, s:I, s:I, s:I, s:o}", "rule_set",
			 rule_set_of_rule(v, rule->id), "rule", rule_name(v, rule->id), "id",
			 (json_int_t)rule->id, "position", (json_int_t)position, "action",
			 actions[rule->action % 4], "pool", pool, "hits",
			 (json_int_t)atomic_read(&counters->hits), "flows_opened",
			 (json_int_t)atomic_read(&counters->flows_opened), "flows",
			 (json_int_t)atomic_read(&counters->flows), "failures",
			 failures_json(counters));
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
			append(list, rule_json(&v, &v.config->rules[set->first_rule + j], j + 1));
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
		(double)age_ns / 1e9, "reason", reason_names[event->reason % REASON_COUNT], "text",
		reason_texts[event->reason % REASON_COUNT], "rule_set",
		rule_set_of_rule(v, event->rule), "rule", rule_name(v, event->rule), "pool",
		pool_name(v, event->pool), "source", address_json(&event->source), "source_port",
		(json_int_t)ntohs(event->source_port), "destination",
		address_json(&event->destination), "destination_port",
		(json_int_t)ntohs(event->destination_port), "protocol",
		(json_int_t)event->protocol, "interface", interface_name(v, event->in_ifindex));
}

/* An event may be overwritten while it is copied: it counts only if its number stays the same. */
static bool copy_event(const struct event_ring *ring, u64 wanted, struct failure_event *copy)
{
	const struct failure_event *event = &ring->events[wanted % EVENT_CAPACITY];

	if (atomic_read(&event->sequence) != wanted + 1)
		return false;
	*copy = *event;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
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
			append(list, event_json(&v, &event));
	}
	add(context, "total", number(count));
	add(context, "events", list);
}

json_t *report_failures(struct engine *engine)
{
	json_t *out = json_pack("{s:i, s:[]}", "total", 0, "events");

	engine_look(engine, look_at_failures, out);
	return out;
}

/* Flows. */

static s64 flow_left_s(const struct view *v, const struct flow *flow)
{
	u32 timeout = flow_timeout_s(&v->config->timeouts, flow->protocol,
				     atomic_read(&flow->tcp_state));
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
		"session", (json_int_t)slot, "rule_set", rule_set_of_rule(v, flow->rule), "rule",
		rule_name(v, flow->rule), "pool", pool_name(v, flow->pool), "from_zone",
		zone_name(v, flow->zone), "to_zone", zone_name(v, flow->to_zone), "protocol",
		(json_int_t)flow->protocol, "state", flow_state_name(flow), "timeout",
		(json_int_t)flow_left_s(v, flow), "age",
		(json_int_t)(clock_now_s() - stats->created_s), "source",
		address_json(&flow->inside), "source_port",
		(json_int_t)ntohs(flow->inside_port), "destination", address_json(&flow->remote),
		"destination_port", (json_int_t)ntohs(flow->remote_port), "translated",
		address_json(&v->tables->control->addresses.slots[flow->address % MAX_ADDRESS_SLOTS].address),
		"translated_port", (json_int_t)ntohs(flow->port), "in_interface",
		interface_name(v, stats->in_ifindex), "out_interface",
		interface_name(v, flow_out_ifindex(v, flow)), "out",
		direction_json(stats, FLOW_OUT), "in", direction_json(stats, FLOW_IN));
}

struct flow_walk {
	const struct flow_filter *filter;
	json_t *list;
	u32 next;
	u32 limit;
	bool finished;
	u64 by_protocol[PORTS_PROTOCOLS];
	u64 by_state[TCP_STATE_COUNT];
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
		append(walk->list, flow_json(&v, walk->next));
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
			 walk.finished ? json_null() : number(walk.next));
}

static u32 protocol_place(u8 protocol)
{
	if (protocol == PROTOCOL_TCP)
		return PORTS_TCP;
	return protocol == PROTOCOL_UDP ? PORTS_UDP : PORTS_ICMP;
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
	for (u32 i = 0; i < PORTS_PROTOCOLS; i++)
		total += walk.by_protocol[i];
	for (u32 i = 0; i < TCP_STATE_COUNT; i++)
		add(states, tcp_state_names[i], number(walk.by_state[i]));
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o}", "total", (json_int_t)total, "maximum",
			 (json_int_t)status.flow_capacity, "tcp",
			 (json_int_t)walk.by_protocol[PORTS_TCP], "udp",
			 (json_int_t)walk.by_protocol[PORTS_UDP], "icmp",
			 (json_int_t)walk.by_protocol[PORTS_ICMP], "tcp_states", states);
}
