/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a rule matches (docs/packet-path.md, section 3.5), condition by condition, and that the
 * first one wins.
 */
#include "core/rules.h"

#include "tests/env/test_env.h"
#include "tests/env/unit.h"

static union ip_addr inside4, inside6, remote4, remote6;

static int addresses(void **state)
{
	(void)state;
	inside4 = test_addr("10.1.2.3");
	remote4 = test_addr("203.0.113.5");
	inside6 = test_addr("2001:db8:1::3");
	remote6 = test_addr("2001:db8:ffff::5");
	return 0;
}

static struct nat_rule any_rule(void)
{
	return (struct nat_rule){.action = RULE_POOL, .any_protocol = true};
}

static struct rule_question tcp_question(void)
{
	return (struct rule_question){
		.source = &inside4, .destination = &remote4, .source_port = 4000,
		.destination_port = 443, .protocol = PROTOCOL_TCP, .has_ports = true};
}

/* length counts from the left of 128 bits: an IPv4 prefix has 96 more than its own */
static struct prefix_match prefix(const char *text, u32 length)
{
	union ip_addr mask = {.longs = {0, 0}}, value = test_addr(text);
	struct prefix_match match;

	for (u32 bit = 0; bit < length; bit++)
		mask.bytes[bit / 8] |= (u8)(0x80 >> bit % 8);
	memcpy(match.value, &value, sizeof(match.value));
	memcpy(match.mask, &mask, sizeof(match.mask));
	if (!length)
		match.value[0] = match.value[1] = 0;
	return match;
}

static bool source_matches(const char *text, u32 length, const union ip_addr *source)
{
	struct rule_question q = tcp_question();
	struct nat_rule rule = any_rule();

	q.source = source;
	rule.source_count = 1;
	rule.sources[0] = prefix(text, length);
	return rule_matches(&rule, &q);
}

static void a_rule_without_conditions_matches_everything(void **state)
{
	struct nat_rule rule = any_rule();
	struct rule_question q = tcp_question();

	(void)state;
	assert_true(rule_matches(&rule, &q));
	q = (struct rule_question){.source = &inside6, .destination = &remote6, .protocol = 132};
	assert_true(rule_matches(&rule, &q));
	q.hides_protocol = q.hides_ports = true;
	assert_true(rule_matches(&rule, &q));
}

static void prefixes_match_to_the_bit(void **state)
{
	(void)state;
	assert_true(source_matches("10.1.2.3", 128, &inside4));
	assert_false(source_matches("10.1.2.2", 128, &inside4));
	assert_true(source_matches("10.1.2.2", 127, &inside4));
	assert_false(source_matches("10.1.3.0", 96 + 24, &inside4));
	assert_true(source_matches("10.0.0.0", 96 + 8, &inside4));
	assert_true(source_matches("0.0.0.0", 96, &inside4));
	assert_true(source_matches("2001:db8:1::3", 128, &inside6));
	assert_true(source_matches("2001:db8::", 32, &inside6));
	assert_false(source_matches("2001:db8:2::", 48, &inside6));
	assert_true(source_matches("2001:db8:1::2", 127, &inside6));
	assert_false(source_matches("2001:db8:1::4", 127, &inside6));
}

/* A prefix is of one family, however short: ::/0 says nothing of IPv4, 0.0.0.0/0 of IPv6. */
static void the_shortest_prefixes_keep_to_their_family(void **state)
{
	(void)state;
	assert_true(source_matches("::", 0, &inside6));
	assert_false(source_matches("::", 0, &inside4));
	assert_false(source_matches("::", 64, &inside4));
	assert_false(source_matches("::", 80, &inside4));
	assert_true(source_matches("0.0.0.0", 96, &inside4));
	assert_false(source_matches("0.0.0.0", 96, &inside6));
}

static void one_prefix_of_a_list_suffices_and_both_ends_must_match(void **state)
{
	struct rule_question q = tcp_question();
	struct nat_rule rule = any_rule();

	(void)state;
	rule.source_count = MAX_PREFIXES_PER_RULE;
	for (u32 i = 0; i < MAX_PREFIXES_PER_RULE; i++)
		rule.sources[i] = prefix("192.0.2.0", 96 + 24);
	assert_false(rule_matches(&rule, &q));
	rule.sources[MAX_PREFIXES_PER_RULE - 1] = prefix("10.0.0.0", 96 + 8);
	assert_true(rule_matches(&rule, &q));
	rule.destination_count = 1;
	rule.destinations[0] = prefix("10.0.0.0", 96 + 8);
	assert_false(rule_matches(&rule, &q));
	rule.destinations[0] = prefix("203.0.113.0", 96 + 24);
	assert_true(rule_matches(&rule, &q));
}

