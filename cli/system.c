/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show system dataplane, show system commit, show version, request security nat verify.
 */
#include "cli/show.h"

#include <string.h>
#include <time.h>

#include "cli/print.h"

/* What the kernel does with programs in generic mode costs most of the speed: said loudly. */
static const char *mode_text(const char *mode)
{
	if (!strcmp(mode, "generic"))
		return "generic: SLOW, in the kernel's own path";
	if (!strcmp(mode, "not attached"))
		return "not attached: NOTHING IS TRANSLATED HERE";
	return mode;
}

static void print_interfaces(FILE *out, const json_t *status)
{
	json_t *interface;
	size_t i;

	(void)fprintf(out, "\n%-16s %-16s %s\n", "Interface", "Zone", "XDP mode");
	json_array_foreach(json_object_get(status, "interfaces"), i, interface) {
		print_template(out, interface, "{name:-16} {zone:-16} ");
		(void)fprintf(out, "%s\n", mode_text(json_text(interface, "xdp_mode")));
	}
}

static void print_worker(FILE *out, const json_t *worker)
{
	bool copy = strcmp(json_text(worker, "mode"), "copy") == 0;

	print_template(out, worker, "{worker:-7} {cpu:-4} {interface:-16} {queue:5}  ");
	(void)fprintf(out, "%-10s%-12s", copy ? "COPY" : "zero-copy",
		      json_is_true(json_object_get(worker, "huge_pages")) ? "huge" : "normal");
	print_template(out, worker, "{taken:16} {stalls:7} {tx_dropped:8}");
	(void)fputs(json_is_true(json_object_get(worker, "stalled"))
			    ? "  STALLED: the kernel translates meanwhile\n"
			    : "\n",
		    out);
}

/* Who takes the packets in user space; each copy of a frame costs time, so it is said loudly. */
static void print_workers(FILE *out, const json_t *status)
{
	const json_t *workers = json_object_get(status, "workers");
	json_t *worker;
	size_t i;

	if (!json_array_size(workers))
		return;
	(void)fprintf(out, "\n%-7s %-4s %-16s %5s  %-10s%-12s%16s %7s %8s\n", "Worker", "CPU",
		      "Interface", "Queue", "Mode", "Pages", "Packets taken", "Stalls", "Unsent");
	json_array_foreach(workers, i, worker)
		print_worker(out, worker);
}

static void print_outcome(FILE *out, const json_t *status, const char *outcome, const char *title)
{
	json_t *reason;
	size_t i, shown = 0;

	json_array_foreach(json_object_get(status, "reasons"), i, reason) {
		if (strcmp(json_text(reason, "outcome"), outcome) != 0 ||
		    !json_number(reason, "packets"))
			continue;
		if (!shown++)
			(void)fprintf(out, "\n%-36s %16s %20s\n", title, "Packets", "Bytes");
		print_template(out, reason, "  {reason:-34} {packets:16} {bytes:20}  {text}\n");
	}
}

static const char *yes(const json_t *status, const char *field, const char *text)
{
	return json_is_true(json_object_get(status, field)) ? text : "";
}

static void print_processes(FILE *out, const json_t *status)
{
	const json_t *control = json_object_get(status, "control");
	bool connected = json_is_true(json_object_get(control, "dataplane_connected"));
	const char *error = json_text(control, "last_error");

	print_template(out, status, "Host name        : {host_name}\n"
				    "Instance         : {instance}\n");
	print_template(out, control, "Control          : holdfastd {version}, pid {pid}, "
				     "configuration {config_file}\n");
	if (connected) {
		print_template(out, status, "Dataplane        : {dataplane}, holdfast-dp {version}, ");
		print_template(out, control, "pid {dataplane_pid}, ");
	} else {
		(void)fputs("Dataplane        : HOLDFAST-DP DOES NOT RUN; its programs go on by "
			    "themselves, ", out);
	}
	print_template(out, control, "restarted {dataplane_restarts} times\n");
	if (connected)
		print_template(out, status, "Kernel           : {kernel}\n");
	if (*error)
		(void)fprintf(out, "Last error       : %s\n", error);
}

/* Whether the compiled forms of the core agree about the packets that both have judged. */
static void print_parity(FILE *out, const json_t *parity)
{
	if (!json_number(parity, "sample"))
		return;
	print_template(out, parity, "Parity           : 1 of {sample} first packets judged again, "
				    "{compared} compared, {parity_mismatch_total} ");
	(void)fputs(json_number(parity, "parity_mismatch_total")
			    ? "MISMATCHES; please report, with what --json says of the last\n"
			    : "mismatches\n",
		    out);
}

