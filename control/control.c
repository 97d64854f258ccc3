/* SPDX-License-Identifier: Apache-2.0 */
#include "control/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dataplane/digest.h"
#include "dataplane/snapshot.h"

void commit_result_free(struct commit_result *result)
{
	free(result->diagnostics);
	memset(result, 0, sizeof(*result));
}

/* A configuration on its way. */
struct candidate {
	struct config *config;
	const char *source; /* for the history */
	const char *text;
	size_t length;
	struct diagnostics diagnostics;
	json_t *message; /* the snapshot */
	char digest[SNAPSHOT_DIGEST_BYTES];
	u64 generation;
};

static void candidate_free(struct candidate *candidate)
{
	config_free(candidate->config);
	diagnostics_free(&candidate->diagnostics);
	json_decref(candidate->message);
	memset(candidate, 0, sizeof(*candidate));
}

/* => the diagnostics as text for free(); NULL if there are none */
static char *print_diagnostics(const struct diagnostics *diagnostics)
{
	char *text = NULL;
	size_t length;
	FILE *output = diagnostics->count ? open_memstream(&text, &length) : NULL;

	if (!output)
		return NULL;
	diagnostics_print(diagnostics, output);
	(void)fclose(output);
	return text;
}

/* Tells what has been found about the candidate so far, and that `code` came of it. => code */
static int candidate_judge(const struct candidate *candidate, int code,
			   struct commit_result *result, struct error *error)
{
	size_t errors = candidate->diagnostics.error_count;

	free(result->diagnostics);
	result->diagnostics = print_diagnostics(&candidate->diagnostics);
	if (code == -EINVAL)
		(void)error_set(error, EINVAL, "%s: %zu error%s in the configuration",
				candidate->source, errors, errors == 1 ? "" : "s");
	else if (code)
		(void)error_set_errno(error, -code, "%s", candidate->source);
	return code;
}

/* The text becomes a configuration. */
static int candidate_parse(struct candidate *candidate, struct commit_result *result,
			   struct error *error)
{
	int code = config_parse(candidate->source, candidate->text, candidate->length,
				&candidate->diagnostics, &candidate->config);

	return candidate_judge(candidate, code, result, error);
}

/* Nothing is sent to a dataplane that cannot do what the configuration says. */
static int candidate_check(struct control *control, struct candidate *candidate,
			   struct commit_result *result, struct error *error)
{
	json_t *answer = helper_ask(&control->helper, "capabilities", NULL, error);
	int code;

	if (!answer)
		return -EREMOTEIO;
	code = config_check_capabilities(candidate->config, json_object_get(answer, "capabilities"),
					 &candidate->diagnostics);
	json_decref(answer);
	return candidate_judge(candidate, code, result, error);
}

/* The configuration becomes the message for the dataplane. */
static int candidate_encode(struct candidate *candidate, u64 generation, struct error *error)
{
	struct snapshot snapshot;
	int code = config_to_snapshot(candidate->config, &snapshot);

	if (code)
		return error_set_errno(error, -code, "making the snapshot");
	snapshot_normalise(&snapshot);
	snapshot.generation = candidate->generation = generation;
	candidate->message = snapshot_encode(&snapshot, error);
	memcpy(candidate->digest, snapshot.digest, sizeof(candidate->digest));
	snapshot_free(&snapshot);
	return candidate->message ? 0 : -ENOMEM;
}

/* What the dataplane and the history count so far. */
static int next_generation(struct control *control, u64 *generation, struct error *error)
{
	json_t *status = helper_ask(&control->helper, "status", NULL, error), *newest;
	json_int_t here, kept;
	struct error none;

	if (!status)
		return -EREMOTEIO;
	newest = store_read(control->store, 0, &none);
	here = json_integer_value(json_object_get(status, "generation"));
	kept = json_integer_value(json_object_get(newest, "generation"));
	json_decref(status);
	json_decref(newest);
	*generation = (u64)(here > kept ? here : kept) + 1;
	return 0;
}

