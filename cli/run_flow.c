/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show and clear security flow session. Flows come in pages, and are printed page by page, so that
 * a million of them need no more room than one page; only as JSON they are one document.
 */
#include "cli/api.h"
#include "cli/print.h"
#include "cli/run.h"
#include "cli/show.h"

enum { FLOWS_PER_PAGE = 8192 };

static json_t *get_page(const struct session *session, const struct arguments *arguments,
			json_int_t first)
{
	struct text path = {0};

	text_add(&path, "/v1/flows?first=%" JSON_INTEGER_FORMAT "&limit=%d", first,
		 (int)FLOWS_PER_PAGE);
	(void)api_add_flow_filter(arguments, &path);
	return api_get(session, path.bytes);
}

static enum flow_form form_of(const struct arguments *arguments)
{
	if (arguments->values[ARGUMENT_BRIEF])
		return FLOW_BRIEF;
	return arguments->values[ARGUMENT_EXTENSIVE] ? FLOW_EXTENSIVE : FLOW_NORMAL;
}

/* => false if the answer has no place where the next page begins, that is: behind the last */
static bool next_page(const json_t *page, json_int_t *first)
{
	const json_t *next = json_object_get(page, "next");
	bool goes_on = json_is_integer(next) && json_integer_value(next) > *first;

	*first = json_integer_value(next);
	return goes_on;
}

/* Prints the flows of a page, or collects them. */
static void take_page(const struct session *session, enum flow_form form, const json_t *page,
		      json_t *all)
{
	json_t *flows = json_object_get(page, "flows"), *flow;
	size_t i;

	if (session->json) {
		(void)json_array_extend(all, flows);
		return;
	}
	json_array_foreach(flows, i, flow)
		flow_print(session->out, flow, form);
}

static enum status show_flows(const struct session *session, const struct arguments *arguments)
{
	json_t *all = json_array(), *page, *document;
	enum status status = STATUS_OK;
	json_int_t first = 0;
	size_t count = 0;
	bool more = true;

	while (more && status == STATUS_OK) {
		page = get_page(session, arguments, first);
		status = page ? STATUS_OK : STATUS_FAILED;
		count += json_array_size(json_object_get(page, "flows"));
		take_page(session, form_of(arguments), page, all);
		more = next_page(page, &first);
		json_decref(page);
	}
	if (status == STATUS_OK && !session->json)
		(void)fprintf(session->out, "Total sessions: %zu\n", count);
	if (status == STATUS_OK && session->json) {
		document = json_pack("{s:O}", "flows", all);
		status = print_json(session->out, document);
		json_decref(document);
	}
	json_decref(all);
	return status;
}

static enum status show_summary(const struct session *session, const struct arguments *arguments)
{
	struct text path = {0};
	json_t *summary, *failures = NULL;
	enum status status = STATUS_FAILED;

	text_add(&path, "/v1/flow-summary");
	(void)api_add_flow_filter(arguments, &path);
	summary = api_get(session, path.bytes);
	if (summary)
		failures = api_get(session, "/v1/failures");
	if (failures) {
		(void)json_object_set(summary, "failed", json_object_get(failures, "total"));
		status = STATUS_OK;
		if (session->json)
			status = print_json(session->out, summary);
		else
			flow_summary_print(session->out, summary);
	}
	json_decref(failures);
	json_decref(summary);
	return status;
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

/* Nobody ends all sessions by leaving out a word. */
enum status run_clear_flow(struct session *session, const struct arguments *arguments)
{
	bool all = arguments->values[ARGUMENT_ALL] != NULL;
	struct text path = {0};
	json_t *answer;
	enum status status = STATUS_OK;

	text_add(&path, "/v1/flows");
	if (api_add_flow_filter(arguments, &path) == all) {
		(void)session_fail(session, "which sessions? expected all, or what they have in "
					    "common: source-prefix, protocol, session-identifier ...");
		return STATUS_USAGE;
	}
	answer = api_delete(session, path.bytes);
	if (!answer)
		return STATUS_FAILED;
	if (session->json)
		status = print_json(session->out, answer);
	else
		print_template(session->out, answer, "{cleared} active sessions cleared\n");
	json_decref(answer);
	return status;
}
