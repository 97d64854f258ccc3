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

/* With one. */

#endif
