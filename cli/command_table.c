/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include <string.h>

#include "cli/run.h"

#define END {.help = NULL}

static const struct argument check_arguments[] = {
	{.id = ARGUMENT_FILE, .value = "FILE", .required = true, .help = "A configuration"},
	END,
};

static const struct argument explain_arguments[] = {
	{.id = ARGUMENT_CONFIG, .word = "--config", .value = "FILE", .required = true,
	 .help = "The configuration that decides"},
	{.id = ARGUMENT_SOURCE, .value = "SOURCE", .type = ARGUMENT_ADDRESS, .required = true,
	 .help = "Address of the inside host"},
	{.id = ARGUMENT_DESTINATION, .value = "DESTINATION", .type = ARGUMENT_ADDRESS,
	 .help = "Address that it talks to; any, if it is not given"},
	{.id = ARGUMENT_FROM_ZONE, .word = "--from-zone", .value = "ZONE",
	 .help = "Zone that the packet comes from; needed if rule-sets differ"},
	{.id = ARGUMENT_TO_ZONE, .word = "--to-zone", .value = "ZONE",
	 .help = "Zone that it goes to; needed if rule-sets differ"},
	{.id = ARGUMENT_FROM_INTERFACE, .word = "--from-interface", .value = "INTERFACE",
	 .help = "Interface that it comes from, where the zone does not tell"},
	{.id = ARGUMENT_TO_INTERFACE, .word = "--to-interface", .value = "INTERFACE",
	 .help = "Interface that it leaves by, where the zone does not tell"},
	{.id = ARGUMENT_PROTOCOL, .word = "--protocol", .value = "PROTOCOL",
	 .type = ARGUMENT_IP_PROTOCOL, .help = "Name or number of the protocol; any by default"},
	{.id = ARGUMENT_SOURCE_PORT, .word = "--source-port", .value = "PORT",
	 .type = ARGUMENT_PORT, .help = "Source port of TCP or UDP; any by default"},
	{.id = ARGUMENT_DESTINATION_PORT, .word = "--destination-port", .value = "PORT",
	 .type = ARGUMENT_PORT, .help = "Destination port of TCP or UDP; any by default"},
	END,
};

const struct command commands[] = {
	{.words = {"check"}, .arguments = check_arguments, .run = run_check,
	 .help = "Say everything that is wrong with a configuration, and change nothing"},
	{.words = {"explain"}, .arguments = explain_arguments, .run = run_explain,
	 .help = "Say which rule, pool and address a host gets by a configuration, and why"},
	END,
};

struct group {
	const char *words;
	const char *help;
};

static const struct group groups[] = {
	{"show", "Show what is configured and what happens"},
	{"show security", "Show source NAT and sessions"},
	END,
};

const char *command_group_help(const char *const words[], size_t count)
{
	struct text path = {0};

	for (size_t i = 0; i < count; i++)
		text_add(&path, "%s%s", i ? " " : "", words[i]);
	for (const struct group *group = groups; group->words; group++)
		if (!strcmp(group->words, path.bytes))
			return group->help;
	return NULL;
}
