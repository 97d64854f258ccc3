/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

static bool is_bpffs(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && fs.f_type == BPF_FS_MAGIC;
}

/* => 0 for the first process, and if it cannot be told */
static pid_t parent_of(pid_t pid)
{
	char line[256], path[32];
	pid_t parent = 0;
	FILE *status;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", pid);
	status = fopen(path, "re");
	if (!status)
		return 0;
	while (fgets(line, sizeof(line), status))
		if (sscanf(line, "PPid: %d", &parent) == 1)
			break;
	(void)fclose(status);
	return parent;
}

static int open_mounts_of(pid_t pid)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/mnt", pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* => a descriptor; -1 if nobody's mounts may be joined */
static int open_oldest_mounts(void)
{
	int oldest = open_mounts_of(1);

	if (oldest >= 0)
		return oldest;
	for (pid_t pid = parent_of(getpid()); pid > 1; pid = parent_of(pid)) {
		int fd = open_mounts_of(pid);

		if (fd < 0)
			break;
		if (oldest >= 0)
			(void)close(oldest);
		oldest = fd;
	}
	return oldest;
}

/* Without anybody to join, the mounts at hand are the machine's as far as can be told. */
static int join_oldest_mounts(struct error *error)
{
	int fd = open_oldest_mounts(), result = 0;

	if (fd < 0)
		return 0;
	if (setns(fd, CLONE_NEWNS))
		result = error_set_errno(error, errno, "joining the machine's mounts");
	(void)close(fd);
	return result;
}

int mounts_reach_bpf(struct error *error)
{
	int result = is_bpffs(BPF_ROOT) ? 0 : join_oldest_mounts(error);

	if (!result && !is_bpffs(BPF_ROOT) && mount("bpf", BPF_ROOT, "bpf", 0, "mode=0700"))
		result = error_set_errno(error, errno,
					 "mounting the BPF file system on " BPF_ROOT);
	return result;
}
