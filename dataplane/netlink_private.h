/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by netlink.c and netlink_monitor.c. */
#ifndef DATAPLANE_NETLINK_PRIVATE_H
#define DATAPLANE_NETLINK_PRIVATE_H

#include <linux/netlink.h>

#include "dataplane/netlink.h"

/* => false if the message is no neighbour of IPv4 or IPv6 */
bool netlink_parse_neighbour(const struct nlmsghdr *header, struct netlink_neighbour *neighbour);

#endif
