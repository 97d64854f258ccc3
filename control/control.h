/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holdfastd's work, apart from talking: the configuration in force, and its way into the dataplane.
 *
 * The life of a configuration: text -> config (or all its errors) -> checked against what the
 * dataplane says that it can do -> snapshot -> sent, and what the dataplane has installed is
 * compared with what was sent, field by field -> kept in the history -> confirmed. A failure at any
 * of these leaves the one before in force, and says what failed.
 *
 * INV-INSTALLED  a commit stays only if what the dataplane installed is what it was sent
 *
 * One thread.
 */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include "config/config.h"
#include "control/helper.h"
#include "control/store.h"

struct control {
	const char *config_path;
	const char *instance;
	struct helper helper;
	struct store *store;
	struct config *config; /* in force; NULL before the first commit */
	char digest[SNAPSHOT_DIGEST_BYTES]; /* of its snapshot, "" before the first commit */
	u64 generation;        /* in which the dataplane has it */
	struct error trouble;  /* what went wrong last where nobody waits for an answer, or "" */
};

/* How a commit went. */
struct commit_result {
	u64 generation;
	char digest[SNAPSHOT_DIGEST_BYTES];
	char *diagnostics; /* errors and warnings, a line each; NULL for none */
};

void commit_result_free(struct commit_result *result);

/*
 * Puts the configuration that was meant last into force: the newest one of the history, or that of
 * the file if it has been changed since. If the dataplane has it already, nothing happens to it.
 * => 0; a negative errno: -EINVAL and diagnostics for errors in the configuration
 */
int control_start(struct control *control, struct commit_result *result, struct error *error);

/*
 * Commits a text; `name` says where it comes from, in diagnostics and in the history.
 * => as above; on failure what was in force still is
 */
int control_commit(struct control *control, const char *name, const char *text, size_t length,
		   struct commit_result *result, struct error *error);

/* Commits what is in the daemon's own file now. => as above */
int control_commit_file(struct control *control, struct commit_result *result,
			struct error *error);

/* Commits entry `number` of the history once more. => as above; -ENOENT */
int control_rollback(struct control *control, u32 number, struct commit_result *result,
		     struct error *error);

/*
 * Makes sure that a holdfast-dp which has just been started has what is in force.
 * => 0 or a negative errno
 */
int control_resume(struct control *control, struct error *error);

void control_close(struct control *control);

#endif
