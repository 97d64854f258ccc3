/* SPDX-License-Identifier: Apache-2.0 */
/* What api.c, which speaks HTTP, and api_answers.c, which knows the answers, say to each other. */
#ifndef CONTROL_API_REQUEST_H
#define CONTROL_API_REQUEST_H

#include "control/control.h"

struct api_request {
	struct control *control;
	const char *method;
	const char *path;
	json_t *arguments;  /* of the query: {name: text} */
	const char *body;
	size_t body_length;
	unsigned int status; /* of the answer, set by api_answer() */
};

/* => the answer, a new reference; NULL without memory */
json_t *api_answer(struct api_request *request);

/* => {"error": text}, and the status is set */
json_t *api_refuse(struct api_request *request, unsigned int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
