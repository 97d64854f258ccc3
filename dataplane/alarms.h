/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alarms of pools and rules [Junos pool-utilization-alarm, rule-session-count-alarm].
 *
 * An alarm is raised when its figure reaches one threshold, and cleared when it is below the other;
 * each is said once. That it is raised, and since when, stands in the counters, so a process that is
 * killed does not forget it. A pool's figure is how full the fullest of its port spaces is: one
 * protocol of one family, all addresses together; ports at rest count as used.
 */
#ifndef DATAPLANE_ALARMS_H
#define DATAPLANE_ALARMS_H

#include "dataplane/tables.h"

/* A change, as it is told. */
struct alarm_event {
	bool raised; /* or cleared */
	bool of_rule;
	const char *rule_set; /* of_rule */
	const char *name;     /* of the pool, or the rule */
	u64 figure;
};

/* Looks at all figures. Only one thread at a time; `tell` is called for each change. */
void alarms_look(struct tables *tables, u32 now_s,
		 void (*tell)(const struct alarm_event *event, void *context), void *context);

/* => how many ports a pool's address has for one protocol (enum port_protocol) */
u32 pool_ports_of_space(const struct nat_pool *pool, u32 protocol);

/* => in percent; an address that another pool fills as well may make it full */
u32 pool_utilization(const struct tables *tables, const struct nat_config *config,
		     const struct nat_pool *pool);

#endif
