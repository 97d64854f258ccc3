/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/route_question.h"

#include <linux/bpf.h>

#include <bpf/bpf.h>

#include "bpf/exchange.h"

static int program = -1;

void route_question_use(int new_program)
{
	program = new_program;
}

void route_question(const struct route_query *query, struct route *route)
{
	struct route_exchange exchange = {.query = *query};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = &exchange,
		    .data_size_in = sizeof(exchange), .data_out = &exchange,
		    .data_size_out = sizeof(exchange), .repeat = 1);

	if (bpf_prog_test_run_opts(program, &options) || options.retval != XDP_PASS)
		exchange.route = (struct route){.result = ROUTE_UNUSABLE};
	*route = exchange.route;
}
