/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checks that the schema's tables ask for, and what all checks share.
 */
#include "config/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/checking.h"
#include "config/suggest.h"
#include "config/value.h"

bool checking_is_damaged(const struct node *node)
{
	const struct schema *schema;

	if (node->lost_statement || node->lost_value)
		return true;
	for_each_statement(schema, node->schema)
		for (const struct node *child = node_first(node, schema); child;
		     child = child->next)
			if (checking_is_damaged(child))
				return true;
	return false;
}

void checking_count(struct checking *c, size_t *count, size_t limit, const struct node *node,
		    const char *what)
{
	if (++*count == limit + 1)
		diagnostics_error(c->diagnostics, node->at,
				  "this is one too many; expected at most %zu %s", limit, what);
}

static void suggest_entry(const struct node *parent, const char *word, const char *text,
			  struct text *message)
{
	struct suggestions suggestions;
	const struct node *entry;

	suggest_begin(&suggestions, text);
	for_each_child(entry, parent, word)
		suggest_candidate(&suggestions, entry->text);
	suggest_write(&suggestions, message);
}

const struct node *checking_reference(struct checking *c, const struct node *parent,
				      const char *word, const struct node *name)
{
	const struct node *entry = node_entry(c->tree, parent, word, name->text);
	struct text hint = {0};

	if (entry && entry->inactive)
		diagnostics_error(c->diagnostics, name->at,
				  "%s '%s' is inactive; expected one that is in force", word,
				  name->text);
	if (entry)
		return entry->inactive ? NULL : entry;
	if (parent && parent->lost_statement)
		return NULL;
	suggest_entry(parent, word, name->text, &hint);
	diagnostics_error(c->diagnostics, name->at,
			  "there is no %s '%s'; expected the name of one that is configured%s",
			  word, name->text, hint.bytes);
	return NULL;
}

static void check_keyword(struct checking *c, const struct node *node)
{
	const struct keyword *keyword = keyword_of(node->schema, node->text);
	struct text expected = {0};

	if (keyword->status == SUPPORTED)
		return;
	value_expected(node->schema, &expected);
	diagnostics_error(c->diagnostics, node->at,
			  "'%s %s' is not enforced by this version yet; expected %s",
			  node->schema->word, node->text, expected.bytes);
}

static void check_advice(struct checking *c, const struct node *node)
{
	const struct schema *schema = node->schema;

	if (node->value.number < schema->advised)
		diagnostics_warning(c->diagnostics, node->at,
				    "'%s %s' is less than the %u %s that %s demands", schema->word,
				    node->text, schema->advised, schema->unit, schema->advised_by);
}

static void check_value(struct checking *c, const struct node *node)
{
	if (node->schema->type == TYPE_KEYWORD)
		check_keyword(c, node);
	else if (node->schema->type == TYPE_APPLICATION)
		checking_application_name(c, node);
	else if (node->schema->advised)
		check_advice(c, node);
}

/* Is this statement there, or another one that can stand for it? */
static bool is_provided(const struct node *parent, const struct schema *schema)
{
	const struct schema *other;

	for_each_statement(other, parent->schema)
		if ((other == schema || (schema->choice && other->choice == schema->choice)) &&
		    node_child(parent, other->word))
			return true;
	return false;
}

static bool is_first_of_choice(const struct schema *parent, const struct schema *schema)
{
	const struct schema *other;

	for_each_statement(other, parent)
		if (other == schema || (schema->choice && other->choice == schema->choice))
			return other == schema;
	return true;
}

static void check_mandatory(struct checking *c, const struct node *parent)
{
	const struct schema *schema;
	struct text title = {0};

	for_each_statement(schema, parent->schema) {
		if (!schema->mandatory || !is_first_of_choice(parent->schema, schema) ||
		    is_provided(parent, schema) || checking_is_damaged(parent))
			continue;
		text_shorten(&title, 0);
		node_title(parent, &title);
		diagnostics_error(c->diagnostics, parent->at, "%s is not complete; expected %s",
				  title.bytes, schema->mandatory);
	}
}

static void check_max_count(struct checking *c, const struct node *item)
{
	struct text what = {0};
	size_t count = 0;

	if (item)
		text_add(&what, "values of '%s'", item->schema->word);
	for (; item; item = node_next(item))
		checking_count(c, &count, item->schema->max_count, item, what.bytes);
}

static void check_statement(struct checking *c, const struct node *node);

static void check_children(struct checking *c, const struct node *parent)
{
	const struct schema *schema;
	const struct node *child;

	for_each_statement(schema, parent->schema) {
		for_each_child(child, parent, schema->word)
			check_statement(c, child);
		if (schema->max_count)
			check_max_count(c, node_child(parent, schema->word));
	}
}

static void check_statement(struct checking *c, const struct node *node)
{
	if (node->schema->status == NOT_ENFORCED) {
		schema_report_not_enforced(node->schema, node->word_at, c->diagnostics);
		return;
	}
	check_value(c, node);
	check_mandatory(c, node);
	check_children(c, node);
}

int check_tree(const struct tree *tree, struct diagnostics *diagnostics)
{
	struct checking checking = {
		.tree = tree,
		.diagnostics = diagnostics,
		.zones = node_at(tree->root, "security zones"),
		.source = node_at(tree->root, "security nat source"),
	};

	check_children(&checking, tree->root);
	check_applications(&checking);
	check_zones(&checking);
	check_pools(&checking);
	check_overflow_pools(&checking);
	check_shifted_pools(&checking);
	check_alarms(&checking);
	check_contexts(&checking);
	check_rules(&checking);
	check_proxies(&checking);
	free(checking.pools);
	return checking.out_of_memory || diagnostics->out_of_memory ? -ENOMEM : 0;
}
