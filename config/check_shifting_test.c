/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "config/testing.h"
#include "tests/env/unit.h"

/* A pool that a rule uses; six lines. */
#define POOL_A                                                                         \
	"set security zones security-zone lan\n"                                       \
	"set security nat source rule-set s from zone lan\n"                           \
	"set security nat source rule-set s to zone lan\n"                             \
	"set security nat source rule-set s rule a match source-address 10.0.0.0/8\n"  \
	"set security nat source rule-set s rule a then source-nat pool a\n"           \
	"set security nat source pool a address 192.0.2.1\n"
#define A "set security nat source pool a "
#define BASE A "host-address-base 10.0.1.0/24\n"
#define KEPT A "port no-translation\n"

static void base_and_kept_ports_belong_together(void **state)
{
	(void)state;
	assert_reports(POOL_A BASE KEPT, "");
	assert_reports(POOL_A BASE, "f:7:50: error: 'host-address-base' stands without 'port "
				    "no-translation'; expected both\n");
	assert_reports(POOL_A KEPT, "f:7:37: error: 'port no-translation' stands without "
				    "'host-address-base', which this version does not do; expected "
				    "both\n");
}

static void a_base_is_of_the_pools_family(void **state)
{
	(void)state;
	assert_reports(POOL_A BASE KEPT A "address 2001:db8::1\n",
		       "f:7:50: error: pool 'a' has IPv6 addresses, which cannot be shifted from "
		       "'10.0.1.0/24'; expected addresses of its family alone\n");
	assert_reports(POOL_A A "host-address-base 0.0.0.0/0\n" KEPT,
		       "f:7:50: error: '0.0.0.0/0' holds every host; expected the first host, or a "
		       "prefix of hosts\n");
}

static void what_says_otherwise_is_refused(void **state)
{
	(void)state;
	assert_reports(POOL_A BASE KEPT "set security nat source address-persistent\n", "");
	assert_reports(POOL_A BASE KEPT A "address-persistent\n" A "port preserve-parity\n" A
					  "port preserve-range\n",
		       "f:9:32: error: 'address-persistent' stands beside 'host-address-base', "
		       "which gives each host an address of its own and keeps its ports; expected "
		       "either of them\n"
		       "f:10:37: error: 'preserve-parity' stands beside 'host-address-base', which "
		       "gives each host an address of its own and keeps its ports; expected either "
		       "of them\n"
		       "f:11:37: error: 'preserve-range' stands beside 'host-address-base', which "
		       "gives each host an address of its own and keeps its ports; expected either "
		       "of them\n");
}

static void kept_ports_are_no_overflow(void **state)
{
	(void)state;
	assert_reports(POOL_A BASE KEPT "set security nat source pool b address 192.0.2.2\n"
					"set security nat source pool b overflow-pool a\n",
		       "f:9:30: warning: pool 'b' is not used by any rule\n"
		       "f:10:46: error: pool 'a' translates no ports; expected an overflow-pool "
		       "that does, or 'interface'\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base_and_kept_ports_belong_together),
		cmocka_unit_test(a_base_is_of_the_pools_family),
		cmocka_unit_test(what_says_otherwise_is_refused),
		cmocka_unit_test(kept_ports_are_no_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
