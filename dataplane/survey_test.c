/* SPDX-License-Identifier: Apache-2.0 */
/*
 * INV-HITLESS: which flows go on when the configuration changes, and which end.
 */
#include "dataplane/survey.h"

#include <arpa/inet.h>

#include "core/open.h"
#include "dataplane/collector.h"
#include "tests/env/test_env.h"
#include "tests/env/test_gateway.h"
#include "tests/env/unit.h"

#define POOL_P TEST_POOL("p", "198.51.100.1", "198.51.100.2", 2000, 2999)
#define POOL_Q TEST_POOL("q", "198.51.100.9", "198.51.100.9", 1024, 65535)
#define POOL_P_INTO(overflow)                                                                      \
	"{'name':'p','addresses':[{'low':'198.51.100.1','high':'198.51.100.2'}],'port_low':2000,"  \
	"'port_high':2999,'address_persistent':false,'algorithm':null,"             \
	"'port_translation':true,'host_address_base':null," \
	"'preserve_parity':false,'preserve_range':false," \
	"'alarm_raise':0,'alarm_clear':0,'overflow':" overflow "}"
#define POOL_P_INTO_Q POOL_P_INTO("'pool','overflow_pool':'q'")
#define POOL_P_INTO_INTERFACE POOL_P_INTO("'interface','overflow_pool':null")
#define POOL_P_PRESERVING                                                                          \
	"{'name':'p','addresses':[{'low':'198.51.100.1','high':'198.51.100.2'}],'port_low':2000,"  \
	"'port_high':2999,'address_persistent':false,'algorithm':null,"                            \
	"'port_translation':true,'host_address_base':null," \
	"'preserve_parity':false,'preserve_range':true," \
	"'alarm_raise':0,'alarm_clear':0,'overflow':null,'overflow_pool':null}"
#define LAN_RULE TEST_RULE_FROM("'10.0.0.0/16'", "lan", "pool", "'p'")
#define GUEST_RULE TEST_RULE_FROM("'10.2.0.0/16'", "guest", "interface", "null")

static const struct test_configuration before = {
	.pools = POOL_P "," POOL_Q,
	.rules = LAN_RULE "," GUEST_RULE,
	.maximum_flows = FLOWS_MIN,
};

static struct tables *tables;
static struct flow *lan_flow, *guest_flow;

static struct flow *open_flow(const char *source, u32 ifindex)
{
	struct test_packet packet = {
		.source = test_addr(source), .destination = test_addr("203.0.113.5"),
		.protocol = PROTOCOL_UDP, .source_port = 4000, .destination_port = 53};

	assert_int_equal(test_gateway_receive(ifindex, &packet).reason, REASON_translated_out);
	return test_gateway_flow(&packet);
}

static u16 find_slot(const char *address)
{
	union ip_addr wanted = test_addr(address);

	for (u16 slot = 0; slot < MAX_ADDRESS_SLOTS; slot++)
		if (!memcmp(&tables->control->addresses.slots[slot].address, &wanted, sizeof(wanted)))
			return slot;
	fail_msg("no slot has %s", address);
	return 0;
}

static int start(void **state)
{
	(void)state;
	tables = test_gateway_start(&before);
	lan_flow = open_flow("10.0.0.1", TEST_INSIDE);
	guest_flow = open_flow("10.2.0.1", TEST_GUEST);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	test_gateway_stop();
	return 0;
}

/* Commits, and says which of the two flows the new configuration covers. */
static void assert_commit_covers(const struct test_configuration *after, bool lan, bool guest)
{
	struct survey *survey;

	test_gateway_commit(after);
	survey = survey_new(test_gateway_config());
	assert_non_null(survey);
	assert_int_equal(survey_covers(survey, lan_flow), lan);
	assert_int_equal(survey_covers(survey, guest_flow), guest);
	survey_free(survey);
}

static bool covered_after(const struct test_configuration *after, const struct flow *flow)
{
	struct survey *survey;
	bool covers;

	test_gateway_commit(after);
	survey = survey_new(test_gateway_config());
	assert_non_null(survey);
	covers = survey_covers(survey, flow);
	survey_free(survey);
	return covers;
}

static void the_same_configuration_ends_nothing(void **state)
{
	(void)state;
	assert_commit_covers(&before, true, true);
}

