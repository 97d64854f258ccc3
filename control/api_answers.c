/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <microhttpd.h>

#include "config/applications.h"
#include "control/api_request.h"
#include "dataplane/log.h"

json_t *api_refuse(struct api_request *request, unsigned int status, const char *format, ...)
{
	va_list arguments;
	json_t *text;

	request->status = status;
	va_start(arguments, format);
	text = json_vsprintf(format, arguments);
	va_end(arguments);
	return json_pack("{s:o}", "error", text ? text : json_string("not text in UTF-8"));
}

/* What the dataplane is asked and answers. */

static json_t *forward(struct api_request *request, const char *name, json_t *fields)
{
	struct error error;
	json_t *answer = helper_ask(&request->control->helper, name, fields, &error);

	if (!answer)
		return api_refuse(request,
				  request->control->helper.pid ? MHD_HTTP_BAD_REQUEST
							       : MHD_HTTP_SERVICE_UNAVAILABLE,
				  "%s", error.text);
	(void)json_object_del(answer, "ok");
	return answer;
}

/* Arguments of the query, as fields for the dataplane. */

/* => the number, NULL if the text is none */
static json_t *read_number(const char *text)
{
	char *end;
	unsigned long number;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || number > UINT32_MAX)
		return NULL;
	return json_integer((json_int_t)number);
}

static json_t *read_interface(const char *text)
{
	unsigned int ifindex = if_nametoindex(text);

	return ifindex ? json_integer(ifindex) : NULL;
}

static json_t *read_yes(const char *text)
{
	return strcmp(text, "yes") ? NULL : json_true();
}

/* => the services of a predefined application, NULL if it has none that can be told apart */
static json_t *read_application(const char *text)
{
	const struct application *application = application_find(text);
	json_t *services = application && !application->not_enforced ? json_array() : NULL;

	for (; services && application; application = application_next(application)) {
		struct service_match service = application_service(application);

		(void)json_array_append_new(services, json_pack("[i, i, i]", service.protocol,
								service.destination.low,
								service.destination.high));
	}
	return services;
}

struct argument {
	const char *name;
	json_t *(*read)(const char *text);
	const char *expected;
};

static const struct argument flow_arguments[] = {
	{"source_prefix", json_string, "text"},
	{"destination_prefix", json_string, "text"},
	{"translated_prefix", json_string, "text"},
	{"source_port", read_number, "a number"},
	{"destination_port", read_number, "a number"},
	{"translated_port", read_number, "a number"},
	{"protocol", read_number, "a number"},
	{"session", read_number, "a number"},
	{"interface", read_interface, "an interface of this system"},
	{"application", read_application,
	 "a predefined application of one or more protocols and ports, like junos-https"},
	{.name = NULL},
};

static const struct argument lease_arguments[] = {
	{"source_prefix", json_string, "text"},
	{"source_port", read_number, "a number"},
	{"protocol", read_number, "a number"},
	{"pool", json_string, "text"},
	{"interface", read_yes, "'yes'"},
	{.name = NULL},
};

