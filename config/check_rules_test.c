/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "config/testing.h"
#include "tests/env/unit.h"

#define BASE                                                                          \
	"set security zones security-zone lan\n"                                      \
	"set security nat source pool four address 192.0.2.1\n"                       \
	"set security nat source pool six address 2001:db8::1\n"                      \
	"set security nat source pool both address [ 192.0.3.1 2001:db8::3 ]\n"       \
	"set security nat source rule-set s from zone lan\n"                          \
	"set security nat source rule-set s to zone lan\n"                            \
	"set security nat source rule-set s rule 1 match source-address 10.0.0.0/8\n" \
	"set security nat source rule-set s rule 1 then source-nat pool four\n"       \
	"set security nat source rule-set s rule 2 match source-address fd00::/8\n"   \
	"set security nat source rule-set s rule 2 then source-nat pool six\n"        \
	"set security nat source rule-set s rule 3 match protocol tcp\n"              \
	"set security nat source rule-set s rule 3 then source-nat pool both\n"
#define RULE "set security nat source rule-set s rule x "

static void rules_with_fitting_pools_have_nothing_to_report(void **state)
{
	(void)state;
	assert_reports(BASE, "");
}

static void a_missing_pool_is_an_error(void **state)
{
	(void)state;
	assert_reports(BASE RULE "then source-nat pool for\n",
		       "f:13:64: error: there is no pool 'for'; expected the name of one that "
		       "is configured; did you mean 'four'?\n");
	assert_reports(BASE RULE "then source-nat pool nothing-like-it\n",
		       "f:13:64: error: there is no pool 'nothing-like-it'; expected the name "
		       "of one that is configured\n");
	assert_reports(BASE RULE "then source-nat pool both\n"
				 "deactivate security nat source pool both\n",
		       "f:12:64: error: pool 'both' is inactive; expected one that is in "
		       "force\n"
		       "f:13:64: error: pool 'both' is inactive; expected one that is in "
		       "force\n");
}

static void a_pool_of_another_family_is_an_error(void **state)
{
	(void)state;
	assert_reports(BASE RULE "match source-address 10.0.0.0/8\n" RULE
				 "then source-nat pool six\n",
		       "f:14:64: error: rule 'x' matches IPv4 packets, and pool 'six' has no "
		       "IPv4 address; expected a pool of the same family\n");
	assert_reports(BASE RULE "match destination-address [ 2001:db8:1::/48 ]\n" RULE
				 "then source-nat pool four\n",
		       "f:14:64: error: rule 'x' matches IPv6 packets, and pool 'four' has no "
		       "IPv6 address; expected a pool of the same family\n");
}

/* A rule that owns a packet keeps it: a wrong-family pool never falls through. */
static void a_pool_that_lacks_one_family_is_warned_of(void **state)
{
	(void)state;
	assert_reports(BASE RULE "match source-address [ 10.0.0.0/8 fd00::/8 ]\n" RULE
				 "then source-nat pool six\n",
		       "f:14:64: warning: rule 'x' matches IPv4 packets too, and pool 'six' "
		       "has no IPv4 address: they are dropped as source_nat_pool_wrong_family\n");
	assert_reports(BASE RULE "then source-nat pool four\n",
		       "f:13:64: warning: rule 'x' matches IPv6 packets too, and pool 'four' "
		       "has no IPv6 address: they are dropped as source_nat_pool_wrong_family\n");
}

static void a_rule_of_two_families_matches_nothing(void **state)
{
	(void)state;
	assert_reports(BASE RULE "match source-address 10.0.0.0/8\n" RULE
				 "match destination-address 2001:db8:1::/48\n" RULE
				 "then source-nat off\n",
		       "f:13:41: warning: rule 'x' matches no packet: its source and "
		       "destination addresses are of different families\n");
}

/* As in Junos. */
static void applications_exclude_protocols_and_ports(void **state)
{
	(void)state;
	assert_reports(BASE RULE "match application junos-http\n" RULE "match protocol tcp\n" RULE
				 "match source-port 1 to 2\n" RULE
				 "match destination-port 80\n" RULE "then source-nat off\n",
		       "f:14:58: error: 'protocol' stands beside 'application' (line 13); "
		       "expected either of them\n"
		       "f:15:61: error: 'source-port' stands beside 'application' (line 13); "
		       "expected either of them\n"
		       "f:16:66: error: 'destination-port' stands beside 'application' (line "
		       "13); expected either of them\n");
}

