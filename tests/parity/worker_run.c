/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a packet is through. The program runs within the call that sends a frame, so afterwards the
 * frame is either counted or one more was steered. A worker says that it waits when it has taken,
 * judged and sent all that it was handed; the program takes that back when it steers. So between
 * two packets every queue waits and has taken what was steered, and no worker is taken for stalled.
 *
 * The worker shares the CPU with this thread, which yields to it: a switch between two threads is
 * cheaper than waking an idle CPU, and the other CPUs are left to other runs.
 */
#include "tests/parity/worker_run.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/handover.h"
#include "core/bits.h"
#include "dataplane/clock.h"
#include "dataplane/route_question.h"
#include "tests/parity/wire.h"

/* Generated. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include "ask.skel.h"
#pragma GCC diagnostic pop

enum {
	PATIENCE_MS = 5000,
	MAX_QUEUES = RUN_INTERFACES,
	TYPE_AT = 12, /* in a frame */
	TAG_BYTES = 4,
	LEAST_MTU = 1280, /* of an interface of a trace */
	PACKETS_A_ROUND = 1000, /* during the last ones the worker is away */
	PACKETS_WITH_WORKER = 900,
};

struct worker_run {
	struct kernel_run kernel;
	struct holdfast_ask *ask;
	struct wire wire;
	struct workers *workers;
	u32 uplink; /* ifindex */
	struct worker_queue *queues[MAX_QUEUES];
	u32 queue_count;
	int patience_ms; /* for a frame that must come */
	u64 packets;
	u64 judged; /* of them by the worker */
};

struct worker_run *worker_run_open(u32 flow_capacity, const struct network *network)
{
	struct worker_run *run = calloc(1, sizeof(*run));
	struct error error;

	if (!run)
		kernel_run_give_up("memory", strerror(errno));
	wire_open(&run->wire, network);
	kernel_run_open(&run->kernel, flow_capacity, network);
	run->ask = holdfast_ask__open();
	if (!run->ask || state_lend_maps(&run->kernel.state, run->ask->obj, &error) ||
	    holdfast_ask__load(run->ask))
		kernel_run_give_up("loading the route program", strerror(errno));
	return run;
}

struct state *worker_run_state(struct worker_run *run)
{
	return &run->kernel.state;
}

static int learn_uplink(void *context, u32 ifindex, struct error *error)
{
	struct worker_run *run = context;

	(void)error;
	run->uplink = ifindex;
	return 0;
}

static void learn_queues(struct worker_run *run)
{
	for (u32 place = 0; place < WORKER_QUEUES; place++) {
		struct worker_queue *queue = &run->kernel.state.tables.worker_queues[place];

		if (!queue->ifindex)
			continue;
		if (run->queue_count == MAX_QUEUES)
			kernel_run_give_up("workers", "too many queues");
		run->queues[run->queue_count++] = queue;
	}
}

static bool all_is_taken(const struct worker_run *run)
{
	for (u32 i = 0; i < run->queue_count; i++) {
		const struct worker_queue *q = run->queues[i];

		if (!__atomic_load_n(&q->waiting, __ATOMIC_ACQUIRE) ||
		    __atomic_load_n(&q->taken, __ATOMIC_ACQUIRE) != q->steered)
			return false;
	}
	return true;
}

static void wait_until_all_is_taken(const struct worker_run *run)
{
	u64 until_ns = clock_now_ns() + PATIENCE_MS * 1000000ull;

	while (!all_is_taken(run)) {
		(void)sched_yield();
		if (clock_now_ns() > until_ns)
			kernel_run_give_up("worker", "it does not take what was steered to it");
	}
}

