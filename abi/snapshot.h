/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The snapshot: what the control plane tells the dataplane, typed.
 *
 * On the wire it is one JSON object; dataplane/snapshot.c is the only place that
 * knows the spelling. The configuration model is written into this struct, and what the
 * dataplane installed is read back into it, so the two can be compared field by field. A new
 * field goes here, into the codec's table, into the compiler and into the read-back; a test
 * fills every byte and fails for a field that any of them forgets.
 *
 * Arrays are owned by the snapshot (snapshot_free()). Strings are NUL-terminated. Ports are in
 * host order, addresses in network order, times in seconds.
 */
#ifndef ABI_SNAPSHOT_H
#define ABI_SNAPSHOT_H

#include "abi/config.h"

enum { SNAPSHOT_VERSION = 3 };
enum { SNAPSHOT_NAME_BYTES = 64 };      /* names: 1 to 63 characters */
enum { SNAPSHOT_DIGEST_BYTES = 65 };    /* SHA-256 in hexadecimal */
enum { TCP_MSS_LEAST = 64, TCP_MSS_MOST = 65535 };

enum snapshot_xdp_mode { XDP_MODE_NATIVE, XDP_MODE_GENERIC };

struct snapshot_prefix {
	enum ip_family family;
	union ip_addr address; /* host bits are zero */
	u8 length;             /* 0..32 or 0..128, of the family */
};

struct snapshot_address_range {
	enum ip_family family;
	union ip_addr low; /* inclusive */
	union ip_addr high;
};

struct snapshot_interface {
	char name[INTERFACE_NAME_BYTES]; /* the kernel's: eth0, never eth0.0 */
	enum snapshot_xdp_mode xdp_mode;
};

struct snapshot_zone {
	char name[SNAPSHOT_NAME_BYTES];
	struct snapshot_interface *interfaces;
	size_t interface_count;
};

struct snapshot_pool {
	char name[SNAPSHOT_NAME_BYTES];
	struct snapshot_address_range *addresses; /* in configured order */
	size_t address_count;
	u16 port_low;
	u16 port_high;
	bool address_persistent;
	enum selector algorithm; /* SELECT_ROUND_ROBIN exactly if not address_persistent */
};

/* from and to of a rule-set: one kind, up to MAX_CONTEXTS names. */
struct snapshot_context {
	enum context_kind kind;
	size_t name_count;
	char names[MAX_CONTEXTS][SNAPSHOT_NAME_BYTES];
};

struct snapshot_application {
	char name[SNAPSHOT_NAME_BYTES]; /* junos-http; one name may have several entries */
	struct service_match service;
};

/* persistent-nat of a rule. */
struct snapshot_lease {
	enum lease_permit permit; /* PERMIT_NONE: no persistent-nat, and the others are 0 */
	u32 inactivity_timeout_s; /* LEASE_TIMEOUT_MIN_S..LEASE_TIMEOUT_MAX_S */
	u32 maximum_flows;        /* LEASE_FLOWS_MIN..LEASE_FLOWS_MAX */
};

enum snapshot_action { ACTION_OFF, ACTION_INTERFACE, ACTION_POOL };

/* An empty list of a match means: any. */
struct snapshot_rule {
	char name[SNAPSHOT_NAME_BYTES];
	size_t source_count;
	struct snapshot_prefix sources[MAX_PREFIXES_PER_RULE];
	size_t destination_count;
	struct snapshot_prefix destinations[MAX_PREFIXES_PER_RULE];
	size_t source_port_count;
	struct port_range source_ports[MAX_PORT_RANGES_PER_RULE];
	size_t destination_port_count;
	struct port_range destination_ports[MAX_PORT_RANGES_PER_RULE];
	size_t protocol_count;
	u8 protocols[MAX_SERVICES_PER_RULE];
	size_t application_count;
	struct snapshot_application applications[MAX_SERVICES_PER_RULE];
	enum snapshot_action action;
	char pool[SNAPSHOT_NAME_BYTES]; /* ACTION_POOL only, otherwise empty */
	struct snapshot_lease lease;    /* not with ACTION_OFF */
};

struct snapshot_rule_set {
	char name[SNAPSHOT_NAME_BYTES];
	struct snapshot_context from;
	struct snapshot_context to;
	struct snapshot_rule *rules; /* in order */
	size_t rule_count;
};

/* proxy-arp and proxy-ndp. */
struct snapshot_proxy {
	char interface[INTERFACE_NAME_BYTES];
	struct snapshot_address_range range;
};

struct snapshot {
	u64 generation;
	char digest[SNAPSHOT_DIGEST_BYTES]; /* filled in by the codec */
	enum dataplane dataplane;
	u64 worker_cpus[MAX_WORKER_CPUS / 64]; /* bit per CPU; none: any */
	bool busy_poll;                        /* of the workers */
	u32 parity_sample; /* one of so many first packets is judged twice, 0: none */
	bool port_randomization;
	u32 maximum_flows;
	struct flow_timeouts timeouts;
	bool syn_check; /* only a SYN opens a TCP flow */
	u32 tcp_mss;    /* the largest that a SYN may offer; 0: whatever it offers */
	struct snapshot_zone *zones;
	size_t zone_count;
	struct snapshot_pool *pools;
	size_t pool_count;
	struct snapshot_rule_set *rule_sets;
	size_t rule_set_count;
	struct snapshot_proxy *proxies;
	size_t proxy_count;
};

#endif
