/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The workers of the userspace dataplane, as many as every interface has queues, and the table that
 * tells the XDP program about them (abi/worker.h).
 *
 * They come and go together. While there are none, or none is steered to, the XDP program
 * translates by itself on the same state: starting and stopping loses no packet, and whatever changes
 * (an interface, a number of queues, a CPU) is followed by stopping them and starting them anew.
 *
 * Who may call: one thread at a time. The workers' threads call nothing of this.
 */
#ifndef DATAPLANE_WORKERS_H
#define DATAPLANE_WORKERS_H

#include "dataplane/error.h"
#include "dataplane/network.h"
#include "dataplane/state.h"

struct workers;

struct planned_interface {
	u32 ifindex;
	char name[INTERFACE_NAME_BYTES];
	u32 mtu;
	u32 queues;
};

/* What a configuration asks of the machine as it is now. */
struct workers_plan {
	struct planned_interface interfaces[MAX_INTERFACES];
	u32 interface_count;
	u32 worker_count;
	u32 busy_poll; /* 0 or 1; without padding, plans can be compared as they lie there */
	u32 zero;
	u64 cpus[MAX_WORKER_CPUS / 64]; /* to run on; none: as the kernel likes */
};

/*
 * => 0; -EOPNOTSUPP and a message if an interface has too large an MTU; other negative errno
 */
int workers_plan(struct workers_plan *plan, const struct snapshot *snapshot,
		 const struct network *network, struct error *error);

/* What workers use and do not own. */
struct workers_surroundings {
	struct state *state;
	u32 (*now_s)(void); /* the clock of packets: worker_now_s(), or a trace's own */
	u64 (*now_ns)(void);
	void (*wake_holder)(void); /* NULL: nobody looks after held fragments */
	int (*attach_uplink)(void *context, u32 ifindex, struct error *error);
	void *context;
};

/* Starts them, and has frames steered to them. => 0 or a negative errno, and there are none */
int workers_start(struct workers **workers, const struct workers_plan *plan,
		  const struct workers_surroundings *surroundings, struct error *error);

/* Steers no more, waits until every frame in their rings is on its way, and ends them. NULL is fine */
void workers_stop(struct workers *workers);

/* => whether they are those that the plan asks for */
bool workers_follow(const struct workers *workers, const struct workers_plan *plan);

/*
 * Counts the frames that lay in the rings of workers which were killed, and empties the table. Only
 * while there are no workers. => how many frames
 */
u64 workers_settle(struct state *state);

/* One queue of one worker, as it is. */
struct worker_figures {
	u32 worker;
	int cpu; /* -1: not bound to one */
	u32 ifindex;
	u32 queue;
	bool zero_copy;
	bool huge_pages;
	bool stalled; /* the XDP program translates meanwhile */
	u64 taken;
	u64 stalls;
	u64 tx_dropped;
};

void workers_visit(const struct workers *workers,
		   void (*visit)(const struct worker_figures *figures, void *context),
		   void *context);

/* => packets that the kernel did not take from the uplink */
u64 workers_uplink_failures(const struct workers *workers);

#endif
