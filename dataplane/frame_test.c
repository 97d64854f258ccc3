/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages between holdfastd and holdfast-dp, when the other side behaves and when it does not.
 */
#include "dataplane/frame.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "abi/types.h"
#include "tests/env/unit.h"

static int ends[2];

static int start(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
}

static void hang_up(void)
{
	if (ends[0] >= 0)
		(void)close(ends[0]);
	ends[0] = -1;
}

static int stop(void **state)
{
	(void)state;
	hang_up();
	(void)close(ends[1]);
	return 0;
}

static void put(const void *bytes, size_t count)
{
	assert_int_equal(send(ends[0], bytes, count, MSG_NOSIGNAL), count);
}

static void put_length(u32 length)
{
	__be32 header = htonl(length);

	put(&header, sizeof(header));
}

static void put_message(const char *text)
{
	put_length((u32)strlen(text));
	put(text, strlen(text));
}

static void expect_error(const char *text)
{
	struct error error = {"unset"};

	assert_null(frame_receive(ends[1], &error));
	if (!strstr(error.text, text) || (!*text && *error.text))
		fail_msg("the error is \"%s\", expected \"%s\"", error.text, text);
}

static void expect_message(json_t *expected)
{
	struct error error = {""};
	json_t *got = frame_receive(ends[1], &error);

	if (!got)
		fail_msg("%s", error.text);
	assert_true(json_equal(got, expected));
	json_decref(got);
}

static void messages_arrive_whole_and_in_order(void **state)
{
	json_t *message = json_pack("{s:s, s:[i,i], s:n}", "request", "ap\xc3\xa4ply", "list", 1,
				    2, "nothing");
	json_t *other = json_pack("[]");
	struct error error;

	(void)state;
	assert_int_equal(frame_send(ends[0], message, &error), 0);
	assert_int_equal(frame_send(ends[0], other, &error), 0);
	expect_message(message);
	expect_message(other);
	json_decref(message);
	json_decref(other);
}

/* Larger than what a socket holds: both sides have to take several turns. */
static json_t *large;

static void *send_large(void *result)
{
	struct error error;

	*(int *)result = frame_send(ends[0], large, &error);
	return NULL;
}

static void a_large_message_takes_several_turns(void **state)
{
	pthread_t sender;
	int result = -1;

	(void)state;
	large = json_array();
	for (u32 i = 0; i < 400000; i++)
		(void)json_array_append_new(large, json_integer(i));
	assert_int_equal(pthread_create(&sender, NULL, send_large, &result), 0);
	expect_message(large);
	(void)pthread_join(sender, NULL);
	assert_int_equal(result, 0);
	json_decref(large);
}

static void an_orderly_end_is_no_error(void **state)
{
	(void)state;
	put_message("{}");
	hang_up();
	json_decref(frame_receive(ends[1], &(struct error){""}));
	expect_error("");
}

static void an_end_within_a_message_is_an_error(void **state)
{
	(void)state;
	put("\0\0", 2);
	hang_up();
	expect_error("receiving a message");
}

static void an_end_behind_the_length_is_an_error(void **state)
{
	(void)state;
	put_length(10);
	hang_up();
	expect_error("10 bytes");
}

static void an_end_within_the_text_is_an_error(void **state)
{
	(void)state;
	put_length(10);
	put("{\"a\":", 5);
	hang_up();
	expect_error("10 bytes");
}

static void garbage_is_refused_with_its_place(void **state)
{
	static const char *const texts[] = {
		"{\"a\":1,}", "nonsense", "{} {}", "", "\"text\"", "{\"a\":1,\"a\":2}",
		"{\"a\":\"\xff\xfe\"}", "{\"a\":\"\\u0000\"}", "[1e999]", "{\"a\"",
		"{\"a\":123456789012345678901234567890}"};

	(void)state;
	for (u32 i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		put_message(texts[i]);
		expect_error("no JSON");
	}
	put_message("{}");
	json_decref(frame_receive(ends[1], &(struct error){""}));
}

static void a_text_that_nests_without_end_is_refused(void **state)
{
	enum { DEPTH = 100000 };
	char *text = malloc(DEPTH + 1);

	(void)state;
	assert_non_null(text);
	memset(text, '[', DEPTH);
	text[DEPTH] = '\0';
	put_message(text);
	expect_error("no JSON");
	free(text);
}

/* Nothing is allocated for a length that is not believed. */
static void a_message_beyond_the_limit_is_refused_at_once(void **state)
{
	(void)state;
	put_length(FRAME_MAX_BYTES + 1);
	expect_error("at most 67108864");
	put_length(~0u);
	expect_error("at most 67108864");
}

