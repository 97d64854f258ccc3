/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Who calls a NAT address from outside where nobody expects it: an opening SYN is dropped without
 * a word, and kept. When it is 6 s old, holdfast-dp (dataplane/callers.h) tells its sender, unless
 * the one that it called has called back meanwhile [RFC5382 REQ-4]. docs/packet-path.md, section
 * 13.
 *
 * Where a SYN may lie follows from its sender and its addresses and ports, so a sender fills one
 * set at most, one that comes again finds its place taken, and nothing is searched. What finds its
 * place taken is not kept.
 */
#ifndef CORE_CALLER_H
#define CORE_CALLER_H

#include "core/flow.h"
#include "core/tcp.h"

/* => true for what is kept: a whole segment that is an opening SYN */
static __always_inline bool caller_is_one(const struct packet *p)
{
	return p->kind == PACKET_TCP && !p->fragment && tcp_opens(p->tcp_flags);
}

static __always_inline u64 caller_place(const struct control *control, const struct packet *p)
{
	u64 set = flow_hash(control, &p->key.inside, &p->key.inside, p->key.zone, 0, p->key.family);
	u64 place = flow_key_hash(control, &p->key);

	return set % CALLER_SETS * CALLERS_PER_SET + place % CALLERS_PER_SET;
}

/* Copies the frame. => false if it cannot */
static __always_inline bool caller_fill(env_frame *frame, const struct packet *p, u64 bytes,
					struct caller *caller)
{
	caller->called_ns = env_now_ns();
	caller->ifindex = p->ifindex;
	caller->length = (u16)bytes;
	value_is_anything(bytes);
	bytes = ((bytes - 1) & (CALLER_FRAME_BYTES - 1)) + 1; /* for BPF's verifier: 1 to all */
	return !env_frame_load(frame, caller->bytes, (u32)bytes);
}

/* Keeps a SYN that is dropped. => 0 */
core_step int caller_keep(env_frame *frame, struct packet *p)
{
	struct control *control = env_control();
	u64 bytes, place;
	bool filled;

	if (!p || !control)
		return 0;
	bytes = (u64)(env_frame_end(frame) - env_frame_start(frame));
	if (!bytes || bytes > CALLER_FRAME_BYTES)
		return 0;
	place = caller_place(control, p);
	index_is_checked(place, CALLER_PLACES);
	if (!atomic_replace(&control->callers.states[place], CALLER_NONE, CALLER_BUSY))
		return 0;
	filled = caller_fill(frame, p, bytes, &control->callers.places[place]);
	(void)atomic_swap(&control->callers.states[place], filled ? CALLER_READY : CALLER_NONE);
	return 0;
}

#endif
