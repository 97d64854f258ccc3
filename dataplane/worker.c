/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a frame: taken from a receive ring, judged in a batch; then it lies in a transmit ring
 * until the kernel has sent it (completion ring), or it is free at once (dropped, or copied to
 * the kernel). Free frames go into the fill rings again.
 *
 * The worker is a reader of the tables (dataplane/readers.h) while it has a batch in hand.
 */
#include "dataplane/worker.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "dataplane/clock.h"

enum {
	WAIT_MS = 100,       /* at most, for frames */
	LAST_TURNS = 10000,  /* to get rid of what lies in the rings when it ends */
	ROOM_TRIES = 16,     /* for a place in a transmit ring */
	WORKER_NICE = -20,   /* packets wait for it */
	COUNT_TURNS = 1024,  /* between two looks at what was lost, for a busy worker */
};

static _Thread_local u32 batch_time_s;

u32 worker_now_s(void)
{
	return batch_time_s;
}

static struct queue *queue_to(struct worker *worker, u32 ifindex)
{
	for (u32 i = 0; i < worker->queue_count; i++)
		if (worker->queues[i].ifindex == ifindex && !worker->queues[i].gone)
			return &worker->queues[i];
	return NULL;
}

/* => true if the frame now lies in a transmit ring */
static bool send_out(struct worker *worker, u32 ifindex, const struct native_frame *frame)
{
	u64 address = (u64)(frame->start - worker->frames.area);
	u32 bytes = (u32)(frame->end - frame->start);

	struct queue *queue = queue_to(worker, ifindex);

	for (u32 i = 0; queue && i < ROOM_TRIES; i++) {
		if (queue_write(queue, address, bytes))
			return true;
		queue_flush(queue);
		queue_complete(queue, &worker->frames);
	}
	if (!queue) /* it has just gone; somewhere it has to be counted */
		queue = &worker->queues[0];
	(void)__atomic_fetch_add(&queue->tx_dropped, 1, __ATOMIC_RELAXED);
	return false;
}

static void act(struct worker *worker, u32 i)
{
	const struct batch *b = &worker->batch;
	const struct native_frame *frame = &b->frames[i];
	const struct verdict *verdict = &b->verdicts[i];

	if (verdict->action == VERDICT_FORWARD || verdict->action == VERDICT_ANSWER) {
		if (send_out(worker, verdict->action == VERDICT_ANSWER ? b->ifindex
								       : verdict->ifindex, frame))
			return;
	} else if (verdict->action != VERDICT_DROP && verdict->action != VERDICT_HELD) {
		uplink_send(worker->uplink, frame->start, (size_t)(frame->end - frame->start),
			    b->ifindex,
			    verdict->reason == REASON_neighbour_unresolved ? verdict->ifindex : 0);
	}
	frames_free(&worker->frames, worker->addresses[i]);
}

static void take(struct worker *worker, struct queue *queue, u32 index, u32 count)
{
	struct batch *b = &worker->batch;

	b->count = count;
	b->ifindex = queue->ifindex;
	for (u32 i = 0; i < count; i++) {
		const struct xdp_desc *desc = xsk_ring_cons__rx_desc(&queue->rx, index + i);
		u8 *start = xsk_umem__get_data(worker->frames.area, desc->addr);

		worker->addresses[i] = desc->addr;
		b->frames[i] = (struct native_frame){
			.start = start, .end = start + desc->len,
			.headroom = desc->addr & (worker->frames.frame_bytes - 1ul)};
	}
}

/* => frames taken */
static u32 serve(struct worker *worker, struct queue *queue)
{
	u32 index, count = xsk_ring_cons__peek(&queue->rx, BATCH_PACKETS, &index);

	if (!count)
		return 0;
	take(worker, queue, index, count);
	xsk_ring_cons__release(&queue->rx, count);
	__atomic_store_n(&queue->shared->taken, queue->shared->taken + count, __ATOMIC_RELEASE);
	batch_time_s = clock_now_s();
	reader_enter(&worker->reader);
	nat_batch(&worker->batch, true);
	reader_leave(&worker->reader);
	for (u32 i = 0; i < count; i++)
		act(worker, i);
	return count;
}

u32 worker_turn(struct worker *worker)
{
	u32 taken = 0;

	for (u32 i = 0; i < worker->queue_count; i++)
		taken += serve(worker, &worker->queues[i]);
	for (u32 i = 0; i < worker->queue_count; i++) {
		struct queue *queue = &worker->queues[i];

		queue_flush(queue);
		queue_complete(queue, &worker->frames);
		queue_refill(queue, &worker->frames);
		queue_wake_receiver(queue);
	}
	return taken;
}

