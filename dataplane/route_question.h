/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking the kernel for the way of a packet from user space: the core's env_route(), by a test run of
 * the program holdfast_route, which asks as the XDP program does.
 */
#ifndef DATAPLANE_ROUTE_QUESTION_H
#define DATAPLANE_ROUTE_QUESTION_H

#include "core/route.h"

/* From here on route_question() runs this program. Before any thread asks. */
void route_question_use(int program);

/*
 * For struct environment. Asks in the calling thread's network namespace; what the kernel does not
 * answer is ROUTE_UNUSABLE. Any thread.
 */
void route_question(const struct route_query *query, struct route *route);

#endif
