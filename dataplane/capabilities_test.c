/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each part of a snapshot asks for, and what the dataplanes say that they can do.
 */
#include "dataplane/capabilities.h"

#include "tests/env/test_env.h"
#include "tests/env/unit.h"

/* What is needed beyond the dataplane ebpf and source NAT must be this; NULL: nothing. */
static void assert_needed(const struct snapshot *s, const char *expected)
{
	json_t *list = capabilities_needed(s);
	size_t i;
	json_t *name;
	const char *met = NULL;

	json_array_foreach(list, i, name)
		if (strcmp(json_string_value(name), "source-nat") &&
		    strcmp(json_string_value(name), "dataplane:ebpf"))
			met = json_string_value(name);
	assert_int_equal(json_array_size(list), expected ? 3 : 2);
	if (expected)
		assert_string_equal(met, expected);
	json_decref(list);
}

static void a_pool_asks_for_its_algorithm_and_family(void **state)
{
	struct snapshot_address_range address = {FAMILY_IPV4, test_addr("192.0.2.1"),
						 test_addr("192.0.2.1")};
	struct snapshot_pool pool = {
		.addresses = &address, .address_count = 1, .port_translation = true};
	struct snapshot s = {.pools = &pool, .pool_count = 1};

	(void)state;
	assert_needed(&s, NULL);
	pool.algorithm = SELECT_EBPF_LEGACY;
	assert_needed(&s, "address-persistent:ebpf-legacy");
	pool.algorithm = SELECT_USERSPACE_V1;
	assert_needed(&s, "address-persistent:userspace-v1");
	pool.algorithm = SELECT_ROUND_ROBIN;
	address.family = FAMILY_IPV6;
	assert_needed(&s, "ipv6");
}

static void a_pool_asks_for_what_it_does_with_ports(void **state)
{
	struct snapshot_pool pool = {.port_translation = true};
	struct snapshot s = {.pools = &pool, .pool_count = 1};

	(void)state;
	assert_needed(&s, NULL);
	pool.overflow = OVERFLOW_TO_INTERFACE;
	assert_needed(&s, "overflow-pool");
	pool = (struct snapshot_pool){.port_translation = true, .preserve_parity = true};
	assert_needed(&s, "preserve-parity");
	pool = (struct snapshot_pool){.port_translation = true, .preserve_range = true};
	assert_needed(&s, "preserve-range");
	pool = (struct snapshot_pool){.port_translation = false};
	assert_needed(&s, "host-address-base");
	pool.port_translation = true;
	s.port_hold_down_s = 1;
	assert_needed(&s, "port-hold-down");
	s.port_hold_down_s = 0;
	pool.alarm.raise = 90;
	assert_needed(&s, "alarms");
}

static void a_rule_asks_for_its_action_and_families(void **state)
{
	static struct snapshot_rule rule = {.source_count = 1, .destination_count = 1};
	struct snapshot_rule_set set = {.rules = &rule, .rule_count = 1};
	struct snapshot s = {.rule_sets = &set, .rule_set_count = 1};

	(void)state;
	assert_needed(&s, NULL);
	rule.action = ACTION_INTERFACE;
	assert_needed(&s, "interface-nat");
	rule.action = ACTION_POOL;
	rule.lease.permit = PERMIT_TARGET_HOST;
	assert_needed(&s, "persistent-nat");
	rule.lease.permit = PERMIT_NONE;
	rule.action = ACTION_OFF;
	rule.sources[0].family = FAMILY_IPV6;
	assert_needed(&s, "ipv6");
	rule.sources[0].family = FAMILY_IPV4;
	rule.destinations[0].family = FAMILY_IPV6;
	assert_needed(&s, "ipv6");
}

static void a_proxy_and_a_generic_interface_are_asked_for(void **state)
{
	struct snapshot_proxy proxy = {.range.family = FAMILY_IPV4};
	struct snapshot_interface interface = {.xdp_mode = XDP_MODE_NATIVE};
	struct snapshot_zone zone = {.interfaces = &interface, .interface_count = 1};
	struct snapshot proxied = {.proxies = &proxy, .proxy_count = 1};
	struct snapshot zoned = {.zones = &zone, .zone_count = 1};

	(void)state;
	assert_needed(&proxied, "proxy");
	assert_needed(&zoned, NULL);
	interface.xdp_mode = XDP_MODE_GENERIC;
	assert_needed(&zoned, "xdp-mode:generic");
}

static void assert_offers(enum dataplane dataplane, const char *name, bool expected)
{
	if (capability_is_offered(dataplane, name) != expected)
		fail_msg("%s by dataplane %d: expected %d", name, (int)dataplane, expected);
}

static void each_dataplane_offers_itself_and_native_mode(void **state)
{
	(void)state;
	assert_offers(DATAPLANE_EBPF, "dataplane:ebpf", true);
	assert_offers(DATAPLANE_EBPF, "dataplane:userspace", false);
	assert_offers(DATAPLANE_EBPF, "xdp-mode:generic", true);
	assert_offers(DATAPLANE_USERSPACE, "dataplane:ebpf", false);
	assert_offers(DATAPLANE_USERSPACE, "dataplane:userspace", true);
	assert_offers(DATAPLANE_USERSPACE, "xdp-mode:generic", false);
	assert_offers(DATAPLANE_USERSPACE, "time-travel", false);
	assert_false(capability_is_known("time-travel"));
	assert_false(capability_is_known(NULL));
	assert_true(capability_is_known("xdp-mode:generic"));
}

static void what_is_offered_is_sorted_and_true(void **state)
{
	static const char *const names[] = {"ebpf", "userspace"};
	json_t *offered = capabilities_offered();

	(void)state;
	assert_int_equal(json_object_size(offered), DATAPLANE_COUNT);
	for (enum dataplane d = 0; d < DATAPLANE_COUNT; d++) {
		const char *before = "";
		size_t i;
		json_t *name;

		json_array_foreach(json_object_get(offered, names[d]), i, name) {
			assert_true(strcmp(before, json_string_value(name)) < 0);
			before = json_string_value(name);
			assert_offers(d, before, true);
		}
		assert_true(i > 5);
	}
	json_decref(offered);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pool_asks_for_its_algorithm_and_family),
		cmocka_unit_test(a_pool_asks_for_what_it_does_with_ports),
		cmocka_unit_test(a_rule_asks_for_its_action_and_families),
		cmocka_unit_test(a_proxy_and_a_generic_interface_are_asked_for),
		cmocka_unit_test(each_dataplane_offers_itself_and_native_mode),
		cmocka_unit_test(what_is_offered_is_sorted_and_true),
	};

	return cmocka_run_group_tests_name("capabilities", tests, NULL, NULL);
}
