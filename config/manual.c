/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the manual page holdfast.conf(5), made from the schema, to standard output:
 *
 *	holdfast-manual EXAMPLE
 *
 * EXAMPLE is a configuration that is shown as it is. Run when the project is built; not
 * installed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/applications.h"
#include "config/query.h"
#include "config/roff.h"
#include "config/value.h"

/* --- statements --- */

static size_t count_keywords(const struct schema *schema)
{
	const struct keyword *keyword;
	size_t count = 0;

	for (keyword = schema->keywords; keyword->word; keyword++)
		count += keyword->status == SUPPORTED;
	return count;
}

/* "(native | generic)" */
static void add_keywords(const struct schema *schema, struct text *text)
{
	const struct keyword *keyword;
	bool is_choice = count_keywords(schema) > 1;
	const char *separator = is_choice ? "(" : "";

	for (keyword = schema->keywords; keyword->word; keyword++) {
		if (keyword->status != SUPPORTED)
			continue;
		text_add(text, "%s%s", separator, keyword->word);
		separator = " | ";
	}
	if (is_choice)
		text_add(text, ")");
}

/* What a reader puts in place of a value. */
static void add_placeholder(const struct schema *schema, struct text *text)
{
	static const char *const names[TYPE_COUNT] = {
		[TYPE_NAME] = "NAME",
		[TYPE_TEXT] = "TEXT",
		[TYPE_HOST_NAME] = "NAME",
		[TYPE_INTERFACE] = "INTERFACE",
		[TYPE_PORTS] = "PORTS",
		[TYPE_PORT_SPAN] = "PORTS",
		[TYPE_PREFIX] = "PREFIX",
		[TYPE_ADDRESSES] = "ADDRESSES",
		[TYPE_PROTOCOL] = "PROTOCOL",
		[TYPE_APPLICATION] = "APPLICATION",
		[TYPE_CPUS] = "CPUS",
	};

	if (schema->type == TYPE_KEYWORD)
		add_keywords(schema, text);
	else if (schema->type == TYPE_NUMBER)
		text_add(text, "%s", schema->unit ? "SECONDS" : "NUMBER");
	else if (schema->type != TYPE_NONE)
		text_add(text, "%s", names[schema->type]);
}

/* "pool NAME" */
static void add_synopsis(const struct schema *schema, struct text *text)
{
	bool is_named = !(schema->flags & SCHEMA_UNNAMED);

	if (is_named)
		text_add(text, "%s", schema->word);
	if (is_named && schema->type != TYPE_NONE)
		text_add(text, " ");
	add_placeholder(schema, text);
	if (schema->kind == SCHEMA_LEAF_LIST)
		text_add(text, " ...");
}

static bool has_supported_children(const struct schema *parent)
{
	const struct schema *child;

	for_each_statement(child, parent)
		if (child->status == SUPPORTED)
			return true;
	return false;
}

/* "range NUMBER to NUMBER", "from (zone NAME ... | interface INTERFACE ...)" */
static void add_inline(const struct schema *parent, struct text *text)
{
	const struct schema *child;
	u32 choice = 0;

	for_each_statement(child, parent) {
		if (child->status != SUPPORTED)
			continue;
		if (choice)
			text_add(text, " | ");
		else
			text_add(text, child->choice ? " (" : child->mandatory ? " " : " [");
		add_synopsis(child, text);
		text_add(text, child->mandatory ? "" : "]");
		choice = child->choice;
	}
	text_add(text, choice ? ")" : "");
}

static void put_tree(const struct schema *parent, int depth)
{
	const struct schema *child;

	for_each_statement(child, parent) {
		bool has_block = has_supported_children(child) && !(child->flags & SCHEMA_INLINE);
		struct text line = {0};

		if (child->status != SUPPORTED)
			continue;
		text_add(&line, "%*s", 4 * depth, "");
		add_synopsis(child, &line);
		if (!has_block)
			add_inline(child, &line);
		text_add(&line, has_block ? " {" : ";");
		roff_line(line.bytes);
		if (!has_block)
			continue;
		put_tree(child, depth + 1);
		printf("%*s}\n", 4 * depth, "");
	}
}

static void put_keywords(const struct schema *schema)
{
	const struct keyword *keyword;

	for (keyword = schema->keywords; keyword->word; keyword++) {
		if (keyword->status != SUPPORTED)
			continue;
		printf(".br\n.B ");
		roff_text(keyword->word);
		printf("\n\\(en ");
		roff_line(keyword->help);
	}
}

static void put_facts(const struct schema *schema)
{
	struct text facts = {0};

	if (schema->type == TYPE_NUMBER)
		text_add(&facts, " %s from %u to %u.", schema->unit ? "Seconds," : "A number",
			 schema->low, schema->high);
	if (schema->max_count)
		text_add(&facts, " At most %u values.", schema->max_count);
	if (schema->standard)
		text_add(&facts, " Default: %s.", schema->standard);
	if (schema->advised)
		text_add(&facts, " %s demands at least %u %s; less is warned of.",
			 schema->advised_by, schema->advised, schema->unit);
	if (schema->mandatory)
		text_add(&facts, " Required: %s.", schema->mandatory);
	if (schema->flags & SCHEMA_OWN)
		text_add(&facts, " Not a word of Junos.");
	if (facts.length)
		roff_line(facts.bytes + 1);
}

static void put_statement(const struct schema *schema, const struct text *path)
{
	printf(".TP\n.B ");
	roff_line(path->bytes);
	roff_text(schema->help);
	puts(".");
	put_facts(schema);
	if (schema->type == TYPE_KEYWORD && count_keywords(schema) > 1)
		put_keywords(schema);
}

