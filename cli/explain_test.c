/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/explain.h"

#include <stdlib.h>

#include "cli/print.h"
#include "config/testing.h"
#include "dataplane/address.h"
#include "dataplane/snapshot.h"
#include "tests/env/unit.h"

#define ZONES                                                                                  \
	"set security zones security-zone lan interfaces lan0\n"                               \
	"set security zones security-zone lan interfaces lan1\n"                               \
	"set security zones security-zone guest interfaces guest0\n"                           \
	"set security zones security-zone wan interfaces wan0\n"                               \
	"set security nat source address-persistent\n"                                         \
	"set security nat source pool four address 198.51.100.16/30\n"                         \
	"set security nat source pool six address 2001:db8:64::/126\n"

#define SOURCE "set security nat source "
#define OUT SOURCE "rule-set out from zone lan\n" SOURCE "rule-set out to zone wan\n"
#define RULE SOURCE "rule-set out rule "
#define LAST RULE "last then source-nat pool four\n"

static union ip_addr address(const char *text)
{
	union ip_addr parsed;
	enum ip_family family;

	assert_true(ip_addr_parse(text, &parsed, &family));
	return parsed;
}

static struct explain_question from(const char *source)
{
	struct explain_question question = {0};

	question.source = address(source);
	question.family = ip_addr_family(&question.source);
	return question;
}

static struct explain_question between(const char *source, const char *destination)
{
	struct explain_question question = from(source);

	question.destination = address(destination);
	question.has_destination = true;
	return question;
}

static struct explain_question over(struct explain_question question, u8 protocol)
{
	question.protocol = protocol;
	question.has_protocol = true;
	return question;
}

static struct explain_question to_port(struct explain_question question, u16 port)
{
	question.destination_port = port;
	question.has_destination_port = true;
	return question;
}

/* A machine with wan0, which has 203.0.113.1. */
static void real_wan(struct network *network)
{
	struct network_address own = {7, FAMILY_IPV4, address("203.0.113.1"), true};
	struct link_addr link = {{1, 2, 3}};

	*network = (struct network){0};
	assert_int_equal(network_add_interface(network, 7, "wan0", &link), 0);
	assert_int_equal(network_add_address(network, &own), 0);
}

/* => the answer, NULL and the error; `here`: on a machine that has wan0 */
static json_t *ask_at(const char *text, const struct explain_question *question, bool here,
		      struct error *error)
{
	struct snapshot snapshot = testing_snapshot(text);
	struct network network = {0};
	json_t *answer;

	if (here)
		real_wan(&network);
	answer = explain(&snapshot, &network, question, error);
	network_free(&network);
	snapshot_free(&snapshot);
	return answer;
}

static json_t *ask(const char *text, struct explain_question question)
{
	struct error error = {""};
	json_t *answer = ask_at(text, &question, false, &error);

	if (!answer)
		fail_msg("%s", error.text);
	return answer;
}

static void assert_refused(const char *text, struct explain_question question,
			   const char *expected)
{
	struct error error = {""};

	assert_null(ask_at(text, &question, false, &error));
	assert_string_equal(error.text, expected);
}

/* NULL: the field is null. */
static void assert_text(const json_t *answer, const char *field, const char *expected)
{
	const json_t *value = json_object_get(answer, field);

	if (!expected)
		assert_true(json_is_null(value));
	else if (!json_is_string(value) || strcmp(json_string_value(value), expected) != 0)
		fail_msg("%s: expected %s, got %s", field, expected,
			 json_is_string(value) ? json_string_value(value) : "no text");
}

static void assert_rule(const char *text, struct explain_question question, const char *rule,
			const char *reason)
{
	json_t *answer = ask(text, question);

	assert_text(answer, "rule", rule);
	assert_text(answer, "reason", reason);
	json_decref(answer);
}

/* "RULE CONDITION..., RULE ..." */
static void assert_passed_over(const json_t *answer, const char *expected)
{
	struct text found = {0};
	json_t *rule, *condition;
	size_t i, j;

	json_array_foreach(json_object_get(answer, "passed_over"), i, rule) {
		text_add(&found, "%s%s", i ? ", " : "", json_text(rule, "rule"));
		json_array_foreach(json_object_get(rule, "conditions"), j, condition)
			text_add(&found, " %s", json_string_value(condition));
	}
	assert_string_equal(found.bytes, expected);
}

