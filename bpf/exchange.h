/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What holdfast-dp and the programs of bpf/ask.bpf.c hand each other, in the place of a frame.
 */
#ifndef BPF_EXCHANGE_H
#define BPF_EXCHANGE_H

#include "core/route.h"

/* holdfast_route: a question to the kernel's routing, and its answer. */
struct route_exchange {
	struct route_query query;
	struct route route;
};

#endif
