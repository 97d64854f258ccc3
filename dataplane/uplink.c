/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/uplink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bpf/handover.h"
#include "dataplane/sysctl.h"

#define TUN_DEVICE "/dev/net/tun"

static int set_up(struct ifreq *request)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int result = fd < 0 || ioctl(fd, SIOCGIFFLAGS, request) ? -errno : 0;

	request->ifr_flags = (short)(request->ifr_flags | IFF_UP);
	if (!result && ioctl(fd, SIOCSIFFLAGS, request))
		result = -errno;
	if (fd >= 0)
		(void)close(fd);
	return result;
}

/* Nobody is to talk over the device. Without IPv6 in the kernel there is nothing to switch off. */
static void keep_silent(const char *name)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "ipv6/conf/%s/disable_ipv6", name);
	(void)sysctl_write(path, 1);
}

int uplink_open(struct uplink *uplink, struct error *error)
{
	struct ifreq request = {.ifr_name = "holdfast%d", .ifr_flags = IFF_TAP | IFF_NO_PI};
	int result;

	*uplink = (struct uplink){.fd = open(TUN_DEVICE, O_RDWR | O_CLOEXEC | O_NONBLOCK)};
	if (uplink->fd < 0)
		return error_set_errno(error, errno, "opening " TUN_DEVICE);
	if (ioctl(uplink->fd, TUNSETIFF, &request)) {
		result = error_set_errno(error, errno, "making a TAP device");
		uplink_close(uplink);
		return result;
	}
	keep_silent(request.ifr_name);
	result = set_up(&request);
	uplink->ifindex = if_nametoindex(request.ifr_name);
	if (!result)
		return 0;
	uplink_close(uplink);
	return error_set_errno(error, -result, "setting %s up", request.ifr_name);
}

void uplink_close(struct uplink *uplink)
{
	if (uplink->fd >= 0)
		(void)close(uplink->fd);
	uplink->fd = -1;
}

void uplink_send(struct uplink *uplink, const u8 *frame, size_t bytes, u32 in_ifindex,
		 u32 out_ifindex)
{
	struct uplink_note note = {
		.magic = HANDOVER_MAGIC, .in_ifindex = in_ifindex, .ifindex = out_ifindex};
	const struct iovec parts[] = {{(void *)(uintptr_t)frame, bytes}, {&note, sizeof(note)}};

	if (writev(uplink->fd, parts, 2) < 0)
		(void)__atomic_fetch_add(&uplink->failed, 1, __ATOMIC_RELAXED);
}
