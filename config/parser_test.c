/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grammar: both forms, tags, and every error of syntax with its place.
 */
#include "config/parser.h"

#include <stdlib.h>

#include "config/query.h"
#include "config/testing.h"
#include "tests/env/unit.h"

static void both_forms_make_one_tree(void **state)
{
	(void)state;
	assert_same_tree(
		"security {\n"
		"    nat {\n"
		"        source {\n"
		"            pool resi-a {\n"
		"                address { 198.51.100.16/28; 198.51.100.64 to 198.51.100.71; }\n"
		"                port { range { 2048 to 65535; } }\n"
		"            }\n"
		"            rule-set lan-out {\n"
		"                from zone [ lan guest ];\n"
		"                to { zone wan; }\n"
		"                rule vpn {\n"
		"                    match { source-address 10.20.0.0/16; }\n"
		"                    then { source-nat { off; } }\n"
		"                }\n"
		"            }\n"
		"        }\n"
		"    }\n"
		"}\n",
		"set security nat source pool resi-a address 198.51.100.16/28\n"
		"set security nat source pool resi-a address 198.51.100.64/32 to "
		"198.51.100.71/32\n"
		"set security nat source pool resi-a port range 2048 to 65535\n"
		"set security nat source rule-set lan-out from zone [ lan guest ]\n"
		"set security nat source rule-set lan-out to zone wan\n"
		"set security nat source rule-set lan-out rule vpn match source-address "
		"10.20.0.0/16\n"
		"set security nat source rule-set lan-out rule vpn then source-nat off\n");
}

static void forms_can_be_mixed(void **state)
{
	(void)state;
	assert_same_tree("set system host-name a\n"
			 "security { zones { security-zone lan { interfaces { eth0.0; } } } }\n"
			 "set security zones security-zone lan interfaces eth1\n",
			 "system { host-name a; }\n"
			 "security { zones { security-zone lan { interfaces { eth0; eth1; } } } }");
}

#define POOL   "set security nat source pool p "
#define ACTION "set security nat source rule-set s rule r then source-nat "

static void every_spelling_of_a_port_range_is_one_range(void **state)
{
	static const char *const spellings[] = {
		POOL "port range low 2000 high 4000",
		POOL "port range high 4000 low 2000",
		POOL "port range 2000\n" POOL "port range to 4000",
		POOL "port range low 2000\n" POOL "port range high 4000",
		"security nat source pool p { port { range { 2000; to { 4000; } } } }",
		"security nat source pool p { port { range { 2000 to 4000; } } }",
		"security nat source pool p { port { range { low 2000; high 4000; } } }",
		"security nat source pool p port range 2000 to 4000;",
		POOL "port range 1 to 2\n" POOL "port range 2000 to 4000",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++)
		assert_same_tree(spellings[i], POOL "port range 2000 to 4000\n");
}

static void every_spelling_of_an_action_is_one_action(void **state)
{
	(void)state;
	assert_same_tree("security nat source rule-set s rule r then source-nat pool { a; }",
			 "set security nat source rule-set s rule r then source-nat pool a");
	assert_same_tree("security nat source rule-set s rule r then { source-nat interface; }",
			 "security nat source rule-set s rule r then source-nat { interface { } }");
}

/* The pool's name and its persistent-nat stand in one place, in any order [Junos]. */
static void every_spelling_of_persistent_nat_is_one(void **state)
{
	static const char *const spellings[] = {
		ACTION "pool a\n" ACTION "pool persistent-nat permit target-host\n" ACTION
		       "pool persistent-nat inactivity-timeout 600\n",
		ACTION "pool persistent-nat inactivity-timeout 600\n" ACTION
		       "pool persistent-nat permit target-host\n" ACTION "pool a\n",
		ACTION "pool a persistent-nat permit target-host inactivity-timeout 600\n",
		"security nat source rule-set s rule r then { source-nat { pool { a; persistent-nat "
		"{ permit target-host; inactivity-timeout 600; } } } }",
		"security nat source rule-set s rule r then { source-nat { pool { persistent-nat { "
		"inactivity-timeout 600; permit target-host; } a; } } }",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++)
		assert_same_tree(spellings[i],
				 ACTION "pool a persistent-nat permit target-host\n" ACTION
					"pool persistent-nat inactivity-timeout 600\n");
}

