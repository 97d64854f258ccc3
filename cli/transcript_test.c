/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every command with canned answers of the daemon, as golden/transcript has it:
 *
 *	$ LINE         what was typed
 *	< METHOD URI   what the daemon was asked
 *	text           what was printed
 *	! text         what was printed as an error
 *	= N            the exit status, if it is not 0
 *
 * Run as transcript_test DIRECTORY; with a second word it prints what a new transcript would be.
 */
#include <stdlib.h>
#include <unistd.h>

#include "cli/testing.h"
#include "tests/env/unit.h"

static const char *directory;
static char run_dir[] = "/tmp/holdfast-transcript-XXXXXX";

/* Writes every line with a mark before it. */
static void put_marked(FILE *to, const char *mark, const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		(void)fprintf(to, "%s%.*s\n", mark, (int)length, text);
		text += length + (text[length] == '\n');
	}
}

static void play(struct canned *canned, const char *line, FILE *to)
{
	struct outcome outcome = testing_run(run_dir, line);
	char *requests = canned_requests(canned);

	(void)fprintf(to, "$ %s\n", line);
	put_marked(to, "< ", requests);
	put_marked(to, "", outcome.out);
	put_marked(to, "! ", outcome.err);
	if (outcome.status != STATUS_OK)
		(void)fprintf(to, "= %d\n", (int)outcome.status);
	free(requests);
	testing_free(&outcome);
}

/* => what comes of all lines of the transcript that were typed */
static char *play_all(char *transcript)
{
	struct canned *canned = canned_start(run_dir, directory);
	char *text = NULL, *rest = NULL;
	size_t length;
	FILE *to = open_memstream(&text, &length);

	for (char *line = strtok_r(transcript, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest))
		if (!strncmp(line, "$ ", 2))
			play(canned, line + 2, to);
	(void)fclose(to);
	canned_stop(canned);
	return text;
}

/* Shows the first line that differs, and what stands around it. */
static void assert_same_text(const char *expected, const char *got)
{
	size_t same = 0, start;

	while (expected[same] && expected[same] == got[same])
		same++;
	if (expected[same] == got[same])
		return;
	for (start = same; start > 0 && expected[start - 1] != '\n'; start--)
		;
	fail_msg("expected: %.400s\n\ngot: %.400s", expected + start, got + start);
}

static void every_command_prints_what_the_transcript_has(void **state)
{
	char *expected = testing_read(directory, "transcript");
	char *copy = strdup(expected), *got = play_all(copy);

	(void)state;
	assert_same_text(expected, got);
	free(expected);
	free(copy);
	free(got);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command_prints_what_the_transcript_has),
	};
	int failed = 0;

	directory = argc > 1 ? argv[1] : "";
	(void)setenv("TZ", "UTC", 1);
	if (!mkdtemp(run_dir) || chdir(directory))
		return 99;
	if (argc == 2) {
		failed = cmocka_run_group_tests(tests, NULL, NULL);
	} else {
		char *transcript = testing_read(directory, "transcript");
		char *got = play_all(transcript);

		(void)fputs(got, stdout);
		free(got);
		free(transcript);
	}
	(void)rmdir(run_dir);
	return failed;
}
