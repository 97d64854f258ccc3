/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing of frames: link, IPv4, IPv6 and its extension headers, TCP, UDP, ICMP, fragments. */
#include "tests/proofs/eva/anything.h"

int main(void)
{
	env_frame frame = any_frame();
	struct packet p = {0};

	if (packet_parse_link(&frame, &p) == NO_REASON &&
	    packet_parse_ip(&frame, &p) == NO_REASON)
		(void)packet_is_kept(&p);
	return 0;
}