/* Sends it; what was installed must be what was sent. => 0; otherwise the one before is in force */
static int install(struct control *control, const struct candidate *candidate, struct error *error)
{
	json_t *answer = helper_ask(&control->helper, "apply",
				    json_pack("{s:O}", "snapshot", candidate->message), error);
	struct error difference, ignored;
	int result;

	if (!answer)
		return -EREMOTEIO;
	result = snapshot_compare(candidate->message, json_object_get(answer, "installed"),
				  &difference);
	json_decref(answer);
	if (!result)
		return 0;
	json_decref(helper_ask(&control->helper, "revert", NULL, &ignored));
	return error_set(error, EBADE,
			 "the dataplane installed something else than was sent, and was told to go "
			 "back to the generation before: %s",
			 difference.text);
}

/* "" if the daemon's own file cannot be read. */
static void digest_own_file(const struct control *control, char digest[DIGEST_BYTES])
{
	struct diagnostics diagnostics = {0};
	size_t length;
	char *text;

	digest[0] = '\0';
	if (!config_read(control->config_path, &diagnostics, &text, &length))
		digest_text(text, length, digest);
	diagnostics_free(&diagnostics);
	free(text);
}

static int keep(struct control *control, const struct candidate *candidate, struct error *error)
{
	char file_digest[DIGEST_BYTES];
	json_t *entry;
	int result;

	digest_own_file(control, file_digest);
	entry = json_pack("{s:I, s:I, s:s, s:s, s:s%, s:s}", "time", (json_int_t)time(NULL),
			  "generation", (json_int_t)candidate->generation, "digest",
			  candidate->digest, "source", candidate->source, "text", candidate->text,
			  candidate->length, "file_digest", file_digest);
	if (!entry)
		return error_set(error, EILSEQ,
				 "%s: cannot be kept in the history; expected text in UTF-8",
				 candidate->source);
	result = store_add(control->store, entry, error);
	json_decref(entry);
	return result;
}

static void take_over(struct control *control, struct candidate *candidate)
{
	config_free(control->config);
	control->config = candidate->config;
	candidate->config = NULL;
	control->generation = candidate->generation;
	memcpy(control->digest, candidate->digest, sizeof(control->digest));
	control->trouble.text[0] = '\0';
}

static void add_warning(struct commit_result *result, const char *text)
{
	const char *before = result->diagnostics ? result->diagnostics : "";
	char *joined;

	if (asprintf(&joined, "%swarning: %s\n", before, text) < 0)
		return;
	free(result->diagnostics);
	result->diagnostics = joined;
}

/* It is in force by now; what remains is to take away what it replaced. */
static void confirm(struct control *control, struct commit_result *result)
{
	struct error error;
	json_t *answer = helper_ask(&control->helper, "confirm", NULL, &error);

	if (!answer)
		add_warning(result, error.text);
	json_decref(answer);
}

/* A candidate with its configuration. => 0; otherwise the one before is in force */
static int put_into_force(struct control *control, struct candidate *candidate,
			  struct commit_result *result, struct error *error)
{
	struct error ignored;
	u64 generation;
	int code = candidate_check(control, candidate, result, error);

	if (!code)
		code = next_generation(control, &generation, error);
	if (!code)
		code = candidate_encode(candidate, generation, error);
	if (!code)
		code = install(control, candidate, error);
	if (code)
		return code;
	code = keep(control, candidate, error);
	if (code) {
		json_decref(helper_ask(&control->helper, "revert", NULL, &ignored));
		return code;
	}
	confirm(control, result);
	take_over(control, candidate);
	result->generation = control->generation;
	memcpy(result->digest, control->digest, sizeof(result->digest));
	return 0;
}

int control_commit(struct control *control, const char *name, const char *text, size_t length,
		   struct commit_result *result, struct error *error)
{
	struct candidate candidate = {.source = name, .text = text, .length = length};
	int code = candidate_parse(&candidate, result, error);

	if (!code)
		code = put_into_force(control, &candidate, result, error);
	candidate_free(&candidate);
	return code;
}

int control_commit_file(struct control *control, struct commit_result *result,
			struct error *error)
{
	struct diagnostics diagnostics = {0};
	size_t length;
	char *text;
	int code = config_read(control->config_path, &diagnostics, &text, &length);

	if (!code) {
		code = control_commit(control, control->config_path, text, length, result, error);
	} else {
		result->diagnostics = print_diagnostics(&diagnostics);
		(void)error_set_errno(error, -code, "reading %s", control->config_path);
	}
	diagnostics_free(&diagnostics);
	free(text);
	return code;
}

