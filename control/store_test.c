/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/env/unit.h"

#include "control/store.h"
#include "dataplane/directory.h"

static char directory[PATH_MAX];

static struct store *open_store(void)
{
	struct store *store;
	struct error error;

	if (store_open(&store, directory, &error))
		fail_msg("%s", error.text);
	return store;
}

static void add_entry(struct store *store, int generation)
{
	json_t *entry = json_pack("{s:i, s:s}", "generation", generation, "text", "system;");
	struct error error;

	assert_int_equal(store_add(store, entry, &error), 0);
	json_decref(entry);
}

static void assert_generation(struct store *store, u32 number, int generation)
{
	struct error error;
	json_t *entry = store_read(store, number, &error);

	assert_non_null(entry);
	assert_int_equal(json_integer_value(json_object_get(entry, "generation")), generation);
	json_decref(entry);
}

static void assert_missing(struct store *store, u32 number)
{
	struct error error;

	assert_null(store_read(store, number, &error));
	assert_non_null(strstr(error.text, "there is no commit"));
}

static int count(struct store *store)
{
	struct error error;

	return store_count(store, &error);
}

static int make_directory(void **state)
{
	(void)state;
	(void)strcpy(directory, "/tmp/holdfast-store-XXXXXX");
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	static const char *const files[] = {"commits", "commits-lock"};
	char path[PATH_MAX];
	struct error error;

	(void)state;
	for (size_t i = 0; i < 2; i++)
		if (!directory_join(directory, files[i], path, &error))
			(void)unlink(path);
	return rmdir(directory);
}

static void empty(void **state)
{
	struct store *store = open_store();

	(void)state;
	assert_int_equal(count(store), 0);
	assert_missing(store, 0);
	store_close(store);
}

static void newest_is_0_and_survives(void **state)
{
	struct store *store = open_store();

	(void)state;
	add_entry(store, 1);
	add_entry(store, 2);
	store_close(store);
	store = open_store();
	assert_int_equal(count(store), 2);
	assert_generation(store, 0, 2);
	assert_generation(store, 1, 1);
	assert_missing(store, 2);
	store_close(store);
}

static void forgets_the_oldest(void **state)
{
	struct store *store = open_store();

	(void)state;
	for (int i = 1; i <= STORE_ENTRIES + 3; i++)
		add_entry(store, i);
	assert_int_equal(count(store), STORE_ENTRIES);
	assert_generation(store, STORE_ENTRIES - 1, 4);
	assert_missing(store, STORE_ENTRIES);
	store_close(store);
}

/* A file that may not grow is what a full disk is to the program. */
static void full_disk_loses_nothing(void **state)
{
	const struct rlimit none = {0, RLIM_INFINITY}, any = {RLIM_INFINITY, RLIM_INFINITY};
	struct store *store = open_store();
	json_t *entry = json_pack("{s:i}", "generation", 2);
	struct error error;

	(void)state;
	add_entry(store, 1);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_int_equal(store_add(store, entry, &error), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &any), 0);
	assert_non_null(strstr(error.text, directory));
	assert_generation(store, 0, 1);
	assert_int_equal(store_add(store, entry, &error), 0);
	assert_generation(store, 0, 2);
	json_decref(entry);
	store_close(store);
}

static void damaged_file_is_named(void **state)
{
	char path[PATH_MAX];
	struct store *store;
	struct error error;
	FILE *file;

	(void)state;
	assert_int_equal(directory_join(directory, "commits", path, &error), 0);
	file = fopen(path, "we");
	assert_non_null(file);
	for (int i = 0; i < 8192; i++)
		(void)fputc('x', file);
	(void)fclose(file);
	assert_true(store_open(&store, directory, &error) < 0);
	assert_null(store);
	assert_non_null(strstr(error.text, path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)
		TEST(empty),
		TEST(newest_is_0_and_survives),
		TEST(forgets_the_oldest),
		TEST(full_disk_loses_nothing),
		TEST(damaged_file_is_named),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