/* Fragments that came before the first one of their datagram. */
static void print_fragments(FILE *out, const json_t *fragments)
{
	if (!json_is_object(fragments))
		return; /* nothing is configured */
	print_template(out, fragments, "Fragments        : of {learnt} datagrams; {held} had to wait, "
				       "{held_now} now, {expired} in vain\n");
	if (json_number(fragments, "failures"))
		print_template(out, fragments, "Fragments        : {failures} that had waited COULD "
					       "NOT BE SENT ON\n");
}

/* What hosts were told whose packets were refused. */
static void print_answers(FILE *out, const json_t *answers)
{
	if (json_number(answers, "sent") || json_number(answers, "withheld"))
		print_template(out, answers, "Refusals         : {sent} answered, {withheld} not, "
					     "for there were too many at once\n");
	if (json_number(answers, "callers_told") || json_number(answers, "callers_withheld"))
		print_template(out, answers, "Unexpected SYNs  : {callers_told} answered, "
					     "{callers_withheld} not, for there were too many at "
					     "once\n");
}

static void print_state(FILE *out, const json_t *status)
{
	if (!json_object_get(status, "generation"))
		return; /* only holdfast-dp knows */
	print_template(out, status, "Generation       : {generation}");
	(void)fprintf(out, "%s%s%s\n",
		      json_is_false(json_object_get(status, "configured")) ? ", NOT CONFIGURED" : "",
		      yes(status, "unconfirmed", ", not confirmed yet"),
		      yes(status, "adopted", ", adopted from pinned state"));
	print_template(out, status,
		       "Sessions         : {live_flows} in use, maximum {maximum_flows}\n"
		       "Reclaimed        : {reclaimed} sessions, the last pass took "
		       "{collector_pass_ms} ms\n"
		       "Route changes    : {route_changes}\n"
		       "Judged           : {judged_by_workers} packets by workers, "
		       "{judged_in_kernel} in the kernel\n");
	if (!strcmp(json_text(status, "dataplane"), "userspace") &&
	    !json_array_size(json_object_get(status, "workers")))
		(void)fputs("Workers          : NONE RUN; the kernel translates meanwhile\n", out);
	print_answers(out, json_object_get(status, "answers"));
	print_parity(out, json_object_get(status, "parity"));
	print_fragments(out, json_object_get(status, "fragments"));
	if (json_number(status, "stalls"))
		print_template(out, status, "Stalls           : {stalls} times the kernel took over "
					    "from a worker that was late\n");
	if (json_number(status, "uplink_failures"))
		print_template(out, status, "Uplink           : {uplink_failures} packets COULD NOT "
					    "BE HANDED TO THE KERNEL\n");
	if (json_is_false(json_object_get(status, "next_hops_remembered")))
		(void)fputs("Next hops        : not remembered; every packet asks the kernel\n", out);
}

void dataplane_print(FILE *out, const json_t *status)
{
	const char *trouble = json_text(status, "trouble");

	print_processes(out, status);
	print_state(out, status);
	(void)fprintf(out, "Trouble          : %s\n", *trouble ? trouble : "none");
	if (json_array_size(json_object_get(status, "interfaces")))
		print_interfaces(out, status);
	print_workers(out, status);
	print_outcome(out, status, "forwarded", "Forwarded");
	print_outcome(out, status, "kernel", "Handed to the kernel");
	print_outcome(out, status, "dropped", "Dropped");
}

/* Commits. */

static void print_commit(FILE *out, const json_t *commit)
{
	time_t time = (time_t)json_number(commit, "time");
	struct tm broken_down;
	char text[64] = "?";

	if (localtime_r(&time, &broken_down))
		(void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %Z", &broken_down);
	print_template(out, commit, "{number:-4}");
	(void)fprintf(out, "%s  generation ", text);
	print_template(out, commit, "{generation}  digest ");
	(void)fprintf(out, "%.12s", json_text(commit, "digest"));
	print_template(out, commit, "  {source}\n");
}

void commits_print(FILE *out, const json_t *commits)
{
	json_t *commit;
	size_t i;

	json_array_foreach(json_object_get(commits, "commits"), i, commit)
		print_commit(out, commit);
	if (!json_array_size(json_object_get(commits, "commits")))
		(void)fputs("No commit yet\n", out);
}

void version_print(FILE *out, const json_t *status)
{
	print_template(out, status, "Hostname: {host_name}\n");
	(void)fputs("holdfast: " HOLDFAST_VERSION "\n", out);
	print_template(out, json_object_get(status, "control"), "holdfastd: {version}\n");
	print_template(out, status, "holdfast-dp: {version}\nKernel: {kernel}\n");
}

void verify_print(FILE *out, const json_t *verdict)
{
	json_t *finding;
	size_t i;

	print_template(out, verdict, "Checked: {flows} sessions, {ports} ports in use, "
				     "{free_slots} free slots\n"
				     "Findings: {total}\n");
	json_array_foreach(json_object_get(verdict, "findings"), i, finding)
		if (json_number(finding, "count"))
			print_template(out, finding, "  {finding} {count} ({text})\n");
}
