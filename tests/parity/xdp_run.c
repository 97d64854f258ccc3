/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/parity/xdp_run.h"

#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

/* Generated. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include "xdp.skel.h"
#pragma GCC diagnostic pop

enum { OUT_ROOM = 8192, MAX_PORTS = 16 };

struct egress {
	u32 ifindex;
	u8 link[6];
};

/* Under which the state is pinned: one run for each process. */
static char instance[32];

struct xdp_run {
	struct state state;
	struct holdfast_xdp *skeleton;
	struct egress egresses[MAX_PORTS];
	u32 egress_count;
	u32 cpu;
};

static void give_up(const char *what, const char *detail)
{
	(void)fprintf(stderr, "replay: %s: %s\n", what, detail);
	exit(2);
}

/* However the run ends. */
static void unpin(void)
{
	struct error error;

	if (state_discard(instance, &error))
		(void)fprintf(stderr, "replay: unpinning: %s\n", error.text);
}

static void stay_on_one_cpu(struct xdp_run *run)
{
	cpu_set_t set;

	run->cpu = (u32)sched_getcpu();
	CPU_ZERO(&set);
	CPU_SET(run->cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		give_up("sched_setaffinity", strerror(errno));
}

/* A test run needs a device whose queues are set up for XDP; and out interfaces are told by MAC. */
static void use_interface(struct xdp_run *run, const struct network_interface *interface)
{
	int fd = bpf_program__fd(run->skeleton->progs.holdfast_xdp);
	struct ifreq request = {0};
	int socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct egress *egress = &run->egresses[run->egress_count++];

	if (bpf_xdp_attach((int)interface->ifindex, fd, XDP_FLAGS_DRV_MODE, NULL))
		give_up("attaching to", interface->name);
	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface->name);
	if (socket_fd < 0 || ioctl(socket_fd, SIOCGIFHWADDR, &request))
		give_up(interface->name, strerror(errno));
	(void)close(socket_fd);
	egress->ifindex = interface->ifindex;
	memcpy(egress->link, request.ifr_hwaddr.sa_data, sizeof(egress->link));
}

struct xdp_run *xdp_run_open(u32 flow_capacity, const struct network *network)
{
	struct xdp_run *run = calloc(1, sizeof(*run));
	struct error error;

	if (!run)
		give_up("memory", strerror(errno));
	(void)snprintf(instance, sizeof(instance), "parity-%d", getpid());
	if (state_lock(instance, &error) < 0 || atexit(unpin) ||
	    state_open(&run->state, instance, flow_capacity, &error))
		give_up("state", error.text);
	run->skeleton = holdfast_xdp__open();
	if (!run->skeleton || state_lend_maps(&run->state, run->skeleton->obj, &error))
		give_up("opening the program", strerror(errno));
	if (holdfast_xdp__load(run->skeleton))
		give_up("loading the program", strerror(errno));
	for (size_t i = 0; i < network->interface_count; i++)
		use_interface(run, &network->interfaces[i]);
	stay_on_one_cpu(run);
	return run;
}

struct state *xdp_run_state(struct xdp_run *run)
{
	return &run->state;
}

void xdp_run_close(struct xdp_run *run)
{
	for (u32 i = 0; i < run->egress_count; i++)
		(void)bpf_xdp_detach((int)run->egresses[i].ifindex, 0, NULL);
	holdfast_xdp__destroy(run->skeleton);
	state_close(&run->state);
	free(run);
}

static u8 counted_reason(const struct xdp_run *run, const u64 before[REASON_CAPACITY])
{
	const u64 *after = run->state.tables.packet_counters[run->cpu].packets;
	u32 counted = 0, reason = 0;

	for (u32 i = 0; i < REASON_CAPACITY; i++) {
		counted += (u32)(after[i] - before[i]);
		if (after[i] != before[i])
			reason = i;
	}
	if (counted != 1)
		give_up("counters", "a frame was not counted exactly once");
	return (u8)reason;
}

static u32 egress_by_link(const struct xdp_run *run, const u8 *source)
{
	for (u32 i = 0; i < run->egress_count; i++)
		if (!memcmp(run->egresses[i].link, source, sizeof(run->egresses[i].link)))
			return run->egresses[i].ifindex;
	return 0;
}

/* What the action and the bytes tell of the core's verdict. */
static void judge(const struct xdp_run *run, u32 action, const u8 *in, const u8 *out, u16 length,
		  struct xdp_outcome *outcome)
{
	outcome->ifindex = 0;
	switch (action) {
	case XDP_DROP:
		outcome->verdict = 0;
		return;
	case XDP_PASS:
		outcome->verdict = memcmp(in, out, length) ? 2 : 1;
		return;
	case XDP_REDIRECT:
		outcome->verdict = 3;
		outcome->ifindex = egress_by_link(run, out + 6);
		return;
	default:
		give_up("action", "neither drop nor pass nor redirect");
	}
}

void xdp_run_packet(const struct xdp_run *run, u8 *frame, u16 length, u32 ifindex, u32 now_s,
		    struct xdp_outcome *outcome)
{
	struct xdp_md in = {.data_end = length, .ingress_ifindex = ifindex}, out = {0};
	u8 result[OUT_ROOM];
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = length,
		    .data_out = result, .data_size_out = sizeof(result), .ctx_in = &in,
		    .ctx_size_in = sizeof(in), .ctx_out = &out, .ctx_size_out = sizeof(out),
		    .repeat = 1);
	u64 before[REASON_CAPACITY];

	run->state.tables.control->clock_scale_s_q32 = 0;
	run->state.tables.control->clock_offset_s_q32 = (u64)now_s << 32;
	memcpy(before, run->state.tables.packet_counters[run->cpu].packets, sizeof(before));
	if (bpf_prog_test_run_opts(bpf_program__fd(run->skeleton->progs.holdfast_xdp), &options))
		give_up("test run", strerror(errno));
	if (options.data_size_out - out.data != length)
		give_up("test run", "the frame's length has changed");
	outcome->reason = counted_reason(run, before);
	judge(run, options.retval, frame, result + out.data, length, outcome);
	memcpy(frame, result + out.data, length);
}
