/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "config/testing.h"
#include "tests/env/unit.h"

/* Six lines. */
#define POOL_A                                                                         \
	"set security zones security-zone lan\n"                                       \
	"set security nat source rule-set s from zone lan\n"                           \
	"set security nat source rule-set s to zone lan\n"                             \
	"set security nat source rule-set s rule a match source-address 10.0.0.0/8\n"  \
	"set security nat source rule-set s rule a then source-nat pool a\n"           \
	"set security nat source pool a address 192.0.2.1\n"
#define ALARM " pool-utilization-alarm raise-threshold "
#define RULE_ALARM                                                                     \
	"set security nat source rule-set s rule a then source-nat rule-session-count-alarm "

static void an_alarm_is_cleared_below_what_raises_it(void **state)
{
	(void)state;
	assert_reports(POOL_A "set security nat source" ALARM "85 clear-threshold 70\n", "");
	assert_reports(POOL_A "set security nat source pool a" ALARM "85 clear-threshold 85\n",
		       "f:7:90: error: clear-threshold 85 is not below raise-threshold 85; "
		       "expected a lower one\n");
	assert_reports(POOL_A RULE_ALARM "raise-threshold 2 clear-threshold 3\n",
		       "f:7:118: error: clear-threshold 3 is not below raise-threshold 2; expected "
		       "a lower one\n");
}

static void a_rule_that_lets_through_counts_no_sessions(void **state)
{
	(void)state;
	assert_reports(POOL_A RULE_ALARM "raise-threshold 3 clear-threshold 2\n", "");
	assert_reports(POOL_A RULE_ALARM "raise-threshold 3 clear-threshold 2\n"
					 "set security nat source rule-set s rule a then source-nat "
					 "off\n",
		       "f:6:30: warning: pool 'a' is not used by any rule\n"
		       "f:7:59: error: rule 'a' has the action 'off', whose sessions are not "
		       "counted; expected no 'rule-session-count-alarm'\n"
		       "f:8:59: warning: 'off' takes the place of 'pool' in line 5; expected one of "
		       "them\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_alarm_is_cleared_below_what_raises_it),
		cmocka_unit_test(a_rule_that_lets_through_counts_no_sessions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
