/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The rest of the pinned state: counters, events, memo, names, and the control page. Together with
 * abi/flow.h, fragment.h, ports.h, nexthop.h and config.h this is everything that outlives a
 * process; ABI_VERSION covers all of it.
 */
#ifndef ABI_STATE_H
#define ABI_STATE_H

#include "abi/caller.h"
#include "abi/config.h"
#include "abi/flow.h"
#include "abi/fragment.h"
#include "abi/nexthop.h"
#include "abi/ports.h"
#include "abi/reasons.h"
#include "abi/sample.h"
#include "abi/worker.h"

#define ABI_MAGIC 0x7473616664686f6cull /* "lohdfast", little-endian */
enum { ABI_VERSION = 3 };

/*
 * Of the packets that were refused and could have been answered: those that were, and the rest. Of
 * those that called where nobody expected them the same.
 */
enum answer_count {
	ANSWERS_SENT,
	ANSWERS_WITHHELD,
	CALLERS_TOLD,
	CALLERS_WITHHELD,
	ANSWER_COUNTS
};

/*
 * Counters of frames, a row for each CPU, behind them one for each worker, and one for frames that
 * were held (abi/fragment.h), each written by that CPU or thread alone; the sum over the rows is
 * the figure.
 */
struct packet_counters {
	u64 packets[REASON_CAPACITY];
	u64 bytes[REASON_CAPACITY]; /* of the frames */
	u64 answers[ANSWER_COUNTS];
} __cache_aligned;

enum { MAX_WORKERS = 64, MAX_COUNTER_ROWS = 1024 };

/* Shared counters of a rule or a pool, by id. All atomically. */
struct owner_counters {
	u64 hits;           /* first packets that the rule owned, or that asked the pool */
	u64 flows_opened;
	u64 flows;          /* live now */
	u64 round_robin[FAMILY_COUNT]; /* pools: the next place to begin */
	u64 leases;         /* pools: live now; flows does not count them */
	u64 leases_opened;
	u64 overflows;      /* pools: first packets that the overflow pool was asked for instead */
	u64 alarm_since_s;  /* holdfast-dp: the alarm is raised, since then; 0: it is not */
	u64 padding;
	u64 failures[REASON_CAPACITY];
} __cache_aligned;

/* Leases and peers together take at most one slot in so many. */
enum { BINDING_SHARE = 2 };

/*
 * The last refusals. Place n % EVENT_CAPACITY holds event n; sequence n + 1 once complete, and
 * EVENT_BUSY while somebody writes there.
 */
enum { EVENT_CAPACITY = 1024 };
#define EVENT_BUSY (~0ull)

struct failure_event {
	u64 sequence;
	u64 time_ns; /* monotonic */
	union ip_addr source;
	union ip_addr destination;
	__be16 source_port;
	__be16 destination_port;
	u16 rule;
	u16 pool;
	u8 protocol;
	u8 family;
	u8 reason;
	u8 padding;
	u32 in_ifindex;
};

_Static_assert(sizeof(struct failure_event) == 64, "one event, one line");

struct event_ring {
	struct failure_event events[EVENT_CAPACITY];
};

/*
 * How many refusals were answered in one second (core/answer.h): the second in the high 32 bits, the
 * number in the low ones. One for all hosts, and one for those whose addresses share a place.
 */
enum { ANSWER_PLACES = 4096 };

struct answer_windows {
	u64 all; /* atomically; also the others */
	u64 places[ANSWER_PLACES];
};

/*
 * What the SHA-256 selector answered lately; a cache of a pure function (core/memo.h).
 */
enum { MEMO_BITS = 14, MEMO_PLACES = 1 << MEMO_BITS };

struct memo {
	u64 state;   /* bit 0: being written; above it a count of writes. Atomically */
	u32 version; /* struct nat_pool.memo_version, 0: empty */
	u32 index;
	union ip_addr source;
};

_Static_assert(sizeof(struct memo) == 32, "two memos a line");

struct memo_table {
	struct memo places[MEMO_PLACES];
};

/*
 * NAT addresses by slot. Written by holdfast-dp before a port table is there for the slot;
 * another address takes the slot only when no flow is left on it.
 */
struct address_entry {
	union ip_addr address;
	u32 in_use;     /* a port table is pinned for it */
	u32 has_kernel; /* some of its ports are kept for the gateway's own sockets */
	u32 padding[2];
};

struct address_table {
	struct address_entry slots[MAX_ADDRESS_SLOTS];
};

/*
 * The control page, and with it every table that there is one of: a packet finds all of them with
 * one look. The first lines are read by every packet and written rarely.
 */
struct control {
	u64 magic;
	u32 abi_version;
	u32 active_half; /* holdfast-dp, atomically; see abi/config.h */
	u32 flow_capacity;
	u32 bucket_count;
	u32 nexthop_generation;     /* holdfast-dp, atomically; 1..NEXTHOP_GENERATION_MASK */
	u32 nexthops_valid_until_s; /* holdfast-dp, atomically; monotonic clock */
	u64 clock_offset_s_q32; /* monotonic seconds = (jiffies * scale + offset) >> 32 */
	u64 clock_scale_s_q32;
	u64 flow_key[FLOW_KEY_WORDS]; /* secret: the flow table's hash */
	u64 port_key[2];              /* secret: where a search for a port begins */
	u32 memo_versions;            /* holdfast-dp: memo_version numbers given out so far */
	u32 padding;
	struct free_stack free_stacks[FREE_STACKS];
	u32 binding_count __cache_aligned; /* slots that hold leases and peers. Atomically */
	u64 event_count __cache_aligned; /* events recorded so far. Atomically */
	struct event_ring events __cache_aligned;
	u64 sample_count __cache_aligned; /* samples that were due so far. Atomically */
	struct sample_ring samples __cache_aligned;
	struct answer_windows answers __cache_aligned;
	struct answer_windows caller_answers __cache_aligned;
	struct caller_table callers __cache_aligned;
	struct address_table addresses __cache_aligned;
	struct nexthop_table nexthops __cache_aligned;
	struct memo_table memos __cache_aligned;
	struct fragment_table fragments __cache_aligned;
} __cache_aligned;

/*
 * Names behind ids. Only holdfast-dp reads and writes them; an id is given out again only
 * when no flow remembers it.
 */
enum { NAME_BYTES = 64 };

struct name_entry {
	u32 in_use;
	u32 padding;
	char names[2][NAME_BYTES]; /* the second for rules only: rule-set and rule. NUL-terminated */
};

/* Place 0 of each is not used. */
struct name_table {
	struct name_entry zones[MAX_ZONE_IDS];
	struct name_entry rule_sets[MAX_RULE_SET_IDS];
	struct name_entry rules[MAX_RULE_IDS];
	struct name_entry pools[MAX_POOL_IDS];
	struct name_entry applications[MAX_APPLICATION_IDS];
};

#endif
