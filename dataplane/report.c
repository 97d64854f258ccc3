/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dataplane as a whole.
 */
#include "dataplane/report.h"

#include <net/if.h>
#include <stdio.h>
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

/* What was said to those whose packets were refused (core/answer.h, core/caller.h). */
static json_t *answers_json(const struct tables *tables)
{
	u64 counts[ANSWER_COUNTS] = {0};

	for (u32 row = 0; row < tables->counter_rows; row++)
		for (u32 what = 0; what < ANSWER_COUNTS; what++)
			counts[what] += atomic_read(&tables->packet_counters[row].answers[what]);
	return json_pack("{s:I, s:I, s:I, s:I}", "sent", (json_int_t)counts[ANSWERS_SENT],
			 "withheld", (json_int_t)counts[ANSWERS_WITHHELD], "callers_told",
			 (json_int_t)counts[CALLERS_TOLD], "callers_withheld",
			 (json_int_t)counts[CALLERS_WITHHELD]);
}

/* => frames that were judged in some rows of the counters: by CPUs, or by workers */
static json_t *count_judged(const struct tables *tables, u32 first_row, u32 end_row)
{
	u64 packets = 0;

	for (u32 row = first_row; row < end_row; row++)
		for (u32 reason = 0; reason < REASON_COUNT; reason++)
			packets += atomic_read(&tables->packet_counters[row].packets[reason]);
	return report_number(packets);
}

struct dataplane_view {
	json_t *out;
	struct engine *engine;
	const struct engine_status *status;
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
	report_add(d->out, "answers", answers_json(tables));
	report_add(d->out, "judged_in_kernel", count_judged(tables, 0, tables->first_worker_row));
	report_add(d->out, "judged_by_workers",
		   count_judged(tables, tables->first_worker_row, tables->holder_row));
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

static void add_worker(const struct worker_figures *f, void *context)
{
	struct dataplane_view *d = context;
	char name[IF_NAMESIZE] = "?";

	(void)if_indextoname(f->ifindex, name);
	report_append(json_object_get(d->out, "workers"),
		      json_pack("{s:i, s:o, s:s, s:i, s:s, s:b, s:b, s:I, s:I, s:I}", "worker",
				f->worker, "cpu", f->cpu < 0 ? json_null() : json_integer(f->cpu),
				"interface", name, "queue", f->queue, "mode",
				f->zero_copy ? "zero-copy" : "copy", "huge_pages", f->huge_pages,
				"stalled", f->stalled, "taken", (json_int_t)f->taken, "stalls",
				(json_int_t)f->stalls, "tx_dropped", (json_int_t)f->tx_dropped));
}

static const char *const form_names[FORM_COUNT] = {"kernel", "native"};

static json_t *judgement_json(const struct view *v, const struct judgement *j)
{
	bool opens = j->reason >= REASON_COUNT;
	json_t *address = j->address >= MAX_ADDRESS_SLOTS /* SAMPLE_ANY_ADDRESS is */
				  ? json_null()
				  : report_address(&v->tables->control->addresses
							    .slots[j->address]
							    .address);

	return json_pack("{s:s, s:s, s:s, s:s, s:o}", "reason",
			 opens ? "opens a flow" : reason_name(j->reason), "rule_set",
			 view_rule_set(v, j->rule), "rule", view_rule(v, j->rule), "pool",
			 view_pool(v, j->pool), "address", address);
}

static json_t *head_json(const struct sample *sample)
{
	char text[2 * SAMPLE_HEAD_BYTES + 1] = "";

	for (size_t i = 0; i < sample->head_length; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", sample->head[i]);
	return json_string(text);
}

/* The last mismatch, with its packet. */
static json_t *mismatch_json(const struct view *v, const struct sentinel *s)
{
	json_t *said = json_pack("{s:o}", "on its way", judgement_json(v, &s->last.judgement));

	for (u32 form = 0; form < FORM_COUNT; form++)
		report_add(said, form_names[form], judgement_json(v, &s->last_said[form]));
	return json_pack("{s:s, s:s, s:o, s:i, s:o}", "judged_by", form_names[s->last.form],
			 "interface", view_interface(v, s->last.ifindex), "head",
			 head_json(&s->last), "length", s->last.length, "said", said);
}

/* Fragments that came before their first one, and datagrams that were learnt. */
static void look_at_fragments(const struct tables *tables, const struct network *network,
			      void *context)
{
	struct dataplane_view *d = context;
	const struct holder_figures *held = &d->status->held;
	const struct fragment_table *table = &tables->control->fragments;

	(void)network;
	report_add(d->out, "fragments",
		   json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "learnt",
			     (json_int_t)atomic_read(&table->learnt), "held",
			     (json_int_t)atomic_read(&table->held), "held_now",
			     (json_int_t)held->held, "released",
			     (json_int_t)held->frames.released, "expired",
			     (json_int_t)held->frames.expired, "failures",
			     (json_int_t)held->failed));
}

/* What the sentinel has found (dataplane/sentinel.h). */
static void look_at_parity(const struct tables *tables, const struct network *network,
			   void *context)
{
	struct dataplane_view *d = context;
	const struct sentinel *s = &d->status->sentinel;
	struct view v;

	view_open(&v, tables, network);
	report_add(d->out, "parity",
		   json_pack("{s:I, s:I, s:I, s:I, s:I, s:o}", "sample",
			     (json_int_t)d->status->parity_sample, "due", (json_int_t)s->due,
			     "compared", (json_int_t)s->compared, "failures",
			     (json_int_t)s->failures, "parity_mismatch_total",
			     (json_int_t)s->mismatches, "last_mismatch",
			     s->mismatches ? mismatch_json(&v, s) : json_null()));
}

json_t *report_dataplane(struct engine *engine)
{
	struct engine_status status;
	struct dataplane_view d = {.engine = engine, .status = &status};
	struct utsname host;

	engine_status(engine, &status);
	(void)uname(&host);
	d.out = json_pack(
		"{s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s, "
		"s:[]}",
		"version", HOLDFAST_VERSION, "instance", status.instance, "dataplane",
		dataplane_names[status.dataplane], "kernel",
		host.release, "configured", status.configured, "unconfirmed", status.unconfirmed, "adopted", status.adopted,
		"generation", (json_int_t)status.generation, "maximum_flows",
		(json_int_t)status.flow_capacity, "live_flows", (json_int_t)0,
		"reclaimed", (json_int_t)status.reclaimed, "collector_pass_ms",
		(json_int_t)status.last_pass_ms, "route_changes", (json_int_t)status.way_changes,
		"stalls", (json_int_t)status.stalls, "uplink_failures",
		(json_int_t)status.uplink_failures, "trouble", status.trouble, "workers");
	if (!d.out)
		return NULL;
	engine_look(engine, look_at_dataplane, &d);
	engine_look(engine, look_at_parity, &d);
	engine_look(engine, look_at_fragments, &d);
	add_modes(&d);
	engine_visit_workers(engine, add_worker, &d);
	return d.out;
}
