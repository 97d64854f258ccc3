/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sleeping and waking: the thread says that it sleeps, and then looks once more; whoever holds a
 * frame marks it READY and then looks whether the thread sleeps. Both are full barriers, so one of
 * them sees the other. Only who finds the word set wakes the thread, so a flood wakes it once.
 */
#include "dataplane/holder.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "core/atomic.h"
#include "dataplane/callers.h"
#include "dataplane/clock.h"
#include "dataplane/log.h"
#include "dataplane/readers.h"
#include "dataplane/route_question.h"
#include "dataplane/uplink.h"

enum {
	LOOK_NS = 2000000, /* between two looks whether something was learnt */
	LOOKS_IDLE = 25,   /* after so many without, the frames are looked at all the same */
	CALLERS_LOOK_MS = 100, /* between two looks at those who have called */
};

enum { WAKE_EVENT, WAKE_RING, WAKES };

struct holder {
	struct state *state;
	struct ring_buffer *ring;
	struct uplink uplink;
	int packet_socket;
	struct pollfd wakes[WAKES];
	struct reader reader;
	struct held_figures figures;
	u64 failed; /* atomically */
	u64 callers_looked_ns;
	u64 learnt; /* datagrams, when the frames were last looked at */
	u32 looks;  /* since then */
	pthread_t thread;
	bool running;
	u32 stopping; /* atomically */
};

/* Of the one holder that there is: workers know no other. */
static int wake_fd = -1;

void holder_wake(void)
{
	const u64 one = 1;

	(void)!write(__atomic_load_n(&wake_fd, __ATOMIC_RELAXED), &one, sizeof(one));
}

/* Sending. */

static bool send_out(const struct holder *holder, const u8 *frame, u32 bytes, u32 ifindex)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = (int)ifindex,
				 .sll_halen = ETH_ALEN};

	memcpy(to.sll_addr, frame, ETH_ALEN);
	memcpy(&to.sll_protocol, frame + offsetof(struct ethhdr, h_proto), sizeof(to.sll_protocol));
	return sendto(holder->packet_socket, frame, bytes, MSG_DONTWAIT,
		      (const struct sockaddr *)(const void *)&to, sizeof(to)) == (ssize_t)bytes;
}

static void send_on(void *context, const u8 *frame, u32 bytes, u32 in_ifindex,
		    const struct verdict *verdict)
{
	struct holder *holder = context;

	if (verdict->action != VERDICT_FORWARD)
		uplink_send(&holder->uplink, frame, bytes, in_ifindex,
			    verdict->reason == REASON_neighbour_unresolved ? verdict->ifindex : 0);
	else if (!send_out(holder, frame, bytes, verdict->ifindex))
		(void)__atomic_fetch_add(&holder->failed, 1, __ATOMIC_RELAXED);
}

/* The thread. */

/* => frames that go on waiting */
static u32 look(struct holder *holder)
{
	const struct held_sink sink = {send_on, holder};
	u32 waiting;

	holder->learnt = atomic_read(&holder->state->tables.control->fragments.learnt);
	holder->looks = 0;
	reader_enter(&holder->reader);
	waiting = held_look(&holder->state->tables, &sink, &holder->figures);
	reader_leave(&holder->reader);
	return waiting;
}

static bool is_worth_a_look(struct holder *holder)
{
	u64 learnt = atomic_read(&holder->state->tables.control->fragments.learnt);

	return learnt != holder->learnt || ++holder->looks >= LOOKS_IDLE;
}

/* Takes what has woken it, so that it is not woken by the same again. */
static void take_wakes(const struct holder *holder)
{
	u64 count;

	(void)!read(holder->wakes[WAKE_EVENT].fd, &count, sizeof(count));
	(void)ring_buffer__consume(holder->ring);
}

static void sleep_until_woken(struct holder *holder)
{
	u32 *sleeping = &holder->state->tables.control->fragments.sleeping;

	(void)atomic_swap(sleeping, 1);
	if (!held_count(&holder->state->tables))
		(void)poll(holder->wakes, WAKES, CALLERS_LOOK_MS);
	(void)atomic_swap(sleeping, 0);
	take_wakes(holder);
}

static void send_answer(void *context, const u8 *frame, u32 bytes, u32 ifindex)
{
	(void)send_out(context, frame, bytes, ifindex);
}

static void look_at_callers(struct holder *holder)
{
	const struct caller_sink sink = {send_answer, holder};
	u64 now_ns = clock_now_ns();

	if (now_ns - holder->callers_looked_ns < CALLERS_LOOK_MS * 1000000ull)
		return;
	holder->callers_looked_ns = now_ns;
	reader_enter(&holder->reader);
	callers_look(&holder->state->tables, &sink);
	reader_leave(&holder->reader);
}

