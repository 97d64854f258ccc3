/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which leases a command is about [Junos show security nat source persistent-nat-table: pool,
 * interface, internal-ip, internal-port, internal-protocol].
 */
#ifndef DATAPLANE_LEASE_FILTER_H
#define DATAPLANE_LEASE_FILTER_H

#include "abi/state.h"
#include "dataplane/flow_filter.h"

/* Every condition that is set must hold. */
struct lease_filter {
	struct flow_filter endpoint; /* source, source_port and protocol: the inside endpoint */
	char pool[NAME_BYTES];       /* "": any */
	bool of_interface;           /* only pools of the action interface */
};

/*
 * Reads {"source_prefix": "10.0.0.0/8", "source_port": n, "protocol": n, "pool": NAME, "interface":
 * true}, all optional; NULL is an empty one. A name that is none of these is refused.
 * => 0, -EINVAL or -ENOMEM
 */
int lease_filter_decode(json_t *json, struct lease_filter *filter, struct error *error);

/*
 * For a lease, whom it has called, and a flow that goes through it: are they of such a lease? To be
 * called while names are held still.
 */
bool lease_filter_matches(const struct lease_filter *filter, const struct tables *tables, u32 slot);

/* => true if the slot holds a lease, live and not closed */
bool lease_is_open(const struct tables *tables, u32 slot);

#endif
