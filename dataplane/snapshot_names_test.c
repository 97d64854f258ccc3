/* SPDX-License-Identifier: Apache-2.0 */
/* A name that is there twice would make one of two things: it is refused, whatever has it. */
#include "dataplane/snapshot_names.h"

#include <errno.h>

#include "dataplane/snapshot.h"
#include "tests/env/test_snapshot.h"
#include "tests/env/unit.h"

/* => the body of the test snapshot, with the list in it under `name` (of its first rule-set) */
static json_t *body_and_list(const char *name, json_t **list)
{
	json_t *body = test_snapshot_body(), *sets = json_object_get(body, "rule_sets");

	*list = json_object_get(strcmp(name, "rules") ? body : json_array_get(sets, 0), name);
	assert_non_null(*list);
	return body;
}

static void expect_refusal_of_a_second(const char *name)
{
	json_t *list, *body = body_and_list(name, &list);
	json_t *first = json_array_get(list, 0);
	struct error error = {""};
	struct snapshot snapshot;

	assert_int_equal(snapshot_decode_body(body, &snapshot, &error), 0);
	snapshot_free(&snapshot);
	(void)json_array_append_new(list, json_deep_copy(first));
	assert_int_equal(snapshot_decode_body(body, &snapshot, &error), -EINVAL);
	assert_non_null(strstr(error.text, name));
	assert_non_null(strstr(error.text, json_string_value(json_object_get(first, "name"))));
	json_decref(body);
}

static void a_name_is_there_once(void **state)
{
	(void)state;
	expect_refusal_of_a_second("zones");
	expect_refusal_of_a_second("pools");
	expect_refusal_of_a_second("rule_sets");
	expect_refusal_of_a_second("rules");
}

/* Rules of two rule-sets may well have the same name. */
static void another_rule_set_has_names_of_its_own(void **state)
{
	json_t *list, *body = body_and_list("rules", &list);
	json_t *other = json_array_get(json_object_get(body, "rule_sets"), 1);
	struct error error = {""};
	struct snapshot snapshot;

	(void)state;
	(void)json_array_append_new(json_object_get(other, "rules"),
				    json_deep_copy(json_array_get(list, 0)));
	assert_int_equal(snapshot_decode_body(body, &snapshot, &error), 0);
	snapshot_free(&snapshot);
	json_decref(body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_there_once),
		cmocka_unit_test(another_rule_set_has_names_of_its_own),
	};

	return cmocka_run_group_tests_name("snapshot_names", tests, NULL, NULL);
}
