/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The show commands: what to ask for, and what to do with the answer.
 */
#include <string.h>

#include "cli/api.h"
#include "cli/finish.h"
#include "cli/print.h"
#include "cli/run.h"
#include "cli/show.h"
#include "config/suggest.h"

typedef int join_answer(json_t *answer, const json_t *installed);

/* => the answer with what is configured beside it; NULL, and the error is printed */
static json_t *get_joined(const struct session *session, const char *path, join_answer *join,
			  const json_t *installed)
{
	json_t *answer = installed ? api_get(session, path) : NULL;

	if (!answer || !join(answer, installed))
		return answer;
	(void)session_fail(session, "out of memory");
	json_decref(answer);
	return NULL;
}

static json_t *get_pools(const struct session *session, const json_t *installed)
{
	return get_joined(session, "/v1/pools", pools_join, installed);
}

static json_t *get_rules(const struct session *session, const json_t *installed)
{
	return get_joined(session, "/v1/rules", rules_join, installed);
}

/* Names. */

static void refuse_name(const struct session *session, const json_t *list, const char *field,
			const char *what, const char *name)
{
	struct suggestions suggestions;
	struct text hint = {0};
	json_t *entry;
	size_t i;

	suggest_begin(&suggestions, name);
	json_array_foreach(list, i, entry)
		suggest_candidate(&suggestions, json_text(entry, field));
	suggest_write(&suggestions, &hint);
	(void)session_fail(session, "there is no %s '%s'; expected one of those that 'show security "
				    "nat source %s' lists%s", what, name, what, hint.bytes);
}

/*
 * Leaves in answer[what + "s"] only those of the name; NULL: all.
 * => the answer; NULL if there is none, and the error is printed
 */
static json_t *keep_named(const struct session *session, json_t *answer, const char *what,
			  const char *field, const char *name)
{
	struct text key = {0};
	json_t *list, *kept, *entry;
	size_t i;

	if (!answer || !name)
		return answer;
	text_add(&key, "%ss", what);
	list = json_object_get(answer, key.bytes);
	kept = json_array();
	json_array_foreach(list, i, entry)
		if (!strcmp(json_text(entry, field), name))
			(void)json_array_append(kept, entry);
	if (json_array_size(kept)) {
		(void)json_object_set_new(answer, key.bytes, kept);
		return answer;
	}
	refuse_name(session, list, field, what, name);
	json_decref(kept);
	json_decref(answer);
	return NULL;
}

enum status run_show_pool(struct session *session, const struct arguments *arguments)
{
	json_t *installed = api_get(session, "/v1/installed");
	json_t *pools = keep_named(session, get_pools(session, installed), "pool", "name",
				   arguments->values[ARGUMENT_NAME]);

	json_decref(installed);
	return finish(session, pools, pools_print);
}

enum status run_show_rule(struct session *session, const struct arguments *arguments)
{
	json_t *installed = api_get(session, "/v1/installed");
	json_t *rules = keep_named(session, get_rules(session, installed), "rule", "rule",
				   arguments->values[ARGUMENT_NAME]);

	json_decref(installed);
	return finish(session, rules, rules_print);
}

enum status run_show_summary(struct session *session, const struct arguments *arguments)
{
	json_t *installed = api_get(session, "/v1/installed");
	json_t *pools = get_pools(session, installed);
	json_t *rules = pools ? get_rules(session, installed) : NULL;
	json_t *both = NULL;

	(void)arguments;
	if (rules)
		both = json_pack("{s:I, s:I, s:O, s:O}", "ports_in_use", pools_used_ports(pools),
				 "ports", pools_all_ports(pools), "pools",
				 json_object_get(pools, "pools"), "rules",
				 json_object_get(rules, "rules"));
	json_decref(installed);
	json_decref(rules);
	json_decref(pools);
	return finish(session, both, summary_print);
}

enum status run_show_failures(struct session *session, const struct arguments *arguments)
{
	json_t *failures = api_get(session, "/v1/failures");
	json_t *rules = failures ? api_get(session, "/v1/rules") : NULL;

	(void)arguments;
	if (!rules) {
		json_decref(failures);
		return STATUS_FAILED;
	}
	(void)json_object_set(failures, "rules", json_object_get(rules, "rules"));
	json_decref(rules);
	return finish(session, failures, failures_print);
}

/* The system. */

static enum status show_answer(struct session *session, const char *path, print_answer *print)
{
	return finish(session, api_get(session, path), print);
}

enum status run_show_dataplane(struct session *session, const struct arguments *arguments)
{
	(void)arguments;
	return show_answer(session, "/v1/status", dataplane_print);
}

enum status run_show_commit(struct session *session, const struct arguments *arguments)
{
	(void)arguments;
	return show_answer(session, "/v1/commits", commits_print);
}

enum status run_show_version(struct session *session, const struct arguments *arguments)
{
	(void)arguments;
	return show_answer(session, "/v1/status", version_print);
}

static void print_text(FILE *out, const json_t *answer)
{
	(void)fputs(json_text(answer, "text"), out);
}

enum status run_show_configuration(struct session *session, const struct arguments *arguments)
{
	(void)arguments;
	return show_answer(session,
			   session->display_set ? "/v1/configuration?format=set"
						: "/v1/configuration",
			   print_text);
}
