/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Spin does here: it goes through every interleaving of the steps of processes (model.h), and
 * through every moment at which one may be killed. A state is struct model_state.
 */
c_decl {
\#include "tests/proofs/model.h"
}

c_code {
	extern void (*uerror)(char *);

	void model_failed(const char *what)
	{
		printf("FAILED: %s\n", what);
		uerror((char *)what);
	}
}

c_track "&model" "sizeof(struct model_state)" "Matched"

active [3] proctype process()
{
end:	do
	:: d_step {
		c_expr { model.can_step[Pprocess->_pid] } ->
		c_code { model_is_talking = readtrail; model_step(Pprocess->_pid); }
	   }
	:: d_step {
		c_expr { model.can_kill[Pprocess->_pid] } ->
		c_code { model_is_talking = readtrail; model_kill(Pprocess->_pid); }
	   }
	od
}
