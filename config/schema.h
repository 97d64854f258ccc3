/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema: every statement of the language, once.
 *
 * The parser, the checks, the printer and the manual all walk these tables; a statement that is
 * not here does not exist. Statements print in the order in which they stand here.
 *
 * A statement of Junos that this version does not enforce is here as well, with the status
 * NOT_ENFORCED. It is an error unless it is inactive, so nothing is ever accepted and ignored,
 * and the error can say more than "unknown".
 */
#ifndef CONFIG_SCHEMA_H
#define CONFIG_SCHEMA_H

#include "abi/snapshot.h"
#include "config/diagnostics.h"
#include "config/text.h"

enum schema_kind {
	SCHEMA_CONTAINER, /* zones { ... } */
	SCHEMA_LIST,      /* pool NAME { ... }, any number of them, in the user's order */
	SCHEMA_LEAF,      /* host-name VALUE; the last one counts */
	SCHEMA_LEAF_LIST, /* address VALUE, any number of them, in the user's order */
	SCHEMA_FLAG,      /* address-shared; there or not */
	SCHEMA_OPAQUE,    /* NOT_ENFORCED, and nothing is known of what belongs to it */
};

enum schema_status { SUPPORTED, NOT_ENFORCED };

enum schema_flags {
	/* The word itself is not written: eth0 { ... } in interfaces. One for each parent. */
	SCHEMA_UNNAMED = 1,
	/* Printed on one line: range 1024 to 65535. */
	SCHEMA_INLINE = 2,
	/* A leaf-list printed as word { a; b; } instead of word [ a b ]. */
	SCHEMA_BLOCK = 4,
	/* Holdfast's own word rather than one of Junos. */
	SCHEMA_OWN = 8,
};

enum value_type {
	TYPE_NONE,
	TYPE_NAME,
	TYPE_TEXT,
	TYPE_HOST_NAME,
	TYPE_INTERFACE,
	TYPE_NUMBER,
	TYPE_KEYWORD,
	TYPE_PORTS,     /* LOW or LOW to HIGH */
	TYPE_PORT_SPAN, /* 5060 or 5060-5070 */
	TYPE_PREFIX,    /* of either family; a bare address means itself */
	TYPE_ADDRESSES, /* PREFIX or LOW to HIGH; not the special ones */
	TYPE_PROTOCOL,
	TYPE_APPLICATION,
	TYPE_CPUS, /* 2 or 2-5 */
	TYPE_COUNT
};

struct keyword {
	const char *word; /* NULL: behind the last */
	u32 value;
	enum schema_status status;
	const char *help;
};

struct schema {
	const char *word;
	const char *alias; /* an older spelling that is accepted; of an unnamed one: its word */
	enum schema_kind kind;
	enum schema_status status;
	u32 flags; /* enum schema_flags */

	enum value_type type;
	u32 low; /* TYPE_NUMBER: inclusive */
	u32 high;
	const struct keyword *keywords; /* TYPE_KEYWORD */
	u32 max_count;                  /* SCHEMA_LEAF_LIST; 0: no limit of its own */

	/* Siblings with the same choice that is not 0 exclude each other; the last one counts. */
	u32 choice;
	/*
	 * NULL, or: the parent needs this statement (or another of its choice), and this is how
	 * to write it.
	 */
	const char *mandatory;
	const char *standard; /* the value where there is none */
	/* TYPE_NUMBER: a smaller value is warned of, because of this source. */
	u32 advised;
	const char *advised_by;

	const char *help; /* one sentence without a full stop */
	const char *unit;
	const struct schema *children; /* behind the last one: {0} */
};

extern const struct schema schema_root;

/* => the statement of this word in the parent; NULL: there is none */
const struct schema *schema_find(const struct schema *parent, const char *word);

/* => the unnamed statement of the parent; NULL: it has none */
const struct schema *schema_unnamed(const struct schema *parent);

#define for_each_statement(child, parent) \
	for ((child) = (parent)->children; (child) && (child)->word; (child)++)

/* Can other statements stand below this one? */
bool schema_leads_down(const struct schema *schema);

size_t schema_child_count(const struct schema *parent);

/* Reports that a statement is known and not enforced. */
void schema_report_not_enforced(const struct schema *schema, struct position at,
				struct diagnostics *diagnostics);

/* Adds "; did you mean ...?" to the text, if a supported statement comes near. */
void schema_suggest(const struct schema *parent, const char *word, struct text *text);

/* Adds the supported statements of the parent: "a, b or c". */
void schema_list(const struct schema *parent, struct text *text);

#endif
