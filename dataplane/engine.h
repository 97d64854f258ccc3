/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holdfast-dp's work, apart from talking: the pinned state, the programs, what the kernel says, and
 * the configuration in force.
 *
 * The life of a configuration: engine_apply() compiles a snapshot into the idle half, attaches to
 * its interfaces, publishes it and reads it back; what it replaced stays in the other half. Then
 * either engine_confirm() ends the flows that it no longer covers and takes away what it no longer
 * needs, or engine_revert() publishes the other half again.
 *
 * Two threads: one talks and listens to the kernel, the other collects flows. One mutex holds
 * the configuration, names and port tables still while either uses them; packets need no lock.
 */
#ifndef DATAPLANE_ENGINE_H
#define DATAPLANE_ENGINE_H

#include <jansson.h>

#include "dataplane/audit.h"
#include "dataplane/collector.h"
#include "dataplane/error.h"
#include "dataplane/holder.h"
#include "dataplane/sentinel.h"
#include "dataplane/state.h"
#include "dataplane/workers.h"

struct engine;

/* Adopts the instance's state if there is one; otherwise the first snapshot makes it. */
int engine_open(struct engine **engine, const char *instance, struct error *error);

/* Stops the collector and lets go; what is pinned goes on. */
void engine_close(struct engine *engine);

/*
 * Detaches an instance whose lock the caller has, takes its proxies away and forgets its state.
 * To be called in its network namespace.
 * => 0 or a negative errno
 */
int engine_discard(const char *instance, struct error *error);

/* => the read-back of what was published, a new reference; NULL, and the old one is in force */
json_t *engine_apply(struct engine *engine, json_t *snapshot, struct error *error);
int engine_confirm(struct engine *engine, struct error *error);
int engine_revert(struct engine *engine, struct error *error);

/* => the read-back of what is in force; NULL and the error, -ENODATA if nothing is */
json_t *engine_read_back(struct engine *engine, struct error *error);

/* Becomes readable when the kernel has announced something: then call engine_listen(). */
int engine_kernel_fd(const struct engine *engine);
int engine_listen(struct engine *engine, struct error *error);

/* To be called about once a second. */
void engine_tick(struct engine *engine);

/* Ends flows for which the predicate holds. => how many */
u64 engine_end_flows(struct engine *engine, collector_predicate *predicate, void *context);

/* Checks all tables (dataplane/audit.h). => 0; -ENODATA without a configuration, -ENOMEM */
int engine_verify(struct engine *engine, struct audit *audit, struct error *error);

/* Runs with tables, names and configuration held still. */
void engine_look(struct engine *engine,
		 void (*look)(const struct tables *tables, const struct network *network,
			      void *context),
		 void *context);

/* How the engine is. */
struct engine_status {
	const char *instance; /* the engine's */
	bool adopted;        /* the state was there at the start */
	bool configured;     /* a configuration is in force */
	bool unconfirmed;    /* it waits for confirm or revert */
	u64 generation;
	u32 flow_capacity;
	u64 reclaimed;       /* slots, since the start */
	u32 last_pass_ms;
	u64 way_changes;     /* announcements of the kernel that made next hops be asked again */
	enum dataplane dataplane;  /* in force */
	u64 stalls;          /* times that a worker was late and the XDP program took over */
	u64 uplink_failures; /* packets that workers could not hand to the kernel */
	struct holder_figures held; /* fragments that wait, or have waited */
	u32 parity_sample;   /* one of so many first packets is judged again; 0: none */
	struct sentinel sentinel;
	char trouble[ERROR_BYTES]; /* the last thing that went wrong in the background, or "" */
};

void engine_status(struct engine *engine, struct engine_status *status);

/* Calls `visit` for each queue of each worker; for none while there are no workers. */
void engine_visit_workers(struct engine *engine,
			  void (*visit)(const struct worker_figures *figures, void *context),
			  void *context);

/* => true and the mode, if the program is attached to the interface */
bool engine_attached(struct engine *engine, u32 ifindex, enum snapshot_xdp_mode *mode);

#endif
