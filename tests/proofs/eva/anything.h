/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames, packets and tables that hold anything, for the harnesses of the core.
 */
#ifndef TESTS_PROOFS_EVA_ANYTHING_H
#define TESTS_PROOFS_EVA_ANYTHING_H

#include "core/nat.h"

u8 eva_buffer[EVA_HEADROOM + EVA_FRAME_BYTES];
struct control eva_control;
struct nat_config eva_config;
struct flow eva_flows[EVA_FLOWS];
struct flow_stats eva_flow_stats[EVA_FLOWS];
struct flow_bucket eva_buckets[EVA_BUCKETS];
struct address_ports eva_ports;
struct owner_counters eva_owner_counters;
struct packet_counters eva_packet_counters;

/* => a frame of 0 to EVA_FRAME_BYTES bytes, whatever they are */
static env_frame any_frame(void)
{
	Frama_C_make_unknown((char *)eva_buffer, sizeof(eva_buffer));
	return (env_frame){
		.start = eva_buffer + eva_u32(EVA_HEADROOM, sizeof(eva_buffer)),
		.end = eva_buffer + sizeof(eva_buffer),
	};
}

static void any_tables(void)
{
	EVA_ANYTHING(&eva_control);
	EVA_ANYTHING(&eva_config);
	EVA_ANYTHING(&eva_flows);
	EVA_ANYTHING(&eva_flow_stats);
	EVA_ANYTHING(&eva_buckets);
	EVA_ANYTHING(&eva_ports);
	EVA_ANYTHING(&eva_owner_counters);
	EVA_ANYTHING(&eva_packet_counters);
}

/* => a packet that need not be that of the frame: every field is anything that it can hold */
static struct packet any_packet(void)
{
	struct packet p;

	EVA_ANYTHING(&p);
	p.may_fragment = eva_bool();
	p.steered = eva_bool();
	p.rehearsed = eva_bool();
	return p;
}

#endif
