/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a trace of tests/model through the core and writes what became of it, in the format of
 * tests/model/replay_file.py.
 *
 *     replay native DIR RESULTS STATE
 *     replay xdp DIR RESULTS STATE       in a network namespace that forms.py has set up
 *     replay worker DIR RESULTS STATE    likewise
 */
#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "core/nat.h"
#include "dataplane/address.h"
#include "dataplane/collector.h"
#include "dataplane/snapshot.h"
#include "dataplane/state.h"
#include "dataplane/words.h"
#include "tests/env/test_snapshot.h"
#include "tests/parity/scenario.h"
#include "tests/parity/worker_run.h"
#include "tests/parity/xdp_run.h"

enum { RECORD_PACKET = 1, RECORD_COLLECT = 2, VERDICT_COLLECTED = 255, TRACE_FRAME_BYTES = 4096,
       TRACE_HEADROOM = 128 };

/* As the files spell verdicts. */
_Static_assert((int)VERDICT_DROP == RUN_DROP && (int)VERDICT_KERNEL == RUN_KERNEL &&
		       (int)VERDICT_KERNEL_TRANSLATED == RUN_KERNEL_TRANSLATED &&
		       (int)VERDICT_FORWARD == RUN_FORWARD &&
		       (int)VERDICT_ANSWER == RUN_ANSWER && RUN_DROP == 0 && RUN_ANSWER == 4,
	       "tests/model/replay_file.py");

struct __attribute__((packed)) trace_record {
	u8 kind;
	u8 zero;
	u16 length;
	u32 time_s;
	u32 ifindex;
};

struct __attribute__((packed)) result_record {
	u8 verdict;
	u8 reason;
	u16 length;
	u32 ifindex;
};

/* What runs the trace; with neither, the native core does. */
struct form {
	struct xdp_run *xdp;
	struct worker_run *worker;
};

static u32 now_s; /* atomically: workers have threads of their own */

static u32 trace_clock_s(void)
{
	return __atomic_load_n(&now_s, __ATOMIC_RELAXED);
}

static u64 trace_clock_ns(void)
{
	return (u64)trace_clock_s() * 1000000000ull;
}

