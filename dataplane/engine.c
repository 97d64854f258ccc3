/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/nexthop.h"
#include "dataplane/alarms.h"
#include "dataplane/clock.h"
#include "dataplane/engine_private.h"
#include "dataplane/kernel_ports.h"
#include "dataplane/log.h"
#include "dataplane/proxy.h"
#include "dataplane/route_question.h"
#include "dataplane/snapshot.h"
#include "dataplane/worker.h"

enum {
	WALK_SLOTS = 65536,      /* of the flow table, while the lock is held */
	PASS_INTERVAL_S = 1,
	NEXTHOPS_VALID_S = 3,    /* without a tick */
	KEEPALIVE_INTERVAL_S = 10,
	SOCKETS_INTERVAL_S = 5,
};

void engine_trouble(struct engine *engine, const struct error *error)
{
	if (strcmp(engine->status.trouble, error->text))
		(void)fprintf(stderr, "holdfast-dp: %s\n", error->text);
	(void)snprintf(engine->status.trouble, sizeof(engine->status.trouble), "%s", error->text);
}

void engine_set_environment(struct engine *engine)
{
	environment = (struct environment){
		.tables = &engine->state.tables, .now_s = clock_now_s, .now_ns = clock_now_ns,
		.route = route_question};
}

/* The collector's thread. */

static void collector_wait_a_second(struct engine *engine)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += PASS_INTERVAL_S;
	if (!engine->stopping)
		(void)pthread_cond_timedwait(&engine->wake, &engine->lock, &until);
}

static void pass_start(struct engine *engine, struct collector_pass *pass)
{
	const struct tables *tables = &engine->state.tables;

	pass->now_s = clock_now_s();
	pass->config = &tables->config[!tables_idle_half(tables)];
	pass->wait = state_wait_for_packets;
	pass->nexthop_generation = nexthop_generation(tables->control);
}

/* One pass, giving way between two walks. Called and left with the lock held. */
static void collector_pass(struct engine *engine)
{
	u32 capacity = engine->state.tables.control->flow_capacity;
	struct collector_pass pass = {0};
	u64 started_ns = clock_now_ns();

	for (u32 first = 0; first < capacity && !engine->stopping; first += WALK_SLOTS) {
		pass_start(engine, &pass);
		collector_walk(&engine->state.tables, &pass, first, WALK_SLOTS);
		(void)pthread_mutex_unlock(&engine->lock);
		(void)pthread_mutex_lock(&engine->lock);
	}
	engine->status.reclaimed += pass.reclaimed;
	engine->status.last_pass_ms = (u32)((clock_now_ns() - started_ns) / 1000000);
}

static void *collector_main(void *argument)
{
	struct engine *engine = argument;

	(void)pthread_mutex_lock(&engine->lock);
	engine_set_environment(engine);
	while (!engine->stopping) {
		if (engine->configured)
			collector_pass(engine);
		collector_wait_a_second(engine);
	}
	(void)pthread_mutex_unlock(&engine->lock);
	return NULL;
}

u64 engine_sweep(struct engine *engine, collector_predicate *predicate, void *context)
{
	struct collector_pass pass = {.ends = predicate, .context = context};

	pass_start(engine, &pass);
	collector_walk(&engine->state.tables, &pass, 0, engine->state.tables.control->flow_capacity);
	engine->status.reclaimed += pass.reclaimed;
	return pass.ended;
}

u64 engine_end_flows(struct engine *engine, collector_predicate *predicate, void *context)
{
	u64 ended = 0;

	(void)pthread_mutex_lock(&engine->lock);
	if (engine->configured)
		ended = engine_sweep(engine, predicate, context);
	(void)pthread_mutex_unlock(&engine->lock);
	return ended;
}

int engine_verify(struct engine *engine, struct audit *audit, struct error *error)
{
	int result = -ENODATA;

	(void)pthread_mutex_lock(&engine->lock);
	if (engine->configured)
		result = audit_run(&engine->state.tables, false, state_wait_for_packets, audit);
	(void)pthread_mutex_unlock(&engine->lock);
	return result ? error_set_errno(error, -result, "verifying the tables") : 0;
}

/* Opening and closing. */

/* What an earlier process left is checked, and put right if it was killed in the middle. */
static int check_adopted(struct engine *engine, struct error *error)
{
	struct audit audit;
	int result = audit_run(&engine->state.tables, true, state_wait_for_packets, &audit);

	if (result)
		return error_set_errno(error, -result, "checking the adopted state");
	(void)fprintf(stderr,
		      "holdfast-dp: adopted %llu flows and %llu ports; %llu findings, %llu repaired\n",
		      audit.flows, audit.ports, audit_total(&audit), audit.repaired);
	return 0;
}

