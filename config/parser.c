/* SPDX-License-Identifier: Apache-2.0 */
#include "config/parser.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "config/parsing.h"
#include "config/query.h"

/* --- storing --- */

/* Of statements that exclude each other the last one counts. */
static void remove_rivals(struct parser *p, struct node *parent, const struct schema *schema,
			  struct position at)
{
	const struct schema *rival;

	for_each_statement(rival, parent->schema) {
		const struct node *node = node_first(parent, rival);

		if (!node || !schema->choice || rival->choice != schema->choice || rival == schema)
			continue;
		diagnostics_warning(p->diagnostics, at,
				    "'%s' takes the place of '%s' in line %u; expected one of them",
				    schema->word, rival->word, node->at.line);
		tree_remove_children(p->tree, parent, rival);
	}
}

/* The child of this statement and text, made if it is not there. => NULL: out of memory */
static struct node *provide(struct parser *p, const struct statement *s,
			    const struct schema *schema, const char *text, struct position at)
{
	struct node *node = tree_find(p->tree, s->node, schema, text);

	if (node)
		return node;
	remove_rivals(p, s->node, schema, s->word_at);
	node = tree_add(p->tree, s->node, schema, text);
	if (!node) {
		p->tokens.stopped = true;
		return NULL;
	}
	node->word_at = s->word_at;
	node->at = at;
	return node;
}

static void apply_tags(struct parser *p, struct node *node, const struct tags *tags)
{
	if (tags->replace) {
		tree_clear(p->tree, node);
		node->inactive = false;
	}
	if (tags->inactive)
		node->inactive = true;
}

static void store_value(struct parser *p, struct statement *s, const struct schema *schema,
			const struct parsed_value *value, struct position at)
{
	struct node *node = provide(p, s, schema, value->text, at);

	if (!node)
		return;
	if (schema->kind == SCHEMA_LEAF && node_set_text(node, value->text)) {
		p->tokens.stopped = true;
		return;
	}
	if (schema->kind == SCHEMA_LEAF) {
		node->word_at = s->word_at;
		node->at = at;
	}
	node->value = value->value;
	apply_tags(p, node, &s->tags);
}

/* --- values --- */

static enum progress read_value(struct parser *p, struct statement *s, const struct schema *schema)
{
	struct parsed_value value;
	struct position at;
	bool valid;

	if (!tokens_take_value(&p->tokens, schema, &value, &at, &valid))
		return FAILED;
	if (valid)
		store_value(p, s, schema, &value, at);
	else
		s->node->lost_value = true;
	return GOING;
}

static enum progress read_bracketed(struct parser *p, struct statement *s,
				    const struct schema *schema)
{
	if (schema->kind != SCHEMA_LEAF_LIST) {
		tokens_unexpected(&p->tokens, "one value, without brackets");
		return FAILED;
	}
	tokens_take(&p->tokens);
	do {
		if (read_value(p, s, schema) == FAILED)
			return FAILED;
	} while (tokens_at_text(&p->tokens));
	if (tokens_peek(&p->tokens) != TOKEN_LIST_CLOSE) {
		tokens_unexpected(&p->tokens, "another value or ']'");
		return FAILED;
	}
	tokens_take(&p->tokens);
	return GOING;
}

/* --- blocks --- */

static bool at_verb(const struct parser *p)
{
	return tokens_peek(&p->tokens) == TOKEN_WORD && parser_is_verb(p->tokens.next.text);
}

/* A set line cannot stand in braces, so one that seems to shows that a brace is missing. */
static bool at_set_line(const struct parser *p)
{
	return at_verb(p) && tokens_at_new_line(&p->tokens);
}

static void report_unclosed(struct parser *p, struct position opened)
{
	if (!p->unclosed && !p->tokens.stopped)
		diagnostics_error(p->diagnostics, opened,
				  "this '{' is not closed before line %u; expected '}'",
				  p->tokens.next.at.line);
	p->unclosed = true;
}

typedef void read_item(struct parser *p, const struct statement *s);

static enum progress read_block(struct parser *p, const struct statement *s, read_item *read)
{
	struct position opened = p->tokens.next.at;

	if (p->tokens.set_line) {
		tokens_unexpected(&p->tokens, "a 'set' line without braces");
		return FAILED;
	}
	tokens_take(&p->tokens);
	while (tokens_peek(&p->tokens) != TOKEN_CLOSE) {
		if (tokens_peek(&p->tokens) == TOKEN_END || at_set_line(p)) {
			report_unclosed(p, opened);
			return ENDED;
		}
		read(p, s);
	}
	tokens_take(&p->tokens);
	return ENDED;
}

