/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pinned state: the BPF maps under /sys/fs/bpf/holdfast/INSTANCE, mapped into memory.
 *
 * It outlives every process. The first start makes it; every later one adopts it, after checking
 * that magic, version and sizes are what this program was built for. It belongs to the one
 * holdfast-dp that holds the instance's lock.
 */
#ifndef DATAPLANE_STATE_H
#define DATAPLANE_STATE_H

#include <limits.h>

#include "dataplane/compile.h"
#include "dataplane/error.h"
#include "dataplane/tables.h"

struct bpf_object;

/* The maps of abi/state.h, in the order of bpf/maps.h. */
enum state_map {
	STATE_CONTROL,
	STATE_CONFIG,
	STATE_FLOWS,
	STATE_FLOW_STATS,
	STATE_BUCKETS,
	STATE_RULE_COUNTERS,
	STATE_POOL_COUNTERS,
	STATE_PACKET_COUNTERS,
	STATE_NAMES,
	STATE_WORKER_QUEUES,
	STATE_WORKER_SOCKETS, /* not mapped, like the others */
	STATE_HELD_EVENTS,    /* a ring */
	STATE_PORTS,          /* of maps */
	STATE_MAPS
};

struct state {
	struct tables tables;
	char directory[PATH_MAX / 2]; /* of the pins */
	int fds[STATE_MAPS];
	size_t bytes[STATE_MAPS]; /* mapped */
	u64 past_stalls;          /* of workers that are no more */
	bool adopted;             /* it was there before */
};

/* Writes the path of the instance's directory in the BPF file system. */
void state_directory(const char *instance, char *path, size_t bytes);

/*
 * Takes possession of an instance, until the process ends. Call it first: it may join the
 * machine's mount namespace, because `ip netns exec` gives a process a /sys of its own, where
 * nothing pinned would outlive it.
 * => 0 or more; -EBUSY if another process has it; other negative errno
 */
int state_lock(const char *instance, struct error *error);

/*
 * Opens the instance's state, or makes it for `flow_capacity` flows; with 0, only opens it.
 * => 0; -ENOENT if there is none and 0 was asked for; -ESTALE if what is pinned was made by
 *    another version; other negative errno
 */
int state_open(struct state *state, const char *instance, u32 flow_capacity, struct error *error);

/* Unmaps; what is pinned stays. */
void state_close(struct state *state);

/* Unpins everything of an instance, links included: the kernel then forgets it. */
int state_discard(const char *instance, struct error *error);

/* Lets the programs of an object that is open, but not loaded yet, use the state's maps. */
int state_lend_maps(const struct state *state, struct bpf_object *object, struct error *error);

/* Makes port tables for address slots; for compile_snapshot(). */
struct port_tables state_port_tables(struct state *state);

/* Takes port tables away. Only for slots that no flow and no configuration uses any more. */
void state_remove_port_tables(struct state *state, const u32 *slots, u32 count);

/* A grace period: waits until every program and every worker is done with the packets it has now. */
void state_wait_for_packets(void);

#endif