static int start_collector(struct engine *engine, struct error *error)
{
	int result = pthread_create(&engine->collector, NULL, collector_main, engine);

	engine->collecting = !result;
	return result ? error_set_errno(error, result, "starting the collector") : 0;
}

static int attach_uplink_of(void *context, u32 ifindex, struct error *error)
{
	const struct engine *engine = context;

	return attach_uplink(engine->attach, ifindex, error);
}

int engine_fit_workers(struct engine *engine, const struct snapshot *snapshot,
		       struct error *error)
{
	const struct workers_surroundings surroundings = {
		.state = &engine->state, .now_s = worker_now_s, .now_ns = clock_now_ns,
		.wake_holder = holder_wake, .attach_uplink = attach_uplink_of, .context = engine};
	struct workers_plan plan;
	int result = 0;

	if (snapshot->dataplane == DATAPLANE_USERSPACE)
		result = workers_plan(&plan, snapshot, &engine->network, error);
	if (result)
		return result;
	if (snapshot->dataplane == DATAPLANE_USERSPACE && workers_follow(engine->workers, &plan))
		return 0;
	workers_stop(engine->workers);
	engine->workers = NULL;
	if (snapshot->dataplane == DATAPLANE_USERSPACE)
		result = workers_start(&engine->workers, &plan, &surroundings, error);
	return result;
}

/* What the workers of a process that was killed left. */
static void settle_workers(struct engine *engine)
{
	u64 lost = workers_settle(&engine->state);

	if (lost)
		log_write(LOG_WARNING, "%llu packets lay in the rings of workers that were killed",
			  lost);
}

static void start_sentinel(struct engine *engine)
{
	struct sentinel *sentinel = &engine->sentinel;

	engine->rehearse_program = attach_rehearse_program(engine->attach);
	sentinel->forms[FORM_NATIVE].rehearse = sentinel_rehearse_natively;
	sentinel->forms[FORM_KERNEL].rehearse = sentinel_rehearse_in_kernel;
	sentinel->forms[FORM_KERNEL].context = &engine->rehearse_program;
	sentinel_start(sentinel, &engine->state.tables);
}

int engine_start(struct engine *engine, struct error *error)
{
	struct clock_reading reading;
	int result;

	settle_workers(engine);
	result = attach_open(&engine->attach, &engine->state, error);

	if (!result)
		result = attach_read_clock(engine->attach, &reading, error);
	if (result)
		return result;
	clock_set(engine->state.tables.control, &reading, clock_tick_ns());
	route_question_use(attach_route_program(engine->attach));
	start_sentinel(engine);
	engine_set_environment(engine);
	engine->status.flow_capacity = engine->state.tables.control->flow_capacity;
	engine->status.adopted = engine->state.adopted;
	result = holder_start(&engine->holder, &engine->state, attach_uplink_of, engine, error);
	return result ? result : start_collector(engine, error);
}

/* Interfaces or addresses may have changed. What fails is tried again at the next announcement. */
static void follow_network(struct engine *engine)
{
	struct error error;

	engine->network_changed = engine_reconcile(engine, &error) != 0;
	if (engine->network_changed)
		engine_trouble(engine, &error);
	else
		engine->status.trouble[0] = '\0';
}

/* State that an earlier process left. */
static int engine_adopt(struct engine *engine, struct error *error)
{
	int result = state_open(&engine->state, engine->instance, 0, error);

	if (result == -ENOENT)
		return 0;
	if (!result)
		result = netlink_read_network(engine->netlink, &engine->network, error);
	engine_set_environment(engine);
	if (!result)
		result = check_adopted(engine, error);
	if (!result)
		result = engine_start(engine, error);
	if (!result)
		result = engine_recall(engine, error);
	if (!result && engine->configured)
		follow_network(engine);
	return result;
}

static int engine_prepare(struct engine *engine, const char *instance, struct error *error)
{
	pthread_condattr_t attributes;
	int result;

	(void)snprintf(engine->instance, sizeof(engine->instance), "%s", instance);
	(void)pthread_mutex_init(&engine->lock, NULL);
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&engine->wake, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	result = netlink_open(&engine->netlink, error);
	return result ? result : netlink_monitor_open(&engine->monitor, error);
}

