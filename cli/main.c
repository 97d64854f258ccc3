/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holdfast: the command line.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/interpret.h"
#include "cli/output.h"

int main(int argc, char **argv)
{
	struct session session = {.run_dir = "/run/holdfast"};
	enum status status;

	session.err = output_open(stderr, NULL);
	session.out = stdout;
	status = interpret_words(&session, (const char *const *)argv + 1, (size_t)argc - 1);
	output_close(session.err, stderr);
	return (int)status;
}
