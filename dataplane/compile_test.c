/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is sent arrives: a snapshot goes through JSON, the compiler and the read-back and comes out
 * the same; and whatever is taken from it, or added to it, is noticed.
 */
#include "dataplane/compile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/rules.h"
#include "dataplane/snapshot.h"
#include "tests/env/test_env.h"
#include "tests/env/test_snapshot.h"
#include "tests/env/unit.h"

static struct tables *tables;
static struct network network;

static int start(void **state)
{
	(void)state;
	tables = test_env_start(64);
	test_network(&network);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	network_free(&network);
	test_env_stop(tables);
	return 0;
}

static int apply_with(const struct port_tables *ports, json_t *json, struct error *error)
{
	struct snapshot snapshot;
	int result = snapshot_decode(json, &snapshot, error);

	if (!result)
		result = compile_snapshot(tables, &snapshot, &network, ports, error);
	snapshot_free(&snapshot);
	return result;
}

static int apply(json_t *json, struct error *error)
{
	struct port_tables ports = test_port_tables_of(tables);

	return apply_with(&ports, json, error);
}

/* For tests that look at addresses alone: a port table is 800 kB. */
static int add_no_port_tables(void *context, const u32 *slots, u32 count, struct error *error)
{
	(void)context, (void)slots, (void)count, (void)error;
	return 0;
}

static json_t *read_back(u32 half)
{
	struct snapshot snapshot;
	struct error error;
	json_t *json;

	assert_int_equal(readback_snapshot(tables, half, &network, &snapshot, &error), 0);
	snapshot.proxy_count = 1; /* the kernel's, not in the tables */
	snapshot.proxies = calloc(1, sizeof(*snapshot.proxies));
	(void)strcpy(snapshot.proxies[0].interface, "eth1");
	snapshot.proxies[0].range = (struct snapshot_address_range){
		FAMILY_IPV4, test_addr("198.51.100.16"), test_addr("198.51.100.19")};
	json = snapshot_encode(&snapshot, &error);
	snapshot_free(&snapshot);
	return json;
}

static void a_snapshot_is_read_back_as_it_was_sent(void **state)
{
	json_t *sent = test_snapshot_json(), *got;
	struct error error = {""};

	(void)state;
	assert_int_equal(apply(sent, &error), 0);
	got = read_back(tables_idle_half(tables));
	if (snapshot_compare(sent, got, &error))
		fail_msg("%s", error.text);
	json_decref(sent);
	json_decref(got);
}

/* Calls `try` for every field of every object below; puts the field back afterwards. */
static u32 for_every_field(json_t *root, json_t *node,
			   void (*try)(json_t *root, json_t *object, const char *name))
{
	const char *name;
	char names[16][64];
	json_t *value;
	size_t i;
	u32 count = 0, fields = 0;

	json_array_foreach(node, i, value)
		count += for_every_field(root, value, try);
	json_object_foreach(node, name, value)
		(void)snprintf(names[fields++], sizeof(names[0]), "%s", name);
	for (i = 0; i < fields; i++) {
		json_t *kept = json_incref(json_object_get(node, names[i]));

		count += 1 + for_every_field(root, kept, try);
		try(root, node, names[i]);
		json_object_set_new(node, names[i], kept);
	}
	return count;
}

static void refuse(json_t *root, const char *name)
{
	struct error error = {""};

	assert_int_not_equal(apply(root, &error), 0);
	if (!strstr(error.text, name))
		fail_msg("the error for %s does not name it: %s", name, error.text);
}

static void refuse_without(json_t *root, json_t *object, const char *name)
{
	json_object_del(object, name);
	refuse(root, name);
}

static void refuse_with_another_type(json_t *root, json_t *object, const char *name)
{
	json_object_set_new(object, name, json_real(0.5));
	refuse(root, name);
}

static void refuse_with_more(json_t *root, json_t *object, const char *name)
{
	(void)name;
	json_object_set_new(object, "address_perzistent", json_true());
	refuse(root, "address_perzistent");
	json_object_del(object, "address_perzistent");
}

/* [contract 6] the founding bug: a field lost on the way is an error that names it */
static void a_field_that_is_missing_unknown_or_odd_is_refused(void **state)
{
	json_t *json = test_snapshot_json();

	(void)state;
	assert_true(for_every_field(json, json, refuse_without) > 80);
	for_every_field(json, json, refuse_with_another_type);
	for_every_field(json, json, refuse_with_more);
	json_decref(json);
}

