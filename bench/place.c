/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/place.h"

#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void place_enter_namespace(const char *name)
{
	char path[256];
	int fd;

	(void)snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		err(1, "namespace %s", name);
	(void)close(fd);
}

void place_use_cpu(const char *number)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)atoi(number), &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(1, "CPU %s", number);
}
