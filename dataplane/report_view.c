/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/report_view.h"

#include "dataplane/address.h"

void view_open(struct view *view, const struct tables *tables, const struct network *network)
{
	view->tables = tables;
	view->network = network;
	view->config = &tables->config[!tables_idle_half(tables)];
}

const char *view_zone(const struct view *v, u32 id)
{
	return id ? v->tables->names->zones[id % MAX_ZONE_IDS].names[0] : "";
}

const char *view_pool(const struct view *v, u32 id)
{
	return id ? v->tables->names->pools[id % MAX_POOL_IDS].names[0] : "";
}

const char *view_rule_set(const struct view *v, u32 id)
{
	return id ? v->tables->names->rules[id % MAX_RULE_IDS].names[0] : "";
}

const char *view_rule(const struct view *v, u32 id)
{
	return id ? v->tables->names->rules[id % MAX_RULE_IDS].names[1] : "";
}

const char *view_interface(const struct view *v, u32 ifindex)
{
	const char *name = network_name(v->network, ifindex);

	return name ? name : "";
}

json_t *report_address(const union ip_addr *address)
{
	char text[ADDRESS_TEXT_BYTES];

	return json_string(ip_addr_print(address, text));
}

json_t *report_number(u64 value)
{
	return json_integer((json_int_t)value);
}

void report_add(json_t *object, const char *name, json_t *value)
{
	(void)json_object_set_new(object, name, value);
}

void report_append(json_t *array, json_t *value)
{
	(void)json_array_append_new(array, value);
}

