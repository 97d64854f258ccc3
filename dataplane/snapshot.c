/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/snapshot.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/flow.h"
#include "dataplane/address.h"
#include "dataplane/capabilities.h"
#include "dataplane/codec.h"
#include "dataplane/digest.h"
#include "dataplane/prefix.h"
#include "dataplane/snapshot_names.h"
#include "dataplane/words.h"

void snapshot_free(struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->zone_count; i++)
		free(snapshot->zones[i].interfaces);
	for (size_t i = 0; i < snapshot->pool_count; i++)
		free(snapshot->pools[i].addresses);
	for (size_t i = 0; i < snapshot->rule_set_count; i++)
		free(snapshot->rule_sets[i].rules);
	free(snapshot->zones);
	free(snapshot->pools);
	free(snapshot->rule_sets);
	free(snapshot->proxies);
	memset(snapshot, 0, sizeof(*snapshot));
}

/* IPv4 ranges before IPv6, each in the order they had. */
static void sort_ranges(struct snapshot_address_range *ranges, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct snapshot_address_range range = ranges[i];
		size_t j = i;

		for (; j > 0 && ranges[j - 1].family > range.family; j--)
			ranges[j] = ranges[j - 1];
		ranges[j] = range;
	}
}

static bool range_continues(const struct snapshot_address_range *range,
			    const struct snapshot_address_range *next)
{
	union ip_addr address = range->high;

	return range->family == next->family && ip_addr_next(&address) &&
	       !memcmp(&address, &next->low, sizeof(address));
}

static void normalise_pool(struct snapshot_pool *pool)
{
	struct snapshot_address_range *ranges = pool->addresses;
	size_t used = 0;

	sort_ranges(ranges, pool->address_count);
	for (size_t i = 0; i < pool->address_count; i++) {
		if (used && range_continues(&ranges[used - 1], &ranges[i]))
			ranges[used - 1].high = ranges[i].high;
		else
			ranges[used++] = ranges[i];
	}
	pool->address_count = used;
}

static void normalise_rule(struct snapshot_rule *rule)
{
	bool listed[256] = {false};
	size_t used = 0;

	for (size_t i = 0; i < rule->protocol_count; i++)
		listed[rule->protocols[i]] = true;
	for (u32 protocol = 0; rule->protocol_count && protocol < 256; protocol++)
		if (listed[protocol])
			rule->protocols[used++] = (u8)protocol;
	rule->protocol_count = used;
}

static int compare_proxies(const void *a, const void *b)
{
	const struct snapshot_proxy *x = a, *y = b;
	int order = strcmp(x->interface, y->interface);

	if (!order)
		order = (x->range.family > y->range.family) - (x->range.family < y->range.family);
	return order ? order : memcmp(&x->range.low, &y->range.low, sizeof(x->range.low));
}

static void normalise_proxies(struct snapshot *snapshot)
{
	struct snapshot_proxy *proxies = snapshot->proxies;
	size_t used = 0;

	if (snapshot->proxy_count)
		qsort(proxies, snapshot->proxy_count, sizeof(*proxies), compare_proxies);
	for (size_t i = 0; i < snapshot->proxy_count; i++) {
		if (used && !strcmp(proxies[used - 1].interface, proxies[i].interface) &&
		    range_continues(&proxies[used - 1].range, &proxies[i].range))
			proxies[used - 1].range.high = proxies[i].range.high;
		else
			proxies[used++] = proxies[i];
	}
	snapshot->proxy_count = used;
}

void snapshot_normalise(struct snapshot *snapshot)
{
	normalise_proxies(snapshot);
	for (size_t i = 0; i < snapshot->pool_count; i++)
		normalise_pool(&snapshot->pools[i]);
	for (size_t i = 0; i < snapshot->rule_set_count; i++)
		for (size_t j = 0; j < snapshot->rule_sets[i].rule_count; j++)
			normalise_rule(&snapshot->rule_sets[i].rules[j]);
}

static const char *const xdp_mode_names[] = {"native", "generic"};
static const char *const algorithm_names[] = {NULL, "userspace-v1", "ebpf-legacy"};
static const char *const overflow_names[] = {NULL, "interface", "pool"};
static const char *const context_names[] = {"zone", "interface"};
static const char *const action_names[] = {"off", "interface", "pool"};

