/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the commands do. Each prints to the session and says how it ended.
 */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "cli/command.h"

/* Without a daemon. */
enum status run_check(struct session *session, const struct arguments *arguments);
enum status run_explain(struct session *session, const struct arguments *arguments);

/* Leaves the shell. */
enum status run_exit(struct session *session, const struct arguments *arguments);

/* With one. */
enum status run_show_summary(struct session *session, const struct arguments *arguments);
enum status run_show_pool(struct session *session, const struct arguments *arguments);
enum status run_show_rule(struct session *session, const struct arguments *arguments);
enum status run_show_persistent_nat_table(struct session *session,
					  const struct arguments *arguments);
enum status run_show_failures(struct session *session, const struct arguments *arguments);
enum status run_show_flow(struct session *session, const struct arguments *arguments);
enum status run_show_dataplane(struct session *session, const struct arguments *arguments);
enum status run_show_commit(struct session *session, const struct arguments *arguments);
enum status run_show_configuration(struct session *session, const struct arguments *arguments);
enum status run_show_version(struct session *session, const struct arguments *arguments);
enum status run_clear_flow(struct session *session, const struct arguments *arguments);
enum status run_clear_persistent_nat_table(struct session *session,
					   const struct arguments *arguments);
enum status run_commit(struct session *session, const struct arguments *arguments);
enum status run_rollback(struct session *session, const struct arguments *arguments);

/* Fails if something is found. */
enum status run_verify(struct session *session, const struct arguments *arguments);

#endif
