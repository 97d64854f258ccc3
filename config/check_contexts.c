/* SPDX-License-Identifier: Apache-2.0 */
/*
 * from and to of rule-sets: they name what is there, and no packet falls into two rule-sets that
 * are equally specific.
 */
#include <stdlib.h>
#include <string.h>

#include "config/checking.h"

/* One way into a rule-set: one name of from, one of to. */
struct passage {
	const struct node *from;
	const struct node *to;
};

static const struct node *first_name(const struct node *context)
{
	const struct node *zone = node_child(context, "zone");

	return zone ? zone : node_child(context, "interface");
}

static void check_names(struct checking *c, const struct node *context)
{
	const struct node *name;

	for_each_child(name, context, "zone")
		checking_reference(c, c->zones, "security-zone", name);
	for_each_child(name, context, "interface")
		checking_need_zone(c, name);
}

static int compare_names(const struct node *a, const struct node *b)
{
	if (a->schema->type != b->schema->type)
		return a->schema->type < b->schema->type ? -1 : 1;
	return strcmp(a->text, b->text);
}

static int compare_passages(const void *left, const void *right)
{
	const struct passage *a = left;
	const struct passage *b = right;
	int order = compare_names(a->from, b->from);

	if (!order)
		order = compare_names(a->to, b->to);
	return order ? order : position_compare(a->from->at, b->from->at);
}

static const struct node *rule_set_of(const struct passage *passage)
{
	return passage->from->parent->parent;
}

static bool is_same_way(const struct passage *a, const struct passage *b)
{
	return !compare_names(a->from, b->from) && !compare_names(a->to, b->to);
}

static void report_overlap(struct checking *c, const struct passage *first,
			   const struct passage *second)
{
	diagnostics_error(c->diagnostics, rule_set_of(second)->at,
			  "rule-set '%s' is for packets from %s '%s' to %s '%s', as is rule-set "
			  "'%s' (line %u); expected one rule-set for them",
			  rule_set_of(second)->text, second->from->schema->word, second->from->text,
			  second->to->schema->word, second->to->text, rule_set_of(first)->text,
			  rule_set_of(first)->at.line);
}

static size_t collect_passages(const struct node *rule_set, struct passage *passages)
{
	const struct node *from;
	const struct node *to;
	size_t count = 0;

	for (from = first_name(node_child(rule_set, "from")); from; from = node_next(from))
		for (to = first_name(node_child(rule_set, "to")); to; to = node_next(to))
			passages[count++] = (struct passage){from, to};
	return count;
}

static size_t count_names(const struct node *context)
{
	return node_count(context, "zone") + node_count(context, "interface");
}

static size_t count_passages(const struct checking *c)
{
	const struct node *rule_set;
	size_t count = 0;

	for_each_child(rule_set, c->source, "rule-set")
		count += count_names(node_child(rule_set, "from")) *
			 count_names(node_child(rule_set, "to"));
	return count;
}

static void check_overlaps(struct checking *c)
{
	const struct node *rule_set;
	struct passage *passages = calloc(count_passages(c) + 1, sizeof(*passages));
	size_t count = 0;

	if (!passages) {
		c->out_of_memory = true;
		return;
	}
	for_each_child(rule_set, c->source, "rule-set")
		count += collect_passages(rule_set, passages + count);
	qsort(passages, count, sizeof(*passages), compare_passages);
	for (size_t i = 1; i < count; i++)
		if (is_same_way(&passages[i - 1], &passages[i]))
			report_overlap(c, &passages[i - 1], &passages[i]);
	free(passages);
}

void check_contexts(struct checking *c)
{
	const struct node *rule_set;
	size_t count = 0;

	for_each_child(rule_set, c->source, "rule-set") {
		checking_count(c, &count, MAX_RULE_SETS, rule_set, "rule-sets");
		check_names(c, node_child(rule_set, "from"));
		check_names(c, node_child(rule_set, "to"));
	}
	check_overlaps(c);
}
