/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one side says, the other understands, whole. Random valid snapshots go through JSON, and
 * through the compiler and the read-back, and come out the same; a value that changes anywhere on
 * the way is noticed, by its path.
 */
#include "dataplane/snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "dataplane/address.h"
#include "dataplane/compile.h"
#include "dataplane/snapshot_names.h"
#include "tests/env/test_env.h"
#include "tests/env/test_snapshot.h"
#include "tests/env/unit.h"

enum { SNAPSHOTS = 200, INTERFACES = 12, FLOWS = FLOWS_MIN };

static u64 random_state;

static u32 below(u32 limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (u32)((random_state >> 20) % limit);
}

static void *array_of(size_t count, size_t bytes)
{
	void *array = calloc(count + 1, bytes);

	assert_non_null(array);
	return array;
}

/* A name that is there once for each number, and of any length. */
static void name_of(char *name, size_t bytes, const char *kind, u32 number)
{
	int used = snprintf(name, bytes, "%s%u", kind, number);

	while (used + 1 < (int)bytes && below(4))
		name[used++] = "-_.:/ az09\"\\"[below(12)];
}

/* Never one that the parser refuses. */
static union ip_addr random_address(enum ip_family family)
{
	union ip_addr address = test_addr("10.0.0.0");

	address.words[3] |= below(~0u) << 8;
	if (family == FAMILY_IPV4)
		return address;
	address.words[0] = below(~0u) | 0x20;
	address.words[1] = below(~0u);
	address.words[2] = below(3) ? 0 : below(~0u);
	return address;
}

static enum ip_family random_family(void)
{
	return below(2) ? FAMILY_IPV6 : FAMILY_IPV4;
}

static struct snapshot_address_range random_range(void)
{
	enum ip_family family = random_family();
	struct snapshot_address_range range = {.family = family, .low = random_address(family)};

	range.low.bytes[15] &= 0x7f;
	range.high = range.low;
	range.high.bytes[15] = (u8)(range.low.bytes[15] + below(20));
	return range;
}

static struct snapshot_prefix random_prefix(void)
{
	enum ip_family family = random_family();
	u32 bits = family == FAMILY_IPV4 ? 32 : 128, length = below(bits + 1);
	struct snapshot_prefix prefix = {.family = family, .address = random_address(family),
					 .length = (u8)length};

	for (u32 bit = 128 - bits + length; bit < 128; bit++)
		prefix.address.bytes[bit / 8] &= (u8) ~(0x80 >> bit % 8);
	return prefix;
}

static struct port_range random_ports(void)
{
	u16 low = (u16)below(65536);

	return (struct port_range){low, (u16)(low + below(65536u - low))};
}

/* Addresses of one family, shifted from a host or a prefix. */
static void random_shift(struct snapshot_pool *pool)
{
	enum ip_family family = pool->addresses[0].family;
	size_t count = 1;

	while (count < pool->address_count && pool->addresses[count].family == family)
		count++;
	pool->address_count = count;
	pool->port_translation = false;
	do {
		pool->host_base = random_prefix();
	} while (pool->host_base.family != family || !pool->host_base.length);
}

static void random_pool(struct snapshot_pool *pool, u32 number)
{
	name_of(pool->name, sizeof(pool->name), "pool", number);
	pool->address_count = below(6);
	pool->addresses = array_of(pool->address_count, sizeof(*pool->addresses));
	for (size_t i = 0; i < pool->address_count; i++)
		pool->addresses[i] = random_range();
	pool->port_low = (u16)below(65536);
	pool->port_high = (u16)below(65536);
	pool->algorithm = below(3);
	pool->address_persistent = pool->algorithm != SELECT_ROUND_ROBIN;
	pool->port_translation = true;
	if (below(2))
		pool->alarm = (struct alarm_thresholds){50 + below(51), 40 + below(10)};
	pool->preserve_parity = below(2);
	pool->preserve_range = below(2);
	if (pool->address_count && pool->algorithm == SELECT_ROUND_ROBIN && below(2))
		random_shift(pool);
	pool->overflow = below(2) ? OVERFLOW_TO_INTERFACE : OVERFLOW_TO_NONE;
}

