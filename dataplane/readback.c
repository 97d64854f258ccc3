/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tables say, as a snapshot. Nothing here looks at the snapshot that they were made
 * from, or at the code that made them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/address.h"
#include "dataplane/compile.h"
#include "dataplane/snapshot.h"

struct reader {
	const struct tables *tables;
	const struct network *network;
	const struct nat_config *config;
	struct snapshot *out;
	struct error *error;
};

static void *reader_array(struct reader *r, size_t count, size_t bytes)
{
	void *array = calloc(count ? count : 1, bytes);

	if (!array)
		(void)error_set(r->error, ENOMEM, "out of memory");
	return array;
}

static void read_name(char *to, size_t bytes, const char *from)
{
	(void)snprintf(to, bytes, "%s", from);
}

/* The name that the kernel has for it; that of the compilation for an interface that has gone. */
static const char *read_interface_name(const struct reader *r, u32 column)
{
	const char *name;

	if (column >= MAX_INTERFACES)
		return "?";
	name = network_name(r->network, r->config->column_ifindex[column]);
	return name ? name : r->config->column_name[column];
}

static u16 read_zone_of_ifindex(const struct reader *r, u32 ifindex)
{
	for (u32 i = 0; i < INTERFACE_SLOTS; i++)
		if (r->config->interfaces[i].ifindex == ifindex)
			return r->config->interfaces[i].zone;
	return ID_NONE;
}

static int read_zone(struct reader *r, struct snapshot_zone *zone, u16 id)
{
	read_name(zone->name, sizeof(zone->name), r->tables->names->zones[id].names[0]);
	zone->interfaces =
		reader_array(r, r->config->interface_count, sizeof(*zone->interfaces));
	if (!zone->interfaces)
		return -ENOMEM;
	for (u32 column = 1; column <= r->config->interface_count; column++) {
		if (read_zone_of_ifindex(r, r->config->column_ifindex[column]) != id)
			continue;
		read_name(zone->interfaces[zone->interface_count++].name, INTERFACE_NAME_BYTES,
			  read_interface_name(r, column));
	}
	return 0;
}

static int read_zones(struct reader *r)
{
	r->out->zones = reader_array(r, r->config->zone_count, sizeof(*r->out->zones));
	if (!r->out->zones)
		return -ENOMEM;
	for (u32 i = 0; i < r->config->zone_count; i++) {
		int result = read_zone(r, &r->out->zones[r->out->zone_count++],
				       r->config->zones[i] % MAX_ZONE_IDS);

		if (result)
			return result;
	}
	return 0;
}

static bool read_continues(const struct snapshot_address_range *range,
			   const union ip_addr *address)
{
	union ip_addr next = range->high;

	return ip_addr_next(&next) && !memcmp(&next, address, sizeof(next));
}

static void read_list(struct reader *r, const struct address_list *list, enum ip_family family,
		      struct snapshot_pool *pool)
{
	struct snapshot_address_range *range = NULL;

	for (u32 i = 0; i < list->length; i++) {
		u32 slot = r->config->pool_addresses[(list->first + i) % MAX_POOL_ADDRESSES];
		const union ip_addr *address =
			&r->tables->control->addresses.slots[slot % MAX_ADDRESS_SLOTS].address;

		if (!range || !read_continues(range, address)) {
			range = &pool->addresses[pool->address_count++];
			range->family = family;
			range->low = *address;
		}
		range->high = *address;
	}
}

