/* SPDX-License-Identifier: Apache-2.0 */
#include "config/tree.h"

#include <stdio.h>

#include "config/query.h"
#include "tests/env/unit.h"

static const struct schema *schema_at(const struct schema *schema, const char *const *words)
{
	for (; *words; words++)
		schema = schema_find(schema, *words);
	return schema;
}

static struct node *add(struct tree *tree, struct node *parent, const char *word, const char *text)
{
	struct node *node = tree_add(tree, parent, schema_find(parent->schema, word), text);

	assert_non_null(node);
	return node;
}

/* => security nat source */
static struct node *add_source(struct tree *tree)
{
	struct node *security = add(tree, tree->root, "security", NULL);

	return add(tree, add(tree, security, "nat", NULL), "source", NULL);
}

static void entries_keep_the_users_order(void **state)
{
	struct tree tree;
	struct node *source;
	const struct node *pool;

	(void)state;
	assert_int_equal(tree_init(&tree), 0);
	source = add_source(&tree);
	add(&tree, source, "pool", "zebra");
	add(&tree, source, "rule-set", "first");
	add(&tree, source, "pool", "ant");
	pool = node_child(source, "pool");
	assert_string_equal(pool->text, "zebra");
	pool = node_next(pool);
	assert_string_equal(pool->text, "ant");
	assert_null(node_next(pool));
	tree_free(&tree);
}

static void entries_are_found_by_parent_statement_and_text(void **state)
{
	const char *const path[] = {"security", "nat", "source", "pool", NULL};
	const struct schema *schema = schema_at(&schema_root, path);
	struct tree tree;
	struct node *source;
	struct node *pool;

	(void)state;
	assert_int_equal(tree_init(&tree), 0);
	source = add_source(&tree);
	assert_null(tree_find(&tree, source, schema, "a"));
	pool = add(&tree, source, "pool", "a");
	assert_ptr_equal(tree_find(&tree, source, schema, "a"), pool);
	assert_null(tree_find(&tree, source, schema, "b"));
	assert_null(tree_find(&tree, source, schema_find(source->schema, "rule-set"), "a"));
	assert_null(tree_find(&tree, pool, schema, "a"));
	tree_free(&tree);
}

static void many_entries_are_all_found(void **state)
{
	enum { COUNT = 5000 };
	struct tree tree;
	struct node *source;
	char name[16];

	(void)state;
	assert_int_equal(tree_init(&tree), 0);
	source = add_source(&tree);
	for (int i = 0; i < COUNT; i++) {
		(void)snprintf(name, sizeof(name), "p%d", i);
		add(&tree, source, "pool", name);
	}
	assert_int_equal(node_count(source, "pool"), COUNT);
	for (int i = 0; i < COUNT; i++) {
		(void)snprintf(name, sizeof(name), "p%d", i);
		assert_string_equal(node_entry(&tree, source, "pool", name)->text, name);
	}
	tree_free(&tree);
}

static void removing_a_statement_removes_what_is_below(void **state)
{
	struct tree tree;
	struct node *source;
	struct node *pool;

	(void)state;
	assert_int_equal(tree_init(&tree), 0);
	source = add_source(&tree);
	pool = add(&tree, source, "pool", "a");
	add(&tree, pool, "address", "192.0.2.1/32");
	add(&tree, source, "rule-set", "r");
	tree_remove_children(&tree, source, pool->schema);
	assert_null(node_child(source, "pool"));
	assert_null(node_entry(&tree, source, "pool", "a"));
	assert_non_null(node_entry(&tree, source, "rule-set", "r"));
	assert_int_equal(tree.entry_count, 1);
	tree_clear(&tree, tree.root);
	assert_int_equal(tree.entry_count, 0);
	tree_free(&tree);
}

static void a_zeroed_tree_may_be_freed(void **state)
{
	struct tree tree = {0};

	(void)state;
	tree_free(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_keep_the_users_order),
		cmocka_unit_test(entries_are_found_by_parent_statement_and_text),
		cmocka_unit_test(many_entries_are_all_found),
		cmocka_unit_test(removing_a_statement_removes_what_is_below),
		cmocka_unit_test(a_zeroed_tree_may_be_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
