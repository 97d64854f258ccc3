/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which statement is named for what a dataplane cannot do.
 */
#include "config/check_capabilities.h"

#include <errno.h>
#include <stdlib.h>

#include "config/random_text.h"
#include "config/testing.h"
#include "dataplane/capabilities.h"
#include "dataplane/snapshot.h"
#include "tests/env/unit.h"

enum { SEEDS = 300 };

/* Each line asks for one thing only. */
#define GATEWAY                                                        \
	"set security zones security-zone lan interfaces eth0\n"       \
	"set security zones security-zone wan interfaces eth1.0\n"     \
	"set security nat source pool p address 192.0.2.0/28\n"        \
	"set security nat source pool q address 192.0.2.32/28\n"       \
	"set security nat source rule-set s from zone lan\n"           \
	"set security nat source rule-set s to zone wan\n"             \
	"set security nat source rule-set s rule r match protocol 6\n" \
	"set security nat source rule-set s rule r then source-nat pool p\n"

/* Line 9 on: the place must be this one; line 0 for no statement. */
static void assert_place(const char *lines, const char *capability, u32 line, u32 column)
{
	struct text text = {0};
	struct tree tree;
	const struct node *node;

	text_add(&text, "%s%s", GATEWAY, lines);
	tree = testing_tree(text.bytes);
	node = capability_statement(&tree, capability);
	if ((node ? node->at.line : 0) != line || (node ? node->at.column : 0) != column)
		fail_msg("%s of:\n%sis at %u:%u, expected %u:%u", capability, lines,
			 node ? node->at.line : 0, node ? node->at.column : 0, line, column);
	tree_free(&tree);
}

static void algorithms_are_those_that_pools_go_by(void **state)
{
	(void)state;
	assert_place("", "address-persistent:userspace-v1", 0, 0);
	assert_place("set security nat source address-persistent\n",
		     "address-persistent:userspace-v1", 9, 25);
	assert_place("set security nat source pool q address-persistent algorithm ebpf-legacy\n"
		     "set security nat source address-persistent\n",
		     "address-persistent:ebpf-legacy", 9, 32);
	assert_place("set security nat source pool q address-persistent algorithm ebpf-legacy\n"
		     "set security nat source address-persistent algorithm ebpf-legacy\n",
		     "address-persistent:ebpf-legacy", 9, 32);
	/* No pool goes by the one for all pools. */
	assert_place("set security nat source address-persistent\n"
		     "set security nat source pool q address-persistent algorithm ebpf-legacy\n"
		     "set security nat source pool p address-persistent\n",
		     "address-persistent:userspace-v1", 11, 32);
	assert_place("set security nat source address-persistent\n"
		     "deactivate security nat source address-persistent\n",
		     "address-persistent:userspace-v1", 0, 0);
}

static void actions_proxies_and_modes_have_their_places(void **state)
{
	(void)state;
	assert_place("set security nat source rule-set s rule i then source-nat interface\n",
		     "interface-nat", 9, 59);
	assert_place("set security nat proxy-arp interface eth1 address 192.0.2.0/28\n", "proxy", 9,
		     18);
	assert_place("set security nat proxy-arp\n"
		     "set security nat proxy-ndp interface eth1 address 2001:db8::1\n",
		     "proxy", 10, 18);
	assert_place("set interfaces eth2 xdp-mode generic\n"
		     "set interfaces eth0 xdp-mode native\n"
		     "set interfaces eth1 xdp-mode generic\n",
		     "xdp-mode:generic", 11, 30);
	assert_place("set system dataplane-type userspace\n", "dataplane:userspace", 9, 27);
	assert_place("set system dataplane-type userspace\n", "dataplane:ebpf", 0, 0);
	assert_place("", "source-nat", 3, 18);
}

static void persistent_nat_is_asked_for_where_rules_go_by_it(void **state)
{
	(void)state;
	assert_place("", "persistent-nat", 0, 0);
	assert_place("set security nat source rule-set s rule i then source-nat interface "
		     "persistent-nat permit target-host\n",
		     "persistent-nat", 9, 69);
	/* No rule names the pool. */
	assert_place("set security nat source pool q persistent-nat permit target-host\n",
		     "persistent-nat", 0, 0);
	assert_place("set security nat source pool q persistent-nat permit target-host\n"
		     "set security nat source rule-set s rule i then source-nat pool q\n",
		     "persistent-nat", 9, 32);
	assert_place("set security nat source pool q persistent-nat permit target-host\n"
		     "set security nat source rule-set s rule i then source-nat pool q "
		     "persistent-nat permit any-remote-host\n",
		     "persistent-nat", 10, 66);
}

