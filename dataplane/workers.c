/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Order. Starting: uplink, sockets and threads, place in the table, socket in the map, steering.
 * Stopping: no more steering, a grace period, threads (which finish what is in their rings), sockets,
 * places. At every moment in between the program finds either all of it or none.
 */
#include "dataplane/workers.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "dataplane/route_question.h"
#include "dataplane/worker.h"

struct workers {
	struct workers_plan plan;
	struct state *state;
	struct environment environment; /* of every worker, but for the row */
	struct uplink uplink;
	bool zero_copy;
	u32 count;
	struct worker workers[];
};

/* The plan. */

/* => queues that can both receive and send; a driver that does not tell has one */
static u32 count_queues(int fd, const char *name)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
	struct ifreq request = {.ifr_data = (void *)&channels};
	u32 rx, tx;

	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(fd, SIOCETHTOOL, &request))
		return 1;
	rx = channels.combined_count + channels.rx_count;
	tx = channels.combined_count + channels.tx_count;
	return rx && tx ? (rx < tx ? rx : tx) : 1;
}

static int plan_interface(struct workers_plan *plan, int fd,
			  const struct snapshot_interface *interface, u32 ifindex,
			  struct error *error)
{
	struct planned_interface *planned = &plan->interfaces[plan->interface_count++];
	struct ifreq request = {0};

	planned->ifindex = ifindex;
	(void)snprintf(planned->name, sizeof(planned->name), "%s", interface->name);
	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface->name);
	if (ioctl(fd, SIOCGIFMTU, &request))
		return error_set_errno(error, errno, "asking for the MTU of %s", interface->name);
	planned->mtu = (u32)request.ifr_mtu;
	planned->queues = count_queues(fd, interface->name);
	if (planned->mtu > FRAMES_MAX_MTU)
		return error_set(error, EOPNOTSUPP,
				 "interface %s: met an MTU of %u, expected at most %d for the "
				 "userspace dataplane",
				 interface->name, planned->mtu, FRAMES_MAX_MTU);
	return 0;
}

static u32 count_cpus(const struct workers_plan *plan)
{
	u32 count = 0;

	for (u32 i = 0; i < MAX_WORKER_CPUS / 64; i++)
		count += (u32)__builtin_popcountll(plan->cpus[i]);
	return count;
}

/* As many workers as each interface has queues, and no more than CPUs to run on. */
static void plan_workers(struct workers_plan *plan)
{
	u32 cpus = count_cpus(plan);

	plan->worker_count = cpus && cpus < MAX_WORKERS ? cpus : MAX_WORKERS;
	for (u32 i = 0; i < plan->interface_count; i++)
		if (plan->interfaces[i].queues < plan->worker_count)
			plan->worker_count = plan->interfaces[i].queues;
}

int workers_plan(struct workers_plan *plan, const struct snapshot *snapshot,
		 const struct network *network, struct error *error)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), result = 0;

	if (fd < 0)
		return error_set_errno(error, errno, "opening a socket");
	memset(plan, 0, sizeof(*plan));
	plan->busy_poll = snapshot->busy_poll;
	memcpy(plan->cpus, snapshot->worker_cpus, sizeof(plan->cpus));
	for (size_t i = 0; !result && i < snapshot->zone_count; i++) {
		const struct snapshot_zone *zone = &snapshot->zones[i];

		for (size_t j = 0; !result && j < zone->interface_count; j++)
			result = plan_interface(
				plan, fd, &zone->interfaces[j],
				network_ifindex(network, zone->interfaces[j].name), error);
	}
	(void)close(fd);
	plan_workers(plan);
	return result;
}

/* => the nth CPU of the plan, from the first again after the last; -1 if it names none */
static int planned_cpu(const struct workers_plan *plan, u32 n)
{
	u32 count = count_cpus(plan);

	if (!count)
		return -1;
	n %= count;
	for (int cpu = 0; cpu < MAX_WORKER_CPUS; cpu++)
		if ((plan->cpus[cpu / 64] >> cpu % 64 & 1) && !n--)
			return cpu;
	return -1;
}

/* The table. */

static struct worker_queue *entry_at(const struct state *state, u32 place)
{
	return &state->tables.worker_queues[place];
}