void worker_run_start(struct worker_run *run, const struct snapshot *snapshot,
		      const struct network *network, const struct worker_run_clock *clock)
{
	const struct workers_surroundings surroundings = {
		.state = &run->kernel.state, .now_s = clock->now_s, .now_ns = clock->now_ns,
		.attach_uplink = learn_uplink, .context = run};
	struct workers_plan plan;
	struct error error;

	route_question_use(bpf_program__fd(run->ask->progs.holdfast_route));
	if (workers_plan(&plan, snapshot, network, &error))
		kernel_run_give_up("planning the workers", error.text);
	plan.cpus[run->kernel.cpu / 64] = 1ull << run->kernel.cpu % 64;
	if (workers_start(&run->workers, &plan, &surroundings, &error))
		kernel_run_give_up("starting the workers", error.text);
	run->patience_ms = PATIENCE_MS;
	learn_queues(run);
	wait_until_all_is_taken(run);
}

static bool is_tag(const u8 *type)
{
	u16 number = (u16)(type[0] << 8 | type[1]);

	return number == ETH_P_8021Q || number == ETH_P_8021AD;
}

/* => whether the frame is longer than the MTU of some interface with an Ethernet header and a tag */
static bool may_be_too_long(const u8 *frame, u16 length)
{
	bool two_tags = length >= ETH_HLEN + TAG_BYTES && is_tag(frame + TYPE_AT) &&
			is_tag(frame + TYPE_AT + TAG_BYTES);

	return two_tags || length > LEAST_MTU + ETH_HLEN + TAG_BYTES;
}

/*
 * What the worker has begun, the program goes on with now and then, and the other way round. But not
 * what carries two tags or much padding: the kernel sends no frame for a program that is longer
 * than the MTU with an Ethernet header and one tag (docs/operations.md).
 */
static void come_and_go(struct worker_run *run, const u8 *frame, u16 length)
{
	bool here = run->packets++ % PACKETS_A_ROUND < PACKETS_WITH_WORKER ||
		    may_be_too_long(frame, length);

	for (u32 i = 0; i < run->queue_count; i++)
		__atomic_store_n(&run->queues[i]->steering, here, __ATOMIC_RELEASE);
}

static u64 count_steered(const struct worker_run *run)
{
	u64 steered = 0;

	for (u32 i = 0; i < run->queue_count; i++)
		steered += run->queues[i]->steered;
	return steered;
}

/* A frame that is through. */
struct sent_frame {
	const u8 *frame;
	u16 bytes;
	u32 ifindex;
	bool steered; /* to the worker */
	bool answered;
};

/* Goes on, so that the packet is found in the results; says why, once. */
static void contradict(struct run_outcome *outcome, const char *what)
{
	static bool said;

	outcome->verdict = RUN_CONTRADICTION;
	if (!said)
		(void)fprintf(stderr, "replay: %s\n", what);
	said = true;
}

/* What a worker hands to the kernel carries a note, which the tc program of the uplink reads. */
static void take_note_off(struct caught *caught, struct run_outcome *outcome)
{
	struct uplink_note note = {0};

	if (caught->bytes >= ETH_HLEN + sizeof(note)) {
		caught->bytes -= sizeof(note);
		memcpy(&note, caught->frame + caught->bytes, sizeof(note));
	}
	caught->ifindex = note.in_ifindex;
	if (note.magic != HANDOVER_MAGIC)
		contradict(outcome, "a frame came up the uplink without a note");
	else if (!note.ifindex != (outcome->reason != REASON_neighbour_unresolved))
		contradict(outcome, "a note is wrong about where its frame is to leave");
}

static void judge_handed(const struct worker_run *run, struct caught *caught,
			 const struct sent_frame *sent, struct run_outcome *outcome)
{
	bool by_uplink = caught->ifindex == run->uplink;

	outcome->verdict = RUN_KERNEL_TRANSLATED;
	if (by_uplink)
		take_note_off(caught, outcome);
	if (caught->bytes == sent->bytes && outcome->verdict != RUN_CONTRADICTION)
		outcome->verdict = (u8)kernel_run_handed(sent->frame, caught->frame, caught->bytes);
	if (by_uplink != sent->steered)
		contradict(outcome, "the kernel was handed by one what another had judged");
	if (caught->ifindex != sent->ifindex)
		contradict(outcome, "the kernel was told of another interface");
}

