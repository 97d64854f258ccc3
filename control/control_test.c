/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commits against a dataplane made up here: a thread that answers on a socket as holdfast-dp does,
 * and installs what it is sent, or less than that.
 */
#include "control/control.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/env/unit.h"

#include "dataplane/capabilities.h"
#include "dataplane/directory.h"
#include "dataplane/frame.h"

static const char text_a[] =
	"set security zones security-zone lan interfaces eth0\n"
	"set security zones security-zone wan interfaces eth1\n"
	"set security nat source address-persistent\n"
	"set security nat source pool p address 198.51.100.16/28\n"
	"set security nat source rule-set out from zone lan\n"
	"set security nat source rule-set out to zone wan\n"
	"set security nat source rule-set out rule all match source-address 10.0.0.0/8\n"
	"set security nat source rule-set out rule all then source-nat pool p\n";
static const char line_b[] = "set security flow udp-session timeout 200\n";

/* The dataplane made up here. Its thread alone touches it while a request is on its way. */
struct fake {
	int listener;
	pthread_t thread;
	json_t *in_force; /* NULL: nothing */
	json_t *previous; /* while unconfirmed */
	bool unconfirmed;
	bool loses_persistence; /* the founding bug: installs without it and says nothing */
	const char *refusal;    /* of apply */
	const char *cannot;     /* a capability that it does not have */
	char log[256];          /* requests, but for those that only ask */
};

struct fixture {
	struct fake fake;
	struct control control;
	char directory[64];
	char config_path[PATH_MAX];
};

static json_t *fake_status(const struct fake *fake)
{
	json_t *generation = json_object_get(fake->in_force, "generation");

	return json_pack("{s:b, s:I, s:b}", "ok", 1, "generation", json_integer_value(generation),
			 "unconfirmed", fake->unconfirmed);
}

static json_t *fake_apply(struct fake *fake, json_t *snapshot)
{
	if (fake->refusal)
		return json_pack("{s:b, s:s}", "ok", 0, "error", fake->refusal);
	json_decref(fake->previous);
	fake->previous = fake->in_force;
	fake->in_force = json_deep_copy(snapshot);
	fake->unconfirmed = true;
	if (fake->loses_persistence)
		(void)json_object_set_new(
			json_array_get(json_object_get(fake->in_force, "pools"), 0),
			"address_persistent", json_false());
	return json_pack("{s:b, s:O}", "ok", 1, "installed", fake->in_force);
}

static json_t *fake_settle(struct fake *fake, bool keep)
{
	json_t *dropped = keep ? fake->previous : fake->in_force;

	if (!fake->unconfirmed)
		return json_pack("{s:b, s:s}", "ok", 0, "error", "nothing waits");
	if (!keep)
		fake->in_force = fake->previous;
	fake->previous = NULL;
	fake->unconfirmed = false;
	json_decref(dropped);
	return json_pack("{s:b}", "ok", 1);
}

static json_t *fake_capabilities(const struct fake *fake)
{
	json_t *offered = capabilities_offered(), *list = json_object_get(offered, "ebpf"), *name;
	size_t i;

	json_array_foreach(list, i, name)
		if (fake->cannot && !strcmp(json_string_value(name), fake->cannot))
			(void)json_array_remove(list, i--);
	return json_pack("{s:b, s:o}", "ok", 1, "capabilities", offered);
}

static json_t *fake_answer(struct fake *fake, json_t *request)
{
	const char *name = json_string_value(json_object_get(request, "request"));

	if (!strcmp(name, "status"))
		return fake_status(fake);
	if (!strcmp(name, "capabilities"))
		return fake_capabilities(fake);
	if (!strcmp(name, "read-back") && fake->in_force)
		return json_pack("{s:b, s:O}", "ok", 1, "installed", fake->in_force);
	if (!strcmp(name, "read-back"))
		return json_pack("{s:b, s:s}", "ok", 0, "error", "no configuration is in force");
	(void)strncat(fake->log, name, sizeof(fake->log) - strlen(fake->log) - 2);
	(void)strcat(fake->log, " ");
	if (!strcmp(name, "apply"))
		return fake_apply(fake, json_object_get(request, "snapshot"));
	return fake_settle(fake, !strcmp(name, "confirm"));
}

/* Serves until the listener is shut down. */
static void *fake_serve(void *context)
{
	struct fake *fake = context;
	int fd;

	while ((fd = accept(fake->listener, NULL, NULL)) >= 0) {
		struct error error;
		json_t *request = frame_receive(fd, &error), *answer;

		answer = request ? fake_answer(fake, request) : NULL;
		if (answer)
			(void)frame_send(fd, answer, &error);
		json_decref(answer);
		json_decref(request);
		(void)close(fd);
	}
	return NULL;
}

static void write_file(const struct fixture *f, const char *more)
{
	FILE *file = fopen(f->config_path, "we");

	assert_non_null(file);
	(void)fputs(text_a, file);
	(void)fputs(more, file);
	assert_int_equal(fclose(file), 0);
}

