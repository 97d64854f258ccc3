/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words to what they do: options, the command, and what stands behind `|`.
 */
#ifndef CLI_INTERPRET_H
#define CLI_INTERPRET_H

#include <stddef.h>

#include "cli/session.h"

/*
 * Runs the command that the words are. `--json` may stand anywhere; behind `|` may stand display
 * json, display set, match EXPRESSION, count and no-more.
 * => how it ended; what was wrong is on the session's errors
 */
enum status interpret_words(const struct session *session, const char *const words[],
			    size_t count);

#endif
