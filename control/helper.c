/* SPDX-License-Identifier: Apache-2.0 */
#include "control/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/directory.h"
#include "dataplane/frame.h"

enum { START_TIMEOUT_MS = 30000, END_TIMEOUT_MS = 10000, YOUNG_S = 10, LONGEST_WAIT_S = 30 };

/* For another one that holds the instance to listen, or to end. */
enum { BUSY_TRIES = 20, BUSY_WAIT_MS = 500 };

/* What it answers to a commit includes compiling, attaching and reading back. */
enum { ANSWER_TIMEOUT_S = 60 };

static s64 now_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

int helper_init(struct helper *helper, const char *instance, const char *run_dir,
		struct error *error)
{
	helper->instance = instance;
	helper->run_dir = run_dir;
	helper->pidfd = -1;
	return directory_join(run_dir, "dp.sock", helper->socket_path, error);
}

static void forget(struct helper *helper)
{
	if (helper->pidfd >= 0)
		(void)close(helper->pidfd);
	helper->pidfd = -1;
	helper->pid = 0;
}

/* Asking. */

static json_t *exchange(struct helper *helper, int fd, const json_t *request, struct error *error)
{
	json_t *answer;

	frame_set_timeout(fd, ANSWER_TIMEOUT_S);
	if (frame_send(fd, request, error))
		return NULL;
	answer = frame_receive(fd, error);
	if (!answer && !*error->text)
		(void)error_set(error, EPIPE, "%s: holdfast-dp ended before it answered",
				helper->socket_path);
	return answer;
}

/* => the answer, if it says ok */
static json_t *judged(json_t *answer, struct error *error)
{
	const char *text = json_string_value(json_object_get(answer, "error"));

	if (!answer || json_is_true(json_object_get(answer, "ok")))
		return answer;
	(void)error_set(error, EREMOTEIO, "dataplane: %s", text ? text : "an answer without 'ok'");
	json_decref(answer);
	return NULL;
}

json_t *helper_ask(struct helper *helper, const char *name, json_t *fields, struct error *error)
{
	json_t *request = fields ? fields : json_object(), *answer;
	int fd;

	if (!request || json_object_set_new(request, "request", json_string(name))) {
		json_decref(request);
		(void)error_set(error, ENOMEM, "out of memory");
		return NULL;
	}
	fd = frame_connect(helper->socket_path, error);
	answer = fd < 0 ? NULL : judged(exchange(helper, fd, request, error), error);
	json_decref(request);
	if (fd >= 0)
		(void)close(fd);
	return answer;
}

/* Taking up with one that runs. */

static int note_process(struct helper *helper, pid_t pid, struct error *error)
{
	helper->pidfd = pidfd_open(pid, 0);
	if (helper->pidfd < 0)
		return error_set_errno(error, errno, "watching holdfast-dp, process %d", pid);
	helper->pid = pid;
	helper->started_s = now_s();
	return 0;
}

static int find_process(struct helper *helper, struct error *error)
{
	struct ucred peer = {0};
	socklen_t length = sizeof(peer);
	int fd = frame_connect(helper->socket_path, error), result;

	if (fd < 0)
		return fd;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length))
		result = error_set_errno(error, errno, "%s", helper->socket_path);
	else
		result = note_process(helper, peer.pid, error);
	(void)close(fd);
	return result;
}

static bool wait_for(int fd, int timeout_ms)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	return poll(&poll_fd, 1, timeout_ms) == 1;
}

static int stop_process(struct helper *helper, struct error *error)
{
	if (pidfd_send_signal(helper->pidfd, SIGTERM, NULL, 0) && errno != ESRCH)
		return error_set_errno(error, errno, "ending holdfast-dp, process %d", helper->pid);
	if (!wait_for(helper->pidfd, END_TIMEOUT_MS))
		return error_set(error, ETIMEDOUT, "holdfast-dp, process %d, does not end",
				 helper->pid);
	forget(helper);
	return 0;
}

/* => 0 and helper->pid, if one runs that may stay; 0 and no pid if one must be started */
static int take_up(struct helper *helper, struct error *error)
{
	struct error none;
	json_t *status;
	const char *version, *instance;
	int result = 0;

	if (find_process(helper, &none))
		return 0;
	status = helper_ask(helper, "status", NULL, error);
	if (!status) { /* killed just now, it may have taken the connection and not come to answer */
		result = wait_for(helper->pidfd, END_TIMEOUT_MS) ? 0 : -EREMOTEIO;
		forget(helper);
		return result;
	}
	version = json_string_value(json_object_get(status, "version"));
	instance = json_string_value(json_object_get(status, "instance"));
	if (!instance || strcmp(instance, helper->instance)) {
		result = error_set(error, EADDRINUSE,
				   "%s: the holdfast-dp there holds instance '%s', expected '%s'; "
				   "give each instance a --run-dir of its own",
				   helper->socket_path, instance ? instance : "", helper->instance);
		forget(helper);
	} else if (!version || strcmp(version, HOLDFAST_VERSION)) {
		result = stop_process(helper, error);
	}
	json_decref(status);
	return result;
}

