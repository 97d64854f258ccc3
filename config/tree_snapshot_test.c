/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each statement becomes in the snapshot.
 */
#include "config/tree_snapshot.h"

#include "config/address.h"
#include "config/testing.h"
#include "dataplane/snapshot.h"
#include "tests/env/unit.h"

#define ZONES                                                      \
	"set security zones security-zone wan interfaces eth1\n"   \
	"set security zones security-zone lan interfaces eth0.0\n" \
	"set security zones security-zone lan interfaces br-lan\n"
#define RULE_SET                                             \
	"set security nat source rule-set s from zone lan\n" \
	"set security nat source rule-set s to zone wan\n"
#define RULE "set security nat source rule-set s rule r "
#define POOL "set security nat source pool p "

static u32 count_cpus(const struct snapshot *s)
{
	u32 count = 0;

	for (size_t i = 0; i < MAX_WORKER_CPUS / 64; i++)
		count += (u32)__builtin_popcountll(s->worker_cpus[i]);
	return count;
}

static void an_empty_configuration_has_the_defaults(void **state)
{
	struct snapshot s = testing_snapshot("");

	(void)state;
	assert_int_equal(s.dataplane, DATAPLANE_EBPF);
	assert_int_equal(count_cpus(&s), 0);
	assert_false(s.busy_poll);
	assert_int_equal(s.parity_sample, 1000);
	assert_true(s.port_randomization);
	assert_int_equal(s.port_hold_down_s, 0);
	assert_int_equal(s.maximum_flows, 1000000);
	assert_int_equal(s.timeouts.tcp_opening_s, 240);
	assert_int_equal(s.timeouts.tcp_established_s, 7440);
	assert_int_equal(s.timeouts.tcp_closing_s, 240);
	assert_int_equal(s.timeouts.udp_s, 300);
	assert_int_equal(s.timeouts.icmp_s, 60);
	assert_int_equal(s.timeouts.gre_s, 1800);
	assert_int_equal(s.timeouts.esp_s, 1800);
	assert_true(s.syn_check);
	assert_int_equal(s.tcp_mss, 0);
	assert_int_equal(s.zone_count + s.pool_count + s.rule_set_count + s.proxy_count, 0);
	snapshot_free(&s);
}

static void flow_statements_reach_the_snapshot(void **state)
{
	struct snapshot s =
		testing_snapshot("security { flow { maximum-sessions 64; tcp-session {\n"
				 "tcp-initial-timeout 241; established-timeout 7441; "
				 "closing-timeout 242; no-syn-check; }\n"
				 "tcp-mss { all-tcp { mss 1352; } }\n"
				 "udp-session { timeout 121; } icmp-session { timeout 61; }\n"
				 "gre-session { timeout 122; } esp-session { timeout 123; } }\n"
				 "nat { source { port-randomization disable; port-hold-down 120; } } }\n"
				 "system { dataplane-type ebpf; }\n");

	(void)state;
	assert_false(s.port_randomization);
	assert_int_equal(s.port_hold_down_s, 120);
	assert_int_equal(s.maximum_flows, 64);
	assert_int_equal(s.timeouts.tcp_opening_s, 241);
	assert_int_equal(s.timeouts.tcp_established_s, 7441);
	assert_int_equal(s.timeouts.tcp_closing_s, 242);
	assert_int_equal(s.timeouts.udp_s, 121);
	assert_int_equal(s.timeouts.icmp_s, 61);
	assert_int_equal(s.timeouts.gre_s, 122);
	assert_int_equal(s.timeouts.esp_s, 123);
	assert_false(s.syn_check);
	assert_int_equal(s.tcp_mss, 1352);
	snapshot_free(&s);
}

static void the_dataplane_and_its_workers_reach_the_snapshot(void **state)
{
	struct snapshot s =
		testing_snapshot("system { dataplane-type userspace; parity-sample 0;\n"
				 "userspace { worker-cpus [ 2 63-65 64 1023 ]; busy-poll; } }\n");

	(void)state;
	assert_int_equal(s.dataplane, DATAPLANE_USERSPACE);
	assert_int_equal(s.parity_sample, 0);
	assert_true(s.busy_poll);
	assert_int_equal(count_cpus(&s), 5);
	assert_int_equal(s.worker_cpus[0], 1ull << 2 | 1ull << 63);
	assert_int_equal(s.worker_cpus[1], 3);
	assert_int_equal(s.worker_cpus[15], 1ull << 63);
	snapshot_free(&s);
	s = testing_snapshot("set system userspace worker-cpus 7\n"
			     "set system parity-sample 1000000000\n"
			     "inactive: system { userspace { busy-poll; } }\n");
	assert_int_equal(count_cpus(&s), 0);
	assert_int_equal(s.parity_sample, 1000);
	snapshot_free(&s);
}

