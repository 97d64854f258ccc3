/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a packet gets from a worker to the kernel: through a TAP device of its own, with a note
 * behind it that says where it arrived. The tc program on the device (bpf/tc.bpf.c) takes the note
 * off and lets the packet go on as if XDP had passed it there, so neither routing nor filters nor
 * what the kernel answers can tell the dataplanes apart.
 *
 * The device has no address and carries nothing in the other direction. It goes with its process.
 */
#ifndef DATAPLANE_UPLINK_H
#define DATAPLANE_UPLINK_H

#include "abi/types.h"
#include "dataplane/error.h"

struct uplink {
	int fd; /* -1: closed */
	u32 ifindex;
	u64 failed; /* packets that the kernel did not take. Atomically */
};

/* Makes the device, up, in the calling thread's network namespace. => 0 or a negative errno */
int uplink_open(struct uplink *uplink, struct error *error);
void uplink_close(struct uplink *uplink);

/*
 * Hands a frame of `bytes` to the kernel. out_ifindex: where it is to leave once the neighbour is
 * known, or 0. Any thread.
 */
void uplink_send(struct uplink *uplink, const u8 *frame, size_t bytes, u32 in_ifindex,
		 u32 out_ifindex);

#endif