static void a_quoted_word_is_never_a_statement(void **state)
{
	struct tree tree = testing_tree("set security nat source rule-set s rule r then source-nat "
					"pool \"persistent-nat\"");
	const struct node *set = node_at(tree.root, "security nat source rule-set");

	(void)state;
	assert_string_equal(node_at(set, "rule then source-nat pool name")->text, "persistent-nat");
	tree_free(&tree);
	assert_reports("set \"system\" host-name a",
		       "f:1:5: error: 'system' is unknown in the configuration; expected 'system', "
		       "'interfaces', 'security' or 'applications'; did you mean 'system'?\n");
}

static void repeated_containers_merge_and_repeated_leaves_replace(void **state)
{
	(void)state;
	assert_same_tree("system { host-name a; }\nsystem { dataplane-type ebpf; host-name b; }",
			 "system { host-name b; dataplane-type ebpf; }");
}

static void leaf_lists_grow_without_duplicates(void **state)
{
	(void)state;
	assert_same_tree(POOL "address 192.0.2.9\n" POOL "address 192.0.2.1\n" POOL
			      "address 192.0.2.9/32\n",
			 "security nat source pool p { address { 192.0.2.9; 192.0.2.1/32; } }");
	assert_same_tree(POOL "address [ 192.0.2.9 to 192.0.2.10 192.0.2.1 ]\n",
			 POOL "address 192.0.2.9 to 192.0.2.10\n" POOL "address 192.0.2.1\n");
}

static void order_is_data(void **state)
{
	struct tree tree = testing_tree("set security nat source pool b\n"
					"set security nat source pool a\n"
					"set security nat source pool b address 192.0.2.1\n");

	(void)state;
	assert_string_equal(node_at(tree.root, "security nat source pool")->text, "b");
	tree_free(&tree);
}

/* --- tags --- */

static void inactive_statements_are_kept_and_marked(void **state)
{
	(void)state;
	assert_same_tree("inactive: system { host-name a; }",
			 "set system host-name a\ndeactivate system\n");
	assert_same_tree("system { inactive: host-name a; }",
			 "set system host-name a\ndeactivate system host-name\n");
	assert_same_tree("security nat source { inactive: pool p { address 192.0.2.1; } }",
			 POOL "address 192.0.2.1\ndeactivate security nat source pool p\n");
	assert_same_tree(
		"security nat source pool p { inactive: address { 192.0.2.1; 192.0.2.2; } }", POOL
		"address [ 192.0.2.1 192.0.2.2 ]\ndeactivate security nat source pool p address");
	assert_same_tree(
		"security nat source pool p { address { 192.0.2.1; inactive: 192.0.2.2; } }",
		POOL "address [ 192.0.2.1 192.0.2.2 ]\n"
		     "deactivate security nat source pool p address 192.0.2.2");
	assert_same_tree("security nat source pool p port { inactive: range 5 to 6; }", POOL
			 "port range 5 to 6\ndeactivate security nat source pool p port range\n");
	assert_same_tree("security nat source pool p port { range { inactive: 5; to 6; } }",
			 POOL "port range 5 to 6\n"
			      "deactivate security nat source pool p port range 5\n");
}

/* As in Junos: adding to an inactive statement does not activate it. */
static void an_inactive_statement_stays_inactive_when_it_is_added_to(void **state)
{
	(void)state;
	assert_same_tree("inactive: system { host-name a; }\nset system host-name b\n",
			 "inactive: system { host-name b; }");
}

