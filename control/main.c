/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holdfastd: the control plane. Reads the configuration, puts it into force through holdfast-dp, keeps
 * the history of commits, and answers on RUN_DIR/api.sock. No packet needs it.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "control/api.h"
#include "control/control.h"
#include "dataplane/directory.h"
#include "dataplane/log.h"
#include "dataplane/mounts.h"

enum { POLL_SIGNAL, POLL_API, POLL_TIMER, POLL_HELPER, POLL_COUNT };

static const char usage[] =
	"usage: holdfastd --config FILE [--state-dir DIR] [--run-dir DIR] [--instance NAME]\n"
	"                 [--foreground]\n"
	"\n"
	"Puts the configuration into force, keeps it so, and goes into the background.\n"
	"\n"
	"  --config FILE    the configuration\n"
	"  --state-dir DIR  where the history of commits is kept (default: " STATE_DIRECTORY ",\n"
	"                   " STATE_DIRECTORY "/NAME for another instance than default)\n"
	"  --run-dir DIR    where the sockets go (default: " RUN_DIRECTORY ", or\n"
	"                   " RUN_DIRECTORY "/NAME)\n"
	"  --instance NAME  state under /sys/fs/bpf/holdfast/NAME (default: " DEFAULT_INSTANCE ")\n"
	"  --foreground     stay in the foreground and report on standard error\n"
	"  --version        print the version and exit\n";

struct arguments {
	const char *config;
	const char *state_dir;
	const char *run_dir;
	const char *instance;
	bool foreground;
};

/* All of it begins zeroed, descriptors at -1. */
struct daemon {
	struct control control;
	struct api *api;
	int signals;
	int timer;    /* for starting holdfast-dp once more */
	int ready_fd; /* who waits for the daemon to be ready; -1 for nobody */
	char config_path[PATH_MAX];
	char state_dir[PATH_MAX];
	char run_dir[PATH_MAX];
};

static void fail_usage(const char *text, const char *word)
{
	(void)fprintf(stderr, "holdfastd: %s%s\n%s", text, word, usage);
	exit(2);
}

static void parse_arguments(int argc, char **argv, struct arguments *arguments)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},   {"state-dir", required_argument, NULL, 's'},
		{"run-dir", required_argument, NULL, 'r'},  {"instance", required_argument, NULL, 'i'},
		{"foreground", no_argument, NULL, 'f'},     {"version", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},           {NULL, 0, NULL, 0}};
	int option;

	*arguments = (struct arguments){.instance = DEFAULT_INSTANCE};
	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case 'c':
			arguments->config = optarg;
			break;
		case 's':
			arguments->state_dir = optarg;
			break;
		case 'r':
			arguments->run_dir = optarg;
			break;
		case 'i':
			arguments->instance = optarg;
			break;
		case 'f':
			arguments->foreground = true;
			break;
		case 'v':
			(void)puts("holdfastd " HOLDFAST_VERSION);
			exit(0);
		case 'h':
			(void)fputs(usage, stdout);
			exit(0);
		default:
			(void)fputs(usage, stderr);
			exit(2);
		}
	}
	if (optind < argc)
		fail_usage("unexpected argument ", argv[optind]);
	if (!arguments->config)
		fail_usage("--config is missing", "");
}

/* The parent stays until the child is ready, and tells by its exit status how it went. */
static void go_into_background(struct daemon *daemon)
{
	char byte;
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) || (pid = fork()) < 0) {
		log_write(LOG_ERR, "going into the background: %s", strerror(errno));
		exit(1);
	}
	if (pid) {
		(void)close(fds[1]);
		_exit(read(fds[0], &byte, 1) == 1 ? 0 : 1);
	}
	(void)close(fds[0]);
	(void)setsid();
	daemon->ready_fd = fds[1];
}

static void say_ready(struct daemon *daemon)
{
	if (daemon->ready_fd < 0)
		return;
	log_to_syslog();
	(void)!write(daemon->ready_fd, "\n", 1);
	(void)close(daemon->ready_fd);
	daemon->ready_fd = -1;
}

/*
 * Keeps a second holdfastd out of the run directory, and says who is in it. The lock belongs to the
 * process: a child that has not become holdfast-dp yet does not keep it when holdfastd dies.
 */
static int take_pid_file(const struct daemon *daemon, struct error *error)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char path[PATH_MAX];
	int fd, result = directory_join(daemon->run_dir, "holdfastd.pid", path, error);

	if (result)
		return result;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return error_set_errno(error, errno, "opening %s", path);
	if (fcntl(fd, F_SETLK, &whole)) {
		(void)fcntl(fd, F_GETLK, &whole);
		(void)close(fd);
		return error_set(error, EBUSY, "%s belongs to a running holdfastd, process %d",
				 path, (int)whole.l_pid);
	}
	if (ftruncate(fd, 0) || dprintf(fd, "%d\n", (int)getpid()) < 0)
		return error_set_errno(error, errno, "writing %s", path);
	return 0; /* open, and locked, to the end of the process */
}

