/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/server.h"

#include <errno.h>
#include <string.h>

#include "dataplane/capabilities.h"
#include "dataplane/flow_filter.h"
#include "dataplane/report.h"

static json_t *fail(const char *text)
{
	return json_pack("{s:b, s:s}", "ok", 0, "error", text);
}

/* Makes an answer of a report. */
static json_t *succeed(json_t *report)
{
	if (!report)
		return fail("out of memory");
	(void)json_object_set_new(report, "ok", json_true());
	return report;
}

static json_t *done(int result, const struct error *error)
{
	return result ? fail(error->text) : succeed(json_object());
}

static json_t *installed(json_t *read_back, const struct error *error)
{
	return read_back ? succeed(json_pack("{s:o}", "installed", read_back)) : fail(error->text);
}

static json_t *answer_status(struct engine *engine, json_t *request)
{
	(void)request;
	return succeed(report_dataplane(engine));
}

static json_t *answer_apply(struct engine *engine, json_t *request)
{
	json_t *snapshot = json_object_get(request, "snapshot");
	struct error error;

	if (!snapshot)
		return fail("apply: the field snapshot is missing");
	return installed(engine_apply(engine, snapshot, &error), &error);
}

static json_t *answer_confirm(struct engine *engine, json_t *request)
{
	struct error error;

	(void)request;
	return done(engine_confirm(engine, &error), &error);
}

static json_t *answer_revert(struct engine *engine, json_t *request)
{
	struct error error;

	(void)request;
	return done(engine_revert(engine, &error), &error);
}

static json_t *answer_read_back(struct engine *engine, json_t *request)
{
	struct error error;

	(void)request;
	return installed(engine_read_back(engine, &error), &error);
}

static json_t *answer_capabilities(struct engine *engine, json_t *request)
{
	(void)engine, (void)request;
	return succeed(json_pack("{s:o}", "capabilities", capabilities_offered()));
}

static json_t *answer_pools(struct engine *engine, json_t *request)
{
	(void)request;
	return succeed(report_pools(engine));
}

static json_t *answer_rules(struct engine *engine, json_t *request)
{
	(void)request;
	return succeed(report_rules(engine));
}

static json_t *answer_failures(struct engine *engine, json_t *request)
{
	(void)request;
	return succeed(report_failures(engine));
}

static int read_filter(json_t *request, struct flow_filter *filter, struct error *error)
{
	return flow_filter_decode(json_object_get(request, "filter"), filter, error);
}

enum { FLOWS_PER_ANSWER = 8192 };

/* => false if the page that is asked for is none */
static bool read_page(const json_t *request, u32 *first, u32 *limit)
{
	json_int_t from = json_integer_value(json_object_get(request, "first"));
	json_int_t most = json_integer_value(json_object_get(request, "limit"));

	*first = (u32)from;
	*limit = (u32)most;
	return from >= 0 && from <= FLOWS_MAX && most >= 1 && most <= FLOWS_PER_ANSWER;
}

static json_t *answer_flows(struct engine *engine, json_t *request)
{
	struct flow_filter filter;
	struct error error;
	u32 first, limit;

	if (read_filter(request, &filter, &error))
		return fail(error.text);
	if (!read_page(request, &first, &limit))
		return fail("flows: first or limit out of range");
	return succeed(report_flows(engine, &filter, first, limit));
}

static json_t *answer_flow_summary(struct engine *engine, json_t *request)
{
	struct flow_filter filter;
	struct error error;

	if (read_filter(request, &filter, &error))
		return fail(error.text);
	return succeed(report_flow_summary(engine, &filter));
}

struct clearing {
	const struct flow_filter *filter;
	const struct tables *tables;
};

static bool is_to_be_cleared(const struct flow *flow, void *context)
{
	const struct clearing *clearing = context;

	return flow_filter_matches(clearing->filter, clearing->tables,
				   (u32)(flow - clearing->tables->flows));
}

static void note_tables(const struct tables *tables, const struct network *network, void *context)
{
	const struct tables **noted = context;

	(void)network;
	*noted = tables;
}

