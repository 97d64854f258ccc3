/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to holdfastd: HTTP over the Unix socket RUN_DIR/api.sock, JSON both ways.
 *
 * What goes wrong is said on the session's errors, with the diagnostics that the daemon sends.
 */
#ifndef CLI_API_H
#define CLI_API_H

#include <jansson.h>

#include "cli/command.h"

struct connection {
	void *handle; /* kept between two requests; NULL at the beginning */
};

/* => the answer, a new reference, always an object; NULL, and the error is printed */
json_t *api_get(const struct session *session, const char *path);
json_t *api_delete(const struct session *session, const char *path);
json_t *api_post(const struct session *session, const char *path, const json_t *body);

void api_close(struct connection *connection);

/*
 * Adds a query of the arguments that say which flows, or leases, are meant:
 * "?protocol=6&source_port=22". => false if there is none among them
 */
bool api_add_flow_filter(const struct arguments *arguments, struct text *path);
bool api_add_lease_filter(const struct arguments *arguments, struct text *path);

#endif
