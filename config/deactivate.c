/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of the form "deactivate PATH". The path names one node that is there: a container, an
 * entry of a list, a leaf (without its value), an item of a leaf-list, or all of a leaf-list.
 */
#include <string.h>

#include "config/parsing.h"

/* What a path leads to. */
struct target {
	struct node *node;
	bool with_next; /* and those behind it: all of a leaf-list */
};

static enum progress report_missing(struct parser *p, const struct schema *schema,
				    struct position at)
{
	diagnostics_error(p->diagnostics, at,
			  "there is no such %s to deactivate; expected one that is set above",
			  schema->word);
	return FAILED;
}

/* With the value behind the word, which tells the node from others of the same statement. */
static enum progress find_by_value(struct parser *p, const struct statement *s,
				   struct target *target)
{
	struct parsed_value value;
	struct position at;
	bool valid;

	if (!tokens_take_value(&p->tokens, s->last, &value, &at, &valid) || !valid)
		return FAILED;
	target->node = tree_find(p->tree, s->node, s->last, value.text);
	if (!target->node || strcmp(target->node->text, value.text) != 0)
		return report_missing(p, s->last, at);
	return GOING;
}

static enum progress find_target(struct parser *p, const struct statement *s, struct target *target)
{
	const struct schema *schema = s->last;
	bool is_item = schema->kind == SCHEMA_LEAF_LIST && tokens_at_text(&p->tokens);

	if (is_item || schema->kind == SCHEMA_LIST || schema->flags & SCHEMA_UNNAMED)
		return find_by_value(p, s, target);
	target->node = node_first(s->node, schema);
	target->with_next = true;
	return target->node ? GOING : report_missing(p, schema, s->word_at);
}

static void deactivate(const struct target *target)
{
	for (struct node *node = target->node; node; node = target->with_next ? node->next : NULL)
		node->inactive = true;
}

/* One word of the path: leads on to a node, or is the last one and marks it. */
static enum progress deactivate_step(struct parser *p, struct statement *s)
{
	struct target target = {0};
	enum progress progress;

	s->word_at = p->tokens.next.at;
	s->last = parsing_take_word(p, s->node);
	if (!s->last)
		return parsing_report_unknown(p, s);
	if (s->last->kind == SCHEMA_OPAQUE) {
		schema_report_not_enforced(s->last, s->word_at, p->diagnostics);
		return REFUSED;
	}
	progress = find_target(p, s, &target);
	if (progress != GOING)
		return progress;
	if (tokens_at_text(&p->tokens) && schema_leads_down(s->last)) {
		s->node = target.node;
		return GOING;
	}
	progress = parsing_end(p);
	if (progress == ENDED)
		deactivate(&target);
	return progress;
}

void parsing_deactivate(struct parser *p)
{
	struct statement s = {.node = p->tree->root};
	enum progress progress = GOING;

	while (progress == GOING) {
		if (tokens_at_text(&p->tokens)) {
			progress = deactivate_step(p, &s);
		} else {
			tokens_unexpected(&p->tokens, "a statement");
			progress = FAILED;
		}
	}
}
