/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/flow_filter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "core/rules.h"
#include "dataplane/prefix.h"
#include "dataplane/tables.h"

static int decode_prefix(json_t *json, const char *name, bool *has, struct prefix_match *match,
			 struct error *error)
{
	json_t *value = json_object_get(json, name);
	struct snapshot_prefix prefix;

	if (!value)
		return 0;
	if (!json_is_string(value) || !prefix_parse(json_string_value(value), &prefix))
		return error_set(error, EINVAL, "%s: expected a prefix, like 192.0.2.0/24", name);
	prefix_compile(&prefix, match);
	*has = true;
	return 0;
}

static int decode_number(json_t *json, const char *name, u32 maximum, u32 *number,
			 struct error *error)
{
	json_t *value = json_object_get(json, name);

	if (!value)
		return 0;
	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
	    json_integer_value(value) > maximum)
		return error_set(error, EINVAL, "%s: expected a number from 0 to %u", name,
				 maximum);
	*number = (u32)json_integer_value(value) + 1;
	return 0;
}

int flow_filter_decode(json_t *json, struct flow_filter *f, struct error *error)
{
	u32 interface = 0;
	int result;

	memset(f, 0, sizeof(*f));
	result = decode_prefix(json, "source_prefix", &f->has_source, &f->source, error);
	if (!result)
		result = decode_prefix(json, "destination_prefix", &f->has_destination,
				       &f->destination, error);
	if (!result)
		result = decode_prefix(json, "translated_prefix", &f->has_translated,
				       &f->translated, error);
	if (!result)
		result = decode_number(json, "source_port", 65535, &f->source_port, error);
	if (!result)
		result = decode_number(json, "destination_port", 65535, &f->destination_port,
				       error);
	if (!result)
		result = decode_number(json, "translated_port", 65535, &f->translated_port, error);
	if (!result)
		result = decode_number(json, "protocol", 255, &f->protocol, error);
	if (!result)
		result = decode_number(json, "session", FLOWS_MAX, &f->session, error);
	if (!result)
		result = decode_number(json, "interface", ~0u - 1, &interface, error);
	f->ifindex = interface ? interface - 1 : 0;
	return result;
}

static bool number_matches(u32 wanted, u32 number)
{
	return !wanted || wanted == number + 1;
}

bool flow_filter_matches(const struct flow_filter *f, const struct tables *tables, u32 slot)
{
	const struct flow *flow = &tables->flows[slot];
	const union ip_addr *translated =
		&tables->control->addresses.slots[flow->address % MAX_ADDRESS_SLOTS].address;

	return number_matches(f->session, slot) && number_matches(f->protocol, flow->protocol) &&
	       number_matches(f->source_port, ntohs(flow->inside_port)) &&
	       number_matches(f->destination_port, ntohs(flow->remote_port)) &&
	       number_matches(f->translated_port, ntohs(flow->port)) &&
	       (!f->ifindex || tables->flow_stats[slot].in_ifindex == f->ifindex) &&
	       (!f->has_source || prefix_matches(&f->source, 1, &flow->inside)) &&
	       (!f->has_destination || prefix_matches(&f->destination, 1, &flow->remote)) &&
	       (!f->has_translated || prefix_matches(&f->translated, 1, translated));
}
