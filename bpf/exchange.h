/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What holdfast-dp and the programs of bpf/ask.bpf.c hand each other, in the place of a frame.
 */
#ifndef BPF_EXCHANGE_H
#define BPF_EXCHANGE_H

#include "abi/sample.h"
#include "core/route.h"

/* holdfast_route: a question to the kernel's routing, and its answer. */
struct route_exchange {
	struct route_query query;
	struct route route;
};

/* holdfast_rehearse, in front of the frame (XDP metadata): the question and its answer. */
struct rehearsal_exchange {
	u32 ifindex;
	u32 half;
	struct judgement judgement;
};

#endif
