/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/queue.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_xdp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#ifndef SO_PREFER_BUSY_POLL
#define SO_PREFER_BUSY_POLL 69
#define SO_BUSY_POLL_BUDGET 70
#endif

enum {
	RING_ENTRIES = 2048,
	RING_ENTRIES_OF_MANY = 512, /* where a worker serves more queues than MANY_QUEUES */
	MANY_QUEUES = 16,
	KERNEL_HEADROOM = 256,      /* XDP_PACKET_HEADROOM */
	ALIGNMENT = 2,              /* so that the IP header, behind 14 bytes, lies aligned */
	TAGS_BYTES = 8,
	SMALL_FRAME = 2048,
	LARGE_FRAME = 4096,
	HUGE_PAGE = 2 << 20,
	BUSY_POLL_US = 20,
	BUSY_POLL_BUDGET = 64,
	SEND_TRIES = 8, /* the kernel sends a few dozen frames at a time where it copies */
};

_Static_assert(FRAMES_MAX_MTU + ETH_HLEN + TAGS_BYTES + KERNEL_HEADROOM + ALIGNMENT <=
		       (int)LARGE_FRAME,
	       "a packet fits into a frame");

static bool map_area(struct frames *frames, int flags)
{
	frames->area = mmap(NULL, frames->area_bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | flags, -1, 0);
	if (frames->area == MAP_FAILED)
		frames->area = NULL;
	return frames->area != NULL;
}

static int make_area(struct frames *frames, struct error *error)
{
	size_t bytes = (size_t)frames->count * frames->frame_bytes;

	frames->area_bytes = (bytes + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1ul);
	frames->huge_pages = map_area(frames, MAP_HUGETLB);
	frames->free = calloc(frames->count, sizeof(frames->free[0]));
	if (!frames->free || (!frames->huge_pages && !map_area(frames, 0)))
		return error_set(error, ENOMEM, "no memory for %u frames of %u bytes", frames->count,
				 frames->frame_bytes);
	for (u32 i = frames->count; i > 0; i--)
		frames_free(frames, (u64)(i - 1) * frames->frame_bytes);
	return 0;
}

int frames_open(struct frames *frames, u32 queues, u32 mtu, struct error *error)
{
	u32 needed = mtu + ETH_HLEN + TAGS_BYTES + KERNEL_HEADROOM + ALIGNMENT;
	struct xsk_umem_config config = {.frame_headroom = ALIGNMENT};
	int result;

	memset(frames, 0, sizeof(*frames));
	frames->frame_bytes = needed <= SMALL_FRAME ? SMALL_FRAME : LARGE_FRAME;
	frames->ring_entries = queues > MANY_QUEUES ? RING_ENTRIES_OF_MANY : RING_ENTRIES;
	frames->count = 2 * queues * frames->ring_entries; /* all fill and all transmit rings */
	result = make_area(frames, error);
	if (result)
		return result;
	config.frame_size = frames->frame_bytes;
	config.fill_size = config.comp_size = frames->ring_entries;
	result = xsk_umem__create(&frames->umem, frames->area, frames->area_bytes,
				  &frames->first_fill, &frames->first_completion, &config);
	return result ? error_set_errno(error, -result, "registering memory for AF_XDP") : 0;
}

void frames_close(struct frames *frames)
{
	if (frames->umem)
		(void)xsk_umem__delete(frames->umem);
	if (frames->area)
		(void)munmap(frames->area, frames->area_bytes);
	free(frames->free);
	memset(frames, 0, sizeof(*frames));
}

static int set_option(int fd, int option, int value)
{
	return setsockopt(fd, SOL_SOCKET, option, &value, sizeof(value)) ? -errno : 0;
}

static int prefer_busy_polling(const struct queue *queue, const char *interface,
			       struct error *error)
{
	int result = set_option(queue->fd, SO_PREFER_BUSY_POLL, 1);

	if (!result)
		result = set_option(queue->fd, SO_BUSY_POLL, BUSY_POLL_US);
	if (!result)
		result = set_option(queue->fd, SO_BUSY_POLL_BUDGET, BUSY_POLL_BUDGET);
	return result ? error_set_errno(error, -result, "busy polling on %s", interface) : 0;
}

