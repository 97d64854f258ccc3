/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/prefix.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/address.h"

bool prefix_parse(const char *text, struct snapshot_prefix *prefix)
{
	const char *slash = strchr(text, '/');
	char address[ADDRESS_TEXT_BYTES], *end;
	unsigned long length, bits;

	if (!slash || (size_t)(slash - text) >= sizeof(address) || slash[1] < '0' || slash[1] > '9')
		return false;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	length = strtoul(slash + 1, &end, 10);
	if (*end || !ip_addr_parse(address, &prefix->address, &prefix->family))
		return false;
	bits = prefix->family == FAMILY_IPV4 ? 32 : 128;
	if (length > bits)
		return false;
	prefix->length = (u8)length;
	for (unsigned long bit = 128 - bits + length; bit < 128; bit++)
		if (prefix->address.bytes[bit / 8] >> (7 - bit % 8) & 1)
			return false;
	return true;
}

void prefix_compile(const struct snapshot_prefix *prefix, struct prefix_match *match)
{
	u32 length = prefix->length + (prefix->family == FAMILY_IPV4 ? 96u : 0u);
	union ip_addr mask = {.longs = {0, 0}};

	for (u32 bit = 0; bit < length; bit++)
		mask.bytes[bit / 8] |= (u8)(0x80 >> bit % 8);
	memcpy(match->value, &prefix->address, sizeof(match->value));
	memcpy(match->mask, &mask, sizeof(match->mask));
}
