/* SPDX-License-Identifier: Apache-2.0 */
#include "config/protocols.h"

#include <string.h>

#include "config/suggest.h"

static const struct {
	const char *name;
	u8 number;
} protocols[] = {
	{"ah", 51},    {"egp", 8},    {"esp", 50}, {"gre", 47},  {"icmp", 1},
	{"icmp6", 58}, {"igmp", 2},   {"ipip", 4}, {"ospf", 89}, {"pim", 103},
	{"rsvp", 46},  {"sctp", 132}, {"tcp", 6},  {"udp", 17},
};

enum { PROTOCOL_COUNT = sizeof(protocols) / sizeof(protocols[0]) };

const char *protocol_name(u8 number)
{
	for (size_t i = 0; i < PROTOCOL_COUNT; i++)
		if (protocols[i].number == number)
			return protocols[i].name;
	return NULL;
}

bool protocol_find(const char *name, u8 *number)
{
	for (size_t i = 0; i < PROTOCOL_COUNT; i++) {
		if (!strcmp(protocols[i].name, name)) {
			*number = protocols[i].number;
			return true;
		}
	}
	return false;
}

void protocol_suggest(const char *name, struct text *text)
{
	struct suggestions suggestions;

	suggest_begin(&suggestions, name);
	for (size_t i = 0; i < PROTOCOL_COUNT; i++)
		suggest_candidate(&suggestions, protocols[i].name);
	suggest_write(&suggestions, text);
}
