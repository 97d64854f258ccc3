/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <microhttpd.h>

#include "cli/testing.h"
#include "config/text.h"
#include "tests/env/unit.h"

struct canned {
	struct MHD_Daemon *daemon;
	const char *directory;
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	int socket;
	struct text log; /* written before an answer goes out, read after it has come */
};

/* A request under way. */
struct exchange {
	char *uri;
	char body[512];
	size_t length;
};

struct canned_answer {
	const char *beginning; /* of "METHOD URI BODY"; the first that fits counts */
	unsigned int status;
	const char *file;
};

static const struct canned_answer answers[] = {
	{"GET /v1/flows?first=0", 200, "flows-0.json"},
	{"GET /v1/flows?first=9", 200, "flows-9.json"},
	{"GET /v1/leases?first=0", 200, "leases-0.json"},
	{"GET /v1/leases?first=5", 200, "leases-5.json"},
	{"GET /v1/lease-summary", 200, "lease-summary.json"},
	{"DELETE /v1/leases", 200, "cleared-leases.json"},
	{"GET /v1/status", 200, "status.json"},
	{"GET /v1/installed", 200, "installed.json"},
	{"GET /v1/pools", 200, "pools.json"},
	{"GET /v1/rules", 200, "rules.json"},
	{"GET /v1/failures", 200, "failures.json"},
	{"GET /v1/flow-summary", 200, "flow-summary.json"},
	{"GET /v1/verify", 200, "verify.json"},
	{"GET /v1/configuration?format=set", 200, "configuration-set.json"},
	{"GET /v1/configuration", 200, "configuration.json"},
	{"GET /v1/commits", 200, "commits.json"},
	{"DELETE /v1/flows?protocol=6", 500, "broken.json"},
	{"DELETE /v1/flows", 200, "cleared.json"},
	{"POST /v1/rollback {\"number\":49}", 404, "refused.json"},
	{"POST /v1/commit {\"name\"", 422, "diagnosed.json"},
	{"POST /v1/", 200, "committed.json"},
};

static void *begin(void *context, const char *uri, struct MHD_Connection *connection)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange));

	(void)context, (void)connection;
	if (exchange)
		exchange->uri = strdup(uri);
	return exchange;
}

static void end(void *context, struct MHD_Connection *connection, void **data,
		enum MHD_RequestTerminationCode code)
{
	struct exchange *exchange = *data;

	(void)context, (void)connection, (void)code;
	free(exchange->uri);
	free(exchange);
}

static const struct canned_answer *find_answer(const char *request)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (!strncmp(request, answers[i].beginning, strlen(answers[i].beginning)))
			return &answers[i];
	return NULL;
}

static enum MHD_Result answer(struct canned *canned, struct MHD_Connection *connection,
			      const char *request)
{
	const struct canned_answer *found = find_answer(request);
	char *text = found ? testing_read(canned->directory, found->file) : NULL;
	struct MHD_Response *response;
	enum MHD_Result result;

	if (!text)
		return MHD_NO;
	text_add(&canned->log, "%s\n", request);
	response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	result = MHD_queue_response(connection, found->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *data,
			      size_t *data_length, void **state)
{
	struct exchange *exchange = *state;
	char request[2048];

	(void)url, (void)version;
	if (*data_length) {
		size_t room = sizeof(exchange->body) - 1 - exchange->length;
		size_t length = *data_length < room ? *data_length : room;

		memcpy(exchange->body + exchange->length, data, length);
		exchange->length += length;
		*data_length = 0;
		return MHD_YES;
	}
	if (!strcmp(method, "POST") && !exchange->length)
		return MHD_YES; /* the body is still to come */
	(void)snprintf(request, sizeof(request), "%s %s%s%s", method, exchange->uri,
		       exchange->length ? " " : "", exchange->body);
	return answer(context, connection, request);
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 8))
		fail_msg("%s: %s", path, strerror(errno));
	return fd;
}

struct canned *canned_start(const char *run_dir, const char *directory)
{
	struct canned *canned = calloc(1, sizeof(*canned));

	assert_non_null(canned);
	canned->directory = directory;
	(void)snprintf(canned->path, sizeof(canned->path), "%s/api.sock", run_dir);
	canned->socket = listen_at(canned->path);
	canned->daemon = MHD_start_daemon(
		MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, handle, canned,
		MHD_OPTION_LISTEN_SOCKET, canned->socket, MHD_OPTION_URI_LOG_CALLBACK, begin, NULL,
		MHD_OPTION_NOTIFY_COMPLETED, end, NULL, MHD_OPTION_END);
	assert_non_null(canned->daemon);
	return canned;
}

void canned_stop(struct canned *canned)
{
	MHD_stop_daemon(canned->daemon);
	(void)unlink(canned->path);
	free(canned);
}

char *canned_requests(struct canned *canned)
{
	char *requests = strdup(canned->log.bytes);

	text_shorten(&canned->log, 0);
	return requests;
}
