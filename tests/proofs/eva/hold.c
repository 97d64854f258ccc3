/* SPDX-License-Identifier: Apache-2.0 */
/* Fragments that are kept until the first one comes: each length of a frame by itself. */
#include "tests/proofs/eva/anything.h"

int main(void)
{
	env_frame frame = any_frame();
	struct packet p = any_packet();
	u32 bytes = eva_u32(0, EVA_FRAME_BYTES);

	any_tables();
	//@ split bytes;
	frame.start = frame.end - bytes;
	(void)fragment_hold(&frame, &p, eva_u32(0, 1));
	return 0;
}
