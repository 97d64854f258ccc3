/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands that change something, and the check of the tables.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/api.h"
#include "cli/finish.h"
#include "cli/print.h"
#include "cli/run.h"
#include "cli/show.h"
#include "cli/value.h"
#include "config/file.h"

static enum status finish_commit(const struct session *session, json_t *answer)
{
	enum status status = answer ? STATUS_OK : STATUS_FAILED;

	if (answer && session->json) {
		status = print_json(session->out, answer);
	} else if (answer) {
		(void)fputs(json_text(answer, "warnings"), session->err);
		print_template(session->out, answer,
			       "commit complete: generation {generation}, digest {digest}\n");
	}
	json_decref(answer);
	return status;
}

/* => the body of a commit; NULL, and the error is printed */
static json_t *commit_body(const struct session *session, const char *file)
{
	size_t length;
	char *text;
	int error;
	json_t *body;

	if (!file)
		return json_object();
	error = file_read(file, &text, &length);
	if (error) {
		(void)session_fail(session, "cannot read %s: %s", file, strerror(-error));
		free(text);
		return NULL;
	}
	body = json_pack("{s:s, s:s%}", "name", file, "text", text, length);
	if (!body)
		(void)session_fail(session, "%s is no UTF-8 text; expected a configuration", file);
	free(text);
	return body;
}

enum status run_commit(struct session *session, const struct arguments *arguments)
{
	json_t *body = commit_body(session, arguments->values[ARGUMENT_FILE]);
	json_t *answer = body ? api_post(session, "/v1/commit", body) : NULL;

	json_decref(body);
	return finish_commit(session, answer);
}

enum status run_rollback(struct session *session, const struct arguments *arguments)
{
	json_t *body = json_pack("{s:I}", "number",
				 (json_int_t)value_number(arguments->values[ARGUMENT_NUMBER]));
	json_t *answer = api_post(session, "/v1/rollback", body);

	json_decref(body);
	return finish_commit(session, answer);
}

enum status run_verify(struct session *session, const struct arguments *arguments)
{
	json_t *verdict = api_get(session, "/v1/verify");
	const json_t *total = json_object_get(verdict, "total");
	bool clean = json_is_integer(total) && !json_integer_value(total);
	enum status status = finish(session, verdict, verify_print);

	(void)arguments;
	return clean ? status : STATUS_FAILED;
}
