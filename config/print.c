/* SPDX-License-Identifier: Apache-2.0 */
#include "config/print.h"

#include <ctype.h>
#include <string.h>

#include "config/parser.h"

enum { INDENT = 4 };

static void print_quoted(const char *text, FILE *output)
{
	fputc('"', output);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', output);
		fputc(*text, output);
	}
	fputc('"', output);
}

static bool is_plain(const char *text)
{
	size_t length = 0;

	while (isalnum((unsigned char)text[length]) ||
	       (text[length] && strchr("._-", text[length])))
		length++;
	return length && !text[length];
}

/* An unnamed statement whose text looks like the word of another one needs quotes. */
static bool is_mistakable(const struct node *node)
{
	return node->schema->flags & SCHEMA_UNNAMED &&
	       (schema_find(node->parent->schema, node->text) || parser_is_verb(node->text));
}

static void print_text(const struct node *node, FILE *output)
{
	bool is_free_text = node->schema->type == TYPE_TEXT;

	if (is_mistakable(node) || (is_free_text && !is_plain(node->text)))
		print_quoted(node->text, output);
	else
		fputs(node->text, output);
}

/* The word and the text of a node: "pool resi". */
static void print_name(const struct node *node, FILE *output)
{
	bool is_named = !(node->schema->flags & SCHEMA_UNNAMED);

	if (is_named)
		fputs(node->schema->word, output);
	if (is_named && node->text)
		fputc(' ', output);
	if (node->text)
		print_text(node, output);
}

/* Visits all children, in order. => false as soon as the visitor says so */
typedef bool visit_child(const struct node *child);

static bool all_children(const struct node *node, visit_child *visit)
{
	const struct schema *schema;

	for_each_statement(schema, node->schema)
		for (const struct node *child = node_first(node, schema); child;
		     child = child->next)
			if (!visit(child))
				return false;
	return true;
}

static bool fits_inline(const struct node *child)
{
	return !child->inactive && !schema_leads_down(child->schema);
}

static bool is_inline(const struct node *node)
{
	return node->schema->flags & SCHEMA_INLINE && all_children(node, fits_inline);
}

static bool never(const struct node *child)
{
	(void)child;
	return false;
}

static bool is_childless(const struct node *node)
{
	return all_children(node, never);
}

/* "source-address [ a b ]" */
static void print_bracketed(const struct node *item, FILE *output)
{
	fprintf(output, "%s [", item->schema->word);
	for (; item; item = item->next) {
		fputc(' ', output);
		print_text(item, output);
	}
	fputs(" ]", output);
}

/* "range 1024 to 65535" */
static void print_inline(const struct node *node, FILE *output)
{
	const struct schema *schema;

	print_name(node, output);
	for_each_statement(schema, node->schema) {
		const struct node *child = node_first(node, schema);

		if (!child)
			continue;
		fputc(' ', output);
		if (child->next)
			print_bracketed(child, output);
		else
			print_name(child, output);
	}
}

/* --- braces --- */

static void print_indent(u32 depth, bool inactive, FILE *output)
{
	fprintf(output, "%*s%s", (int)depth * INDENT, "", inactive ? "inactive: " : "");
}

static void print_statements(const struct node *parent, u32 depth, FILE *output);

static void print_statement(const struct node *node, u32 depth, FILE *output)
{
	print_indent(depth, node->inactive, output);
	if (is_inline(node) || is_childless(node)) {
		print_inline(node, output);
		fputs(";\n", output);
		return;
	}
	print_name(node, output);
	fputs(" {\n", output);
	print_statements(node, depth + 1, output);
	print_indent(depth, false, output);
	fputs("}\n", output);
}

static bool has_inactive(const struct node *item)
{
	while (item && !item->inactive)
		item = item->next;
	return item;
}

static void print_list_statement(const struct node *item, u32 depth, FILE *output)
{
	print_indent(depth, false, output);
	print_bracketed(item, output);
	fputs(";\n", output);
}

/* "address { a; b; }" */
static void print_block(const struct node *item, u32 depth, FILE *output)
{
	print_indent(depth, false, output);
	fprintf(output, "%s {\n", item->schema->word);
	for (; item; item = item->next) {
		print_indent(depth + 1, item->inactive, output);
		print_text(item, output);
		fputs(";\n", output);
	}
	print_indent(depth, false, output);
	fputs("}\n", output);
}

static void print_leaf_list(const struct node *item, u32 depth, FILE *output)
{
	if (item->schema->flags & SCHEMA_BLOCK)
		print_block(item, depth, output);
	else if (item->next && !has_inactive(item))
		print_list_statement(item, depth, output);
	else
		for (; item; item = item->next)
			print_statement(item, depth, output);
}

static void print_statements(const struct node *parent, u32 depth, FILE *output)
{
	const struct schema *schema;

	for_each_statement(schema, parent->schema) {
		const struct node *node = node_first(parent, schema);

		if (node && schema->kind == SCHEMA_LEAF_LIST)
			print_leaf_list(node, depth, output);
		else
			for (; node; node = node->next)
				print_statement(node, depth, output);
	}
}

void print_braces(const struct node *root, FILE *output)
{
	print_statements(root, 0, output);
}

/* --- set lines --- */

static void print_path(const struct node *node, FILE *output)
{
	if (!node->parent)
		return;
	print_path(node->parent, output);
	fputc(' ', output);
	print_name(node, output);
}

static void print_set_line(const struct node *node, FILE *output)
{
	fputs("set", output);
	print_path(node->parent, output);
	fputc(' ', output);
	print_inline(node, output);
	fputc('\n', output);
}

static void print_deactivate_line(const struct node *node, FILE *output)
{
	fputs("deactivate", output);
	if (node->schema->kind == SCHEMA_LEAF && !(node->schema->flags & SCHEMA_UNNAMED)) {
		print_path(node->parent, output);
		fprintf(output, " %s\n", node->schema->word);
		return;
	}
	print_path(node, output);
	fputc('\n', output);
}

static void print_set_children(const struct node *parent, FILE *output);

static bool is_single(const struct node *child)
{
	return !child->next;
}

/* Several items of a leaf-list are several lines. */
static bool is_one_line(const struct node *node)
{
	return is_childless(node) || (is_inline(node) && all_children(node, is_single));
}

static void print_set_lines(const struct node *node, FILE *output)
{
	if (is_one_line(node))
		print_set_line(node, output);
	else
		print_set_children(node, output);
	if (node->inactive)
		print_deactivate_line(node, output);
}

static void print_set_children(const struct node *parent, FILE *output)
{
	const struct schema *schema;

	for_each_statement(schema, parent->schema)
		for (const struct node *node = node_first(parent, schema); node; node = node->next)
			print_set_lines(node, output);
}

void print_set(const struct node *root, FILE *output)
{
	print_set_children(root, output);
}
