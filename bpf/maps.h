/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The pinned state as BPF maps: the layouts of abi/, nothing else. holdfast-dp sets the sizes
 * that depend on the configuration, and pins every map under its name.
 */
#ifndef BPF_MAPS_H
#define BPF_MAPS_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "abi/state.h"
#include "abi/worker.h"

#define STATE_MAP(map_name, value_type, count)                                                 \
	struct {                                                                               \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                              \
		__uint(map_flags, BPF_F_MMAPABLE);                                             \
		__uint(max_entries, count);                                                    \
		__type(key, u32);                                                              \
		__type(value, value_type);                                                     \
	} map_name SEC(".maps")

STATE_MAP(control, struct control, 1);
STATE_MAP(config, struct nat_config, CONFIG_HALVES);
STATE_MAP(flows, struct flow, 1);            /* flow_capacity */
STATE_MAP(flow_stats, struct flow_stats, 1); /* flow_capacity */
STATE_MAP(buckets, struct flow_bucket, 1);   /* bucket_count */
STATE_MAP(rule_counters, struct owner_counters, MAX_RULE_IDS);
STATE_MAP(pool_counters, struct owner_counters, MAX_POOL_IDS);
STATE_MAP(packet_counters, struct packet_counters, 1); /* a row for each CPU and each worker */
STATE_MAP(worker_queues, struct worker_queue, WORKER_QUEUES);
STATE_MAP(names, struct name_table, 1);

/* Sockets of the workers of the userspace dataplane, by place in worker_queues. */
struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, WORKER_QUEUES);
	__type(key, u32);
	__type(value, u32);
} worker_sockets SEC(".maps");

/* Wakes holdfast-dp when a fragment waits for it (core/fragment.h). */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, HELD_EVENTS_BYTES);
} held_events SEC(".maps");

/* One port table for each NAT address slot in use. */
struct port_table {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(u32));
	__uint(value_size, sizeof(struct address_ports));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, MAX_ADDRESS_SLOTS);
	__uint(key_size, sizeof(u32));
	__array(values, struct port_table);
} ports SEC(".maps");

#endif
