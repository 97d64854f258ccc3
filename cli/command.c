/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A path of words is found by narrowing: after each word, the commands are left that have the
 * words met so far. Commands with a common beginning stand together in the table, so a list of
 * what is possible names each word once.
 */
#include "cli/command.h"

#include <string.h>

#include "cli/value.h"

static bool begins_with(const char *word, const char *beginning)
{
	return !strncmp(word, beginning, strlen(beginning));
}

/* Have two commands the same first `count` words? */
static bool same_path(const struct command *a, const struct command *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!a->words[i] || !b->words[i] || strcmp(a->words[i], b->words[i]) != 0)
			return false;
	return true;
}

static void add_words(const char *const words[], size_t count, struct text *text)
{
	for (size_t i = 0; i < count && words[i]; i++)
		text_add(text, "%s%s", i ? " " : "", words[i]);
}

void command_title(const struct command *command, struct text *text)
{
	add_words(command->words, COMMAND_WORDS, text);
}

/* The commands whose first `depth` words are those of `path`. */
struct level {
	const struct command *path;
	size_t depth;
};

/* => the word by which the command goes on, if it is on the level and the first that does so */
static const char *level_offers(const struct level *level, const struct command *command)
{
	const char *word = command->words[level->depth];

	if (!word || !same_path(command, level->path, level->depth))
		return NULL;
	if (command > commands && same_path(command, command - 1, level->depth + 1))
		return NULL;
	return word;
}

/* The words that may follow and begin so. => how many */
static size_t level_words(const struct level *level, const char *beginning,
			  const struct command *found[static MAX_CANDIDATES])
{
	size_t count = 0;

	for (const struct command *c = commands; c->run && count < MAX_CANDIDATES; c++) {
		const char *word = level_offers(level, c);

		if (word && begins_with(word, beginning))
			found[count++] = c;
	}
	return count;
}

/* Adds them: "configuration, security or version". */
static void level_list(const struct level *level, const char *beginning, struct text *text)
{
	const struct command *found[MAX_CANDIDATES];
	size_t count = level_words(level, beginning, found);

	for (size_t i = 0; i < count; i++)
		text_add(text, "%s%s", text_separator(i, count), found[i]->words[level->depth]);
}

/* Says why a word leads nowhere. */
static void level_refuse(const struct level *level, const char *word, size_t hits,
			 struct text *wrong)
{
	text_add(wrong, hits ? "'%s' is ambiguous" : "unknown word '%s'", word);
	if (level->depth) {
		text_add(wrong, " after '");
		add_words(level->path->words, level->depth, wrong);
		text_add(wrong, "'");
	}
	text_add(wrong, "; expected ");
	level_list(level, hits ? word : "", wrong);
}

/* => how many words could be meant; the level is that of the word if it is one */
static size_t level_descend(struct level *level, const char *beginning)
{
	const struct command *found[MAX_CANDIDATES];
	size_t count = level_words(level, beginning, found), hit = 0;

	for (size_t i = 0; i < count; i++) {
		if (!strcmp(found[i]->words[level->depth], beginning)) {
			hit = i;
			count = 1;
		}
	}
	if (count == 1)
		*level = (struct level){found[hit], level->depth + 1};
	return count;
}

/* => the command whose words are all met; NULL: more words must follow */
static const struct command *level_command(const struct level *level)
{
	if (level->depth < COMMAND_WORDS && level->path->words[level->depth])
		return NULL;
	return level->path;
}

/* Goes down as far as the words lead. => the command; NULL: words are missing, or wrong */
static const struct command *find_command(const char *const words[], size_t count,
					  struct level *level, struct text *wrong)
{
	const struct command *command = NULL;

	*level = (struct level){commands, 0};
	while (level->depth < count && !command) {
		const char *word = words[level->depth];
		size_t hits = level_descend(level, word);

		if (hits != 1) {
			level_refuse(level, word, hits, wrong);
			return NULL;
		}
		command = level_command(level);
	}
	return command;
}

/* Arguments under way: what has been given, and which one waits for its value. */
struct intake {
	const struct command *command;
	struct arguments *arguments;
	const struct argument *waiting;
	bool bad_value;
	struct text *wrong;
};

#define for_each_argument(a, command) \
	for (const struct argument *a = (command)->arguments; (a)->help; (a)++)

static const struct argument *open_place(const struct intake *in)
{
	for_each_argument(a, in->command)
		if (!a->word && !in->arguments->values[a->id])
			return a;
	return NULL;
}

/* A shortened word could be a name where a name may stand, unless it begins like an option. */
static bool may_shorten(const struct intake *in, const char *word)
{
	return begins_with(word, "--") || !open_place(in);
}

/* => the argument of the word, which ends at `length`; NULL, and how many there could be */
static const struct argument *find_argument(const struct intake *in, const char *word,
					    size_t length, size_t *hits)
{
	const struct argument *hit = NULL;

	*hits = 0;
	for_each_argument(a, in->command) {
		if (!a->word || strncmp(a->word, word, length) != 0)
			continue;
		if (strlen(a->word) == length) {
			*hits = 1;
			return a;
		}
		if (may_shorten(in, word)) {
			hit = a;
			++*hits;
		}
	}
	return *hits == 1 ? hit : NULL;
}

static const char *argument_title(const struct argument *argument)
{
	return argument->word ? argument->word : argument->value;
}