static void what_pools_ask_for_has_its_place(void **state)
{
	(void)state;
	assert_place("set security nat source port-hold-down 0\n", "port-hold-down", 0, 0);
	assert_place("set security nat source port-hold-down 120\n", "port-hold-down", 9, 40);
	assert_place("set security nat source pool p port preserve-parity\n"
		     "set security nat source pool q port preserve-range\n",
		     "preserve-parity", 9, 37);
	assert_place("set security nat source pool p port preserve-parity\n"
		     "set security nat source pool q port preserve-range\n",
		     "preserve-range", 10, 37);
	assert_place("set security nat source pool p host-address-base 10.0.0.0/24\n"
		     "set security nat source pool p port no-translation\n",
		     "host-address-base", 9, 50);
	assert_place("set security nat source pool-utilization-alarm raise-threshold 90\n"
		     "set security nat source pool-utilization-alarm clear-threshold 80\n",
		     "alarms", 9, 25);
	assert_place("set applications application x term t protocol 6 inactivity-timeout 8000\n"
		     "set applications application y term t protocol 6 inactivity-timeout 8000\n"
		     "set security nat source rule-set s rule i match application y\n"
		     "set security nat source rule-set s rule i then source-nat off\n",
		     "application-timeouts", 10, 69);
	assert_place("", "overflow-pool", 0, 0);
	assert_place("set security nat source pool q overflow-pool p\n"
		     "set security nat source pool p overflow-pool interface\n",
		     "overflow-pool", 9, 46);
}

static void the_first_ipv6_by_place_is_named(void **state)
{
	(void)state;
	assert_place("", "ipv6", 0, 0);
	assert_place("set security nat proxy-ndp interface eth1 address 2001:db8::1\n"
		     "set security nat source pool p address 2001:db8::1\n",
		     "ipv6", 9, 51);
	assert_place("set security nat source rule-set s rule r match source-address "
		     "[ 10.0.0.0/8 fd00::/8 ]\n"
		     "set security nat source rule-set s rule r match destination-address ::/0\n",
		     "ipv6", 9, 77);
}

/* All that a snapshot needs, and only that, has a statement, but for what is the default. */
static void needs_and_statements_agree(void **state)
{
	json_t *offered = capabilities_offered();
	const char *dataplane;
	json_t *list, *name;
	size_t i;

	(void)state;
	for (u32 seed = 0; seed < SEEDS; seed++) {
		char *text = random_configuration(seed);
		struct snapshot snapshot = testing_snapshot(text);
		struct tree tree = testing_tree(text);
		json_t *needed = capabilities_needed(&snapshot);
		size_t found = 0;

		json_array_foreach(needed, i, name)
			found += capability_statement(&tree, json_string_value(name)) != NULL;
		assert_int_equal(found, json_array_size(needed) - 1); /* dataplane:ebpf */
		json_object_foreach(offered, dataplane, list)
			json_array_foreach(list, i, name)
				found -= !strcmp(dataplane, "ebpf") &&
					 capability_statement(&tree, json_string_value(name));
		assert_int_equal(found, 0);
		json_decref(needed);
		tree_free(&tree);
		snapshot_free(&snapshot);
		free(text);
	}
	json_decref(offered);
}

static void every_capability_has_a_demand(void **state)
{
	struct tree tree = testing_tree("");
	json_t *offered = capabilities_offered();
	const char *dataplane;
	json_t *list, *name;
	size_t i;

	(void)state;
	json_object_foreach(offered, dataplane, list)
		json_array_foreach(list, i, name)
			assert_null(capability_statement(&tree, json_string_value(name)));
	json_decref(offered);
	tree_free(&tree);
}

/* Reads the text as the file "f", and checks it against what is offered. => what is reported */
static char *reports_of(const char *text, const json_t *offered, int expected)
{
	struct diagnostics diagnostics = {0};
	struct config *config = NULL;
	char *reports = NULL;
	size_t length;
	FILE *memory = open_memstream(&reports, &length);

	assert_int_equal(config_parse("f", text, strlen(text), &diagnostics, &config), 0);
	assert_int_equal(config_check_capabilities(config, offered, &diagnostics), expected);
	diagnostics_print(&diagnostics, memory);
	(void)fclose(memory);
	diagnostics_free(&diagnostics);
	config_free(config);
	return reports;
}

