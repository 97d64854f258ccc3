/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by audit.c, which looks at flows, index and ports, and audit_totals.c. */
#ifndef DATAPLANE_AUDIT_PRIVATE_H
#define DATAPLANE_AUDIT_PRIVATE_H

#include "core/open.h"
#include "dataplane/audit.h"

/* Something that looked wrong: looked at again after the grace period. */
struct suspect {
	enum audit_finding finding;
	u32 slot;     /* of a flow or of an address; or a bucket */
	u8 protocol;  /* enum port_protocol */
	u16 port;     /* or the first one of a group; or a place in the bucket */
	u32 witness;  /* what identified it */
};

struct auditor {
	struct tables *tables;
	struct audit *audit;
	bool repairing;
	void (*wait)(void);
	struct suspect *suspects;
	size_t suspect_count;
	size_t suspect_room;
	bool out_of_memory;
};

bool owner_is_flow(u32 owner);

/* The stacks of free slots. => 0, -ENOMEM */
int audit_free_slots(struct auditor *auditor);

/* Ports in use, and flows of rules and pools. => 0, -ENOMEM */
int audit_counts(struct auditor *auditor);

#endif
