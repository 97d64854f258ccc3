/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries of lists are found through a hash table, so that reading a file takes time in
 * proportion to its size, however many rules and pools it has. Everything else has one node for
 * each statement and is found by its place.
 */
#include "config/tree.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BUCKETS = 256 };

static bool is_keyed(const struct schema *schema)
{
	return schema->kind == SCHEMA_LIST || schema->kind == SCHEMA_LEAF_LIST;
}

static struct node_list *list_of(const struct node *parent, const struct schema *schema)
{
	return (struct node_list *)&parent->children[schema - parent->schema->children];
}

/* FNV-1a */
static u64 hash_bytes(u64 hash, const void *bytes, size_t count)
{
	const unsigned char *c = bytes;

	for (size_t i = 0; i < count; i++)
		hash = (hash ^ c[i]) * 0x100000001b3ull;
	return hash;
}

static size_t bucket_of(const struct tree *tree, const struct node *parent,
			const struct schema *schema, const char *text)
{
	u64 hash = 0xcbf29ce484222325ull;

	assert(text); /* every keyed node has one */
	/* The pointers are part of the key, not what they point at. */
	hash = hash_bytes(hash, &parent, sizeof(parent)); /* NOLINT(bugprone-sizeof-expression) */
	hash = hash_bytes(hash, &schema, sizeof(schema)); /* NOLINT(bugprone-sizeof-expression) */
	hash = hash_bytes(hash, text, strlen(text));
	return (size_t)(hash ^ hash >> 32) & (tree->bucket_count - 1);
}

static struct node **bucket_of_node(const struct tree *tree, const struct node *node)
{
	return &tree->buckets[bucket_of(tree, node->parent, node->schema, node->text)];
}

static void insert_into_bucket(struct tree *tree, struct node *node)
{
	struct node **bucket = bucket_of_node(tree, node);

	node->hash_next = *bucket;
	*bucket = node;
}

static void remove_from_bucket(struct tree *tree, struct node *node)
{
	struct node **link = bucket_of_node(tree, node);

	while (*link != node)
		link = &(*link)->hash_next;
	*link = node->hash_next;
	tree->entry_count--;
}

static int grow_buckets(struct tree *tree)
{
	struct tree grown = *tree;

	grown.bucket_count = tree->bucket_count ? 2 * tree->bucket_count : FIRST_BUCKETS;
	grown.buckets = calloc(grown.bucket_count, sizeof(struct node *));
	if (!grown.buckets)
		return -ENOMEM;
	for (size_t i = 0; i < tree->bucket_count; i++) {
		struct node *next;

		for (struct node *node = tree->buckets[i]; node; node = next) {
			next = node->hash_next;
			insert_into_bucket(&grown, node);
		}
	}
	free(tree->buckets);
	*tree = grown;
	return 0;
}

static struct node *node_new(struct node *parent, const struct schema *schema, const char *text)
{
	size_t lists = schema_child_count(schema);
	struct node *node = calloc(1, sizeof(*node) + lists * sizeof(node->children[0]));

	if (!node)
		return NULL;
	node->schema = schema;
	node->parent = parent;
	if (!text)
		return node;
	node->text = strdup(text);
	if (node->text)
		return node;
	free(node);
	return NULL;
}

static void node_free(struct node *node)
{
	free(node->text);
	free(node);
}

int tree_init(struct tree *tree)
{
	*tree = (struct tree){.root = node_new(NULL, &schema_root, NULL)};
	return tree->root ? 0 : -ENOMEM;
}

void tree_free(struct tree *tree)
{
	if (tree->root) {
		tree_clear(tree, tree->root);
		node_free(tree->root);
	}
	free(tree->buckets);
	*tree = (struct tree){0};
}

struct node *tree_find(const struct tree *tree, const struct node *parent,
		       const struct schema *schema, const char *text)
{
	struct node *node;

	if (!is_keyed(schema))
		return node_first(parent, schema);
	if (!tree->bucket_count)
		return NULL;
	node = tree->buckets[bucket_of(tree, parent, schema, text)];
	while (node &&
	       (node->parent != parent || node->schema != schema || strcmp(node->text, text)))
		node = node->hash_next;
	return node;
}

struct node *tree_add(struct tree *tree, struct node *parent, const struct schema *schema,
		      const char *text)
{
	struct node_list *list = list_of(parent, schema);
	struct node *node;

	if (is_keyed(schema) && tree->entry_count >= tree->bucket_count && grow_buckets(tree))
		return NULL;
	node = node_new(parent, schema, text);
	if (!node)
		return NULL;
	if (is_keyed(schema)) {
		insert_into_bucket(tree, node);
		tree->entry_count++;
	}
	if (list->last)
		list->last->next = node;
	else
		list->first = node;
	list->last = node;
	return node;
}

int node_set_text(struct node *node, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	free(node->text);
	node->text = copy;
	return 0;
}

void tree_remove_children(struct tree *tree, struct node *parent, const struct schema *schema)
{
	struct node *node = node_first(parent, schema);

	*list_of(parent, schema) = (struct node_list){0};
	while (node) {
		struct node *next = node->next;

		tree_clear(tree, node);
		if (is_keyed(schema))
			remove_from_bucket(tree, node);
		node_free(node);
		node = next;
	}
}

void tree_clear(struct tree *tree, struct node *node)
{
	const struct schema *schema;

	for_each_statement(schema, node->schema)
		tree_remove_children(tree, node, schema);
}

struct node *node_first(const struct node *parent, const struct schema *schema)
{
	return list_of(parent, schema)->first;
}