/* Starting one. */

/* Beside this program, where it is in a build directory or installed. */
static void program_path(char path[PATH_MAX])
{
	static const char *const places[] = {"", "../dataplane/"};
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	self[length < 0 ? 0 : length] = '\0';
	slash = strrchr(self, '/');
	for (size_t i = 0; slash && i < sizeof(places) / sizeof(places[0]); i++) {
		(void)snprintf(path, PATH_MAX, "%.*s%sholdfast-dp", (int)(slash - self) + 1, self,
			       places[i]);
		if (!access(path, X_OK))
			return;
	}
	(void)snprintf(path, PATH_MAX, "%s", HOLDFAST_DP);
}

static void become_helper(const struct helper *helper, const char *path, int ready_fd)
{
	char ready[16];
	const char *arguments[] = {"holdfast-dp", "--instance", helper->instance, "--run-dir",
				   helper->run_dir, "--ready-fd", ready,
				   helper->to_syslog ? "--syslog" : NULL, NULL};
	sigset_t none;

	(void)snprintf(ready, sizeof(ready), "%d", ready_fd);
	(void)fcntl(ready_fd, F_SETFD, 0);
	(void)setsid();
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)execv(path, (char *const *)arguments);
	(void)fprintf(stderr, "holdfastd: starting %s: %s\n", path, strerror(errno));
	_exit(127);
}

/* => -EBUSY if another one has the instance, -ECHILD */
static int report_end(const struct helper *helper, int status, struct error *error)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == EX_TEMPFAIL)
		return error_set(error, EBUSY,
				 "another holdfast-dp has instance '%s', and does not listen at %s",
				 helper->instance, helper->socket_path);
	return error_set(error, ECHILD, "holdfast-dp ended while it started; it has said why");
}

/* It writes a byte when it listens; if it ends before that, the pipe ends. */
static int wait_until_ready(struct helper *helper, int ready_fd, struct error *error)
{
	bool in_time = wait_for(ready_fd, START_TIMEOUT_MS);
	int status = 0;
	char byte;

	if (in_time && read(ready_fd, &byte, 1) == 1)
		return 0;
	(void)pidfd_send_signal(helper->pidfd, SIGKILL, NULL, 0);
	(void)waitpid(helper->pid, &status, 0);
	forget(helper);
	return in_time ? report_end(helper, status, error)
		       : error_set(error, ECHILD,
				   "holdfast-dp does not get ready, and was ended");
}

static int start(struct helper *helper, struct error *error)
{
	char path[PATH_MAX];
	int fds[2], result;
	pid_t pid;

	program_path(path);
	if (pipe2(fds, O_CLOEXEC))
		return error_set_errno(error, errno, "making a pipe");
	pid = fork();
	if (!pid)
		become_helper(helper, path, fds[1]);
	(void)close(fds[1]);
	result = pid < 0 ? error_set_errno(error, errno, "starting %s", path)
			 : note_process(helper, pid, error);
	if (!result)
		result = wait_until_ready(helper, fds[0], error);
	(void)close(fds[0]);
	return result;
}

static int take_up_or_start(struct helper *helper, struct error *error)
{
	int result = take_up(helper, error);

	return result || helper->pid ? result : start(helper, error);
}

/* One that another holdfastd started before it was killed may not listen yet, or be ending. */
int helper_open(struct helper *helper, struct error *error)
{
	int result = take_up_or_start(helper, error);

	for (u32 i = 0; result == -EBUSY && i < BUSY_TRIES; i++) {
		(void)poll(NULL, 0, BUSY_WAIT_MS);
		result = take_up_or_start(helper, error);
	}
	return result;
}

u32 helper_lost(struct helper *helper)
{
	bool young = now_s() - helper->started_s < YOUNG_S;
	u32 wait_s = young ? helper->next_wait_s : 0;

	(void)waitpid(helper->pid, NULL, WNOHANG);
	forget(helper);
	helper->restarts++;
	helper->next_wait_s = !wait_s ? 1 : wait_s * 2 < LONGEST_WAIT_S ? wait_s * 2 : LONGEST_WAIT_S;
	return wait_s;
}

void helper_close(struct helper *helper)
{
	forget(helper);
}
