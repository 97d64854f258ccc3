/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From text to the tree: both forms of the language, braces and `set` lines, in any mixture.
 *
 *	statement  = tag* word value? ... ( ";" | "{" statement* "}" )
 *	tag        = "inactive:" | "replace:"
 *	set line   = "set" word value? ...		up to the end of the line
 *		   | "deactivate" word value? ...
 *	value      = text | text "to" text
 *	values     = value | "[" value* "]" | "{" (tag* value ";")* "}"
 *
 * What a word means comes from the schema alone. Words that lead down may stand on one line in
 * braces too ("match source-address 10.0.0.0/8;"), and so may several statements of one
 * container ("range low 2000 high 4000;").
 *
 * After an error the parser goes on behind the statement that has it, and notes in the node
 * around it that something was lost.
 */
#ifndef CONFIG_PARSER_H
#define CONFIG_PARSER_H

#include "config/tree.h"

/* Adds what the text says to the tree. => 0, also with errors reported; -ENOMEM */
int parser_read(const char *text, size_t length, struct tree *tree,
		struct diagnostics *diagnostics);

/* Does this word begin a line of the set form? */
bool parser_is_verb(const char *word);

#endif