/* Passes over the rest of a statement, with its block if it has one. */
static void skip_statement(struct parser *p)
{
	u32 depth = 0;

	if (p->tokens.set_line)
		return;
	for (;;) {
		enum token_kind kind = tokens_peek(&p->tokens);

		if (kind == TOKEN_END || (!depth && (kind == TOKEN_CLOSE || at_set_line(p))))
			return;
		tokens_take(&p->tokens);
		depth += kind == TOKEN_OPEN;
		depth -= kind == TOKEN_CLOSE;
		if (!depth && (kind == TOKEN_CLOSE || kind == TOKEN_SEMICOLON))
			return;
	}
}

/* Goes on behind a statement that came to nothing. */
static void finish(struct parser *p, struct node *node, enum progress progress)
{
	if (progress == FAILED)
		node->lost_statement = true;
	if (progress == FAILED || progress == REFUSED)
		skip_statement(p);
}

static enum progress end_set_line(struct parser *p)
{
	if (tokens_past_set_line(&p->tokens))
		return ENDED;
	tokens_unexpected(&p->tokens, "the end of the 'set' line");
	return FAILED;
}

enum progress parsing_end(struct parser *p)
{
	enum token_kind kind = tokens_peek(&p->tokens);

	if (p->tokens.set_line)
		return end_set_line(p);
	if (kind == TOKEN_SEMICOLON) {
		tokens_take(&p->tokens);
		return ENDED;
	}
	if (kind == TOKEN_CLOSE || kind == TOKEN_END || tokens_at_new_line(&p->tokens)) {
		diagnostics_error(p->diagnostics, p->tokens.end,
				  "this statement has no end; expected ';'");
		return ENDED;
	}
	tokens_unexpected(&p->tokens, "';'");
	return FAILED;
}

static struct tags read_tags(struct parser *p)
{
	struct tags tags = {.at = p->tokens.next.at};

	if (p->tokens.set_line)
		return tags;
	for (;;) {
		if (tokens_at_word(&p->tokens, "inactive:"))
			tags.inactive = true;
		else if (tokens_at_word(&p->tokens, "replace:"))
			tags.replace = true;
		else
			return tags;
		tokens_take(&p->tokens);
	}
}

/* One line of address { ...; ...; } */
static void read_block_value(struct parser *p, const struct statement *s)
{
	struct statement item = *s;
	struct tags tags = read_tags(p);
	enum progress progress;

	if (tags.replace)
		diagnostics_error(p->diagnostics, tags.at,
				  "a value cannot be replaced; expected 'replace:' before '%s'",
				  s->last->word);
	item.tags.inactive |= tags.inactive;
	progress = read_value(p, &item, s->last);
	if (progress == GOING)
		progress = parsing_end(p);
	finish(p, s->node, progress);
}

static enum progress read_values(struct parser *p, struct statement *s, const struct schema *schema)
{
	if (s->tags.replace)
		tree_remove_children(p->tree, s->node, schema);
	switch (tokens_peek(&p->tokens)) {
	case TOKEN_LIST_OPEN:
		return read_bracketed(p, s, schema);
	case TOKEN_OPEN:
		return read_block(p, s, read_block_value);
	default:
		return read_value(p, s, schema);
	}
}

/* --- words --- */

enum progress parsing_report_unknown(struct parser *p, const struct statement *s)
{
	const char *word = p->tokens.next.text;
	struct text expected = {0};
	struct text title = {0};

	if (s->last && s->last->type == TYPE_TEXT) {
		tokens_unexpected(&p->tokens, "';', or a text of several words in quotes");
		return FAILED;
	}
	schema_list(s->node->schema, &expected);
	if (!expected.length)
		text_add(&expected, "';'");
	if (s->node->parent && schema_find(&schema_root, word))
		text_add(&expected, ", or a '}' before it");
	if (s->last && s->last->kind == SCHEMA_LEAF_LIST)
		text_add(&expected, ", or several values of %s in brackets: [ a b ]",
			 s->last->word);
	schema_suggest(s->node->schema, word, &expected);
	node_title(s->node, &title);
	diagnostics_error(p->diagnostics, p->tokens.next.at, "'%s' is unknown in %s; expected %s",
			  word, title.bytes, expected.bytes);
	return FAILED;
}

const struct schema *parsing_take_word(struct parser *p, const struct node *node)
{
	const struct schema *named = NULL;

	if (tokens_peek(&p->tokens) == TOKEN_WORD)
		named = schema_find(node->schema, p->tokens.next.text);
	if (!named)
		return schema_unnamed(node->schema);
	tokens_take(&p->tokens);
	return named;
}

static enum progress enter(struct parser *p, struct statement *s, const struct schema *schema,
			   const char *text, struct position at)
{
	struct node *node = provide(p, s, schema, text, at);

	if (!node)
		return FAILED;
	apply_tags(p, node, &s->tags);
	if (schema->kind != SCHEMA_FLAG)
		s->node = node;
	return GOING;
}