static void *holder_main(void *argument)
{
	struct holder *holder = argument;
	const struct timespec pause = {.tv_nsec = LOOK_NS};

	environment = (struct environment){
		.tables = &holder->state->tables, .row = holder->state->tables.holder_row,
		.now_s = clock_now_s, .now_ns = clock_now_ns, .route = route_question};
	while (!__atomic_load_n(&holder->stopping, __ATOMIC_ACQUIRE)) {
		look_at_callers(holder);
		if (!held_count(&holder->state->tables)) {
			sleep_until_woken(holder);
			(void)look(holder);
			continue;
		}
		(void)nanosleep(&pause, NULL);
		if (is_worth_a_look(holder))
			(void)look(holder);
	}
	return NULL;
}

/* Starting and stopping. */

static int on_event(void *context, void *data, size_t bytes)
{
	(void)context;
	(void)data;
	(void)bytes;
	return 0;
}

static int open_wakes(struct holder *holder, struct error *error)
{
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	holder->wakes[WAKE_EVENT] = (struct pollfd){.fd = event, .events = POLLIN};
	holder->ring =
		ring_buffer__new(holder->state->fds[STATE_HELD_EVENTS], on_event, NULL, NULL);
	if (event < 0 || !holder->ring)
		return error_set_errno(error, errno, "listening for held fragments");
	holder->wakes[WAKE_RING] =
		(struct pollfd){.fd = ring_buffer__epoll_fd(holder->ring), .events = POLLIN};
	__atomic_store_n(&wake_fd, event, __ATOMIC_RELAXED);
	return 0;
}

static void open_uplink(struct holder *holder,
			int (*attach_uplink)(void *context, u32 ifindex, struct error *error),
			void *context)
{
	struct error error;

	if (uplink_open(&holder->uplink, &error)) {
		log_write(LOG_WARNING, "fragments that were held cannot go to the kernel: %s",
			  error.text);
		return;
	}
	if (attach_uplink(context, holder->uplink.ifindex, &error)) {
		log_write(LOG_WARNING, "fragments that were held cannot go to the kernel: %s",
			  error.text);
		uplink_close(&holder->uplink);
	}
}

static int start_thread(struct holder *holder, struct error *error)
{
	int result = pthread_create(&holder->thread, NULL, holder_main, holder);

	holder->running = !result;
	if (result)
		return error_set_errno(error, result, "starting the thread for held fragments");
	(void)pthread_setname_np(holder->thread, "holder");
	return 0;
}

int holder_start(struct holder **holder, struct state *state,
		 int (*attach_uplink)(void *context, u32 ifindex, struct error *error),
		 void *context, struct error *error)
{
	struct holder *new = aligned_alloc(CACHE_LINE_BYTES, sizeof(*new));
	int result;

	if (!new)
		return error_set(error, ENOMEM, "out of memory");
	*new = (struct holder){
		.state = state, .uplink = {.fd = -1}, .wakes = {{.fd = -1}, {.fd = -1}}};
	held_repair(&state->tables, state_wait_for_packets);
	callers_repair(&state->tables, state_wait_for_packets);
	new->packet_socket = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	result = new->packet_socket < 0 ? error_set_errno(error, errno, "opening a packet socket")
					: open_wakes(new, error);
	if (!result)
		open_uplink(new, attach_uplink, context);
	if (!result && readers_add(&new->reader))
		result = error_set(error, ENOSPC, "too many readers");
	if (!result)
		result = start_thread(new, error);
	if (result)
		holder_stop(new);
	else
		*holder = new;
	return result;
}

static void close_wakes(struct holder *holder)
{
	__atomic_store_n(&wake_fd, -1, __ATOMIC_RELAXED);
	ring_buffer__free(holder->ring);
	if (holder->wakes[WAKE_EVENT].fd >= 0)
		(void)close(holder->wakes[WAKE_EVENT].fd);
}

void holder_stop(struct holder *holder)
{
	if (!holder)
		return;
	__atomic_store_n(&holder->stopping, 1, __ATOMIC_RELEASE);
	if (holder->running) {
		holder_wake();
		(void)pthread_join(holder->thread, NULL);
	}
	readers_remove(&holder->reader);
	close_wakes(holder);
	uplink_close(&holder->uplink);
	if (holder->packet_socket >= 0)
		(void)close(holder->packet_socket);
	free(holder);
}

void holder_read(const struct holder *holder, struct holder_figures *figures)
{
	*figures = (struct holder_figures){0};
	if (!holder)
		return;
	figures->frames.released = atomic_read(&holder->figures.released);
	figures->frames.expired = atomic_read(&holder->figures.expired);
	figures->held = held_count(&holder->state->tables);
	figures->failed = atomic_read(&holder->failed) + atomic_read(&holder->uplink.failed);
}
