/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A UDP flow whose packets are numbered, and what became of each of them.
 *
 *     sequence send ADDRESS PORT RATE     RATE packets a second, evenly, until SIGTERM; the number sent
 *                                         then goes to standard output
 *     sequence receive PORT FILE          writes a record for each packet, until SIGTERM
 *
 * A record is struct arrival. Both ends go by the same clock; when a packet arrived is noted by the
 * kernel, so a receiver that had to wait for a processor does not count.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "abi/types.h"

enum { BUFFER_BYTES = 32 << 20, NS_PER_S = 1000000000 };

struct __attribute__((packed)) arrival {
	u64 number;
	u64 sent_ns; /* CLOCK_REALTIME */
	u64 arrived_ns;
	__be32 source;
	__be16 source_port;
	u16 padding;
};

struct datagram {
	u64 number;
	u64 sent_ns;
};

static volatile sig_atomic_t ended;

static void end(int signal_number)
{
	(void)signal_number;
	ended = 1;
}

static void die(const char *what)
{
	(void)fprintf(stderr, "sequence: %s: %s\n", what, strerror(errno));
	exit(1);
}

static u64 ns_of(const struct timespec *time)
{
	return (u64)time->tv_sec * NS_PER_S + (u64)time->tv_nsec;
}

static u64 now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return ns_of(&now);
}

static void sleep_until(u64 time_ns)
{
	const struct timespec until = {.tv_sec = (time_t)(time_ns / NS_PER_S),
				       .tv_nsec = (long)(time_ns % NS_PER_S)};

	(void)clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL);
}

static int open_socket(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const int bytes = BUFFER_BYTES;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		die("socket");
	return fd;
}

static struct sockaddr_in address_of(const char *text, const char *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((u16)atoi(port))};

	if (inet_pton(AF_INET, text, &address.sin_addr) != 1)
		die(text);
	return address;
}

static void send_on(const char *to, const char *port, u64 rate)
{
	struct sockaddr_in address = address_of(to, port);
	struct datagram datagram = {0};
	int fd = open_socket();
	u64 started_ns = now_ns();

	if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
		die("connect");
	while (!ended) {
		sleep_until(started_ns + datagram.number * (NS_PER_S / rate));
		datagram.sent_ns = now_ns();
		if (send(fd, &datagram, sizeof(datagram), 0) < 0)
			die("send");
		datagram.number++;
	}
	(void)printf("%llu\n", datagram.number);
}

/* => false if nothing of ours came */
static bool receive(int fd, struct arrival *arrival)
{
	struct sockaddr_in from;
	struct datagram datagram;
	struct timespec time;
	char control[CMSG_SPACE(sizeof(time))] __attribute__((aligned(8)));
	struct iovec content = {&datagram, sizeof(datagram)};
	struct msghdr message = {.msg_name = &from, .msg_namelen = sizeof(from),
				 .msg_iov = &content, .msg_iovlen = 1, .msg_control = control,
				 .msg_controllen = sizeof(control)};
	const struct cmsghdr *stamp;

	if (recvmsg(fd, &message, 0) != (ssize_t)sizeof(datagram))
		return false;
	stamp = CMSG_FIRSTHDR(&message);
	if (!stamp || stamp->cmsg_type != SO_TIMESTAMPNS)
		die("no timestamp");
	memcpy(&time, CMSG_DATA(stamp), sizeof(time));
	*arrival = (struct arrival){.number = datagram.number, .sent_ns = datagram.sent_ns,
				    .arrived_ns = ns_of(&time),
				    .source = from.sin_addr.s_addr,
				    .source_port = from.sin_port};
	return true;
}

static void receive_on(const char *port, const char *path)
{
	struct sockaddr_in address = address_of("0.0.0.0", port);
	FILE *file = fopen(path, "we");
	int fd = open_socket();
	const int yes = 1;

	if (!file || setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof(yes)) ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)))
		die(path);
	(void)setvbuf(file, NULL, _IONBF, 0); /* whoever waits for the last one sees it */
	while (!ended) {
		struct arrival arrival;

		if (receive(fd, &arrival) && fwrite(&arrival, sizeof(arrival), 1, file) != 1)
			die(path);
	}
	if (fclose(file))
		die(path);
}

int main(int argc, char **argv)
{
	const struct sigaction action = {.sa_handler = end}; /* interrupts what waits */

	(void)sigaction(SIGTERM, &action, NULL);
	if (argc == 5 && !strcmp(argv[1], "send")) {
		send_on(argv[2], argv[3], (u64)atoi(argv[4]));
	} else if (argc == 4 && !strcmp(argv[1], "receive")) {
		receive_on(argv[2], argv[3]);
	} else {
		(void)fputs("usage: sequence send ADDRESS PORT RATE\n"
			    "       sequence receive PORT FILE\n",
			    stderr);
		return 2;
	}
	return 0;
}