static void statements_that_are_not_enforced_may_be_inactive(void **state)
{
	(void)state;
	assert_reports(
		"security { nat { source { inactive: pool p {\n"
		"address 192.0.2.1; overflow-pool q; port { deterministic { block-size 2016;\n"
		"host { address 100.70.0.0/23; } } }\n"
		"persistent-nat { permit target-host; address-mapping; }\n"
		"} } } }\n",
		"");
}

static void replace_takes_the_place_of_what_was_there(void **state)
{
	(void)state;
	assert_same_tree("security nat source { pool a { address 192.0.2.1; } pool b; }\n"
			 "security nat source { replace: pool a { address 192.0.2.2; } }\n",
			 "security nat source { pool a { address 192.0.2.2; } pool b; }");
	assert_same_tree(POOL "address [ 192.0.2.1 192.0.2.2 ]\n"
			      "security nat source pool p { replace: address 192.0.2.3; }",
			 POOL "address 192.0.2.3\n");
	assert_same_tree("system { inactive: host-name a; }\nsystem { replace: host-name b; }\n",
			 "set system host-name b");
	assert_same_tree("system { host-name a; }\nreplace: inactive: system { host-name b; }\n",
			 "inactive: system { host-name b; }");
	assert_same_tree("replace: system { host-name b; }\n", "set system host-name b\n");
}

static void a_tag_is_for_one_statement(void **state)
{
	(void)state;
	assert_reports("inactive: system host-name a;\n",
		       "f:1:1: error: this tag may be for 'system' or for 'host-name'; "
		       "expected them in statements of their own\n");
	assert_reports("system { inactive: host-name a dataplane-type ebpf; }\n",
		       "f:1:10: error: this tag may be for 'host-name' or for "
		       "'dataplane-type'; expected them in statements of their own\n");
	assert_reports(
		"set inactive: system host-name a\n",
		"f:1:5: error: 'inactive:' is unknown in the configuration; expected 'system', "
		"'interfaces', 'security' or 'applications'\n");
	assert_reports("security nat source pool p { address { replace: 192.0.2.1; } }\n",
		       "f:1:26: warning: pool 'p' is not used by any rule\n"
		       "f:1:40: error: a value cannot be replaced; expected 'replace:' before "
		       "'address'\n");
	assert_reports("system { inactive: ; }\n",
		       "f:1:20: error: unexpected ';'; expected a statement\n");
}

static void a_later_choice_takes_the_place_of_an_earlier_one(void **state)
{
	(void)state;
	assert_reports(
		"set security zones security-zone a\n"
		"set security nat source rule-set s from zone a\n"
		"set security nat source rule-set s to zone a\n"
		"set security nat source rule-set s rule r then source-nat off\n"
		"set security nat source rule-set s rule r then source-nat interface\n",
		"f:5:59: warning: 'interface' takes the place of 'off' in line 4; expected one "
		"of them\n");
}

/* --- errors --- */

static void an_unknown_word_is_reported_with_what_was_expected(void **state)
{
	(void)state;
	assert_reports("sytem { host-name a; }\n",
		       "f:1:1: error: 'sytem' is unknown in the configuration; expected 'system', "
		       "'interfaces', 'security' or 'applications'; did you mean 'system'?\n");
	assert_reports("security { flow { x; } }\n",
		       "f:1:19: error: 'x' is unknown in 'flow'; expected 'maximum-sessions', "
		       "'tcp-session', 'tcp-mss', 'udp-session', 'icmp-session', 'gre-session' or "
		       "'esp-session'\n");
}

static void words_cannot_be_shortened(void **state)
{
	(void)state;
	assert_reports("set sys host a\n",
		       "f:1:5: error: 'sys' is unknown in the configuration; expected 'system', "
		       "'interfaces', 'security' or 'applications'\n");
}

