/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands: one table, and how words find their place in it.
 *
 * The table (command_table.c) drives parsing, `?`, completion and the manual page. A command is a
 * path of words, which may each be shortened while that is unambiguous, and arguments in any
 * order. An argument with a word is written as that word, followed by its value if it has one; one
 * without a word is known by its place. `--word VALUE` may be written `--word=VALUE`.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "cli/session.h"
#include "config/text.h"

/* Where a value lies in struct arguments. */
enum argument_id {
	ARGUMENT_ALL,
	ARGUMENT_APPLICATION,
	ARGUMENT_BRIEF,
	ARGUMENT_CONFIG,
	ARGUMENT_DESTINATION,
	ARGUMENT_DESTINATION_PORT,
	ARGUMENT_DESTINATION_PREFIX,
	ARGUMENT_EXTENSIVE,
	ARGUMENT_FILE,
	ARGUMENT_FROM_INTERFACE,
	ARGUMENT_FROM_ZONE,
	ARGUMENT_INTERFACE,
	ARGUMENT_INTERNAL_IP,
	ARGUMENT_INTERNAL_PORT,
	ARGUMENT_INTERNAL_PROTOCOL,
	ARGUMENT_NAME,
	ARGUMENT_NAT,
	ARGUMENT_NUMBER,
	ARGUMENT_POOL,
	ARGUMENT_PROTOCOL,
	ARGUMENT_SESSION,
	ARGUMENT_SOURCE,
	ARGUMENT_SOURCE_PORT,
	ARGUMENT_SOURCE_PREFIX,
	ARGUMENT_SUMMARY,
	ARGUMENT_TO_INTERFACE,
	ARGUMENT_TO_ZONE,
	ARGUMENT_TRANSLATED_PORT,
	ARGUMENT_TRANSLATED_PREFIX,
	ARGUMENT_COUNT
};

struct arguments {
	const char *values[ARGUMENT_COUNT]; /* NULL: not given; the word itself if it has no value */
};

/* What a value must be; checked before a command sees it. */
enum argument_type { ARGUMENT_TEXT, ARGUMENT_ADDRESS, ARGUMENT_PREFIX, ARGUMENT_PORT,
		     ARGUMENT_IP_PROTOCOL, ARGUMENT_COUNTING };

struct argument {
	enum argument_id id;
	const char *word;  /* NULL: known by its place */
	const char *value; /* what the manual calls the value; NULL: the word stands alone */
	enum argument_type type;
	bool required;
	const char *help; /* NULL: behind the last argument */
};

enum { COMMAND_WORDS = 6 };

struct command {
	const char *words[COMMAND_WORDS]; /* behind the last one: NULL */
	const struct argument *arguments;
	enum status (*run)(struct session *session, const struct arguments *arguments);
	bool can_display_set;
	const char *help; /* one sentence without a full stop */
};

/* Behind the last one: without words. Those with a common beginning stand together. */
extern const struct command commands[];

/* => what the first words of commands have in common: "show security nat" */
const char *command_group_help(const char *const words[], size_t count);

/* Adds the words: "show version". */
void command_title(const struct command *command, struct text *text);

/* A command with its arguments. */
struct call {
	const struct command *command;
	struct arguments arguments;
};

/*
 * Finds the command and its arguments. `words` must live as long as *call.
 * => STATUS_OK; STATUS_USAGE for words that are no command, STATUS_FAILED for a value that is not
 *    what it must be, and what is wrong is added to the text
 */
enum status command_parse(const char *const words[], size_t count, struct call *call,
			  struct text *wrong);

/* What may stand where the last word stands; `partial` is its beginning. */
struct candidate {
	const char *word;
	const char *help;
};

enum { MAX_CANDIDATES = 64 };

struct candidates {
	const char *partial;
	size_t count;
	struct candidate entries[MAX_CANDIDATES];
};

/*
 * Fills in everything that may follow the words and begins with `partial`; values as what they are
 * called. Words that are wrong are followed by nothing.
 */
void command_complete(const char *const words[], size_t count, const char *partial,
		      struct candidates *candidates);

/* Can the candidate be typed as it is? What stands for a value is in capitals. */
bool candidate_is_literal(const struct candidate *candidate);

#endif