/* Some pools overflow into the first one that can be an overflow pool. */
static void random_overflows(struct snapshot *s)
{
	const struct snapshot_pool *to = NULL;

	for (size_t i = 0; i < s->pool_count; i++) {
		struct snapshot_pool *pool = &s->pools[i];

		if (to && below(2)) {
			pool->overflow = OVERFLOW_TO_POOL;
			memcpy(pool->overflow_pool, to->name, sizeof(to->name));
		} else if (!to && pool->overflow == OVERFLOW_TO_NONE &&
			   pool->port_translation && snapshot_pool_has_ports(pool)) {
			to = pool;
		}
	}
}

static void random_match(struct snapshot_rule *rule)
{
	rule->source_count = below(MAX_PREFIXES_PER_RULE + 1);
	for (size_t i = 0; i < rule->source_count; i++)
		rule->sources[i] = random_prefix();
	rule->destination_count = below(MAX_PREFIXES_PER_RULE + 1);
	for (size_t i = 0; i < rule->destination_count; i++)
		rule->destinations[i] = random_prefix();
	rule->source_port_count = below(MAX_PORT_RANGES_PER_RULE + 1);
	for (size_t i = 0; i < rule->source_port_count; i++)
		rule->source_ports[i] = random_ports();
	rule->destination_port_count = below(MAX_PORT_RANGES_PER_RULE + 1);
	for (size_t i = 0; i < rule->destination_port_count; i++)
		rule->destination_ports[i] = random_ports();
	rule->protocol_count = below(MAX_SERVICES_PER_RULE + 1);
	for (size_t i = 0; i < rule->protocol_count; i++)
		rule->protocols[i] = (u8)below(256);
	rule->application_count = below(MAX_SERVICES_PER_RULE + 1);
	for (size_t i = 0; i < rule->application_count; i++) {
		struct snapshot_application *application = &rule->applications[i];

		name_of(application->name, sizeof(application->name), "junos-", below(4));
		application->service = (struct service_match){
			.protocol = (u8)below(256), .any_port = below(2),
			.source = random_ports(), .destination = random_ports(),
			.inactivity_timeout_s = below(APPLICATION_TIMEOUT_MAX_S + 1)};
	}
}

static void random_lease(struct snapshot_lease *lease)
{
	lease->permit = below(PERMIT_COUNT);
	if (!lease->permit)
		return;
	lease->inactivity_timeout_s =
		LEASE_TIMEOUT_MIN_S + below(LEASE_TIMEOUT_MAX_S - LEASE_TIMEOUT_MIN_S + 1);
	lease->maximum_flows = LEASE_FLOWS_MIN + below(LEASE_FLOWS_MAX - LEASE_FLOWS_MIN + 1);
}

static void random_rule(struct snapshot_rule *rule, u32 number, const struct snapshot *s)
{
	name_of(rule->name, sizeof(rule->name), "rule", number);
	random_match(rule);
	rule->action = below(3);
	if (rule->action == ACTION_POOL && s->pool_count && below(4))
		(void)strcpy(rule->pool, s->pools[below((u32)s->pool_count)].name);
	else if (rule->action == ACTION_POOL)
		(void)strcpy(rule->pool, "missing");
	if (rule->action != ACTION_OFF)
		random_lease(&rule->lease);
}

static void random_context(struct snapshot_context *context, const struct snapshot *s)
{
	context->kind = below(2) ? CONTEXT_ZONE : CONTEXT_INTERFACE;
	context->name_count = 1 + below(MAX_CONTEXTS);
	for (size_t i = 0; i < context->name_count; i++) {
		if (context->kind == CONTEXT_ZONE)
			(void)strcpy(context->names[i],
				     s->zones[below((u32)s->zone_count)].name);
		else
			(void)snprintf(context->names[i], SNAPSHOT_NAME_BYTES, "eth%u",
				       below(INTERFACES));
	}
}