#define NAMES(names) names, sizeof(names) / sizeof(names[0])

/* An enum field; the codec speaks of u32. */
#define CODE_ENUM(c, name, field, names, nullable)                                             \
	do {                                                                                   \
		u32 value__ = (u32)(field);                                                    \
		codec_enum(c, name, &value__, NAMES(names), nullable);                         \
		field = (typeof(field))value__;                                                \
	} while (0)

struct coded_address {
	union ip_addr address;
	enum ip_family family;
};

static void code_address(struct codec *c, void *value)
{
	struct coded_address *a = value;
	char text[ADDRESS_TEXT_BYTES];
	const char *met;

	if (!c->decoding) {
		codec_put_text(c, ip_addr_print(&a->address, text));
		return;
	}
	met = codec_text(c);
	if (met && !ip_addr_parse(met, &a->address, &a->family))
		codec_fail(c, "an IPv4 or IPv6 address");
}

/* The fields low and high of the object at hand. */
static void code_range_fields(struct codec *c, struct snapshot_address_range *range)
{
	struct coded_address low = {range->low, range->family};
	struct coded_address high = {range->high, range->family};

	codec_field(c, "low", code_address, &low);
	codec_field(c, "high", code_address, &high);
	if (c->decoding && !c->failed &&
	    (low.family != high.family || memcmp(&low.address, &high.address, 16) > 0))
		codec_fail(c, "low and high of one family, low not above high");
	*range = (struct snapshot_address_range){low.family, low.address, high.address};
}

static void code_address_range(struct codec *c, void *value)
{
	codec_object_begin(c);
	code_range_fields(c, value);
	codec_object_end(c);
}

static void code_prefix(struct codec *c, void *value)
{
	struct snapshot_prefix *prefix = value;
	char text[ADDRESS_TEXT_BYTES + 4], address[ADDRESS_TEXT_BYTES];
	const char *met;

	if (!c->decoding) {
		(void)snprintf(text, sizeof(text), "%s/%u", ip_addr_print(&prefix->address, address),
			       prefix->length);
		codec_put_text(c, text);
		return;
	}
	met = codec_text(c);
	if (met && !prefix_parse(met, prefix))
		codec_fail(c, "a prefix without host bits, like 192.0.2.0/24");
}

static void code_port_range(struct codec *c, void *value)
{
	struct port_range *range = value;

	codec_object_begin(c);
	codec_u16(c, "low", &range->low, 0, 65535);
	codec_u16(c, "high", &range->high, range->low, 65535);
	codec_object_end(c);
}

static void code_interface(struct codec *c, void *value)
{
	struct snapshot_interface *interface = value;

	codec_object_begin(c);
	codec_string(c, "name", interface->name, sizeof(interface->name), false);
	CODE_ENUM(c, "xdp_mode", interface->xdp_mode, xdp_mode_names, false);
	codec_object_end(c);
}

static void code_zone(struct codec *c, void *value)
{
	struct snapshot_zone *zone = value;

	codec_object_begin(c);
	codec_string(c, "name", zone->name, sizeof(zone->name), false);
	codec_list(c, "interfaces", (void **)&zone->interfaces, &zone->interface_count,
		   sizeof(*zone->interfaces), MAX_INTERFACES, code_interface);
	codec_object_end(c);
}

/* The fields alarm_raise and alarm_clear of the object at hand. */
static void code_alarm(struct codec *c, struct alarm_thresholds *alarm, u32 most)
{
	codec_u32(c, "alarm_raise", &alarm->raise, 0, most);
	codec_u32(c, "alarm_clear", &alarm->clear, 0, most);
	if (c->decoding && !c->failed && alarm->clear >= alarm->raise &&
	    (alarm->raise || alarm->clear))
		codec_fail(c, "an alarm_clear below alarm_raise, or both 0");
}