int engine_open(struct engine **engine, const char *instance, struct error *error)
{
	struct engine *new = calloc(1, sizeof(*new));
	int result;

	if (!new)
		return error_set(error, ENOMEM, "out of memory");
	result = engine_prepare(new, instance, error);
	if (!result) {
		(void)pthread_mutex_lock(&new->lock);
		result = engine_adopt(new, error);
		(void)pthread_mutex_unlock(&new->lock);
	}
	if (result)
		engine_close(new);
	else
		*engine = new;
	return result;
}

void engine_close(struct engine *engine)
{
	(void)pthread_mutex_lock(&engine->lock);
	engine->stopping = true;
	(void)pthread_cond_signal(&engine->wake);
	(void)pthread_mutex_unlock(&engine->lock);
	if (engine->collecting)
		(void)pthread_join(engine->collector, NULL);
	workers_stop(engine->workers);
	holder_stop(engine->holder);
	attach_close(engine->attach);
	if (engine->state.tables.control)
		state_close(&engine->state);
	snapshot_free(&engine->snapshot);
	snapshot_free(&engine->previous);
	network_free(&engine->network);
	netlink_monitor_close(engine->monitor);
	netlink_close(engine->netlink);
	(void)pthread_cond_destroy(&engine->wake);
	(void)pthread_mutex_destroy(&engine->lock);
	free(engine);
}

static int remove_proxies(struct error *error)
{
	const struct snapshot none = {0};
	struct network network = {0};
	struct netlink *netlink;
	int result = netlink_open(&netlink, error);

	if (result)
		return result;
	result = netlink_read_network(netlink, &network, error);
	if (!result)
		result = proxy_prune(netlink, &network, &none, error);
	network_free(&network);
	netlink_close(netlink);
	return result;
}

int engine_discard(const char *instance, struct error *error)
{
	int result = attach_discard(instance, error);

	if (!result)
		result = state_discard(instance, error);
	return result ? result : remove_proxies(error);
}

/* What the kernel announces. */

int engine_kernel_fd(const struct engine *engine)
{
	return netlink_monitor_fd(engine->monitor);
}

/* A generation lasts at least one grace period [abi/nexthop.h]. */
void engine_new_ways(struct engine *engine)
{
	struct control *control = engine->state.tables.control;
	u32 generation = nexthop_generation(control);

	generation = generation == NEXTHOP_GENERATION_MASK ? 1 : generation + 1;
	(void)atomic_swap(&control->nexthop_generation, generation);
	engine->status.way_changes++;
	state_wait_for_packets();
}

int engine_listen(struct engine *engine, struct error *error)
{
	struct netlink_changes changes = {0};
	int result = netlink_monitor_read(engine->monitor, &changes, error);

	(void)pthread_mutex_lock(&engine->lock);
	if (engine->configured && (result || changes.ways))
		engine_new_ways(engine);
	if (changes.addresses)
		engine->network_changed = true;
	if (engine->network_changed && engine->configured && !engine->unconfirmed)
		follow_network(engine);
	(void)pthread_mutex_unlock(&engine->lock);
	return result;
}

/* Time passing. */

static bool packets_use(const struct tables *tables, const struct netlink_neighbour *neighbour)
{
	u32 ready = nexthop_state_of(nexthop_generation(tables->control), NEXTHOP_READY);

	for (u32 i = 0; i < NEXTHOP_COUNT; i++) {
		const struct nexthop *hop = &tables->control->nexthops.entries[i];

		if (atomic_read(&hop->state) == ready && hop->ifindex == neighbour->ifindex &&
		    link_addr_equal(&hop->to, &neighbour->link))
			return true;
	}
	return false;
}

/*
 * Packets that XDP forwards confirm no neighbour, so the kernel would believe a stale one for ever:
 * it is asked to probe those that are in use.
 */
struct keepalive {
	const struct tables *tables;
	struct netlink_neighbour stale[NEXTHOP_COUNT];
	u32 count;
};

static int note_stale(const struct netlink_neighbour *neighbour, void *context)
{
	const u16 nud_stale = 0x04;
	struct keepalive *keepalive = context;

	if ((neighbour->state & nud_stale) && neighbour->has_link &&
	    keepalive->count < NEXTHOP_COUNT && packets_use(keepalive->tables, neighbour))
		keepalive->stale[keepalive->count++] = *neighbour;
	return 0;
}

