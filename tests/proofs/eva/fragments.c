/* SPDX-License-Identifier: Apache-2.0 */
/* Fragments: learnt, recognised and rewritten. */
#include "tests/proofs/eva/anything.h"

int main(void)
{
	env_frame frame = any_frame();
	struct packet p = any_packet();
	struct flow_match match = {0};
	u32 slot = eva_u32(0, ~0u), direction = eva_u32(0, ~0u);

	any_tables();
	switch (eva_u32(0, 2)) {
	case 0:
		(void)fragment_match(&frame, &p, &match);
		break;
	case 1:
		(void)address_rewrite(&frame, &p, slot, direction, eva_u32(0, ~0u));
		break;
	default:
		(void)fragment_learn(&frame, &p, slot, direction);
	}
	return 0;
}
