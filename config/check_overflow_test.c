/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "config/testing.h"
#include "tests/env/unit.h"

/* Three pools, of which a rule uses a; eight lines. */
#define POOLS                                                                \
	"set security zones security-zone lan\n"                             \
	"set security nat source rule-set s from zone lan\n"                 \
	"set security nat source rule-set s to zone lan\n"                   \
	"set security nat source rule-set s rule a match source-address 10.0.0.0/8\n" \
	"set security nat source rule-set s rule a then source-nat pool a\n" \
	"set security nat source pool a address 192.0.2.1\n"                 \
	"set security nat source pool b address 192.0.2.2\n"
#define A "set security nat source pool a "
#define B "set security nat source pool b "

static void an_overflow_pool_is_in_use(void **state)
{
	(void)state;
	assert_reports(POOLS A "overflow-pool b\n", "");
	assert_reports(POOLS A "overflow-pool b\n" B "overflow-pool interface\n",
		       "f:8:46: error: pool 'b' has an overflow-pool itself (line 9); expected a "
		       "pool without one, or 'interface'\n");
}

static void an_overflow_pool_is_another_pool_that_is_there(void **state)
{
	(void)state;
	assert_reports(POOLS A "overflow-pool c\n" B "overflow-pool interface\n",
		       "f:7:30: warning: pool 'b' is not used by any rule\n"
		       "f:8:46: error: there is no pool 'c'; expected the name of one that is "
		       "configured\n");
	assert_reports(POOLS A "overflow-pool a\n" B "overflow-pool a\n",
		       "f:7:30: warning: pool 'b' is not used by any rule\n"
		       "f:8:46: error: pool 'a' is its own overflow-pool; expected another pool or "
		       "'interface'\n"
		       "f:9:46: error: pool 'a' has an overflow-pool itself (line 8); expected a "
		       "pool without one, or 'interface'\n");
	assert_reports(POOLS A "overflow-pool b\n"
			      "deactivate security nat source pool b\n",
		       "f:8:46: error: pool 'b' is inactive; expected one that is in force\n");
}

static void an_overflow_pool_that_lacks_a_family_is_warned_of(void **state)
{
	(void)state;
	assert_reports(POOLS A "overflow-pool b\n" A "address 2001:db8::1\n",
		       "f:8:46: warning: pool 'b' has no IPv6 address: for IPv6 there is no "
		       "overflow-pool\n");
	assert_reports(POOLS A "overflow-pool b\n" B "address 2001:db8::1\n", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_overflow_pool_is_in_use),
		cmocka_unit_test(an_overflow_pool_is_another_pool_that_is_there),
		cmocka_unit_test(an_overflow_pool_that_lacks_a_family_is_warned_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
