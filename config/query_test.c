/* SPDX-License-Identifier: Apache-2.0 */
#include "config/query.h"

#include "config/testing.h"
#include "tests/env/unit.h"

static void inactive_statements_are_not_seen(void **state)
{
	struct tree tree =
		testing_tree("security { nat { source {\n"
			     "inactive: pool a { address 192.0.2.1; }\n"
			     "pool b { inactive: address 192.0.2.2; address 192.0.2.3; }\n"
			     "inactive: pool c;\n"
			     "} } }\n");
	const struct node *source = node_at(tree.root, "security nat source");
	const struct node *pool = node_child(source, "pool");

	(void)state;
	assert_string_equal(pool->text, "b");
	assert_null(node_next(pool));
	assert_int_equal(node_count(source, "pool"), 1);
	assert_int_equal(node_count(pool, "address"), 1);
	assert_string_equal(node_child(pool, "address")->text, "192.0.2.3/32");
	assert_true(node_entry(&tree, source, "pool", "c")->inactive);
	tree_free(&tree);
}

static void what_is_not_there_has_no_children(void **state)
{
	struct tree tree = testing_tree("");

	(void)state;
	assert_null(node_at(tree.root, "security nat source"));
	assert_null(node_child(NULL, "pool"));
	assert_null(node_at(NULL, "pool"));
	assert_int_equal(node_count(NULL, "pool"), 0);
	tree_free(&tree);
}

static void numbers_and_keywords_have_their_defaults(void **state)
{
	struct tree empty = testing_tree("");
	struct tree some = testing_tree("set security flow udp-session timeout 200\n"
					"set security flow icmp-session timeout 70\n"
					"deactivate security flow icmp-session\n");

	(void)state;
	assert_int_equal(node_number(empty.root, "security flow maximum-sessions"), 1000000);
	assert_int_equal(node_number(empty.root, "security flow udp-session timeout"), 300);
	assert_int_equal(node_number(empty.root, "system dataplane-type"), DATAPLANE_EBPF);
	assert_int_equal(node_number(some.root, "security flow udp-session timeout"), 200);
	assert_int_equal(node_number(some.root, "security flow icmp-session timeout"), 60);
	tree_free(&empty);
	tree_free(&some);
}

static void titles_are_what_the_user_wrote(void **state)
{
	struct tree tree = testing_tree("set security nat source pool a address 192.0.2.1");
	struct text text = {0};

	(void)state;
	node_title(tree.root, &text);
	text_add(&text, ", ");
	node_title(node_at(tree.root, "security nat"), &text);
	text_add(&text, ", ");
	node_title(node_at(tree.root, "security nat source pool"), &text);
	assert_string_equal(text.bytes, "the configuration, 'nat', pool 'a'");
	tree_free(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inactive_statements_are_not_seen),
		cmocka_unit_test(what_is_not_there_has_no_children),
		cmocka_unit_test(numbers_and_keywords_have_their_defaults),
		cmocka_unit_test(titles_are_what_the_user_wrote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
