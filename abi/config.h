/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The compiled configuration, as packets read it.
 *
 * There are two halves; control.active_half names the one in force. holdfast-dp writes the
 * other, then stores its number, then waits until no packet can still be reading the old one
 * before it is written again. A packet reads active_half once and keeps to that half.
 *
 * Ids (zones, rules, pools, NAT address slots) belong to names and addresses and stay the same
 * over commits, because flows remember them; positions in these arrays do not.
 */
#ifndef ABI_CONFIG_H
#define ABI_CONFIG_H

#include "abi/flow.h"
#include "abi/types.h"

enum {
	MAX_INTERFACES = 256,
	MAX_ZONES = 256,
	MAX_RULE_SETS = 1024,
	MAX_RULES = 10240,
	MAX_POOLS = 1024, /* those of the interface action included */
	MAX_NAT_ADDRESSES = 4096, /* different ones, of all pools together */
	MAX_POOL_ADDRESSES = 65536, /* entries of all pools' lists together */
	MAX_PREFIXES_PER_RULE = 8,
	MAX_PORT_RANGES_PER_RULE = 8,
	MAX_SERVICES_PER_RULE = 16,
	MAX_APPLICATIONS = 256, /* besides the predefined ones */
};

/*
 * Ids and slots outlive the configuration that made them by as long as flows remember them, so
 * there are twice as many as one configuration can use. Id 0: none.
 */
enum {
	ID_NONE = 0,
	MAX_ZONE_IDS = 2 * MAX_ZONES,
	MAX_RULE_SET_IDS = 2 * MAX_RULE_SETS,
	MAX_RULE_IDS = 2 * MAX_RULES,
	MAX_POOL_IDS = 2 * MAX_POOLS,
	MAX_APPLICATION_IDS = 1024,
	MAX_ADDRESS_SLOTS = 2 * MAX_NAT_ADDRESSES,
};

/*
 * Interfaces by ifindex: open addressing from ifindex % INTERFACE_SLOTS on, at most
 * INTERFACE_PROBES places.
 */
enum { INTERFACE_SLOTS = 1024, INTERFACE_PROBES = 8 };

enum { INTERFACE_NAME_BYTES = 16 }; /* IFNAMSIZ */

/* Who judges packets: the XDP program, or workers in user space that XDP hands them to. */
enum dataplane { DATAPLANE_EBPF, DATAPLANE_USERSPACE, DATAPLANE_COUNT };

enum { PORT_HOLD_DOWN_MAX_S = 600 };
enum { MAX_WORKER_CPUS = 1024 };
enum { PARITY_SAMPLE_MAX = 1000000000 };

struct nat_interface {
	u32 ifindex; /* 0: free place */
	u16 zone;    /* id */
	u16 column;  /* 1..MAX_INTERFACES-1: row and column in rule_set_of */
	struct link_addr link; /* its Ethernet address */
	u16 padding;
};

/*
 * NAT addresses by address: open addressing from nat_address_hash() on, at most
 * NAT_ADDRESS_PROBES places, within the first nat_address_mask + 1 places. The compiler picks a
 * size that grows with the number of addresses, and a seed for which the probes suffice.
 */
enum { NAT_ADDRESS_PLACES = 8 * MAX_NAT_ADDRESSES, NAT_ADDRESS_PROBES = 8 };

enum nat_address_flags { NAT_ADDRESS_USED = 1, NAT_ADDRESS_LOCAL = 2 };

struct nat_address {
	union ip_addr address;
	u16 slot;  /* which port table: the element of the map of struct address_ports */
	u16 flags; /* enum nat_address_flags */
	u32 padding;
};

/* An address of its family matches if ((address ^ value) & mask) == 0, in both words. */
struct prefix_match {
	u64 value[2];
	u64 mask[2];
};

struct port_range {
	u16 low; /* host order, inclusive */
	u16 high;
};

enum { APPLICATION_TIMEOUT_MAX_S = 86400 };

/* One alternative of an application. */
struct service_match {
	u8 protocol;
	bool any_port;   /* source and destination are 0..65535: matches without ports too */
	u16 application; /* name id, for reading back; 0 while in a snapshot */
	struct port_range source;
	struct port_range destination;
	u32 inactivity_timeout_s; /* of its flows, in place of the protocol's; 0: the protocol's */
};

/* An alarm is raised when a figure reaches the one, and cleared when it is below the other. */
struct alarm_thresholds {
	u32 raise; /* 0: there is no alarm */
	u32 clear;
};

/* What a matching rule does; FAIL_* are rules that cannot, and therefore drop. */
enum rule_action { RULE_OFF, RULE_POOL, RULE_INTERFACE, RULE_FAIL };

struct nat_rule {
	u16 id;
	u8 action;      /* enum rule_action */
	u8 fail_reason; /* RULE_FAIL: enum reason */
	u16 pool;       /* RULE_POOL: position in pools[]; RULE_FAIL: id of the pool named */
	u8 source_count;
	u8 destination_count;
	u8 source_port_count;
	u8 destination_port_count;
	u8 service_count; /* 0: any; otherwise one must match */
	bool any_protocol;
	u8 permit; /* persistent-nat: enum lease_permit */
	u8 padding[3];
	union lease_policy policy;     /* if there is a permit */
	struct alarm_thresholds alarm; /* of the live flows */
	u32 padding_2;
	u64 protocols[4]; /* bit per protocol number, unless any_protocol */
	struct prefix_match sources[MAX_PREFIXES_PER_RULE];
	struct prefix_match destinations[MAX_PREFIXES_PER_RULE];
	struct port_range source_ports[MAX_PORT_RANGES_PER_RULE];
	struct port_range destination_ports[MAX_PORT_RANGES_PER_RULE];
	struct service_match services[MAX_SERVICES_PER_RULE];
};

