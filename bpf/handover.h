/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What an XDP program writes in front of a packet for the tc program of the same interface.
 */
#ifndef BPF_HANDOVER_H
#define BPF_HANDOVER_H

#include "abi/types.h"

#define HANDOVER_MAGIC 0x68666e68u /* "hnfh" */

struct handover {
	u32 magic;
	u32 ifindex; /* where the packet is to leave */
};

#endif