static void zones_have_interfaces_and_their_modes(void **state)
{
	struct snapshot s = testing_snapshot(ZONES "set interfaces eth0 xdp-mode generic\n"
						   "set interfaces eth1 xdp-mode generic\n"
						   "deactivate interfaces eth1\n");

	(void)state;
	assert_int_equal(s.zone_count, 2);
	assert_string_equal(s.zones[0].name, "wan");
	assert_int_equal(s.zones[0].interface_count, 1);
	assert_string_equal(s.zones[0].interfaces[0].name, "eth1");
	assert_int_equal(s.zones[0].interfaces[0].xdp_mode, XDP_MODE_NATIVE);
	assert_string_equal(s.zones[1].name, "lan");
	assert_int_equal(s.zones[1].interface_count, 2);
	assert_string_equal(s.zones[1].interfaces[0].name, "eth0");
	assert_int_equal(s.zones[1].interfaces[0].xdp_mode, XDP_MODE_GENERIC);
	assert_string_equal(s.zones[1].interfaces[1].name, "br-lan");
	assert_int_equal(s.zones[1].interfaces[1].xdp_mode, XDP_MODE_NATIVE);
	snapshot_free(&s);
}

static void assert_range(const struct snapshot_address_range *range, const char *low,
			 const char *high)
{
	union ip_addr address;
	enum ip_family family;

	assert_null(address_read(low, &address, &family));
	assert_int_equal(range->family, family);
	assert_memory_equal(&range->low, &address, sizeof(address));
	assert_null(address_read(high, &address, &family));
	assert_memory_equal(&range->high, &address, sizeof(address));
}

static void pools_keep_their_addresses_in_order(void **state)
{
	struct snapshot s =
		testing_snapshot(POOL "address 198.51.100.64 to 198.51.100.71\n" POOL
				      "address 198.51.100.16/28\n" POOL
				      "address 2001:db8::/126\n" POOL "port range 2000 to 4000\n"
				      "set security nat source pool q address 192.0.2.1\n");

	(void)state;
	assert_int_equal(s.pool_count, 2);
	assert_string_equal(s.pools[0].name, "p");
	assert_int_equal(s.pools[0].address_count, 3);
	assert_range(&s.pools[0].addresses[0], "198.51.100.64", "198.51.100.71");
	assert_range(&s.pools[0].addresses[1], "198.51.100.16", "198.51.100.31");
	assert_range(&s.pools[0].addresses[2], "2001:db8::", "2001:db8::3");
	assert_int_equal(s.pools[0].port_low, 2000);
	assert_int_equal(s.pools[0].port_high, 4000);
	assert_int_equal(s.pools[1].port_low, 1024);
	assert_int_equal(s.pools[1].port_high, 65535);
	assert_false(s.pools[0].address_persistent);
	assert_int_equal(s.pools[0].algorithm, SELECT_ROUND_ROBIN);
	snapshot_free(&s);
}

static void assert_algorithm(const char *global, const char *own, bool persistent,
			     enum selector algorithm)
{
	struct text text = {0};
	struct snapshot s;

	text_add(&text, POOL "address 192.0.2.1\n");
	if (global)
		text_add(&text, "set security nat source address-persistent %s\n", global);
	if (own)
		text_add(&text, POOL "address-persistent %s\n", own);
	s = testing_snapshot(text.bytes);
	assert_int_equal(s.pools[0].address_persistent, persistent);
	assert_int_equal(s.pools[0].algorithm, algorithm);
	snapshot_free(&s);
}

