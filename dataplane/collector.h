/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes flows away: those that have idled, those that a commit or `clear` ends, and the remains of
 * lost races. It is the only one that frees what packets may have seen.
 *
 * A pass walks the flow table. What has to go is unlinked (its index entry becomes a tombstone, its
 * life DYING), a batch at a time; then one grace period is waited for, after which no packet can
 * still hold any of the batch; then slots are free, and ports are, or rest for as long as the
 * configuration says (dataplane/rest.h). [INV-RECLAIM] The places in the index are free one grace
 * period after that (core/flow.h, INV-FLOW-2).
 *
 * A lease ends when nobody uses it and it has rested, or when it is told to; then it is closed first,
 * its flows end, and it goes when the last of them has gone. [INV-LEASE-2]
 *
 * A process killed in the middle leaves flows DYING, or unlinked: the next pass of the next
 * process finishes them.
 *
 * Who may call: one thread at a time, with the environment of dataplane/native set up.
 */
#ifndef DATAPLANE_COLLECTOR_H
#define DATAPLANE_COLLECTOR_H

#include "dataplane/tables.h"

/* => true for flows, leases and peers that shall end although they have not idled */
typedef bool collector_predicate(const struct flow *flow, void *context);

struct collector_pass {
	u32 now_s;
	const struct nat_config *config; /* for the timeouts */
	collector_predicate *ends;       /* or NULL */
	void *context;
	void (*wait)(void);              /* one grace period */
	u32 nexthop_generation;          /* answers of other generations are forgotten */
	u64 live;                        /* out: flows that go on */
	u64 ended;                       /* out: by idleness or by the predicate */
	u64 reclaimed;                   /* out: slots freed */
};

/*
 * Walks slots first..first + count - 1 (cut at the end of the table). A walk from slot 0 on also frees
 * the ports that have rested.
 */
void collector_walk(struct tables *tables, struct collector_pass *pass, u32 first, u32 count);

#endif