static void application_any_stands_alone(void **state)
{
	(void)state;
	assert_reports(BASE RULE "match application [ junos-http any ]\n" RULE
				 "then source-nat off\n",
		       "f:13:74: error: application 'any' stands beside others; expected it "
		       "alone\n");
	assert_reports(BASE RULE "match application any\n" RULE "then source-nat off\n", "");
}

static void a_rule_has_at_most_16_services(void **state)
{
	(void)state;
	assert_reports(BASE RULE "match application [ junos-h323 junos-ymsg junos-gprs-gtp-c "
				 "junos-sip junos-stun ]\n" RULE "then source-nat off\n",
		       "");
	assert_reports(BASE RULE "match application [ junos-h323 junos-ymsg junos-gprs-gtp-c "
				 "junos-sip junos-stun junos-http ]\n" RULE "then source-nat off\n",
		       "f:13:63: error: these applications are 17 protocols and ports; "
		       "expected at most 16 in one rule\n");
}

static void a_rule_behind_one_that_takes_everything_is_warned_of(void **state)
{
	(void)state;
	assert_reports(BASE RULE "then source-nat off\n"
				 "set security nat source rule-set s rule y then source-nat off\n"
				 "set security nat source rule-set s rule z then source-nat off\n",
		       "f:14:41: warning: rule 'y' is never reached: rule 'x' (line 13) "
		       "matches every packet\n");
	assert_reports(BASE RULE "match source-address [ 0.0.0.0/0 ::/0 ]\n" RULE
				 "match application any\n" RULE "then source-nat off\n"
				 "set security nat source rule-set s rule y then source-nat off\n",
		       "f:16:41: warning: rule 'y' is never reached: rule 'x' (line 13) "
		       "matches every packet\n");
	assert_reports(BASE RULE "match source-address 0.0.0.0/0\n" RULE "then source-nat off\n"
				 "set security nat source rule-set s rule y then source-nat off\n",
		       "");
}

static void a_rule_set_without_rules_is_warned_of(void **state)
{
	(void)state;
	assert_reports("set security zones security-zone lan\n"
		       "set security nat source rule-set s from zone lan\n"
		       "set security nat source rule-set s to zone lan\n",
		       "f:2:34: warning: rule-set 's' has no rule: its packets leave "
		       "untranslated\n");
}

#define PERMIT_NEEDED \
	"'permit any-remote-host', 'permit target-host' or 'permit target-host-port'"

static void persistent_nat_needs_a_permit(void **state)
{
	(void)state;
	assert_reports(BASE RULE "then source-nat pool both persistent-nat permit target-host\n", "");
	assert_reports(BASE RULE "then source-nat pool both persistent-nat max-session-number 8\n"
				 "set security nat source pool both persistent-nat "
				 "inactivity-timeout 60\n",
		       "f:13:69: error: 'persistent-nat' is not complete; expected " PERMIT_NEEDED
		       "\n"
		       "f:14:35: error: 'persistent-nat' is not complete; expected " PERMIT_NEEDED
		       "\n"
		       "f:14:35: warning: 'persistent-nat' belongs to the action of a rule: "
		       "expected 'then source-nat pool both persistent-nat'; here it is for every "
		       "rule that names the pool and has none of its own\n");
}

static void persistent_nat_has_its_bounds(void **state)
{
	(void)state;
	assert_reports(BASE RULE "then source-nat pool both\n" RULE
				 "then source-nat pool persistent-nat permit anybody\n" RULE
				 "then source-nat pool persistent-nat permit any-remote-host\n" RULE
				 "then source-nat pool persistent-nat inactivity-timeout 59\n" RULE
				 "then source-nat pool persistent-nat inactivity-timeout 7201\n" RULE
				 "then source-nat pool persistent-nat max-session-number 7\n" RULE
				 "then source-nat pool persistent-nat max-session-number 65537\n",
		       "f:14:86: error: permit 'anybody' is not valid; expected 'any-remote-host', "
		       "'target-host' or 'target-host-port'\n"
		       "f:16:98: error: inactivity-timeout '59' is not valid; expected a number of "
		       "seconds from 60 to 7200\n"
		       "f:17:98: error: inactivity-timeout '7201' is not valid; expected a number "
		       "of seconds from 60 to 7200\n"
		       "f:18:98: error: max-session-number '7' is not valid; expected a number "
		       "from 8 to 65536\n"
		       "f:19:98: error: max-session-number '65537' is not valid; expected a number "
		       "from 8 to 65536\n");
}