/* What the kernel says that it does, not what was asked for. */
static bool does_zero_copy(int fd)
{
	struct xdp_options options = {0};
	socklen_t bytes = sizeof(options);

	return !getsockopt(fd, SOL_XDP, XDP_OPTIONS, &options, &bytes) &&
	       (options.flags & XDP_OPTIONS_ZEROCOPY);
}

int queue_open(struct queue *queue, struct frames *frames, const char *interface,
	       const struct queue_options *options, struct error *error)
{
	struct xsk_socket_config config = {
		.rx_size = frames->ring_entries,
		.tx_size = frames->ring_entries,
		.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.bind_flags = (u16)((options->zero_copy ? XDP_ZEROCOPY : XDP_COPY) |
				    XDP_USE_NEED_WAKEUP)};
	int result = xsk_socket__create_shared(&queue->socket, interface, queue->number,
					       frames->umem, &queue->rx, &queue->tx, &queue->fill,
					       &queue->completion, &config);

	if (result)
		return error_set_errno(error, -result, "AF_XDP on queue %u of %s", queue->number,
				       interface);
	queue->fd = xsk_socket__fd(queue->socket);
	queue->zero_copy = does_zero_copy(queue->fd);
	queue_refill(queue, frames);
	return options->busy_poll ? prefer_busy_polling(queue, interface, error) : 0;
}

void queue_close(struct queue *queue)
{
	if (queue->socket)
		xsk_socket__delete(queue->socket);
	queue->socket = NULL;
}

void queue_refill(struct queue *queue, struct frames *frames)
{
	u32 room = xsk_prod_nb_free(&queue->fill, frames->ring_entries), index;
	u32 count = room < frames->free_count ? room : frames->free_count;

	if (!count || xsk_ring_prod__reserve(&queue->fill, count, &index) != count)
		return;
	for (u32 i = 0; i < count; i++)
		*xsk_ring_prod__fill_addr(&queue->fill, index + i) =
			frames->free[--frames->free_count];
	xsk_ring_prod__submit(&queue->fill, count);
}

void queue_complete(struct queue *queue, struct frames *frames)
{
	u32 index, count = xsk_ring_cons__peek(&queue->completion, frames->ring_entries, &index);

	for (u32 i = 0; i < count; i++)
		frames_free(frames, *xsk_ring_cons__comp_addr(&queue->completion, index + i));
	if (count)
		xsk_ring_cons__release(&queue->completion, count);
}

bool queue_write(struct queue *queue, u64 address, u32 length)
{
	u32 index;

	if (xsk_ring_prod__reserve(&queue->tx, 1, &index) != 1)
		return false;
	*xsk_ring_prod__tx_desc(&queue->tx, index) =
		(struct xdp_desc){.addr = address, .len = length};
	queue->tx_written++;
	return true;
}

u32 queue_unsent(const struct queue *queue)
{
	return queue->tx.cached_prod - __atomic_load_n(queue->tx.consumer, __ATOMIC_ACQUIRE);
}

void queue_flush(struct queue *queue)
{
	if (queue->tx_written)
		xsk_ring_prod__submit(&queue->tx, queue->tx_written);
	queue->tx_written = 0;
	for (u32 i = 0; i < SEND_TRIES && queue_unsent(queue); i++) {
		if (!xsk_ring_prod__needs_wakeup(&queue->tx))
			return;
		/* cppcheck-suppress nullPointer; there is nobody to address */
		if (sendto(queue->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) >= 0 || errno != EAGAIN)
			return;
	}
}

void queue_poll_driver(struct queue *queue)
{
	/* cppcheck-suppress nullPointer; nobody asks who it is */
	(void)recvfrom(queue->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
}

void queue_wake_receiver(struct queue *queue)
{
	if (xsk_ring_prod__needs_wakeup(&queue->fill))
		queue_poll_driver(queue);
}

u64 queue_count_lost(struct queue *queue)
{
	struct xdp_statistics statistics = {0};
	socklen_t bytes = sizeof(statistics);
	u64 lost, before = queue->kernel_lost;

	if (getsockopt(queue->fd, SOL_XDP, XDP_STATISTICS, &statistics, &bytes))
		return 0;
	lost = statistics.rx_dropped + statistics.rx_ring_full;
	queue->kernel_lost = lost;
	return lost - before;
}
