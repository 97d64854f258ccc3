/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holdfast-dp understands on its socket (frame.h).
 *
 * A request is {"request": NAME, ...}; the answer is {"ok": true, ...} or {"ok": false, "error":
 * TEXT}. Names:
 *   status                          what `show system dataplane` shows
 *   capabilities                    => {capabilities}: what each dataplane can do
 *   apply {snapshot}                => {installed}; then confirm or revert
 *   confirm, revert
 *   read-back                       => {installed}
 *   pools, rules, failures
 *   flows {filter, first, limit}    => {flows, next}
 *   flow-summary {filter}
 *   clear-flows {filter}            => {cleared}
 *   verify                          => {findings}
 */
#ifndef DATAPLANE_SERVER_H
#define DATAPLANE_SERVER_H

#include <jansson.h>

#include "dataplane/engine.h"

/* => the answer, a new reference */
json_t *server_answer(struct engine *engine, json_t *request);

#endif