/* => the place, now the queue's; -ENOSPC */
static int take_place(struct state *state, u32 ifindex, u32 queue, u32 worker)
{
	for (u32 i = 0; i < WORKER_QUEUE_PROBES; i++) {
		u32 place = (worker_queue_place(ifindex, queue) + i) % WORKER_QUEUES;
		struct worker_queue *entry = entry_at(state, place);

		if (entry->ifindex)
			continue;
		memset(entry, 0, sizeof(*entry));
		entry->queue = queue;
		entry->worker = worker;
		__atomic_store_n(&entry->ifindex, ifindex, __ATOMIC_RELEASE);
		return (int)place;
	}
	return -ENOSPC;
}

/* => frames that were handed over and never taken */
static u64 settle_place(struct state *state, u32 place)
{
	struct worker_queue *entry = entry_at(state, place);
	u64 lost = entry->steered > entry->taken ? entry->steered - entry->taken : 0;
	u32 row = state->tables.first_worker_row + entry->worker % MAX_WORKERS;

	counters_add(&state->tables.packet_counters[row], REASON_worker_lost, lost, 0);
	state->past_stalls += entry->stalls;
	memset(entry, 0, sizeof(*entry));
	return lost;
}

u64 workers_settle(struct state *state)
{
	u64 lost = 0;

	for (u32 place = 0; place < WORKER_QUEUES; place++)
		if (entry_at(state, place)->ifindex)
			lost += settle_place(state, place);
	return lost;
}

/* Starting. */

static int open_queue(struct workers *w, struct worker *worker,
		      const struct planned_interface *interface, u32 number, struct error *error)
{
	const struct queue_options options = {w->zero_copy, w->plan.busy_poll};
	struct queue *queue = &worker->queues[worker->queue_count];
	int place;

	*queue = (struct queue){.ifindex = interface->ifindex, .number = number};
	place = take_place(w->state, interface->ifindex, number, worker->number);
	if (place < 0)
		return error_set_errno(error, -place, "queue %u of %s", number, interface->name);
	queue->place = (u32)place;
	queue->shared = entry_at(w->state, queue->place);
	worker->queue_count++;
	return queue_open(queue, &worker->frames, interface->name, &options, error);
}

static u32 queues_of_worker(const struct workers_plan *plan, u32 number, u32 *mtu)
{
	u32 count = 0;

	*mtu = 0;
	for (u32 i = 0; i < plan->interface_count; i++) {
		count += (plan->interfaces[i].queues - number + plan->worker_count - 1) /
			 plan->worker_count;
		if (plan->interfaces[i].mtu > *mtu)
			*mtu = plan->interfaces[i].mtu;
	}
	return count;
}

/* Its own number's queue of each interface first: by those it sends. */
static int open_worker(struct workers *w, struct worker *worker, struct error *error)
{
	const struct workers_plan *plan = &w->plan;
	u32 mtu, count = queues_of_worker(plan, worker->number, &mtu);
	int result;

	worker->queues = calloc(count, sizeof(worker->queues[0]));
	if (!worker->queues)
		return error_set(error, ENOMEM, "out of memory");
	result = frames_open(&worker->frames, count, mtu, error);
	for (u32 round = 0; !result && worker->queue_count < count; round++) {
		for (u32 i = 0; !result && i < plan->interface_count; i++) {
			u32 number = worker->number + round * plan->worker_count;

			if (number < plan->interfaces[i].queues)
				result = open_queue(w, worker, &plan->interfaces[i], number, error);
		}
	}
	return result;
}

static void close_worker(struct workers *w, struct worker *worker)
{
	worker_stop(worker);
	for (u32 i = 0; i < worker->queue_count; i++) {
		queue_close(&worker->queues[i]);
		(void)settle_place(w->state, worker->queues[i].place);
	}
	free(worker->queues);
	frames_close(&worker->frames);
	worker->queues = NULL;
	worker->queue_count = 0;
}

static void close_workers(struct workers *w)
{
	for (u32 i = 0; i < w->count; i++)
		close_worker(w, &w->workers[i]);
	w->count = 0;
}

static void set_up_worker(struct workers *w, struct worker *worker)
{
	*worker = (struct worker){
		.number = w->count,
		.cpu = planned_cpu(&w->plan, w->count),
		.busy_poll = w->plan.busy_poll,
		.uplink = &w->uplink,
		.wake = -1,
		.environment = w->environment};
	worker->environment.row = w->state->tables.first_worker_row + w->count;
	w->count++;
}