static void a_message_beyond_the_limit_is_not_sent(void **state)
{
	char *text = malloc(FRAME_MAX_BYTES + 1);
	json_t *message = json_array();
	struct error error;

	(void)state;
	assert_non_null(text);
	memset(text, 'a', FRAME_MAX_BYTES);
	text[FRAME_MAX_BYTES] = '\0';
	(void)json_array_append_new(message, json_string(text));
	assert_int_equal(frame_send(ends[0], message, &error), -EMSGSIZE);
	free(text);
	json_decref(message);
	hang_up();
	expect_error(""); /* not a byte of it was sent */
}

static void set_short_timeout(int fd)
{
	const struct timeval timeout = {.tv_usec = 20000};

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)), 0);
}

static void silence_ends_in_a_timeout(void **state)
{
	(void)state;
	set_short_timeout(ends[1]);
	expect_error(strerror(ETIMEDOUT));
	put_length(2);
	expect_error(strerror(ETIMEDOUT));
}

static void a_side_that_does_not_read_ends_in_a_timeout(void **state)
{
	char *text = malloc(16 << 20);
	json_t *message = json_array();
	struct error error;

	(void)state;
	assert_non_null(text);
	memset(text, 'a', (16 << 20) - 1);
	text[(16 << 20) - 1] = '\0';
	(void)json_array_append_new(message, json_string(text));
	set_short_timeout(ends[0]);
	assert_int_equal(frame_send(ends[0], message, &error), -ETIMEDOUT);
	free(text);
	json_decref(message);
}

static void the_timeout_is_that_of_both_directions(void **state)
{
	struct timeval timeout = {0};
	socklen_t bytes = sizeof(timeout);

	(void)state;
	frame_set_timeout(ends[0], 7);
	assert_int_equal(getsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &timeout, &bytes), 0);
	assert_int_equal(timeout.tv_sec, 7);
	timeout.tv_sec = 0;
	assert_int_equal(getsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &timeout, &bytes), 0);
	assert_int_equal(timeout.tv_sec, 7);
}

/* No signal kills the sender. */
static void sending_to_nobody_is_an_error(void **state)
{
	json_t *message = json_array();
	struct error error;
	int other = ends[1];

	(void)state;
	hang_up();
	assert_int_equal(frame_send(other, message, &error), -EPIPE);
	json_decref(message);
}

static char directory[] = "/tmp/holdfast-frame-XXXXXX";

static void sockets_have_paths(void **state)
{
	char path[sizeof(directory) + 8], long_path[256];
	struct error error = {""};
	struct stat status;
	int listening, again, fd;

	(void)state;
	assert_non_null(mkdtemp(directory));
	(void)snprintf(path, sizeof(path), "%s/socket", directory);
	assert_int_equal(frame_connect(path, &error), -ENOENT);
	assert_non_null(strstr(error.text, path));
	listening = frame_listen(path, &error);
	assert_true(listening >= 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	fd = frame_connect(path, &error);
	assert_true(fd >= 0);
	(void)close(fd);
	again = frame_listen(path, &error); /* what a dead process left is replaced */
	assert_true(again >= 0);
	(void)close(again);
	(void)close(listening);
	assert_int_equal(frame_connect(path, &error), -ECONNREFUSED);
	(void)unlink(path);
	(void)rmdir(directory);
	memset(long_path, 'x', sizeof(long_path));
	long_path[sizeof(long_path) - 1] = '\0';
	assert_int_equal(frame_listen(long_path, &error), -ENAMETOOLONG);
	assert_int_equal(frame_connect(long_path, &error), -ENAMETOOLONG);
	assert_int_equal(frame_listen("/nowhere/at/all", &error), -ENOENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(messages_arrive_whole_and_in_order),
		TEST(a_large_message_takes_several_turns),
		TEST(an_orderly_end_is_no_error),
		TEST(an_end_within_a_message_is_an_error),
		TEST(an_end_behind_the_length_is_an_error),
		TEST(an_end_within_the_text_is_an_error),
		TEST(garbage_is_refused_with_its_place),
		TEST(a_text_that_nests_without_end_is_refused),
		TEST(a_message_beyond_the_limit_is_refused_at_once),
		TEST(a_message_beyond_the_limit_is_not_sent),
		TEST(silence_ends_in_a_timeout),
		TEST(a_side_that_does_not_read_ends_in_a_timeout),
		TEST(the_timeout_is_that_of_both_directions),
		TEST(sending_to_nobody_is_an_error),
		cmocka_unit_test(sockets_have_paths),
	};

	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
