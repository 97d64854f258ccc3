/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the tests of this folder: command lines run in this process, and a daemon with canned
 * answers.
 */
#ifndef CLI_TESTING_H
#define CLI_TESTING_H

#include "cli/session.h"

/* What a command line left behind. */
struct outcome {
	enum status status;
	char *out;
	char *err;
};

/* Runs a line as the shell does. `run_dir` may be NULL: there is no daemon. */
struct outcome testing_run(const char *run_dir, const char *line);
void testing_free(struct outcome *outcome);

/* => the whole file, for free(); fails the test without it */
char *testing_read(const char *directory, const char *name);

/* Answers requests on RUN_DIR/api.sock with the files of a directory. */
struct canned;

struct canned *canned_start(const char *run_dir, const char *directory);
void canned_stop(struct canned *canned);

/* => the requests since the last call, a line each, for free() */
char *canned_requests(struct canned *canned);

#endif
