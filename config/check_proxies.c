/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proxy-arp and proxy-ndp.
 */
#include "config/address.h"
#include "config/checking.h"

struct proxy_kind {
	const char *word;
	enum ip_family family;
	const char *expected;
};

static void check_family(struct checking *c, const struct node *address,
			 const struct proxy_kind *kind)
{
	if (address->value.addresses.family != kind->family)
		diagnostics_error(c->diagnostics, address->at,
				  "'%s' is of the wrong family for %s; expected %s", address->text,
				  kind->word, kind->expected);
}

static u128 count_addresses(const struct node *address)
{
	const struct snapshot_address_range *range = &address->value.addresses;

	return address_number(&range->high) - address_number(&range->low) + 1;
}

static void check_kind(struct checking *c, const struct proxy_kind *kind, u128 *total)
{
	const struct node *proxy = node_child(node_at(c->tree->root, "security nat"), kind->word);
	const struct node *interface;
	const struct node *address;

	for_each_child(interface, proxy, "interface") {
		checking_need_zone(c, interface);
		for_each_child(address, interface, "address") {
			bool had_room = *total <= MAX_NAT_ADDRESSES;

			check_family(c, address, kind);
			*total += count_addresses(address);
			if (had_room && *total > MAX_NAT_ADDRESSES)
				diagnostics_error(c->diagnostics, address->at,
						  "the proxies answer for too many addresses with "
						  "this; expected at most %d together",
						  MAX_NAT_ADDRESSES);
		}
	}
}

void check_proxies(struct checking *c)
{
	static const struct proxy_kind kinds[] = {
		{"proxy-arp", FAMILY_IPV4, "an IPv4 address; IPv6 has proxy-ndp"},
		{"proxy-ndp", FAMILY_IPV6, "an IPv6 address; IPv4 has proxy-arp"},
	};
	u128 total = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		check_kind(c, &kinds[i], &total);
}
