/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proxy-arp and proxy-ndp: addresses that the gateway answers for on an interface
 * [Junos security nat proxy-arp].
 *
 * The kernel answers. For IPv4 it does so only for an address that is routed to another interface
 * than the one asked on, so each gets a host route to the inside, which is also where its
 * packets go.
 */
#ifndef DATAPLANE_PROXY_H
#define DATAPLANE_PROXY_H

#include "dataplane/netlink.h"

/* Makes the entries of the snapshot that are not there yet. => 0 or a negative errno */
int proxy_add(struct netlink *netlink, const struct network *network,
	      const struct snapshot *snapshot, struct error *error);

/* Removes entries of ours that the snapshot does not have. */
int proxy_prune(struct netlink *netlink, const struct network *network,
		const struct snapshot *snapshot, struct error *error);

/* Fills snapshot->proxies from the kernel's entries of ours, in normal form. */
int proxy_read(struct netlink *netlink, const struct network *network, struct snapshot *snapshot,
	       struct error *error);

/* The same while `next` is on trial: what it does not have waits for proxy_prune(), and is left out. */
int proxy_read_trial(struct netlink *netlink, const struct network *network,
		     const struct snapshot *next, struct snapshot *snapshot, struct error *error);

#endif
