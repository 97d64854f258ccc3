/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libedit owns the terminal while a line is typed; a command prints when it has let go of it.
 */
#include "cli/shell.h"

#include <ctype.h>
#include <errno.h>
#include <histedit.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cli/api.h"
#include "cli/complete.h"
#include "cli/interpret.h"
#include "cli/line.h"
#include "cli/print.h"

enum { PROMPT_BYTES = 256, HISTORY_LINES = 1000 };

struct shell {
	const struct session *session;
	char prompt[PROMPT_BYTES];
	EditLine *editor;
	History *history;
};

/* What stands before a `?` at the end is what help is wanted for. */
static enum status help(const struct session *session, const struct line_words *words)
{
	struct candidates candidates;

	complete_words(words->words, words->count - 1, "", &candidates);
	complete_print(session->out, &candidates);
	(void)fflush(session->out);
	return STATUS_OK;
}

static enum status run_line(const struct session *session, const char *line, size_t length)
{
	struct line_words words;
	enum line_fault fault = line_split(line, length, &words);
	enum status status = STATUS_OK;

	if (fault != LINE_FINE) {
		(void)session_fail(session, "%s", line_fault_text(fault));
		status = STATUS_USAGE;
	} else if (words.count && !strcmp(words.words[words.count - 1], "?")) {
		status = help(session, &words);
	} else if (words.count) {
		status = interpret_words(session, words.words, words.count);
	}
	line_free(&words);
	return status;
}

enum status shell_read(const struct session *session, FILE *input)
{
	enum status first = STATUS_OK, status = STATUS_OK;
	size_t capacity = 0;
	char *line = NULL;
	ssize_t length;

	while (status != STATUS_LEAVE && (length = getline(&line, &capacity, input)) >= 0) {
		status = run_line(session, line, (size_t)length);
		if (first == STATUS_OK && status != STATUS_LEAVE)
			first = status;
	}
	free(line);
	return first;
}

/* The terminal. */

static struct shell *shell_of(EditLine *editor)
{
	struct shell *shell = NULL;

	(void)el_get(editor, EL_CLIENTDATA, &shell);
	return shell;
}

static char *prompt(EditLine *editor)
{
	return shell_of(editor)->prompt;
}

/* => false if the cursor stands where nothing can be completed */
static bool candidates_at_cursor(EditLine *editor, struct text *partial,
				 struct candidates *candidates)
{
	const LineInfo *line = el_line(editor);

	return complete_line(line->buffer, (size_t)(line->cursor - line->buffer), partial,
			     candidates);
}

static unsigned char print_candidates(EditLine *editor, const struct candidates *candidates)
{
	const struct shell *shell = shell_of(editor);

	(void)fputc('\n', shell->session->out);
	complete_print(shell->session->out, candidates);
	(void)fflush(shell->session->out);
	return CC_REDISPLAY;
}

static unsigned char show_help(EditLine *editor, int key)
{
	struct candidates candidates;
	struct text partial;

	(void)key;
	if (!candidates_at_cursor(editor, &partial, &candidates))
		return CC_ERROR;
	return print_candidates(editor, &candidates);
}

static unsigned char complete(EditLine *editor, int key)
{
	struct candidates candidates;
	struct text partial, rest = {0};
	size_t common;

	(void)key;
	if (!candidates_at_cursor(editor, &partial, &candidates) || !candidates.count)
		return CC_ERROR;
	common = complete_common_length(&candidates);
	if (common <= partial.length && candidates.count > 1)
		return print_candidates(editor, &candidates);
	if (!common)
		return print_candidates(editor, &candidates);
	text_add(&rest, "%.*s%s", (int)(common - partial.length),
		 candidates.entries[0].word + partial.length, candidates.count == 1 ? " " : "");
	return el_insertstr(editor, rest.bytes) ? CC_ERROR : CC_REFRESH;
}

/* The daemon's host name, letter by letter, because it goes to the terminal as it is. */
static void make_prompt(struct shell *shell)
{
	json_t *status = api_get(shell->session, "/v1/status");
	const char *name = json_text(status, "host_name");
	size_t length = 0;

	name = *name ? name : "holdfast";
	for (; *name && length < PROMPT_BYTES - 3; name++)
		if (isalnum((unsigned char)*name) || strchr("-._", *name))
			shell->prompt[length++] = *name;
	(void)strcpy(shell->prompt + length, "> ");
	json_decref(status);
}

static bool open_editor(struct shell *shell)
{
	HistEvent event;

	shell->history = history_init();
	shell->editor = el_init("holdfast", stdin, stdout, stderr);
	if (!shell->history || !shell->editor)
		return false;
	(void)history(shell->history, &event, H_SETSIZE, HISTORY_LINES);
	(void)el_set(shell->editor, EL_CLIENTDATA, shell);
	(void)el_set(shell->editor, EL_PROMPT, prompt);
	(void)el_set(shell->editor, EL_EDITOR, "emacs");
	(void)el_set(shell->editor, EL_HIST, history, shell->history);
	(void)el_set(shell->editor, EL_ADDFN, "holdfast-complete", "Complete", complete);
	(void)el_set(shell->editor, EL_ADDFN, "holdfast-help", "Show what may follow", show_help);
	(void)el_set(shell->editor, EL_BIND, "^I", "holdfast-complete", NULL);
	(void)el_set(shell->editor, EL_BIND, "?", "holdfast-help", NULL);
	return true;
}

static void close_editor(struct shell *shell)
{
	if (shell->editor)
		el_end(shell->editor);
	if (shell->history)
		history_end(shell->history);
}

/* An interrupt ends the line, not the shell. */
static void note_interrupt(int signal)
{
	(void)signal;
}

static void read_lines(struct shell *shell)
{
	enum status status = STATUS_OK;
	HistEvent event;

	while (status != STATUS_LEAVE) {
		const char *line;
		int length;

		errno = 0;
		line = el_gets(shell->editor, &length);
		if (!line && errno != EINTR)
			break;
		if (!line || length <= 0) {
			el_reset(shell->editor);
			(void)fputc('\n', shell->session->out);
			continue;
		}
		if (line[strspn(line, " \t\n")])
			(void)history(shell->history, &event, H_ENTER, line);
		status = run_line(shell->session, line, (size_t)length);
	}
}

enum status shell_interact(const struct session *session)
{
	struct sigaction interrupt = {.sa_handler = note_interrupt};
	struct shell shell = {.session = session};

	make_prompt(&shell);
	if (!open_editor(&shell)) {
		close_editor(&shell);
		return session_fail(session, "the terminal cannot be used for editing lines");
	}
	(void)sigaction(SIGINT, &interrupt, NULL);
	read_lines(&shell);
	close_editor(&shell);
	return STATUS_OK;
}
