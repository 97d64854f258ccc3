/* SPDX-License-Identifier: Apache-2.0 */
#include "config/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "dataplane/address.h"

static const char an_address[] = "an IPv4 or IPv6 address, such as 198.51.100.16 or 2001:db8::1";
static const char a_prefix[] = "an IPv4 or IPv6 address or prefix, such as 198.51.100.16/28";

u8 family_bits(enum ip_family family)
{
	return family == FAMILY_IPV4 ? 32 : 128;
}

const char *address_read(const char *text, union ip_addr *address, enum ip_family *family)
{
	struct in6_addr parsed;

	*address = (union ip_addr){.words = {0, 0, htonl(0xffff), 0}};
	*family = FAMILY_IPV4;
	if (inet_pton(AF_INET, text, &address->words[3]) == 1)
		return NULL;
	*family = FAMILY_IPV6;
	if (inet_pton(AF_INET6, text, &parsed) != 1)
		return an_address;
	memcpy(address, &parsed, sizeof(*address));
	if (ip_addr_family(address) == FAMILY_IPV4)
		return "the IPv4 address itself, such as 198.51.100.16";
	return NULL;
}

/* => false if it is not a number from 0 to `most` */
static bool parse_length(const char *text, u8 most, u8 *length)
{
	unsigned int number = 0;
	size_t digits = strspn(text, "0123456789");

	if (!digits || digits > 3 || text[digits])
		return false;
	for (; *text; text++)
		number = 10 * number + (unsigned int)(*text - '0');
	*length = (u8)number;
	return number <= most;
}

const char *prefix_read(const char *text, struct snapshot_prefix *prefix)
{
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	char address[INET6_ADDRSTRLEN];
	const char *expected;

	if (length >= sizeof(address))
		return a_prefix;
	memcpy(address, text, length);
	address[length] = '\0';
	expected = address_read(address, &prefix->address, &prefix->family);
	if (expected)
		return expected == an_address ? a_prefix : expected;
	prefix->length = family_bits(prefix->family);
	if (slash && !parse_length(slash + 1, prefix->length, &prefix->length))
		return prefix->family == FAMILY_IPV4 ? "a prefix length from 0 to 32"
						     : "a prefix length from 0 to 128";
	return NULL;
}

void prefix_write(const struct snapshot_prefix *prefix, char text[static PREFIX_TEXT_BYTES])
{
	char address[INET6_ADDRSTRLEN];

	if (prefix->family == FAMILY_IPV4)
		inet_ntop(AF_INET, &prefix->address.words[3], address, sizeof(address));
	else
		inet_ntop(AF_INET6, &prefix->address, address, sizeof(address));
	(void)snprintf(text, PREFIX_TEXT_BYTES, "%s/%u", address, prefix->length);
}

u128 address_number(const union ip_addr *address)
{
	u128 number = 0;

	for (int i = 0; i < 16; i++)
		number = number << 8 | address->bytes[i];
	return number;
}

static union ip_addr number_address(u128 number)
{
	union ip_addr address;

	for (int i = 15; i >= 0; i--, number >>= 8)
		address.bytes[i] = (u8)number;
	return address;
}

struct snapshot_address_range prefix_range(const struct snapshot_prefix *prefix)
{
	u32 host_bits = (u32)family_bits(prefix->family) - prefix->length;
	u128 host_mask = host_bits == 128 ? ~(u128)0 : ((u128)1 << host_bits) - 1;
	u128 number = address_number(&prefix->address);

	return (struct snapshot_address_range){
		.family = prefix->family,
		.low = number_address(number & ~host_mask),
		.high = number_address(number | host_mask),
	};
}

/* Addresses that docs/packet-path.md never translates, and those of the other family. */
static const struct {
	const char *prefix;
	const char *name;
} special_prefixes[] = {
	{"0.0.0.0/8", "'this network', 0.0.0.0/8"},
	{"127.0.0.0/8", "loopback, 127.0.0.0/8"},
	{"224.0.0.0/3", "multicast or reserved, 224.0.0.0/3"},
	{"::/128", "the unspecified address, ::"},
	{"::1/128", "the loopback address, ::1"},
	{"fe80::/10", "link-local, fe80::/10"},
	{"ff00::/8", "multicast, ff00::/8"},
};

static bool ranges_overlap(const struct snapshot_address_range *a,
			   const struct snapshot_address_range *b)
{
	return address_number(&a->low) <= address_number(&b->high) &&
	       address_number(&b->low) <= address_number(&a->high);
}

static bool overlaps_prefix(const struct snapshot_address_range *range, const char *prefix_text)
{
	struct snapshot_prefix prefix = {0};
	struct snapshot_address_range other;

	(void)prefix_read(prefix_text, &prefix);
	other = prefix_range(&prefix);
	return ranges_overlap(range, &other);
}

const char *range_special(const struct snapshot_address_range *range)
{
	if (range->family == FAMILY_IPV6 && overlaps_prefix(range, "0.0.0.0/0"))
		return "IPv4-mapped, ::ffff:0:0/96";
	for (size_t i = 0; i < sizeof(special_prefixes) / sizeof(special_prefixes[0]); i++)
		if (overlaps_prefix(range, special_prefixes[i].prefix))
			return special_prefixes[i].name;
	return NULL;
}