static int keep_neighbours_alive(struct engine *engine, struct error *error)
{
	struct keepalive *keepalive = calloc(1, sizeof(*keepalive));
	int result;

	if (!keepalive)
		return error_set(error, ENOMEM, "out of memory");
	keepalive->tables = &engine->state.tables;
	result = netlink_neighbours(engine->netlink, false, note_stale, keepalive, error);
	for (u32 i = 0; !result && i < keepalive->count; i++)
		result = netlink_use_neighbour(engine->netlink, &keepalive->stale[i], error);
	free(keepalive);
	return result;
}

static void engine_chores(struct engine *engine, u32 now_s)
{
	struct error error;

	if (now_s - engine->keepalive_s >= KEEPALIVE_INTERVAL_S) {
		engine->keepalive_s = now_s;
		if (keep_neighbours_alive(engine, &error))
			engine_trouble(engine, &error);
	}
	if (now_s - engine->sockets_s >= SOCKETS_INTERVAL_S) {
		engine->sockets_s = now_s;
		if (kernel_ports_update(&engine->state.tables, &engine->network, &error))
			engine_trouble(engine, &error);
	}
}

static void look_at_samples(struct engine *engine)
{
	u64 mismatches = sentinel_look(&engine->sentinel, &engine->state.tables);
	struct error error;

	if (!mismatches)
		return;
	(void)error_set(&error, EBADE,
			"PARITY: the kernel's and the native form of the core judge %llu packets "
			"differently; the last is in the status (parity)",
			mismatches);
	engine_trouble(engine, &error);
}

/* [Junos RT_SRC_NAT_POOL_ALARM_RAISE and its like] */
static void tell_alarm(const struct alarm_event *event, void *context)
{
	const char *change = event->raised ? "RAISE" : "CLEAR";

	(void)context;
	if (event->of_rule)
		log_write(LOG_WARNING, "RT_SRC_NAT_RULE_ALARM_%s: rule %s of rule-set %s has %llu sessions",
			  change, event->name, event->rule_set, event->figure);
	else
		log_write(LOG_WARNING, "RT_SRC_NAT_POOL_ALARM_%s: pool %s is used to %llu percent",
			  change, event->name, event->figure);
}

void engine_tick(struct engine *engine)
{
	u32 now_s = clock_now_s();

	(void)pthread_mutex_lock(&engine->lock);
	if (engine->configured) {
		atomic_write(&engine->state.tables.control->nexthops_valid_until_s,
			     now_s + NEXTHOPS_VALID_S);
		look_at_samples(engine);
		if (!engine->unconfirmed)
			alarms_look(&engine->state.tables, now_s, tell_alarm, NULL);
		engine_chores(engine, now_s);
	}
	(void)pthread_mutex_unlock(&engine->lock);
}

/* Looking. */

void engine_look(struct engine *engine,
		 void (*look)(const struct tables *tables, const struct network *network,
			      void *context),
		 void *context)
{
	(void)pthread_mutex_lock(&engine->lock);
	if (engine->configured)
		look(&engine->state.tables, &engine->network, context);
	(void)pthread_mutex_unlock(&engine->lock);
}

static void add_stalls(const struct worker_figures *figures, void *context)
{
	*(u64 *)context += figures->stalls;
}

void engine_visit_workers(struct engine *engine,
			  void (*visit)(const struct worker_figures *figures, void *context),
			  void *context)
{
	(void)pthread_mutex_lock(&engine->lock);
	workers_visit(engine->workers, visit, context);
	(void)pthread_mutex_unlock(&engine->lock);
}

void engine_status(struct engine *engine, struct engine_status *status)
{
	(void)pthread_mutex_lock(&engine->lock);
	*status = engine->status;
	status->instance = engine->instance;
	status->configured = engine->configured;
	status->unconfirmed = engine->unconfirmed;
	status->generation = engine->snapshot.generation;
	status->dataplane = engine->snapshot.dataplane;
	status->stalls = engine->state.past_stalls;
	workers_visit(engine->workers, add_stalls, &status->stalls);
	status->parity_sample = engine->snapshot.parity_sample;
	status->sentinel = engine->sentinel;
	status->uplink_failures = workers_uplink_failures(engine->workers);
	holder_read(engine->holder, &status->held);
	(void)pthread_mutex_unlock(&engine->lock);
}

bool engine_attached(struct engine *engine, u32 ifindex, enum snapshot_xdp_mode *mode)
{
	bool attached;

	(void)pthread_mutex_lock(&engine->lock);
	attached = engine->attach && attach_mode(engine->attach, ifindex, mode);
	(void)pthread_mutex_unlock(&engine->lock);
	return attached;
}
