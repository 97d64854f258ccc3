/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/compile_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int compile_full(struct compiler *c, int code, const char *what, const char *name)
{
	if (code == -ENOSPC)
		return error_set(c->error, ENOSPC,
				 "%s %s: no id is free until flows of earlier configurations end",
				 what, name);
	return error_set(c->error, ENOMEM, "out of memory");
}

/* Zones and interfaces. */

/* The gateway's own addresses on an interface. */
static void compile_column_addresses(struct compiler *c, u16 column, u32 ifindex)
{
	for (u32 family = 0; family < FAMILY_COUNT; family++) {
		const union ip_addr *address =
			network_address_of(c->network, ifindex, (enum ip_family)family);

		if (address)
			c->config->column_address[column][family] = *address;
	}
}

static int compile_place_interface(struct compiler *c, const struct network_interface *interface,
				   u16 zone)
{
	u32 ifindex = interface->ifindex;
	u16 column = ++c->config->interface_count;

	for (u32 i = 0; i < INTERFACE_PROBES; i++) {
		struct nat_interface *place =
			&c->config->interfaces[(ifindex + i) % INTERFACE_SLOTS];

		if (place->ifindex == ifindex)
			return error_set(c->error, EINVAL,
					 "interface %s: met twice, expected in one zone",
					 interface->name);
		if (place->ifindex)
			continue;
		*place = (struct nat_interface){.ifindex = ifindex, .zone = zone, .column = column,
						.link = interface->link};
		c->config->column_ifindex[column] = ifindex;
		(void)snprintf(c->config->column_name[column], INTERFACE_NAME_BYTES, "%s",
			       interface->name);
		compile_column_addresses(c, column, ifindex);
		return 0;
	}
	return error_set(c->error, ENOSPC,
			 "interface number %u: too many interfaces have numbers close to it",
			 ifindex);
}

static int compile_interface(struct compiler *c, const struct snapshot_zone *zone, u16 zone_id,
			     const struct snapshot_interface *interface)
{
	const struct network_interface *found = network_find(c->network, interface->name);

	if (!found)
		return error_set(c->error, ENODEV,
				 "zone %s, interface %s: there is no such interface in this "
				 "network namespace",
				 zone->name, interface->name);
	if (c->config->interface_count == MAX_INTERFACES - 1)
		return error_set(c->error, ENOSPC, "more than %d interfaces in zones",
				 MAX_INTERFACES - 1);
	return compile_place_interface(c, found, zone_id);
}

static int compile_zones(struct compiler *c)
{
	const struct snapshot *s = c->snapshot;

	for (size_t i = 0; i < s->zone_count; i++) {
		const struct snapshot_zone *zone = &s->zones[i];
		int id = catalog_name_id(&c->zones, zone->name, "");

		if (id < 0)
			return compile_full(c, id, "zone", zone->name);
		c->config->zones[c->config->zone_count++] = (u16)id;
		for (size_t j = 0; j < zone->interface_count; j++) {
			int result =
				compile_interface(c, zone, (u16)id, &zone->interfaces[j]);

			if (result)
				return result;
		}
	}
	return 0;
}

/* The whole. */

static int compile_sizes(struct compiler *c)
{
	u32 capacity = c->tables->control->flow_capacity;

	if (c->snapshot->maximum_flows != capacity)
		return error_set(c->error, ENOTSUP,
				 "maximum-sessions %u: the running tables were made for %u; they "
				 "are made anew only when no state is left (holdfast-dp --discard)",
				 c->snapshot->maximum_flows, capacity);
	return 0;
}

static int compile_everything(struct compiler *c)
{
	int result = compile_sizes(c);

	c->config->generation = c->snapshot->generation;
	c->config->timeouts = c->snapshot->timeouts;
	c->config->sequential = !c->snapshot->port_randomization;
	c->config->no_syn_check = !c->snapshot->syn_check;
	c->config->tcp_mss = (u16)c->snapshot->tcp_mss;
	c->config->dataplane = (u8)c->snapshot->dataplane;
	c->config->busy_poll = c->snapshot->busy_poll;
	c->config->parity_sample = c->snapshot->parity_sample;
	memcpy(c->config->worker_cpus, c->snapshot->worker_cpus, sizeof(c->config->worker_cpus));
	if (!result)
		result = compile_zones(c);
	if (!result)
		result = compile_pools(c);
	if (!result)
		result = compile_nat_addresses(c);
	return result ? result : compile_rule_sets(c);
}

static int compile_open_catalogs(struct compiler *c)
{
	struct name_table *names = c->tables->names;

	if (catalog_open_names(&c->zones, names->zones, MAX_ZONE_IDS) ||
	    catalog_open_names(&c->rule_sets, names->rule_sets, MAX_RULE_SET_IDS) ||
	    catalog_open_names(&c->rules, names->rules, MAX_RULE_IDS) ||
	    catalog_open_names(&c->pools, names->pools, MAX_POOL_IDS) ||
	    catalog_open_names(&c->applications, names->applications, MAX_APPLICATION_IDS) ||
	    catalog_open_addresses(&c->addresses, &c->tables->control->addresses))
		return error_set(c->error, ENOMEM, "out of memory");
	return 0;
}

static void compile_close_catalogs(struct compiler *c, bool keep)
{
	catalog_close(&c->zones, keep);
	catalog_close(&c->rule_sets, keep);
	catalog_close(&c->rules, keep);
	catalog_close(&c->pools, keep);
	catalog_close(&c->applications, keep);
	catalog_close(&c->addresses, keep);
}

int compile_snapshot(struct tables *tables, const struct snapshot *snapshot,
		     const struct network *network, const struct port_tables *ports,
		     struct error *error)
{
	u32 idle = tables_idle_half(tables);
	struct compiler c = {
		.tables = tables, .snapshot = snapshot, .network = network,
		.active = &tables->config[!idle], .config = &tables->config[idle],
		.error = error};
	int result;

	memset(c.config, 0, sizeof(*c.config));
	result = compile_open_catalogs(&c);
	if (!result)
		result = compile_everything(&c);
	if (!result)
		result = ports->add(ports->context, c.addresses.added, c.addresses.added_count,
				    error);
	compile_close_catalogs(&c, !result);
	return result;
}