/* Every interface is in one of the zones. */
static void random_zones(struct snapshot *s)
{
	s->zone_count = 1 + below(5);
	s->zones = array_of(s->zone_count, sizeof(*s->zones));
	for (u32 i = 0; i < s->zone_count; i++) {
		name_of(s->zones[i].name, sizeof(s->zones[i].name), "zone", i);
		s->zones[i].interfaces = array_of(INTERFACES, sizeof(*s->zones[i].interfaces));
	}
	for (u32 i = 0; i < INTERFACES; i++) {
		struct snapshot_zone *zone = &s->zones[below((u32)s->zone_count)];
		struct snapshot_interface *interface = &zone->interfaces[zone->interface_count++];

		(void)snprintf(interface->name, sizeof(interface->name), "eth%u", i);
		interface->xdp_mode = s->dataplane == DATAPLANE_EBPF && below(2)
					      ? XDP_MODE_GENERIC
					      : XDP_MODE_NATIVE;
	}
}

static void random_rule_sets(struct snapshot *s)
{
	s->rule_set_count = below(5);
	s->rule_sets = array_of(s->rule_set_count, sizeof(*s->rule_sets));
	for (u32 i = 0; i < s->rule_set_count; i++) {
		struct snapshot_rule_set *set = &s->rule_sets[i];

		name_of(set->name, sizeof(set->name), "set", i);
		random_context(&set->from, s);
		random_context(&set->to, s);
		set->rule_count = below(5);
		set->rules = array_of(set->rule_count, sizeof(*set->rules));
		for (u32 j = 0; j < set->rule_count; j++)
			random_rule(&set->rules[j], j, s);
	}
}

static void random_snapshot(struct snapshot *s, u32 seed)
{
	memset(s, 0, sizeof(*s));
	random_state = 0x9e3779b97f4a7c15ull * (seed + 1);
	s->generation = below(1000);
	s->dataplane = below(DATAPLANE_COUNT);
	for (u32 i = below(9); i; i--)
		s->worker_cpus[below(MAX_WORKER_CPUS / 64)] |= 1ull << below(64);
	s->busy_poll = below(2);
	s->parity_sample = below(PARITY_SAMPLE_MAX + 1);
	s->port_randomization = below(2);
	s->port_hold_down_s = below(PORT_HOLD_DOWN_MAX_S + 1);
	s->maximum_flows = FLOWS;
	s->timeouts = (struct flow_timeouts){1 + below(1000), 1 + below(100000), 1 + below(1000),
					     1 + below(1000), 1 + below(1000), 1 + below(1000),
					     1 + below(1000)};
	s->syn_check = below(2);
	s->tcp_mss = below(TCP_MSS_MOST + 1);
	random_zones(s);
	s->pool_count = below(5);
	s->pools = array_of(s->pool_count, sizeof(*s->pools));
	for (u32 i = 0; i < s->pool_count; i++)
		random_pool(&s->pools[i], i);
	random_overflows(s);
	random_rule_sets(s);
	s->proxy_count = below(4);
	s->proxies = array_of(s->proxy_count, sizeof(*s->proxies));
	for (u32 i = 0; i < s->proxy_count; i++) {
		(void)snprintf(s->proxies[i].interface, INTERFACE_NAME_BYTES, "eth%u",
			       below(INTERFACES));
		s->proxies[i].range = random_range();
	}
	snapshot_normalise(s);
}

static json_t *encode(struct snapshot *s)
{
	struct error error = {""};
	json_t *json = snapshot_encode(s, &error);

	if (!json)
		fail_msg("%s", error.text);
	return json;
}

static void assert_same(const json_t *sent, const json_t *got)
{
	struct error error = {""};

	if (snapshot_compare(sent, got, &error))
		fail_msg("%s", error.text);
	assert_true(json_equal(sent, got));
}