static void assert_checked(const char *text, json_t *offered, const char *expected)
{
	char *reports = reports_of(text, offered, *expected ? -EINVAL : 0);

	assert_string_equal(reports, expected);
	free(reports);
	json_decref(offered);
}

static void what_is_offered_is_no_error(void **state)
{
	(void)state;
	assert_checked("", capabilities_offered(), "");
	assert_checked("set security zones security-zone lan interfaces eth0\n"
		       "set interfaces eth0 xdp-mode generic\n",
		       capabilities_offered(), "");
	assert_checked("set system dataplane-type userspace\n", capabilities_offered(), "");
}

static void generic_mode_is_refused_to_workers(void **state)
{
	(void)state;
	assert_checked("interfaces { eth0 { xdp-mode generic; } }\n"
		       "security { zones { security-zone lan { interfaces { eth0; } } } }\n"
		       "system { dataplane-type userspace; }\n",
		       capabilities_offered(),
		       "f:1:30: error: the userspace dataplane cannot do 'xdp-mode generic'; "
		       "expected 'xdp-mode native', or 'dataplane-type ebpf'\n");
}

static void everything_that_is_not_offered_is_reported_by_place(void **state)
{
	json_t *offered = json_pack("{s:[s,s], s:[s]}", "ebpf", "dataplane:ebpf", "source-nat",
				    "userspace", "ipv6");

	(void)state;
	assert_checked("set security zones security-zone lan interfaces eth0\n"
		       "set security nat proxy-ndp interface eth0 address 2001:db8::1\n"
		       "set security nat source address-persistent\n"
		       "set security nat source pool p address 192.0.2.1\n"
		       "set security nat source rule-set s from zone lan\n"
		       "set security nat source rule-set s to zone lan\n"
		       "set security nat source rule-set s rule r match protocol tcp\n"
		       "set security nat source rule-set s rule r then source-nat pool p\n"
		       "set security nat source rule-set s rule i then source-nat interface\n",
		       offered,
		       "f:2:18: error: the ebpf dataplane cannot do 'proxy-arp' or 'proxy-ndp'; "
		       "expected neither\n"
		       "f:2:51: error: the ebpf dataplane cannot do IPv6; expected addresses of "
		       "IPv4, or 'dataplane-type userspace'\n"
		       "f:3:25: error: the ebpf dataplane cannot do 'address-persistent algorithm "
		       "userspace-v1'; expected another algorithm\n"
		       "f:8:64: warning: rule 'r' matches IPv6 packets too, and pool 'p' has no "
		       "IPv6 address: they are dropped as source_nat_pool_wrong_family\n"
		       "f:9:59: error: the ebpf dataplane cannot do 'source-nat interface'; "
		       "expected 'off' or 'pool NAME'\n");
}

static void what_only_the_default_asks_for_has_no_line(void **state)
{
	(void)state;
	assert_checked("", json_pack("{s:[s]}", "ebpf", "source-nat"),
		       "f: error: the ebpf dataplane cannot do 'dataplane-type ebpf'; expected "
		       "another dataplane-type\n");
	assert_checked("", json_pack("{s:[s]}", "ebpf", "dataplane:ebpf"),
		       "f: error: the ebpf dataplane cannot do source NAT; expected a dataplane "
		       "that can\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(algorithms_are_those_that_pools_go_by),
		cmocka_unit_test(actions_proxies_and_modes_have_their_places),
		cmocka_unit_test(persistent_nat_is_asked_for_where_rules_go_by_it),
		cmocka_unit_test(what_pools_ask_for_has_its_place),
		cmocka_unit_test(the_first_ipv6_by_place_is_named),
		cmocka_unit_test(needs_and_statements_agree),
		cmocka_unit_test(every_capability_has_a_demand),
		cmocka_unit_test(what_is_offered_is_no_error),
		cmocka_unit_test(generic_mode_is_refused_to_workers),
		cmocka_unit_test(everything_that_is_not_offered_is_reported_by_place),
		cmocka_unit_test(what_only_the_default_asks_for_has_no_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
