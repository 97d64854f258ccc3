/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to refusals: the frame becomes an ICMP error about itself. */
#include "tests/proofs/eva/anything.h"

int main(void)
{
	env_frame frame = any_frame();
	struct packet p = any_packet();

	any_tables();
	(void)answer_refusal(&frame, &p);
	return 0;
}
