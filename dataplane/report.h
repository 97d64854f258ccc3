/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `show` asks for, as JSON, straight from the tables. Figures are what they say they are at
 * the moment of asking: "in use" means in use now.
 *
 * All return a new reference, or NULL without memory.
 */
#ifndef DATAPLANE_REPORT_H
#define DATAPLANE_REPORT_H

#include <jansson.h>

#include "dataplane/engine.h"
#include "dataplane/flow_filter.h"
#include "dataplane/lease_filter.h"

/* Processes, configuration in force, interfaces, packets by reason. */
json_t *report_dataplane(struct engine *engine);

/* Every pool of the configuration, and of interfaces. */
json_t *report_pools(struct engine *engine);

/* Every rule, in order. */
json_t *report_rules(struct engine *engine);

/* The last refusals, the latest first, and counts by rule, pool and reason. */
json_t *report_failures(struct engine *engine);

/* Flows in the slots from `first` on, at most `limit`; "next" is where to go on, null at the end. */
json_t *report_flows(struct engine *engine, const struct flow_filter *filter, u32 first,
		     u32 limit);

/* Counts of flows by protocol and state, for those that match. */
json_t *report_flow_summary(struct engine *engine, const struct flow_filter *filter);

/* Leases in the slots from `first` on, as report_flows() does. */
json_t *report_leases(struct engine *engine, const struct lease_filter *filter, u32 first,
		      u32 limit);

/* Counts of leases and of those whom they have called, and how much room there is for both. */
json_t *report_lease_summary(struct engine *engine);

#endif
