/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dataplane as a whole.
 */
#include "dataplane/report.h"

#include <sys/utsname.h>

#include "core/atomic.h"
#include "dataplane/clock.h"
#include "dataplane/report_view.h"
#include "dataplane/words.h"

static json_t *reasons_json(const struct tables *tables)
{
	json_t *list = json_array();

	for (u32 reason = 0; reason < REASON_COUNT; reason++) {
		u64 packets = 0, bytes = 0;

		for (u32 row = 0; row < tables->counter_rows; row++) {
			packets += atomic_read(&tables->packet_counters[row].packets[reason]);
			bytes += atomic_read(&tables->packet_counters[row].bytes[reason]);
		}
		report_append(list, json_pack("{s:s, s:s, s:s, s:I, s:I}", "reason",
					      reason_name(reason), "outcome",
					      reason_outcome(reason), "text", reason_text(reason),
					      "packets", (json_int_t)packets, "bytes",
					      (json_int_t)bytes));
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
			return json_string(view_zone(v, v->config->interfaces[i].zone));
	return json_null();
}

/* Every flow is of one pool, also of one that is no longer configured. */
static u64 count_live_flows(const struct tables *tables)
{
	u64 count = 0;

	for (u32 id = 0; id < MAX_POOL_IDS; id++)
		count += atomic_read(&tables->pool_counters[id].flows);
	return count;
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
		report_append(interfaces,
		       json_pack("{s:s, s:I, s:o}", "name", v.config->column_name[column],
				 "ifindex", (json_int_t)ifindex, "zone",
				 zone_of_column(&v, column)));
	}
	report_add(d->out, "interfaces", interfaces);
	report_add(d->out, "reasons", reasons_json(tables));
	report_add(d->out, "live_flows", report_number(count_live_flows(tables)));
	report_add(d->out, "next_hops_remembered",
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
		report_add(json_array_get(interfaces, i), "xdp_mode", json_string(text));
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
		(json_int_t)status.flow_capacity, "live_flows", (json_int_t)0,
		"reclaimed", (json_int_t)status.reclaimed, "collector_pass_ms",
		(json_int_t)status.last_pass_ms, "route_changes", (json_int_t)status.way_changes,
		"trouble", status.trouble);
	if (!d.out)
		return NULL;
	engine_look(engine, look_at_dataplane, &d);
	add_modes(&d);
	return d.out;
}
