/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading what is in force: inactive statements are passed over, and what is not there has its
 * default.
 *
 * A word names a statement as the schema does; naming one that the schema does not have is a
 * mistake in the program. A path is words with a space between them: "flow udp-session".
 */
#ifndef CONFIG_QUERY_H
#define CONFIG_QUERY_H

#include "config/tree.h"

/* The first child, child of a child. `from` may be NULL, and has no children then. */
const struct node *node_child(const struct node *from, const char *word);
const struct node *node_at(const struct node *from, const char *path);

/* The next one of the same statement and parent. */
const struct node *node_next(const struct node *node);

#define for_each_child(child, parent, word) \
	for ((child) = node_child(parent, word); (child); (child) = node_next(child))

/* The entry of a list or leaf-list with this text, inactive or not. */
const struct node *node_entry(const struct tree *tree, const struct node *parent, const char *word,
			      const char *text);

size_t node_count(const struct node *parent, const char *word);

/* The number or keyword of a leaf below `from`, which is not NULL. */
u32 node_number(const struct node *from, const char *path);

/*
 * => the address-persistent that a pool goes by: its own, or that for all pools; NULL: neither, or
 *    its addresses are shifted, which gives each host one of its own
 */
const struct node *node_persistence(const struct node *pool);

/*
 * => the persistent-nat that the action of a rule (source-nat) goes by: its own, or that of its
 *    pool; NULL: neither
 */
const struct node *node_persistent_nat(const struct tree *tree, const struct node *action);

/* => the pool-utilization-alarm that a pool goes by: its own, or that for all pools; or NULL */
const struct node *node_pool_alarm(const struct node *pool);

/* => the ports of a pool: its own, or those for all pools that name none; without translation, all */
struct port_range node_pool_ports(const struct node *pool);

#define OVERFLOW_INTERFACE_WORD "interface" /* as overflow-pool: no pool's name */

/* Adds what the user calls it: "rule 'web'", "'match'". */
void node_title(const struct node *node, struct text *text);

#endif