static void code_host_base(struct codec *c, void *value)
{
	struct snapshot_prefix *base = value;

	if (!c->decoding && !base->length)
		c->node = json_null();
	else if (!c->decoding || !json_is_null(c->node))
		code_prefix(c, base);
	if (c->decoding && !c->failed && !json_is_null(c->node) && !base->length)
		codec_fail(c, "a prefix that is not of all hosts");
}

/* Addresses are shifted, and ports kept, both or neither. */
static bool shifting_is_whole(const struct snapshot_pool *pool)
{
	bool shifted = pool->host_base.length;

	if (pool->port_translation)
		return !shifted;
	for (size_t i = 0; i < pool->address_count; i++)
		if (pool->addresses[i].family != pool->host_base.family)
			return false;
	return shifted && !pool->address_persistent;
}

static void code_pool(struct codec *c, void *value)
{
	struct snapshot_pool *pool = value;

	codec_object_begin(c);
	codec_string(c, "name", pool->name, sizeof(pool->name), false);
	codec_list(c, "addresses", (void **)&pool->addresses, &pool->address_count,
		   sizeof(*pool->addresses), MAX_NAT_ADDRESSES, code_address_range);
	codec_u16(c, "port_low", &pool->port_low, 0, 65535);
	codec_u16(c, "port_high", &pool->port_high, 0, 65535);
	codec_bool(c, "address_persistent", &pool->address_persistent);
	CODE_ENUM(c, "algorithm", pool->algorithm, algorithm_names, true);
	if (c->decoding && !c->failed &&
	    pool->address_persistent != (pool->algorithm != SELECT_ROUND_ROBIN))
		codec_fail(c, "an algorithm exactly if address_persistent is true");
	codec_bool(c, "port_translation", &pool->port_translation);
	codec_field(c, "host_address_base", code_host_base, &pool->host_base);
	if (c->decoding && !c->failed && !shifting_is_whole(pool))
		codec_fail(c, "a host_address_base exactly if port_translation is false, of the "
			      "family of all addresses, and then no algorithm");
	codec_bool(c, "preserve_parity", &pool->preserve_parity);
	codec_bool(c, "preserve_range", &pool->preserve_range);
	code_alarm(c, &pool->alarm, 100);
	CODE_ENUM(c, "overflow", pool->overflow, overflow_names, true);
	codec_string(c, "overflow_pool", pool->overflow_pool, sizeof(pool->overflow_pool), true);
	if (c->decoding && !c->failed &&
	    (pool->overflow == OVERFLOW_TO_POOL) != (*pool->overflow_pool != '\0'))
		codec_fail(c, "an overflow_pool exactly if overflow is \"pool\"");
	codec_object_end(c);
}

static void code_context_name(struct codec *c, void *value)
{
	char *name = value;
	const char *met;

	if (!c->decoding) {
		codec_put_text(c, name);
		return;
	}
	met = codec_text(c);
	if (met && (!*met || strlen(met) >= SNAPSHOT_NAME_BYTES))
		codec_fail(c, "a name of 1 to 63 characters");
	else if (met)
		(void)snprintf(name, SNAPSHOT_NAME_BYTES, "%s", met);
}

static void code_context(struct codec *c, void *value)
{
	struct snapshot_context *context = value;

	codec_object_begin(c);
	CODE_ENUM(c, "kind", context->kind, context_names, false);
	codec_array(c, "names", context->names, &context->name_count, sizeof(context->names[0]),
		    MAX_CONTEXTS, code_context_name);
	codec_object_end(c);
}

static void code_protocol(struct codec *c, void *value)
{
	u8 *protocol = value;

	if (!c->decoding)
		c->node = json_integer(*protocol);
	else if (!json_is_integer(c->node) || json_integer_value(c->node) < 0 ||
		 json_integer_value(c->node) > 255)
		codec_fail(c, "a protocol number from 0 to 255");
	else
		*protocol = (u8)json_integer_value(c->node);
}