static int read_pool(struct reader *r, struct snapshot_pool *pool, const struct nat_pool *from)
{
	size_t entries = (size_t)from->lists[FAMILY_IPV4].length + from->lists[FAMILY_IPV6].length;

	read_name(pool->name, sizeof(pool->name),
		  r->tables->names->pools[from->id % MAX_POOL_IDS].names[0]);
	pool->port_low = from->port_low;
	pool->port_high = from->port_high;
	pool->algorithm = from->selector;
	pool->address_persistent = from->selector != SELECT_ROUND_ROBIN;
	if (entries > MAX_POOL_ADDRESSES || from->sequential != r->config->sequential)
		return error_set(r->error, EINVAL, "pool %s: the tables contradict themselves",
				 pool->name);
	pool->addresses = reader_array(r, entries, sizeof(*pool->addresses));
	if (!pool->addresses)
		return -ENOMEM;
	for (u32 family = 0; family < FAMILY_COUNT; family++)
		read_list(r, &from->lists[family], family, pool);
	return 0;
}

static int read_pools(struct reader *r)
{
	r->out->pools = reader_array(r, r->config->pool_count, sizeof(*r->out->pools));
	if (!r->out->pools)
		return -ENOMEM;
	for (u32 i = 0; i < r->config->pool_count; i++) {
		int result = read_pool(r, &r->out->pools[r->out->pool_count++],
				       &r->config->pools[i]);

		if (result)
			return result;
	}
	return 0;
}

static u8 read_mask_length(const struct prefix_match *match)
{
	return (u8)(__builtin_popcountll(match->mask[0]) + __builtin_popcountll(match->mask[1]));
}

static void read_prefix(struct snapshot_prefix *prefix, const struct prefix_match *match)
{
	u8 length = read_mask_length(match);

	memcpy(&prefix->address, match->value, sizeof(prefix->address));
	prefix->family = length >= 96 ? ip_addr_family(&prefix->address) : FAMILY_IPV6;
	prefix->length = prefix->family == FAMILY_IPV4 ? (u8)(length - 96) : length;
}

static size_t read_prefixes(struct snapshot_prefix *prefixes, const struct prefix_match *matches,
			    u8 count)
{
	for (u32 i = 0; i < count && i < MAX_PREFIXES_PER_RULE; i++)
		read_prefix(&prefixes[i], &matches[i]);
	return count;
}

static void read_protocols(struct snapshot_rule *rule, const struct nat_rule *from)
{
	for (u32 p = 0; p < 256 && !from->any_protocol; p++)
		if (from->protocols[p / 64] >> p % 64 & 1 &&
		    rule->protocol_count < MAX_SERVICES_PER_RULE)
			rule->protocols[rule->protocol_count++] = (u8)p;
}

static void read_applications(struct reader *r, struct snapshot_rule *rule,
			      const struct nat_rule *from)
{
	for (u32 i = 0; i < from->service_count && i < MAX_SERVICES_PER_RULE; i++) {
		struct snapshot_application *application = &rule->applications[i];
		u32 id = from->services[i].application % MAX_APPLICATION_IDS;

		application->service = from->services[i];
		application->service.application = 0;
		read_name(application->name, sizeof(application->name),
			  r->tables->names->applications[id].names[0]);
		rule->application_count++;
	}
}

static void read_action(struct reader *r, struct snapshot_rule *rule, const struct nat_rule *from)
{
	u32 id = from->pool;

	if (from->action == RULE_OFF || from->action == RULE_INTERFACE) {
		rule->action = from->action == RULE_OFF ? ACTION_OFF : ACTION_INTERFACE;
		return;
	}
	rule->action = ACTION_POOL;
	if (from->action == RULE_POOL)
		id = r->config->pools[from->pool % MAX_POOLS].id;
	read_name(rule->pool, sizeof(rule->pool),
		  r->tables->names->pools[id % MAX_POOL_IDS].names[0]);
}

static void read_lease(struct snapshot_lease *lease, const struct nat_rule *from)
{
	lease->permit = from->permit % PERMIT_COUNT;
	if (!from->permit)
		return;
	lease->inactivity_timeout_s = from->policy.inactivity_timeout_s;
	lease->maximum_flows = from->policy.flows_max + 1;
}