/* What a holdfastd does when it starts. */
static void open_control(struct fixture *f)
{
	struct error error;

	memset(&f->control, 0, sizeof(f->control));
	f->control.config_path = f->config_path;
	f->control.instance = "test";
	assert_int_equal(helper_init(&f->control.helper, "test", f->directory, &error), 0);
	assert_int_equal(store_open(&f->control.store, f->directory, &error), 0);
}

static void restart_control(struct fixture *f)
{
	control_close(&f->control);
	open_control(f);
}

static int start(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char socket[PATH_MAX];
	struct error error;

	(void)strcpy(f->directory, "/tmp/holdfast-control-XXXXXX");
	if (!mkdtemp(f->directory) ||
	    directory_join(f->directory, "gw.conf", f->config_path, &error) ||
	    directory_join(f->directory, "dp.sock", socket, &error))
		return -1;
	f->fake.listener = frame_listen(socket, &error);
	(void)fcntl(f->fake.listener, F_SETFL, 0); /* its thread waits in accept() */
	write_file(f, "");
	open_control(f);
	*state = f;
	return f->fake.listener < 0 ||
	       pthread_create(&f->fake.thread, NULL, fake_serve, &f->fake);
}

static int stop(void **state)
{
	static const char *const files[] = {"gw.conf", "dp.sock", "commits", "commits-lock"};
	struct fixture *f = *state;
	char path[PATH_MAX];
	struct error error;

	(void)shutdown(f->fake.listener, SHUT_RDWR);
	(void)pthread_join(f->fake.thread, NULL);
	(void)close(f->fake.listener);
	json_decref(f->fake.in_force);
	json_decref(f->fake.previous);
	control_close(&f->control);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (!directory_join(f->directory, files[i], path, &error))
			(void)unlink(path);
	(void)rmdir(f->directory);
	free(f);
	return 0;
}

/* Runs an order; its result is not looked at further. => its code, and the text of the error */
static struct error last_error;

static int order_start(struct fixture *f)
{
	struct commit_result result = {0};
	int code = control_start(&f->control, &result, &last_error);

	commit_result_free(&result);
	return code;
}

static int order_commit_file(struct fixture *f)
{
	struct commit_result result = {0};
	int code = control_commit_file(&f->control, &result, &last_error);

	commit_result_free(&result);
	return code;
}

static int order_rollback(struct fixture *f, u32 number)
{
	struct commit_result result = {0};
	int code = control_rollback(&f->control, number, &result, &last_error);

	commit_result_free(&result);
	return code;
}

static s64 udp_timeout_in_force(const struct fixture *f)
{
	json_t *timeouts = json_object_get(f->fake.in_force, "timeouts");

	return json_integer_value(json_object_get(timeouts, "udp"));
}

static int history(struct fixture *f)
{
	struct error error;

	return store_count(f->control.store, &error);
}

static void assert_log(struct fixture *f, const char *expected)
{
	assert_string_equal(f->fake.log, expected);
	f->fake.log[0] = '\0';
}

static void a_commit_is_confirmed_and_kept(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(order_start(f), 0);
	assert_log(f, "apply confirm ");
	assert_int_equal(history(f), 1);
	assert_int_equal(f->control.generation, 1);
	write_file(f, line_b);
	assert_int_equal(order_commit_file(f), 0);
	assert_log(f, "apply confirm ");
	assert_int_equal(f->control.generation, 2);
	assert_int_equal(udp_timeout_in_force(f), 200);
}

/* [INV-INSTALLED] what is not installed as it was sent does not stay. */
static void a_lost_field_is_named_and_taken_back(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(order_start(f), 0);
	assert_log(f, "apply confirm ");
	write_file(f, line_b);
	f->fake.loses_persistence = true;
	assert_int_equal(order_commit_file(f), -EBADE);
	assert_log(f, "apply revert ");
	assert_non_null(strstr(last_error.text, "pools[0].address_persistent"));
	assert_int_equal(history(f), 1);
	assert_int_equal(f->control.generation, 1);
	assert_int_equal(udp_timeout_in_force(f), 300);
}

static void a_refusal_of_the_dataplane_is_told(void **state)
{
	struct fixture *f = *state;

	f->fake.refusal = "interface eth0: there is none";
	assert_true(order_start(f) < 0);
	assert_log(f, "apply ");
	assert_non_null(strstr(last_error.text, f->fake.refusal));
	assert_int_equal(history(f), 0);
	assert_null(f->control.config);
}