static void all_errors_of_a_file_are_reported(void **state)
{
	(void)state;
	assert_reports("system {\n"
		       "    hostname a;\n"
		       "    dataplane-type { x; ebpf; }\n"
		       "    unknown { a { b; } c; }\n"
		       "}\n"
		       "set system host-name -\n"
		       "bogus;\n",
		       "f:2:5: error: 'hostname' is unknown in 'system'; expected 'host-name', "
		       "'dataplane-type', 'userspace' or 'parity-sample'; did you mean "
		       "'host-name'?\n"
		       "f:3:22: error: dataplane-type 'x' is not valid; expected 'ebpf' or "
		       "'userspace'\n"
		       "f:4:5: error: 'unknown' is unknown in 'system'; expected 'host-name', "
		       "'dataplane-type', 'userspace' or 'parity-sample'\n"
		       "f:6:22: error: host-name '-' is not valid; expected a host name, such as "
		       "gw1.example.net\n"
		       "f:7:1: error: 'bogus' is unknown in the configuration; expected 'system', "
		       "'interfaces', 'security' or 'applications'\n");
}

static void a_forgotten_semicolon_is_reported_where_it_belongs(void **state)
{
	(void)state;
	assert_reports("system {\n host-name a\n dataplane-type ebpf;\n}\n",
		       "f:2:13: error: this statement has no end; expected ';'\n");
	assert_reports("system { host-name a }\n",
		       "f:1:21: error: this statement has no end; expected ';'\n");
	assert_reports("system { host-name a",
		       "f:1:8: error: this '{' is not closed before line 1; expected '}'\n"
		       "f:1:21: error: this statement has no end; expected ';'\n");
}

static void several_values_need_brackets(void **state)
{
	(void)state;
	assert_reports("set security nat source rule-set s rule r match source-address 10.0.0.0/8 "
		       "11.0.0.0/8\n",
		       "f:1:75: error: '11.0.0.0/8' is unknown in 'match'; expected "
		       "'source-address', 'source-port', 'destination-address', "
		       "'destination-port', 'protocol' or 'application', or several values of "
		       "source-address in brackets: [ a b ]\n");
}

static void brackets_belong_to_lists_only(void **state)
{
	(void)state;
	assert_reports("set system host-name [ a ]\n",
		       "f:1:22: error: unexpected '['; expected one value, without brackets\n");
	assert_reports("set security nat source pool p address [ ]\n",
		       "f:1:42: error: unexpected ']'; expected the value of 'address': a "
		       "prefix such as 198.51.100.16/28, or LOW to HIGH\n");
	assert_reports("set security nat source pool p address [ 192.0.2.1\n",
		       "f:1:51: error: the line ends here; expected another value or ']'\n");
	assert_reports("set security nat source pool p address [ 192.0.2.1; ]\n",
		       "f:1:51: error: unexpected ';'; expected another value or ']'\n");
}

static void text_of_several_words_needs_quotes(void **state)
{
	(void)state;
	assert_reports("set interfaces eth0 description to the world\n",
		       "f:1:16: warning: interface 'eth0' is in no zone, so its settings have "
		       "no effect\n"
		       "f:1:36: error: unexpected 'the'; expected ';', or a text of several "
		       "words in quotes\n");
}

static void a_set_line_ends_with_its_line(void **state)
{
	(void)state;
	assert_reports("set system host-name\na\n",
		       "f:1:21: error: the line ends here; expected the value of 'host-name': "
		       "a host name, such as gw1.example.net\n"
		       "f:2:1: error: 'a' is unknown in the configuration; expected 'system', "
		       "'interfaces', 'security' or 'applications'\n");
	assert_reports("set\nset system\ndeactivate\n",
		       "f:1:4: error: the line ends here; expected a statement\n"
		       "f:3:11: error: the line ends here; expected a statement\n");
	assert_reports("set system host-name a;\n",
		       "f:1:23: error: unexpected ';'; expected the end of the 'set' line\n");
	assert_reports("set system { host-name a; }\n",
		       "f:1:12: error: unexpected '{'; expected a 'set' line without braces\n");
	assert_reports("set system host-name a set system host-name b\n",
		       "f:1:24: error: 'set' is unknown in 'system'; expected 'host-name', "
		       "'dataplane-type', 'userspace' or 'parity-sample'\n");
}

