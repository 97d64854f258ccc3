/* SPDX-License-Identifier: Apache-2.0 */
/* Rewriting of addresses, ports, TTL, link header and segment size, and the checksums with them. */
#include "tests/proofs/eva/anything.h"

static void rewrite_anything(env_frame *frame, const struct packet *p)
{
	enum packet_end end = eva_bool() ? PACKET_SOURCE : PACKET_DESTINATION;
	union ip_addr address;
	struct link_addr link[2];

	EVA_ANYTHING(&address);
	EVA_ANYTHING(&link);
	switch (eva_u32(0, 3)) {
	case 0:
		(void)rewrite_end(frame, p, end, &address, (__be16)eva_u32(0, 65535), eva_bool());
		break;
	case 1:
		(void)rewrite_ttl(frame, p);
		break;
	case 2:
		(void)rewrite_link(frame, &link[0], &link[1]);
		break;
	default:
		mss_clamp(frame, p);
	}
}

int main(void)
{
	env_frame frame = any_frame();
	struct packet p = any_packet();

	any_tables();
	rewrite_anything(&frame, &p);
	return 0;
}