static void random_snapshots_survive_json(void **state)
{
	(void)state;
	for (u32 i = 0; i < SNAPSHOTS; i++) {
		struct snapshot sent, got;
		struct error error = {""};
		json_t *json, *again;

		random_snapshot(&sent, i);
		json = encode(&sent);
		if (snapshot_decode(json, &got, &error))
			fail_msg("seed %u: %s", i, error.text);
		assert_int_equal(got.generation, sent.generation);
		assert_string_equal(got.digest, sent.digest);
		again = encode(&got);
		assert_same(json, again);
		json_decref(json);
		json_decref(again);
		snapshot_free(&sent);
		snapshot_free(&got);
	}
}

/* JSON is text on its way: printed and parsed it is the same, and so is its digest. */
static void the_digest_is_that_of_the_text_whatever_its_order(void **state)
{
	(void)state;
	for (u32 i = 0; i < SNAPSHOTS / 10; i++) {
		struct snapshot sent, got;
		struct error error = {""};
		json_t *json, *parsed;
		char *text;

		random_snapshot(&sent, i);
		json = encode(&sent);
		text = json_dumps(json, JSON_SORT_KEYS | JSON_INDENT(3) | JSON_ENSURE_ASCII);
		parsed = json_loads(text, 0, NULL);
		assert_non_null(parsed);
		assert_int_equal(snapshot_decode(parsed, &got, &error), 0);
		assert_string_equal(got.digest, sent.digest);
		free(text);
		json_decref(json);
		json_decref(parsed);
		snapshot_free(&sent);
		snapshot_free(&got);
	}
}

static void network_of_many(struct network *network)
{
	*network = (struct network){0};
	for (u32 i = 0; i < INTERFACES; i++) {
		const struct link_addr link = {{2, 0, (u16)i}};
		struct network_address address = {100 + i, FAMILY_IPV4, test_addr("192.0.2.0"),
						  true};
		char name[INTERFACE_NAME_BYTES];

		(void)snprintf(name, sizeof(name), "eth%u", i);
		address.address.bytes[15] = (u8)i;
		assert_int_equal(network_add_interface(network, 100 + i, name, &link), 0);
		if (i % 2)
			assert_int_equal(network_add_address(network, &address), 0);
	}
}

static int add_no_port_tables(void *context, const u32 *slots, u32 count, struct error *error)
{
	(void)context, (void)slots, (void)count, (void)error;
	return 0;
}

/* What the tables do not hold: the kernel says it. */
static void take_from_the_kernel(struct snapshot *got, const struct snapshot *sent)
{
	for (size_t i = 0; i < got->zone_count && i < sent->zone_count; i++)
		for (size_t j = 0; j < got->zones[i].interface_count &&
				   j < sent->zones[i].interface_count; j++)
			got->zones[i].interfaces[j].xdp_mode =
				sent->zones[i].interfaces[j].xdp_mode;
	free(got->proxies);
	got->proxy_count = sent->proxy_count;
	got->proxies = array_of(sent->proxy_count, sizeof(*got->proxies));
	memcpy(got->proxies, sent->proxies, sent->proxy_count * sizeof(*got->proxies));
}

/* [contract 6] What was installed says what was sent, one snapshot after the other. */
static void random_snapshots_survive_the_tables(void **state)
{
	const struct port_tables no_ports = {add_no_port_tables, NULL};
	struct tables *tables = test_env_start(FLOWS);
	struct network network;

	(void)state;
	network_of_many(&network);
	for (u32 i = 0; i < SNAPSHOTS / 5; i++) {
		struct snapshot sent, got;
		struct error error = {""};
		json_t *json, *again;

		random_snapshot(&sent, i);
		if (i % 10 == 0) /* as the engine does once nothing remembers them */
			memset(tables->names, 0, sizeof(*tables->names));
		if (i % 10 == 0)
			memset(&tables->control->addresses, 0,
			       sizeof(tables->control->addresses));
		json = encode(&sent);
		if (compile_snapshot(tables, &sent, &network, &no_ports, &error))
			fail_msg("seed %u: %s", i, error.text);
		tables->control->active_half = tables_idle_half(tables);
		assert_int_equal(readback_snapshot(tables, tables->control->active_half, &network,
						   &got, &error),
				 0);
		take_from_the_kernel(&got, &sent);
		again = encode(&got);
		assert_same(json, again);
		json_decref(json);
		json_decref(again);
		snapshot_free(&sent);
		snapshot_free(&got);
	}
	network_free(&network);
	test_env_stop(tables);
}

