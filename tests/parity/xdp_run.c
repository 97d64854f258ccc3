/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/parity/xdp_run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

struct xdp_run {
	struct kernel_run kernel;
	const struct network *network;
};

struct xdp_run *xdp_run_open(u32 flow_capacity, const struct network *network)
{
	struct xdp_run *run = calloc(1, sizeof(*run));

	if (!run)
		kernel_run_give_up("memory", strerror(errno));
	kernel_run_open(&run->kernel, flow_capacity, network);
	run->network = network;
	return run;
}

struct state *xdp_run_state(struct xdp_run *run)
{
	return &run->kernel.state;
}

void xdp_run_close(struct xdp_run *run)
{
	kernel_run_close(&run->kernel);
	free(run);
}

/* A test run does not say where a frame goes out: its source MAC tells. */
static u32 egress_by_link(const struct xdp_run *run, const u8 *source)
{
	for (size_t i = 0; i < run->network->interface_count; i++) {
		const struct network_interface *interface = &run->network->interfaces[i];

		if (!memcmp(&interface->link, source, sizeof(interface->link)))
			return interface->ifindex;
	}
	return 0;
}

/* What the action and the bytes tell of the core's verdict, an answer having been told before. */
static void judge(const struct xdp_run *run, u32 action, const u8 *in, const u8 *out, u16 length,
		  struct run_outcome *outcome)
{
	outcome->ifindex = 0;
	switch (action) {
	case XDP_DROP:
		outcome->verdict = outcome->reason == RUN_NO_REASON ? RUN_HELD : RUN_DROP;
		return;
	case XDP_PASS:
		outcome->verdict = (u8)kernel_run_handed(in, out, length);
		return;
	case XDP_REDIRECT:
		if (outcome->verdict == RUN_ANSWER)
			return;
		outcome->verdict = RUN_FORWARD;
		outcome->ifindex = egress_by_link(run, out + 6);
		return;
	default:
		kernel_run_give_up("action", "neither drop nor pass nor redirect");
	}
}

void xdp_run_packet(struct xdp_run *run, u8 *frame, u16 *length, u32 ifindex, u32 now_s,
		    struct run_outcome *outcome)
{
	struct xdp_md in = {.data_end = *length, .ingress_ifindex = ifindex}, out = {0};
	u8 result[RUN_FRAME_ROOM];
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = *length,
		    .data_out = result, .data_size_out = sizeof(result), .ctx_in = &in,
		    .ctx_size_in = sizeof(in), .ctx_out = &out, .ctx_size_out = sizeof(out),
		    .repeat = 1);
	struct run_counts before;

	kernel_run_set_time(&run->kernel, now_s);
	kernel_run_count(&run->kernel, &before);
	if (bpf_prog_test_run_opts(run->kernel.program, &options))
		kernel_run_give_up("test run", strerror(errno));
	outcome->reason = kernel_run_reason(&run->kernel, &before);
	outcome->verdict = kernel_run_answered(&run->kernel, &before) ? RUN_ANSWER : RUN_DROP;
	if (options.data_size_out - out.data != *length && outcome->verdict != RUN_ANSWER)
		kernel_run_give_up("test run", "the frame's length has changed");
	judge(run, options.retval, frame, result + out.data, *length, outcome);
	*length = (u16)(options.data_size_out - out.data);
	memcpy(frame, result + out.data, *length);
}