static void code_application(struct codec *c, void *value)
{
	struct snapshot_application *application = value;
	struct service_match *service = &application->service;

	codec_object_begin(c);
	codec_string(c, "name", application->name, sizeof(application->name), false);
	codec_u8(c, "protocol", &service->protocol);
	codec_bool(c, "any_port", &service->any_port);
	codec_field(c, "source_ports", code_port_range, &service->source);
	codec_field(c, "destination_ports", code_port_range, &service->destination);
	codec_u32(c, "inactivity_timeout", &service->inactivity_timeout_s, 0,
		  APPLICATION_TIMEOUT_MAX_S);
	codec_object_end(c);
}

/* null: none */
static void code_lease(struct codec *c, void *value)
{
	struct snapshot_lease *lease = value;

	if (!c->decoding && lease->permit == PERMIT_NONE) {
		c->node = json_null();
		return;
	}
	if (c->decoding && json_is_null(c->node))
		return;
	codec_object_begin(c);
	CODE_ENUM(c, "permit", lease->permit, permit_names, true);
	codec_u32(c, "inactivity_timeout", &lease->inactivity_timeout_s, LEASE_TIMEOUT_MIN_S,
		  LEASE_TIMEOUT_MAX_S);
	codec_u32(c, "maximum_flows", &lease->maximum_flows, LEASE_FLOWS_MIN, LEASE_FLOWS_MAX);
	codec_object_end(c);
	if (c->decoding && !c->failed && lease->permit == PERMIT_NONE)
		codec_fail(c, "a permit");
}

#define CODE_ARRAY(c, name, field, count, describe)                                            \
	codec_array(c, name, field, &(count), sizeof((field)[0]),                              \
		    sizeof(field) / sizeof((field)[0]), describe)

static void code_rule(struct codec *c, void *value)
{
	struct snapshot_rule *rule = value;

	codec_object_begin(c);
	codec_string(c, "name", rule->name, sizeof(rule->name), false);
	CODE_ARRAY(c, "source_addresses", rule->sources, rule->source_count, code_prefix);
	CODE_ARRAY(c, "destination_addresses", rule->destinations, rule->destination_count,
		   code_prefix);
	CODE_ARRAY(c, "source_ports", rule->source_ports, rule->source_port_count,
		   code_port_range);
	CODE_ARRAY(c, "destination_ports", rule->destination_ports, rule->destination_port_count,
		   code_port_range);
	CODE_ARRAY(c, "protocols", rule->protocols, rule->protocol_count, code_protocol);
	CODE_ARRAY(c, "applications", rule->applications, rule->application_count,
		   code_application);
	CODE_ENUM(c, "action", rule->action, action_names, false);
	codec_string(c, "pool", rule->pool, sizeof(rule->pool), true);
	code_alarm(c, &rule->alarm, ~0u);
	if (c->decoding && !c->failed && (rule->action == ACTION_POOL) != (*rule->pool != '\0'))
		codec_fail(c, "a pool exactly if the action is \"pool\"");
	codec_field(c, "persistent_nat", code_lease, &rule->lease);
	if (c->decoding && !c->failed && rule->action == ACTION_OFF && rule->lease.permit)
		codec_fail(c, "no persistent_nat with the action \"off\"");
	codec_object_end(c);
}

static void code_rule_set(struct codec *c, void *value)
{
	struct snapshot_rule_set *set = value;

	codec_object_begin(c);
	codec_string(c, "name", set->name, sizeof(set->name), false);
	codec_field(c, "from", code_context, &set->from);
	codec_field(c, "to", code_context, &set->to);
	codec_list(c, "rules", (void **)&set->rules, &set->rule_count, sizeof(*set->rules),
		   MAX_RULES, code_rule);
	codec_object_end(c);
}

static void code_proxy(struct codec *c, void *value)
{
	struct snapshot_proxy *proxy = value;

	codec_object_begin(c);
	codec_string(c, "interface", proxy->interface, sizeof(proxy->interface), false);
	code_range_fields(c, &proxy->range);
	codec_object_end(c);
}

static void code_cpu(struct codec *c, void *value)
{
	u16 *cpu = value;
	char expected[48];

	if (!c->decoding) {
		c->node = json_integer(*cpu);
	} else if (!json_is_integer(c->node) || json_integer_value(c->node) < 0 ||
		   json_integer_value(c->node) >= MAX_WORKER_CPUS) {
		(void)snprintf(expected, sizeof(expected), "the number of a CPU, from 0 to %d",
			       MAX_WORKER_CPUS - 1);
		codec_fail(c, expected);
	} else {
		*cpu = (u16)json_integer_value(c->node);
	}
}

