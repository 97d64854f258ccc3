/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/testing.h"

#include <stdlib.h>

#include "cli/api.h"
#include "cli/interpret.h"
#include "cli/line.h"
#include "cli/output.h"
#include "config/file.h"
#include "tests/env/unit.h"


struct outcome testing_run(const char *run_dir, const char *line)
{
	struct outcome outcome = {0};
	struct connection connection = {NULL};
	size_t out_bytes, err_bytes;
	FILE *out = open_memstream(&outcome.out, &out_bytes);
	FILE *err = open_memstream(&outcome.err, &err_bytes);
	struct session session = {.run_dir = run_dir ? run_dir : "/nonexistent", .out = out,
				  .connection = &connection};
	struct line_words words;

	session.err = output_open(err, NULL);
	assert_int_equal(line_split(line, strlen(line), &words), LINE_FINE);
	outcome.status = interpret_words(&session, words.words, words.count);
	line_free(&words);
	api_close(&connection);
	assert_true(output_close(session.err, err));
	(void)fclose(out);
	(void)fclose(err);
	return outcome;
}

void testing_free(struct outcome *outcome)
{
	free(outcome->out);
	free(outcome->err);
}

char *testing_read(const char *directory, const char *name)
{
	char path[4096];
	size_t length;
	char *text, *whole;
	int error;

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	error = file_read(path, &text, &length);
	if (error)
		fail_msg("%s: %s", path, strerror(-error));
	whole = realloc(text, length + 1);
	assert_non_null(whole);
	whole[length] = '\0';
	return whole;
}
