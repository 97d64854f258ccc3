/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * A packet of no known flow, from beginning to end: what is found out about it (core/first.h), and
 * the flow that it opens (core/opening.h), through a lease if its rule has persistent-nat
 * (core/persist.h), or with its own way back (core/open_back.h). docs/packet-path.md, sections 3.4
 * to 3.7.
 */
#ifndef CORE_OPEN_H
#define CORE_OPEN_H

#include "core/open_back.h"
#include "core/persist.h"
#include "core/sample.h"

/*
 * What was found so far is NO_REASON, or why the pool has no address for the packet.
 * => NO_REASON and the flow in first->slot, or the reason for the drop
 */
static __always_inline u32 first_open(struct packet *p, struct first *first, u32 reason)
{
	if (reason != NO_REASON && reason != REASON_source_nat_pool_no_address)
		return reason;
	if (first->permit)
		return first_open_leased(p, first);
	if (packet_is_kept(p))
		return first_open_kept(p, first, reason);
	if (reason == NO_REASON)
		reason = (u32)first_reserve(p, first);
	if (first_overflows(p, first, reason))
		reason = first_reserve_overflow(p, first);
	if (reason == NO_REASON)
		reason = (u32)first_publish(p, first);
	return reason;
}

/*
 * Judges a packet that belongs to no flow, and opens one if a rule says so.
 * => NO_REASON and slot + 1 of its flow; otherwise the reason for the drop, or for the kernel
 */
static __always_inline u32 first_packet(env_frame *frame, struct packet *p, u32 *slot)
{
	struct first first = FIRST_NOTHING;
	u32 reason = first_steps(frame, p, &first);

	if (reason != FOR_WORKER && sample_is_due(p))
		sample_keep(frame, p, &first, reason);
	reason = first_open(p, &first, reason);
	if (reason >= REASON_FIRST_DROP && reason < NO_REASON && first.rule != RULE_NOT_FOUND)
		first_refuse(p, &first, reason);
	*slot = first.slot;
	return reason;
}

#endif
