/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/value.h"

#include <stdlib.h>
#include <string.h>

#include "config/address.h"
#include "config/protocols.h"

enum { MAX_DIGITS = 9, MAX_PORT = 65535, MAX_PROTOCOL = 255 };

static bool is_number(const char *value, u32 maximum)
{
	size_t length = strlen(value);

	return length && length <= MAX_DIGITS && strspn(value, "0123456789") == length &&
	       value_number(value) <= maximum;
}

static bool refuse(const struct argument *argument, const char *value, const char *expected,
		   struct text *wrong)
{
	text_add(wrong, "%s '%s'; expected %s", argument->word ? argument->word : argument->value,
		 value, expected);
	return false;
}

static bool check_protocol(const struct argument *argument, const char *value, struct text *wrong)
{
	u8 number;

	if (protocol_find(value, &number) || is_number(value, MAX_PROTOCOL))
		return true;
	(void)refuse(argument, value, "tcp, udp, icmp, icmp6 or a number from 0 to 255", wrong);
	protocol_suggest(value, wrong);
	return false;
}

bool value_check(const struct argument *argument, const char *value, struct text *wrong)
{
	struct snapshot_prefix prefix;
	enum ip_family family;
	const char *expected = NULL;

	switch (argument->type) {
	case ARGUMENT_TEXT:
		return *value || refuse(argument, value, "a text that is not empty", wrong);
	case ARGUMENT_ADDRESS:
		expected = address_read(value, &prefix.address, &family);
		break;
	case ARGUMENT_PREFIX:
		expected = prefix_read(value, &prefix);
		break;
	case ARGUMENT_PORT:
		if (!is_number(value, MAX_PORT))
			expected = "a number from 0 to 65535";
		break;
	case ARGUMENT_COUNTING:
		if (!is_number(value, ~0u))
			expected = "a number of at most 9 digits";
		break;
	case ARGUMENT_IP_PROTOCOL:
		return check_protocol(argument, value, wrong);
	}
	return !expected || refuse(argument, value, expected, wrong);
}

void value_address(const char *value, union ip_addr *address, enum ip_family *family)
{
	(void)address_read(value, address, family);
}

struct snapshot_prefix value_prefix(const char *value)
{
	struct snapshot_prefix prefix = {0};

	(void)prefix_read(value, &prefix);
	prefix.address = prefix_range(&prefix).low;
	return prefix;
}

u32 value_number(const char *value)
{
	return (u32)strtoul(value, NULL, 10);
}

u8 value_protocol(const char *value)
{
	u8 number;

	return protocol_find(value, &number) ? number : (u8)value_number(value);
}