/* Goes down to a random value that is no object and no list; its path is written. */
static void change_a_leaf(json_t *node, char *path, size_t bytes)
{
	size_t length = strlen(path);
	json_t *child = NULL;
	const char *name = NULL;
	size_t index = 0;

	if (json_is_array(node)) {
		index = below((u32)json_array_size(node));
		child = json_array_get(node, index);
		(void)snprintf(path + length, bytes - length, "[%zu]", index);
	} else {
		void *at = json_object_iter(node);

		for (u32 skip = below((u32)json_object_size(node)); skip; skip--)
			at = json_object_iter_next(node, at);
		name = json_object_iter_key(at);
		child = json_object_iter_value(at);
		(void)snprintf(path + length, bytes - length, "%s%s", length ? "." : "", name);
	}
	if ((json_is_array(child) && json_array_size(child)) || json_is_object(child)) {
		change_a_leaf(child, path, bytes);
		return;
	}
	if (name)
		json_object_set_new(node, name, json_string("changed"));
	else
		json_array_set_new(node, index, json_string("changed"));
}

/* [contract 6] a difference anywhere is named by its path, with both values. */
static void the_field_that_differs_is_named(void **state)
{
	json_t *sent = test_snapshot_json();

	(void)state;
	random_state = 42;
	for (u32 i = 0; i < 2000; i++) {
		json_t *got = json_deep_copy(sent);
		struct error error = {""};
		char path[128] = "", expected[160];

		change_a_leaf(got, path, sizeof(path));
		assert_int_equal(snapshot_compare(sent, got, &error), -EBADE);
		(void)snprintf(expected, sizeof(expected), "%s: sent ", path);
		if (strncmp(error.text, expected, strlen(expected)) ||
		    !strstr(error.text, "the dataplane has \"changed\""))
			fail_msg("%s was changed, the error is: %s", path, error.text);
		json_decref(got);
	}
	json_decref(sent);
}

static void what_is_missing_or_too_much_differs(void **state)
{
	json_t *sent = test_snapshot_json(), *got = json_deep_copy(sent);
	json_t *pools = json_object_get(got, "pools");
	struct error error = {""};

	(void)state;
	json_object_del(json_array_get(pools, 1), "address_persistent");
	assert_int_equal(snapshot_compare(sent, got, &error), -EBADE);
	assert_string_equal(error.text, "pools[1].address_persistent: sent true, the dataplane "
					"has nothing");
	json_object_set_new(json_array_get(pools, 1), "address_persistent", json_true());
	json_object_set_new(json_array_get(pools, 1), "more", json_true());
	assert_int_equal(snapshot_compare(sent, got, &error), -EBADE);
	assert_ptr_equal(strstr(error.text, "pools[1]: sent"), error.text);
	json_object_del(json_array_get(pools, 1), "more");
	assert_int_equal(snapshot_compare(sent, got, &error), 0);
	json_array_append_new(pools, json_object());
	assert_int_equal(snapshot_compare(sent, got, &error), -EBADE);
	assert_ptr_equal(strstr(error.text, "pools: sent"), error.text);
	json_array_remove(pools, 3);
	json_array_remove(pools, 2);
	assert_int_equal(snapshot_compare(sent, got, &error), -EBADE);
	assert_ptr_equal(strstr(error.text, "pools[2]: sent"), error.text);
	json_decref(sent);
	json_decref(got);
}

static void expect_refusal(const char *pool_field, json_t *value, const char *path)
{
	json_t *body = test_snapshot_json();
	json_t *pool = json_array_get(json_object_get(body, "pools"), 0);
	struct snapshot snapshot;
	struct error error = {""};

	json_object_del(body, "version");
	json_object_del(body, "generation");
	json_object_del(body, "digest");
	json_object_del(body, "capabilities");
	json_object_set_new(pool, pool_field, value);
	assert_int_equal(snapshot_decode_body(body, &snapshot, &error), -EINVAL);
	if (!strstr(error.text, path))
		fail_msg("\"%s\" does not name %s", error.text, path);
	assert_null(snapshot.pools);
	json_decref(body);
}