int control_rollback(struct control *control, u32 number, struct commit_result *result,
		     struct error *error)
{
	json_t *entry = store_read(control->store, number, error);
	json_t *text = json_object_get(entry, "text");
	char name[32];
	int code;

	if (!entry)
		return -ENOENT;
	(void)snprintf(name, sizeof(name), "rollback %u", number);
	if (json_is_string(text))
		code = control_commit(control, name, json_string_value(text),
				      json_string_length(text), result, error);
	else
		code = error_set(error, EBADMSG, "commit %u of the history holds no text", number);
	json_decref(entry);
	return code;
}

/* At the start. */

/* An apply that nobody confirmed is of a holdfastd that has died meanwhile. */
static int drop_unconfirmed(struct control *control, struct error *error)
{
	json_t *status = helper_ask(&control->helper, "status", NULL, error), *answer;
	bool unconfirmed;

	if (!status)
		return -EREMOTEIO;
	unconfirmed = json_is_true(json_object_get(status, "unconfirmed"));
	json_decref(status);
	if (!unconfirmed)
		return 0;
	answer = helper_ask(&control->helper, "revert", NULL, error);
	json_decref(answer);
	return answer ? 0 : -EREMOTEIO;
}

/* => the generation in which the dataplane has this digest already, 0 if it has not */
static u64 installed_generation(struct control *control, const char *digest)
{
	struct error none;
	json_t *answer = helper_ask(&control->helper, "read-back", NULL, &none);
	json_t *installed = json_object_get(answer, "installed");
	const char *there = json_string_value(json_object_get(installed, "digest"));
	u64 generation = 0;

	if (there && !strcmp(there, digest))
		generation = (u64)json_integer_value(json_object_get(installed, "generation"));
	json_decref(answer);
	return generation;
}

/* => true and the candidate is in force, if the dataplane has it already */
static bool adopt(struct control *control, struct candidate *candidate,
		  struct commit_result *result)
{
	struct error none;
	u64 generation;

	if (candidate_encode(candidate, 1, &none))
		return false;
	generation = installed_generation(control, candidate->digest);
	json_decref(candidate->message);
	candidate->message = NULL;
	if (!generation)
		return false;
	candidate->generation = generation;
	take_over(control, candidate);
	result->generation = generation;
	memcpy(result->digest, control->digest, sizeof(result->digest));
	return true;
}

/* => the newest entry of the history, if the file is what it was then */
static json_t *still_meant(struct control *control)
{
	char digest[DIGEST_BYTES];
	struct error none;
	json_t *newest = store_read(control->store, 0, &none);
	const char *then = json_string_value(json_object_get(newest, "file_digest"));

	digest_own_file(control, digest);
	if (then && json_is_string(json_object_get(newest, "text")) && !strcmp(then, digest))
		return newest;
	json_decref(newest);
	return NULL;
}

static int start_with(struct control *control, struct candidate *candidate, bool is_kept,
		      struct commit_result *result, struct error *error)
{
	int code = candidate_parse(candidate, result, error);

	if (!code && !(is_kept && adopt(control, candidate, result)))
		code = put_into_force(control, candidate, result, error);
	candidate_free(candidate);
	return code;
}

static int start_with_entry(struct control *control, const json_t *entry,
			    struct commit_result *result, struct error *error)
{
	const json_t *text = json_object_get(entry, "text");
	const char *source = json_string_value(json_object_get(entry, "source"));
	struct candidate candidate = {.source = source ? source : "history",
				      .text = json_string_value(text),
				      .length = json_string_length(text)};

	return start_with(control, &candidate, true, result, error);
}

int control_start(struct control *control, struct commit_result *result, struct error *error)
{
	json_t *entry;
	int code = drop_unconfirmed(control, error);

	if (code)
		return code;
	entry = still_meant(control);
	code = entry ? start_with_entry(control, entry, result, error)
		     : control_commit_file(control, result, error);
	json_decref(entry);
	return code;
}

int control_resume(struct control *control, struct error *error)
{
	struct commit_result result = {0};
	int code = 0;

	if (!control->config || !installed_generation(control, control->digest))
		code = control_start(control, &result, error);
	commit_result_free(&result);
	return code;
}

void control_close(struct control *control)
{
	config_free(control->config);
	store_close(control->store);
	helper_close(&control->helper);
}
