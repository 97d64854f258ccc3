/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the dataplane needs to know of the network namespace it runs in: interfaces and their
 * addresses. Filled in from netlink by dataplane/netlink.h; made up by `holdfast explain` and tests.
 */
#ifndef DATAPLANE_NETWORK_H
#define DATAPLANE_NETWORK_H

#include "abi/snapshot.h"

struct network_interface {
	u32 ifindex;
	char name[INTERFACE_NAME_BYTES];
	struct link_addr link;
};

struct network_address {
	u32 ifindex;
	enum ip_family family;
	union ip_addr address;
	bool for_nat; /* may be translated to: global scope, neither temporary nor tentative */
};

struct network {
	struct network_interface *interfaces;
	size_t interface_count;
	struct network_address *addresses; /* primary ones first, for each interface */
	size_t address_count;
};

void network_free(struct network *network);

/* => the ifindex, 0 if there is no such interface */
u32 network_ifindex(const struct network *network, const char *name);

/* => the name, NULL if there is no such interface */
const char *network_name(const struct network *network, u32 ifindex);

/* => the interface, NULL if there is none of that name */
const struct network_interface *network_find(const struct network *network, const char *name);

/* => true if the address is assigned to one of the namespace's interfaces */
bool network_is_local(const struct network *network, const union ip_addr *address);

/* => the interface's first address of the family for NAT, NULL if it has none */
const union ip_addr *network_address_of(const struct network *network, u32 ifindex,
					enum ip_family family);

/* Append. => 0 or -ENOMEM */
int network_add_interface(struct network *network, u32 ifindex, const char *name,
			  const struct link_addr *link);
int network_add_address(struct network *network, const struct network_address *address);

#endif