static size_t list_cpus(const u64 *set, u16 *cpus)
{
	size_t count = 0;

	for (u32 cpu = 0; cpu < MAX_WORKER_CPUS; cpu++)
		if (set[cpu / 64] >> cpu % 64 & 1)
			cpus[count++] = (u16)cpu;
	return count;
}

/* => false if they do not ascend, and *set holds those up to there */
static bool take_cpus(u64 *set, const u16 *cpus, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i && cpus[i] <= cpus[i - 1])
			return false;
		set[cpus[i] / 64] |= 1ull << cpus[i] % 64;
	}
	return true;
}

static void code_workers(struct codec *c, void *value)
{
	struct snapshot *s = value;
	u16 cpus[MAX_WORKER_CPUS];
	size_t count = c->decoding ? 0 : list_cpus(s->worker_cpus, cpus);

	codec_object_begin(c);
	codec_array(c, "cpus", cpus, &count, sizeof(cpus[0]), MAX_WORKER_CPUS, code_cpu);
	codec_bool(c, "busy_poll", &s->busy_poll);
	if (c->decoding && !c->failed && !take_cpus(s->worker_cpus, cpus, count))
		codec_fail(c, "cpus that ascend, each once");
	codec_object_end(c);
}

enum { TIMEOUT_MAX_S = 31 * 86400 };

static void code_timeouts(struct codec *c, void *value)
{
	struct flow_timeouts *timeouts = value;

	codec_object_begin(c);
	codec_u32(c, "tcp_opening", &timeouts->tcp_opening_s, 1, TIMEOUT_MAX_S);
	codec_u32(c, "tcp_established", &timeouts->tcp_established_s, 1, TIMEOUT_MAX_S);
	codec_u32(c, "tcp_closing", &timeouts->tcp_closing_s, 1, TIMEOUT_MAX_S);
	codec_u32(c, "udp", &timeouts->udp_s, 1, TIMEOUT_MAX_S);
	codec_u32(c, "icmp", &timeouts->icmp_s, 1, TIMEOUT_MAX_S);
	codec_u32(c, "gre", &timeouts->gre_s, 1, TIMEOUT_MAX_S);
	codec_u32(c, "esp", &timeouts->esp_s, 1, TIMEOUT_MAX_S);
	codec_object_end(c);
}

static void code_tcp(struct codec *c, void *value)
{
	struct snapshot *s = value;

	codec_object_begin(c);
	codec_bool(c, "syn_check", &s->syn_check);
	codec_u32(c, "mss", &s->tcp_mss, 0, TCP_MSS_MOST);
	codec_object_end(c);
}

/* What the digest covers. */
static void code_body_fields(struct codec *c, struct snapshot *s)
{
	CODE_ENUM(c, "dataplane", s->dataplane, dataplane_names, false);
	codec_field(c, "workers", code_workers, s);
	codec_u32(c, "parity_sample", &s->parity_sample, 0, PARITY_SAMPLE_MAX);
	codec_bool(c, "port_randomization", &s->port_randomization);
	codec_u32(c, "port_hold_down", &s->port_hold_down_s, 0, PORT_HOLD_DOWN_MAX_S);
	codec_u32(c, "maximum_flows", &s->maximum_flows, FLOWS_MIN, FLOWS_MAX);
	codec_field(c, "timeouts", code_timeouts, &s->timeouts);
	codec_field(c, "tcp", code_tcp, s);
	codec_list(c, "zones", (void **)&s->zones, &s->zone_count, sizeof(*s->zones),
		   MAX_ZONES - 1, code_zone);
	codec_list(c, "pools", (void **)&s->pools, &s->pool_count, sizeof(*s->pools),
		   MAX_POOLS - 1, code_pool);
	codec_list(c, "rule_sets", (void **)&s->rule_sets, &s->rule_set_count,
		   sizeof(*s->rule_sets), MAX_RULE_SETS, code_rule_set);
	codec_list(c, "proxies", (void **)&s->proxies, &s->proxy_count, sizeof(*s->proxies),
		   MAX_NAT_ADDRESSES, code_proxy);
}

