/* SPDX-License-Identifier: Apache-2.0 */
#include "control/api.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <microhttpd.h>

#include "control/api_request.h"
#include "dataplane/frame.h"

/* A configuration is at most 16 MiB, and grows when it is quoted as JSON. */
enum { MAX_BODY_BYTES = 64 << 20, IDLE_TIMEOUT_S = 30, MAX_CONNECTIONS = 32 };

struct api {
	struct MHD_Daemon *daemon;
	struct control *control;
	int listener;
};

/* The body of a request, as it comes in. */
struct upload {
	char *bytes;
	size_t length;
	bool too_long;
};

static enum MHD_Result add_argument(void *context, enum MHD_ValueKind kind, const char *name,
				    const char *value)
{
	json_t *arguments = context;

	(void)kind;
	return json_object_set_new(arguments, name, json_string(value ? value : "")) ? MHD_NO
										     : MHD_YES;
}

static enum MHD_Result send_text(struct MHD_Connection *connection, unsigned int status,
				 char *text)
{
	struct MHD_Response *response =
		text ? MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE)
		     : NULL;
	enum MHD_Result result;

	if (!response) {
		free(text);
		return MHD_NO;
	}
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result answer(struct api *api, struct MHD_Connection *connection, const char *path,
			      const char *method, const struct upload *upload)
{
	struct api_request request = {
		.control = api->control, .method = method, .path = path,
		.arguments = json_object(), .body = upload->bytes ? upload->bytes : "",
		.body_length = upload->length, .status = MHD_HTTP_OK};
	enum MHD_Result result;
	json_t *json;

	(void)MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, add_argument,
					request.arguments);
	json = upload->too_long ? api_refuse(&request, MHD_HTTP_CONTENT_TOO_LARGE,
					     "the body is too long; expected at most %d bytes",
					     MAX_BODY_BYTES)
				: api_answer(&request);
	result = send_text(connection, request.status, json ? json_dumps(json, JSON_COMPACT) : NULL);
	json_decref(json);
	json_decref(request.arguments);
	return result;
}

static void take_in(struct upload *upload, const char *bytes, size_t length)
{
	char *grown;

	if (upload->too_long || upload->length + length > MAX_BODY_BYTES) {
		upload->too_long = true;
		return;
	}
	grown = realloc(upload->bytes, upload->length + length);
	if (!grown) {
		upload->too_long = true;
		return;
	}
	memcpy(grown + upload->length, bytes, length);
	upload->bytes = grown;
	upload->length += length;
}

/* Called once when the header is there, then for each piece of the body, then at its end. */
static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *path,
			      const char *method, const char *version, const char *bytes,
			      size_t *length, void **state)
{
	struct upload *upload = *state;

	(void)version;
	if (!upload) {
		*state = calloc(1, sizeof(*upload));
		return *state ? MHD_YES : MHD_NO;
	}
	if (*length) {
		take_in(upload, bytes, *length);
		*length = 0;
		return MHD_YES;
	}
	return answer(context, connection, path, method, upload);
}

static void finish(void *context, struct MHD_Connection *connection, void **state,
		   enum MHD_RequestTerminationCode code)
{
	struct upload *upload = *state;

	(void)context, (void)connection, (void)code;
	if (upload)
		free(upload->bytes);
	free(upload);
	*state = NULL;
}

int api_open(struct api **api, const char *path, struct control *control, struct error *error)
{
	struct api *made = calloc(1, sizeof(*made));

	*api = NULL;
	if (!made)
		return error_set(error, ENOMEM, "out of memory");
	made->control = control;
	made->listener = frame_listen(path, error);
	if (made->listener < 0) {
		int result = made->listener;

		free(made);
		return result;
	}
	made->daemon = MHD_start_daemon(
		MHD_USE_EPOLL, 0, NULL, NULL, handle, made, MHD_OPTION_LISTEN_SOCKET,
		made->listener, MHD_OPTION_NOTIFY_COMPLETED, finish, NULL,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)IDLE_TIMEOUT_S,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned int)MAX_CONNECTIONS, MHD_OPTION_END);
	if (!made->daemon) {
		(void)close(made->listener);
		free(made);
		return error_set(error, EIO, "%s: the HTTP server does not start", path);
	}
	*api = made;
	return 0;
}

void api_close(struct api *api)
{
	if (!api)
		return;
	MHD_stop_daemon(api->daemon);
	free(api);
}

int api_fd(const struct api *api)
{
	return MHD_get_daemon_info(api->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

void api_run(struct api *api)
{
	(void)MHD_run(api->daemon);
}

int api_timeout_ms(const struct api *api)
{
	MHD_UNSIGNED_LONG_LONG timeout;

	if (MHD_get_timeout(api->daemon, &timeout) != MHD_YES)
		return -1;
	return (int)(timeout > IDLE_TIMEOUT_S * 1000ull ? IDLE_TIMEOUT_S * 1000ull : timeout);
}
