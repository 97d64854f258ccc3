/* SPDX-License-Identifier: Apache-2.0 */
#include "config/testing.h"
#include "tests/env/unit.h"

/* Each rule-set stands on a line of its own, from line 5 on. */
#define RULE "rule r { then { source-nat { off; } } } }\n"
#define END  "} } }\n"

static const char zones[] = "set security zones security-zone lan interfaces eth0\n"
			    "set security zones security-zone wan interfaces eth1\n"
			    "set security zones security-zone dmz interfaces eth2\n"
			    "security { nat { source {\n";

static void assert_rule_sets(const char *rule_sets, const char *expected)
{
	struct text text = {0};

	text_add(&text, "%s%s", zones, rule_sets);
	assert_reports(text.bytes, expected);
}

static void contexts_name_zones_and_interfaces_that_are_there(void **state)
{
	(void)state;
	assert_rule_sets("rule-set a { from zone lam; to zone [ wan nowhere ];" RULE
			 "rule-set b { from interface eth9; to interface eth1.0;" RULE END,
			 "f:5:24: error: there is no security-zone 'lam'; expected the name of "
			 "one that is configured; did you mean 'lan'?\n"
			 "f:5:43: error: there is no security-zone 'nowhere'; expected the name "
			 "of one that is configured\n"
			 "f:6:29: error: interface 'eth9' is in no zone; expected one of a "
			 "security-zone\n");
}

static void an_inactive_zone_is_not_there(void **state)
{
	(void)state;
	assert_rule_sets("rule-set a { from zone lan; to interface eth1;" RULE END
			 "deactivate security zones security-zone lan\n"
			 "deactivate security zones security-zone wan interfaces eth1\n",
			 "f:5:24: error: security-zone 'lan' is inactive; expected one that is "
			 "in force\n"
			 "f:5:42: error: interface 'eth1' is in no zone; expected one of a "
			 "security-zone\n");
}

static void equally_specific_rule_sets_do_not_overlap(void **state)
{
	(void)state;
	assert_rule_sets("rule-set a { from zone [ lan dmz ]; to zone wan;" RULE
			 "rule-set b { from zone dmz; to zone [ lan wan ];" RULE END,
			 "f:6:10: error: rule-set 'b' is for packets from zone 'dmz' to zone "
			 "'wan', as is rule-set 'a' (line 5); expected one rule-set for them\n");
	assert_rule_sets("rule-set a { from interface eth0; to zone wan;" RULE
			 "rule-set b { from interface eth0.0; to zone wan;" RULE END,
			 "f:6:10: error: rule-set 'b' is for packets from interface 'eth0' to "
			 "zone 'wan', as is rule-set 'a' (line 5); expected one rule-set for "
			 "them\n");
}

/* interface goes before zone, so these are for different packets or of different rank. */
static void different_ways_do_not_overlap(void **state)
{
	(void)state;
	assert_rule_sets("rule-set a { from zone lan; to zone wan;" RULE
			 "rule-set b { from zone wan; to zone lan;" RULE
			 "rule-set c { from interface eth0; to zone wan;" RULE
			 "rule-set d { from zone lan; to interface eth1;" RULE
			 "rule-set e { from interface eth0; to interface eth1;" RULE
			 "inactive: rule-set f { from zone lan; to zone wan;" RULE END,
			 "");
}

static void routing_instances_are_not_enforced(void **state)
{
	(void)state;
	assert_rule_sets("rule-set a { from routing-instance v; to zone wan;" RULE END,
			 "f:5:19: error: 'routing-instance' is a Junos statement that this "
			 "version does not enforce yet; remove it\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(contexts_name_zones_and_interfaces_that_are_there),
		cmocka_unit_test(an_inactive_zone_is_not_there),
		cmocka_unit_test(equally_specific_rule_sets_do_not_overlap),
		cmocka_unit_test(different_ways_do_not_overlap),
		cmocka_unit_test(routing_instances_are_not_enforced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