static void protocols_are_a_set_of_all_256(void **state)
{
	struct rule_question q = tcp_question();

	(void)state;
	for (u32 listed = 0; listed < 256; listed++) {
		struct nat_rule rule = any_rule();

		rule.any_protocol = false;
		rule.protocols[listed / 64] = 1ull << listed % 64;
		for (u32 met = 0; met < 256; met++) {
			q.protocol = (u8)met;
			assert_int_equal(rule_matches(&rule, &q), met == listed);
		}
	}
}

static bool ports_match(u16 low, u16 high, bool of_source, u16 port)
{
	struct rule_question q = tcp_question();
	struct nat_rule rule = any_rule();

	if (of_source) {
		rule.source_port_count = 1;
		rule.source_ports[0] = (struct port_range){low, high};
		q.source_port = port;
	} else {
		rule.destination_port_count = 1;
		rule.destination_ports[0] = (struct port_range){low, high};
		q.destination_port = port;
	}
	return rule_matches(&rule, &q);
}

static void port_ranges_include_both_ends(void **state)
{
	(void)state;
	for (u32 of_source = 0; of_source < 2; of_source++) {
		assert_false(ports_match(80, 90, of_source, 79));
		assert_true(ports_match(80, 90, of_source, 80));
		assert_true(ports_match(80, 90, of_source, 90));
		assert_false(ports_match(80, 90, of_source, 91));
		assert_true(ports_match(0, 65535, of_source, 0));
		assert_true(ports_match(0, 65535, of_source, 65535));
	}
}

/* Only TCP and UDP have ports here: a condition on ports holds for nothing else. */
static void a_packet_without_ports_matches_no_port_condition(void **state)
{
	struct rule_question q = tcp_question();
	struct nat_rule rule = any_rule();

	(void)state;
	q.has_ports = false;
	q.protocol = PROTOCOL_ICMP;
	assert_true(rule_matches(&rule, &q));
	rule.destination_port_count = 1;
	rule.destination_ports[0] = (struct port_range){0, 65535};
	assert_false(rule_matches(&rule, &q));
}

static struct nat_rule service_rule(u8 protocol, bool any_port, u16 low, u16 high)
{
	struct nat_rule rule = any_rule();

	rule.service_count = 1;
	rule.services[0] = (struct service_match){
		.protocol = protocol, .any_port = any_port, .source = {0, 65535},
		.destination = {low, high}};
	return rule;
}

static void an_application_is_its_protocol_and_ports(void **state)
{
	struct nat_rule https = service_rule(PROTOCOL_TCP, false, 443, 443);
	struct nat_rule gre = service_rule(47, true, 0, 65535);
	struct rule_question q = tcp_question();

	(void)state;
	assert_true(rule_matches(&https, &q));
	assert_false(rule_matches(&gre, &q));
	q.destination_port = 444;
	assert_false(rule_matches(&https, &q));
	q.destination_port = 443;
	q.protocol = PROTOCOL_UDP;
	assert_false(rule_matches(&https, &q));
	q.protocol = 47;
	q.has_ports = false;
	assert_true(rule_matches(&gre, &q));
	https.service_count = 2;
	https.services[1] = gre.services[0];
	assert_true(rule_matches(&https, &q));
}

/*
 * [INV-CLOSED] What a fragment hides may be what a translating rule asks for, so the rule owns it;
 * a rule that lets through must see what it asks for.
 */
static void what_is_hidden_matches_rules_that_translate_and_no_others(void **state)
{
	struct nat_rule rules[] = {any_rule(), any_rule(),
				   service_rule(PROTOCOL_TCP, false, 443, 443)};
	struct rule_question q = tcp_question();

	(void)state;
	rules[0].any_protocol = false;
	rules[0].protocols[PROTOCOL_UDP / 64] |= 1ull << PROTOCOL_UDP % 64;
	rules[1].destination_port_count = 1;
	rules[1].destination_ports[0] = (struct port_range){80, 80};
	q.protocol = EXTENSION_DESTINATION;
	q.has_ports = false;
	for (u32 i = 0; i < 3; i++) {
		q.hides_protocol = q.hides_ports = false;
		assert_false(rule_matches(&rules[i], &q));
		q.hides_protocol = q.hides_ports = true;
		rules[i].action = RULE_FAIL;
		assert_true(rule_matches(&rules[i], &q));
		rules[i].action = RULE_OFF;
		assert_false(rule_matches(&rules[i], &q));
	}
}