static void list_arguments(const struct intake *in, const char *beginning, struct text *text)
{
	const struct argument *found[ARGUMENT_COUNT];
	size_t count = 0;

	for_each_argument(a, in->command)
		if (!in->arguments->values[a->id] &&
		    (a->word ? begins_with(a->word, beginning) : !*beginning))
			found[count++] = a;
	for (size_t i = 0; i < count; i++)
		text_add(text, "%s%s", text_separator(i, count), argument_title(found[i]));
	if (!count)
		text_add(text, "nothing more");
}

static bool take_value(struct intake *in, const struct argument *argument, const char *value)
{
	if (in->arguments->values[argument->id]) {
		text_add(in->wrong, "%s is given twice", argument_title(argument));
		return false;
	}
	in->arguments->values[argument->id] = value;
	in->bad_value = argument->value && !value_check(argument, value, in->wrong);
	return !in->bad_value;
}

static bool refuse_argument(struct intake *in, const char *word, size_t hits)
{
	text_add(in->wrong, hits ? "'%s' is ambiguous" : "unknown word '%s'", word);
	text_add(in->wrong, " after '");
	command_title(in->command, in->wrong);
	text_add(in->wrong, "'; expected ");
	list_arguments(in, hits ? word : "", in->wrong);
	return false;
}

static bool take_word(struct intake *in, const char *word)
{
	bool is_option = begins_with(word, "--");
	size_t length = is_option ? strcspn(word, "=") : strlen(word), hits;
	const struct argument *argument = find_argument(in, word, length, &hits);
	const struct argument *place = open_place(in);

	if (!argument && !hits && place && !is_option)
		return take_value(in, place, word);
	if (!argument)
		return refuse_argument(in, word, hits);
	if (!argument->value)
		return take_value(in, argument, word);
	if (word[length])
		return take_value(in, argument, word + length + 1);
	in->waiting = argument;
	return true;
}

static bool take_words(struct intake *in, const char *const words[], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct argument *waiting = in->waiting;

		in->waiting = NULL;
		if (!(waiting ? take_value(in, waiting, words[i]) : take_word(in, words[i])))
			return false;
	}
	return true;
}

static bool is_complete(const struct intake *in)
{
	if (in->waiting) {
		text_add(in->wrong, "%s needs a value; expected %s", in->waiting->word,
			 in->waiting->value);
		return false;
	}
	for_each_argument(a, in->command) {
		if (!a->required || in->arguments->values[a->id])
			continue;
		text_add(in->wrong, "%s%s%s is missing after '", a->word ? a->word : "",
			 a->word ? " " : "", a->value);
		command_title(in->command, in->wrong);
		text_add(in->wrong, "'");
		return false;
	}
	return true;
}

enum status command_parse(const char *const words[], size_t count, struct call *call,
			  struct text *wrong)
{
	struct level level;
	struct intake in = {.arguments = &call->arguments, .wrong = wrong};

	*call = (struct call){0};
	in.command = find_command(words, count, &level, wrong);
	if (!in.command && !wrong->length) {
		text_add(wrong, "the command is not complete; expected ");
		level_list(&level, "", wrong);
	}
	if (!in.command || !take_words(&in, words + level.depth, count - level.depth) ||
	    !is_complete(&in))
		return in.bad_value ? STATUS_FAILED : STATUS_USAGE;
	call->command = in.command;
	return STATUS_OK;
}

bool candidate_is_literal(const struct candidate *candidate)
{
	return candidate->word[0] < 'A' || candidate->word[0] > 'Z';
}

static void offer(struct candidates *candidates, const char *word, const char *help)
{
	struct candidate candidate = {word, help};

	if (candidate_is_literal(&candidate) && !begins_with(word, candidates->partial))
		return;
	if (candidates->count < MAX_CANDIDATES)
		candidates->entries[candidates->count++] = candidate;
}

static void offer_words(const struct level *level, struct candidates *candidates)
{
	const struct command *found[MAX_CANDIDATES];
	size_t count = level_words(level, candidates->partial, found);

	for (size_t i = 0; i < count; i++) {
		const struct command *c = found[i];
		bool is_last = level->depth + 1 == COMMAND_WORDS || !c->words[level->depth + 1];

		offer(candidates, c->words[level->depth],
		      is_last ? c->help : command_group_help(c->words, level->depth + 1));
	}
}

/* One place is open at a time: the first that has not been filled. */
static void offer_arguments(const struct intake *in, struct candidates *candidates)
{
	const struct argument *place = open_place(in);

	if (in->waiting) {
		offer(candidates, in->waiting->value, in->waiting->help);
		return;
	}
	if (place)
		offer(candidates, place->value, place->help);
	for_each_argument(a, in->command)
		if (a->word && !in->arguments->values[a->id])
			offer(candidates, a->word, a->help);
}

void command_complete(const char *const words[], size_t count, const char *partial,
		      struct candidates *candidates)
{
	struct arguments arguments = {0};
	struct text wrong = {0};
	struct level level;
	struct intake in = {.arguments = &arguments, .wrong = &wrong};

	*candidates = (struct candidates){.partial = partial};
	in.command = find_command(words, count, &level, &wrong);
	if (in.command && take_words(&in, words + level.depth, count - level.depth))
		offer_arguments(&in, candidates);
	else if (!in.command && !wrong.length)
		offer_words(&level, candidates);
}
