/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program as it is installed: program_test HOLDFAST.
 */
#include <jansson.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/print.h"
#include "config/text.h"
#include "tests/env/unit.h"

static char *program;
static char place[] = "/tmp/holdfast-program-XXXXXX";

/* Runs `holdfast WORDS`, for the shell. => what it wrote, errors included; *status as it ended */
static struct text run(const char *words, int *status)
{
	struct text command = {0}, written = {0};
	char chunk[512];
	FILE *pipe;

	text_add(&command, "cd %s && (%s %s) 2>&1", place, program, words);
	pipe = popen(command.bytes, "re");
	assert_non_null(pipe);
	while (fgets(chunk, sizeof(chunk), pipe))
		text_add(&written, "%s", chunk);
	*status = WEXITSTATUS(pclose(pipe));
	return written;
}

static void assert_run(const char *words, int expected_status, const char *expected)
{
	int status;
	struct text written = run(words, &status);

	assert_string_equal(written.bytes, expected);
	assert_int_equal(status, expected_status);
}

static void write_file(const char *name, const char *text)
{
	struct text path = {0};
	FILE *file;

	text_add(&path, "%s/%s", place, name);
	file = fopen(path.bytes, "we");
	assert_non_null(file);
	(void)fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

/* A pool of a list as long as a vector wants it. */
static void write_config(const char *algorithm, const char *addresses)
{
	struct text config = {0};

	text_add(&config,
		 "set security zones security-zone in interfaces in0\n"
		 "set security zones security-zone out interfaces out0\n"
		 "set security nat source address-persistent algorithm %s\n"
		 "set security nat source pool p address %s\n"
		 "set security nat source rule-set s from zone in\n"
		 "set security nat source rule-set s to zone out\n"
		 "set security nat source rule-set s rule r then source-nat pool p\n",
		 algorithm, addresses);
	write_file("vector.conf", config.bytes);
}

static void assert_index(const char *source, json_int_t length, json_int_t expected)
{
	struct text words = {0}, written;
	json_t *answer;
	char *begin;
	int status;

	text_add(&words, "explain --config vector.conf %s --json", source);
	written = run(words.bytes, &status);
	begin = strchr(written.bytes, '{'); /* a warning of the configuration may stand before it */
	assert_int_equal(status, 0);
	assert_non_null(begin);
	answer = json_loads(begin, 0, NULL);
	assert_non_null(answer);
	assert_int_equal(json_number(answer, "list_length"), length);
	assert_int_equal(json_number(answer, "index"), expected);
	json_decref(answer);
}

/* The vectors of docs/configuration.md. */
static void selectors_choose_as_the_vectors_say(void **state)
{
	static const struct {
		const char *source;
		const char *addresses;
		json_int_t length;
		json_int_t userspace_v1;
		json_int_t ebpf_legacy;
	} vectors[] = {
		{"10.0.1.100", "198.51.100.0/30", 4, 3, 2},
		{"192.0.2.1", "198.51.100.1 to 198.51.100.5", 5, 4, 0},
		{"100.64.9.4", "198.51.100.8/29", 8, 0, 4},
		{"2001:db8::1", "2001:db8:64::1 to 2001:db8:64::101", 257, 197, 116},
		{"fd00::1", "2001:db8:64::1 to 2001:db8:64::3", 3, 2, 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		write_config("userspace-v1", vectors[i].addresses);
		assert_index(vectors[i].source, vectors[i].length, vectors[i].userspace_v1);
		write_config("ebpf-legacy", vectors[i].addresses);
		assert_index(vectors[i].source, vectors[i].length, vectors[i].ebpf_legacy);
	}
}

static void check_says_what_is_in_a_file_or_wrong_with_it(void **state)
{
	(void)state;
	write_config("userspace-v1", "198.51.100.0/30");
	assert_run("check vector.conf 2>/dev/null", 0,
		   "vector.conf: no errors, 2 zones, 1 pool, 4 addresses, 1 rule-set, 1 rule\n");
	write_file("wrong.conf", "set system host-name gw1\nset systen\nsystem {\n");
	assert_run("check wrong.conf", 1,
		   "wrong.conf:2:5: error: 'systen' is unknown in the configuration; expected "
		   "'system', 'interfaces', 'security' or 'applications'; did you mean "
		   "'system'?\n"
		   "wrong.conf:3:8: error: this '{' is not closed before line 4; expected '}'\n");
	write_file("wrong.conf", "set security zones security-zone z interfaces eth0\n"
				 "set interfaces eth0 xdp-mode generic\n"
				 "set system dataplane-type userspace\n");
	assert_run("check wrong.conf", 1,
		   "wrong.conf:2:30: error: the userspace dataplane cannot do 'xdp-mode generic'; "
		   "expected 'xdp-mode native', or 'dataplane-type ebpf'\n");
	assert_run("check absent.conf", 1,
		   "absent.conf: error: cannot read this file: No such file or directory; expected a "
		   "configuration\n");
	assert_run("explain --config absent.conf 10.0.0.1", 1,
		   "absent.conf: error: cannot read this file: No such file or directory; expected a "
		   "configuration\n");
	assert_run("check", 2, "holdfast: FILE is missing after 'check'\n");
	assert_run("explain --config vector.conf 10.0.0.1 2001:db8::1", 1,
		   "holdfast: source 10.0.0.1 and destination 2001:db8::1; expected two addresses of "
		   "the same family\n");
	assert_run("explain --config vector.conf 10.0.0.1 --protocol icmp --source-port 1", 1,
		   "holdfast: protocol icmp has no ports for rules; expected tcp or udp with a "
		   "port\n");
}

static void a_daemon_that_is_not_there_is_said_so(void **state)
{
	(void)state;
	assert_run("--run-dir /nonexistent show version", 1,
		   "holdfast: cannot reach holdfastd at /nonexistent/api.sock: No such file or "
		   "directory; is it running?\n");
	assert_run("--run-dir", 2, "holdfast: --run-dir needs a value; expected DIR\n");
	assert_run("--run-dir=$(printf %120s | tr ' ' x) show version 2>&1 | sed 's/xx*/x/g'", 0,
		   "holdfast: run directory x: too long; expected at most 98 characters\n");
}

static void lines_come_from_standard_input(void **state)
{
	(void)state;
	write_file("lines", "# a comment\n\nshow system ?\ncheck \"vector.conf\" | count\nexit\nno\n");
	write_config("userspace-v1", "198.51.100.0/30");
	assert_run("< lines 2>/dev/null", 0,
		   "  commit                   Show the commits that can be returned to\n"
		   "  dataplane                Show the dataplane: interfaces, sessions, and what "
		   "became of packets\n"
		   "Count: 1 lines\n");
	write_file("lines", "bad\ncheck absent.conf\ncheck \"\n");
	assert_run("< lines 2>/dev/null", 2, "");
}

static void bash_is_told_what_may_follow(void **state)
{
	(void)state;
	assert_run("--complete show sy", 0, "system\n");
	assert_run("--complete explain --from-", 0, "--from-zone\n--from-interface\n");
	assert_run("--complete check ''", 0, "");
	assert_run("--version", 0, "holdfast " HOLDFAST_VERSION "\n");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(selectors_choose_as_the_vectors_say),
		cmocka_unit_test(check_says_what_is_in_a_file_or_wrong_with_it),
		cmocka_unit_test(a_daemon_that_is_not_there_is_said_so),
		cmocka_unit_test(lines_come_from_standard_input),
		cmocka_unit_test(bash_is_told_what_may_follow),
	};
	int failed, status;

	program = argc == 2 ? realpath(argv[1], NULL) : NULL;
	if (!program || !mkdtemp(place))
		return 99;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)run("--version; rm -r \"$PWD\"", &status);
	free(program);
	return failed;
}
