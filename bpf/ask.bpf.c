/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What user space asks the kernel, by test runs: for a route, as the XDP program asks on its way,
 * by the same function, so that the answer is the same; and what the core, compiled for BPF, makes
 * of a first packet.
 */
#include <linux/bpf.h>

typedef struct xdp_md env_frame;

#include "core/nat.h"

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

/* What this form of the core makes of a first packet. */
SEC("xdp")
int holdfast_rehearse(struct xdp_md *frame)
{
	struct rehearsal_exchange *exchange = (void *)(long)frame->data_meta;
	struct judgement judgement;

	if ((void *)(exchange + 1) > (void *)(long)frame->data)
		return XDP_ABORTED;
	judgement = nat_rehearse(frame, exchange->ifindex, exchange->half);
	exchange = (void *)(long)frame->data_meta;
	if ((void *)(exchange + 1) > (void *)(long)frame->data)
		return XDP_ABORTED;
	exchange->judgement = judgement;
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL"; /* or Apache-2.0, at your choice; see LICENSE */
