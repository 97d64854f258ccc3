/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command works with: where the daemon is, and where its words go.
 *
 * Both streams are those of output.h, so nothing that a command prints can steer a terminal.
 */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include <stdbool.h>
#include <stdio.h>

struct connection;

struct session {
	const char *run_dir;
	bool json;        /* one JSON document instead of text */
	bool display_set; /* the configuration as set lines */
	FILE *out;
	FILE *err;
	struct connection *connection; /* to the daemon; api.h */
};

/* What a command ends with, and so the process; STATUS_LEAVE asks a shell to end. */
enum status { STATUS_OK, STATUS_FAILED, STATUS_USAGE, STATUS_LEAVE };

/* Writes "holdfast: TEXT" to the errors. => STATUS_FAILED */
enum status session_fail(const struct session *session, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