static void code_body(struct codec *c, void *value)
{
	codec_object_begin(c);
	code_body_fields(c, value);
	codec_object_end(c);
}

/* => the digest of the canonical body, in hexadecimal; false without memory */
static bool body_digest(const json_t *body, char digest[SNAPSHOT_DIGEST_BYTES])
{
	char *text = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);

	if (!text)
		return false;
	digest_text(text, strlen(text), digest);
	free(text);
	return true;
}

json_t *snapshot_encode(struct snapshot *snapshot, struct error *error)
{
	json_t *json = codec_encode(code_body, snapshot, error);

	if (!json)
		return NULL;
	if (body_digest(json, snapshot->digest) &&
	    !json_object_set_new(json, "version", json_integer(SNAPSHOT_VERSION)) &&
	    !json_object_set_new(json, "generation",
				 json_integer((json_int_t)snapshot->generation)) &&
	    !json_object_set_new(json, "digest", json_string(snapshot->digest)) &&
	    !json_object_set_new(json, "capabilities", capabilities_needed(snapshot)))
		return json;
	(void)error_set(error, ENOMEM, "out of memory");
	json_decref(json);
	return NULL;
}

static int check_capabilities(const json_t *list, struct error *error)
{
	size_t i;
	json_t *item;

	if (!json_is_array(list))
		return error_set(error, EINVAL, "capabilities: expected a list of strings");
	json_array_foreach(list, i, item) {
		if (!capability_is_known(json_string_value(item)))
			return error_set(error, ENOTSUP,
					 "capabilities[%zu]: no dataplane here can do \"%s\"", i,
					 json_is_string(item) ? json_string_value(item) : "?");
	}
	return 0;
}

static int check_version(json_t *json, struct error *error)
{
	const json_t *version = json_object_get(json, "version");

	if (!json_is_object(json))
		return error_set(error, EINVAL, "snapshot: expected an object");
	if (!json_is_integer(version) || json_integer_value(version) != SNAPSHOT_VERSION)
		return error_set(error, EPROTONOSUPPORT,
				 "version: met %lld, this dataplane speaks version %d",
				 json_integer_value(version), SNAPSHOT_VERSION);
	return check_capabilities(json_object_get(json, "capabilities"), error);
}

/* Takes the envelope off, so that what is left is the body. */
static int open_envelope(json_t *body, u64 *generation, char *digest, struct error *error)
{
	const json_t *number = json_object_get(body, "generation");
	const json_t *text = json_object_get(body, "digest");

	if (!json_is_integer(number) || json_integer_value(number) < 0)
		return error_set(error, EINVAL, "generation: expected an integer from 0 on");
	if (!json_is_string(text) || json_string_length(text) != SNAPSHOT_DIGEST_BYTES - 1)
		return error_set(error, EINVAL, "digest: expected 64 hexadecimal digits");
	*generation = (u64)json_integer_value(number);
	(void)snprintf(digest, SNAPSHOT_DIGEST_BYTES, "%s", json_string_value(text));
	json_object_del(body, "version");
	json_object_del(body, "generation");
	json_object_del(body, "digest");
	json_object_del(body, "capabilities");
	return 0;
}

int snapshot_decode_body(json_t *body, struct snapshot *snapshot, struct error *error)
{
	int result;

	memset(snapshot, 0, sizeof(*snapshot));
	result = codec_decode(body, code_body, snapshot, error);
	if (!result)
		result = snapshot_check_names(snapshot, error);
	if (result)
		snapshot_free(snapshot);
	return result;
}

/* Can the dataplane that the snapshot chooses do all of this? */
static int check_offered(const json_t *needed, enum dataplane dataplane, struct error *error)
{
	size_t i;
	json_t *item;

	json_array_foreach(needed, i, item) {
		const char *name = json_string_value(item);

		if (!capability_is_offered(dataplane, name))
			return error_set(error, ENOTSUP,
					 "capabilities[%zu]: the %s dataplane cannot do \"%s\"", i,
					 dataplane_names[dataplane], name);
	}
	return 0;
}

