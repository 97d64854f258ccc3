/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel says of interfaces, addresses, neighbours and routes (rtnetlink through libmnl),
 * and the few things that the dataplane asks it to do.
 */
#ifndef DATAPLANE_NETLINK_H
#define DATAPLANE_NETLINK_H

#include "dataplane/error.h"
#include "dataplane/network.h"

struct netlink;

/* => 0 and a socket for requests; negative errno */
int netlink_open(struct netlink **netlink, struct error *error);
void netlink_close(struct netlink *netlink);

/* Fills in a zeroed network. => 0 or a negative errno, with nothing to free */
int netlink_read_network(struct netlink *netlink, struct network *network, struct error *error);

/* A neighbour entry, or a proxy's. */
struct netlink_neighbour {
	u32 ifindex;
	enum ip_family family;
	union ip_addr address;
	struct link_addr link;
	bool has_link;
	bool proxy;
	bool ours; /* a proxy entry that netlink_set_proxy() made */
	u16 state; /* NUD_... */
};

typedef int netlink_visit_neighbour(const struct netlink_neighbour *neighbour, void *context);

/* Calls `visit` for each entry until it returns non-zero. => that, 0, or a negative errno */
int netlink_neighbours(struct netlink *netlink, bool proxies, netlink_visit_neighbour *visit,
		       void *context, struct error *error);

/* Lets the kernel answer ARP or neighbour solicitations for the address, or stop doing so. */
int netlink_set_proxy(struct netlink *netlink, u32 ifindex, enum ip_family family,
		      const union ip_addr *address, bool add, struct error *error);

/* Has the kernel make sure that a neighbour still answers. */
int netlink_use_neighbour(struct netlink *netlink, const struct netlink_neighbour *neighbour,
			  struct error *error);

/* Gives a NAT address (IPv4) a host route to an interface, in place of one that it may have. */
int netlink_add_host_route(struct netlink *netlink, u32 ifindex, const union ip_addr *address,
			   struct error *error);

/* Takes that route away, wherever it points. */
int netlink_remove_host_route(struct netlink *netlink, const union ip_addr *address,
			      struct error *error);

/* What a monitor reports. */
struct netlink_changes {
	bool ways;      /* routes, neighbours or links: remembered next hops are to be asked again */
	bool addresses; /* interfaces or their addresses */
};

struct netlink_monitor;

int netlink_monitor_open(struct netlink_monitor **monitor, struct error *error);
void netlink_monitor_close(struct netlink_monitor *monitor);
int netlink_monitor_fd(const struct netlink_monitor *monitor);

/*
 * Reads what is there, without waiting. Neighbours that only confirm what was known before are
 * no change. If the kernel dropped messages, everything counts as changed.
 * => 0 or a negative errno
 */
int netlink_monitor_read(struct netlink_monitor *monitor, struct netlink_changes *changes,
			 struct error *error);

#endif
