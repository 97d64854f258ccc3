/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/flow_filter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "core/rules.h"
#include "dataplane/prefix.h"
#include "dataplane/tables.h"

/* A condition, and where it goes in struct flow_filter. */
struct filter_word {
	const char *name;
	u32 maximum; /* of a number; 0: it is a prefix */
	size_t value_offset;
	size_t has_offset; /* prefixes */
};

#define NUMBER(name, field, maximum)                                                           \
	{                                                                                      \
		name, maximum, offsetof(struct flow_filter, field), 0                          \
	}
#define PREFIX(name, field)                                                                    \
	{                                                                                      \
		name, 0, offsetof(struct flow_filter, field),                                  \
			offsetof(struct flow_filter, has_##field)                              \
	}

static const struct filter_word filter_words[] = {
	PREFIX("source_prefix", source),
	PREFIX("destination_prefix", destination),
	PREFIX("translated_prefix", translated),
	NUMBER("source_port", source_port, 65535),
	NUMBER("destination_port", destination_port, 65535),
	NUMBER("translated_port", translated_port, 65535),
	NUMBER("protocol", protocol, 255),
	NUMBER("session", session, FLOWS_MAX),
	NUMBER("interface", ifindex, ~0u - 1),
};

static const struct filter_word *filter_word_of(const char *name)
{
	for (size_t i = 0; i < sizeof(filter_words) / sizeof(filter_words[0]); i++)
		if (!strcmp(filter_words[i].name, name))
			return &filter_words[i];
	return NULL;
}

static int decode_prefix(const json_t *value, const struct filter_word *word, u8 *filter,
			 struct error *error)
{
	struct prefix_match *match = (void *)(filter + word->value_offset);
	struct snapshot_prefix prefix;

	if (!json_is_string(value) || !prefix_parse(json_string_value(value), &prefix))
		return error_set(error, EINVAL, "%s: expected a prefix, like 192.0.2.0/24",
				 word->name);
	prefix_compile(&prefix, match);
	*(bool *)(filter + word->has_offset) = true;
	return 0;
}

/* => false if it is no number from 0 to the maximum */
static bool read_number(const json_t *value, u32 maximum, u32 *number)
{
	*number = (u32)json_integer_value(value);
	return json_is_integer(value) && json_integer_value(value) >= 0 &&
	       json_integer_value(value) <= maximum;
}

static int decode_number(const json_t *value, const struct filter_word *word, u8 *filter,
			 struct error *error)
{
	u32 *number = (void *)(filter + word->value_offset);

	if (!read_number(value, word->maximum, number))
		return error_set(error, EINVAL, "%s: expected a number from 0 to %u", word->name,
				 word->maximum);
	++*number;
	return 0;
}

static bool decode_service(const json_t *value, struct flow_service *service)
{
	u32 protocol, low, high;

	if (json_array_size(value) != 3 || !read_number(json_array_get(value, 0), 255, &protocol) ||
	    !read_number(json_array_get(value, 1), 65535, &low) ||
	    !read_number(json_array_get(value, 2), 65535, &high))
		return false;
	*service = (struct flow_service){(u8)protocol, (u16)low, (u16)high};
	return true;
}

/* An empty application would be every flow. */
static int decode_application(const json_t *value, struct flow_filter *f, struct error *error)
{
	const json_t *service;
	size_t i;

	json_array_foreach(value, i, service)
		if (i == MAX_SERVICES_PER_RULE ||
		    !decode_service(service, &f->services[f->service_count++]))
			break;
	if (!json_array_size(value) || i != json_array_size(value))
		return error_set(error, EINVAL,
				 "application: expected 1 to %d times [protocol, low, high]",
				 MAX_SERVICES_PER_RULE);
	return 0;
}

/* A condition that is not known is an error: without it, more flows would be meant. */
static int decode_condition(const char *name, const json_t *value, struct flow_filter *f,
			    struct error *error)
{
	const struct filter_word *word = filter_word_of(name);

	if (!strcmp(name, "application"))
		return decode_application(value, f, error);
	if (!word)
		return error_set(error, EINVAL, "%s: not a condition on flows", name);
	return word->maximum ? decode_number(value, word, (u8 *)f, error)
			     : decode_prefix(value, word, (u8 *)f, error);
}

int flow_filter_decode(json_t *json, struct flow_filter *f, struct error *error)
{
	const char *name;
	json_t *value;
	int result = 0;

	memset(f, 0, sizeof(*f));
	if (json && !json_is_object(json))
		return error_set(error, EINVAL, "filter: expected an object");
	json_object_foreach(json, name, value) {
		result = decode_condition(name, value, f, error);
		if (result)
			break;
	}
	return result;
}

static bool number_matches(u32 wanted, u32 number)
{
	return !wanted || wanted == number + 1;
}

static bool services_match(const struct flow_filter *f, const struct flow *flow)
{
	u16 port = ntohs(flow->remote_port);

	for (u32 i = 0; i < f->service_count; i++)
		if (f->services[i].protocol == flow->protocol && f->services[i].low <= port &&
		    port <= f->services[i].high)
			return true;
	return !f->service_count;
}

bool flow_filter_holds(const struct flow_filter *f, const struct tables *tables, u32 slot)
{
	const struct flow *flow = &tables->flows[slot];
	const union ip_addr *translated =
		&tables->control->addresses.slots[flow->address % MAX_ADDRESS_SLOTS].address;

	return number_matches(f->session, slot) && number_matches(f->protocol, flow->protocol) &&
	       number_matches(f->source_port, ntohs(flow->inside_port)) &&
	       number_matches(f->destination_port, ntohs(flow->remote_port)) &&
	       number_matches(f->translated_port, ntohs(flow->port)) &&
	       number_matches(f->ifindex, tables->flow_stats[slot].in_ifindex) &&
	       services_match(f, flow) &&
	       (!f->has_source || prefix_matches(&f->source, 1, &flow->inside)) &&
	       (!f->has_destination || prefix_matches(&f->destination, 1, &flow->remote)) &&
	       (!f->has_translated || prefix_matches(&f->translated, 1, translated));
}

bool flow_filter_matches(const struct flow_filter *f, const struct tables *tables, u32 slot)
{
	return flow_kind(&tables->flows[slot]) == FLOW_SESSION &&
	       flow_filter_holds(f, tables, slot);
}
