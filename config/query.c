/* SPDX-License-Identifier: Apache-2.0 */
#include "config/query.h"

#include <assert.h>
#include <string.h>

#include "config/value.h"

static const struct node *skip_inactive(const struct node *node)
{
	while (node && node->inactive)
		node = node->next;
	return node;
}

const struct node *node_next(const struct node *node)
{
	return skip_inactive(node->next);
}

/* A place below a node: what stands there, if anything, and what may. */
struct place {
	const struct schema *schema;
	const struct node *node;
};

static const struct schema *statement_of(const struct schema *parent, const char *word,
					 size_t length)
{
	const struct schema *child;

	for_each_statement(child, parent)
		if (!strncmp(child->word, word, length) && !child->word[length])
			return child;
	assert(false);
	return NULL;
}

static struct place child_of(struct place from, const char *word, size_t length)
{
	struct place place = {statement_of(from.schema, word, length), NULL};

	if (from.node)
		place.node = skip_inactive(node_first(from.node, place.schema));
	return place;
}

static struct place place_at(struct place place, const char *path)
{
	for (;;) {
		size_t length = strcspn(path, " ");

		place = child_of(place, path, length);
		path += length;
		if (!*path)
			return place;
		path++;
	}
}

const struct node *node_child(const struct node *parent, const char *word)
{
	if (!parent)
		return NULL;
	return child_of((struct place){parent->schema, parent}, word, strlen(word)).node;
}

const struct node *node_at(const struct node *from, const char *path)
{
	if (!from)
		return NULL;
	return place_at((struct place){from->schema, from}, path).node;
}

const struct node *node_entry(const struct tree *tree, const struct node *parent, const char *word,
			      const char *text)
{
	if (!parent)
		return NULL;
	return tree_find(tree, parent, statement_of(parent->schema, word, strlen(word)), text);
}

u32 node_number(const struct node *from, const char *path)
{
	struct place place = place_at((struct place){from->schema, from}, path);

	return place.node ? place.node->value.number : value_standard(place.schema);
}

size_t node_count(const struct node *parent, const char *word)
{
	const struct node *child;
	size_t count = 0;

	for_each_child(child, parent, word)
		count++;
	return count;
}

const struct node *node_persistence(const struct node *pool)
{
	const struct node *own = node_child(pool, "address-persistent");

	if (own)
		return own;
	return node_child(pool, "host-address-base") ? NULL
						     : node_child(pool->parent, "address-persistent");
}

const struct node *node_pool_alarm(const struct node *pool)
{
	const struct node *own = node_child(pool, "pool-utilization-alarm");

	return own ? own : node_child(pool->parent, "pool-utilization-alarm");
}

struct port_range node_pool_ports(const struct node *pool)
{
	const struct node *standard = node_child(pool->parent, "pool-default-port-range");

	if (node_at(pool, "port no-translation"))
		return (struct port_range){1, 65535};
	if (standard && !node_at(pool, "port range"))
		return standard->value.ports;
	return (struct port_range){(u16)node_number(pool, "port range low"),
				   (u16)node_number(pool, "port range to")};
}

const struct node *node_persistent_nat(const struct tree *tree, const struct node *action)
{
	const struct node *name = node_at(action, "pool name");
	const struct node *own = node_at(action, name ? "pool persistent-nat"
						     : "interface persistent-nat");
	const struct node *source = node_at(tree->root, "security nat source");
	const struct node *pool = name ? node_entry(tree, source, "pool", name->text) : NULL;

	if (own || !pool || pool->inactive)
		return own;
	return node_child(pool, "persistent-nat");
}

void node_title(const struct node *node, struct text *text)
{
	if (!node->parent)
		text_add(text, "the configuration");
	else if (node->schema->kind == SCHEMA_LIST)
		text_add(text, "%s '%s'", node->schema->word, node->text);
	else
		text_add(text, "'%s'", node->schema->word);
}