static void the_rest_of_persistent_nat_is_not_enforced(void **state)
{
	(void)state;
	assert_reports(BASE RULE "then source-nat interface persistent-nat permit target-host\n" RULE
				 "then source-nat interface persistent-nat address-mapping\n" RULE
				 "then source-nat interface persistent-nat block-ext-session\n"
				 "set security nat source persistent-nat log disable\n",
		       "f:14:84: error: 'address-mapping' is a Junos statement that this version "
		       "does not enforce yet; remove it\n"
		       "f:15:84: error: 'block-ext-session' is a Junos statement that this version "
		       "does not enforce yet; remove it\n"
		       "f:16:25: error: 'persistent-nat' is a Junos statement that this version "
		       "does not enforce yet; remove it\n");
}

/* What is not translated has no lease. */
static void off_and_persistent_nat_exclude_each_other(void **state)
{
	(void)state;
	assert_reports(BASE RULE "then source-nat off persistent-nat permit target-host\n",
		       "f:13:63: error: 'persistent-nat' is unknown in 'source-nat'; expected "
		       "'off', 'interface', 'pool' or 'rule-session-count-alarm'\n");
}

static char *many_rules(int count)
{
	char *text = NULL;
	size_t length;
	FILE *memory = open_memstream(&text, &length);

	fputs("set security zones security-zone lan\n"
	      "set security nat source rule-set s from zone lan\n"
	      "set security nat source rule-set s to zone lan\n",
	      memory);
	for (int i = 0; i < count; i++)
		fprintf(memory,
			"security nat source rule-set s { rule r%d { match protocol tcp; then "
			"source-nat off; } }\n",
			i);
	(void)fclose(memory);
	return text;
}

static void there_are_at_most_10240_rules(void **state)
{
	char *most = many_rules(MAX_RULES);
	char *many = many_rules(MAX_RULES + 1);

	(void)state;
	assert_reports(most, "");
	assert_reports(many,
		       "f:10244:39: error: this is one too many; expected at most 10240 rules\n");
	free(most);
	free(many);
}

/* The action interface makes a pool of every interface. */
static void interfaces_count_as_pools_where_they_may_become_some(void **state)
{
	char *text = NULL;
	size_t length;
	FILE *memory = open_memstream(&text, &length);

	(void)state;
	fputs("set security nat source rule-set s from zone lan\n"
	      "set security nat source rule-set s to zone lan\n"
	      "set security nat source rule-set s rule r then source-nat interface\n",
	      memory);
	for (int i = 0; i < 255; i++)
		fprintf(memory, "set security zones security-zone lan interfaces e%d\n", i);
	for (int i = 0; i < 770; i++)
		fprintf(memory,
			"security nat source { pool p%d { address 192.0.%d.%d; } "
			"rule-set s { rule p%d { match source-address 10.0.0.0/8; then source-nat "
			"pool p%d; } } }\n",
			i, i / 256, i % 256, i, i);
	(void)fclose(memory);
	assert_reports(text,
		       "f:3:59: error: with the action 'interface' every interface is a pool, "
		       "which makes 1025; expected at most 1024 pools\n"
		       "f:259:72: warning: rule 'p0' is never reached: rule 'r' (line 3) "
		       "matches every packet\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_with_fitting_pools_have_nothing_to_report),
		cmocka_unit_test(a_missing_pool_is_an_error),
		cmocka_unit_test(a_pool_of_another_family_is_an_error),
		cmocka_unit_test(a_pool_that_lacks_one_family_is_warned_of),
		cmocka_unit_test(a_rule_of_two_families_matches_nothing),
		cmocka_unit_test(applications_exclude_protocols_and_ports),
		cmocka_unit_test(application_any_stands_alone),
		cmocka_unit_test(a_rule_has_at_most_16_services),
		cmocka_unit_test(a_rule_behind_one_that_takes_everything_is_warned_of),
		cmocka_unit_test(a_rule_set_without_rules_is_warned_of),
		cmocka_unit_test(persistent_nat_needs_a_permit),
		cmocka_unit_test(persistent_nat_has_its_bounds),
		cmocka_unit_test(the_rest_of_persistent_nat_is_not_enforced),
		cmocka_unit_test(off_and_persistent_nat_exclude_each_other),
		cmocka_unit_test(there_are_at_most_10240_rules),
		cmocka_unit_test(interfaces_count_as_pools_where_they_may_become_some),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