static void die(const char *what)
{
	(void)fprintf(stderr, "replay: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* The frame may begin in front of where it began, and is then moved to where it was. */
static void run_native(u8 *frame, u16 *length, u32 ifindex, struct run_outcome *outcome)
{
	struct native_frame native = {
		.start = frame, .end = frame + *length, .headroom = TRACE_HEADROOM};
	struct verdict verdict = nat_packet(&native, ifindex, nat_active_half(), false);
	bool held = verdict.action == VERDICT_HELD;

	*length = (u16)(native.end - native.start);
	memmove(frame, native.start, *length);
	*outcome = (struct run_outcome){
		.verdict = held ? RUN_HELD : verdict.action,
		.reason = held ? RUN_NO_REASON : verdict.reason,
		.ifindex = verdict.action == VERDICT_FORWARD ? verdict.ifindex : 0};
}

static void run_record(const struct form *form, u8 *frame, const struct trace_record *record,
		       struct result_record *result)
{
	u16 length = record->length;
	struct run_outcome outcome;

	if (form->worker)
		worker_run_packet(form->worker, frame, &length, record->ifindex, record->time_s,
				  &outcome);
	else if (form->xdp)
		xdp_run_packet(form->xdp, frame, &length, record->ifindex, record->time_s,
			       &outcome);
	else
		run_native(frame, &length, record->ifindex, &outcome);
	*result = (struct result_record){.verdict = outcome.verdict, .reason = outcome.reason,
					 .length = length, .ifindex = outcome.ifindex};
}

static void no_wait(void)
{
	/* nothing else runs: a grace period is over at once */
}

static void collect(struct tables *tables)
{
	struct collector_pass pass = {
		.now_s = trace_clock_s(), .config = &tables->config[!tables_idle_half(tables)],
		.wait = no_wait, .nexthop_generation = nexthop_generation(tables->control)};

	collector_walk(tables, &pass, 0, tables->control->flow_capacity);
}

/* Nobody waits for first fragments here: what is held makes room again. */
static void empty_store(struct tables *tables)
{
	for (u32 place = 0; place < HELD_PLACES; place++)
		atomic_write(&tables->control->fragments.held_states[place], HELD_FREE);
}

static FILE *open_file(const char *directory, const char *name, const char *mode)
{
	char path[4096];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s%s%s", directory, *directory ? "/" : "", name);
	file = fopen(path, mode);
	if (!file)
		die(path);
	return file;
}

static void replay(FILE *trace, FILE *results, struct tables *tables, const struct form *form)
{
	static u8 room[TRACE_HEADROOM + 2 + RUN_FRAME_ROOM] __attribute__((aligned(4)));
	u8 *frame = room + TRACE_HEADROOM + 2; /* the IP header then lies aligned */
	struct trace_record record;

	while (fread(&record, sizeof(record), 1, trace) == 1) {
		struct result_record result = {.verdict = VERDICT_COLLECTED};

		if (record.length > TRACE_FRAME_BYTES ||
		    fread(frame, 1, record.length, trace) != record.length)
			die("trace");
		__atomic_store_n(&now_s, record.time_s, __ATOMIC_RELAXED);
		if (record.kind == RECORD_COLLECT)
			collect(tables);
		else
			run_record(form, frame, &record, &result);
		if (result.verdict == RUN_HELD)
			empty_store(tables);
		if (fwrite(&result, sizeof(result), 1, results) != 1 ||
		    fwrite(frame, 1, result.length, results) != result.length)
			die("results");
	}
}

/* The state, as tests/model/state.py spells it. */

static const char *const tcp_state_names[] = {"opening",     "answered",   "established",
					      "closing_out", "closing_in", "closed",
					      "opening_in",  "answered_in", "picked_up"};
_Static_assert(sizeof(tcp_state_names) / sizeof(tcp_state_names[0]) == TCP_STATE_COUNT,
	       "every state has a name");

static json_t *address_json(const union ip_addr *address)
{
	char text[ADDRESS_TEXT_BYTES];

	return json_string(ip_addr_print(address, text));
}

static const char *zone_name(const struct tables *t, const struct flow *f)
{
	return t->names->zones[f->zone & FLOW_ZONE_MASK].names[0];
}

/* => a list of both names */
static json_t *rule_json(const struct tables *t, const struct flow *f)
{
	const struct name_entry *rule = &t->names->rules[f->rule];

	return json_pack("[s,s]", rule->names[0], rule->names[1]);
}

static json_t *translated_json(const struct tables *t, const struct flow *f)
{
	return address_json(&t->control->addresses.slots[f->address].address);
}

static json_t *flow_json(const struct tables *t, u32 slot)
{
	const struct flow *f = &t->flows[slot];
	const struct flow_stats *s = &t->flow_stats[slot];

	return json_pack(
		"{s:s, s:i, s:o, s:i, s:o, s:i, s:o, s:i, s:o, s:s, s:o, s:I, s:I, s:I, s:I, s:b}",
		"zone", zone_name(t, f), "protocol", f->protocol, "inside",
		address_json(&f->inside), "inside_port", ntohs(f->inside_port), "remote",
		address_json(&f->remote), "remote_port", ntohs(f->remote_port), "address",
		translated_json(t, f), "port", ntohs(f->port), "rule", rule_json(t, f), "pool",
		t->names->pools[f->pool].names[0], "tcp_state",
		f->protocol == PROTOCOL_TCP ? json_string(tcp_state_names[f->tcp_state])
					    : json_null(),
		"packets_out", (json_int_t)s->packets[FLOW_OUT], "bytes_out",
		(json_int_t)s->bytes[FLOW_OUT], "packets_in", (json_int_t)s->packets[FLOW_IN],
		"bytes_in", (json_int_t)s->bytes[FLOW_IN], "ending", f->life == FLOW_ENDING);
}

static json_t *lease_json(const struct tables *t, u32 slot)
{
	const struct flow *f = &t->flows[slot];

	return json_pack("{s:s, s:i, s:o, s:i, s:s, s:o, s:i, s:o, s:s, s:i, s:i, s:i}", "zone",
			 zone_name(t, f), "protocol", f->protocol, "inside",
			 address_json(&f->inside), "inside_port", ntohs(f->inside_port), "pool",
			 t->names->pools[f->pool].names[0], "address", translated_json(t, f), "port",
			 ntohs(f->port), "rule", rule_json(t, f), "permit",
			 permit_names[f->permit], "inactivity_timeout",
			 f->policy.inactivity_timeout_s, "maximum_flows", f->policy.flows_max + 1,
			 "flows", (int)f->users);
}

static json_t *peer_json(const struct tables *t, u32 slot)
{
	const struct flow *f = &t->flows[slot];

	return json_pack("{s:i, s:o, s:i, s:s, s:o, s:i}", "protocol", f->protocol,
			 "inside", address_json(&f->inside), "inside_port", ntohs(f->inside_port),
			 "pool", t->names->pools[f->pool].names[0], "remote",
			 address_json(&f->remote), "remote_port", ntohs(f->remote_port));
}

static bool is_of_kind(const struct flow *flow, enum flow_kind kind)
{
	return flow_kind(flow) == kind &&
	       (flow->life == FLOW_LIVE || flow->life == FLOW_ENDING);
}

/* => a list of what the slots of one kind hold */
static json_t *kind_json(const struct tables *t, enum flow_kind kind,
			 json_t *slot_json(const struct tables *t, u32 slot))
{
	json_t *list = json_array();

	for (u32 slot = 0; slot < t->control->flow_capacity; slot++)
		if (is_of_kind(&t->flows[slot], kind))
			json_array_append_new(list, slot_json(t, slot));
	return list;
}

static bool is_owned(u32 owner)
{
	return owner != PORT_FREE && owner != PORT_KERNEL && !port_rests(owner);
}

static json_t *space_json(const struct port_space *space, bool resting)
{
	json_t *list = json_array();

	for (u32 port = 0; port < PORTS_PER_SPACE; port++)
		if (resting ? port_rests(space->owners[port]) : is_owned(space->owners[port]))
			json_array_append_new(list, json_integer(port));
	return list;
}

static bool has_ports(const struct address_ports *ports, bool resting)
{
	u32 count = 0;

	for (u32 p = 0; p < PORTS_PROTOCOLS; p++)
		count += resting ? ports->spaces[p].resting : ports->spaces[p].in_use;
	return count != 0;
}

/* Ports that flows own, or those at rest. */
static json_t *ports_json(const struct tables *t, bool resting)
{
	json_t *object = json_object();
	char text[ADDRESS_TEXT_BYTES];

	for (u32 slot = 0; slot < MAX_ADDRESS_SLOTS; slot++) {
		const struct address_ports *ports = t->ports[slot];

		if (!ports || !has_ports(ports, resting))
			continue;
		json_object_set_new(object,
				    ip_addr_print(&t->control->addresses.slots[slot].address, text),
				    json_pack("{s:o, s:o, s:o}", "tcp",
					      space_json(&ports->spaces[PORTS_TCP], resting), "udp",
					      space_json(&ports->spaces[PORTS_UDP], resting), "icmp",
					      space_json(&ports->spaces[PORTS_ICMP], resting)));
	}
	return object;
}

static json_t *counters_json(const struct owner_counters *counters)
{
	json_t *failures = json_object();

	for (u32 i = 0; i < REASON_COUNT; i++)
		if (counters->failures[i])
			json_object_set_new(failures, reason_name(i),
					    json_integer((json_int_t)counters->failures[i]));
	return json_pack("{s:I, s:I, s:o}", "hits", (json_int_t)counters->hits, "opened",
			 (json_int_t)counters->flows_opened, "failures", failures);
}

static json_t *pool_json(const struct owner_counters *counters)
{
	json_t *object = counters_json(counters);

	json_object_set_new(object, "overflows", json_integer((json_int_t)counters->overflows));
	return object;
}

static json_t *owners_json(const struct name_entry *names, const struct owner_counters *counters,
			   u32 ids, bool rules)
{
	json_t *object = json_object();

	for (u32 id = 1; id < ids; id++) {
		char name[2 * NAME_BYTES + 1];

		if (!names[id].in_use)
			continue;
		(void)snprintf(name, sizeof(name), "%s%s%s", names[id].names[0],
			       rules ? "/" : "", names[id].names[1]);
		json_object_set_new(object, name,
				    rules ? counters_json(&counters[id]) : pool_json(&counters[id]));
	}
	return object;
}

static json_t *reasons_json(const struct tables *t)
{
	json_t *object = json_object();

	for (u32 i = 0; i < REASON_COUNT; i++) {
		u64 packets = 0;

		for (u32 row = 0; row < t->counter_rows; row++)
			packets += t->packet_counters[row].packets[i];
		if (packets)
			json_object_set_new(object, reason_name(i),
					    json_integer((json_int_t)packets));
	}
	return object;
}

static json_t *answers_json(const struct tables *t)
{
	json_int_t counts[ANSWER_COUNTS] = {0};

	for (u32 row = 0; row < t->counter_rows; row++)
		for (u32 what = 0; what < ANSWER_COUNTS; what++)
			counts[what] += (json_int_t)t->packet_counters[row].answers[what];
	return json_pack("{s:I, s:I}", "sent", counts[ANSWERS_SENT], "withheld",
			 counts[ANSWERS_WITHHELD]);
}

static void write_state(const struct tables *t, const char *path)
{
	json_t *state = json_pack(
		"{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "flows",
		kind_json(t, FLOW_SESSION, flow_json), "leases",
		kind_json(t, FLOW_LEASE, lease_json), "peers",
		kind_json(t, FLOW_PEER, peer_json), "ports", ports_json(t, false), "resting",
		ports_json(t, true), "rules",
		owners_json(t->names->rules, t->rule_counters, MAX_RULE_IDS, true), "pools",
		owners_json(t->names->pools, t->pool_counters, MAX_POOL_IDS, false), "reasons",
		reasons_json(t), "answers", answers_json(t));

	if (!state || json_dump_file(state, path, JSON_COMPACT))
		die(path);
	json_decref(state);
}

static void set_environment(struct tables *tables)
{
	environment = (struct environment){.tables = tables, .now_s = trace_clock_s,
					   .now_ns = trace_clock_ns, .route = scenario_route};
}

/* A trace, and where what becomes of it is written. */
struct job {
	const json_t *scenario;
	const struct network *network;
	FILE *trace;
	FILE *results;
	const char *state_path;
};

static void finish(const struct job *job, struct tables *tables, const struct form *form)
{
	replay(job->trace, job->results, tables, form);
	write_state(tables, job->state_path);
}

static void replay_natively(const struct job *job)
{
	struct tables *tables = tables_create(scenario_capacity(job->scenario), 1);
	struct port_tables ports = test_port_tables_of(tables);
	const struct form form = {0};

	set_environment(tables);
	scenario_set_routes(job->scenario, job->network);
	scenario_install(job->scenario, DATAPLANE_EBPF, tables, job->network, &ports);
	finish(job, tables, &form);
	tables_free(tables);
}

static void install_pinned(const struct job *job, enum dataplane dataplane, struct state *state)
{
	struct port_tables ports = state_port_tables(state);

	set_environment(&state->tables);
	scenario_install(job->scenario, dataplane, &state->tables, job->network, &ports);
}

static void replay_by_program(const struct job *job)
{
	const struct form form = {
		.xdp = xdp_run_open(scenario_capacity(job->scenario), job->network)};
	struct state *state = xdp_run_state(form.xdp);

	install_pinned(job, DATAPLANE_EBPF, state);
	finish(job, &state->tables, &form);
	xdp_run_close(form.xdp);
}

static void replay_by_worker(const struct job *job)
{
	static const struct worker_run_clock clock = {trace_clock_s, trace_clock_ns};
	const struct form form = {
		.worker = worker_run_open(scenario_capacity(job->scenario), job->network)};
	struct state *state = worker_run_state(form.worker);
	struct snapshot snapshot;

	install_pinned(job, DATAPLANE_USERSPACE, state);
	scenario_snapshot(job->scenario, DATAPLANE_USERSPACE, &snapshot);
	worker_run_start(form.worker, &snapshot, job->network, &clock);
	snapshot_free(&snapshot);
	finish(job, &state->tables, &form);
	worker_run_close(form.worker);
}

typedef void replay_function(const struct job *job);

/* => NULL if there is no such form */
static replay_function *find_form(const char *name)
{
	static const struct {
		const char *name;
		replay_function *replay;
	} forms[] = {{"native", replay_natively},
		     {"xdp", replay_by_program},
		     {"worker", replay_by_worker}};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (!strcmp(forms[i].name, name))
			return forms[i].replay;
	return NULL;
}

static void open_job(struct job *job, const char *directory, const char *results_path)
{
	char magic[8];

	job->trace = open_file(directory, "trace.bin", "r");
	job->results = open_file("", results_path, "w");
	if (fread(magic, sizeof(magic), 1, job->trace) != 1 || memcmp(magic, "HFTRACE1", 8) ||
	    fwrite("HFRESLT1", 8, 1, job->results) != 1)
		die("trace.bin");
}

static void close_job(const struct job *job, const char *results_path)
{
	(void)fclose(job->trace);
	if (fclose(job->results))
		die(results_path);
}

int main(int argc, char **argv)
{
	replay_function *replay_form = argc == 5 ? find_form(argv[1]) : NULL;
	struct network network;
	json_t *scenario;
	struct job job;

	if (!replay_form) {
		(void)fputs("usage: replay native|xdp|worker DIR RESULTS STATE\n", stderr);
		return 2;
	}
	scenario = scenario_load(argv[2]);
	scenario_network(scenario, &network);
	job = (struct job){
		.scenario = scenario, .network = &network, .state_path = argv[4]};
	open_job(&job, argv[2], argv[3]);
	replay_form(&job);
	close_job(&job, argv[3]);
	network_free(&network);
	json_decref(scenario);
	return 0;
}
