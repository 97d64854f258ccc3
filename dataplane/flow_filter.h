/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which flows a command is about [Junos show security flow session: source-prefix,
 * destination-prefix, source-port, destination-port, protocol, application, session-identifier,
 * interface].
 */
#ifndef DATAPLANE_FLOW_FILTER_H
#define DATAPLANE_FLOW_FILTER_H

#include <jansson.h>

#include "abi/snapshot.h"
#include "dataplane/error.h"

/* One alternative of an application: a protocol, and remote ports. */
struct flow_service {
	u8 protocol;
	u16 low; /* host order, inclusive */
	u16 high;
};

/* Every condition that is set must hold. */
struct flow_filter {
	bool has_source, has_destination, has_translated;
	struct prefix_match source;      /* inside address */
	struct prefix_match destination; /* remote address */
	struct prefix_match translated;
	u32 source_port;      /* 0: any, otherwise port + 1; inside port or query id */
	u32 destination_port; /* likewise */
	u32 translated_port;  /* likewise */
	u32 protocol;         /* likewise */
	u32 session;          /* 0: any, otherwise slot + 1 */
	u32 ifindex;          /* likewise; where the flow began */
	u32 service_count;    /* 0: any, otherwise one of them must be the flow's */
	struct flow_service services[MAX_SERVICES_PER_RULE];
};

/*
 * Reads {"source_prefix": "10.0.0.0/8", "destination_prefix": ..., "translated_prefix": ...,
 * "source_port": n, "destination_port": n, "translated_port": n, "protocol": n, "session": n,
 * "interface": n, "application": [[protocol, low, high], ...]}, all optional; NULL is an empty one.
 * A name that is none of these is refused.
 * => 0 or -EINVAL
 */
int flow_filter_decode(json_t *json, struct flow_filter *filter, struct error *error);

struct tables;

/* => false for what lies among the flows and is none (abi/flow.h, enum flow_kind) */
bool flow_filter_matches(const struct flow_filter *filter, const struct tables *tables, u32 slot);

/* The conditions alone, whatever lies in the slot. */
bool flow_filter_holds(const struct flow_filter *filter, const struct tables *tables, u32 slot);

#endif
