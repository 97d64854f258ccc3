/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room from outside: files, snapshots, printing, and memory that runs out.
 */
#include "config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/random_text.h"
#include "config/round_trip.h"
#include "config/testing.h"
#include "dataplane/snapshot.h"
#include "tests/env/unit.h"

/* The example of docs/configuration.md, shortened, in both forms. */
static const char example[] =
	"system { host-name gw1; }\n"
	"interfaces { eth0 { xdp-mode generic; } }\n"
	"security {\n"
	"    zones {\n"
	"        security-zone lan { interfaces { eth0.0; } }\n"
	"        security-zone wan { description \"to the world\"; interfaces { eth1.0; } }\n"
	"    }\n"
	"    flow { maximum-sessions 500000; udp-session { timeout 180; } }\n"
	"    nat {\n"
	"        source {\n"
	"            address-persistent;\n"
	"            pool resi-a {\n"
	"                address { 198.51.100.16/28; 198.51.100.64 to 198.51.100.71; }\n"
	"                port { range { 2048; to { 65535; } } }\n"
	"            }\n"
	"            pool fixed { address { 203.0.113.40; 2001:db8:64::/126; }\n"
	"                         address-persistent algorithm ebpf-legacy; }\n"
	"            rule-set lan-out {\n"
	"                from zone lan; to zone wan;\n"
	"                rule keep-vpn {\n"
	"                    match { source-address 10.20.0.0/16; destination-address "
	"172.16.0.0/12; }\n"
	"                    then { source-nat { off; } }\n"
	"                }\n"
	"                rule web { match { application [ junos-http junos-https ]; }\n"
	"                           then { source-nat { pool fixed; } } }\n"
	"                rule resi { match { source-address [ 100.64.0.0/16 100.65.0.0/16 ];\n"
	"                                    destination-port 1 to 65535; }\n"
	"                            then { source-nat { pool { resi-a; } } } }\n"
	"                rule rest { then { source-nat { interface; } } }\n"
	"            }\n"
	"        }\n"
	"        proxy-arp { interface eth1.0 { address { 198.51.100.16/28; } } }\n"
	"    }\n"
	"}\n"
	"set security nat source pool parked address 192.0.2.1\n"
	"set security nat source pool parked overflow-pool resi-a\n"
	"deactivate security nat source pool parked\n";

/* INV-ROUND-TRIP: what is printed loads again and means the same. */
static void what_is_printed_loads_again_and_means_the_same(void **state)
{
	(void)state;
	assert_null(round_trip_tree(example, strlen(example)));
	assert_null(round_trip_config(example, strlen(example)));
}

static void configurations_made_at_random_survive_printing(void **state)
{
	(void)state;
	for (u32 seed = 0; seed < 300; seed++) {
		char *text = random_configuration(seed);
		const char *lost = round_trip_config(text, strlen(text));

		config_free(testing_config(text)); /* it has no errors */
		if (lost)
			fputs(text, stderr);
		assert_null(lost);
		free(text);
	}
}

static void the_host_name_is_known(void **state)
{
	struct config *with = testing_config("set system host-name gw1");
	struct config *without = testing_config("");
	struct config *inactive = testing_config("system { inactive: host-name gw1; }");

	(void)state;
	assert_string_equal(config_host_name(with), "gw1");
	assert_null(config_host_name(without));
	assert_null(config_host_name(inactive));
	config_free(with);
	config_free(without);
	config_free(inactive);
}

static void warnings_do_not_fail(void **state)
{
	struct diagnostics diagnostics = {0};
	struct config *config;
	const char *text = "set security flow udp-session timeout 30";

	(void)state;
	assert_int_equal(config_parse("f", text, strlen(text), &diagnostics, &config), 0);
	assert_int_equal(diagnostics.count, 1);
	assert_int_equal(diagnostics.error_count, 0);
	diagnostics_free(&diagnostics);
	config_free(config);
}

static void errors_give_no_configuration(void **state)
{
	struct diagnostics diagnostics = {0};
	struct config *config = (struct config *)&diagnostics;

	(void)state;
	assert_int_equal(config_parse("f", "x", 1, &diagnostics, &config), -EINVAL);
	assert_null(config);
	diagnostics_free(&diagnostics);
}

/* --- files --- */

static void assert_first_text(const struct diagnostics *diagnostics, const char *expected)
{
	assert_int_equal(diagnostics->count, 1);
	assert_string_equal(diagnostics->entries[0].text, expected);
	assert_int_equal(diagnostics->entries[0].at.line, 0);
}