static const struct argument page_arguments[] = {
	{"first", read_number, "a number"},
	{"limit", read_number, "a number"},
	{.name = NULL},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct argument *find_argument(const struct argument *argument, const char *name)
{
	for (; argument->name; argument++)
		if (!strcmp(argument->name, name))
			return argument;
	return NULL;
}

/* What is asked of the dataplane, and what may be asked for. */
struct question {
	const char *name;
	const struct argument *filter;
	bool with_page;
};

/* Puts one argument where it belongs. => NULL, or the refusal */
static json_t *place_argument(struct api_request *request, const char *name, const char *text,
			      json_t *fields, const struct question *question)
{
	const struct argument *argument = find_argument(question->filter, name);
	json_t *place = json_object_get(fields, "filter"), *value;

	if (!argument && question->with_page) {
		argument = find_argument(page_arguments, name);
		place = fields;
	}
	if (!argument)
		return api_refuse(request, MHD_HTTP_BAD_REQUEST, "the argument '%s' is unknown",
				  name);
	value = argument->read(text);
	if (!value)
		return api_refuse(request, MHD_HTTP_BAD_REQUEST, "%s: met '%s', expected %s", name,
				  text, argument->expected);
	(void)json_object_set_new(place, name, value);
	return NULL;
}

static json_t *forward_filtered(struct api_request *request, const struct question *question)
{
	json_t *fields = question->with_page
				 ? json_pack("{s:{}, s:i, s:i}", "filter", "first", 0, "limit", 1000)
				 : json_pack("{s:{}}", "filter");
	const char *argument;
	json_t *text;

	json_object_foreach(request->arguments, argument, text) {
		json_t *refusal = place_argument(request, argument, json_string_value(text), fields,
						 question);

		if (refusal) {
			json_decref(fields);
			return refusal;
		}
	}
	return forward(request, question->name, fields);
}

static json_t *get_flows(struct api_request *request)
{
	return forward_filtered(request, &(struct question){"flows", flow_arguments, true});
}

static json_t *get_flow_summary(struct api_request *request)
{
	return forward_filtered(request, &(struct question){"flow-summary", flow_arguments, false});
}

static json_t *delete_flows(struct api_request *request)
{
	return forward_filtered(request, &(struct question){"clear-flows", flow_arguments, false});
}

static json_t *get_leases(struct api_request *request)
{
	return forward_filtered(request, &(struct question){"leases", lease_arguments, true});
}

static json_t *delete_leases(struct api_request *request)
{
	return forward_filtered(request, &(struct question){"clear-leases", lease_arguments, false});
}

/* What holdfastd knows itself. */

static json_t *control_json(const struct control *control)
{
	return json_pack("{s:s, s:i, s:s, s:b, s:i, s:I, s:s}", "version", HOLDFAST_VERSION, "pid",
			 (int)getpid(), "config_file", control->config_path,
			 "dataplane_connected", control->helper.pid != 0, "dataplane_pid",
			 (int)control->helper.pid, "dataplane_restarts",
			 (json_int_t)control->helper.restarts, "last_error", control->trouble.text);
}

static json_t *get_status(struct api_request *request)
{
	struct control *control = request->control;
	const char *host = control->config ? config_host_name(control->config) : NULL;
	struct error error;
	json_t *status = helper_ask(&control->helper, "status", NULL, &error);

	if (!status)
		status = json_pack("{s:s}", "trouble", error.text);
	(void)json_object_del(status, "ok");
	(void)json_object_set_new(status, "host_name", json_string(host ? host : ""));
	(void)json_object_set_new(status, "instance", json_string(control->instance));
	(void)json_object_set_new(status, "control", control_json(control));
	return status;
}

static json_t *get_configuration(struct api_request *request)
{
	const char *format = json_string_value(json_object_get(request->arguments, "format"));
	enum config_format form = format && !strcmp(format, "set") ? CONFIG_SET : CONFIG_BRACES;
	size_t length;
	char *text = NULL;
	FILE *output;
	json_t *answer;

	if (format && form != CONFIG_SET && strcmp(format, "braces"))
		return api_refuse(request, MHD_HTTP_BAD_REQUEST,
				  "format: met '%s', expected 'braces' or 'set'", format);
	if (!request->control->config)
		return api_refuse(request, MHD_HTTP_NOT_FOUND, "no configuration is in force");
	output = open_memstream(&text, &length);
	if (!output)
		return NULL;
	config_print(request->control->config, form, output);
	(void)fclose(output);
	answer = json_pack("{s:s}", "text", text);
	free(text);
	return answer;
}

static json_t *get_commits(struct api_request *request)
{
	json_t *list = json_array();
	struct error error;
	int count = store_count(request->control->store, &error);

	for (int i = 0; i < count; i++) {
		json_t *entry = store_read(request->control->store, (u32)i, &error);

		if (!entry) {
			count = -EIO;
			break;
		}
		(void)json_object_del(entry, "text");
		(void)json_object_del(entry, "file_digest");
		(void)json_object_set_new(entry, "number", json_integer(i));
		(void)json_array_append_new(list, entry);
	}
	if (count >= 0)
		return json_pack("{s:o}", "commits", list);
	json_decref(list);
	return api_refuse(request, MHD_HTTP_INTERNAL_SERVER_ERROR, "%s", error.text);
}

/* Changing the configuration. */

/* Makes the answer, and frees the result. */
static json_t *commit_answer(struct api_request *request, int code, struct commit_result *result,
			     const struct error *error)
{
	const char *diagnostics = result->diagnostics ? result->diagnostics : "";
	json_t *answer;

	if (!code) {
		answer = json_pack("{s:I, s:s, s:s}", "generation", (json_int_t)result->generation,
				   "digest", result->digest, "warnings", diagnostics);
		log_write(LOG_NOTICE, "generation %llu is in force", result->generation);
	} else {
		answer = api_refuse(request,
				    code == -EINVAL	   ? MHD_HTTP_UNPROCESSABLE_CONTENT
				    : code == -ENOENT ? MHD_HTTP_NOT_FOUND
						      : MHD_HTTP_INTERNAL_SERVER_ERROR,
				    "%s", error->text);
		(void)json_object_set_new(answer, "diagnostics", json_string(diagnostics));
		log_write(LOG_ERR, "commit refused: %s", error->text);
	}
	commit_result_free(result);
	return answer;
}

/* => the body as an object; NULL and *refusal */
static json_t *read_body(struct api_request *request, json_t **refusal)
{
	json_error_t error;
	json_t *body = json_loadb(request->body, request->body_length, JSON_REJECT_DUPLICATES,
				  &error);

	if (json_is_object(body))
		return body;
	*refusal = api_refuse(request, MHD_HTTP_BAD_REQUEST, "the body: %s; expected a JSON object",
			      body ? "met another value" : error.text);
	json_decref(body);
	return NULL;
}

static json_t *post_commit(struct api_request *request)
{
	struct commit_result result = {0};
	const char *name = request->control->config_path, *text = NULL;
	struct error error;
	size_t length;
	json_error_t shape;
	json_t *refusal, *answer, *body = read_body(request, &refusal);
	int code;

	if (!body)
		return refusal;
	if (json_object_size(body) &&
	    json_unpack_ex(body, &shape, JSON_STRICT, "{s:s, s:s%}", "name", &name, "text", &text,
			   &length)) {
		answer = api_refuse(request, MHD_HTTP_BAD_REQUEST,
				    "the body: %s; expected {} or {\"name\": TEXT, \"text\": TEXT}",
				    shape.text);
	} else {
		code = text ? control_commit(request->control, name, text, length, &result, &error)
			    : control_commit_file(request->control, &result, &error);
		answer = commit_answer(request, code, &result, &error);
	}
	json_decref(body);
	return answer;
}

static json_t *post_rollback(struct api_request *request)
{
	struct commit_result result = {0};
	struct error error;
	json_error_t shape;
	json_int_t number;
	json_t *refusal, *answer, *body = read_body(request, &refusal);

	if (!body)
		return refusal;
	if (json_unpack_ex(body, &shape, JSON_STRICT, "{s:I}", "number", &number) || number < 0 ||
	    number >= STORE_ENTRIES)
		answer = api_refuse(request, MHD_HTTP_BAD_REQUEST,
				    "the body: expected {\"number\": 0 to %d}", STORE_ENTRIES - 1);
	else
		answer = commit_answer(request,
				       control_rollback(request->control, (u32)number, &result,
							&error),
				       &result, &error);
	json_decref(body);
	return answer;
}

struct api_route {
	const char *method;
	const char *path;
	json_t *(*answer)(struct api_request *request);
	const char *asked; /* of the dataplane, when there is no answer() */
	bool takes_arguments;
};

static const struct api_route routes[] = {
	{"GET", "/v1/status", get_status, NULL, false},
	{"GET", "/v1/installed", NULL, "read-back", false},
	{"GET", "/v1/pools", NULL, "pools", false},
	{"GET", "/v1/rules", NULL, "rules", false},
	{"GET", "/v1/failures", NULL, "failures", false},
	{"GET", "/v1/verify", NULL, "verify", false},
	{"GET", "/v1/flows", get_flows, NULL, true},
	{"DELETE", "/v1/flows", delete_flows, NULL, true},
	{"GET", "/v1/flow-summary", get_flow_summary, NULL, true},
	{"GET", "/v1/leases", get_leases, NULL, true},
	{"DELETE", "/v1/leases", delete_leases, NULL, true},
	{"GET", "/v1/lease-summary", NULL, "lease-summary", false},
	{"GET", "/v1/configuration", get_configuration, NULL, true},
	{"GET", "/v1/commits", get_commits, NULL, false},
	{"POST", "/v1/commit", post_commit, NULL, false},
	{"POST", "/v1/rollback", post_rollback, NULL, false},
};

json_t *api_answer(struct api_request *request)
{
	bool path_is_known = false;

	for (size_t i = 0; i < COUNT(routes); i++) {
		if (strcmp(routes[i].path, request->path))
			continue;
		path_is_known = true;
		if (strcmp(routes[i].method, request->method))
			continue;
		if (!routes[i].takes_arguments && json_object_size(request->arguments))
			return api_refuse(request, MHD_HTTP_BAD_REQUEST, "%s takes no arguments",
					  request->path);
		return routes[i].answer ? routes[i].answer(request)
					: forward(request, routes[i].asked, NULL);
	}
	if (path_is_known)
		return api_refuse(request, MHD_HTTP_METHOD_NOT_ALLOWED, "%s: cannot be done to %s",
				  request->method, request->path);
	return api_refuse(request, MHD_HTTP_NOT_FOUND, "there is no %s", request->path);
}
