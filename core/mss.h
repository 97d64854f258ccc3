/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The maximum segment size that both ends of a translated connection offer in their SYNs, made
 * smaller where it is larger than the way can carry (security flow tcp-mss all-tcp). Never larger,
 * and nothing is added where none is offered.
 */
#ifndef CORE_MSS_H
#define CORE_MSS_H

#include "core/rewrite.h"

enum tcp_option { TCP_OPTION_END = 0, TCP_OPTION_NOP = 1, TCP_OPTION_MSS = 2 };
enum { TCP_OPTION_MSS_BYTES = 4, TCP_OPTIONS_MAX_BYTES = 40 };

/* Over the options of a segment; all of them lie in the frame. */
struct option_walk {
	env_frame *frame;
	u32 at;
	u32 end;
	u32 found; /* 1: the option for the segment size is at `at`, whole */
};

static inline long option_walk_step(u32 i, void *context)
{
	struct option_walk *w = context;
	const u8 *option = packet_at(w->frame, w->at, 2);

	(void)i;
	if (!option || w->at + 2 > w->end || option[0] == TCP_OPTION_END)
		return 1;
	if (option[0] == TCP_OPTION_NOP) {
		w->at++;
		return 0;
	}
	if (option[0] == TCP_OPTION_MSS) {
		w->found = option[1] == TCP_OPTION_MSS_BYTES &&
			   w->at + TCP_OPTION_MSS_BYTES <= w->end;
		return 1;
	}
	w->at += option[1];
	return option[1] < 2;
}

/* Writes a word that may lie across two words of the checksum's. => its change */
static __always_inline u64 rewrite_bytes16(u8 *at, u16 new, bool across)
{
	u16 old = packet_be16(at);

	at[0] = (u8)(new >> 8);
	at[1] = (u8)new;
	return across ? checksum_change16(old, new)
		      : checksum_change16(raw_u16(network_u16(old)), raw_u16(network_u16(new)));
}

/* Of a SYN that leaves translated. */
static __always_inline void mss_clamp(env_frame *frame, const struct packet *p)
{
	struct option_walk walk = {.frame = frame};
	const struct nat_config *config;
	u8 *tcp, *size;
	u16 *check;

	config = env_config(p->half);
	tcp = packet_at(frame, p->transport, TCP_BYTES);
	if (!config || !tcp)
		return;
	walk.at = p->transport + (u32)TCP_BYTES;
	walk.end = p->transport + (tcp[12] >> 4) * 4u;
	env_loop(config->tcp_mss ? TCP_OPTIONS_MAX_BYTES : 0, option_walk_step, &walk);
	size = packet_at(frame, walk.at + 2, sizeof(u16));
	check = (u16 *)packet_at(frame, p->transport + check_offset(PACKET_TCP), sizeof(*check));
	if (!walk.found || !size || !check || packet_be16(size) <= config->tcp_mss)
		return;
	*check = checksum_apply(*check, rewrite_bytes16(size, config->tcp_mss,
							(walk.at - p->transport) % 2));
}

#endif
