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
#include <sysexits.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "dataplane/engine.h"
#include "dataplane/directory.h"
#include "dataplane/frame.h"
#include "dataplane/log.h"
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
	"Exit status 75: another one holds the instance.\n"
	"\n"
	"  --instance NAME  state under /sys/fs/bpf/holdfast/NAME (default: default)\n"
	"  --run-dir DIR    where its socket dp.sock goes (default: " RUN_DIRECTORY ",\n"
	"                   " RUN_DIRECTORY "/NAME for another instance than default)\n"
	"  --discard        detach, forget all flows and exit\n"
	"  --ready-fd N     write a byte to this descriptor when the socket is there\n"
	"  --syslog         report to syslog from then on\n"
	"  --verbose        let libbpf say what it does\n"
	"  --version        print the version and exit\n";

struct arguments {
	const char *instance;
	const char *run_dir;
	int ready_fd; /* -1: nobody waits */
	bool discard;
	bool syslog;
	bool verbose;
};

static int read_fd(const char *text)
{
	char *end;
	long fd = strtol(text, &end, 10);

	if (end != text && !*end && fd >= 0 && fd <= INT_MAX)
		return (int)fd;
	(void)fprintf(stderr, "holdfast-dp: --ready-fd: met '%s', expected a descriptor\n", text);
	exit(2);
}

static void parse_arguments(int argc, char **argv, struct arguments *arguments)
{
	static const struct option options[] = {
		{"instance", required_argument, NULL, 'i'}, {"run-dir", required_argument, NULL, 'r'},
		{"discard", no_argument, NULL, 'd'},        {"ready-fd", required_argument, NULL, 'f'},
		{"syslog", no_argument, NULL, 's'},         {"verbose", no_argument, NULL, 'V'},
		{"version", no_argument, NULL, 'v'},        {"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}};
	int option;

	*arguments = (struct arguments){.instance = DEFAULT_INSTANCE, .ready_fd = -1};
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
		case 'f':
			arguments->ready_fd = read_fd(optarg);
			break;
		case 's':
			arguments->syslog = true;
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
	log_write(LOG_ERR, "%s", error->text);
	return 1;
}

static void drop_client(struct helper *helper, nfds_t which)
{
	(void)close(helper->polls[which].fd);
	helper->polls[which] = helper->polls[--helper->count];
}

static void accept_client(struct helper *helper)
{
	/* cppcheck-suppress nullPointer; nobody asks who it is */
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
	result = answer ? frame_send(fd, answer, &error) : -ENOMEM;
	json_decref(answer);
	json_decref(request); /* a large one takes a while to free; nobody waits for it now */
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
	int result = directory_make(run_dir, error);

	if (!result)
		result = directory_join(run_dir, "dp.sock", path, error);
	return result ? result : frame_listen(path, error);
}

/* Whoever started it may go on, and it lets go of their terminal. */
static void say_ready(const struct arguments *arguments)
{
	if (arguments->ready_fd >= 0) {
		if (write(arguments->ready_fd, "\n", 1) < 0)
			log_write(LOG_WARNING, "--ready-fd: %s", strerror(errno));
		(void)close(arguments->ready_fd);
	}
	if (arguments->syslog)
		log_to_syslog();
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
	say_ready(arguments);
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

	log_open("holdfast-dp");
	parse_arguments(argc, argv, &arguments);
	if (!arguments.verbose)
		(void)libbpf_set_print(NULL);
	if (directory_of_instance(arguments.run_dir, RUN_DIRECTORY, arguments.instance, run_dir,
				  &error))
		return complain(&error);
	arguments.run_dir = run_dir;
	lock = state_lock(arguments.instance, &error);
	if (lock < 0) {
		(void)complain(&error);
		return lock == -EBUSY ? EX_TEMPFAIL : 1;
	}
	if (arguments.discard)
		return engine_discard(arguments.instance, &error) ? complain(&error) : 0;
	return serve(&arguments);
}