static void open_signals(struct daemon *daemon)
{
	sigset_t signals;

	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	(void)sigaddset(&signals, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &signals, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	daemon->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int open_places(struct daemon *daemon, const struct arguments *arguments,
		       struct error *error)
{
	int result = directory_resolve(arguments->config, daemon->config_path, error);

	if (!result)
		result = directory_of_instance(arguments->state_dir, STATE_DIRECTORY,
					       arguments->instance, daemon->state_dir, error);
	if (!result)
		result = directory_of_instance(arguments->run_dir, RUN_DIRECTORY,
					       arguments->instance, daemon->run_dir, error);
	return result ? result : mounts_reach_bpf(error); /* while it has ancestors */
}

static int first_commit(struct daemon *daemon, struct error *error)
{
	struct commit_result result = {0};
	int code = control_start(&daemon->control, &result, error);

	if (result.diagnostics && code)
		(void)fputs(result.diagnostics, stderr);
	else if (result.diagnostics)
		log_lines(LOG_WARNING, result.diagnostics);
	if (!code)
		log_write(LOG_NOTICE, "generation %llu is in force", result.generation);
	commit_result_free(&result);
	return code;
}

static int start(struct daemon *daemon, const struct arguments *arguments, struct error *error)
{
	struct control *control = &daemon->control;
	char path[PATH_MAX];
	int result = directory_make(daemon->run_dir, error);

	control->config_path = daemon->config_path;
	control->instance = arguments->instance;
	control->helper.to_syslog = !arguments->foreground;
	if (!result)
		result = take_pid_file(daemon, error);
	if (!result)
		result = helper_init(&control->helper, arguments->instance, daemon->run_dir, error);
	if (!result)
		result = store_open(&control->store, daemon->state_dir, error);
	if (!result)
		result = helper_open(&control->helper, error);
	if (!result)
		result = first_commit(daemon, error);
	if (!result)
		result = directory_join(daemon->run_dir, "api.sock", path, error);
	return result ? result : api_open(&daemon->api, path, control, error);
}

static void set_timer(struct daemon *daemon, u32 seconds)
{
	const struct itimerspec once = {.it_value = {.tv_sec = seconds, .tv_nsec = 1}};

	(void)timerfd_settime(daemon->timer, 0, &once, NULL);
}

static void note_trouble(struct daemon *daemon, const struct error *error)
{
	daemon->control.trouble = *error;
	log_write(LOG_ERR, "%s", error->text);
}

/* holdfast-dp has ended: packets go on, but nobody collects flows. */
static void restart_helper_later(struct daemon *daemon)
{
	u32 wait_s = helper_lost(&daemon->control.helper);

	log_write(LOG_ERR, "holdfast-dp has ended; forwarding goes on; it is started again%s",
		  wait_s ? " in a while" : "");
	set_timer(daemon, wait_s);
}

static void restart_helper(struct daemon *daemon)
{
	struct control *control = &daemon->control;
	struct error error;
	u64 expirations;

	if (read(daemon->timer, &expirations, sizeof(expirations)) < 0 || control->helper.pid)
		return;
	if (helper_open(&control->helper, &error)) {
		note_trouble(daemon, &error);
		set_timer(daemon, helper_lost(&control->helper));
	} else if (control_resume(control, &error)) {
		note_trouble(daemon, &error);
	} else {
		log_write(LOG_NOTICE, "holdfast-dp runs again, process %d", control->helper.pid);
	}
}

static void commit_own_file(struct daemon *daemon)
{
	struct commit_result result = {0};
	struct error error;

	if (control_commit_file(&daemon->control, &result, &error))
		note_trouble(daemon, &error);
	else
		log_write(LOG_NOTICE, "generation %llu is in force", result.generation);
	if (result.diagnostics)
		log_lines(LOG_WARNING, result.diagnostics);
	commit_result_free(&result);
}

/* => true if it is time to end */
static bool take_signal(struct daemon *daemon)
{
	struct signalfd_siginfo signal;

	if (read(daemon->signals, &signal, sizeof(signal)) != sizeof(signal))
		return false;
	if (signal.ssi_signo != SIGHUP)
		return true;
	commit_own_file(daemon);
	return false;
}

static void run(struct daemon *daemon)
{
	for (;;) {
		struct pollfd polls[POLL_COUNT] = {
			[POLL_SIGNAL] = {.fd = daemon->signals, .events = POLLIN},
			[POLL_API] = {.fd = api_fd(daemon->api), .events = POLLIN},
			[POLL_TIMER] = {.fd = daemon->timer, .events = POLLIN},
			[POLL_HELPER] = {.fd = daemon->control.helper.pidfd, .events = POLLIN},
		};

		if (poll(polls, POLL_COUNT, api_timeout_ms(daemon->api)) < 0)
			continue;
		if (polls[POLL_HELPER].revents)
			restart_helper_later(daemon);
		if (polls[POLL_TIMER].revents)
			restart_helper(daemon);
		if (polls[POLL_SIGNAL].revents && take_signal(daemon))
			return;
		api_run(daemon->api);
	}
}

int main(int argc, char **argv)
{
	static struct daemon daemon = {.ready_fd = -1, .control.helper.pidfd = -1};
	struct arguments arguments;
	struct error error;
	int result;

	log_open("holdfastd");
	parse_arguments(argc, argv, &arguments);
	result = open_places(&daemon, &arguments, &error);
	if (!result && !arguments.foreground)
		go_into_background(&daemon);
	open_signals(&daemon);
	daemon.timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (!result)
		result = start(&daemon, &arguments, &error);
	if (result) {
		log_write(LOG_ERR, "%s", error.text);
	} else {
		say_ready(&daemon);
		run(&daemon);
	}
	api_close(daemon.api);
	control_close(&daemon.control);
	return result ? 1 : 0;
}
