/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The XDP dataplane: one program for all zone interfaces. It receives a frame, lets the core
 * judge and rewrite it, and acts on the verdict. Where the userspace dataplane is in force and a
 * live worker waits on the queue, what belongs to the NAT goes to the worker instead.
 */
#include <linux/bpf.h>

typedef struct xdp_md env_frame;

#include "core/nat.h"

#include "bpf/handover.h"
#include "bpf/steer.h"

/* A translated packet whose neighbour the kernel has to resolve: tells it where to send it. */
static __always_inline void hand_over(struct xdp_md *frame, u32 ifindex)
{
	struct handover *note;

	/* A driver without metadata: the packet takes the kernel's ordinary way. */
	if (bpf_xdp_adjust_meta(frame, -(int)sizeof(*note)))
		return;
	note = (void *)(long)frame->data_meta;
	if ((void *)(note + 1) > (void *)(long)frame->data)
		return;
	note->magic = HANDOVER_MAGIC;
	note->ifindex = ifindex;
}

SEC("xdp")
int holdfast_xdp(struct xdp_md *frame)
{
	u32 half = nat_active_half(), place = 0;
	const struct nat_config *in_force = env_config(half);
	struct worker_queue *worker = NULL;
	struct verdict verdict;

	if (in_force && in_force->dataplane == DATAPLANE_USERSPACE)
		worker = steer_question(frame, &place);
	verdict = nat_packet(frame, frame->ingress_ifindex, half, worker);
	switch (verdict.action) {
	case VERDICT_WORKER:
		return worker ? steer(worker, place) : XDP_DROP;
	case VERDICT_FORWARD:
		return bpf_redirect(verdict.ifindex, 0);
	case VERDICT_KERNEL_TRANSLATED:
		if (verdict.reason == REASON_neighbour_unresolved)
			hand_over(frame, verdict.ifindex);
		return XDP_PASS;
	case VERDICT_KERNEL:
		return XDP_PASS;
	case VERDICT_ANSWER: /* XDP_TX asks more of drivers than what forwarding asks anyway */
		return (int)bpf_redirect(frame->ingress_ifindex, 0);
	default:
		return XDP_DROP;
	}
}

char _license[] SEC("license") = "GPL"; /* or Apache-2.0, at your choice; see LICENSE */
