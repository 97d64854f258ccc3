/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the parser share; for parser.c and deactivate.c only.
 */
#ifndef CONFIG_PARSING_H
#define CONFIG_PARSING_H

#include "config/parser.h"
#include "config/tokens.h"

struct parser {
	struct tokens tokens;
	struct tree *tree;
	struct diagnostics *diagnostics;
	bool unclosed; /* the end of a block was missed: those around it end here as well */
};

/* Marks before a statement. */
struct tags {
	bool inactive;
	bool replace;
	struct position at;
};

/* A statement being read: words lead from one node to the next. */
struct statement {
	struct node *node;         /* where the next word is looked up */
	const struct schema *last; /* what the last word was */
	struct position word_at;   /* and where it stood */
	struct tags tags;          /* of the first word */
};

/* What became of a piece of a statement. */
enum progress {
	FAILED,  /* reported; the rest of the statement makes no sense */
	REFUSED, /* reported; known, and not enforced */
	GOING,   /* more may follow */
	ENDED,   /* with its block or semicolon */
};

/*
 * Finds what the next word says and takes it, unless it is the text of an unnamed statement.
 * => NULL: unknown
 */
const struct schema *parsing_take_word(struct parser *p, const struct node *node);

/* Reports what is wrong about a word that the schema does not have here. => FAILED */
enum progress parsing_report_unknown(struct parser *p, const struct statement *s);

/*
 * Expects the end of a statement. One that is only forgotten is reported, and the next line read
 * as if it were there.
 */
enum progress parsing_end(struct parser *p);

/* Reads a line behind the word deactivate. */
void parsing_deactivate(struct parser *p);

#endif
