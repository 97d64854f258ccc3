/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checks that the schema's tables ask for.
 */
#include "config/check.h"

#include "config/testing.h"
#include "tests/env/unit.h"

/* A configuration in which nothing is wrong, for tests to add to. */
#define GOOD                                                                       \
	"set security zones security-zone lan interfaces eth0\n"                   \
	"set security zones security-zone wan interfaces eth1\n"                   \
	"set security nat source pool p address [ 192.0.2.0/28 2001:db8::/124 ]\n" \
	"set security nat source rule-set s from zone lan\n"                       \
	"set security nat source rule-set s to zone wan\n"                         \
	"set security nat source rule-set s rule r then source-nat pool p\n"

static void a_good_configuration_has_nothing_to_report(void **state)
{
	(void)state;
	assert_reports(GOOD, "");
	assert_reports("", "");
	assert_reports("# nothing but a comment\n", "");
}

static void values_that_are_not_enforced_are_refused(void **state)
{
	(void)state;
	assert_reports("security { nat { source { address-persistent algorithm consistent; } } }\n",
		       "f:1:56: error: 'algorithm consistent' is not enforced by this version "
		       "yet; expected 'userspace-v1' or 'ebpf-legacy'\n");
}

static void inactive_values_that_are_not_enforced_are_kept(void **state)
{
	(void)state;
	assert_reports("inactive: security { nat { source { address-persistent { algorithm "
		       "consistent; } } } }\n",
		       "");
}

/* [RFC5382 REQ-5] [RFC4787 REQ-5] [RFC5508 REQ-2] */
static void timeouts_below_those_of_the_rfcs_are_warned_of(void **state)
{
	(void)state;
	assert_reports("security { flow {\n"
		       " tcp-session { tcp-initial-timeout 239; established-timeout 7439;\n"
		       " closing-timeout 239; }\n"
		       " udp-session { timeout 119; }\n"
		       " icmp-session { timeout 59; }\n"
		       " gre-session { timeout 119; }\n"
		       "} }\n",
		       "f:2:36: warning: 'tcp-initial-timeout 239' is less than the 240 "
		       "seconds that RFC 5382 REQ-5 demands\n"
		       "f:2:61: warning: 'established-timeout 7439' is less than the 7440 "
		       "seconds that RFC 5382 REQ-5 demands\n"
		       "f:3:18: warning: 'closing-timeout 239' is less than the 240 seconds "
		       "that RFC 5382 REQ-5 demands\n"
		       "f:4:24: warning: 'timeout 119' is less than the 120 seconds that RFC "
		       "4787 REQ-5 demands\n"
		       "f:5:25: warning: 'timeout 59' is less than the 60 seconds that RFC "
		       "5508 REQ-2 demands\n"
		       "f:6:24: warning: 'timeout 119' is less than the 120 seconds that RFC "
		       "4787 REQ-5 demands\n");
	assert_reports("security { flow {\n"
		       " tcp-session { tcp-initial-timeout 240; established-timeout 7440;\n"
		       " closing-timeout 240; }\n"
		       " udp-session { timeout 120; }\n"
		       " icmp-session { timeout 60; }\n"
		       " esp-session { timeout 120; }\n"
		       "} }\n",
		       "");
}

static void numbers_of_the_flow_table_have_limits(void **state)
{
	(void)state;
	assert_reports("set security flow maximum-sessions 63\n"
		       "set security flow maximum-sessions 16777215\n"
		       "set security flow udp-session timeout 0\n"
		       "set security flow tcp-session established-timeout 2678401\n",
		       "f:1:36: error: maximum-sessions '63' is not valid; expected a number "
		       "from 64 to 16777214\n"
		       "f:2:36: error: maximum-sessions '16777215' is not valid; expected a "
		       "number from 64 to 16777214\n"
		       "f:3:39: error: timeout '0' is not valid; expected a number of seconds "
		       "from 1 to 86400\n"
		       "f:4:51: error: established-timeout '2678401' is not valid; expected a "
		       "number of seconds from 1 to 2678400\n");
}

static void what_a_statement_needs_must_be_there(void **state)
{
	(void)state;
	assert_reports(GOOD "set security nat source pool empty\n"
			    "set security nat source rule-set t rule q match protocol tcp\n"
			    "set security nat source rule-set t from\n"
			    "set security nat source rule-set s rule x then source-nat\n"
			    "set security nat source rule-set s rule y then source-nat pool\n"
			    "set security nat source pool p port range low 2000\n"
			    "set security nat proxy-arp interface eth0\n",
		       "f:7:30: error: pool 'empty' is not complete; expected 'address PREFIX' "
		       "or 'address LOW to HIGH'\n"
		       "f:7:30: warning: pool 'empty' is not used by any rule\n"
		       "f:8:34: error: rule-set 't' is not complete; expected 'to zone NAME' "
		       "or 'to interface NAME'\n"
		       "f:8:41: error: rule 'q' is not complete; expected 'then source-nat "
		       "(off | interface | pool NAME)'\n"
		       "f:9:36: error: 'from' is not complete; expected 'zone NAME' or "
		       "'interface NAME'\n"
		       "f:10:41: warning: rule 'x' is never reached: rule 'r' (line 6) matches "
		       "every packet\n"
		       "f:10:48: error: 'source-nat' is not complete; expected 'off', "
		       "'interface' or 'pool NAME'\n"
		       "f:11:59: error: 'pool' is not complete; expected the name of a pool\n"
		       "f:12:37: error: 'range' is not complete; expected 'range LOW to HIGH'\n"
		       "f:13:38: error: interface 'eth0' is not complete; expected 'address "
		       "PREFIX' or 'address LOW to HIGH'\n");
}

