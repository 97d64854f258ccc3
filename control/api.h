/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP API on a Unix socket, RUN_DIR/api.sock (docs/api.md): what the command line talks to.
 *
 * It has no thread of its own: api_run() serves what is at hand when api_fd() is readable, or
 * when api_timeout_ms() have passed.
 */
#ifndef CONTROL_API_H
#define CONTROL_API_H

#include "control/control.h"

struct api;

/* => 0 or a negative errno */
int api_open(struct api **api, const char *path, struct control *control, struct error *error);
void api_close(struct api *api); /* NULL is fine */

int api_fd(const struct api *api);
void api_run(struct api *api);

/* => -1: no need to be called before api_fd() is readable */
int api_timeout_ms(const struct api *api);

#endif