static void judge_caught(const struct worker_run *run, struct caught *caught,
			 const struct sent_frame *sent, struct run_outcome *outcome)
{
	struct caught second;

	if (caught->sent && sent->answered) {
		outcome->verdict = RUN_ANSWER;
		if (caught->ifindex != sent->ifindex)
			contradict(outcome, "an answer left by another interface");
	} else if (caught->sent) {
		outcome->verdict = RUN_FORWARD;
		outcome->ifindex = caught->ifindex;
	} else {
		judge_handed(run, caught, sent, outcome);
	}
	if (wire_catch(&run->wire, 0, &second))
		contradict(outcome, "one frame was sent, and two came");
}

/*
 * A frame that is through has arrived somewhere, or nowhere. One that must come is waited for,
 * should the kernel have put its sending off; after one that did not come, no more.
 * => false if none comes
 */
static bool catch_one(struct worker_run *run, bool must_come, struct caught *caught)
{
	if (wire_catch(&run->wire, 0, caught))
		return true;
	if (!must_come)
		return false;
	if (wire_catch(&run->wire, run->patience_ms, caught))
		return true;
	run->patience_ms = 0;
	return false;
}

/* The kernel looks for two bytes behind a VLAN tag, and throws the frame away without them. */
static bool kernel_cannot_read(const u8 *frame, u16 length)
{
	return is_tag(frame + TYPE_AT) && length < ETH_HLEN + TAG_BYTES + 2;
}

/* Of a frame that the kernel cannot read nobody is shown the bytes; only that it was passed on. */
static void judge_unread(struct worker_run *run, u32 ifindex, u64 passed_before,
			 struct run_outcome *outcome)
{
	if (wire_passed(&run->wire, ifindex) == passed_before + 1)
		outcome->verdict = RUN_KERNEL;
}

/* Writes what was caught over the frame. */
static void judge_sent(struct worker_run *run, const struct sent_frame *sent, u8 *frame,
		       u16 *length, struct run_outcome *outcome)
{
	struct caught caught;

	if (!catch_one(run, sent->answered || outcome->reason < REASON_FIRST_DROP, &caught))
		return;
	judge_caught(run, &caught, sent, outcome);
	memcpy(frame, caught.frame, caught.bytes);
	*length = (u16)caught.bytes;
}

void worker_run_packet(struct worker_run *run, u8 *frame, u16 *length, u32 ifindex, u32 now_s,
		       struct run_outcome *outcome)
{
	bool unread = kernel_cannot_read(frame, *length);
	u64 steered = count_steered(run), passed = unread ? wire_passed(&run->wire, ifindex) : 0;
	struct sent_frame sent = {.frame = frame, .bytes = *length, .ifindex = ifindex};
	struct run_counts before;

	come_and_go(run, frame, *length);
	kernel_run_set_time(&run->kernel, now_s);
	kernel_run_count(&run->kernel, &before);
	wire_send(&run->wire, ifindex, frame, *length);
	wait_until_all_is_taken(run);
	steered = count_steered(run) - steered;
	run->judged += steered;
	sent.steered = steered;
	sent.answered = kernel_run_answered(&run->kernel, &before);
	*outcome = (struct run_outcome){.verdict = RUN_DROP,
					.reason = kernel_run_reason(&run->kernel, &before)};
	if (outcome->reason == RUN_NO_REASON)
		outcome->verdict = RUN_HELD;
	if (unread)
		judge_unread(run, ifindex, passed, outcome);
	else
		judge_sent(run, &sent, frame, length, outcome);
}

void worker_run_close(struct worker_run *run)
{
	workers_stop(run->workers);
	(void)printf("%llu\n", run->judged);
	if (!run->judged)
		kernel_run_give_up("worker", "it has judged no packet");
	holdfast_ask__destroy(run->ask);
	kernel_run_close(&run->kernel);
	wire_close(&run->wire);
	free(run);
}