static void edits_elsewhere_end_nothing(void **state)
{
	struct test_configuration after = before;

	(void)state;
	after.rules = TEST_RULE_FROM("'10.0.9.0/24'", "new", "off", "null") "," GUEST_RULE
		"," LAN_RULE;
	after.pools = TEST_POOL("n", "198.51.100.20", "198.51.100.29", 1024, 65535) "," POOL_P;
	assert_commit_covers(&after, true, true);
}

/* Another match decides who may begin; what has begun goes on. */
static void a_match_that_changes_ends_nothing(void **state)
{
	struct test_configuration after = before;

	(void)state;
	after.rules = TEST_RULE_FROM("'10.0.128.0/17'", "lan", "pool", "'p'") "," GUEST_RULE;
	assert_commit_covers(&after, true, true);
}

static void a_pool_that_grows_ends_nothing(void **state)
{
	struct test_configuration after = before;

	(void)state;
	after.pools = TEST_POOL("p", "198.51.100.0", "198.51.100.7", 1024, 65535) "," POOL_Q;
	assert_commit_covers(&after, true, true);
}

static void a_pool_that_loses_the_address_ends_the_flow(void **state)
{
	struct test_configuration after = before;
	union ip_addr first = test_addr("198.51.100.1");
	bool on_first = !memcmp(flow_translated_address(tables->control, lan_flow), &first,
				sizeof(first));

	(void)state;
	after.pools = TEST_POOL("p", "198.51.100.1", "198.51.100.1", 2000, 2999) "," POOL_Q;
	assert_commit_covers(&after, on_first, true);
	after.pools = TEST_POOL("p", "198.51.100.2", "198.51.100.2", 2000, 2999) "," POOL_Q;
	assert_commit_covers(&after, !on_first, true);
}

/* A flow that came from the overflow pool goes on for as long as it is the overflow pool. */
static void a_flow_of_an_overflow_pool_needs_it(void **state)
{
	struct test_configuration after = before;

	(void)state;
	lan_flow->pool = tables->names->pools[2].in_use ? 2 : 0;
	lan_flow->address = find_slot("198.51.100.9");
	after.pools = POOL_P_INTO_Q "," POOL_Q;
	assert_commit_covers(&after, true, true);
	after.pools = POOL_P "," POOL_Q;
	assert_commit_covers(&after, false, true);
	after.pools = POOL_P_INTO_INTERFACE "," POOL_Q;
	assert_commit_covers(&after, false, true);
	lan_flow->pool = guest_flow->pool;
	lan_flow->address = guest_flow->address;
	assert_commit_covers(&after, true, true);
	after.pools = POOL_P_INTO_Q "," POOL_Q;
	assert_commit_covers(&after, false, true);
}

static void a_pool_that_loses_the_port_ends_the_flow(void **state)
{
	struct test_configuration after = before;

	(void)state;
	lan_flow->port = __builtin_bswap16(2500);
	after.pools = TEST_POOL("p", "198.51.100.1", "198.51.100.2", 2500, 2500) "," POOL_Q;
	assert_commit_covers(&after, true, true);
	after.pools = TEST_POOL("p", "198.51.100.1", "198.51.100.2", 2501, 2999) "," POOL_Q;
	assert_commit_covers(&after, false, true);
	after.pools = TEST_POOL("p", "198.51.100.1", "198.51.100.2", 2000, 2499) "," POOL_Q;
	assert_commit_covers(&after, false, true);
}

/* [RFC4787 REQ-3a] A flow's port is its pool's, whatever its range says, for as long as it is kept. */
static void a_preserved_port_is_the_pools(void **state)
{
	struct test_configuration after = before;

	(void)state;
	lan_flow->inside_port = htons(80);
	lan_flow->port = htons(81);
	assert_commit_covers(&after, false, true);
	after.pools = POOL_P_PRESERVING "," POOL_Q;
	assert_commit_covers(&after, true, true);
	lan_flow->inside_port = htons(8080);
	assert_commit_covers(&after, false, true);
	lan_flow->port = htons(2500);
	assert_commit_covers(&after, true, true);
}

