/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the forms in the kernel have in common: a state of their own, pinned until the process ends,
 * and the XDP program attached to every interface of the trace. Whatever fails ends the process
 * with a message.
 */
#ifndef TESTS_PARITY_KERNEL_RUN_H
#define TESTS_PARITY_KERNEL_RUN_H

#include <stdnoreturn.h>

#include "dataplane/state.h"

enum { RUN_FRAME_ROOM = 8192, RUN_INTERFACES = 16 };

struct holdfast_xdp;

struct kernel_run {
	struct state state;
	struct holdfast_xdp *xdp;
	int program; /* fd */
	u32 ifindexes[RUN_INTERFACES];
	u32 interface_count;
	u32 cpu; /* the only one that this process runs on */
};

/* As the result files spell them; the last is none that an oracle gives. */
enum run_verdict {
	RUN_DROP,
	RUN_KERNEL,
	RUN_KERNEL_TRANSLATED,
	RUN_FORWARD,
	RUN_ANSWER,
	RUN_HELD,
	RUN_CONTRADICTION, /* what was seen of the packet fits none of these */
};

enum { RUN_NO_REASON = 255 }; /* of what is held */

struct run_outcome {
	u8 verdict;
	u8 reason;
	u32 ifindex; /* where it goes out, 0 otherwise */
};

/* The packets that were counted, and held, before one is sent. */
struct run_counts {
	u64 packets[REASON_CAPACITY];
	u64 held;
	u64 answers; /* that were sent */
};

void kernel_run_open(struct kernel_run *run, u32 flow_capacity, const struct network *network);
void kernel_run_close(struct kernel_run *run);

/* The time that the program reads. */
void kernel_run_set_time(struct kernel_run *run, u32 now_s);

/* Packets that this process's CPU and the first worker have counted. */
void kernel_run_count(const struct kernel_run *run, struct run_counts *counts);

/* => the reason of the one packet that was counted since; RUN_NO_REASON if it was held instead */
u8 kernel_run_reason(const struct kernel_run *run, const struct run_counts *before);

/* => whether the packet was answered that was counted since */
bool kernel_run_answered(const struct kernel_run *run, const struct run_counts *before);

/* => the verdict on a packet that the kernel was handed, of as many bytes as it came with */
enum run_verdict kernel_run_handed(const u8 *in, const u8 *out, size_t bytes);

noreturn void kernel_run_give_up(const char *what, const char *detail);

#endif
