/* SPDX-License-Identifier: Apache-2.0 */
#include "config/testing.h"
#include "tests/env/unit.h"

#define ZONE "set security zones security-zone wan interfaces eth1\n"
#define ARP  "set security nat proxy-arp interface eth1.0 address "
#define NDP  "set security nat proxy-ndp interface eth1 address "

static void proxies_answer_for_their_own_family(void **state)
{
	(void)state;
	assert_reports(ZONE ARP "198.51.100.16/28\n" NDP "2001:db8::1 to 2001:db8::9\n", "");
	assert_reports(ZONE ARP "2001:db8::1\n" NDP "198.51.100.16/28\n",
		       "f:2:53: error: '2001:db8::1/128' is of the wrong family for proxy-arp; "
		       "expected an IPv4 address; IPv6 has proxy-ndp\n"
		       "f:3:51: error: '198.51.100.16/28' is of the wrong family for "
		       "proxy-ndp; expected an IPv6 address; IPv4 has proxy-arp\n");
}

static void the_interface_of_a_proxy_is_in_a_zone(void **state)
{
	(void)state;
	assert_reports("set security nat proxy-arp interface eth1 address 198.51.100.16/28\n",
		       "f:1:38: error: interface 'eth1' is in no zone; expected one of a "
		       "security-zone\n");
}

static void a_proxy_does_not_answer_for_special_addresses(void **state)
{
	(void)state;
	assert_reports(
		ZONE ARP "224.0.0.1\n",
		"f:2:53: error: '224.0.0.1/32' holds special addresses (multicast or reserved, "
		"224.0.0.0/3); expected ordinary unicast addresses\n");
}

static void proxies_answer_for_at_most_4096_addresses(void **state)
{
	(void)state;
	assert_reports(ZONE ARP "198.51.96.0/20\n", "");
	assert_reports(ZONE ARP "198.51.96.0/20\n" NDP "2001:db8::1\n" NDP "2001:db8::2\n",
		       "f:3:51: error: the proxies answer for too many addresses with this; "
		       "expected at most 4096 together\n");
	assert_reports(ZONE NDP "2001:db8::/32\n",
		       "f:2:51: error: the proxies answer for too many addresses with this; "
		       "expected at most 4096 together\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(proxies_answer_for_their_own_family),
		cmocka_unit_test(the_interface_of_a_proxy_is_in_a_zone),
		cmocka_unit_test(a_proxy_does_not_answer_for_special_addresses),
		cmocka_unit_test(proxies_answer_for_at_most_4096_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