/* What each field may say alone, but not together with another. */
static void contradictions_are_refused(void **state)
{
	(void)state;
	expect_refusal("address_persistent", json_false(), "pools[0]");
	expect_refusal("algorithm", json_null(), "pools[0]");
	expect_refusal("overflow", json_null(), "pools[0]");
	expect_refusal("alarm_raise", json_integer(70), "pools[0]");
	expect_refusal("alarm_clear", json_integer(101), "pools[0].alarm_clear");
	expect_refusal("port_translation", json_false(), "pools[0]");
	expect_refusal("host_address_base", json_string("10.0.0.0/8"), "pools[0]");
	expect_refusal("host_address_base", json_string("0.0.0.0/0"), "pools[0].host_address_base");
	expect_refusal("overflow_pool", json_null(), "pools[0]");
	expect_refusal("addresses",
		       json_pack("[{s:s,s:s}]", "low", "192.0.2.9", "high", "192.0.2.1"),
		       "pools[0].addresses[0]");
	expect_refusal("addresses",
		       json_pack("[{s:s,s:s}]", "low", "192.0.2.9", "high", "2001:db8::1"),
		       "pools[0].addresses[0]");
	expect_refusal("addresses",
		       json_pack("[{s:s,s:s}]", "low", "::ffff:192.0.2.1", "high",
				 "::ffff:192.0.2.1"),
		       "pools[0].addresses[0].low");
}

static void expect_lease_refused(u32 rule, json_t *lease, const char *error_text)
{
	json_t *body = test_snapshot_body();
	json_t *set = json_array_get(json_object_get(body, "rule_sets"), 0);
	struct snapshot snapshot;
	struct error error = {""};

	json_object_set_new(json_array_get(json_object_get(set, "rules"), rule), "persistent_nat",
			    lease);
	assert_int_equal(snapshot_decode_body(body, &snapshot, &error), -EINVAL);
	if (!strstr(error.text, error_text))
		fail_msg("\"%s\" does not say %s", error.text, error_text);
	json_decref(body);
}

static json_t *lease_of(const char *permit, int inactivity_timeout, int maximum_flows)
{
	return json_pack("{s:s?, s:i, s:i}", "permit", permit, "inactivity_timeout",
			 inactivity_timeout, "maximum_flows", maximum_flows);
}

static void leases_have_a_permit_and_bounds(void **state)
{
	enum { RULE_OFF_NUMBER, RULE_POOL_NUMBER };

	(void)state;
	expect_lease_refused(RULE_OFF_NUMBER, lease_of("target-host", 300, 30),
			     "no persistent_nat with the action \"off\"");
	expect_lease_refused(RULE_POOL_NUMBER, lease_of(NULL, 300, 30), "persistent_nat");
	expect_lease_refused(RULE_POOL_NUMBER, lease_of("nobody", 300, 30),
			     "persistent_nat.permit");
	expect_lease_refused(RULE_POOL_NUMBER, lease_of("target-host", 59, 30),
			     "an integer from 60 to 7200");
	expect_lease_refused(RULE_POOL_NUMBER, lease_of("target-host", 7201, 30),
			     "persistent_nat.inactivity_timeout");
	expect_lease_refused(RULE_POOL_NUMBER, lease_of("target-host", 300, 7),
			     "an integer from 8 to 65536");
	expect_lease_refused(RULE_POOL_NUMBER, lease_of("target-host", 300, 65537),
			     "persistent_nat.maximum_flows");
}

/* Another pool, which is there and has no overflow pool of its own. */
static void an_overflow_pool_ends_the_way(void **state)
{
	(void)state;
	expect_refusal("overflow_pool", json_string("p"), "\"p\" cannot be the overflow_pool of");
	expect_refusal("overflow_pool", json_string("q"), "\"q\" cannot be the overflow_pool of");
	expect_refusal("overflow_pool", json_string("x"), "\"x\" cannot be the overflow_pool of");
}

