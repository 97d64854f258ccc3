/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker of the userspace dataplane: one thread that takes frames from its queues, has the core
 * judge and rewrite them a batch at a time, and acts on the verdicts.
 *
 * It serves queue n of every interface, and n + W, n + 2 W, ... where there are W workers, so what it
 * receives and what it sends needs no lock. What it leaves to the kernel goes by the uplink.
 *
 * worker_turn() is one round over all queues; the thread does nothing else. Tests call it
 * themselves.
 */
#ifndef DATAPLANE_WORKER_H
#define DATAPLANE_WORKER_H

#include <poll.h>
#include <pthread.h>

#include "core/batch.h"
#include "dataplane/queue.h"
#include "dataplane/readers.h"
#include "dataplane/uplink.h"

struct worker {
	/* Set up before it starts. */
	u32 number;
	int cpu; /* to run on, -1: wherever the kernel likes */
	bool busy_poll;
	struct environment environment;
	struct uplink *uplink;
	struct frames frames;
	struct queue *queues;
	u32 queue_count;

	/* Its own. */
	struct reader reader;
	struct batch batch;
	u64 addresses[BATCH_PACKETS]; /* of the frames of the batch */
	struct pollfd *polls;         /* its queues, and behind them `wake` */
	u32 turns;

	/* Others tell it. */
	int wake; /* an eventfd: look whether you shall stop; -1 before it starts */
	u32 stopping; /* atomically */
	pthread_t thread;
	bool running;
};

/* For struct environment: the monotonic clock, which a worker reads once for each batch. */
u32 worker_now_s(void);

/*
 * One round: receive, judge, send, and give frames back. In the thread whose `environment` is the
 * worker's.
 * => frames taken
 */
u32 worker_turn(struct worker *worker);

/* Starts the thread. => 0 or a negative errno */
int worker_start(struct worker *worker, struct error *error);

/*
 * Has the worker finish the frames that are in its rings, and ends the thread. Nothing may be steered
 * to it any more.
 */
void worker_stop(struct worker *worker);

#endif
