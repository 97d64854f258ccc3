/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/interpret.h"

#include <errno.h>
#include <string.h>

#include "cli/command.h"
#include "cli/line.h"
#include "cli/output.h"

/* One command line under way. */
struct line {
	struct session session; /* with this line's own switches and output */
	const char *words[MAX_LINE_WORDS];
	size_t count;
	struct call call;
	struct filters filters;
	struct text wrong;
};

static enum status refuse_words(struct line *line)
{
	(void)session_fail(&line->session, "%s", line->wrong.bytes);
	return STATUS_USAGE;
}

/* Words may be shortened here as everywhere. */
static bool is_word(const char *word, const char *whole, size_t least)
{
	size_t length = strlen(word);

	return length >= least && !strncmp(word, whole, length);
}

static bool add_match(struct line *line, const char *expression)
{
	int error = filters_add_match(&line->filters, expression);

	if (error == -ENOSPC)
		text_add(&line->wrong, "more than %d times match; expected fewer", MAX_MATCHES);
	else if (error)
		text_add(&line->wrong, "match '%s'; expected a regular expression", expression);
	return !error;
}

static bool display(struct line *line, const char *form)
{
	if (is_word(form, "json", 1)) {
		line->session.json = true;
		return true;
	}
	if (!is_word(form, "set", 1)) {
		text_add(&line->wrong, "display '%s'; expected json or set", form);
		return false;
	}
	line->session.display_set = true;
	return true;
}

/* What stands between two `|`. => false, and what is wrong */
static bool take_filter(struct line *line, const char *const words[], size_t count)
{
	if (count == 2 && is_word(words[0], "display", 1))
		return display(line, words[1]);
	if (count == 2 && is_word(words[0], "match", 1))
		return add_match(line, words[1]);
	if (count == 1 && is_word(words[0], "count", 1)) {
		line->filters.count = true;
		return true;
	}
	if (count == 1 && is_word(words[0], "no-more", 1))
		return true; /* nothing waits between two pages */
	text_add(&line->wrong, "'");
	for (size_t i = 0; i < count; i++)
		text_add(&line->wrong, "%s%s", i ? " " : "", words[i]);
	text_add(&line->wrong, "' after '|'; expected display json, display set, match EXPRESSION, "
			       "count or no-more");
	return false;
}

static size_t words_to_bar(const char *const words[], size_t count)
{
	size_t i = 0;

	while (i < count && strcmp(words[i], "|") != 0)
		i++;
	return i;
}

/* => false, and what is wrong */
static bool take_filters(struct line *line)
{
	size_t command = words_to_bar(line->words, line->count);

	for (size_t i = command; i < line->count;) {
		size_t length = words_to_bar(line->words + i + 1, line->count - i - 1);

		if (!take_filter(line, line->words + i + 1, length))
			return false;
		i += 1 + length;
	}
	line->count = command;
	return true;
}

static bool take_words(struct line *line, const char *const words[], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(words[i], "--json")) {
			line->session.json = true;
		} else if (line->count == MAX_LINE_WORDS) {
			text_add(&line->wrong, "more than %d words; expected fewer",
				 MAX_LINE_WORDS);
			return false;
		} else {
			line->words[line->count++] = words[i];
		}
	}
	return true;
}

static enum status run(struct line *line)
{
	FILE *out = line->session.out;
	enum status status;

	line->session.out = output_open(out, &line->filters);
	if (!line->session.out)
		return session_fail(&line->session, "out of memory");
	status = line->call.command->run(&line->session, &line->call.arguments);
	if (!output_close(line->session.out, out) && status == STATUS_OK)
		status = session_fail(&line->session, "not everything could be written");
	return status;
}

static enum status interpret(struct line *line)
{
	enum status status = command_parse(line->words, line->count, &line->call, &line->wrong);

	if (status != STATUS_OK) {
		(void)refuse_words(line);
		return status;
	}
	if (line->session.display_set && !line->call.command->can_display_set) {
		text_add(&line->wrong, "display set is for show configuration; expected display json");
		return refuse_words(line);
	}
	return run(line);
}

enum status interpret_words(const struct session *session, const char *const words[],
			    size_t count)
{
	struct line line = {.session = *session};
	enum status status;

	if (!take_words(&line, words, count) || !take_filters(&line))
		status = refuse_words(&line);
	else
		status = interpret(&line);
	filters_free(&line.filters);
	return status;
}
