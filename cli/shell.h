/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands line by line: from a terminal, with history, completion and `?`, or from a file.
 */
#ifndef CLI_SHELL_H
#define CLI_SHELL_H

#include "cli/session.h"

/* Until exit, quit or the end of the input. => STATUS_OK */
enum status shell_interact(const struct session *session);

/* Every line of a file. => that of the first command that failed, or STATUS_OK */
enum status shell_read(const struct session *session, FILE *input);

#endif
