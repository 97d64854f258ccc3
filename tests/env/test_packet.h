/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames for tests of the core: built from a description, and judged by summing their checksums up
 * anew.
 */
#ifndef TESTS_ENV_TEST_PACKET_H
#define TESTS_ENV_TEST_PACKET_H

#include "core/environment.h"

enum { TEST_FRAME_ROOM = 2048, TEST_FRAME_HEADROOM = 128 };

/* What a packet is; whatever is left out is 0, and a TTL of 0 means 64. */
struct test_packet {
	union ip_addr source;
	union ip_addr destination; /* of the same family */
	u8 protocol;               /* TCP, UDP, ICMP or ICMPv6; of others only the payload */
	u16 source_port;           /* host order; of ICMP type * 256 + code */
	u16 destination_port;      /* of ICMP the identifier */
	u8 tcp_flags;
	u8 ttl;
	u8 option_words;     /* IPv4 options, TCP options: 32-bit words of no-operations */
	u8 tcp_option_words;
	u8 tags;             /* 802.1Q */
	u16 payload_bytes;
	bool no_checksum;    /* UDP */
};

/* A frame, its IP header aligned as the core expects it. */
struct test_frame {
	struct native_frame frame;
	u8 *ip;
	u8 *transport;
	_Alignas(4) u8 room[TEST_FRAME_HEADROOM + 2 + TEST_FRAME_ROOM];
};

void test_frame_build(struct test_frame *frame, const struct link_addr *to,
		      const struct test_packet *packet);

/* Writes over the payload behind the transport header; the checksum follows. */
void test_frame_put_payload(struct test_frame *frame, const struct test_packet *packet,
			    const void *payload);

/* => true if the checksums of the IP header and of TCP, UDP or ICMP are those of what is there */
bool test_frame_sums_up(const struct test_frame *frame);

/* Cuts the frame off, or lets zeros follow the IP packet. */
void test_frame_resize(struct test_frame *frame, size_t bytes);

size_t test_frame_bytes(const struct test_frame *frame);

/* Puts the IPv4 header's checksum right after it was changed. */
void test_frame_sum_header(struct test_frame *frame);

#endif
