/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must be true of every frame and verdict, found out without the core: its own way to read a
 * frame, and sums instead of updates.
 */
#ifndef TESTS_FUZZ_PACKET_CHECKS_H
#define TESTS_FUZZ_PACKET_CHECKS_H

#include "abi/reasons.h"
#include "abi/types.h"

struct packet_policy {
	union ip_addr nat_addresses[16];
	u32 nat_address_count;
	/* => true if a rule translates what the source, inside, sends to the destination */
	bool (*owns)(const union ip_addr *source, const union ip_addr *destination);
};

struct judged {
	const u8 *before;
	const u8 *after;
	u32 length;
	u32 length_after; /* the same but for an answer */
	bool from_inside;
	u32 ifindex; /* where it leaves, 0 if it is not forwarded */
	u8 action;   /* enum verdict_action */
	u8 reason;
};

/*
 * => NULL, or what is wrong: a verdict whose reason is of another kind, bytes that changed without
 * a translation, an inside source that leaves or is let by, a wrong TTL, a checksum that is not as
 * right or as wrong as it was; an answer that does not go back, whose checksums are wrong or that does
 * not quote the packet
 */
const char *packet_check(const struct packet_policy *policy, const struct judged *judged);

/* The same of a packet that the gateway itself sends: only its checksums and its TTL. */
const char *packet_check_local(const struct judged *judged);

#endif
