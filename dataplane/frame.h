/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON over a Unix stream socket: each message is its length, four bytes in network order, and the
 * text. Used between holdfastd and holdfast-dp.
 */
#ifndef DATAPLANE_FRAME_H
#define DATAPLANE_FRAME_H

#include <jansson.h>

#include "dataplane/error.h"

enum { FRAME_MAX_BYTES = 64 << 20, FRAME_TIMEOUT_S = 10 };

/* Bounds how long a send or a receive may wait for the other side. */
void frame_set_timeout(int fd, int seconds);

/* => 0; -EPIPE when the other side has gone, -ETIMEDOUT, -EMSGSIZE, -ENOMEM */
int frame_send(int fd, const json_t *message, struct error *error);

/* => the message, a new reference; NULL and the error; the text is "" at an orderly end */
json_t *frame_receive(int fd, struct error *error);

/* => a listening socket at the path (mode 0600, whatever was there is replaced); negative errno */
int frame_listen(const char *path, struct error *error);

/* => a connected socket; negative errno */
int frame_connect(const char *path, struct error *error);

#endif
