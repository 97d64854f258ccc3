/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/lease_filter.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/lease.h"
#include "dataplane/tables.h"

/* The beginning of the name of an interface's pool (dataplane/compile_pools.c). */
static const char interface_prefix[] = "interface:";

static int decode_pool(const json_t *value, struct lease_filter *f, struct error *error)
{
	const char *name = json_string_value(value);

	if (!name || !*name || strlen(name) >= sizeof(f->pool))
		return error_set(error, EINVAL, "pool: expected the name of a pool");
	(void)snprintf(f->pool, sizeof(f->pool), "%s", name);
	return 0;
}

static int decode_interface(const json_t *value, struct lease_filter *f, struct error *error)
{
	if (!json_is_true(value))
		return error_set(error, EINVAL, "interface: expected true");
	f->of_interface = true;
	return 0;
}

static bool is_of_endpoint(const char *name)
{
	return !strcmp(name, "source_prefix") || !strcmp(name, "source_port") ||
	       !strcmp(name, "protocol");
}

/* A condition that is not known is an error: without it, more leases would be meant. */
static int decode_condition(const char *name, json_t *value, struct lease_filter *f,
			    json_t *endpoint, struct error *error)
{
	if (!strcmp(name, "pool"))
		return decode_pool(value, f, error);
	if (!strcmp(name, "interface"))
		return decode_interface(value, f, error);
	if (!is_of_endpoint(name))
		return error_set(error, EINVAL, "%s: not a condition on leases", name);
	return json_object_set(endpoint, name, value) ? error_set(error, ENOMEM, "out of memory")
						      : 0;
}

int lease_filter_decode(json_t *json, struct lease_filter *f, struct error *error)
{
	json_t *endpoint, *value;
	const char *name;
	int result = 0;

	memset(f, 0, sizeof(*f));
	if (json && !json_is_object(json))
		return error_set(error, EINVAL, "filter: expected an object");
	endpoint = json_object();
	if (!endpoint)
		return error_set(error, ENOMEM, "out of memory");
	json_object_foreach(json, name, value) {
		result = decode_condition(name, value, f, endpoint, error);
		if (result)
			break;
	}
	if (!result)
		result = flow_filter_decode(endpoint, &f->endpoint, error);
	json_decref(endpoint);
	return result;
}

static bool pool_matches(const struct lease_filter *f, const struct tables *tables, u16 id)
{
	const char *name = tables->names->pools[id % MAX_POOL_IDS].names[0];

	return (!*f->pool || !strcmp(f->pool, name)) &&
	       (!f->of_interface ||
		!strncmp(interface_prefix, name, sizeof(interface_prefix) - 1));
}

bool lease_filter_matches(const struct lease_filter *f, const struct tables *tables, u32 slot)
{
	const struct flow *flow = &tables->flows[slot];

	if (flow_kind(flow) == FLOW_SESSION && flow_owns_port(flow))
		return false;
	return flow_filter_holds(&f->endpoint, tables, slot) &&
	       pool_matches(f, tables, flow->pool);
}

bool lease_is_open(const struct tables *tables, u32 slot)
{
	const struct flow *flow = &tables->flows[slot];

	return atomic_read(&flow->life) == FLOW_LIVE && flow_is_lease(flow) &&
	       !(atomic_read(&flow->users) & LEASE_CLOSED);
}
