/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "config/testing.h"
#include "tests/env/unit.h"

/* Five lines. */
#define BASE                                                                       \
	"set security zones security-zone lan\n"                                   \
	"set security nat source rule-set s from zone lan\n"                       \
	"set security nat source rule-set s to zone lan\n"                         \
	"set security nat source rule-set s rule a match application mine\n"       \
	"set security nat source rule-set s rule a then source-nat off\n"
#define MINE "set applications application mine "
#define TERM MINE "term "

static void an_application_is_a_protocol_and_ports(void **state)
{
	(void)state;
	assert_reports(BASE MINE "protocol tcp\n" MINE "destination-port 5060-5061\n" MINE
				 "source-port 1024-65535\n",
		       "");
	assert_reports(BASE MINE "destination-port 5060\n",
		       "f:6:30: error: application 'mine' is not complete; expected 'protocol "
		       "PROTOCOL'\n");
	assert_reports(BASE MINE "protocol icmp\n" MINE "destination-port 5060\n",
		       "f:7:52: error: protocol icmp has no 'destination-port'; expected tcp or "
		       "udp\n");
	assert_reports(BASE MINE "protocol tcp\n" MINE "icmp-type 8\n",
		       "f:7:35: error: 'icmp-type' is a Junos statement that this version does "
		       "not enforce yet; remove it\n");
}

/* As in Junos. */
static void what_has_terms_says_it_in_them(void **state)
{
	(void)state;
	assert_reports(BASE TERM "t protocol tcp\n" TERM "t destination-port 5060\n" TERM
				 "u protocol udp\n",
		       "");
	assert_reports(BASE TERM "t protocol tcp\n" MINE "protocol udp\n",
		       "f:7:44: error: 'protocol' stands beside 'term' (line 6); expected it in "
		       "the terms\n");
	assert_reports(BASE TERM "t destination-port 80\n",
		       "f:6:40: error: term 't' is not complete; expected 'protocol PROTOCOL'\n");
}

static void names_are_those_of_applications(void **state)
{
	(void)state;
	assert_reports(BASE "set applications application mime protocol tcp\n",
		       "f:4:61: error: there is no application 'mine'; expected a predefined one "
		       "such as junos-https, one of 'applications', or any; did you mean "
		       "'mime'?\n"
		       "f:6:30: warning: application 'mime' is not used by any rule\n");
	assert_reports(BASE MINE "protocol tcp\ndeactivate applications application mine\n",
		       "f:4:61: error: application 'mine' is inactive; expected one that is in "
		       "force\n");
	assert_reports(BASE MINE "protocol tcp\n"
				 "set applications application junos-http protocol tcp\n",
		       "f:7:30: error: application 'junos-http' is a predefined one; expected "
		       "another name\n");
	assert_reports(BASE MINE "protocol tcp\nset applications application-set x\n",
		       "f:7:18: error: 'application-set' is a Junos statement that this version "
		       "does not enforce yet; remove it\n");
}

/* [RFC4787 REQ-5a] [RFC5382 REQ-5] [RFC5508 REQ-2] */
static void timeouts_below_those_of_the_rfcs_are_warned_of(void **state)
{
	(void)state;
	assert_reports(BASE TERM "t protocol tcp inactivity-timeout 7439\n" TERM
				 "u protocol udp inactivity-timeout 119\n" TERM
				 "i protocol icmp inactivity-timeout 59\n" TERM
				 "g protocol gre inactivity-timeout 4\n",
		       "f:6:74: warning: 'inactivity-timeout 7439' is less than the 7440 seconds "
		       "that RFC 5382 REQ-5 demands\n"
		       "f:7:74: warning: 'inactivity-timeout 119' is less than the 120 seconds "
		       "that RFC 4787 REQ-5 demands\n"
		       "f:8:75: warning: 'inactivity-timeout 59' is less than the 60 seconds that "
		       "RFC 5508 REQ-2 demands\n");
	assert_reports(BASE TERM "t protocol udp destination-port 53 inactivity-timeout 10\n" TERM
				 "u protocol tcp inactivity-timeout 7440\n" TERM
				 "i protocol icmp6 inactivity-timeout 60\n",
		       "");
}

static void flows_do_not_live_for_ever(void **state)
{
	(void)state;
	assert_reports(BASE MINE "protocol udp inactivity-timeout never\n",
		       "f:6:67: error: inactivity-timeout 'never' is not valid; expected a number "
		       "of seconds from 4 to 86400\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_application_is_a_protocol_and_ports),
		cmocka_unit_test(what_has_terms_says_it_in_them),
		cmocka_unit_test(names_are_those_of_applications),
		cmocka_unit_test(timeouts_below_those_of_the_rfcs_are_warned_of),
		cmocka_unit_test(flows_do_not_live_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