static void the_pools_word_on_persistence_goes_before_the_global_one(void **state)
{
	(void)state;
	assert_algorithm(NULL, NULL, false, SELECT_ROUND_ROBIN);
	assert_algorithm("", NULL, true, SELECT_USERSPACE_V1);
	assert_algorithm("algorithm ebpf-legacy", NULL, true, SELECT_EBPF_LEGACY);
	assert_algorithm(NULL, "", true, SELECT_USERSPACE_V1);
	assert_algorithm(NULL, "algorithm ebpf-legacy", true, SELECT_EBPF_LEGACY);
	assert_algorithm("algorithm ebpf-legacy", "", true, SELECT_USERSPACE_V1);
	assert_algorithm("", "algorithm ebpf-legacy", true, SELECT_EBPF_LEGACY);
}

static void overflow_pools_reach_the_snapshot(void **state)
{
	struct snapshot s = testing_snapshot(
		POOL "address 192.0.2.1\n" POOL "overflow-pool q\n"
		"set security nat source pool q address 192.0.2.2\n"
		"set security nat source pool r address 192.0.2.3\n"
		"set security nat source pool r overflow-pool interface\n");

	(void)state;
	assert_int_equal(s.pools[0].overflow, OVERFLOW_TO_POOL);
	assert_string_equal(s.pools[0].overflow_pool, "q");
	assert_int_equal(s.pools[1].overflow, OVERFLOW_TO_NONE);
	assert_string_equal(s.pools[1].overflow_pool, "");
	assert_int_equal(s.pools[2].overflow, OVERFLOW_TO_INTERFACE);
	snapshot_free(&s);
}

static void ports_of_pools_reach_the_snapshot(void **state)
{
	struct snapshot s = testing_snapshot(
		POOL "address 192.0.2.1\n" POOL "port preserve-parity\n"
		"set security nat source pool q address 192.0.2.2\n"
		"set security nat source pool q port range 2000 to 65535\n"
		"set security nat source pool q port preserve-range\n"
		"set security nat source pool-default-port-range 1024 to 63487\n");

	(void)state;
	assert_int_equal(s.pools[0].port_low, 1024);
	assert_int_equal(s.pools[0].port_high, 63487);
	assert_true(s.pools[0].port_translation);
	assert_int_equal(s.pools[0].host_base.length, 0);
	assert_true(s.pools[0].preserve_parity);
	assert_false(s.pools[0].preserve_range);
	assert_int_equal(s.pools[1].port_low, 2000);
	assert_int_equal(s.pools[1].port_high, 65535);
	assert_false(s.pools[1].preserve_parity);
	assert_true(s.pools[1].preserve_range);
	snapshot_free(&s);
}

static void shifted_pools_reach_the_snapshot(void **state)
{
	struct snapshot s = testing_snapshot(POOL
					     "address 192.0.2.0/24\n" POOL
					     "host-address-base 10.0.1.30\n" POOL
					     "port no-translation\n"
					     "set security nat source address-persistent\n");

	(void)state;
	assert_false(s.pools[0].port_translation);
	assert_int_equal(s.pools[0].port_low, 1);
	assert_int_equal(s.pools[0].port_high, 65535);
	assert_false(s.pools[0].address_persistent);
	assert_int_equal(s.pools[0].host_base.family, FAMILY_IPV4);
	assert_int_equal(s.pools[0].host_base.length, 32);
	assert_int_equal(s.pools[0].host_base.address.bytes[15], 30);
	snapshot_free(&s);
}

static void alarms_reach_the_snapshot(void **state)
{
	struct snapshot s = testing_snapshot(
		ZONES RULE_SET POOL "address 192.0.2.1\n" POOL
		"pool-utilization-alarm raise-threshold 90 clear-threshold 80\n"
		"set security nat source pool q address 192.0.2.2\n"
		"set security nat source pool-utilization-alarm raise-threshold 70 clear-threshold "
		"60\n" RULE "then source-nat pool p\n" RULE
		"then source-nat rule-session-count-alarm raise-threshold 5 clear-threshold 4\n");

	(void)state;
	assert_int_equal(s.pools[0].alarm.raise, 90);
	assert_int_equal(s.pools[0].alarm.clear, 80);
	assert_int_equal(s.pools[1].alarm.raise, 70);
	assert_int_equal(s.pools[1].alarm.clear, 60);
	assert_int_equal(s.rule_sets[0].rules[0].alarm.raise, 5);
	assert_int_equal(s.rule_sets[0].rules[0].alarm.clear, 4);
	snapshot_free(&s);
}

