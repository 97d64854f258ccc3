/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a command that asked the daemon something.
 */
#ifndef CLI_FINISH_H
#define CLI_FINISH_H

#include <jansson.h>

#include "cli/command.h"

typedef void print_answer(FILE *out, const json_t *answer);

/*
 * Prints an answer, as JSON if the session wants that, and lets go of it; NULL has been complained
 * about already.
 */
enum status finish(const struct session *session, json_t *answer, print_answer *print);

#endif
