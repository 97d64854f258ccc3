/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state, as pointers: mapped from the pinned maps (dataplane/state.h), or on the heap for
 * `holdfast explain` and for tests. Layouts and who may write what: abi/.
 */
#ifndef DATAPLANE_TABLES_H
#define DATAPLANE_TABLES_H

#include "abi/state.h"

struct tables {
	struct control *control;
	struct nat_config *config; /* CONFIG_HALVES */
	struct flow *flows;
	struct flow_stats *flow_stats;
	struct flow_bucket *buckets;
	struct owner_counters *rule_counters; /* MAX_RULE_IDS, by id */
	struct owner_counters *pool_counters; /* MAX_POOL_IDS, by id */
	struct packet_counters *packet_counters;
	u32 counter_rows;
	u32 first_worker_row; /* of packet_counters; those before it are of CPUs */
	u32 holder_row;       /* of frames that were held; behind those of the workers */
	struct name_table *names;
	struct worker_queue *worker_queues; /* WORKER_QUEUES; NULL on the heap */
	struct address_ports *ports[MAX_ADDRESS_SLOTS]; /* by slot; NULL: no port table */
};

u32 tables_bucket_count(u32 flow_capacity);

/* => tables on the heap, initialised, without port tables; NULL without memory */
struct tables *tables_create(u32 flow_capacity, u32 counter_rows);
void tables_free(struct tables *tables);

/*
 * Gives fresh, zeroed tables their first contents: magic, version, sizes, secret keys (from the
 * kernel's random generator), free slots. Call it before anybody else sees them.
 * => 0 or a negative errno
 */
int tables_initialise(struct tables *tables, u32 flow_capacity);

/* Makes every port of a fresh, zeroed port table free. */
void address_ports_initialise(struct address_ports *ports);

/* => the half of the configuration that packets do not read */
u32 tables_idle_half(const struct tables *tables);

#endif
