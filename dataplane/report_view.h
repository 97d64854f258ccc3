/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every report needs: the names behind ids, and pieces of JSON. All look at the tables while
 * they are held still (engine_look()).
 */
#ifndef DATAPLANE_REPORT_VIEW_H
#define DATAPLANE_REPORT_VIEW_H

#include <jansson.h>

#include "dataplane/network.h"
#include "dataplane/tables.h"

/* The tables with the configuration in force. */
struct view {
	const struct tables *tables;
	const struct network *network;
	const struct nat_config *config;
};

void view_open(struct view *view, const struct tables *tables, const struct network *network);

/* => the name, "" for ID_NONE */
const char *view_zone(const struct view *view, u32 id);
const char *view_pool(const struct view *view, u32 id);
const char *view_rule(const struct view *view, u32 id);
const char *view_rule_set(const struct view *view, u32 rule_id); /* of the rule */

/* => the name, "" for an interface that has gone */
const char *view_interface(const struct view *view, u32 ifindex);

json_t *report_address(const union ip_addr *address);
json_t *report_number(u64 value);

/* Put a new reference into an object or a list. */
void report_add(json_t *object, const char *name, json_t *value);
void report_append(json_t *list, json_t *value);

#endif