enum { MAX_CONTEXTS = 8 }; /* Junos: up to 8 names in from and to */

enum context_kind { CONTEXT_ZONE, CONTEXT_INTERFACE };

/* from or to of a rule-set. Packets read rule_set_of instead; this is for reading back. */
struct nat_context {
	u8 kind; /* enum context_kind */
	u8 count;
	u16 ids[MAX_CONTEXTS]; /* zone ids, or columns of interfaces */
};

struct nat_rule_set {
	u16 first_rule; /* position in rules[] */
	u16 rule_count;
	u16 name; /* id */
	struct nat_context from;
	struct nat_context to;
};

enum selector {
	SELECT_ROUND_ROBIN,
	SELECT_USERSPACE_V1,
	SELECT_EBPF_LEGACY,
	SELECT_SHIFTED, /* host-address-base */
};

/* The addresses of one family: a part of pool_addresses[]. */
struct address_list {
	u32 first;
	u32 length;
};

enum { OVERFLOW_INTERFACE = 0xffff };

enum { PRIVILEGED_PORTS = 1024 }; /* those from 1 to here, not included */

/* Which ports of its range a pool gives to a flow (core/pool_ports.h). */
enum pool_port_flags {
	POOL_PRESERVES_PARITY = 1,
	POOL_PRESERVES_RANGE = 2,
	POOL_KEEPS_PORTS = 4, /* port no-translation */
};

struct nat_pool {
	u16 id;
	u16 port_low; /* host order, inclusive */
	u16 port_high;
	u8 selector;     /* enum selector */
	bool sequential; /* port-randomization disable */
	struct address_list lists[FAMILY_COUNT];
	/*
	 * Names (pool, selector, list) for what core/memo.h remembers: a new number whenever
	 * one of them changes.
	 */
	u32 memo_version;
	/* position in pools[] + 1, 0: none, OVERFLOW_INTERFACE: the pool of the egress interface */
	u16 overflow;
	u8 port_flags;      /* enum pool_port_flags */
	u8 base_length;     /* SELECT_SHIFTED: of base, of 128 */
	union ip_addr base; /* SELECT_SHIFTED: the host that gets the first address of its list */
	struct alarm_thresholds alarm; /* of the utilization, in percent */
};

/* Idle timeouts. */
struct flow_timeouts {
	u32 tcp_opening_s;
	u32 tcp_established_s;
	u32 tcp_closing_s;
	u32 udp_s;
	u32 icmp_s;
	u32 gre_s;
	u32 esp_s;
};

struct nat_config {
	u64 generation; /* of the snapshot */
	u32 nat_address_seed;
	u32 nat_address_mask;
	u16 zone_count;
	u16 interface_count; /* columns 1 to interface_count */
	u16 rule_set_count;
	u16 pool_count; /* those of the configuration; those of interfaces follow */
	u16 interface_pool_count;
	bool sequential; /* port-randomization disable */
	u8 dataplane;    /* enum dataplane */
	bool busy_poll;  /* of the workers */
	bool no_syn_check; /* TCP flows are opened in the middle of a connection, too */
	u16 tcp_mss;       /* the largest that a SYN may offer; 0: whatever it offers */
	struct flow_timeouts timeouts;
	u32 parity_sample; /* one of so many first packets is judged twice, 0: none */
	u32 port_hold_down_s; /* for how long a released port rests */
	u32 padding2;
	u64 worker_cpus[MAX_WORKER_CPUS / 64]; /* bit per CPU; none: any */
	struct nat_interface interfaces[INTERFACE_SLOTS];
	struct nat_address nat_addresses[NAT_ADDRESS_PLACES];
	u16 zones[MAX_ZONES];               /* ids, in configured order */
	u32 column_ifindex[MAX_INTERFACES]; /* by column */
	char column_name[MAX_INTERFACES][INTERFACE_NAME_BYTES];
	/* by column: the gateway's own address there, for what it says to hosts; zero: none */
	union ip_addr column_address[MAX_INTERFACES][FAMILY_COUNT];
	/* [ingress column][egress column]: position in rule_sets[] + 1, 0: none */
	u16 rule_set_of[MAX_INTERFACES][MAX_INTERFACES];
	/* pool of the interface action, by egress column: position in pools[] + 1, 0: none */
	u16 interface_pools[MAX_INTERFACES];
	struct nat_rule_set rule_sets[MAX_RULE_SETS];
	struct nat_pool pools[MAX_POOLS];
	u16 pool_addresses[MAX_POOL_ADDRESSES]; /* NAT address slots */
	struct nat_rule rules[MAX_RULES];
	u16 rule_places[MAX_RULE_IDS]; /* by rule id: position in rules[] + 1, 0: none */
};

enum { CONFIG_HALVES = 2 };

#endif
