/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread that looks after frames which wait for their first fragment (dataplane/held.h),
 * whichever dataplane has put them there.
 *
 * While there are none, the first one wakes it: from the XDP program through a ring, from a worker
 * by holder_wake(). While there are some it looks every few milliseconds whether something was
 * learnt. What goes on leaves by a packet socket, or goes to the kernel by an uplink of its own.
 *
 * Ten times a second it looks at those who have called where nobody expected them, too
 * (dataplane/callers.h); its answers leave by the same socket.
 */
#ifndef DATAPLANE_HOLDER_H
#define DATAPLANE_HOLDER_H

#include "dataplane/error.h"
#include "dataplane/held.h"
#include "dataplane/state.h"

struct holder;

/*
 * Starts it, as a reader of the tables, with the engine's lock held. Without a TAP device, which is
 * logged, what would go to the kernel is lost and counted as failed.
 * => 0 or a negative errno
 */
int holder_start(struct holder **holder, struct state *state,
		 int (*attach_uplink)(void *context, u32 ifindex, struct error *error),
		 void *context, struct error *error);

/* When no worker runs any more. What waits goes on waiting, in the store. NULL is fine */
void holder_stop(struct holder *holder);

/* For struct environment of workers: there is a frame to look after. */
void holder_wake(void);

struct holder_figures {
	struct held_figures frames;
	u32 held;   /* now */
	u64 failed; /* that neither interface nor kernel took */
};

void holder_read(const struct holder *holder, struct holder_figures *figures);

#endif
