/* SPDX-License-Identifier: Apache-2.0 */
/* ICMP errors: the packet that they quote is parsed, and both are rewritten. */
#include "tests/proofs/eva/anything.h"

int main(void)
{
	env_frame frame = any_frame();
	struct packet p = any_packet();
	struct flow_match match = {0};

	any_tables();
	if (eva_bool())
		(void)error_match(&frame, &p, &match);
	else if (eva_bool())
		(void)error_rewrite(&frame, &p, eva_u32(0, ~0u), eva_u32(0, ~0u), eva_u32(0, ~0u));
	else
		(void)error_rewrite_local(&frame, &p);
	return 0;
}
