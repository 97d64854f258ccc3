/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/tables.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/flow.h"

_Thread_local struct environment environment;

u32 tables_bucket_count(u32 flow_capacity)
{
	return (flow_capacity + FLOWS_PER_BUCKET - 1) / FLOWS_PER_BUCKET;
}

/* => `count` zeroed elements, aligned to a cache line */
static void *table_new(size_t count, size_t element_bytes)
{
	size_t bytes = count * element_bytes;
	void *table = aligned_alloc(CACHE_LINE_BYTES,
				    (bytes + CACHE_LINE_BYTES - 1) & ~(CACHE_LINE_BYTES - 1ul));

	return table ? memset(table, 0, bytes) : NULL;
}

static bool tables_allocate(struct tables *t, u32 flow_capacity)
{
	t->control = table_new(1, sizeof(*t->control));
	t->config = table_new(CONFIG_HALVES, sizeof(*t->config));
	t->flows = table_new(flow_capacity, sizeof(*t->flows));
	t->flow_stats = table_new(flow_capacity, sizeof(*t->flow_stats));
	t->buckets = table_new(tables_bucket_count(flow_capacity), sizeof(*t->buckets));
	t->rule_counters = table_new(MAX_RULE_IDS, sizeof(*t->rule_counters));
	t->pool_counters = table_new(MAX_POOL_IDS, sizeof(*t->pool_counters));
	t->packet_counters = table_new(t->counter_rows, sizeof(*t->packet_counters));
	t->names = table_new(1, sizeof(*t->names));
	return t->control && t->config && t->flows && t->flow_stats && t->buckets &&
	       t->rule_counters &&
	       t->pool_counters && t->packet_counters && t->names;
}

struct tables *tables_create(u32 flow_capacity, u32 counter_rows)
{
	struct tables *tables = calloc(1, sizeof(*tables));

	if (!tables)
		return NULL;
	tables->counter_rows = tables->first_worker_row = counter_rows;
	tables->holder_row = counter_rows - 1; /* the only thread may do without one of its own */
	if (tables_allocate(tables, flow_capacity) && !tables_initialise(tables, flow_capacity))
		return tables;
	tables_free(tables);
	return NULL;
}

void tables_free(struct tables *tables)
{
	if (!tables)
		return;
	for (u32 i = 0; i < MAX_ADDRESS_SLOTS; i++)
		free(tables->ports[i]);
	free(tables->control);
	free(tables->config);
	free(tables->flows);
	free(tables->flow_stats);
	free(tables->buckets);
	free(tables->rule_counters);
	free(tables->pool_counters);
	free(tables->packet_counters);
	free(tables->names);
	free(tables);
}

/* Lays all slots on the free stacks, in order, so that neighbours are handed out one by one. */
static void tables_fill_free_stacks(struct tables *tables)
{
	struct control *control = tables->control;
	u32 per_stack = (control->flow_capacity + FREE_STACKS - 1) / FREE_STACKS;

	for (u32 slot = control->flow_capacity; slot > 0; slot--) {
		struct free_stack *stack = &control->free_stacks[(slot - 1) / per_stack];

		tables->flows[slot - 1].next_free = (u32)stack->head;
		stack->head = slot;
	}
}

int tables_initialise(struct tables *tables, u32 flow_capacity)
{
	struct control *control = tables->control;

	if (getrandom(control->flow_key, sizeof(control->flow_key), 0) !=
		    (ssize_t)sizeof(control->flow_key) ||
	    getrandom(control->port_key, sizeof(control->port_key), 0) !=
		    (ssize_t)sizeof(control->port_key))
		return -EIO;
	control->abi_version = ABI_VERSION;
	control->flow_capacity = flow_capacity;
	control->bucket_count = tables_bucket_count(flow_capacity);
	control->nexthop_generation = 1;
	tables_fill_free_stacks(tables);
	__atomic_store_n(&control->magic, ABI_MAGIC, __ATOMIC_RELEASE);
	return 0;
}

void address_ports_initialise(struct address_ports *ports)
{
	for (u32 p = 0; p < PORTS_PROTOCOLS; p++) {
		struct port_space *space = &ports->spaces[p];

		for (u32 i = 0; i < PORT_GROUPS; i++)
			space->group_free[i] = PORTS_PER_GROUP;
		memset(space->free_bits, 0xff, sizeof(space->free_bits));
	}
}

u32 tables_idle_half(const struct tables *tables)
{
	return !__atomic_load_n(&tables->control->active_half, __ATOMIC_ACQUIRE);
}