static enum progress read_entry(struct parser *p, struct statement *s, const struct schema *schema)
{
	struct parsed_value key;
	struct position at;
	bool valid;

	if (!tokens_take_value(&p->tokens, schema, &key, &at, &valid) || !valid)
		return FAILED;
	return enter(p, s, schema, key.text, at);
}

/* Reads one word and the value that belongs to it. */
static enum progress read_step(struct parser *p, struct statement *s)
{
	struct position at = p->tokens.next.at;
	const struct schema *schema;

	if (!tokens_at_text(&p->tokens)) {
		tokens_unexpected(&p->tokens, "a statement");
		return FAILED;
	}
	schema = parsing_take_word(p, s->node);
	if (!schema)
		return parsing_report_unknown(p, s);
	s->last = schema;
	s->word_at = at;
	switch (schema->kind) {
	case SCHEMA_OPAQUE:
		schema_report_not_enforced(schema, at, p->diagnostics);
		return REFUSED;
	case SCHEMA_LIST:
		return read_entry(p, s, schema);
	case SCHEMA_LEAF:
	case SCHEMA_LEAF_LIST:
		return read_values(p, s, schema);
	default:
		return enter(p, s, schema, NULL, at);
	}
}

/* Do the words of this statement go on? Without a semicolon the next line is another one. */
static bool goes_on(const struct parser *p, const struct statement *s)
{
	if (!tokens_at_text(&p->tokens))
		return false;
	return schema_leads_down(s->last) || !tokens_at_new_line(&p->tokens);
}

/* A tag is for the statement behind it; if that goes on, it is not clear for how much of it. */
static enum progress check_tags(struct parser *p, const struct statement *s)
{
	bool tagged = s->tags.inactive || s->tags.replace;

	assert(s->last); /* a step was taken */
	if (!tagged || s->last->flags & SCHEMA_INLINE || !goes_on(p, s))
		return GOING;
	diagnostics_error(p->diagnostics, s->tags.at,
			  "this tag may be for '%s' or for '%s'; expected them in statements of "
			  "their own",
			  s->last->word, p->tokens.next.text);
	return FAILED;
}

static void read_statement(struct parser *p, const struct statement *outer)
{
	struct statement s = {.node = outer->node, .tags = read_tags(p)};
	enum progress progress = read_step(p, &s);

	if (progress == GOING)
		progress = check_tags(p, &s);
	s.tags = (struct tags){0};
	while (progress == GOING && goes_on(p, &s))
		progress = read_step(p, &s);
	if (progress == GOING && schema_leads_down(s.last) && tokens_peek(&p->tokens) == TOKEN_OPEN)
		progress = read_block(p, &s, read_statement);
	else if (progress == GOING)
		progress = parsing_end(p);
	finish(p, s.node, progress);
}

/* --- lines of the set form --- */

bool parser_is_verb(const char *word)
{
	return !strcmp(word, "set") || !strcmp(word, "deactivate");
}

static void read_set_line(struct parser *p)
{
	const struct statement root = {.node = p->tree->root};
	bool is_set = tokens_at_word(&p->tokens, "set");

	tokens_begin_set_line(&p->tokens);
	if (is_set)
		read_statement(p, &root);
	else
		parsing_deactivate(p);
	tokens_end_set_line(&p->tokens);
}

/* --- the file --- */

/* What edits a candidate in the interactive shell has no place in a file. */
static bool at_shell_command(const struct parser *p)
{
	static const char *const commands[] = {"activate", "copy",   "delete",
					       "edit",     "insert", "rename"};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (tokens_at_word(&p->tokens, commands[i]))
			return true;
	return false;
}

static void read_shell_command(struct parser *p)
{
	tokens_unexpected(&p->tokens, "'set', 'deactivate' or a statement; it is a command of the "
				      "interactive shell");
	tokens_begin_set_line(&p->tokens);
	tokens_end_set_line(&p->tokens);
}

static void read_top_level(struct parser *p)
{
	const struct statement root = {.node = p->tree->root};

	p->unclosed = false;
	if (tokens_peek(&p->tokens) == TOKEN_CLOSE) {
		tokens_unexpected(&p->tokens, "a statement; there is no '{' for it");
		tokens_take(&p->tokens);
	} else if (at_verb(p)) {
		read_set_line(p);
	} else if (at_shell_command(p)) {
		read_shell_command(p);
	} else {
		read_statement(p, &root);
	}
}

int parser_read(const char *text, size_t length, struct tree *tree, struct diagnostics *diagnostics)
{
	struct parser parser = {.tree = tree, .diagnostics = diagnostics};

	tokens_init(&parser.tokens, text, length, diagnostics);
	while (tokens_peek(&parser.tokens) != TOKEN_END)
		read_top_level(&parser);
	return parser.tokens.stopped ? -ENOMEM : 0;
}