static void put_statements(const struct schema *parent, struct text *path)
{
	const struct schema *child;
	size_t length = path->length;

	for_each_statement(child, parent) {
		if (child->status != SUPPORTED)
			continue;
		text_add(path, length ? " " : "");
		add_synopsis(child, path);
		put_statement(child, path);
		put_statements(child, path);
		text_shorten(path, length);
	}
}

static void add_not_enforced(const struct schema *schema, struct text *words)
{
	const struct keyword *keyword = schema->keywords;

	if (schema->status == NOT_ENFORCED) {
		text_add(words, ", %s", schema->word);
		return;
	}
	for (; keyword && keyword->word; keyword++)
		if (keyword->status == NOT_ENFORCED)
			text_add(words, ", %s %s", schema->word, keyword->word);
}

static void put_not_enforced(const struct schema *parent, struct text *path)
{
	const struct schema *child;
	size_t length = path->length;
	struct text words = {0};

	for_each_statement(child, parent)
		add_not_enforced(child, &words);
	if (words.length) {
		printf(".TP\n.B ");
		roff_line(length ? path->bytes : "at the top");
		roff_line(words.bytes + 2);
	}
	for_each_statement(child, parent) {
		if (child->status != SUPPORTED)
			continue;
		text_add(path, "%s%s", length ? " " : "",
			 child->flags & SCHEMA_UNNAMED ? "INTERFACE" : child->word);
		put_not_enforced(child, path);
		text_shorten(path, length);
	}
}

/* --- the page --- */

static void put_language(void)
{
	roff_section("LANGUAGE");
	roff_paragraph("The language is that of Junos, in both of its forms, which may be mixed in "
		      "one file: statements in braces, each ended by a semicolon or a block, and "
		      "lines that begin with set. Words cannot be shortened. Where several values "
		      "are allowed they stand in brackets, [ a b c ], in a block, { a; b; c; }, or "
		      "in statements of their own.");
	roff_paragraph("A container that is named again is added to; a value that is given again "
		      "replaces the one before; a list of values grows. The order of pools, "
		      "rule-sets, rules and addresses is kept and matters.");
	roff_paragraph("Comments are # up to the end of the line, and /* up to */. Text with spaces "
		      "stands in quotes, in which \\\" and \\\\ mean a quote and a backslash.");
	roff_paragraph(
		"The tag inactive: before a statement keeps it, with everything in it, out of "
		"force; in set form a line deactivate PATH behind it does the same. The tag "
		"replace: makes a statement take the place of an earlier one instead of "
		"adding to it.");
	roff_paragraph("Errors name file, line and column, and all errors of a file are shown at "
		      "once. A statement that is known but not enforced by this version is an "
		      "error, because nothing is ever accepted and ignored.");
}

static void put_values(void)
{
	static const char *const values[][2] = {
		{"NAME", "1 to 63 letters, digits and . _ - / :"},
		{"INTERFACE",
		 "the kernel's name; eth0 and eth0.0 name the same untagged interface, "
		 "and no other unit than 0 exists"},
		{"PREFIX", "192.0.2.0/24, 2001:db8::/32, or an address alone"},
		{"ADDRESSES", "a PREFIX, which means every address in it, the first and the last "
			      "included, or LOW to HIGH"},
		{"PORTS", "a port, or LOW to HIGH"},
		{"PROTOCOL",
		 "tcp, udp, icmp, icmp6, sctp, gre, esp, ah, another name of Junos, or a "
		 "number from 0 to 255"},
		{"APPLICATION", "any, or a predefined application, see APPLICATIONS"},
		{"CPUS", "the number of a CPU, or a range of them such as 2-5"},
	};

	roff_section("VALUES");
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		printf(".TP\n.B ");
		roff_line(values[i][0]);
		roff_line(values[i][1]);
	}
}

static void put_applications(void)
{
	const struct application *application = NULL;
	const char *separator = "";

	roff_section("APPLICATIONS");
	puts(".PP");
	while ((application = application_after(application))) {
		if (application->not_enforced)
			continue;
		fputs(separator, stdout);
		roff_text(application->name);
		separator = ",\n";
	}
	putchar('\n');
}

static void put_example(FILE *example)
{
	char line[256];

	roff_section("EXAMPLE");
	roff_literal_begin();
	while (fgets(line, sizeof(line), example))
		roff_text(line);
	roff_literal_end();
}

static void put_page(FILE *example)
{
	struct text path = {0};

	printf(".TH HOLDFAST.CONF 5 \"\" \"Holdfast %s\" \"Holdfast\"\n", HOLDFAST_VERSION);
	puts(".nh\n.ad l"); /* words that must be typed are not to be divided */
	roff_section("NAME");
	puts("holdfast.conf \\- configuration of the Holdfast source NAT gateway");
	put_language();
	roff_section("STATEMENTS");
	roff_literal_begin();
	put_tree(&schema_root, 0);
	roff_literal_end();
	put_values();
	roff_section("MEANING");
	put_statements(&schema_root, &path);
	put_applications();
	roff_section("NOT ENFORCED YET");
	roff_paragraph("Known from Junos or planned, and refused with an error that says so:");
	put_not_enforced(&schema_root, &path);
	put_example(example);
	roff_section("SEE ALSO");
	puts(".BR holdfast (1),\n.BR holdfastd (8)");
}

int main(int argument_count, char **arguments)
{
	FILE *example = argument_count == 2 ? fopen(arguments[1], "re") : NULL;

	if (!example) {
		fprintf(stderr, "usage: holdfast-manual EXAMPLE\n");
		return EXIT_FAILURE;
	}
	put_page(example);
	(void)fclose(example);
	return ferror(stdout) || fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
