/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listens to the kernel's announcements. Routes, rules, next-hop objects and links count as a change
 * whenever they are announced. Neighbours are announced all the time, as the kernel confirms them,
 * so what is known of each is kept, and only a link-layer address that changed or went away is a
 * change.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "dataplane/netlink_private.h"

/* A neighbour that packets may be using. */
struct known {
	u32 ifindex;
	union ip_addr address;
	struct link_addr link;
};

struct netlink_monitor {
	struct mnl_socket *socket;
	struct netlink *requests; /* to learn what was there before */
	void *known; /* tsearch tree of struct known */
	struct netlink_changes *changes;
};

static const int monitored_groups[] = {
	RTNLGRP_LINK,       RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_NEIGH,
	RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,  RTNLGRP_IPV4_RULE,   RTNLGRP_IPV6_RULE,
	RTNLGRP_NEXTHOP,
};

enum { RECEIVE_BUFFER_BYTES = 4 << 20 };

static int compare_known(const void *a, const void *b)
{
	const struct known *x = a, *y = b;

	if (x->ifindex != y->ifindex)
		return x->ifindex < y->ifindex ? -1 : 1;
	return memcmp(&x->address, &y->address, sizeof(x->address));
}

/* Without memory for what is known, everything counts as changed. */
static void remember(struct netlink_monitor *monitor, const struct known *neighbour)
{
	struct known *copy = malloc(sizeof(*copy));

	if (copy)
		*copy = *neighbour;
	if (!copy || !tsearch(copy, &monitor->known, compare_known)) {
		free(copy);
		monitor->changes->ways = true;
	}
}

static bool neighbour_is_usable(const struct netlink_neighbour *neighbour)
{
	const u16 usable = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE |
			   NUD_DELAY;

	return (neighbour->state & usable) && neighbour->has_link && !neighbour->proxy;
}

static int learn_neighbour(const struct netlink_neighbour *neighbour, void *context)
{
	struct known known = {neighbour->ifindex, neighbour->address, neighbour->link};

	if (neighbour_is_usable(neighbour))
		remember(context, &known);
	return 0;
}

static int learn_neighbours(struct netlink_monitor *monitor, struct error *error)
{
	struct netlink_changes changes = {0};
	int result;

	tdestroy(monitor->known, free);
	monitor->known = NULL;
	monitor->changes = &changes;
	result = netlink_neighbours(monitor->requests, false, learn_neighbour, monitor, error);
	monitor->changes = NULL;
	return result;
}

int netlink_monitor_open(struct netlink_monitor **monitor, struct error *error)
{
	struct netlink_monitor *new = calloc(1, sizeof(*new));
	int bytes = RECEIVE_BUFFER_BYTES;
	bool ready;

	if (!new)
		return error_set(error, ENOMEM, "out of memory");
	new->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	ready = new->socket && !mnl_socket_bind(new->socket, 0, MNL_SOCKET_AUTOPID);
	for (size_t i = 0; ready && i < sizeof(monitored_groups) / sizeof(int); i++) {
		int group = monitored_groups[i];

		ready = !mnl_socket_setsockopt(new->socket, NETLINK_ADD_MEMBERSHIP, &group,
					       sizeof(group));
	}
	if (!ready) {
		(void)error_set_errno(error, errno, "listening to the kernel's announcements");
		netlink_monitor_close(new);
		return -EIO;
	}
	(void)setsockopt(netlink_monitor_fd(new), SOL_SOCKET, SO_RCVBUFFORCE, &bytes,
			 sizeof(bytes));
	if (netlink_open(&new->requests, error) || learn_neighbours(new, error)) {
		netlink_monitor_close(new);
		return -EIO;
	}
	*monitor = new;
	return 0;
}

void netlink_monitor_close(struct netlink_monitor *monitor)
{
	if (!monitor)
		return;
	if (monitor->socket)
		(void)mnl_socket_close(monitor->socket);
	netlink_close(monitor->requests);
	tdestroy(monitor->known, free);
	free(monitor);
}

int netlink_monitor_fd(const struct netlink_monitor *monitor)
{
	return mnl_socket_get_fd(monitor->socket);
}

static void forget(struct netlink_monitor *monitor, struct known **found)
{
	struct known *gone = *found;

	(void)tdelete(gone, &monitor->known, compare_known);
	free(gone);
	monitor->changes->ways = true;
}

static void note_neighbour(struct netlink_monitor *monitor, const struct nlmsghdr *header)
{
	struct netlink_neighbour n;
	struct known key, **found;
	bool valid;

	if (!netlink_parse_neighbour(header, &n) || n.proxy)
		return;
	key = (struct known){n.ifindex, n.address, n.link};
	found = tfind(&key, &monitor->known, compare_known);
	valid = header->nlmsg_type == RTM_NEWNEIGH && neighbour_is_usable(&n);
	if (!found && valid) {
		remember(monitor, &key);
	} else if (found && !valid) {
		forget(monitor, found);
	} else if (found && memcmp(&(*found)->link, &n.link, sizeof(n.link))) {
		(*found)->link = n.link;
		monitor->changes->ways = true;
	}
}

static int note_change(const struct nlmsghdr *header, void *context)
{
	struct netlink_monitor *monitor = context;

	switch (header->nlmsg_type) {
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		note_neighbour(monitor, header);
		break;
	case RTM_NEWLINK:
	case RTM_DELLINK:
	case RTM_NEWADDR:
	case RTM_DELADDR:
		monitor->changes->addresses = true;
		monitor->changes->ways = true;
		break;
	default:
		monitor->changes->ways = true;
	}
	return MNL_CB_OK;
}

int netlink_monitor_read(struct netlink_monitor *monitor, struct netlink_changes *changes,
			 struct error *error)
{
	char buffer[65536];
	bool overrun = false;
	ssize_t bytes;

	monitor->changes = changes;
	for (;;) {
		bytes = mnl_socket_recvfrom(monitor->socket, buffer, sizeof(buffer));
		if (bytes > 0) {
			(void)mnl_cb_run(buffer, (size_t)bytes, 0, 0, note_change, monitor);
		} else if (bytes < 0 && errno == ENOBUFS) {
			overrun = true;
		} else if (bytes < 0 && errno == EINTR) {
			continue;
		} else {
			break;
		}
	}
	if (bytes < 0 && errno != EAGAIN)
		return error_set_errno(error, errno, "reading the kernel's announcements");
	if (!overrun)
		return 0;
	changes->ways = changes->addresses = true;
	return learn_neighbours(monitor, error);
}