static void a_file_that_cannot_be_read_is_reported(void **state)
{
	struct diagnostics diagnostics = {0};
	struct config *config;

	(void)state;
	assert_int_equal(config_load("/nonexistent/holdfast.conf", &diagnostics, &config), -ENOENT);
	assert_null(config);
	assert_string_equal(diagnostics.file_name, "/nonexistent/holdfast.conf");
	assert_first_text(&diagnostics, "cannot read this file: No such file or directory; "
					"expected a configuration");
	assert_int_equal(config_load("/", &diagnostics, &config), -EISDIR);
	assert_first_text(&diagnostics,
			  "cannot read this file: Is a directory; expected a configuration");
	diagnostics_free(&diagnostics);
}

static void write_file(char path[], const char *text, size_t times)
{
	int descriptor = mkstemp(path);
	FILE *file = fdopen(descriptor, "w");

	assert_non_null(file);
	for (size_t i = 0; i < times; i++)
		fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void a_file_is_read_whole(void **state)
{
	char path[] = "/tmp/config_test.XXXXXX";
	struct diagnostics diagnostics = {0};
	struct config *config;

	(void)state;
	/* Several times the size of the pieces in which files are read. */
	write_file(path, "set security zones security-zone z description \"a long description\"\n",
		   10000);
	assert_int_equal(config_load(path, &diagnostics, &config), 0);
	config_free(config);
	assert_int_equal(unlink(path), 0);
	diagnostics_free(&diagnostics);
}

static void an_endless_file_is_refused(void **state)
{
	struct diagnostics diagnostics = {0};
	struct config *config;

	(void)state;
	assert_int_equal(config_load("/dev/zero", &diagnostics, &config), -EFBIG);
	diagnostics_free(&diagnostics);
}

/* --- memory that runs out --- */

static long allocations_left = -1; /* negative: no end */

static bool may_allocate(void)
{
	if (allocations_left < 0)
		return true;
	if (allocations_left > 0)
		allocations_left--;
	return allocations_left > 0;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t size)
{
	return may_allocate() ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t count, size_t size)
{
	return may_allocate() ? __real_calloc(count, size) : NULL;
}

void *__wrap_realloc(void *memory, size_t size)
{
	return may_allocate() ? __real_realloc(memory, size) : NULL;
}

char *__wrap_strdup(const char *text)
{
	return may_allocate() ? __real_strdup(text) : NULL;
}

/* One attempt with so many allocations. => the error */
static int parse_with(long allocations, const char *text)
{
	struct diagnostics diagnostics = {0};
	struct config *config = NULL;
	struct snapshot snapshot = {0};
	int error;

	allocations_left = allocations;
	error = config_parse("f", text, strlen(text), &diagnostics, &config);
	if (!error)
		error = config_to_snapshot(config, &snapshot);
	allocations_left = -1;
	if (error == -ENOMEM)
		assert_int_equal(snapshot.zone_count + snapshot.pool_count, 0);
	snapshot_free(&snapshot);
	config_free(config);
	diagnostics_free(&diagnostics);
	return error;
}

static void assert_survives_lack_of_memory(const char *text, int expected)
{
	long allocations = 1;
	int error;

	do
		error = parse_with(allocations++, text);
	while (error == -ENOMEM);
	assert_int_equal(error, expected);
	assert_true(allocations > 20);
}

static void every_allocation_may_fail(void **state)
{
	(void)state;
	assert_survives_lack_of_memory(example, 0);
	assert_survives_lack_of_memory("system { hostname x; }\n"
				       "set security nat source pool p address 192.0.2.300\n"
				       "set security nat source pool p overflow-pool q\n"
				       "set security flow udp-session timeout 1\n"
				       "deactivate security zones\n"
				       "set security nat source rule-set s from zone z\n",
				       -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_printed_loads_again_and_means_the_same),
		cmocka_unit_test(configurations_made_at_random_survive_printing),
		cmocka_unit_test(the_host_name_is_known),
		cmocka_unit_test(warnings_do_not_fail),
		cmocka_unit_test(errors_give_no_configuration),
		cmocka_unit_test(a_file_that_cannot_be_read_is_reported),
		cmocka_unit_test(a_file_is_read_whole),
		cmocka_unit_test(an_endless_file_is_refused),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