static void braces_must_balance(void **state)
{
	(void)state;
	assert_reports("system { host-name a; }\n}\nset system host-name b\n",
		       "f:2:1: error: unexpected '}'; expected a statement; there is no '{' "
		       "for it\n");
	assert_reports("system {\n host-name a;\nsecurity {\n flow {\n",
		       "f:1:8: error: this '{' is not closed before line 5; expected '}'\n"
		       "f:3:1: error: 'security' is unknown in 'system'; expected 'host-name', "
		       "'dataplane-type', 'userspace' or 'parity-sample', or a '}' before it\n");
	assert_reports("security {\n flow {\n  maximum-sessions 100;\n }\n"
		       "set system host-name a\nset system host-nam b\n",
		       "f:1:10: error: this '{' is not closed before line 5; expected '}'\n"
		       "f:6:12: error: 'host-nam' is unknown in 'system'; expected 'host-name', "
		       "'dataplane-type', 'userspace' or 'parity-sample'; did you mean "
		       "'host-name'?\n");
	assert_reports("system { host-name { a;\n",
		       "f:1:20: error: this '{' is not closed before line 2; expected '}'\n");
	assert_reports("system host-name a { b; }\n",
		       "f:1:20: error: unexpected '{'; expected ';'\n");
	assert_reports("system [ host-name a ];\n", "f:1:8: error: unexpected '['; expected ';'\n");
}

static void a_file_may_end_anywhere(void **state)
{
	(void)state;
	assert_reports("system", "f:1:7: error: this statement has no end; expected ';'\n");
	assert_reports("system host-name",
		       "f:1:17: error: the file ends here; expected the value of 'host-name': "
		       "a host name, such as gw1.example.net\n");
	assert_reports("inactive:", "f:1:10: error: the file ends here; expected a statement\n");
	assert_reports("security nat source pool p address [ 192.0.2.1",
		       "f:1:47: error: the file ends here; expected another value or ']'\n");
	assert_reports("set", "f:1:4: error: the line ends here; expected a statement\n");
}

static void what_holds_nothing_takes_nothing(void **state)
{
	(void)state;
	assert_reports("security zones security-zone z interfaces eth0 x;",
		       "f:1:48: error: 'x' is unknown in interface 'eth0'; expected ';'\n");
}

static void commands_of_the_shell_have_no_place_in_a_file(void **state)
{
	(void)state;
	assert_reports("delete system host-name\nset system host-name -\n",
		       "f:1:1: error: unexpected 'delete'; expected 'set', 'deactivate' or a "
		       "statement; it is a command of the interactive shell\n"
		       "f:2:22: error: host-name '-' is not valid; expected a host name, such "
		       "as gw1.example.net\n");
}

static void only_what_is_there_can_be_deactivated(void **state)
{
	(void)state;
	assert_reports("deactivate system\n",
		       "f:1:12: error: there is no such system to deactivate; expected one "
		       "that is set above\n");
	assert_reports("set security nat source pool p address 192.0.2.1\n"
		       "deactivate security nat source pool q\n"
		       "deactivate security nat source pool p address 192.0.2.2\n"
		       "deactivate security nat source pool p address 192.0.2.256\n"
		       "deactivate security nat source pool p port\n"
		       "deactivate security nat source pol\n"
		       "deactivate security policies\n"
		       "deactivate security nat source pool\n"
		       "deactivate security nat source pool p address 192.0.2.1 x\n",
		       "f:1:30: warning: pool 'p' is not used by any rule\n"
		       "f:2:37: error: there is no such pool to deactivate; expected one that "
		       "is set above\n"
		       "f:3:47: error: there is no such address to deactivate; expected one "
		       "that is set above\n"
		       "f:4:47: error: address '192.0.2.256' is not valid; expected an IPv4 or "
		       "IPv6 address or prefix, such as 198.51.100.16/28\n"
		       "f:5:39: error: there is no such port to deactivate; expected one that "
		       "is set above\n"
		       "f:6:32: error: 'pol' is unknown in 'source'; expected "
		       "'address-persistent', 'port-randomization', 'port-hold-down', "
		       "'pool-default-port-range', 'pool', 'rule-set' or 'pool-utilization-alarm'; "
		       "did you mean 'pool'?\n"
		       "f:7:21: error: 'policies' is a Junos statement that this version does "
		       "not enforce yet; remove it\n"
		       "f:8:36: error: the line ends here; expected the value of 'pool': a "
		       "name of 1 to 63 letters, digits and . _ - / :\n"
		       "f:9:57: error: unexpected 'x'; expected the end of the 'set' line\n");
}