static void read_rule(struct reader *r, struct snapshot_rule *rule, const struct nat_rule *from)
{
	read_name(rule->name, sizeof(rule->name),
		  r->tables->names->rules[from->id % MAX_RULE_IDS].names[1]);
	rule->source_count = read_prefixes(rule->sources, from->sources, from->source_count);
	rule->destination_count =
		read_prefixes(rule->destinations, from->destinations, from->destination_count);
	rule->source_port_count = from->source_port_count;
	memcpy(rule->source_ports, from->source_ports, sizeof(rule->source_ports));
	rule->destination_port_count = from->destination_port_count;
	memcpy(rule->destination_ports, from->destination_ports, sizeof(rule->destination_ports));
	read_protocols(rule, from);
	read_applications(r, rule, from);
	read_action(r, rule, from);
	read_lease(&rule->lease, from);
}

static void read_context(struct reader *r, struct snapshot_context *context,
			 const struct nat_context *from)
{
	context->kind = from->kind;
	for (u32 i = 0; i < from->count && i < MAX_CONTEXTS; i++) {
		const char *name = from->kind == CONTEXT_ZONE
					   ? r->tables->names->zones[from->ids[i] % MAX_ZONE_IDS]
						     .names[0]
					   : read_interface_name(r, from->ids[i]);

		read_name(context->names[context->name_count++], SNAPSHOT_NAME_BYTES, name);
	}
}

static int read_rule_set(struct reader *r, struct snapshot_rule_set *set,
			 const struct nat_rule_set *from)
{
	read_name(set->name, sizeof(set->name),
		  r->tables->names->rule_sets[from->name % MAX_RULE_SET_IDS].names[0]);
	read_context(r, &set->from, &from->from);
	read_context(r, &set->to, &from->to);
	set->rules = reader_array(r, from->rule_count, sizeof(*set->rules));
	if (!set->rules)
		return -ENOMEM;
	for (u32 i = 0; i < from->rule_count && from->first_rule + i < MAX_RULES; i++)
		read_rule(r, &set->rules[set->rule_count++],
			  &r->config->rules[from->first_rule + i]);
	return 0;
}

static int read_rule_sets(struct reader *r)
{
	r->out->rule_sets =
		reader_array(r, r->config->rule_set_count, sizeof(*r->out->rule_sets));
	if (!r->out->rule_sets)
		return -ENOMEM;
	for (u32 i = 0; i < r->config->rule_set_count; i++) {
		int result = read_rule_set(r, &r->out->rule_sets[r->out->rule_set_count++],
					   &r->config->rule_sets[i]);

		if (result)
			return result;
	}
	return 0;
}

static int read_dataplane(struct reader *r)
{
	if (r->config->dataplane >= DATAPLANE_COUNT)
		return error_set(r->error, EINVAL, "the tables name no dataplane that there is");
	r->out->dataplane = r->config->dataplane;
	r->out->busy_poll = r->config->busy_poll;
	r->out->parity_sample = r->config->parity_sample;
	for (u32 i = 0; i < MAX_WORKER_CPUS / 64; i++)
		r->out->worker_cpus[i] = r->config->worker_cpus[i];
	return 0;
}

int readback_snapshot(const struct tables *tables, u32 half, const struct network *network,
		      struct snapshot *snapshot, struct error *error)
{
	struct reader r = {
		.tables = tables, .network = network, .config = &tables->config[half],
		.out = snapshot, .error = error};
	int result;

	memset(snapshot, 0, sizeof(*snapshot));
	snapshot->generation = r.config->generation;
	snapshot->port_randomization = !r.config->sequential;
	snapshot->maximum_flows = tables->control->flow_capacity;
	snapshot->timeouts = r.config->timeouts;
	snapshot->syn_check = !r.config->no_syn_check;
	snapshot->tcp_mss = r.config->tcp_mss;
	result = read_dataplane(&r);
	if (!result)
		result = read_zones(&r);
	if (!result)
		result = read_pools(&r);
	if (!result)
		result = read_rule_sets(&r);
	if (result)
		snapshot_free(snapshot);
	return result;
}
