/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The limit of the userspace dataplane: what a worker does with AF_XDP, without the core. It takes
 * IPv4 frames from IN, up to BATCH_PACKETS at a time, and sends them out of OUT as they came.
 *
 *     forwarder NAMESPACE IN OUT CPU
 *
 * Says "ready", and forwards until it is ended.
 */
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bench/place.h"
#include "core/batch.h"
#include "dataplane/queue.h"

/* Generated. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include "forwarder.skel.h"
#pragma GCC diagnostic pop

enum { MTU = 1500, ROOM_TRIES = 16, WAIT_MS = 100, QUEUES = 2 };

struct rings {
	struct frames frames;
	struct queue queues[QUEUES]; /* IN, OUT */
};

static void die(const char *what, const char *why)
{
	(void)fprintf(stderr, "forwarder: %s: %s\n", what, why);
	exit(1);
}

static void open_queues(struct rings *r, char **interfaces)
{
	static const struct queue_options copying; /* veth has nothing else */
	struct error error;

	if (frames_open(&r->frames, QUEUES, MTU, &error))
		die("frames", error.text);
	for (u32 i = 0; i < QUEUES; i++)
		if (queue_open(&r->queues[i], &r->frames, interfaces[i], &copying, &error))
			die(interfaces[i], error.text);
}

static void attach(const struct rings *r, const char *interface)
{
	struct forwarder *bpf = forwarder__open_and_load();
	const u32 place = 0;

	if (!bpf ||
	    bpf_map_update_elem(bpf_map__fd(bpf->maps.sockets), &place, &r->queues[0].fd, 0) ||
	    bpf_xdp_attach((int)if_nametoindex(interface), bpf_program__fd(bpf->progs.hand_over),
			   XDP_FLAGS_DRV_MODE, NULL))
		die(interface, strerror(errno));
}

static void send_out(struct rings *r, u64 address, u32 bytes)
{
	struct queue *out = &r->queues[1];

	for (u32 i = 0; i < ROOM_TRIES; i++) {
		if (queue_write(out, address, bytes))
			return;
		queue_flush(out);
		queue_complete(out, &r->frames);
	}
	frames_free(&r->frames, address);
}

/* => frames taken */
static u32 serve(struct rings *r, struct queue *in)
{
	u64 addresses[BATCH_PACKETS];
	u32 index, bytes[BATCH_PACKETS];
	u32 count = xsk_ring_cons__peek(&in->rx, BATCH_PACKETS, &index);

	for (u32 i = 0; i < count; i++) {
		const struct xdp_desc *desc = xsk_ring_cons__rx_desc(&in->rx, index + i);

		addresses[i] = desc->addr;
		bytes[i] = desc->len;
	}
	if (count)
		xsk_ring_cons__release(&in->rx, count);
	for (u32 i = 0; i < count; i++)
		send_out(r, addresses[i], bytes[i]);
	return count;
}

static u32 turn(struct rings *r)
{
	u32 taken = 0;

	for (u32 i = 0; i < QUEUES; i++)
		taken += serve(r, &r->queues[i]);
	for (u32 i = 0; i < QUEUES; i++) {
		struct queue *queue = &r->queues[i];

		queue_flush(queue);
		queue_complete(queue, &r->frames);
		queue_refill(queue, &r->frames);
		queue_wake_receiver(queue);
	}
	return taken;
}

int main(int argc, char **argv)
{
	static struct rings r;
	struct pollfd polls[QUEUES];

	if (argc != 5) {
		(void)fputs("usage: forwarder NAMESPACE IN OUT CPU\n", stderr);
		return 2;
	}
	place_enter_namespace(argv[1]);
	open_queues(&r, &argv[2]);
	attach(&r, argv[2]);
	place_use_cpu(argv[4]);
	for (u32 i = 0; i < QUEUES; i++)
		polls[i] = (struct pollfd){.fd = r.queues[i].fd, .events = POLLIN};
	(void)puts("ready");
	(void)fflush(stdout);
	while (true)
		if (!turn(&r))
			(void)poll(polls, QUEUES, queue_unsent(&r.queues[1]) ? 1 : WAIT_MS);
}