/* The statement is named by its place, and the dataplane is sent nothing. */
static void what_the_dataplane_cannot_do_is_not_sent(void **state)
{
	struct fixture *f = *state;
	struct commit_result result = {0};
	char expected[PATH_MAX + 256];

	assert_int_equal(order_start(f), 0);
	assert_log(f, "apply confirm ");
	write_file(f, line_b);
	f->fake.cannot = "address-persistent:userspace-v1";
	assert_int_equal(control_commit_file(&f->control, &result, &last_error), -EINVAL);
	assert_log(f, "");
	(void)snprintf(expected, sizeof(expected),
		       "%s:3:25: error: the ebpf dataplane cannot do 'address-persistent algorithm "
		       "userspace-v1'; expected another algorithm, or 'dataplane-type userspace'\n",
		       f->config_path);
	assert_string_equal(result.diagnostics, expected);
	assert_non_null(strstr(last_error.text, "1 error in the configuration"));
	commit_result_free(&result);
	assert_int_equal(history(f), 1);
	assert_int_equal(f->control.generation, 1);
	assert_int_equal(udp_timeout_in_force(f), 300);
}

/* It runs: a dataplane that has lost a capability since does not keep holdfastd from starting. */
static void what_is_in_force_is_adopted_unasked(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(order_start(f), 0);
	f->fake.cannot = "address-persistent:userspace-v1";
	restart_control(f);
	assert_int_equal(order_start(f), 0);
	assert_log(f, "apply confirm ");
	assert_int_equal(f->control.generation, 1);
}

static void errors_in_the_file_reach_nobody(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(order_start(f), 0);
	assert_log(f, "apply confirm ");
	write_file(f, "set security nat source pol p\n");
	assert_int_equal(order_commit_file(f), -EINVAL);
	assert_log(f, "");
	assert_int_equal(f->control.generation, 1);
}

/* A file that may not grow is what a full disk is to the program. */
static void a_commit_that_cannot_be_kept_is_taken_back(void **state)
{
	const struct rlimit none = {0, RLIM_INFINITY}, any = {RLIM_INFINITY, RLIM_INFINITY};
	struct fixture *f = *state;

	assert_int_equal(order_start(f), 0);
	assert_log(f, "apply confirm ");
	write_file(f, line_b);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_int_equal(order_commit_file(f), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &any), 0);
	assert_log(f, "apply revert ");
	assert_int_equal(udp_timeout_in_force(f), 300);
	assert_int_equal(history(f), 1);
}

static void a_restart_adopts_what_is_there(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(order_start(f), 0);
	assert_log(f, "apply confirm ");
	restart_control(f);
	assert_int_equal(order_start(f), 0);
	assert_log(f, "");
	assert_int_equal(f->control.generation, 1);
	assert_int_equal(history(f), 1);
}

static void a_restart_keeps_a_rollback_until_the_file_changes(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(order_start(f), 0);
	write_file(f, line_b);
	assert_int_equal(order_commit_file(f), 0);
	assert_int_equal(order_rollback(f, 1), 0);
	assert_int_equal(udp_timeout_in_force(f), 300);
	assert_log(f, "apply confirm apply confirm apply confirm ");
	restart_control(f);
	assert_int_equal(order_start(f), 0);
	assert_log(f, "");
	assert_int_equal(udp_timeout_in_force(f), 300);
	write_file(f, "set security flow udp-session timeout 201\n");
	restart_control(f);
	assert_int_equal(order_start(f), 0);
	assert_log(f, "apply confirm ");
	assert_int_equal(udp_timeout_in_force(f), 201);
}

static void what_nobody_confirmed_is_taken_back_first(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(order_start(f), 0);
	assert_log(f, "apply confirm ");
	f->fake.previous = json_deep_copy(f->fake.in_force);
	f->fake.unconfirmed = true;
	(void)json_object_set_new(json_object_get(f->fake.in_force, "timeouts"), "udp",
				  json_integer(1));
	restart_control(f);
	assert_int_equal(order_start(f), 0);
	assert_log(f, "revert ");
	assert_int_equal(udp_timeout_in_force(f), 300);
}

static void a_lost_state_is_made_again(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(order_start(f), 0);
	assert_log(f, "apply confirm ");
	json_decref(f->fake.in_force);
	f->fake.in_force = NULL;
	assert_int_equal(control_resume(&f->control, &last_error), 0);
	assert_log(f, "apply confirm ");
	assert_int_equal(f->control.generation, 2);
	assert_int_equal(control_resume(&f->control, &last_error), 0);
	assert_log(f, "");
}

static void there_is_no_such_rollback(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(order_start(f), 0);
	assert_int_equal(order_rollback(f, 1), -ENOENT);
	assert_non_null(strstr(last_error.text, "there is no commit 1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
		TEST(a_commit_is_confirmed_and_kept),
		TEST(a_lost_field_is_named_and_taken_back),
		TEST(a_refusal_of_the_dataplane_is_told),
		TEST(what_the_dataplane_cannot_do_is_not_sent),
		TEST(what_is_in_force_is_adopted_unasked),
		TEST(errors_in_the_file_reach_nobody),
		TEST(a_commit_that_cannot_be_kept_is_taken_back),
		TEST(a_restart_adopts_what_is_there),
		TEST(a_restart_keeps_a_rollback_until_the_file_changes),
		TEST(what_nobody_confirmed_is_taken_back_first),
		TEST(a_lost_state_is_made_again),
		TEST(there_is_no_such_rollback),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
