/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/sysctl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { PATH_BYTES = 128 };

static FILE *sysctl_open(const char *path, const char *mode)
{
	char name[PATH_BYTES];

	(void)snprintf(name, sizeof(name), "/proc/sys/net/%s", path);
	return fopen(name, mode);
}

int sysctl_read(const char *path)
{
	FILE *file = sysctl_open(path, "re");
	int value = -EIO;

	if (!file)
		return -errno;
	if (fscanf(file, "%d", &value) != 1)
		value = -EIO;
	(void)fclose(file);
	return value;
}

int sysctl_write(const char *path, int value)
{
	FILE *file;
	int written;

	if (sysctl_read(path) == value)
		return 0;
	file = sysctl_open(path, "we");
	if (!file)
		return -errno;
	written = fprintf(file, "%d\n", value);
	if (fclose(file) || written < 0)
		return -EIO;
	return 1;
}

/* A setting of one interface: "ipv4/conf/%s/forwarding". */
static int set_for_interface(const char *format_head, const char *name, const char *format_tail,
			     int value, struct error *error)
{
	char path[PATH_BYTES];
	int result;

	(void)snprintf(path, sizeof(path), "%s/%s/%s", format_head, name, format_tail);
	result = sysctl_write(path, value);
	if (result < 0)
		return error_set_errno(error, -result, "setting net/%s to %d", path, value);
	if (result)
		(void)fprintf(stderr, "holdfast-dp: set net/%s to %d\n", path, value);
	return 0;
}

int sysctl_prepare_interface(const char *name, int ipv6, struct error *error)
{
	int result = set_for_interface("ipv4/conf", name, "forwarding", 1, error);

	if (!result)
		result = set_for_interface("ipv4/conf", name, "accept_local", 1, error);
	if (!result && ipv6)
		result = set_for_interface("ipv6/conf", "all", "forwarding", 1, error);
	return result;
}

int sysctl_prepare_proxy(const char *name, struct error *error)
{
	int result = set_for_interface("ipv4/neigh", name, "proxy_delay", 0, error);

	if (!result)
		result = set_for_interface("ipv6/neigh", name, "proxy_delay", 0, error);
	if (!result)
		result = set_for_interface("ipv6/conf", name, "proxy_ndp", 1, error);
	return result;
}