static int open_workers(struct workers *w, bool zero_copy, struct error *error)
{
	int result = 0;

	w->zero_copy = zero_copy;
	while (!result && w->count < w->plan.worker_count) {
		set_up_worker(w, &w->workers[w->count]);
		result = open_worker(w, &w->workers[w->count - 1], error);
	}
	if (result)
		close_workers(w);
	return result;
}

static int steer_to(struct workers *w, const struct worker *worker, struct error *error)
{
	for (u32 i = 0; i < worker->queue_count; i++) {
		const struct queue *queue = &worker->queues[i];

		if (bpf_map_update_elem(w->state->fds[STATE_WORKER_SOCKETS], &queue->place,
					&queue->fd, BPF_ANY))
			return error_set_errno(error, errno, "entering the socket of queue %u",
					       queue->number);
		__atomic_store_n(&queue->shared->waiting, 1, __ATOMIC_RELEASE); /* for the first */
		__atomic_store_n(&queue->shared->steering, 1, __ATOMIC_RELEASE);
	}
	return 0;
}

static int run_workers(struct workers *w, struct error *error)
{
	int result = 0;

	for (u32 i = 0; !result && i < w->count; i++)
		result = worker_start(&w->workers[i], error);
	for (u32 i = 0; !result && i < w->count; i++)
		result = steer_to(w, &w->workers[i], error);
	return result;
}

int workers_start(struct workers **workers, const struct workers_plan *plan,
		  const struct workers_surroundings *surroundings, struct error *error)
{
	struct workers *w =
		aligned_alloc(CACHE_LINE_BYTES, sizeof(*w) + plan->worker_count *
								     sizeof(w->workers[0]));
	int result;

	if (!w)
		return error_set(error, ENOMEM, "out of memory");
	memset(w, 0, sizeof(*w));
	w->plan = *plan;
	w->state = surroundings->state;
	w->environment = (struct environment){.tables = &w->state->tables,
					      .now_s = surroundings->now_s,
					      .now_ns = surroundings->now_ns,
					      .route = route_question,
					      .wake_holder = surroundings->wake_holder};
	result = uplink_open(&w->uplink, error);
	if (!result)
		result = surroundings->attach_uplink(surroundings->context, w->uplink.ifindex,
						     error);
	if (!result && open_workers(w, true, error))
		result = open_workers(w, false, error);
	if (!result)
		result = run_workers(w, error);
	if (result)
		workers_stop(w);
	else
		*workers = w;
	return result;
}

void workers_stop(struct workers *w)
{
	if (!w)
		return;
	for (u32 i = 0; i < w->count; i++)
		for (u32 j = 0; j < w->workers[i].queue_count; j++)
			__atomic_store_n(&w->workers[i].queues[j].shared->steering, 0,
					 __ATOMIC_RELEASE);
	state_wait_for_packets();
	close_workers(w);
	uplink_close(&w->uplink);
	free(w);
}

bool workers_follow(const struct workers *w, const struct workers_plan *plan)
{
	return w && !memcmp(&w->plan, plan, sizeof(*plan));
}

/* Looking. */

static void visit_queue(const struct worker *worker,
			const struct queue *queue,
			void (*visit)(const struct worker_figures *figures, void *context),
			void *context)
{
	const struct worker_queue *shared = queue->shared;
	const struct worker_figures figures = {
		.worker = worker->number,
		.cpu = worker->cpu,
		.ifindex = queue->ifindex,
		.queue = queue->number,
		.zero_copy = queue->zero_copy,
		.huge_pages = worker->frames.huge_pages,
		.stalled = __atomic_load_n(&shared->stalled, __ATOMIC_RELAXED),
		.taken = __atomic_load_n(&shared->taken, __ATOMIC_RELAXED),
		.stalls = __atomic_load_n(&shared->stalls, __ATOMIC_RELAXED),
		.tx_dropped = __atomic_load_n(&queue->tx_dropped, __ATOMIC_RELAXED)};

	visit(&figures, context);
}

void workers_visit(const struct workers *w,
		   void (*visit)(const struct worker_figures *figures, void *context),
		   void *context)
{
	for (u32 i = 0; w && i < w->count; i++)
		for (u32 j = 0; j < w->workers[i].queue_count; j++)
			visit_queue(&w->workers[i], &w->workers[i].queues[j], visit, context);
}

u64 workers_uplink_failures(const struct workers *w)
{
	return w ? __atomic_load_n(&w->uplink.failed, __ATOMIC_RELAXED) : 0;
}