static void matches_reach_the_snapshot(void **state)
{
	struct snapshot s = testing_snapshot(
		ZONES RULE_SET RULE
		"match source-address [ 100.64.0.0/16 2001:db8:1::/48 ]\n" RULE
		"match destination-address 172.16.0.0/12\n" RULE
		"match destination-address ::/0\n" RULE "match source-port 1024 to 65535\n" RULE
		"match destination-port [ 80 0 to 79 ]\n" RULE "match protocol [ udp 6 ]\n" RULE
		"then source-nat off\n");
	const struct snapshot_rule *rule = &s.rule_sets[0].rules[0];

	(void)state;
	assert_int_equal(rule->source_count, 2);
	assert_int_equal(rule->sources[0].family, FAMILY_IPV4);
	assert_int_equal(rule->sources[0].length, 16);
	assert_int_equal(rule->sources[0].address.bytes[12], 100);
	assert_int_equal(rule->sources[1].family, FAMILY_IPV6);
	assert_int_equal(rule->sources[1].length, 48);
	assert_int_equal(rule->destination_count, 2);
	assert_int_equal(rule->destinations[1].length, 0);
	assert_int_equal(rule->source_port_count, 1);
	assert_int_equal(rule->source_ports[0].low, 1024);
	assert_int_equal(rule->source_ports[0].high, 65535);
	assert_int_equal(rule->destination_port_count, 2);
	assert_int_equal(rule->destination_ports[0].low, 80);
	assert_int_equal(rule->destination_ports[0].high, 80);
	assert_int_equal(rule->destination_ports[1].high, 79);
	assert_int_equal(rule->protocol_count, 2);
	assert_int_equal(rule->protocols[0], 17);
	assert_int_equal(rule->protocols[1], 6);
	assert_int_equal(rule->application_count, 0);
	snapshot_free(&s);
}

static void applications_become_their_services(void **state)
{
	struct snapshot s = testing_snapshot(ZONES RULE_SET RULE
					     "match application [ junos-sip junos-icmp-all ]\n" RULE
					     "then source-nat off\n");
	const struct snapshot_application *applications = s.rule_sets[0].rules[0].applications;

	(void)state;
	assert_int_equal(s.rule_sets[0].rules[0].application_count, 3);
	assert_string_equal(applications[0].name, "junos-sip");
	assert_int_equal(applications[0].service.protocol, 17);
	assert_false(applications[0].service.any_port);
	assert_int_equal(applications[0].service.destination.low, 5060);
	assert_int_equal(applications[0].service.source.high, 65535);
	assert_string_equal(applications[1].name, "junos-sip");
	assert_int_equal(applications[1].service.protocol, 6);
	assert_string_equal(applications[2].name, "junos-icmp-all");
	assert_int_equal(applications[2].service.protocol, 1);
	assert_true(applications[2].service.any_port);
	snapshot_free(&s);
}

static void an_application_has_its_terms_and_timeouts(void **state)
{
	struct snapshot s = testing_snapshot(
		"set applications application mine term a protocol udp inactivity-timeout 200\n"
		"set applications application mine term b protocol tcp source-port 7\n"
		"set applications application mine term b destination-port 5060-5061\n"
		"set applications application other protocol icmp inactivity-timeout 61\n" ZONES
			RULE_SET RULE "match application [ other mine ]\n" RULE
				      "then source-nat off\n");
	const struct snapshot_application *applications = s.rule_sets[0].rules[0].applications;

	(void)state;
	assert_int_equal(s.rule_sets[0].rules[0].application_count, 3);
	assert_string_equal(applications[0].name, "other");
	assert_true(applications[0].service.any_port);
	assert_int_equal(applications[0].service.inactivity_timeout_s, 61);
	assert_string_equal(applications[1].name, "mine");
	assert_int_equal(applications[1].service.protocol, 17);
	assert_true(applications[1].service.any_port);
	assert_int_equal(applications[1].service.inactivity_timeout_s, 200);
	assert_int_equal(applications[2].service.protocol, 6);
	assert_int_equal(applications[2].service.source.high, 7);
	assert_int_equal(applications[2].service.destination.low, 5060);
	assert_int_equal(applications[2].service.destination.high, 5061);
	assert_int_equal(applications[2].service.inactivity_timeout_s, 0);
	snapshot_free(&s);
}