static void expect_cpus_refused(json_t *cpus, const char *error_text)
{
	json_t *body = test_snapshot_body();
	struct snapshot snapshot;
	struct error error = {""};

	json_object_set_new(json_object_get(body, "workers"), "cpus", cpus);
	assert_int_equal(snapshot_decode_body(body, &snapshot, &error), -EINVAL);
	if (!strstr(error.text, error_text))
		fail_msg("\"%s\" does not say %s", error.text, error_text);
	json_decref(body);
}

static void cpus_ascend_and_exist(void **state)
{
	(void)state;
	expect_cpus_refused(json_pack("[i,i]", 3, 2), "workers");
	expect_cpus_refused(json_pack("[i,i]", 2, 2), "cpus that ascend, each once");
	expect_cpus_refused(json_pack("[i,i]", 0, 1024), "workers.cpus[1]");
	expect_cpus_refused(json_pack("[i]", -1), "from 0 to 1023");
	expect_cpus_refused(json_pack("[s]", "2"), "workers.cpus[0]");
}

/* [contract 6] A capability that is claimed in vain or not claimed is an error. */
static void capabilities_are_those_that_the_body_needs(void **state)
{
	json_t *json = test_snapshot_json();
	json_t *list = json_object_get(json, "capabilities");
	struct snapshot snapshot;
	struct error error = {""};

	(void)state;
	assert_int_equal(snapshot_decode(json, &snapshot, &error), 0);
	snapshot_free(&snapshot);
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *kept = json_incref(json_array_get(list, i));

		json_array_remove(list, i);
		assert_int_equal(snapshot_decode(json, &snapshot, &error), -EINVAL);
		assert_non_null(strstr(error.text, "capabilities"));
		json_array_insert_new(list, i, kept);
	}
	json_array_append_new(list, json_string("dataplane:userspace"));
	assert_int_equal(snapshot_decode(json, &snapshot, &error), -EINVAL);
	assert_non_null(strstr(error.text, "capabilities"));
	json_array_append_new(list, json_string("time-travel"));
	assert_int_equal(snapshot_decode(json, &snapshot, &error), -ENOTSUP);
	assert_non_null(strstr(error.text, "time-travel"));
	json_decref(json);
}

static void a_dataplane_refuses_what_another_one_can_do(void **state)
{
	json_t *json = test_snapshot_body();
	json_t *zone = json_array_get(json_object_get(json, "zones"), 0);
	json_t *interface = json_array_get(json_object_get(zone, "interfaces"), 1);
	struct snapshot snapshot;
	struct error error = {""};

	(void)state;
	json_object_set_new(interface, "xdp_mode", json_string("generic"));
	json = test_snapshot_seal(json);
	assert_int_equal(snapshot_decode(json, &snapshot, &error), 0);
	snapshot_free(&snapshot);
	json_object_set_new(json, "dataplane", json_string("userspace"));
	json = test_snapshot_seal(json);
	assert_int_equal(snapshot_decode(json, &snapshot, &error), -ENOTSUP);
	assert_non_null(strstr(error.text, "the userspace dataplane"));
	assert_non_null(strstr(error.text, "xdp-mode:generic"));
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_snapshots_survive_json),
		cmocka_unit_test(the_digest_is_that_of_the_text_whatever_its_order),
		cmocka_unit_test(random_snapshots_survive_the_tables),
		cmocka_unit_test(the_field_that_differs_is_named),
		cmocka_unit_test(what_is_missing_or_too_much_differs),
		cmocka_unit_test(contradictions_are_refused),
		cmocka_unit_test(leases_have_a_permit_and_bounds),
		cmocka_unit_test(an_overflow_pool_ends_the_way),
		cmocka_unit_test(cpus_ascend_and_exist),
		cmocka_unit_test(capabilities_are_those_that_the_body_needs),
		cmocka_unit_test(a_dataplane_refuses_what_another_one_can_do),
	};

	return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
