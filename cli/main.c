/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holdfast: the command line.
 */
#include <string.h>
#include <unistd.h>

#include "cli/api.h"
#include "cli/complete.h"
#include "cli/interpret.h"
#include "cli/output.h"
#include "cli/shell.h"

static enum status print_help(const struct session *session)
{
	(void)fputs("usage: holdfast [--run-dir DIR] [--json] [COMMAND]\n"
		    "       holdfast --version\n\n"
		    "Without a command: a shell. Words may be shortened while that is unambiguous, "
		    "and '?'\nthere says what may follow. Commands:\n\n", session->out);
	for (const struct command *command = commands; command->run; command++) {
		struct text title = {0};

		command_title(command, &title);
		(void)fprintf(session->out, "  %-44s %s\n", title.bytes, command->help);
	}
	return STATUS_OK;
}

/* For the shell's completion: one candidate a line, for the last word. */
static enum status print_completions(const struct session *session, const char *const words[],
				     size_t count)
{
	struct candidates candidates;

	complete_words(words, count ? count - 1 : 0, count ? words[count - 1] : "", &candidates);
	for (size_t i = 0; i < candidates.count; i++)
		if (candidate_is_literal(&candidates.entries[i]))
			(void)fprintf(session->out, "%s\n", candidates.entries[i].word);
	return STATUS_OK;
}

static enum status run(const struct session *session, const char *const words[], size_t count)
{
	if (count && !strcmp(words[0], "--help"))
		return print_help(session);
	if (count && !strcmp(words[0], "--version")) {
		(void)fputs("holdfast " HOLDFAST_VERSION "\n", session->out);
		return STATUS_OK;
	}
	if (count && !strcmp(words[0], "--complete"))
		return print_completions(session, words + 1, count - 1);
	if (count)
		return interpret_words(session, words, count);
	if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		return shell_interact(session);
	return shell_read(session, stdin);
}

/* Takes --run-dir from the front. => how many words it was; -1 if the directory is missing */
static int take_run_dir(struct session *session, const char *const words[], size_t count)
{
	static const char option[] = "--run-dir";
	size_t length = sizeof(option) - 1;

	if (!count || strncmp(words[0], option, length) != 0)
		return 0;
	if (words[0][length] == '=') {
		session->run_dir = words[0] + length + 1;
		return 1;
	}
	if (words[0][length])
		return 0;
	if (count < 2)
		return -1;
	session->run_dir = words[1];
	return 2;
}

static enum status start(struct session *session, const char *const words[], size_t count)
{
	for (;;) {
		bool json = count && !strcmp(words[0], "--json");
		int taken = json ? 1 : take_run_dir(session, words, count);

		if (taken < 0) {
			(void)session_fail(session, "--run-dir needs a value; expected DIR");
			return STATUS_USAGE;
		}
		session->json |= json;
		if (!taken)
			return run(session, words, count);
		words += taken;
		count -= (size_t)taken;
	}
}

int main(int argc, char **argv)
{
	struct connection connection = {NULL};
	struct session session = {.run_dir = "/run/holdfast", .out = stdout,
				  .err = output_open(stderr, NULL), .connection = &connection};
	enum status status;

	if (!session.err)
		return STATUS_FAILED;
	(void)setvbuf(session.err, NULL, _IOLBF, 0);
	status = start(&session, (const char *const *)argv + 1, (size_t)argc - 1);
	api_close(&connection);
	if (!output_close(session.err, stderr) || fflush(stdout))
		status = STATUS_FAILED;
	return status == STATUS_LEAVE ? STATUS_OK : (int)status;
}