static json_t *answer_clear_flows(struct engine *engine, json_t *request)
{
	struct flow_filter filter;
	struct clearing clearing = {.filter = &filter};
	struct error error;

	if (read_filter(request, &filter, &error))
		return fail(error.text);
	engine_look(engine, note_tables, &clearing.tables);
	return succeed(json_pack(
		"{s:I}", "cleared",
		(json_int_t)engine_end_flows(engine, is_to_be_cleared, &clearing)));
}

static int read_lease_filter(json_t *request, struct lease_filter *filter, struct error *error)
{
	return lease_filter_decode(json_object_get(request, "filter"), filter, error);
}

static json_t *answer_leases(struct engine *engine, json_t *request)
{
	struct lease_filter filter;
	struct error error;
	u32 first, limit;

	if (read_lease_filter(request, &filter, &error))
		return fail(error.text);
	if (!read_page(request, &first, &limit))
		return fail("leases: first or limit out of range");
	return succeed(report_leases(engine, &filter, first, limit));
}

static json_t *answer_lease_summary(struct engine *engine, json_t *request)
{
	(void)request;
	return succeed(report_lease_summary(engine));
}

struct lease_clearing {
	const struct lease_filter *filter;
	const struct tables *tables;
	u64 leases;
};

/* A lease, whom it has called, and its flows. */
static bool is_of_cleared_lease(const struct flow *flow, void *context)
{
	struct lease_clearing *clearing = context;
	u32 slot = (u32)(flow - clearing->tables->flows);
	bool matches = lease_filter_matches(clearing->filter, clearing->tables, slot);

	clearing->leases += matches && lease_is_open(clearing->tables, slot);
	return matches;
}

/* A lease is only closed while it has flows; the second time they have ended, and it goes. */
static json_t *answer_clear_leases(struct engine *engine, json_t *request)
{
	struct lease_filter filter;
	struct lease_clearing clearing = {.filter = &filter};
	struct error error;
	u64 flows;

	if (read_lease_filter(request, &filter, &error))
		return fail(error.text);
	engine_look(engine, note_tables, &clearing.tables);
	flows = engine_end_flows(engine, is_of_cleared_lease, &clearing);
	flows += engine_end_flows(engine, is_of_cleared_lease, &clearing);
	return succeed(json_pack("{s:I, s:I}", "cleared", (json_int_t)clearing.leases, "flows",
				 (json_int_t)flows));
}

static json_t *answer_verify(struct engine *engine, json_t *request)
{
	struct audit audit;
	struct error error;
	json_t *findings;

	(void)request;
	if (engine_verify(engine, &audit, &error))
		return fail(error.text);
	findings = json_array();
	for (enum audit_finding f = 0; f < AUDIT_FINDING_COUNT; f++)
		(void)json_array_append_new(
			findings, json_pack("{s:s, s:s, s:I}", "finding", audit_finding_name(f),
					    "text", audit_finding_text(f), "count",
					    (json_int_t)audit.findings[f]));
	return succeed(json_pack("{s:o, s:I, s:I, s:I, s:I}", "findings", findings, "total",
				 (json_int_t)audit_total(&audit), "flows",
				 (json_int_t)audit.flows, "ports", (json_int_t)audit.ports,
				 "free_slots", (json_int_t)audit.free_slots));
}

struct request_handler {
	const char *name;
	json_t *(*answer)(struct engine *engine, json_t *request);
};

static const struct request_handler handlers[] = {
	{"status", answer_status},
	{"capabilities", answer_capabilities},
	{"apply", answer_apply},
	{"confirm", answer_confirm},
	{"revert", answer_revert},
	{"read-back", answer_read_back},
	{"pools", answer_pools},
	{"rules", answer_rules},
	{"failures", answer_failures},
	{"flows", answer_flows},
	{"flow-summary", answer_flow_summary},
	{"clear-flows", answer_clear_flows},
	{"leases", answer_leases},
	{"lease-summary", answer_lease_summary},
	{"clear-leases", answer_clear_leases},
	{"verify", answer_verify},
};

json_t *server_answer(struct engine *engine, json_t *request)
{
	const char *name = json_string_value(json_object_get(request, "request"));

	for (size_t i = 0; name && i < sizeof(handlers) / sizeof(handlers[0]); i++)
		if (!strcmp(handlers[i].name, name))
			return handlers[i].answer(engine, request);
	return fail("unknown request");
}
