/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The flow table as it lies in pinned memory.
 *
 * A flow is one inside tuple talking to one remote tuple through one translated tuple. Its slot
 * has two parts, the words that every packet reads (struct flow, one cache line) and the
 * figures (struct flow_stats). The index is a hash table of buckets, one cache line each,
 * whose entries name slots; a flow lies in one of two buckets, so an established flow costs at
 * most two dependent cache misses: bucket, slot. A packet from outside takes the port table
 * (abi/ports.h) instead of the index.
 *
 * Memory of a flow: 64 + 40 bytes of slot, 64/4 bytes of index: 120 bytes, both directions.
 *
 * Bindings lie in the same table and are found, published and taken away like flows: what
 * persistent-nat promises to an inside endpoint (FLOW_LEASE), and whom that endpoint has called
 * (FLOW_PEER). The owner of a lease's port is the lease; its flows find it by that.
 *
 * Flows of protocols whose ports cannot be changed, or that have none, own no port. What leads packets
 * from outside to such a flow is a slot of its own, the way back (FLOW_BACK): its key is what they
 * show, and one key has one slot, so it is the proof of ownership as well (core/back.h).
 *
 * Who writes what is said at each field: "creator" is the CPU that makes the flow, before it
 * is published; "collector" the one thread that takes flows away (dataplane/collector.h).
 */
#ifndef ABI_FLOW_H
#define ABI_FLOW_H

#include "abi/types.h"

/* Life of a slot. Only LIVE flows are found by packets. */
enum flow_life {
	FLOW_FREE,    /* on a free stack, or reserved by a creator that has not published it */
	FLOW_LIVE,    /* published; set by the creator */
	FLOW_ENDING,  /* route_changed: the collector takes it away; set by any packet */
	FLOW_RETIRED, /* lost the race to be published; the collector frees the slot */
	FLOW_DYING,   /* unlinked by the collector; waits for the grace period */
};

/* What a slot holds: in the high bits of struct flow.zone, and so part of the key. */
enum flow_kind {
	FLOW_SESSION,
	/* key: the inside endpoint; remote is ::, remote_port the pool's id as it lies there */
	FLOW_LEASE,
	/* key: the inside endpoint of a lease, and whom it called: an address, a port or 0; in place
	 * of the zone the pool's id */
	FLOW_PEER,
	/* key: the translated address, the remote end and the ports, 0 where there are none */
	FLOW_BACK = 4,
};

enum { FLOW_KIND_SHIFT = 12, FLOW_ZONE_MASK = (1 << FLOW_KIND_SHIFT) - 1 };

/*
 * In struct flow.to_zone: the port belongs to a lease, which had this permit then; and the remote
 * end is a NAT address, behind which there is an inside host.
 */
enum {
	FLOW_LEASED = 1 << 15,
	FLOW_HAIRPIN = 1 << 14,
	FLOW_PERMIT_SHIFT = 12,
	FLOW_PERMIT_MASK = 3,
};

/* Who may open flows from outside to the endpoint of a lease. */
enum lease_permit {
	PERMIT_NONE, /* of a rule: no persistent-nat */
	PERMIT_ANY_REMOTE_HOST,
	PERMIT_TARGET_HOST,
	PERMIT_TARGET_HOST_PORT,
	PERMIT_COUNT
};

enum { LEASE_TIMEOUT_MIN_S = 60, LEASE_TIMEOUT_MAX_S = 7200, LEASE_TIMEOUT_DEFAULT_S = 300 };
enum { LEASE_FLOWS_MIN = 8, LEASE_FLOWS_MAX = 65536, LEASE_FLOWS_DEFAULT = 30 };

/* What a lease allows: that of the rule that opened its newest flow. */
union lease_policy {
	struct {
		u16 inactivity_timeout_s;
		u16 flows_max; /* less 1 */
	};
	u32 word;
};

/* In struct flow.users: the collector has closed the lease; nobody may use it any more. */
#define LEASE_CLOSED (1u << 31)

enum tcp_state {
	TCP_OPENING,
	TCP_ANSWERED, /* opening, and the SYN with ACK from outside has been seen */
	TCP_ESTABLISHED,
	TCP_CLOSING_OUT, /* FIN from inside */
	TCP_CLOSING_IN,  /* FIN from outside */
	TCP_CLOSED,      /* FIN from both sides, or RST */
	TCP_OPENING_IN,  /* opened from outside */
	TCP_ANSWERED_IN, /* the same, and the inside has answered */
	TCP_PICKED_UP,   /* opened in the middle of a connection; nothing from outside yet */
	TCP_STATE_COUNT
};

