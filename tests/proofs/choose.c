/* SPDX-License-Identifier: Apache-2.0 */
/* Which configuration a program of Spin's checks: the one that PROOF names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/proofs/model.h"

__attribute__((constructor)) static void choose(void)
{
	const char *name = getenv("PROOF");

	for (configuration = configurations; configuration->name; configuration++)
		if (name && !strcmp(name, configuration->name))
			break;
	if (!configuration->name) {
		(void)fprintf(stderr, "PROOF=%s: no such configuration\n", name ? name : "");
		exit(2);
	}
	model_start();
}
