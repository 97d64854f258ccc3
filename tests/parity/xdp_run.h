/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The XDP program, packet by packet, through the kernel's test run, over a state of its own.
 */
#ifndef TESTS_PARITY_XDP_RUN_H
#define TESTS_PARITY_XDP_RUN_H

#include "tests/parity/kernel_run.h"

struct xdp_run;

/* Exits with a message if anything fails. The interfaces exist; the program is attached to them. */
struct xdp_run *xdp_run_open(u32 flow_capacity, const struct network *network);
struct state *xdp_run_state(struct xdp_run *run);

/* Rewrites the frame in place. */
void xdp_run_packet(struct xdp_run *run, u8 *frame, u16 *length, u32 ifindex, u32 now_s,
		    struct run_outcome *outcome);

/* The state is unpinned when the process ends. */
void xdp_run_close(struct xdp_run *run);

#endif
