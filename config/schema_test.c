/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tables promise to everybody who walks them.
 */
#include "config/schema.h"

#include "config/value.h"
#include "tests/env/unit.h"

typedef void visit_statement(const struct schema *parent, const struct schema *child);

static void visit_all(const struct schema *parent, visit_statement *visit)
{
	const struct schema *child;

	for_each_statement(child, parent) {
		visit(parent, child);
		visit_all(child, visit);
	}
}

static void assert_helped(const struct schema *parent, const struct schema *child)
{
	(void)parent;
	if (child->status == NOT_ENFORCED)
		return;
	assert_non_null(child->help);
	assert_true(child->help[strlen(child->help) - 1] != '.');
}

static void every_supported_statement_has_a_help_text(void **state)
{
	(void)state;
	visit_all(&schema_root, assert_helped);
}

static bool needs_type(enum schema_kind kind)
{
	return kind == SCHEMA_LIST || kind == SCHEMA_LEAF || kind == SCHEMA_LEAF_LIST;
}

static void assert_shaped(const struct schema *parent, const struct schema *child)
{
	(void)parent;
	assert_int_equal(needs_type(child->kind), child->type != TYPE_NONE);
	assert_int_equal(child->type == TYPE_NUMBER, child->high > 0);
	assert_int_equal(child->type == TYPE_KEYWORD, child->keywords != NULL);
	assert_true(child->low <= child->high);
	if (!schema_leads_down(child))
		assert_null(child->children);
	if (child->kind == SCHEMA_OPAQUE)
		assert_int_equal(child->status, NOT_ENFORCED);
	if (child->advised)
		assert_non_null(child->unit);
}

static void every_statement_has_the_fields_of_its_kind(void **state)
{
	(void)state;
	visit_all(&schema_root, assert_shaped);
}

static void assert_found(const struct schema *parent, const struct schema *child)
{
	if (child->flags & SCHEMA_UNNAMED)
		assert_ptr_equal(schema_unnamed(parent), child);
	else
		assert_ptr_equal(schema_find(parent, child->word), child);
	if (child->alias)
		assert_ptr_equal(schema_find(parent, child->alias), child);
}

static void every_statement_is_found_by_its_word(void **state)
{
	(void)state;
	visit_all(&schema_root, assert_found);
}

static void assert_default_valid(const struct schema *parent, const struct schema *child)
{
	struct diagnostics diagnostics = {0};
	struct parsed_value value;
	struct word word = {{1, 1}, ""};

	(void)parent;
	if (!child->standard)
		return;
	memcpy(word.text, child->standard, strlen(child->standard) + 1);
	assert_true(value_parse(child, &word, NULL, &diagnostics, &value));
	assert_string_equal(value.text, child->standard);
	assert_int_equal(value.value.number, value_standard(child));
	assert_true(value_standard(child) >= child->advised);
}

static void every_default_is_valid_and_as_advised(void **state)
{
	(void)state;
	visit_all(&schema_root, assert_default_valid);
}

/* The words of Junos that docs and migrations mention: known, never silently accepted. */
static void statements_of_junos_that_are_not_enforced_are_known(void **state)
{
	static const char *const words[] = {
		"routing-instance",   "address-name",      "address-shared",
		"address-pooling",    "allocation-domain", "ei-mapping-timeout",
		"mapping-timeout",    "limit-ports-per-host",
	};
	const struct schema *security = schema_find(&schema_root, "security");
	const struct schema *source = schema_find(schema_find(security, "nat"), "source");
	const struct schema *pool = schema_find(source, "pool");

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const struct schema *schema = schema_find(pool, words[i]);

		assert_non_null(schema);
		assert_int_equal(schema->status, NOT_ENFORCED);
	}
}

static void lists_and_suggestions_leave_out_what_is_not_enforced(void **state)
{
	const struct schema *system = schema_find(&schema_root, "system");
	struct text text = {0};

	(void)state;
	schema_list(system, &text);
	assert_string_equal(text.bytes, "'host-name', 'dataplane-type', 'userspace' or "
					"'parity-sample'");
	text_shorten(&text, 0);
	schema_suggest(system, "domain-nam", &text);
	assert_string_equal(text.bytes, "");
	schema_suggest(system, "hostname", &text);
	assert_string_equal(text.bytes, "; did you mean 'host-name'?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_supported_statement_has_a_help_text),
		cmocka_unit_test(every_statement_has_the_fields_of_its_kind),
		cmocka_unit_test(every_statement_is_found_by_its_word),
		cmocka_unit_test(every_default_is_valid_and_as_advised),
		cmocka_unit_test(statements_of_junos_that_are_not_enforced_are_known),
		cmocka_unit_test(lists_and_suggestions_leave_out_what_is_not_enforced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
