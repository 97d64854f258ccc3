/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks the tables against their invariants, while packets go on using them.
 *
 * What looks wrong may only be under way. So a suspicion is kept, a grace period is waited for,
 * after which everything that was under way is done, and only what is still wrong in the same
 * way is a finding.
 */
#ifndef DATAPLANE_AUDIT_H
#define DATAPLANE_AUDIT_H

#include <stdio.h>

#include "dataplane/tables.h"

/* X(name, text) */
#define AUDIT_FINDINGS(X)                                                                      \
	X(flow_without_port, "flows whose port or way back is not theirs")                     \
	X(flow_not_indexed, "flows that packets from inside do not find")                      \
	X(flow_indexed_twice, "flows with two entries in the index")                           \
	X(entry_stray, "entries of the index that lead to no flow")                            \
	X(port_without_flow, "ports owned by a flow that is not there")                        \
	X(port_hidden, "free ports that a search would overlook")                              \
	X(port_not_woken, "ports at rest that nobody would wake")                              \
	X(slot_lost, "flow slots that are neither in use nor free")                            \
	X(stack_damaged, "stacks of free slots with a slot that is in use or there twice")     \
	X(count_wrong, "counts of flows or ports in use that are not true")

enum audit_finding {
#define X(name, text) AUDIT_##name,
	AUDIT_FINDINGS(X)
#undef X
	AUDIT_FINDING_COUNT
};

struct audit {
	u64 findings[AUDIT_FINDING_COUNT];
	u64 repaired;
	u64 flows; /* live */
	u64 ports; /* owned by flows */
	u64 free_slots;
};

const char *audit_finding_name(enum audit_finding finding);
const char *audit_finding_text(enum audit_finding finding);

/*
 * Walks all tables; with `repairing`, puts right what it finds and leaves all flows that are sound
 * alone: a flow gets its port back if nobody else has it, and is ended otherwise, as is one that
 * packets do not find; a port without flow is released; entries, stacks, counts and hints are
 * corrected. `wait` waits for one grace period. Only the collector's thread, or with it stopped,
 * with the environment of dataplane/native set up.
 * => 0, -ENOMEM
 */
int audit_run(struct tables *tables, bool repairing, void (*wait)(void), struct audit *audit);

u64 audit_total(const struct audit *audit);

#endif