/* The configuration is too large for the stack. */
static struct tables *tables;

static int start(void **state)
{
	tables = test_env_start(FLOWS_MIN);
	return addresses(state);
}

static int stop(void **state)
{
	(void)state;
	test_env_stop(tables);
	return 0;
}

static void the_first_rule_of_the_rule_set_that_matches_wins(void **state)
{
	struct nat_config *config = tables->config;
	struct rule_question q = tcp_question();

	(void)state;
	config->rule_sets[0] = (struct nat_rule_set){.first_rule = 0, .rule_count = 2};
	config->rule_sets[1] = (struct nat_rule_set){.first_rule = 2, .rule_count = 3};
	config->rule_sets[2] = (struct nat_rule_set){.first_rule = 5, .rule_count = 0};
	for (u32 i = 0; i < 5; i++)
		config->rules[i] = any_rule();
	config->rules[2].source_count = 1;
	config->rules[2].sources[0] = prefix("192.0.2.0", 96 + 24);
	assert_int_equal(rule_find(config, 0, &q), 0);
	assert_int_equal(rule_find(config, 1, &q), 3);
	assert_int_equal(rule_find(config, 2, &q), RULE_NOT_FOUND);
	assert_int_equal(rule_find(config, MAX_RULE_SETS, &q), RULE_NOT_FOUND);
	for (u32 i = 2; i < 5; i++)
		config->rules[i] = config->rules[2];
	assert_int_equal(rule_find(config, 1, &q), RULE_NOT_FOUND);
}

static void a_rule_set_ends_where_the_table_ends(void **state)
{
	struct nat_config *config = tables->config;
	struct rule_question q = tcp_question();

	(void)state;
	config->rule_sets[0] = (struct nat_rule_set){.first_rule = MAX_RULES - 1, .rule_count = 9};
	config->rules[MAX_RULES - 1] = any_rule();
	assert_int_equal(rule_find(config, 0, &q), MAX_RULES - 1);
	config->rules[MAX_RULES - 1].any_protocol = false;
	assert_int_equal(rule_find(config, 0, &q), RULE_NOT_FOUND);
}

static void interfaces_are_found_by_number_within_their_probes(void **state)
{
	struct nat_config *config = tables->config;

	(void)state;
	for (u32 i = 0; i < INTERFACE_PROBES; i++)
		config->interfaces[(1020 + i) % INTERFACE_SLOTS].ifindex =
			1020 + i * INTERFACE_SLOTS;
	for (u32 i = 0; i < INTERFACE_PROBES; i++) {
		const struct nat_interface *found =
			interface_find(config, 1020 + i * INTERFACE_SLOTS);

		assert_non_null(found);
		assert_int_equal(found->ifindex, 1020 + i * INTERFACE_SLOTS);
	}
	assert_null(interface_find(config, 1021));
	assert_null(interface_find(config, 1020 + INTERFACE_PROBES * INTERFACE_SLOTS));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_rule_without_conditions_matches_everything, addresses),
		cmocka_unit_test_setup(prefixes_match_to_the_bit, addresses),
		cmocka_unit_test_setup(the_shortest_prefixes_keep_to_their_family, addresses),
		cmocka_unit_test_setup(one_prefix_of_a_list_suffices_and_both_ends_must_match,
				       addresses),
		cmocka_unit_test_setup(protocols_are_a_set_of_all_256, addresses),
		cmocka_unit_test_setup(port_ranges_include_both_ends, addresses),
		cmocka_unit_test_setup(a_packet_without_ports_matches_no_port_condition,
				       addresses),
		cmocka_unit_test_setup(an_application_is_its_protocol_and_ports, addresses),
		cmocka_unit_test_setup(what_is_hidden_matches_rules_that_translate_and_no_others,
				       addresses),
		TEST(the_first_rule_of_the_rule_set_that_matches_wins),
		TEST(a_rule_set_ends_where_the_table_ends),
		TEST(interfaces_are_found_by_number_within_their_probes),
	};

	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
