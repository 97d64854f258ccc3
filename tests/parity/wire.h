/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The far end of every interface of a trace, which is a TAP device: what is sent here arrives
 * there, within the call, and what leaves there is caught here. So is what the kernel is handed,
 * by a packet socket, just in front of the rule that drops it (tests/parity/forms.py).
 *
 * Whatever fails ends the process with a message.
 */
#ifndef TESTS_PARITY_WIRE_H
#define TESTS_PARITY_WIRE_H

#include "tests/parity/kernel_run.h"

struct wire_end {
	char name[INTERFACE_NAME_BYTES];
	u32 ifindex;
	int fd;
};

struct wire {
	struct wire_end ends[RUN_INTERFACES];
	u32 end_count;
	int handed; /* the packet socket */
};

struct caught {
	u32 ifindex;
	bool sent; /* it left there; otherwise the kernel was handed it, as having arrived there */
	size_t bytes;
	u8 frame[RUN_FRAME_ROOM];
};

/* The devices exist and persist. */
void wire_open(struct wire *wire, const struct network *network);
void wire_close(struct wire *wire);

void wire_send(const struct wire *wire, u32 ifindex, const u8 *frame, u16 bytes);

/* Waits for at most some time for a frame. => false if there is none */
bool wire_catch(const struct wire *wire, int wait_ms, struct caught *caught);

/* => frames that were passed on to the kernel's stack since the interface was made */
u64 wire_passed(const struct wire *wire, u32 ifindex);

#endif
