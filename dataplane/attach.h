/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The programs: loading them over the pinned state, and attaching them to interfaces.
 *
 * XDP programs are attached by BPF links that are pinned beside the maps, so they go on without
 * this process, and the next one replaces the program behind a link without a gap. The two
 * small programs of the kernel's own path hang on clsact, which keeps them likewise.
 */
#ifndef DATAPLANE_ATTACH_H
#define DATAPLANE_ATTACH_H

#include "bpf/clock_reading.h"
#include "dataplane/state.h"

struct attach;

/*
 * Loads the programs and puts them behind the links that an earlier process left.
 * => 0 or a negative errno
 */
int attach_open(struct attach **attach, const struct state *state, struct error *error);

/* Frees what this process holds; everything attached stays attached. */
void attach_close(struct attach *attach);

/*
 * Attaches to an interface in a mode; nothing happens where that is so already.
 * => 1 if it was attached now, 0 if it was before; -EBUSY if another program is there,
 *    -EOPNOTSUPP if the driver cannot do native XDP
 */
int attach_interface(struct attach *attach, u32 ifindex, enum snapshot_xdp_mode mode,
		     struct error *error);

/* Detaches, if attached. */
void attach_remove(struct attach *attach, u32 ifindex);

/* => true and the mode that the kernel reports, if our program is attached there */
bool attach_mode(const struct attach *attach, u32 ifindex, enum snapshot_xdp_mode *mode);

/*
 * Takes an instance's programs off the kernel's own path of its interfaces; they would hold its
 * tables. For the XDP programs it is enough that state_discard() removes their pins.
 * => 0 or a negative errno
 */
int attach_discard(const char *instance, struct error *error);

/* Attaches what hands a worker's packets to the kernel. => 0 or a negative errno */
int attach_uplink(const struct attach *attach, u32 ifindex, struct error *error);

/* => programs to be run by dataplane/route_question.h and dataplane/sentinel.h */
int attach_route_program(const struct attach *attach);
int attach_rehearse_program(const struct attach *attach);

/* Reads jiffies and the monotonic clock at one moment. => 0 or a negative errno */
int attach_read_clock(const struct attach *attach, struct clock_reading *reading,
		      struct error *error);

/* Calls `visit` for each interface that we are attached to. */
void attach_visit(const struct attach *attach, void (*visit)(u32 ifindex, void *context),
		  void *context);

#endif