static void a_value_changed_on_the_way_fails_the_digest(void **state)
{
	json_t *json = test_snapshot_json();
	json_t *pool = json_array_get(json_object_get(json, "pools"), 0);
	struct error error = {""};

	(void)state;
	json_object_set_new(pool, "address_persistent", json_false());
	json_object_set_new(pool, "algorithm", json_null());
	assert_int_equal(apply(json, &error), -EBADMSG);
	json_decref(json);
}

static void an_unknown_version_or_capability_is_named(void **state)
{
	json_t *json = test_snapshot_json();
	json_t *capabilities = json_object_get(json, "capabilities");
	struct error error = {""};

	(void)state;
	json_array_append_new(capabilities, json_string("time-travel"));
	assert_int_equal(apply(json, &error), -ENOTSUP);
	assert_non_null(strstr(error.text, "time-travel"));
	json_object_set_new(json, "version", json_integer(SNAPSHOT_VERSION + 1));
	assert_int_equal(apply(json, &error), -EPROTONOSUPPORT);
	json_decref(json);
}

static void what_was_installed_otherwise_is_noticed(void **state)
{
	json_t *sent = test_snapshot_json(), *got;
	struct error error = {""};
	u32 half = tables_idle_half(tables);

	(void)state;
	assert_int_equal(apply(sent, &error), 0);
	tables->config[half].pools[0].selector = SELECT_ROUND_ROBIN;
	got = read_back(half);
	assert_int_equal(snapshot_compare(sent, got, &error), -EBADE);
	assert_non_null(strstr(error.text, "pools[0]."));
	json_decref(sent);
	json_decref(got);
}

static void tables_of_no_dataplane_make_no_sense(void **state)
{
	json_t *sent = test_snapshot_json();
	struct snapshot snapshot;
	struct error error = {""};
	u32 half = tables_idle_half(tables);

	(void)state;
	assert_int_equal(apply(sent, &error), 0);
	tables->config[half].dataplane = DATAPLANE_COUNT;
	assert_int_equal(readback_snapshot(tables, half, &network, &snapshot, &error), -EINVAL);
	json_decref(sent);
}

static void an_interface_is_in_one_zone(void **state)
{
	json_t *json = test_snapshot_body(), *zones = json_object_get(json, "zones");
	json_t *lan = json_object_get(json_array_get(zones, 0), "interfaces");
	json_t *wan = json_object_get(json_array_get(zones, 1), "interfaces");
	struct error error = {""};

	(void)state;
	(void)json_array_append(wan, json_array_get(lan, 0));
	json = test_snapshot_seal(json);
	assert_int_equal(apply(json, &error), -EINVAL);
	assert_non_null(strstr(error.text, "eth0"));
	json_decref(json);
}

static void the_most_specific_context_wins(void **state)
{
	json_t *json = test_snapshot_json();
	const struct nat_config *config = &tables->config[tables_idle_half(tables)];
	struct error error;

	(void)state;
	assert_int_equal(apply(json, &error), 0);
	/* columns: eth0 1, eth2 2, eth1 3 */
	assert_int_equal(config->rule_set_of[1][3], 1);
	assert_int_equal(config->rule_set_of[2][3], 2);
	assert_int_equal(config->rule_set_of[3][1], 0);
	json_decref(json);
}

static void ids_and_slots_belong_to_names_and_addresses(void **state)
{
	json_t *json = test_snapshot_json();
	struct error error;
	u16 pool_id, rule_id, slot, version;

	(void)state;
	assert_int_equal(apply(json, &error), 0);
	pool_id = tables->config[1].pools[1].id;
	rule_id = tables->config[1].rules[4].id;
	slot = tables->config[1].pool_addresses[tables->config[1].pools[1].lists[0].first];
	version = (u16)tables->config[1].pools[1].memo_version;
	tables->control->active_half = 1;

	json_array_remove(json_object_get(json, "pools"), 0);
	json_array_remove(json_object_get(json_array_get(json_object_get(json, "rule_sets"), 0),
					  "rules"),
			  1);
	json = test_snapshot_seal(json);
	assert_int_equal(apply(json, &error), 0);
	assert_int_equal(tables->config[0].pools[0].id, pool_id);
	assert_int_equal(tables->config[0].pools[0].memo_version, version);
	assert_int_equal(tables->config[0].rules[3].id, rule_id);
	assert_int_equal(
		tables->config[0].pool_addresses[tables->config[0].pools[0].lists[0].first], slot);
	json_decref(json);
}

static u32 names_in_use(void)
{
	u32 count = 0;

	for (u32 i = 0; i < MAX_RULE_IDS; i++)
		count += tables->names->rules[i].in_use;
	for (u32 i = 0; i < MAX_ADDRESS_SLOTS; i++)
		count += tables->control->addresses.slots[i].in_use + (tables->ports[i] != NULL);
	return count;
}

