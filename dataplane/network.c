/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/network.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void network_free(struct network *network)
{
	free(network->interfaces);
	free(network->addresses);
	memset(network, 0, sizeof(*network));
}

const struct network_interface *network_find(const struct network *network, const char *name)
{
	for (size_t i = 0; i < network->interface_count; i++)
		if (!strcmp(network->interfaces[i].name, name))
			return &network->interfaces[i];
	return NULL;
}

u32 network_ifindex(const struct network *network, const char *name)
{
	const struct network_interface *interface = network_find(network, name);

	return interface ? interface->ifindex : 0;
}

const char *network_name(const struct network *network, u32 ifindex)
{
	for (size_t i = 0; i < network->interface_count; i++)
		if (network->interfaces[i].ifindex == ifindex)
			return network->interfaces[i].name;
	return NULL;
}

bool network_is_local(const struct network *network, const union ip_addr *address)
{
	for (size_t i = 0; i < network->address_count; i++)
		if (!memcmp(&network->addresses[i].address, address, sizeof(*address)))
			return true;
	return false;
}

const union ip_addr *network_address_of(const struct network *network, u32 ifindex,
					enum ip_family family)
{
	for (size_t i = 0; i < network->address_count; i++) {
		const struct network_address *a = &network->addresses[i];

		if (a->ifindex == ifindex && a->family == family && a->for_nat)
			return &a->address;
	}
	return NULL;
}

int network_add_interface(struct network *network, u32 ifindex, const char *name,
			  const struct link_addr *link)
{
	struct network_interface *grown = reallocarray(
		network->interfaces, network->interface_count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	network->interfaces = grown;
	grown += network->interface_count++;
	grown->ifindex = ifindex;
	grown->link = *link;
	(void)snprintf(grown->name, sizeof(grown->name), "%s", name);
	return 0;
}

int network_add_address(struct network *network, const struct network_address *address)
{
	struct network_address *grown =
		reallocarray(network->addresses, network->address_count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	network->addresses = grown;
	grown[network->address_count++] = *address;
	return 0;
}
