/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by engine.c and engine_commit.c. */
#ifndef DATAPLANE_ENGINE_PRIVATE_H
#define DATAPLANE_ENGINE_PRIVATE_H

#include <pthread.h>

#include "dataplane/attach.h"
#include "dataplane/engine.h"
#include "dataplane/holder.h"
#include "dataplane/netlink.h"

struct engine {
	char instance[NAME_BYTES];
	struct netlink *netlink;
	struct netlink_monitor *monitor;

	pthread_mutex_t lock; /* of everything below */
	struct state state;   /* tables.control is NULL while there is none */
	struct attach *attach;
	struct workers *workers; /* NULL while the kernel's program does everything */
	struct holder *holder;
	struct network network;
	struct snapshot snapshot; /* in force */
	struct snapshot previous; /* while unconfirmed */
	bool configured;
	bool unconfirmed;
	bool network_changed; /* to be looked at when the configuration is confirmed */
	struct sentinel sentinel;
	int rehearse_program;
	struct engine_status status;

	pthread_t collector;
	pthread_cond_t wake; /* the collector */
	bool collecting;
	bool stopping;
	u32 keepalive_s; /* when neighbours were last looked after */
	u32 sockets_s;   /* when the gateway's own sockets were last looked at */
};

/* All with the lock held. */

/* Loads the programs and starts the collector over a state that has just been opened. */
int engine_start(struct engine *engine, struct error *error);

/* Lets every next hop be asked again. */
void engine_new_ways(struct engine *engine);

/* Brings configuration and attachments in line with interfaces and addresses as they are now. */
int engine_reconcile(struct engine *engine, struct error *error);

/* Starts, changes or stops workers, so that they are those that a configuration asks for. */
int engine_fit_workers(struct engine *engine, const struct snapshot *snapshot,
		       struct error *error);

/* Ends flows. => how many */
u64 engine_sweep(struct engine *engine, collector_predicate *predicate, void *context);

/* Fills in the configuration in force from the tables, at the start. */
int engine_recall(struct engine *engine, struct error *error);

void engine_set_environment(struct engine *engine);

/* Notes what went wrong where nobody waits for an answer. */
void engine_trouble(struct engine *engine, const struct error *error);

#endif