static void a_compilation_that_fails_leaves_nothing(void **state)
{
	json_t *json = test_snapshot_json();
	struct error error;

	(void)state;
	network.interface_count = 2; /* eth2 is gone */
	assert_int_equal(apply(json, &error), -ENODEV);
	assert_non_null(strstr(error.text, "eth2"));
	assert_int_equal(names_in_use(), 0);
	network.interface_count = 4;
	assert_int_equal(apply(json, &error), 0);
	assert_int_not_equal(names_in_use(), 0);
	json_decref(json);
}

static void every_nat_address_is_found_and_no_other(void **state)
{
	json_t *json = test_snapshot_json();
	const struct nat_config *config = &tables->config[tables_idle_half(tables)];
	const struct port_tables no_ports = {add_no_port_tables, NULL};
	union ip_addr address = test_addr("198.51.100.0");
	struct error error;
	u32 found = 0;

	(void)state;
	json_object_set_new(
		json_array_get(json_object_get(json_array_get(json_object_get(json, "pools"), 0),
					       "addresses"),
			       0),
		"high", json_string("198.51.100.29"));
	json_object_set_new(
		json_array_get(json_object_get(json_array_get(json_object_get(json, "pools"), 0),
					       "addresses"),
			       1),
		"high", json_string("198.51.110.15"));
	json = test_snapshot_seal(json);
	assert_int_equal(apply_with(&no_ports, json, &error), 0);
	for (u32 i = 0; i < 65536; i++) {
		const struct nat_address *place;

		address.bytes[14] = (u8)(i >> 8);
		address.bytes[15] = (u8)i;
		place = nat_address_find(config, &address);
		found += place != NULL;
		if (place)
			assert_memory_equal(&tables->control->addresses.slots[place->slot].address,
					    &address, sizeof(address));
	}
	assert_int_equal(found, 10 * 256);
	address = test_addr("192.0.2.1");
	assert_int_equal(nat_address_find(config, &address)->flags,
			 NAT_ADDRESS_USED | NAT_ADDRESS_LOCAL);
	json_decref(json);
}

/* [RFC6888 REQ-3] */
static void addresses_have_one_normal_form(void **state)
{
	struct snapshot_address_range ranges[] = {
		{FAMILY_IPV6, test_addr("2001:db8::1"), test_addr("2001:db8::1")},
		{FAMILY_IPV4, test_addr("192.0.2.1"), test_addr("192.0.2.3")},
		{FAMILY_IPV4, test_addr("192.0.2.4"), test_addr("192.0.2.9")},
		{FAMILY_IPV6, test_addr("2001:db8::2"), test_addr("2001:db8::4")},
		{FAMILY_IPV4, test_addr("192.0.2.0"), test_addr("192.0.2.0")},
	};
	struct snapshot_pool pool = {.addresses = ranges, .address_count = 5};
	struct snapshot snapshot = {.pools = &pool, .pool_count = 1};
	union ip_addr end = test_addr("192.0.2.9"), other = test_addr("2001:db8::4");

	(void)state;
	snapshot_normalise(&snapshot);
	assert_int_equal(pool.address_count, 3);
	assert_memory_equal(&ranges[0].high, &end, sizeof(end));
	assert_int_equal(ranges[1].low.bytes[15], 0);
	assert_memory_equal(&ranges[2].high, &other, sizeof(other));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_snapshot_is_read_back_as_it_was_sent, start,
						stop),
		cmocka_unit_test_setup_teardown(a_field_that_is_missing_unknown_or_odd_is_refused,
						start, stop),
		cmocka_unit_test_setup_teardown(a_value_changed_on_the_way_fails_the_digest, start,
						stop),
		cmocka_unit_test_setup_teardown(an_unknown_version_or_capability_is_named, start,
						stop),
		cmocka_unit_test_setup_teardown(what_was_installed_otherwise_is_noticed, start,
						stop),
		cmocka_unit_test_setup_teardown(tables_of_no_dataplane_make_no_sense, start, stop),
		cmocka_unit_test_setup_teardown(an_interface_is_in_one_zone, start, stop),
		cmocka_unit_test_setup_teardown(the_most_specific_context_wins, start, stop),
		cmocka_unit_test_setup_teardown(ids_and_slots_belong_to_names_and_addresses, start,
						stop),
		cmocka_unit_test_setup_teardown(a_compilation_that_fails_leaves_nothing, start,
						stop),
		cmocka_unit_test_setup_teardown(every_nat_address_is_found_and_no_other, start,
						stop),
		cmocka_unit_test(addresses_have_one_normal_form),
	};

	return cmocka_run_group_tests_name("compile", tests, NULL, NULL);
}
