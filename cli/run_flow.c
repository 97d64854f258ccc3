/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show and clear security flow session.
 */
#include "cli/api.h"
#include "cli/finish.h"
#include "cli/pages.h"
#include "cli/print.h"
#include "cli/run.h"
#include "cli/show.h"

static enum flow_form form_of(const struct arguments *arguments)
{
	if (arguments->values[ARGUMENT_BRIEF])
		return FLOW_BRIEF;
	return arguments->values[ARGUMENT_EXTENSIVE] ? FLOW_EXTENSIVE : FLOW_NORMAL;
}

static void print_flow(FILE *out, const json_t *flow, int form)
{
	flow_print(out, flow, (enum flow_form)form);
}

static enum status show_flows(const struct session *session, const struct arguments *arguments)
{
	const struct pages pages = {
		.path = "/v1/flows", .list = "flows", .add_filter = api_add_flow_filter,
		.print = print_flow, .form = (int)form_of(arguments), .total = "Total sessions"};

	return pages_show(session, &pages, arguments);
}

static enum status show_summary(const struct session *session, const struct arguments *arguments)
{
	struct text path = {0};
	json_t *summary, *failures = NULL;

	text_add(&path, "/v1/flow-summary");
	(void)api_add_flow_filter(arguments, &path);
	summary = api_get(session, path.bytes);
	if (summary)
		failures = api_get(session, "/v1/failures");
	if (!failures) {
		json_decref(summary);
		return STATUS_FAILED;
	}
	(void)json_object_set(summary, "failed", json_object_get(failures, "total"));
	json_decref(failures);
	return finish(session, summary, flow_summary_print);
}

enum status run_show_flow(struct session *session, const struct arguments *arguments)
{
	int forms = (arguments->values[ARGUMENT_SUMMARY] != NULL) +
		    (arguments->values[ARGUMENT_BRIEF] != NULL) +
		    (arguments->values[ARGUMENT_EXTENSIVE] != NULL);

	if (forms > 1) {
		(void)session_fail(session, "more than one form; expected one of summary, brief and "
					    "extensive");
		return STATUS_USAGE;
	}
	return arguments->values[ARGUMENT_SUMMARY] ? show_summary(session, arguments)
						   : show_flows(session, arguments);
}

static void print_cleared(FILE *out, const json_t *answer)
{
	print_template(out, answer, "{cleared} active sessions cleared\n");
}

/* Nobody ends all sessions by leaving out a word. */
enum status run_clear_flow(struct session *session, const struct arguments *arguments)
{
	bool all = arguments->values[ARGUMENT_ALL] != NULL;
	struct text path = {0};

	text_add(&path, "/v1/flows");
	if (api_add_flow_filter(arguments, &path) == all) {
		(void)session_fail(session, "which sessions? expected all, or what they have in "
					    "common: source-prefix, protocol, session-identifier ...");
		return STATUS_USAGE;
	}
	return finish(session, api_delete(session, path.bytes), print_cleared);
}