static void application_any_is_no_condition(void **state)
{
	struct snapshot s = testing_snapshot(ZONES RULE_SET RULE "match application any\n" RULE
								 "then source-nat off\n");

	(void)state;
	assert_int_equal(s.rule_sets[0].rules[0].application_count, 0);
	snapshot_free(&s);
}

static void actions_reach_the_snapshot(void **state)
{
	struct snapshot s =
		testing_snapshot(ZONES RULE_SET POOL
				 "address [ 192.0.2.1 2001:db8::1 ]\n"
				 "security nat source rule-set s {\n"
				 "rule a { match { protocol tcp; } then { source-nat { off; } } }\n"
				 "rule b { match { protocol udp; } then { source-nat { interface; "
				 "} } }\n"
				 "rule c { then { source-nat { pool { p; } } } }\n"
				 "inactive: rule d { then { source-nat { off; } } }\n"
				 "}\n");
	const struct snapshot_rule *rules = s.rule_sets[0].rules;

	(void)state;
	assert_int_equal(s.rule_sets[0].rule_count, 3);
	assert_string_equal(rules[0].name, "a");
	assert_int_equal(rules[0].action, ACTION_OFF);
	assert_string_equal(rules[0].pool, "");
	assert_int_equal(rules[1].action, ACTION_INTERFACE);
	assert_int_equal(rules[2].action, ACTION_POOL);
	assert_string_equal(rules[2].pool, "p");
	snapshot_free(&s);
}

static void assert_lease(const char *rule, const char *pool, enum lease_permit permit,
			 u32 inactivity_timeout_s, u32 maximum_flows)
{
	struct text text = {0};
	struct snapshot s;
	const struct snapshot_lease *lease;

	text_add(&text, ZONES RULE_SET POOL "address [ 192.0.2.1 2001:db8::1 ]\n" RULE "%s\n",
		 rule);
	if (pool)
		text_add(&text, POOL "%s\n", pool);
	s = testing_snapshot(text.bytes);
	lease = &s.rule_sets[0].rules[0].lease;
	assert_int_equal(lease->permit, permit);
	assert_int_equal(lease->inactivity_timeout_s, inactivity_timeout_s);
	assert_int_equal(lease->maximum_flows, maximum_flows);
	snapshot_free(&s);
}

static void persistent_nat_reaches_the_snapshot(void **state)
{
	(void)state;
	assert_lease("then source-nat pool p", NULL, PERMIT_NONE, 0, 0);
	assert_lease("then source-nat pool p persistent-nat permit any-remote-host", NULL,
		     PERMIT_ANY_REMOTE_HOST, 300, 30);
	assert_lease("then source-nat interface persistent-nat permit target-host "
		     "inactivity-timeout 7200 max-session-number 65536",
		     NULL, PERMIT_TARGET_HOST, 7200, 65536);
	assert_lease("then source-nat pool p persistent-nat permit target-host-port "
		     "inactivity-timeout 60 max-session-number 8",
		     NULL, PERMIT_TARGET_HOST_PORT, 60, 8);
}

/* The words of the rule take the place of all of those of its pool. */
static void persistent_nat_of_a_pool_is_for_rules_without_their_own(void **state)
{
	static const char of_pool[] = "persistent-nat permit target-host inactivity-timeout 60";

	(void)state;
	assert_lease("then source-nat pool p", of_pool, PERMIT_TARGET_HOST, 60, 30);
	assert_lease("then source-nat pool p persistent-nat permit any-remote-host", of_pool,
		     PERMIT_ANY_REMOTE_HOST, 300, 30);
	assert_lease("then source-nat interface", of_pool, PERMIT_NONE, 0, 0);
	assert_lease("then source-nat off", of_pool, PERMIT_NONE, 0, 0);
}

static void contexts_reach_the_snapshot(void **state)
{
	struct snapshot s = testing_snapshot(
		ZONES "security nat source rule-set s { from zone [ lan wan ]; to interface "
		      "[ eth1.0 eth0 ]; rule r { then source-nat off; } }\n");
	const struct snapshot_rule_set *set = &s.rule_sets[0];

	(void)state;
	assert_string_equal(set->name, "s");
	assert_int_equal(set->from.kind, CONTEXT_ZONE);
	assert_int_equal(set->from.name_count, 2);
	assert_string_equal(set->from.names[0], "lan");
	assert_string_equal(set->from.names[1], "wan");
	assert_int_equal(set->to.kind, CONTEXT_INTERFACE);
	assert_int_equal(set->to.name_count, 2);
	assert_string_equal(set->to.names[0], "eth1");
	assert_string_equal(set->to.names[1], "eth0");
	snapshot_free(&s);
}

