/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holdfast-dp: the dataplane helper. Owns the pinned state of one instance, listens to the kernel,
 * collects flows, and does what holdfastd asks for on a Unix socket. Packets do not need it: when
 * it is gone the programs go on.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "dataplane/engine.h"
#include "dataplane/frame.h"
#include "dataplane/server.h"
#include "dataplane/state.h"

enum { MAX_CLIENTS = 16 };

enum { POLL_SIGNAL, POLL_KERNEL, POLL_TIMER, POLL_LISTENER, POLL_CLIENTS };

struct helper {
	struct engine *engine;
	struct pollfd polls[POLL_CLIENTS + MAX_CLIENTS];
	nfds_t count;
};

static const char usage[] =
	"usage: holdfast-dp [--instance NAME] [--run-dir DIR]\n"
	"       holdfast-dp [--instance NAME] --discard\n"
	"\n"
	"Holds the NAT state of an instance; holdfastd starts it and talks to it.\n"
	"\n"
	"  --instance NAME  state under /sys/fs/bpf/holdfast/NAME (default: default)\n"
	"  --run-dir DIR    where its socket dp.sock goes (default: /run/holdfast)\n"
	"  --discard        detach, forget all flows and exit\n"
	"  --verbose        let libbpf say what it does\n"
	"  --version        print the version and exit\n";

struct arguments {
	const char *instance;
	const char *run_dir;
	bool discard;
	bool verbose;
};

static void parse_arguments(int argc, char **argv, struct arguments *arguments)
{
	static const struct option options[] = {
		{"instance", required_argument, NULL, 'i'}, {"run-dir", required_argument, NULL, 'r'},
		{"discard", no_argument, NULL, 'd'},        {"verbose", no_argument, NULL, 'V'},
		{"version", no_argument, NULL, 'v'},        {"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}};
	int option;

	*arguments = (struct arguments){.instance = "default", .run_dir = "/run/holdfast"};
	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case 'i':
			arguments->instance = optarg;
			break;
		case 'r':
			arguments->run_dir = optarg;
			break;
		case 'd':
			arguments->discard = true;
			break;
		case 'V':
			arguments->verbose = true;
			break;
		case 'v':
			(void)puts("holdfast-dp " HOLDFAST_VERSION);
			exit(0);
		case 'h':
			(void)fputs(usage, stdout);
			exit(0);
		default:
			(void)fputs(usage, stderr);
			exit(2);
		}
	}
	if (optind < argc) {
		(void)fprintf(stderr, "holdfast-dp: unexpected argument '%s'\n%s", argv[optind],
			      usage);
		exit(2);
	}
}

static int complain(const struct error *error)
{
	(void)fprintf(stderr, "holdfast-dp: %s\n", error->text);
	return 1;
}

static void drop_client(struct helper *helper, nfds_t which)
{
	(void)close(helper->polls[which].fd);
	helper->polls[which] = helper->polls[--helper->count];
}

static void accept_client(struct helper *helper)
{
	int fd = accept4(helper->polls[POLL_LISTENER].fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (helper->count == POLL_CLIENTS + MAX_CLIENTS) {
		(void)close(fd);
		return;
	}
	frame_set_timeout(fd, FRAME_TIMEOUT_S);
	helper->polls[helper->count++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

/* One request, one answer. */
static void serve_client(struct helper *helper, nfds_t which)
{
	int fd = helper->polls[which].fd;
	struct error error;
	json_t *request = frame_receive(fd, &error), *answer;
	int result;

	if (!request) {
		if (*error.text)
			(void)complain(&error);
		drop_client(helper, which);
		return;
	}
	answer = server_answer(helper->engine, request);
	json_decref(request);
	result = answer ? frame_send(fd, answer, &error) : -ENOMEM;
	json_decref(answer);
	if (result)
		drop_client(helper, which);
}

static int open_signals(void)
{
	sigset_t signals;

	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &signals, NULL);
	return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int open_timer(void)
{
	const struct itimerspec every_second = {.it_interval = {.tv_sec = 1},
						.it_value = {.tv_nsec = 1}};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	(void)timerfd_settime(fd, 0, &every_second, NULL);
	return fd;
}

static void listen_to_kernel(struct helper *helper)
{
	struct error error;

	if (engine_listen(helper->engine, &error))
		(void)complain(&error);
}

/* The kernel's announcements are read before next hops are declared good for another while. */
static void tick(struct helper *helper)
{
	u64 expirations;

	if (read(helper->polls[POLL_TIMER].fd, &expirations, sizeof(expirations)) < 0)
		return;
	listen_to_kernel(helper);
	engine_tick(helper->engine);
}

static void run(struct helper *helper)
{
	while (!(helper->polls[POLL_SIGNAL].revents & POLLIN)) {
		if (poll(helper->polls, helper->count, -1) < 0)
			continue;
		if (helper->polls[POLL_KERNEL].revents)
			listen_to_kernel(helper);
		if (helper->polls[POLL_TIMER].revents)
			tick(helper);
		for (nfds_t i = helper->count; i-- > POLL_CLIENTS;)
			if (helper->polls[i].revents)
				serve_client(helper, i);
		if (helper->polls[POLL_LISTENER].revents)
			accept_client(helper);
	}
}

static int open_listener(const char *run_dir, struct error *error)
{
	char path[PATH_MAX];

	if (mkdir(run_dir, 0755) && errno != EEXIST)
		return error_set_errno(error, errno, "making %s", run_dir);
	(void)snprintf(path, sizeof(path), "%s/dp.sock", run_dir);
	return frame_listen(path, error);
}

static int serve(const struct arguments *arguments)
{
	struct helper helper = {.count = POLL_CLIENTS};
	struct error error;
	int fds[POLL_CLIENTS];

	fds[POLL_SIGNAL] = open_signals();
	if (engine_open(&helper.engine, arguments->instance, &error))
		return complain(&error);
	fds[POLL_LISTENER] = open_listener(arguments->run_dir, &error);
	if (fds[POLL_LISTENER] < 0) {
		engine_close(helper.engine);
		return complain(&error);
	}
	fds[POLL_KERNEL] = engine_kernel_fd(helper.engine);
	fds[POLL_TIMER] = open_timer();
	for (nfds_t i = 0; i < POLL_CLIENTS; i++)
		helper.polls[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
	run(&helper);
	engine_close(helper.engine);
	return 0;
}

int main(int argc, char **argv)
{
	struct arguments arguments;
	char run_dir[PATH_MAX];
	struct error error;
	int lock;

	parse_arguments(argc, argv, &arguments);
	if (!arguments.verbose)
		(void)libbpf_set_print(NULL);
	if (arguments.run_dir[0] != '/' && getcwd(run_dir, sizeof(run_dir) - 1)) {
		size_t used = strlen(run_dir);

		(void)snprintf(run_dir + used, sizeof(run_dir) - used, "/%s", arguments.run_dir);
		arguments.run_dir = run_dir;
	}
	lock = state_lock(arguments.instance, &error);
	if (lock < 0)
		return complain(&error);
	if (arguments.discard)
		return state_discard(arguments.instance, &error) ? complain(&error) : 0;
	return serve(&arguments);
}