static void a_rule_that_goes_ends_its_flows(void **state)
{
	struct test_configuration after = before;

	(void)state;
	after.rules = GUEST_RULE;
	assert_commit_covers(&after, false, true);
	after.rules = LAN_RULE;
	assert_commit_covers(&after, true, false);
}

static void an_action_that_changes_ends_the_rules_flows(void **state)
{
	struct test_configuration after = before;

	(void)state;
	after.rules = TEST_RULE_FROM("'10.0.0.0/16'", "lan", "off", "null") "," GUEST_RULE;
	assert_commit_covers(&after, false, true);
	after.rules = TEST_RULE_FROM("'10.0.0.0/16'", "lan", "pool", "'q'") "," GUEST_RULE;
	assert_commit_covers(&after, false, true);
	after.rules = TEST_RULE_FROM("'10.0.0.0/16'", "lan", "interface", "null") "," GUEST_RULE;
	assert_commit_covers(&after, false, true);
	after.rules = LAN_RULE "," TEST_RULE_FROM("'10.2.0.0/16'", "guest", "pool", "'p'");
	assert_commit_covers(&after, true, false);
	after.rules = TEST_RULE_FROM("'10.0.0.0/16'", "lan", "pool", "'none'") "," GUEST_RULE;
	assert_commit_covers(&after, false, true);
}

#define LAN "{'name':'lan','interfaces':[{'name':'eth0','xdp_mode':'native'}]},"
#define GUEST "{'name':'guest','interfaces':[{'name':'eth2','xdp_mode':'native'}]},"
#define WAN "{'name':'wan','interfaces':[{'name':'eth1','xdp_mode':'native'}]}"

static void a_zone_that_goes_ends_its_flows(void **state)
{
	struct test_configuration after = before;

	(void)state;
	after.zones = LAN WAN;
	after.from = "'lan'";
	assert_commit_covers(&after, true, false);
	after.zones = GUEST WAN;
	after.from = "'guest'";
	assert_commit_covers(&after, false, true);
	after = before;
	after.zones = LAN GUEST "{'name':'net','interfaces':[{'name':'eth1','xdp_mode':'native'}]}";
	after.to = "'net'"; /* another zone, though the interface is the same */
	assert_commit_covers(&after, false, false);
}

/* Packets of a flow are looked up by what they are for; an end that is a NAT address is not. */
static void an_end_that_becomes_a_nat_address_ends_the_flow(void **state)
{
	struct test_configuration after = before;

	(void)state;
	after.pools = POOL_P "," TEST_POOL("q", "10.0.0.1", "10.0.0.1", 1024, 65535);
	assert_commit_covers(&after, false, true);
	after.pools = POOL_P "," TEST_POOL("q", "203.0.113.5", "203.0.113.5", 1024, 65535);
	assert_commit_covers(&after, false, false);
}

/* A flow to a NAT address ends when that is no longer one. */
static void a_hairpinned_flow_ends_with_the_address_that_it_calls(void **state)
{
	struct test_configuration after = before;
	struct test_packet packet = {
		.source = test_addr("10.0.0.9"), .protocol = PROTOCOL_UDP, .source_port = 4000};
	const struct flow *flow;

	(void)state;
	packet.destination = *flow_translated_address(tables->control, guest_flow);
	packet.destination_port = host_u16(guest_flow->port);
	assert_int_equal(test_gateway_receive(TEST_INSIDE, &packet).reason,
			 REASON_filtered_inbound);
	flow = test_gateway_flow(&packet);
	assert_non_null(flow);
	assert_true(covered_after(&after, flow));
	after.rules = LAN_RULE;
	assert_false(covered_after(&after, flow));
}

/* A flow without a port goes on as long as its address is the pool's, whatever ports that has. */
static void a_tunnel_goes_on_with_its_address(void **state)
{
	struct test_packet packet = {
		.source = test_addr("10.0.0.9"), .destination = test_addr("203.0.113.5"),
		.protocol = PROTOCOL_ESP, .payload_bytes = 20};
	struct test_configuration after = before;
	const struct flow *flow;

	(void)state;
	assert_int_equal(test_gateway_receive(TEST_INSIDE, &packet).reason, REASON_translated_out);
	flow = test_gateway_flow(&packet);
	assert_true(covered_after(&after, flow));
	after.pools = TEST_POOL("p", "198.51.100.3", "198.51.100.4", 2000, 2999) "," POOL_Q;
	assert_false(covered_after(&after, flow));
}