static void proxies_are_ranges_on_interfaces(void **state)
{
	struct snapshot s = testing_snapshot(
		ZONES
		"set security nat proxy-arp interface eth1.0 address 198.51.100.16/28\n"
		"set security nat proxy-arp interface eth1 address 203.0.113.1 to 203.0.113.2\n"
		"set security nat proxy-ndp interface eth1 address 2001:db8::1\n");

	(void)state;
	assert_int_equal(s.proxy_count, 3);
	assert_string_equal(s.proxies[0].interface, "eth1");
	assert_range(&s.proxies[0].range, "198.51.100.16", "198.51.100.31");
	assert_range(&s.proxies[1].range, "203.0.113.1", "203.0.113.2");
	assert_range(&s.proxies[2].range, "2001:db8::1", "2001:db8::1");
	snapshot_free(&s);
}

static void inactive_parts_do_not_reach_the_snapshot(void **state)
{
	struct snapshot s = testing_snapshot(
		ZONES POOL "address 192.0.2.1\n"
			   "set security nat proxy-arp interface eth1 address 192.0.2.1\n"
			   "deactivate security nat\n"
			   "deactivate security zones security-zone lan interfaces br-lan\n");

	(void)state;
	assert_int_equal(s.pool_count, 0);
	assert_int_equal(s.proxy_count, 0);
	assert_int_equal(s.zones[1].interface_count, 1);
	snapshot_free(&s);
}

/* Names, match lists and counts at their limits fit. */
static void the_longest_names_fit(void **state)
{
	static const char name[] =
		"a12345678901234567890123456789012345678901234567890123456789012";
	struct text text = {0};
	struct snapshot s;

	(void)state;
	text_add(&text, "set security zones security-zone %s interfaces a12345678901234\n", name);
	text_add(&text, "set security nat source rule-set %s from zone %s\n", name, name);
	text_add(&text, "set security nat source rule-set %s to zone %s\n", name, name);
	text_add(&text, "set security nat source rule-set %s rule %s then source-nat off\n", name,
		 name);
	s = testing_snapshot(text.bytes);
	assert_string_equal(s.zones[0].name, name);
	assert_string_equal(s.zones[0].interfaces[0].name, "a12345678901234");
	assert_string_equal(s.rule_sets[0].rules[0].name, name);
	assert_string_equal(s.rule_sets[0].from.names[0], name);
	snapshot_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_configuration_has_the_defaults),
		cmocka_unit_test(flow_statements_reach_the_snapshot),
		cmocka_unit_test(the_dataplane_and_its_workers_reach_the_snapshot),
		cmocka_unit_test(zones_have_interfaces_and_their_modes),
		cmocka_unit_test(pools_keep_their_addresses_in_order),
		cmocka_unit_test(the_pools_word_on_persistence_goes_before_the_global_one),
		cmocka_unit_test(overflow_pools_reach_the_snapshot),
		cmocka_unit_test(ports_of_pools_reach_the_snapshot),
		cmocka_unit_test(shifted_pools_reach_the_snapshot),
		cmocka_unit_test(alarms_reach_the_snapshot),
		cmocka_unit_test(matches_reach_the_snapshot),
		cmocka_unit_test(applications_become_their_services),
		cmocka_unit_test(an_application_has_its_terms_and_timeouts),
		cmocka_unit_test(application_any_is_no_condition),
		cmocka_unit_test(actions_reach_the_snapshot),
		cmocka_unit_test(persistent_nat_reaches_the_snapshot),
		cmocka_unit_test(persistent_nat_of_a_pool_is_for_rules_without_their_own),
		cmocka_unit_test(contexts_reach_the_snapshot),
		cmocka_unit_test(proxies_are_ranges_on_interfaces),
		cmocka_unit_test(inactive_parts_do_not_reach_the_snapshot),
		cmocka_unit_test(the_longest_names_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