struct flow {
	union ip_addr inside; /* creator; the key: inside, remote, ports, protocol, zone */
	union ip_addr remote;
	union {
		struct {
			__be16 inside_port; /* or query id */
			__be16 remote_port; /* 0 for queries */
		};
		u32 ports;
	};
	u8 protocol;
	u8 life;     /* enum flow_life */
	u16 zone;    /* zone id of the ingress interface; above it enum flow_kind */
	u16 address; /* NAT address slot: the translated address */
	__be16 port; /* translated port or query id */
	u16 rule;    /* rule id; of a lease: that opened its newest flow from inside */
	u16 pool;    /* pool id */
	union {
		u32 nexthop_out;  /* any packet; see abi/nexthop.h */
		u32 next_free;    /* while on a free stack: slot + 1, 0 ends it */
		union lease_policy policy; /* of a lease; whoever opens a flow with it */
	};
	union {
		u32 nexthop_in; /* any packet */
		u32 users;      /* of a lease: its flows. Atomically */
		u32 owner;      /* of a way back: slot + 1 of its flow; creator */
	};
	u32 last_seen_s; /* any packet; seconds of the monotonic clock. Lease, peer: last use */
	union {
		u8 tcp_state; /* any packet; enum tcp_state */
		u8 permit;    /* of a lease: enum lease_permit */
	};
	u8 family;       /* enum ip_family */
	u16 to_zone;     /* zone id of the egress interface at the time of creation; FLOW_LEASED etc. */
} __cache_aligned;

_Static_assert(sizeof(struct flow) == CACHE_LINE_BYTES, "a flow is one cache line");
_Static_assert(PERMIT_COUNT - 1 <= (int)FLOW_PERMIT_MASK, "a permit fits into to_zone");
_Static_assert(offsetof(struct flow, inside_port) == 32, "the key is the first 40 bytes");
_Static_assert(offsetof(struct flow, address) == 40, "the key is the first 40 bytes");

enum flow_direction { FLOW_OUT, FLOW_IN, FLOW_DIRECTIONS };

struct flow_stats {
	u64 packets[FLOW_DIRECTIONS]; /* any packet, atomically */
	u64 bytes[FLOW_DIRECTIONS];   /* length of the IP packets */
	u32 created_s;                /* creator */
	u32 in_ifindex;               /* creator: where the flow began */
};

_Static_assert(sizeof(struct flow_stats) == 40, "kept apart from the words every packet reads");

/*
 * An index entry: slot + 1 in the low 24 bits (0: empty), 8 bits of the hash above. The
 * collector replaces an entry by BUCKET_TOMBSTONE and empties it only two grace periods later,
 * so a helper that is late with an insertion (core/flow.h) finds the place taken.
 */
enum { BUCKET_ENTRIES = 14, BUCKET_SLOT_BITS = 24 };
#define BUCKET_SLOT_MASK ((1u << BUCKET_SLOT_BITS) - 1)
#define BUCKET_TOMBSTONE BUCKET_SLOT_MASK
#define BUCKET_SPILLED (1ull << 63) /* in an intent: an entry went to the other bucket once */

struct flow_bucket {
	u64 intent; /* the insertion under way in this home bucket; core/flow.h */
	u32 entries[BUCKET_ENTRIES];
} __cache_aligned;

_Static_assert(sizeof(struct flow_bucket) == CACHE_LINE_BYTES, "a bucket is one cache line");

/* One bucket for four flows: both buckets of a new flow are full about once in 10^9 flows. */
enum { FLOWS_PER_BUCKET = 4 };
enum { FLOWS_MIN = 64, FLOWS_MAX = (1 << BUCKET_SLOT_BITS) - 2 };

/* Words of the key of core/flow.h's hash: one for each 32 bits of a flow's key, and one more. */
enum { FLOW_KEY_WORDS = 11 };

/* Free slots lie on several stacks, so that CPUs that open flows rarely meet. */
enum { FREE_STACKS = 16 };

struct free_stack {
	u64 head; /* tag in the high 32 bits, slot + 1 in the low; 0: empty. Atomically */
} __cache_aligned;

#endif
