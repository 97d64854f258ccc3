/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The surroundings of a trace of tests/model: what scenario.json says of interfaces, routes and
 * neighbours, for the native core. The XDP program asks the kernel instead, which
 * tests/parity/parity.py has set up from the same file.
 */
#ifndef TESTS_PARITY_SCENARIO_H
#define TESTS_PARITY_SCENARIO_H

#include <jansson.h>

#include "core/route.h"
#include "dataplane/compile.h"

/* Reads the file. Exits with a message if it makes no sense. */
json_t *scenario_load(const char *directory);

void scenario_network(const json_t *scenario, struct network *network);

/* The snapshot, for a dataplane. Free it with snapshot_free(). */
void scenario_snapshot(const json_t *scenario, enum dataplane dataplane,
		       struct snapshot *snapshot);

/* Port key, ports of the kernel's own, and the compiled snapshot, in force. */
void scenario_install(const json_t *scenario, enum dataplane dataplane, struct tables *tables,
		      const struct network *network, const struct port_tables *ports);

/* Routes and neighbours; then scenario_route() answers for environment.route. */
void scenario_set_routes(const json_t *scenario, const struct network *network);
void scenario_route(const struct route_query *query, struct route *route);

/* => the capacity of the flow table */
u32 scenario_capacity(const json_t *scenario);

#endif