static bool is_not_covered(const struct flow *flow, void *context)
{
	return !survey_covers(context, flow);
}

static void no_wait(void)
{
	/* nothing else runs */
}

/* [INV-HITLESS] what a commit does not touch does not notice, down to the last counter. */
static void a_flow_that_goes_on_is_as_it_was(void **state)
{
	struct flow kept = *guest_flow;
	struct flow_stats stats = tables->flow_stats[guest_flow - tables->flows];
	struct collector_pass pass = {
		.now_s = 1000, .wait = no_wait, .ends = is_not_covered,
		.nexthop_generation = tables->control->nexthop_generation};
	struct test_configuration after = before;

	(void)state;
	after.rules = GUEST_RULE;
	test_gateway_commit(&after);
	pass.config = test_gateway_config();
	pass.context = survey_new(pass.config);
	collector_walk(tables, &pass, 0, FLOWS_MIN);
	survey_free(pass.context);
	assert_int_equal(pass.ended, 1);
	assert_int_equal(pass.live, 1);
	assert_memory_equal(guest_flow, &kept, sizeof(kept));
	assert_memory_equal(&tables->flow_stats[guest_flow - tables->flows], &stats,
			    sizeof(stats));
	test_gateway_assert_sound();
}

static void it_knows_what_the_configuration_uses(void **state)
{
	struct test_configuration after = before;
	u32 pool_p, rule_lan, slot;
	struct survey *survey;

	(void)state;
	pool_p = lan_flow->pool;
	rule_lan = lan_flow->rule;
	slot = lan_flow->address;
	survey = survey_new(test_gateway_config());
	assert_true(survey_has_zone(survey, lan_flow->zone));
	assert_true(survey_has_zone(survey, lan_flow->to_zone));
	assert_true(survey_has_pool(survey, pool_p));
	assert_true(survey_has_pool(survey, guest_flow->pool));
	assert_true(survey_has_rule(survey, rule_lan));
	assert_true(survey_has_rule_set(survey, 1));
	assert_true(survey_has_address(survey, slot));
	assert_false(survey_has_zone(survey, ID_NONE));
	assert_false(survey_has_zone(survey, MAX_ZONE_IDS));
	assert_false(survey_has_rule(survey, MAX_RULE_IDS));
	assert_false(survey_has_rule_set(survey, 2));
	assert_false(survey_has_pool(survey, MAX_POOL_IDS));
	assert_false(survey_has_application(survey, 1));
	assert_false(survey_has_address(survey, MAX_ADDRESS_SLOTS));
	survey_free(survey);

	/* a pool that is only named by a rule keeps its id; its addresses are nobody's */
	after.pools = POOL_Q;
	test_gateway_commit(&after);
	survey = survey_new(test_gateway_config());
	assert_true(survey_has_pool(survey, pool_p));
	assert_true(survey_has_rule(survey, rule_lan));
	assert_false(survey_has_address(survey, slot));
	assert_false(survey_covers(survey, lan_flow));
	survey_free(survey);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_same_configuration_ends_nothing),
		TEST(edits_elsewhere_end_nothing),
		TEST(a_match_that_changes_ends_nothing),
		TEST(a_pool_that_grows_ends_nothing),
		TEST(a_pool_that_loses_the_address_ends_the_flow),
		TEST(a_flow_of_an_overflow_pool_needs_it),
		TEST(a_pool_that_loses_the_port_ends_the_flow),
		TEST(a_preserved_port_is_the_pools),
		TEST(a_rule_that_goes_ends_its_flows),
		TEST(an_action_that_changes_ends_the_rules_flows),
		TEST(a_zone_that_goes_ends_its_flows),
		TEST(an_end_that_becomes_a_nat_address_ends_the_flow),
		TEST(a_tunnel_goes_on_with_its_address),
		TEST(a_hairpinned_flow_ends_with_the_address_that_it_calls),
		TEST(a_flow_that_goes_on_is_as_it_was),
		TEST(it_knows_what_the_configuration_uses),
	};

	return cmocka_run_group_tests_name("survey", tests, NULL, NULL);
}