/* Frames that the kernel dropped because this worker was late are counted as any other. */
static void count_lost(const struct worker *worker)
{
	struct packet_counters *row = env_packet_counters();

	for (u32 i = 0; i < worker->queue_count; i++) {
		struct queue *queue = &worker->queues[i];
		u64 lost = queue_count_lost(queue);

		if (!lost)
			continue;
		counters_add(row, REASON_worker_overrun, lost, 0);
		__atomic_store_n(&queue->shared->taken, queue->shared->taken + lost,
				 __ATOMIC_RELEASE);
	}
}

static void say_waiting(const struct worker *worker)
{
	for (u32 i = 0; i < worker->queue_count; i++) {
		u32 *waiting = &worker->queues[i].shared->waiting;

		if (!__atomic_load_n(waiting, __ATOMIC_RELAXED))
			__atomic_store_n(waiting, 1, __ATOMIC_RELEASE);
	}
}

static bool has_unsent(const struct worker *worker)
{
	for (u32 i = 0; i < worker->queue_count; i++)
		if (!worker->queues[i].gone && queue_unsent(&worker->queues[i]))
			return true;
	return false;
}

/* Interfaces that are no more: others would not be waited for because of them. */
static void note_gone(struct worker *worker)
{
	for (u32 i = 0; i < worker->queue_count; i++) {
		if (!(worker->polls[i].revents & (POLLERR | POLLHUP | POLLNVAL)))
			continue;
		worker->queues[i].gone = true;
		worker->polls[i].fd = -1;
	}
}

/* Until there are frames, or somebody wakes it; only a moment while it has things to send. */
static void sleep_until_frames(struct worker *worker)
{
	count_lost(worker);
	if (poll(worker->polls, worker->queue_count + 1, has_unsent(worker) ? 1 : WAIT_MS) > 0)
		note_gone(worker);
}

static void wait_for_frames(struct worker *worker)
{
	say_waiting(worker);
	if (!worker->busy_poll) {
		sleep_until_frames(worker);
		return;
	}
	for (u32 i = 0; i < worker->queue_count; i++)
		queue_poll_driver(&worker->queues[i]);
}

static void finish(struct worker *worker)
{
	for (u32 i = 0; i < LAST_TURNS; i++)
		if (!worker_turn(worker) && !has_unsent(worker))
			return;
}

static void *worker_main(void *argument)
{
	struct worker *worker = argument;

	environment = worker->environment;
	(void)setpriority(PRIO_PROCESS, 0, WORKER_NICE); /* of this thread; a favour, not a need */
	while (!__atomic_load_n(&worker->stopping, __ATOMIC_ACQUIRE)) {
		if (!worker_turn(worker))
			wait_for_frames(worker);
		if (++worker->turns % COUNT_TURNS == 0)
			count_lost(worker);
	}
	finish(worker);
	count_lost(worker);
	return NULL;
}

static int prepare_polls(struct worker *worker)
{
	worker->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	worker->polls = calloc(worker->queue_count + 1, sizeof(worker->polls[0]));
	if (worker->wake < 0 || !worker->polls)
		return -ENOMEM;
	for (u32 i = 0; i < worker->queue_count; i++)
		worker->polls[i] =
			(struct pollfd){.fd = worker->queues[i].fd, .events = POLLIN};
	worker->polls[worker->queue_count] =
		(struct pollfd){.fd = worker->wake, .events = POLLIN};
	return 0;
}

static int start_thread(struct worker *worker)
{
	pthread_attr_t attributes;
	cpu_set_t cpus;
	int result = pthread_attr_init(&attributes);

	CPU_ZERO(&cpus);
	if (worker->cpu >= 0) {
		CPU_SET((size_t)worker->cpu, &cpus);
		result = pthread_attr_setaffinity_np(&attributes, sizeof(cpus), &cpus);
	}
	if (!result)
		result = pthread_create(&worker->thread, &attributes, worker_main, worker);
	(void)pthread_attr_destroy(&attributes);
	worker->running = !result;
	return -result;
}

int worker_start(struct worker *worker, struct error *error)
{
	char name[16];
	int result = prepare_polls(worker);

	if (!result)
		result = readers_add(&worker->reader);
	if (!result)
		result = start_thread(worker);
	if (result && worker->cpu >= 0)
		return error_set_errno(error, -result, "starting worker %u on CPU %d",
				       worker->number, worker->cpu);
	if (result)
		return error_set_errno(error, -result, "starting worker %u", worker->number);
	(void)snprintf(name, sizeof(name), "worker-%u", worker->number);
	(void)pthread_setname_np(worker->thread, name);
	return 0;
}

void worker_stop(struct worker *worker)
{
	const u64 one = 1;

	if (worker->running) {
		__atomic_store_n(&worker->stopping, 1, __ATOMIC_RELEASE);
		(void)!write(worker->wake, &one, sizeof(one));
		(void)pthread_join(worker->thread, NULL);
	}
	worker->running = false;
	readers_remove(&worker->reader);
	if (worker->wake >= 0)
		(void)close(worker->wake);
	free(worker->polls);
}
