/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show and clear security nat source persistent-nat-table.
 */
#include "cli/api.h"
#include "cli/finish.h"
#include "cli/pages.h"
#include "cli/print.h"
#include "cli/run.h"
#include "cli/show.h"

static void print_lease(FILE *out, const json_t *lease, int form)
{
	(void)form;
	lease_print(out, lease);
}

static enum status show_leases(const struct session *session, const struct arguments *arguments)
{
	const struct pages pages = {
		.path = "/v1/leases", .list = "leases", .add_filter = api_add_lease_filter,
		.print_head = leases_print_head, .print = print_lease,
		.total = "Total bindings"};

	return pages_show(session, &pages, arguments);
}

static enum status show_summary(const struct session *session)
{
	return finish(session, api_get(session, "/v1/lease-summary"), lease_summary_print);
}

enum status run_show_persistent_nat_table(struct session *session,
					  const struct arguments *arguments)
{
	bool all = arguments->values[ARGUMENT_ALL] != NULL;
	bool summary = arguments->values[ARGUMENT_SUMMARY] != NULL;
	struct text path = {0};
	bool some = api_add_lease_filter(arguments, &path);

	if (all + summary + some > 1) {
		(void)session_fail(session, "all, summary, or which leases? expected one of them");
		return STATUS_USAGE;
	}
	return summary ? show_summary(session) : show_leases(session, arguments);
}

static void print_cleared(FILE *out, const json_t *answer)
{
	print_template(out, answer, "{cleared} bindings cleared, and {flows} sessions of theirs\n");
}

/* Nobody ends all leases by leaving out a word. */
enum status run_clear_persistent_nat_table(struct session *session,
					   const struct arguments *arguments)
{
	bool all = arguments->values[ARGUMENT_ALL] != NULL;
	struct text path = {0};

	text_add(&path, "/v1/leases");
	if (api_add_lease_filter(arguments, &path) == all) {
		(void)session_fail(session, "which leases? expected all, or what they have in common: "
					    "pool, interface, internal-ip ...");
		return STATUS_USAGE;
	}
	return finish(session, api_delete(session, path.bytes), print_cleared);
}
