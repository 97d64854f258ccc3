/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/proxy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/address.h"
#include "dataplane/snapshot.h"
#include "dataplane/sysctl.h"

/* => an interface of a zone other than the one asked on; the loopback if there is none */
static u32 inside_interface(const struct network *network, const struct snapshot *snapshot,
			    const char *asked_on)
{
	for (size_t i = 0; i < snapshot->zone_count; i++)
		for (size_t j = 0; j < snapshot->zones[i].interface_count; j++)
			if (strcmp(snapshot->zones[i].interfaces[j].name, asked_on))
				return network_ifindex(network,
						       snapshot->zones[i].interfaces[j].name);
	return network_ifindex(network, "lo");
}

static int add_address(struct netlink *netlink, u32 ifindex, u32 inside, enum ip_family family,
		       const union ip_addr *address, struct error *error)
{
	int result = netlink_set_proxy(netlink, ifindex, family, address, true, error);

	if (!result && family == FAMILY_IPV4)
		result = netlink_add_host_route(netlink, inside, address, error);
	return result;
}

static int add_range(struct netlink *netlink, const struct network *network,
		     const struct snapshot *snapshot, const struct snapshot_proxy *proxy,
		     struct error *error)
{
	u32 ifindex = network_ifindex(network, proxy->interface);
	u32 inside = inside_interface(network, snapshot, proxy->interface);
	union ip_addr address = proxy->range.low;

	if (!ifindex)
		return error_set(error, ENODEV, "proxy on %s: there is no such interface",
				 proxy->interface);
	for (;;) {
		int result = add_address(netlink, ifindex, inside, proxy->range.family, &address,
					 error);

		if (result || !memcmp(&address, &proxy->range.high, sizeof(address)))
			return result;
		(void)ip_addr_next(&address);
	}
}

int proxy_add(struct netlink *netlink, const struct network *network,
	      const struct snapshot *snapshot, struct error *error)
{
	for (size_t i = 0; i < snapshot->proxy_count; i++) {
		const struct snapshot_proxy *proxy = &snapshot->proxies[i];
		int result = sysctl_prepare_proxy(proxy->interface, error);

		if (!result)
			result = add_range(netlink, network, snapshot, proxy, error);
		if (result)
			return result;
	}
	return 0;
}

/* What the kernel has of ours. */
struct entries {
	const struct network *network;
	struct snapshot_proxy *list;
	size_t count;
};

static int collect_entry(const struct netlink_neighbour *neighbour, void *context)
{
	struct entries *entries = context;
	const char *name = network_name(entries->network, neighbour->ifindex);
	struct snapshot_proxy *grown;

	if (!neighbour->proxy || !neighbour->ours || !name)
		return 0;
	grown = reallocarray(entries->list, entries->count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	entries->list = grown;
	grown += entries->count++;
	(void)snprintf(grown->interface, sizeof(grown->interface), "%s", name);
	grown->range = (struct snapshot_address_range){neighbour->family, neighbour->address,
						       neighbour->address};
	return 0;
}

static int collect_entries(struct netlink *netlink, const struct network *network,
			   struct entries *entries, struct error *error)
{
	int result;

	*entries = (struct entries){.network = network};
	result = netlink_neighbours(netlink, true, collect_entry, entries, error);
	if (!result)
		return 0;
	free(entries->list);
	*entries = (struct entries){0};
	return result;
}

static bool range_has(const struct snapshot_address_range *range,
		      const struct snapshot_address_range *entry)
{
	return range->family == entry->family &&
	       memcmp(&range->low, &entry->low, sizeof(range->low)) <= 0 &&
	       memcmp(&entry->low, &range->high, sizeof(range->high)) <= 0;
}

static bool is_wanted(const struct snapshot *snapshot, const struct snapshot_proxy *entry)
{
	for (size_t i = 0; i < snapshot->proxy_count; i++)
		if (!strcmp(snapshot->proxies[i].interface, entry->interface) &&
		    range_has(&snapshot->proxies[i].range, &entry->range))
			return true;
	return false;
}

static int remove_entry(struct netlink *netlink, const struct network *network,
			const struct snapshot_proxy *entry, struct error *error)
{
	u32 ifindex = network_ifindex(network, entry->interface);
	int result = netlink_set_proxy(netlink, ifindex, entry->range.family, &entry->range.low,
				       false, error);

	if (!result && entry->range.family == FAMILY_IPV4)
		result = netlink_remove_host_route(netlink, &entry->range.low, error);
	return result;
}

int proxy_prune(struct netlink *netlink, const struct network *network,
		const struct snapshot *snapshot, struct error *error)
{
	struct entries entries;
	int result = collect_entries(netlink, network, &entries, error);

	for (size_t i = 0; !result && i < entries.count; i++)
		if (!is_wanted(snapshot, &entries.list[i]))
			result = remove_entry(netlink, network, &entries.list[i], error);
	free(entries.list);
	return result;
}

static void keep_wanted(struct entries *entries, const struct snapshot *next)
{
	size_t kept = 0;

	for (size_t i = 0; i < entries->count; i++)
		if (is_wanted(next, &entries->list[i]))
			entries->list[kept++] = entries->list[i];
	entries->count = kept;
}

static void fill_proxies(struct snapshot *snapshot, const struct entries *entries)
{
	snapshot->proxies = entries->list;
	snapshot->proxy_count = entries->count;
	snapshot_normalise(snapshot);
}

int proxy_read(struct netlink *netlink, const struct network *network, struct snapshot *snapshot,
	       struct error *error)
{
	struct entries entries;
	int result = collect_entries(netlink, network, &entries, error);

	if (!result)
		fill_proxies(snapshot, &entries);
	return result;
}

int proxy_read_trial(struct netlink *netlink, const struct network *network,
		     const struct snapshot *next, struct snapshot *snapshot, struct error *error)
{
	struct entries entries;
	int result = collect_entries(netlink, network, &entries, error);

	if (result)
		return result;
	keep_wanted(&entries, next);
	fill_proxies(snapshot, &entries);
	return 0;
}
