/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * First packets that are judged a second time, by the other compiled form of the core
 * (dataplane/sentinel.h): what the one that met the packet on its way made of it.
 *
 * Written on the packet path, one of every nat_config.parity_sample first packets, into a free
 * place of the ring; where the next place is not free, the sample is not taken. holdfast-dp frees a
 * place when it has looked at it.
 */
#ifndef ABI_SAMPLE_H
#define ABI_SAMPLE_H

#include "abi/types.h"

enum core_form { FORM_KERNEL, FORM_NATIVE, FORM_COUNT };

enum { SAMPLE_CAPACITY = 256, SAMPLE_HEAD_BYTES = 128 };
enum sample_state { SAMPLE_FREE, SAMPLE_BUSY, SAMPLE_READY };
enum { SAMPLE_ANY_ADDRESS = 0xffff }; /* none was chosen, or they are taken in turn */

/* How far a first packet comes without reserving anything. */
struct judgement {
	u16 reason;  /* enum reason; REASON_COUNT: it may open a flow */
	u16 rule;    /* id; 0: none */
	u16 pool;    /* id; 0: none */
	u16 address; /* NAT address slot */
};

struct sample {
	u64 state;      /* enum sample_state. Atomically; the rest only by who has the place */
	u64 generation; /* of the configuration */
	u32 nexthop_generation;
	u32 ifindex; /* ingress */
	u32 half;
	u16 length;      /* of the frame */
	u16 head_length; /* of what is kept of it */
	struct judgement judgement;
	u8 form; /* enum core_form: by whom */
	u8 padding[7];
	u8 head[SAMPLE_HEAD_BYTES];
};

_Static_assert((SAMPLE_HEAD_BYTES & (SAMPLE_HEAD_BYTES - 1)) == 0, "core/open.h masks with it");
_Static_assert(sizeof(struct sample) == 48 + SAMPLE_HEAD_BYTES, "no holes");

struct sample_ring {
	struct sample samples[SAMPLE_CAPACITY];
};

#endif