/* What the envelope says of the body. */
static int check_envelope(const json_t *body, const json_t *capabilities,
			  const struct snapshot *s, struct error *error)
{
	char digest[SNAPSHOT_DIGEST_BYTES];
	json_t *needed;
	int result;

	if (!body_digest(body, digest))
		return error_set(error, ENOMEM, "out of memory");
	if (strcmp(digest, s->digest))
		return error_set(error, EBADMSG, "digest: met %s, the body has %s", s->digest,
				 digest);
	needed = capabilities_needed(s);
	result = needed && json_equal(needed, capabilities)
			 ? check_offered(needed, s->dataplane, error)
			 : error_set(error, EINVAL,
				     "capabilities: not those that the body needs");
	json_decref(needed);
	return result;
}

int snapshot_decode(json_t *json, struct snapshot *snapshot, struct error *error)
{
	char digest[SNAPSHOT_DIGEST_BYTES];
	u64 generation = 0;
	json_t *body;
	int result;

	memset(snapshot, 0, sizeof(*snapshot));
	result = check_version(json, error);
	if (result)
		return result;
	body = json_copy(json);
	if (!body)
		return error_set(error, ENOMEM, "out of memory");
	result = open_envelope(body, &generation, digest, error);
	if (!result)
		result = snapshot_decode_body(body, snapshot, error);
	if (!result) {
		snapshot->generation = generation;
		memcpy(snapshot->digest, digest, sizeof(digest));
		result = check_envelope(body, json_object_get(json, "capabilities"), snapshot,
					error);
	}
	json_decref(body);
	if (result)
		snapshot_free(snapshot);
	return result;
}

static int compare_values(const json_t *sent, const json_t *got, char *path, size_t bytes,
			  struct error *error);

static int report_difference(const json_t *sent, const json_t *got, const char *path,
			     struct error *error)
{
	char *a = sent ? json_dumps(sent, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	char *b = got ? json_dumps(got, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

	(void)error_set(error, EBADE, "%s: sent %.100s, the dataplane has %.100s", path,
			a ? a : "nothing", b ? b : "nothing");
	free(a);
	free(b);
	return -EBADE;
}

static int compare_objects(const json_t *sent, const json_t *got, char *path, size_t bytes,
			   struct error *error)
{
	size_t length = strlen(path);
	const char *name;
	json_t *value;
	int result = 0;

	json_object_foreach((json_t *)(uintptr_t)sent, name, value) {
		(void)snprintf(path + length, bytes - length, "%s%s", length ? "." : "", name);
		result = compare_values(value, json_object_get(got, name), path, bytes, error);
		if (result)
			return result;
	}
	path[length] = '\0';
	return json_object_size(sent) == json_object_size(got)
		       ? 0
		       : report_difference(sent, got, path, error);
}

static int compare_arrays(const json_t *sent, const json_t *got, char *path, size_t bytes,
			  struct error *error)
{
	size_t length = strlen(path), i;
	json_t *value;
	int result;

	json_array_foreach((json_t *)(uintptr_t)sent, i, value) {
		(void)snprintf(path + length, bytes - length, "[%zu]", i);
		result = compare_values(value, json_array_get(got, i), path, bytes, error);
		if (result)
			return result;
	}
	path[length] = '\0';
	return json_array_size(sent) == json_array_size(got)
		       ? 0
		       : report_difference(sent, got, path, error);
}

static int compare_values(const json_t *sent, const json_t *got, char *path, size_t bytes,
			  struct error *error)
{
	if (json_is_object(sent) && json_is_object(got))
		return compare_objects(sent, got, path, bytes, error);
	if (json_is_array(sent) && json_is_array(got))
		return compare_arrays(sent, got, path, bytes, error);
	return got && json_equal(sent, got) ? 0 : report_difference(sent, got, path, error);
}

int snapshot_compare(const json_t *sent, const json_t *read_back, struct error *error)
{
	char path[CODEC_PATH_BYTES] = "";

	return compare_values(sent, read_back, path, sizeof(path), error);
}
