/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration as a tree of statements.
 *
 * Every statement is a node: a container, an entry of a list, a leaf, an item of a leaf-list, a
 * flag. A node keeps its children by statement, in the order of the schema, and those of one
 * statement in the order in which the user wrote them. So two files that say the same have the
 * same tree, however they are spelled.
 *
 * Values are kept typed, and as text in their one canonical spelling; two values are the same
 * exactly if their texts are.
 */
#ifndef CONFIG_TREE_H
#define CONFIG_TREE_H

#include "config/diagnostics.h"
#include "config/schema.h"

struct cpu_range {
	u16 first; /* inclusive, below MAX_WORKER_CPUS */
	u16 last;
};

/* A value by type; names and texts are only text. */
union value {
	u32 number; /* TYPE_NUMBER, TYPE_PROTOCOL; TYPE_KEYWORD: struct keyword.value */
	struct port_range ports;
	struct snapshot_prefix prefix;
	struct snapshot_address_range addresses;
	struct cpu_range cpus;
};

struct node_list {
	struct node *first;
	struct node *last;
};

struct node {
	const struct schema *schema;
	struct node *parent;
	struct node *next; /* of the same statement and parent */
	struct node *hash_next;
	char *text; /* key, value or item; NULL if the statement has none */
	union value value;
	struct position word_at;
	struct position at; /* of the text, or of the word if there is no text */
	bool inactive;
	/* What could not be read right in this node may be what seems to be missing. */
	bool lost_statement;
	bool lost_value;
	struct node_list children[]; /* one for each statement of the schema */
};

struct tree {
	struct node *root;
	struct node **buckets; /* entries of lists and leaf-lists, by parent, statement and text */
	size_t bucket_count;
	size_t entry_count;
};

/* => 0 or -ENOMEM. A zeroed tree may be freed. */
int tree_init(struct tree *tree);
void tree_free(struct tree *tree);

/*
 * Finds a child, inactive ones included. `text` matters for lists and leaf-lists only.
 * => NULL: there is none
 */
struct node *tree_find(const struct tree *tree, const struct node *parent,
		       const struct schema *schema, const char *text);

/* Adds a child, behind those of the same statement. => NULL: out of memory */
struct node *tree_add(struct tree *tree, struct node *parent, const struct schema *schema,
		      const char *text);

/* Gives a leaf another value. => 0 or -ENOMEM, and nothing has changed */
int node_set_text(struct node *node, const char *text);

/* Removes all children of one statement, or of all statements, and what is below them. */
void tree_remove_children(struct tree *tree, struct node *parent, const struct schema *schema);
void tree_clear(struct tree *tree, struct node *node);

/* All children of one statement, inactive ones included. */
struct node *node_first(const struct node *parent, const struct schema *schema);

#endif
