/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parity sentinel: while packets flow, the compiled forms of the core are held against each
 * other (INV-PARITY).
 *
 * The packet path keeps a sample of first packets with what it made of them (abi/sample.h). Each is
 * judged once more here, by both forms, over the same tables: the native one and, by a test run of
 * holdfast_rehearse, the one in the kernel. Rule, pool, address and reason must be those of the
 * sample. One whose configuration or routes have changed since is not compared.
 *
 * A mismatch is counted, and the last one is kept with its packet. The counter of a sound
 * instance is zero for ever.
 *
 * Who may call: one thread, with the environment of dataplane/native set up.
 */
#ifndef DATAPLANE_SENTINEL_H
#define DATAPLANE_SENTINEL_H

#include <jansson.h>

#include "dataplane/tables.h"

/*
 * How a form judges the frame of a sample, `length` bytes.
 * => 0, or a negative errno: it could not be asked
 */
typedef int rehearse(void *context, u8 *frame, u32 length, u32 ifindex, u32 half,
		     struct judgement *judgement);

struct sentinel_form {
	rehearse *rehearse;
	void *context;
};

/* The native form. */
int sentinel_rehearse_natively(void *context, u8 *frame, u32 length, u32 ifindex, u32 half,
			       struct judgement *judgement);

/* The kernel's; context: an int, the program holdfast_rehearse. */
int sentinel_rehearse_in_kernel(void *context, u8 *frame, u32 length, u32 ifindex, u32 half,
				struct judgement *judgement);

struct sentinel {
	/* Set up by the owner. */
	struct sentinel_form forms[FORM_COUNT];
	u64 first;       /* number of samples that were due before it began */
	u64 due;         /* since then */
	u64 compared;    /* the others met no free place, or what judged them is no longer in force */
	u64 mismatches;
	u64 failures;    /* a form could not be asked */
	struct sample last; /* mismatch */
	struct judgement last_said[FORM_COUNT];
};

/*
 * Begins with what comes from now on, and frees the places that a process which was killed had in
 * hand. While no other thread of this process handles packets; forms are set up already.
 */
void sentinel_start(struct sentinel *sentinel, struct tables *tables);

/* Looks at the samples that have come since the last time. => mismatches among them */
u64 sentinel_look(struct sentinel *sentinel, struct tables *tables);

#endif