static void an_answer_has_all_fields(void **state)
{
	json_t *answer = ask(ZONES OUT LAST, to_port(over(between("10.0.1.100", "192.0.2.7"), 6), 80));

	(void)state;
	assert_text(answer, "source", "10.0.1.100");
	assert_text(answer, "destination", "192.0.2.7");
	assert_int_equal(json_number(answer, "protocol"), 6);
	assert_int_equal(json_number(answer, "destination_port"), 80);
	assert_true(json_is_null(json_object_get(answer, "source_port")));
	assert_text(answer, "from_zone", "lan");
	assert_text(answer, "from_interface", NULL); /* lan0 or lan1 */
	assert_text(answer, "to_zone", "wan");
	assert_text(answer, "to_interface", "wan0");
	assert_text(answer, "outcome", "translated");
	assert_text(answer, "reason", NULL);
	assert_text(answer, "rule_set", "out");
	assert_text(answer, "rule", "last");
	assert_text(answer, "action", "pool");
	assert_text(answer, "pool", "four");
	assert_text(answer, "algorithm", "userspace-v1");
	assert_int_equal(json_number(answer, "list_length"), 4);
	assert_int_equal(json_number(answer, "index"), 3);
	assert_text(answer, "address", "198.51.100.19");
	assert_text(answer, "note", NULL);
	assert_true(json_is_null(json_object_get(answer, "persistent_nat")));
	json_decref(answer);
}

static void persistent_nat_of_the_rule_is_shown(void **state)
{
	json_t *answer = ask(ZONES OUT RULE
			     "last then source-nat pool four persistent-nat permit target-host "
			     "inactivity-timeout 60 max-session-number 65536\n",
			     between("10.0.1.100", "192.0.2.7"));
	const json_t *persistent_nat = json_object_get(answer, "persistent_nat");

	(void)state;
	assert_text(persistent_nat, "permit", "target-host");
	assert_int_equal(json_number(persistent_nat, "inactivity_timeout"), 60);
	assert_int_equal(json_number(persistent_nat, "maximum_flows"), 65536);
	assert_text(answer, "address", "198.51.100.19");
	json_decref(answer);
}

static void rules_are_judged_in_order(void **state)
{
	static const char text[] = ZONES OUT RULE
		"vpn match destination-address 172.16.0.0/12\n" RULE "vpn then source-nat off\n" RULE
		"web match destination-port 80\n" RULE "web match protocol tcp\n" RULE
		"web then source-nat pool four\n" RULE "v6 match source-address ::/0\n" RULE
		"v6 then source-nat pool six\n" LAST;

	(void)state;
	assert_rule(text, over(between("10.0.0.1", "172.16.9.9"), 6), "vpn", "rule_off");
	assert_rule(text, to_port(over(between("10.0.0.1", "192.0.2.7"), 6), 80), "web", NULL);
	assert_rule(text, to_port(over(between("10.0.0.1", "192.0.2.7"), 6), 81), "last", NULL);
	assert_rule(text, to_port(over(between("10.0.0.1", "192.0.2.7"), 17), 80), "last", NULL);
	assert_rule(text, over(between("10.0.0.1", "192.0.2.7"), 1), "last", NULL);
	assert_rule(text, over(between("2001:db8::1", "2001:db8:1::1"), 6), "v6", NULL);
}

static void what_is_open_passes_rules_over(void **state)
{
	static const char text[] = ZONES OUT RULE
		"elsewhere match source-address 10.9.0.0/16\n" RULE
		"elsewhere match destination-port 80\n" RULE "elsewhere then source-nat off\n" RULE
		"vpn match destination-address 172.16.0.0/12\n" RULE "vpn then source-nat off\n" RULE
		"low match source-port 1 to 1023\n" RULE "low match protocol udp\n" RULE
		"low then source-nat off\n" RULE "web match application junos-http\n" RULE
		"web then source-nat pool four\n" LAST RULE "never match destination-port 1\n" RULE
		"never then source-nat off\n";
	json_t *answer = ask(text, from("10.0.0.1"));

	(void)state;
	assert_text(answer, "rule", "last");
	assert_passed_over(answer, "vpn destination-address, low protocol source-port, "
				   "web application");
	json_decref(answer);
	answer = ask(text, over(between("10.0.0.1", "192.0.2.7"), 6));
	assert_passed_over(answer, "web application");
	json_decref(answer);
	answer = ask(text, over(between("10.0.0.1", "192.0.2.7"), 17));
	assert_passed_over(answer, "low source-port");
	json_decref(answer);
	answer = ask(text, over(between("10.0.0.1", "192.0.2.7"), 1));
	assert_passed_over(answer, "");
	json_decref(answer);
	answer = ask(text, to_port(over(from("10.0.0.1"), 6), 80));
	assert_text(answer, "rule", "web");
	assert_passed_over(answer, "vpn destination-address");
	json_decref(answer);
}

