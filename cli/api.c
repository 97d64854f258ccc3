/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/api.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

enum {
	CONNECT_TIMEOUT_S = 5,
	ANSWER_TIMEOUT_S = 120, /* a commit waits until the dataplane has proven it */
	MAX_ANSWER_BYTES = 1 << 26,
	FIRST_ERROR = 400,
};

struct answer {
	char *bytes;
	size_t length;
};

static size_t receive(char *bytes, size_t size, size_t count, void *context)
{
	struct answer *answer = context;
	size_t length = size * count;
	char *grown;

	if (length > MAX_ANSWER_BYTES - answer->length)
		return 0;
	grown = realloc(answer->bytes, answer->length + length + 1);
	if (!grown)
		return 0;
	memcpy(grown + answer->length, bytes, length);
	answer->bytes = grown;
	answer->length += length;
	return length;
}

struct request {
	const char *method;
	const char *path;
	char *body; /* NULL: none */
	char socket[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
};

static CURL *open_handle(struct connection *connection)
{
	if (!connection->handle)
		connection->handle = curl_easy_init();
	return connection->handle;
}

void api_close(struct connection *connection)
{
	curl_easy_cleanup(connection->handle);
	connection->handle = NULL;
}

/* => CURLE_OK and the answer, or why there is none */
static CURLcode perform(CURL *handle, const struct request *request, struct answer *answer)
{
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
	struct text url = {0};
	CURLcode code;

	text_add(&url, "http://localhost%s", request->path);
	curl_easy_reset(handle);
	curl_easy_setopt(handle, CURLOPT_UNIX_SOCKET_PATH, request->socket);
	curl_easy_setopt(handle, CURLOPT_PROXY, "");
	curl_easy_setopt(handle, CURLOPT_URL, url.bytes);
	curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request->method);
	curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
	curl_easy_setopt(handle, CURLOPT_TIMEOUT, (long)ANSWER_TIMEOUT_S);
	curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(handle, CURLOPT_WRITEDATA, answer);
	if (request->body) {
		curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
		curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request->body);
	}
	code = curl_easy_perform(handle);
	curl_slist_free_all(headers);
	return code;
}

static void report_unreachable(const struct session *session, CURL *handle,
			       const struct request *request, CURLcode code)
{
	long os_error = 0;

	curl_easy_getinfo(handle, CURLINFO_OS_ERRNO, &os_error);
	if (code == CURLE_COULDNT_CONNECT)
		(void)session_fail(session, "cannot reach holdfastd at %s: %s; is it running?",
				   request->socket,
				   os_error ? strerror((int)os_error) : curl_easy_strerror(code));
	else
		(void)session_fail(session, "holdfastd at %s did not answer %s %s: %s",
				   request->socket, request->method, request->path,
				   curl_easy_strerror(code));
}

/* => the answer if it is one; NULL, and the error is printed */
static json_t *read_answer(const struct session *session, const struct request *request,
			   const struct answer *answer, long http_status)
{
	json_t *json = json_loadb(answer->bytes ? answer->bytes : "", answer->length, 0, NULL);
	const char *error = json_string_value(json_object_get(json, "error"));
	const char *diagnostics = json_string_value(json_object_get(json, "diagnostics"));

	if (http_status < FIRST_ERROR && json_is_object(json))
		return json;
	if (diagnostics)
		(void)fputs(diagnostics, session->err);
	if (error)
		(void)session_fail(session, "%s", error);
	else
		(void)session_fail(session,
				   "holdfastd answered %s %s with HTTP status %ld and no JSON "
				   "object; expected one",
				   request->method, request->path, http_status);
	json_decref(json);
	return NULL;
}

static json_t *exchange(const struct session *session, const struct request *request)
{
	CURL *handle = open_handle(session->connection);
	struct answer answer = {0};
	long http_status = 0;
	json_t *json = NULL;
	CURLcode code;

	if (!handle) {
		(void)session_fail(session, "out of memory");
		return NULL;
	}
	code = perform(handle, request, &answer);
	curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &http_status);
	if (code == CURLE_OK)
		json = read_answer(session, request, &answer, http_status);
	else
		report_unreachable(session, handle, request, code);
	free(answer.bytes);
	return json;
}

static json_t *api_request(const struct session *session, const char *method, const char *path,
			   const json_t *body)
{
	struct request request = {.method = method, .path = path};
	int length = snprintf(request.socket, sizeof(request.socket), "%s/api.sock",
			      session->run_dir);
	json_t *json;

	if (length < 0 || (size_t)length >= sizeof(request.socket)) {
		(void)session_fail(session,
				   "run directory %s: too long; expected at most %zu characters",
				   session->run_dir,
				   sizeof(request.socket) - sizeof("/api.sock"));
		return NULL;
	}
	request.body = body ? json_dumps(body, JSON_COMPACT) : NULL;
	json = exchange(session, &request);
	free(request.body);
	return json;
}

json_t *api_get(const struct session *session, const char *path)
{
	return api_request(session, "GET", path, NULL);
}

json_t *api_delete(const struct session *session, const char *path)
{
	return api_request(session, "DELETE", path, NULL);
}

json_t *api_post(const struct session *session, const char *path, const json_t *body)
{
	return api_request(session, "POST", path, body);
}
