/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/finish.h"

#include "cli/print.h"

enum status finish(const struct session *session, json_t *answer, print_answer *print)
{
	enum status status = answer ? STATUS_OK : STATUS_FAILED;

	if (answer && session->json)
		status = print_json(session->out, answer);
	else if (answer)
		print(session->out, answer);
	json_decref(answer);
	return status;
}