/* A condition that everything meets decides nothing. */
static void conditions_that_hold_for_all_are_not_open(void **state)
{
	static const char text[] = ZONES OUT RULE
		"all match destination-address [ 0.0.0.0/0 2001:db8::/32 ]\n" RULE
		"all match source-port 1 to 65535\n" RULE "all then source-nat pool four\n" LAST;
	json_t *answer = ask(text, over(from("10.0.0.1"), 6));

	(void)state;
	assert_text(answer, "rule", "all");
	json_decref(answer);
	answer = ask(text, from("10.0.0.1")); /* ping has no ports */
	assert_text(answer, "rule", "last");
	assert_passed_over(answer, "all source-port");
	json_decref(answer);
	answer = ask(text, over(from("2001:db8:5::1"), 6));
	assert_text(answer, "rule", "last");
	assert_passed_over(answer, "all destination-address");
	json_decref(answer);
}

static void what_cannot_be_translated_says_why(void **state)
{
	static const char text[] = ZONES OUT LAST;
	struct explain_question question;

	(void)state;
	assert_rule(text, from("2001:db8::1"), "last", "source_nat_pool_wrong_family");
	assert_rule(text, from("127.0.0.1"), NULL, "special_address");
	assert_rule(text, between("10.0.0.1", "224.0.0.1"), NULL, "special_address");
	assert_rule(text, from("198.51.100.17"), NULL, "spoofed_source");
	assert_rule(text, over(between("10.0.0.1", "198.51.100.17"), 6), NULL, "filtered_inbound");
	assert_rule(text, over(between("10.0.0.1", "192.0.2.7"), 51), "last",
		    "unsupported_protocol");
	assert_rule(text, over(between("10.0.0.1", "192.0.2.7"), 47), "last", NULL);
	assert_rule(text, over(between("10.0.0.1", "198.51.100.17"), 50), NULL, "filtered_inbound");
	question = from("10.0.0.1");
	question.from_zone = "guest";
	assert_rule(text, question, NULL, "no_rule");
	assert_rule(ZONES OUT RULE "one match source-address 10.1.0.0/16\n" RULE
				   "one then source-nat off\n",
		    from("10.0.0.1"), NULL, "no_rule");
}

static void the_way_is_chosen_or_asked_for(void **state)
{
	static const char text[] = ZONES OUT LAST SOURCE
		"rule-set special from interface lan1\n" SOURCE
		"rule-set special to zone wan\n" SOURCE
		"rule-set special rule one then source-nat off\n";
	struct explain_question question = from("10.0.0.1");

	(void)state;
	assert_refused(text, question,
		       "more than one rule-set could judge the packet; expected --from-zone and "
		       "--to-zone, or --from-interface and --to-interface, for one of: lan (lan0) to "
		       "wan (wan0): rule-set out; lan (lan1) to wan (wan0): rule-set special");
	question.from_interface = "lan1.0";
	assert_rule(text, question, "one", "rule_off");
	question.from_interface = "lan0";
	assert_rule(text, question, "last", NULL);
	question.from_zone = "guest";
	assert_refused(text, question, "interface lan0 is not in zone guest");
	question.from_zone = NULL;
	question.to_zone = "wam";
	assert_refused(text, question, "--to-zone wam: there is no such zone; expected lan, guest or "
				       "wan; did you mean 'wan'?");
	question.to_zone = NULL;
	question.from_interface = "eth9";
	assert_refused(text, question,
		       "--from-interface eth9: there is no such interface in a zone; expected lan0, "
		       "lan1, guest0 or wan0");
}

static void one_rule_set_from_two_zones_is_one_choice(void **state)
{
	json_t *answer = ask(ZONES SOURCE "rule-set out from zone [ lan guest ]\n" SOURCE
					  "rule-set out to zone wan\n" LAST,
			     from("10.0.0.1"));

	(void)state;
	assert_text(answer, "from_zone", NULL);
	assert_text(answer, "to_zone", "wan");
	assert_text(answer, "rule", "last");
	json_decref(answer);
}

static void round_robin_promises_no_address(void **state)
{
	static const char text[] = ZONES "set security nat source pool any address 192.0.2.8/31\n"
		"set security nat source pool one address 192.0.2.3\n" OUT LAST;
	char *without = strdup(text), *line = strstr(without, "set security nat source address-p");
	json_t *answer, *range;

	(void)state;
	memset(line, '#', 1);
	answer = ask(without, from("10.0.0.1"));
	assert_text(answer, "outcome", "translated");
	assert_text(answer, "algorithm", "round-robin");
	assert_text(answer, "address", NULL);
	assert_text(answer, "note", "round-robin: any address of the list may be chosen");
	assert_int_equal(json_number(answer, "list_length"), 4);
	range = json_array_get(json_object_get(answer, "ranges"), 0);
	assert_text(range, "low", "198.51.100.16");
	assert_text(range, "high", "198.51.100.19");
	json_decref(answer);
	free(without);
}

