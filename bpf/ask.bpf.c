/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What the native core has to ask the kernel, by test runs: the same question that the XDP program
 * asks on its way, put by the same function, so that the answer is the same.
 */
#include <linux/bpf.h>

typedef struct xdp_md env_frame;

#include "core/environment.h"

#include "bpf/exchange.h"

SEC("xdp")
int holdfast_route(struct xdp_md *frame)
{
	struct route_exchange *exchange = (void *)(long)frame->data;
	struct route_query query;
	struct route route = {0};

	if ((void *)(exchange + 1) > (void *)(long)frame->data_end)
		return XDP_ABORTED;
	query = exchange->query;
	env_route(frame, &query, &route);
	exchange->route = route;
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL"; /* or Apache-2.0, at your choice; see LICENSE */