static void statements_of_junos_are_told_from_unknown_ones(void **state)
{
	(void)state;
	assert_reports("version 23.2R1;\nset security policies default-policy deny-all\n"
		       "security { nat { static { rule-set x { y; } } proxy-arp; } }\n",
		       "f:1:1: error: 'version' is a Junos statement that this version does "
		       "not enforce yet; remove it\n"
		       "f:2:14: error: 'policies' is a Junos statement that this version does "
		       "not enforce yet; remove it\n"
		       "f:3:18: error: 'static' is a Junos statement that this version does "
		       "not enforce yet; remove it\n");
	assert_reports("security {\n"
		       "    nat { source { pool p { address 192.0.2.1;\n"
		       "        address-name q;\n"
		       "        address-persistent subscriber ipv6-prefix-length 64;\n"
		       "        address-persistent hash-key 00;\n"
		       "} } } }\n",
		       "f:2:25: warning: pool 'p' is not used by any rule\n"
		       "f:3:9: error: 'address-name' is a Junos statement that this version "
		       "does not enforce yet; remove it\n"
		       "f:4:28: error: 'subscriber' is a Junos statement that this version "
		       "does not enforce yet; remove it\n"
		       "f:5:28: error: 'hash-key' is a statement that this version does not "
		       "enforce yet; remove it\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_forms_make_one_tree),
		cmocka_unit_test(forms_can_be_mixed),
		cmocka_unit_test(every_spelling_of_a_port_range_is_one_range),
		cmocka_unit_test(every_spelling_of_an_action_is_one_action),
		cmocka_unit_test(every_spelling_of_persistent_nat_is_one),
		cmocka_unit_test(a_quoted_word_is_never_a_statement),
		cmocka_unit_test(repeated_containers_merge_and_repeated_leaves_replace),
		cmocka_unit_test(leaf_lists_grow_without_duplicates),
		cmocka_unit_test(order_is_data),
		cmocka_unit_test(inactive_statements_are_kept_and_marked),
		cmocka_unit_test(an_inactive_statement_stays_inactive_when_it_is_added_to),
		cmocka_unit_test(statements_that_are_not_enforced_may_be_inactive),
		cmocka_unit_test(replace_takes_the_place_of_what_was_there),
		cmocka_unit_test(a_tag_is_for_one_statement),
		cmocka_unit_test(a_later_choice_takes_the_place_of_an_earlier_one),
		cmocka_unit_test(an_unknown_word_is_reported_with_what_was_expected),
		cmocka_unit_test(words_cannot_be_shortened),
		cmocka_unit_test(all_errors_of_a_file_are_reported),
		cmocka_unit_test(a_forgotten_semicolon_is_reported_where_it_belongs),
		cmocka_unit_test(several_values_need_brackets),
		cmocka_unit_test(brackets_belong_to_lists_only),
		cmocka_unit_test(text_of_several_words_needs_quotes),
		cmocka_unit_test(a_set_line_ends_with_its_line),
		cmocka_unit_test(braces_must_balance),
		cmocka_unit_test(a_file_may_end_anywhere),
		cmocka_unit_test(what_holds_nothing_takes_nothing),
		cmocka_unit_test(commands_of_the_shell_have_no_place_in_a_file),
		cmocka_unit_test(only_what_is_there_can_be_deactivated),
		cmocka_unit_test(statements_of_junos_are_told_from_unknown_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
