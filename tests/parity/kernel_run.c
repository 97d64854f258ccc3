/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/parity/kernel_run.h"

#include <errno.h>
#include <linux/if_link.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "core/atomic.h"

/* Generated. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include "xdp.skel.h"
#pragma GCC diagnostic pop

/* Under which the state is pinned: one run for each process. */
static char instance[32];

void kernel_run_give_up(const char *what, const char *detail)
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

static void stay_on_one_cpu(struct kernel_run *run)
{
	cpu_set_t set;

	run->cpu = (u32)sched_getcpu();
	CPU_ZERO(&set);
	CPU_SET(run->cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		kernel_run_give_up("sched_setaffinity", strerror(errno));
}

static void open_state(struct kernel_run *run, u32 flow_capacity)
{
	struct error error;

	(void)snprintf(instance, sizeof(instance), "parity-%d", getpid());
	if (state_lock(instance, &error) < 0 || atexit(unpin) ||
	    state_open(&run->state, instance, flow_capacity, &error))
		kernel_run_give_up("state", error.text);
}

static void load_program(struct kernel_run *run)
{
	struct error error;

	run->xdp = holdfast_xdp__open();
	if (!run->xdp || state_lend_maps(&run->state, run->xdp->obj, &error))
		kernel_run_give_up("opening the program", strerror(errno));
	if (holdfast_xdp__load(run->xdp))
		kernel_run_give_up("loading the program", strerror(errno));
	run->program = bpf_program__fd(run->xdp->progs.holdfast_xdp);
}

static void attach_to(struct kernel_run *run, const struct network_interface *interface)
{
	if (run->interface_count == RUN_INTERFACES)
		kernel_run_give_up(interface->name, "too many interfaces");
	if (bpf_xdp_attach((int)interface->ifindex, run->program, XDP_FLAGS_DRV_MODE, NULL))
		kernel_run_give_up("attaching to", interface->name);
	run->ifindexes[run->interface_count++] = interface->ifindex;
}

void kernel_run_open(struct kernel_run *run, u32 flow_capacity, const struct network *network)
{
	open_state(run, flow_capacity);
	load_program(run);
	for (size_t i = 0; i < network->interface_count; i++)
		attach_to(run, &network->interfaces[i]);
	stay_on_one_cpu(run);
}

void kernel_run_close(struct kernel_run *run)
{
	for (u32 i = 0; i < run->interface_count; i++)
		(void)bpf_xdp_detach((int)run->ifindexes[i], 0, NULL);
	holdfast_xdp__destroy(run->xdp);
	state_close(&run->state);
}

void kernel_run_set_time(struct kernel_run *run, u32 now_s)
{
	run->state.tables.control->clock_scale_s_q32 = 0;
	run->state.tables.control->clock_offset_s_q32 = (u64)now_s << 32;
}

void kernel_run_count(const struct kernel_run *run, struct run_counts *counts)
{
	const struct tables *t = &run->state.tables;
	const struct packet_counters *program = &t->packet_counters[run->cpu];
	const struct packet_counters *worker = &t->packet_counters[t->first_worker_row];

	for (u32 i = 0; i < REASON_CAPACITY; i++)
		counts->packets[i] = program->packets[i] + worker->packets[i];
	counts->answers = program->answers[ANSWERS_SENT] + worker->answers[ANSWERS_SENT];
	counts->held = atomic_read(&t->control->fragments.held);
}

u8 kernel_run_reason(const struct kernel_run *run, const struct run_counts *before)
{
	struct run_counts after;
	u64 counted = 0;
	u32 reason = RUN_NO_REASON;

	kernel_run_count(run, &after);
	for (u32 i = 0; i < REASON_CAPACITY; i++) {
		counted += after.packets[i] - before->packets[i];
		if (after.packets[i] != before->packets[i])
			reason = i;
	}
	if (counted + after.held - before->held != 1)
		kernel_run_give_up("counters", "a frame was not counted or held exactly once");
	return (u8)reason;
}

bool kernel_run_answered(const struct kernel_run *run, const struct run_counts *before)
{
	struct run_counts after;

	kernel_run_count(run, &after);
	return after.answers != before->answers;
}

enum run_verdict kernel_run_handed(const u8 *in, const u8 *out, size_t bytes)
{
	return memcmp(in, out, bytes) ? RUN_KERNEL_TRANSLATED : RUN_KERNEL;
}