static void what_is_only_inactive_is_missing(void **state)
{
	(void)state;
	assert_reports(GOOD "deactivate security nat source rule-set s from\n",
		       "f:4:34: error: rule-set 's' is not complete; expected 'from zone NAME' "
		       "or 'from interface NAME'\n");
}

static void what_could_not_be_read_is_not_called_missing(void **state)
{
	(void)state;
	assert_reports(GOOD "security nat source { pool q { address 192.0.2.300; }\n"
			    "rule-set t { from zone lan; too zone wan;\n"
			    "rule x { then { source-nat { poool q; } } } } }\n",
		       "f:7:40: error: address '192.0.2.300' is not valid; expected an IPv4 or "
		       "IPv6 address or prefix, such as 198.51.100.16/28\n"
		       "f:8:29: error: 'too' is unknown in rule-set 't'; expected "
		       "'description', 'from', 'to' or 'rule'; did you mean 'to'?\n"
		       "f:9:30: error: 'poool' is unknown in 'source-nat'; expected 'off', "
		       "'interface', 'pool' or 'rule-session-count-alarm'; did you mean 'pool'?\n");
}

static void leaf_lists_have_a_largest_number(void **state)
{
	(void)state;
	assert_reports(GOOD "set security nat source rule-set s rule r match protocol [ 1 2 3 4 ]\n"
			    "set security nat source rule-set s rule r match destination-port "
			    "[ 1 2 3 4 5 6 7 8 ]\n"
			    "set security nat source rule-set s rule r match source-address "
			    "[ ::/1 ::/2 ::/3 ::/4 0.0.0.0/1 0.0.0.0/2 0.0.0.0/3 0.0.0.0/4 ]\n",
		       "");
	assert_reports(GOOD
		       "set security nat source rule-set s rule r match protocol [ 1 2 3 4 5 ]\n"
		       "set security nat source rule-set s rule r match source-port "
		       "[ 1 2 3 4 5 6 7 8 9 10 ]\n"
		       "set security nat source rule-set s rule r match destination-address "
		       "[ ::/1 ::/2 ::/3 ::/4 0.0.0.0/1 0.0.0.0/2 0.0.0.0/3 0.0.0.0/4 ::/5 ]\n"
		       "set security zones security-zone z\n"
		       "set security nat source rule-set u from zone [ a b c d e f g h i ]\n",
		       "f:7:68: error: this is one too many; expected at most 4 values of "
		       "'protocol'\n"
		       "f:8:79: error: this is one too many; expected at most 8 values of "
		       "'source-port'\n"
		       "f:9:131: error: this is one too many; expected at most 8 values of "
		       "'destination-address'\n"
		       "f:11:34: error: rule-set 'u' is not complete; expected 'to zone NAME' "
		       "or 'to interface NAME'\n"
		       "f:11:34: warning: rule-set 'u' has no rule: its packets leave "
		       "untranslated\n"
		       "f:11:48: error: there is no security-zone 'a'; expected the name of "
		       "one that is configured\n"
		       "f:11:50: error: there is no security-zone 'b'; expected the name of "
		       "one that is configured\n"
		       "f:11:52: error: there is no security-zone 'c'; expected the name of "
		       "one that is configured\n"
		       "f:11:54: error: there is no security-zone 'd'; expected the name of "
		       "one that is configured\n"
		       "f:11:56: error: there is no security-zone 'e'; expected the name of "
		       "one that is configured\n"
		       "f:11:58: error: there is no security-zone 'f'; expected the name of "
		       "one that is configured\n"
		       "f:11:60: error: there is no security-zone 'g'; expected the name of "
		       "one that is configured\n"
		       "f:11:62: error: there is no security-zone 'h'; expected the name of "
		       "one that is configured\n"
		       "f:11:64: error: this is one too many; expected at most 8 values of "
		       "'zone'\n"
		       "f:11:64: error: there is no security-zone 'i'; expected the name of "
		       "one that is configured\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_configuration_has_nothing_to_report),
		cmocka_unit_test(values_that_are_not_enforced_are_refused),
		cmocka_unit_test(inactive_values_that_are_not_enforced_are_kept),
		cmocka_unit_test(timeouts_below_those_of_the_rfcs_are_warned_of),
		cmocka_unit_test(numbers_of_the_flow_table_have_limits),
		cmocka_unit_test(what_a_statement_needs_must_be_there),
		cmocka_unit_test(what_is_only_inactive_is_missing),
		cmocka_unit_test(what_could_not_be_read_is_not_called_missing),
		cmocka_unit_test(leaf_lists_have_a_largest_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
