/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AF_XDP: the frames of one worker, and its sockets, one for each queue that it serves.
 *
 * All sockets of a worker share one area of frames (a UMEM), so a packet that came by one
 * interface leaves by another without being copied here. A frame is at any time in one place: on
 * the worker's stack of free ones, with the kernel (fill, transmit, completion), or in the
 * worker's hands. Frames are named by their address in the area; the area belongs to one thread, and
 * nothing here is locked.
 *
 * Ring layouts and calls are libxdp's.
 */
#ifndef DATAPLANE_QUEUE_H
#define DATAPLANE_QUEUE_H

#include <xdp/xsk.h>

#include "abi/worker.h"
#include "dataplane/error.h"

struct frames {
	struct xsk_umem *umem;
	struct xsk_ring_prod first_fill; /* for libxdp, which gives them to the first socket */
	struct xsk_ring_cons first_completion;
	u8 *area;
	size_t area_bytes;
	u64 *free; /* stack of addresses */
	u32 free_count;
	u32 count;
	u32 frame_bytes;
	u32 ring_entries; /* of every ring */
	bool huge_pages;  /* the area lies in some */
};

/*
 * Makes an area for `queues` sockets and packets of up to `mtu` bytes, in huge pages if the machine
 * has set some aside. => 0 or a negative errno
 */
int frames_open(struct frames *frames, u32 queues, u32 mtu, struct error *error);

/* After all sockets. A zeroed one may be closed. */
void frames_close(struct frames *frames);

/* The largest MTU whose packets fit into a frame. */
enum { FRAMES_MAX_MTU = 3816 };

struct queue {
	struct xsk_socket *socket;
	struct xsk_ring_cons rx;
	struct xsk_ring_prod tx;
	struct xsk_ring_prod fill;
	struct xsk_ring_cons completion;
	int fd;
	u32 ifindex;
	u32 number;
	u32 place;                   /* in the table of queues and the map of sockets */
	struct worker_queue *shared; /* there */
	u32 tx_written;              /* to the transmit ring, and not submitted yet */
	u64 kernel_lost;             /* frames, as the kernel counted them last */
	u64 tx_dropped;              /* packets for which the transmit ring had no room */
	bool zero_copy;
	bool gone; /* the interface is no more */
};

struct queue_options {
	bool zero_copy; /* the driver must do without copying */
	bool busy_poll;
};

/*
 * Opens the socket of a queue; its fill ring is full then.
 * => 0; -EOPNOTSUPP if the driver cannot do what the options say; other negative errno
 */
int queue_open(struct queue *queue, struct frames *frames, const char *interface,
	       const struct queue_options *options, struct error *error);
void queue_close(struct queue *queue);

/* Gives the kernel frames to receive into, as many as its ring takes. */
void queue_refill(struct queue *queue, struct frames *frames);

/* Takes back the frames that have been sent. */
void queue_complete(struct queue *queue, struct frames *frames);

/*
 * Puts a packet of `length` bytes at `address` into the transmit ring.
 * => false if there is no room; the frame is still the caller's
 */
bool queue_write(struct queue *queue, u64 address, u32 length);

/* Shows the kernel what was written, and has it send. */
void queue_flush(struct queue *queue);

/* => frames that wait in the transmit ring for the kernel */
u32 queue_unsent(const struct queue *queue);

/* Has the driver look for frames, where it asks for that. */
void queue_wake_receiver(struct queue *queue);

/* Has the driver receive on the calling CPU: busy polling. */
void queue_poll_driver(struct queue *queue);

/* => frames that the kernel had to drop since the last time, because nobody took them */
u64 queue_count_lost(struct queue *queue);

static inline void frames_free(struct frames *frames, u64 address)
{
	frames->free[frames->free_count++] = address & ~((u64)frames->frame_bytes - 1);
}

#endif
