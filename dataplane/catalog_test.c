/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ids belong to names: the same name has the same id as long as anything remembers it, which is
 * what makes a commit hitless.
 */
#include "dataplane/catalog.h"

#include <errno.h>
#include <stdlib.h>

#include "tests/env/test_env.h"
#include "tests/env/unit.h"

enum { CAPACITY = 8 };

static struct name_entry *entries;
static struct catalog catalog;

static int start(void **state)
{
	(void)state;
	entries = calloc(CAPACITY, sizeof(*entries));
	return entries && !catalog_open_names(&catalog, entries, CAPACITY) ? 0 : -1;
}

static int stop(void **state)
{
	(void)state;
	free(entries);
	return 0;
}

static void reopen(bool keep)
{
	catalog_close(&catalog, keep);
	assert_int_equal(catalog_open_names(&catalog, entries, CAPACITY), 0);
}

static void ids_begin_at_one_and_are_the_same_for_the_same_name(void **state)
{
	(void)state;
	assert_int_equal(catalog_name_id(&catalog, "a", ""), 1);
	assert_int_equal(catalog_name_id(&catalog, "b", ""), 2);
	assert_int_equal(catalog_name_id(&catalog, "a", ""), 1);
	assert_string_equal(entries[2].names[0], "b");
	catalog_close(&catalog, true);
}

static void both_names_count(void **state)
{
	(void)state;
	assert_int_equal(catalog_name_id(&catalog, "set", "rule"), 1);
	assert_int_equal(catalog_name_id(&catalog, "set", "other"), 2);
	assert_int_equal(catalog_name_id(&catalog, "other", "rule"), 3);
	assert_int_equal(catalog_name_id(&catalog, "setrule", ""), 4);
	assert_int_equal(catalog_name_id(&catalog, "set", "rule"), 1);
	catalog_close(&catalog, true);
}

/* [INV-HITLESS] */
static void ids_outlive_the_catalog_that_gave_them(void **state)
{
	(void)state;
	assert_int_equal(catalog_name_id(&catalog, "a", ""), 1);
	assert_int_equal(catalog_name_id(&catalog, "b", ""), 2);
	reopen(true);
	assert_int_equal(catalog_name_id(&catalog, "c", ""), 3);
	assert_int_equal(catalog_name_id(&catalog, "b", ""), 2);
	entries[1].in_use = 0; /* nothing remembers it any more */
	reopen(true);
	assert_int_equal(catalog_name_id(&catalog, "d", ""), 1);
	assert_int_equal(catalog_name_id(&catalog, "a", ""), 4);
	catalog_close(&catalog, true);
}

static void what_was_taken_is_given_back_and_nothing_else(void **state)
{
	(void)state;
	(void)catalog_name_id(&catalog, "kept", "");
	reopen(true);
	(void)catalog_name_id(&catalog, "tried", "");
	(void)catalog_name_id(&catalog, "kept", "");
	assert_int_equal(catalog.added_count, 1);
	reopen(false);
	assert_true(entries[1].in_use);
	assert_false(entries[2].in_use);
	assert_int_equal(catalog_name_id(&catalog, "another", ""), 2);
	catalog_close(&catalog, true);
}

/* [INV-BOUNDED] */
static void a_full_catalog_refuses_new_names_and_knows_the_old(void **state)
{
	char name[] = "0";

	(void)state;
	for (int id = 1; id < CAPACITY; id++) {
		name[0] = (char)('0' + id);
		assert_int_equal(catalog_name_id(&catalog, name, ""), id);
	}
	assert_int_equal(catalog_name_id(&catalog, "one too many", ""), -ENOSPC);
	assert_int_equal(catalog_name_id(&catalog, "3", ""), 3);
	catalog_close(&catalog, true);
}

static void addresses_have_slots_from_zero_on(void **state)
{
	struct tables *tables = test_env_start(FLOWS_MIN);
	struct address_table *table = &tables->control->addresses;
	union ip_addr a = test_addr("192.0.2.1"), b = test_addr("2001:db8::1");
	struct catalog addresses;

	(void)state;
	catalog_close(&catalog, true);
	assert_int_equal(catalog_open_addresses(&addresses, table), 0);
	assert_int_equal(catalog_id(&addresses, &a), 0);
	assert_int_equal(catalog_id(&addresses, &b), 1);
	assert_int_equal(catalog_id(&addresses, &a), 0);
	assert_memory_equal(&table->slots[1].address, &b, sizeof(b));
	assert_true(table->slots[0].in_use);
	catalog_close(&addresses, false);
	assert_false(table->slots[0].in_use);
	test_env_stop(tables);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ids_begin_at_one_and_are_the_same_for_the_same_name),
		TEST(both_names_count),
		TEST(ids_outlive_the_catalog_that_gave_them),
		TEST(what_was_taken_is_given_back_and_nothing_else),
		TEST(a_full_catalog_refuses_new_names_and_knows_the_old),
		TEST(addresses_have_slots_from_zero_on),
	};

	return cmocka_run_group_tests_name("catalog", tests, NULL, NULL);
}