static void the_interface_says_its_address_where_it_is(void **state)
{
	static const char text[] = ZONES OUT RULE "own then source-nat interface\n";
	struct explain_question question = from("10.0.0.1");
	struct error error;
	json_t *answer = ask(text, question);

	(void)state;
	assert_text(answer, "outcome", "translated");
	assert_text(answer, "pool", "interface:wan0");
	assert_text(answer, "address", NULL);
	assert_text(answer, "note",
		    "this machine has no such interface; its address is not known here");
	json_decref(answer);
	answer = ask_at(text, &question, true, &error);
	assert_text(answer, "algorithm", "interface");
	assert_text(answer, "address", "203.0.113.1");
	json_decref(answer);
	question = from("2001:db8::1");
	answer = ask_at(text, &question, true, &error);
	assert_text(answer, "reason", "source_nat_pool_wrong_family");
	json_decref(answer);
}

static void one_of_several_interfaces_must_be_said(void **state)
{
	static const char text[] =
		ZONES "set security zones security-zone wan interfaces wan1\n" OUT RULE
		      "own then source-nat interface\n";
	struct explain_question question = from("10.0.0.1");

	(void)state;
	assert_refused(text, question,
		       "rule own takes the address of the interface by which a packet leaves, and "
		       "there are several; expected --to-interface");
	question.to_interface = "wan1";
	assert_rule(text, question, "own", NULL);
}

static void assert_printed(const char *text, struct explain_question question,
			   const char *expected)
{
	json_t *answer = ask(text, question);
	char *printed = NULL;
	size_t length;
	FILE *out = open_memstream(&printed, &length);

	explain_print(answer, out);
	(void)fclose(out);
	assert_string_equal(printed, expected);
	free(printed);
	json_decref(answer);
}

static void people_read_a_few_lines(void **state)
{
	static const char text[] = ZONES OUT RULE "vpn match destination-address 172.16.0.0/12\n" RULE
		"vpn match protocol tcp\n" RULE "vpn then source-nat off\n" LAST;

	(void)state;
	assert_printed(text, from("10.0.1.100"),
		       "Source       10.0.1.100\n"
		       "Destination  any\n"
		       "Protocol     any\n"
		       "From         zone lan\n"
		       "To           zone wan (wan0)\n"
		       "Passed over  rule vpn (off): it decides for packets that match its "
		       "destination-address and protocol\n"
		       "Rule         last of rule-set out\n"
		       "Action       pool four\n"
		       "Algorithm    userspace-v1: index 3 of a list of 4\n"
		       "Ports        1024 to 65535\n"
		       "Address      198.51.100.19\n");
	assert_printed(text, to_port(over(between("10.0.1.100", "172.16.0.1"), 6), 22),
		       "Source       10.0.1.100\n"
		       "Destination  172.16.0.1 port 22\n"
		       "Protocol     tcp\n"
		       "From         zone lan\n"
		       "To           zone wan (wan0)\n"
		       "Rule         vpn of rule-set out\n"
		       "Action       off\n"
		       "Result       left to the kernel as it is, rule_off: a rule with the action "
		       "off matches\n");
	assert_printed(ZONES OUT RULE
		       "last then source-nat pool four persistent-nat permit target-host\n",
		       from("10.0.1.100"),
		       "Source       10.0.1.100\n"
		       "Destination  any\n"
		       "Protocol     any\n"
		       "From         zone lan\n"
		       "To           zone wan (wan0)\n"
		       "Rule         last of rule-set out\n"
		       "Action       pool four\n"
		       "Lease        persistent-nat permit target-host, inactivity-timeout 300, "
		       "max-session-number 30\n"
		       "Algorithm    userspace-v1: index 3 of a list of 4\n"
		       "Ports        1024 to 65535\n"
		       "Address      198.51.100.19\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_has_all_fields),
		cmocka_unit_test(persistent_nat_of_the_rule_is_shown),
		cmocka_unit_test(rules_are_judged_in_order),
		cmocka_unit_test(what_is_open_passes_rules_over),
		cmocka_unit_test(conditions_that_hold_for_all_are_not_open),
		cmocka_unit_test(what_cannot_be_translated_says_why),
		cmocka_unit_test(the_way_is_chosen_or_asked_for),
		cmocka_unit_test(one_rule_set_from_two_zones_is_one_choice),
		cmocka_unit_test(round_robin_promises_no_address),
		cmocka_unit_test(the_interface_says_its_address_where_it_is),
		cmocka_unit_test(one_of_several_interfaces_must_be_said),
		cmocka_unit_test(people_read_a_few_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
