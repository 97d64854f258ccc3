/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/address.h"

#include <arpa/inet.h>
#include <endian.h>

enum ip_family ip_addr_family(const union ip_addr *address)
{
	return !address->longs[0] && address->words[2] == htonl(0xffff) ? FAMILY_IPV4
									: FAMILY_IPV6;
}

const char *ip_addr_print(const union ip_addr *address, char text[ADDRESS_TEXT_BYTES])
{
	if (ip_addr_family(address) == FAMILY_IPV4)
		return inet_ntop(AF_INET, &address->words[3], text, ADDRESS_TEXT_BYTES);
	return inet_ntop(AF_INET6, address, text, ADDRESS_TEXT_BYTES);
}

bool ip_addr_parse(const char *text, union ip_addr *address, enum ip_family *family)
{
	*address = (union ip_addr){.words = {0, 0, htonl(0xffff), 0}};
	*family = FAMILY_IPV4;
	if (inet_pton(AF_INET, text, &address->words[3]) == 1)
		return true;
	*family = FAMILY_IPV6;
	return inet_pton(AF_INET6, text, address) == 1 && ip_addr_family(address) == FAMILY_IPV6;
}

bool ip_addr_next(union ip_addr *address)
{
	for (int i = 15; i >= 0; i--)
		if (++address->bytes[i])
			return true;
	return false;
}

static unsigned __int128 ip_addr_number(const union ip_addr *address)
{
	return (unsigned __int128)be64toh(address->longs[0]) << 64 | be64toh(address->longs[1]);
}

u64 ip_addr_distance(const union ip_addr *low, const union ip_addr *high)
{
	unsigned __int128 distance = ip_addr_number(high) - ip_addr_number(low);

	return distance > ~0ull ? ~0ull : (u64)distance;
}
