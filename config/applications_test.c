/* SPDX-License-Identifier: Apache-2.0 */
#include "config/applications.h"

#include "config/testing.h"
#include "tests/env/unit.h"

/* "tcp 80; udp 5060 to 5061" of one application. */
static void assert_services(const char *name, const char *expected)
{
	const struct application *application = application_find(name);
	struct text text = {0};

	assert_non_null(application);
	for (; application; application = application_next(application)) {
		struct service_match service = application_service(application);

		text_add(&text, "%s%u", text.length ? "; " : "", service.protocol);
		assert_int_equal(service.source.low, 0);
		assert_int_equal(service.source.high, 65535);
		if (service.any_port)
			assert_int_equal(service.destination.high, 65535);
		else
			text_add(&text, " %u-%u", service.destination.low,
				 service.destination.high);
	}
	assert_string_equal(text.bytes, expected);
}

static void applications_are_those_of_junos(void **state)
{
	(void)state;
	assert_services("junos-http", "6 80-80");
	assert_services("junos-https", "6 443-443");
	assert_services("junos-ssh", "6 22-22");
	assert_services("junos-dns-udp", "17 53-53");
	assert_services("junos-sip", "17 5060-5060; 6 5060-5060");
	assert_services("junos-h323",
			"6 1720-1720; 17 1719-1719; 6 1503-1503; 6 389-389; 6 522-522; "
			"6 1731-1731");
	assert_services("junos-x-windows", "6 6000-6063");
	assert_services("junos-icmp-all", "1");
	assert_services("junos-icmp6-all", "58");
	assert_services("junos-gre", "47");
	assert_services("junos-tcp-any", "6");
	assert_services("junos-aol", "6 5190-5193");
	assert_services("junos-xnm-ssl", "6 3220-3220");
}

static void unknown_applications_are_not_found(void **state)
{
	(void)state;
	assert_null(application_find("junos-nothing"));
	assert_null(application_find(""));
	assert_null(application_find("any"));
}

/* Every entry is reached through the search, which shows that the table is sorted. */
static void every_application_is_found_by_its_name(void **state)
{
	const struct application *first = application_find("junos-aol");
	size_t count = 0;

	(void)state;
	for (const struct application *a = first; strcmp(a->name, "junos-ymsg"); a++) {
		const struct application *found = application_find(a->name);

		assert_true(strcmp(a->name, a[1].name) <= 0);
		while (found != a) {
			found = application_next(found);
			assert_non_null(found);
		}
		count++;
	}
	assert_true(count > 100);
}

static void no_application_has_more_services_than_a_rule_can(void **state)
{
	const struct application *a = application_find("junos-aol");

	(void)state;
	for (; strcmp(a->name, "junos-ymsg"); a++) {
		size_t count = 0;

		for (const struct application *s = application_find(a->name); s;
		     s = application_next(s))
			count++;
		assert_true(count <= MAX_SERVICES_PER_RULE);
	}
}

#define RULE                                                                    \
	"set security zones security-zone a\n"                                  \
	"set security nat source rule-set s from zone a\n"                      \
	"set security nat source rule-set s to zone a\n"                        \
	"set security nat source rule-set s rule r then source-nat interface\n" \
	"set security nat source rule-set s rule r match application "

static void an_application_that_cannot_be_told_is_refused_with_advice(void **state)
{
	(void)state;
	assert_reports(
		RULE "junos-icmp-ping\n",
		"f:5:61: error: 'application junos-icmp-ping' is not enforced by this version "
		"yet: it is about one ICMP type, which rules cannot tell apart yet; use "
		"junos-icmp-all\n");
	assert_reports(
		RULE "junos-sun-rpc-nfs\n",
		"f:5:61: error: 'application junos-sun-rpc-nfs' is not enforced by this "
		"version yet: it is about RPC programs, whose ports are agreed on at run time; "
		"use protocol and destination-port\n");
	assert_reports(
		RULE "junos-smtps\n",
		"f:5:61: error: 'application junos-smtps' is not enforced by this version yet: "
		"releases of Junos differ on its port; use protocol tcp and destination-port "
		"465 or 587\n");
}

static void an_unknown_application_gets_a_suggestion(void **state)
{
	(void)state;
	assert_reports(
		RULE "junos-htps\n",
		"f:5:61: error: there is no application 'junos-htps'; expected a predefined one "
		"such as junos-https, one of 'applications', or any; did you mean "
		"'junos-https'?\n");
	assert_reports(RULE "my-own-thing\n",
		       "f:5:61: error: there is no application 'my-own-thing'; expected a "
		       "predefined one such as junos-https, one of 'applications', or any\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(applications_are_those_of_junos),
		cmocka_unit_test(unknown_applications_are_not_found),
		cmocka_unit_test(every_application_is_found_by_its_name),
		cmocka_unit_test(no_application_has_more_services_than_a_rule_can),
		cmocka_unit_test(an_application_that_cannot_be_told_is_refused_with_advice),
		cmocka_unit_test(an_unknown_application_gets_a_suggestion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
