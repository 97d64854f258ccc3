/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a configuration: nothing crashes, hangs or leaks, and what is accepted prints in
 * both forms as something that means the same.
 *
 * Good seeds are config/example.conf and the examples of docs/configuration.md.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/round_trip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_kept(const char *lost)
{
	if (!lost)
		return;
	fprintf(stderr, "%s\n", lost);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;

	expect_kept(round_trip_tree(text, size));
	expect_kept(round_trip_config(text, size));
	return 0;
}
