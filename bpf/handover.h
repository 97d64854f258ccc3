/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What goes with a packet that the kernel gets from a dataplane.
 */
#ifndef BPF_HANDOVER_H
#define BPF_HANDOVER_H

#include "abi/types.h"

#define HANDOVER_MAGIC 0x68666e68u /* "hnfh" */

/* Written in front of it by the XDP program, for the tc program of the same interface. */
struct handover {
	u32 magic;
	u32 ifindex; /* where the packet is to leave */
};

/* Written behind it by a worker, for the tc program of the uplink (dataplane/uplink.h). */
struct uplink_note {
	u32 magic;
	u32 in_ifindex; /* where the packet arrived */
	u32 ifindex;    /* where it is to leave once its neighbour is known; 0: as the kernel says */
};

#endif
