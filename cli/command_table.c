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

static const struct argument no_arguments[] = {END};

static const struct argument pool_arguments[] = {
	{.id = ARGUMENT_ALL, .word = "all", .help = "Every pool"},
	{.id = ARGUMENT_NAME, .value = "NAME", .help = "One pool"},
	END,
};

static const struct argument rule_arguments[] = {
	{.id = ARGUMENT_ALL, .word = "all", .help = "Every rule"},
	{.id = ARGUMENT_NAME, .value = "NAME", .help = "The rules of this name"},
	END,
};

/* Which leases: as in Junos, several words together as well. */
#define LEASE_FILTER \
	{.id = ARGUMENT_POOL, .word = "pool", .value = "NAME", .help = "Leases of one pool"}, \
	{.id = ARGUMENT_INTERFACE, .word = "interface", \
	 .help = "Leases of rules with the action interface"}, \
	{.id = ARGUMENT_INTERNAL_IP, .word = "internal-ip", .value = "PREFIX", \
	 .type = ARGUMENT_PREFIX, .help = "Address of the inside host"}, \
	{.id = ARGUMENT_INTERNAL_PORT, .word = "internal-port", .value = "PORT", \
	 .type = ARGUMENT_PORT, .help = "Port or query id of the inside host"}, \
	{.id = ARGUMENT_INTERNAL_PROTOCOL, .word = "internal-protocol", .value = "PROTOCOL", \
	 .type = ARGUMENT_IP_PROTOCOL, .help = "Name or number of the protocol"}

static const struct argument show_lease_arguments[] = {
	{.id = ARGUMENT_ALL, .word = "all", .help = "Every lease"},
	{.id = ARGUMENT_SUMMARY, .word = "summary", .help = "How many there are, and room for"},
	LEASE_FILTER,
	END,
};

static const struct argument clear_lease_arguments[] = {
	{.id = ARGUMENT_ALL, .word = "all", .help = "Every lease"},
	LEASE_FILTER,
	END,
};

/* Which sessions: as in Junos, and by translated address and port as well. */
#define SESSION_FILTER \
	{.id = ARGUMENT_SOURCE_PREFIX, .word = "source-prefix", .value = "PREFIX", \
	 .type = ARGUMENT_PREFIX, .help = "Inside hosts"}, \
	{.id = ARGUMENT_DESTINATION_PREFIX, .word = "destination-prefix", .value = "PREFIX", \
	 .type = ARGUMENT_PREFIX, .help = "What they talk to"}, \
	{.id = ARGUMENT_TRANSLATED_PREFIX, .word = "translated-prefix", .value = "PREFIX", \
	 .type = ARGUMENT_PREFIX, .help = "Public addresses that they have"}, \
	{.id = ARGUMENT_SOURCE_PORT, .word = "source-port", .value = "PORT", \
	 .type = ARGUMENT_PORT, .help = "Port or query id of the inside host"}, \
	{.id = ARGUMENT_DESTINATION_PORT, .word = "destination-port", .value = "PORT", \
	 .type = ARGUMENT_PORT, .help = "Port of what it talks to"}, \
	{.id = ARGUMENT_TRANSLATED_PORT, .word = "translated-port", .value = "PORT", \
	 .type = ARGUMENT_PORT, .help = "Port or query id that it has outside"}, \
	{.id = ARGUMENT_PROTOCOL, .word = "protocol", .value = "PROTOCOL", \
	 .type = ARGUMENT_IP_PROTOCOL, .help = "Name or number of the protocol"}, \
	{.id = ARGUMENT_INTERFACE, .word = "interface", .value = "INTERFACE", \
	 .help = "Interface by which the session came"}, \
	{.id = ARGUMENT_SESSION, .word = "session-identifier", .value = "NUMBER", \
	 .type = ARGUMENT_COUNTING, .help = "The session with this number"}, \
	{.id = ARGUMENT_APPLICATION, .word = "application", .value = "APPLICATION", \
	 .help = "Protocols and ports of a predefined application, like junos-https"}, \
	{.id = ARGUMENT_NAT, .word = "nat", \
	 .help = "Sessions that are translated; here, that is every session"}

static const struct argument show_flow_arguments[] = {
	SESSION_FILTER,
	{.id = ARGUMENT_SUMMARY, .word = "summary", .help = "How many there are, and room for"},
	{.id = ARGUMENT_BRIEF, .word = "brief", .help = "One line for each session"},
	{.id = ARGUMENT_EXTENSIVE, .word = "extensive",
	 .help = "With rule, pool, zones, state and duration"},
	END,
};

static const struct argument clear_flow_arguments[] = {
	{.id = ARGUMENT_ALL, .word = "all", .help = "Every session"},
	SESSION_FILTER,
	END,
};

static const struct argument commit_arguments[] = {
	{.id = ARGUMENT_FILE, .value = "FILE",
	 .help = "The new configuration; the daemon's own file, if it is not given"},
	END,
};

static const struct argument rollback_arguments[] = {
	{.id = ARGUMENT_NUMBER, .value = "NUMBER", .type = ARGUMENT_COUNTING, .required = true,
	 .help = "Number of the commit in show system commit; 0 is the newest"},
	END,
};

const struct command commands[] = {
	{.words = {"check"}, .arguments = check_arguments, .run = run_check,
	 .help = "Say everything that is wrong with a configuration, and change nothing"},
	{.words = {"explain"}, .arguments = explain_arguments, .run = run_explain,
	 .help = "Say which rule, pool and address a host gets by a configuration, and why"},
	{.words = {"show", "configuration"}, .arguments = no_arguments,
	 .run = run_show_configuration, .can_display_set = true,
	 .help = "Show the committed configuration"},
	{.words = {"show", "security", "flow", "session"}, .arguments = show_flow_arguments,
	 .run = run_show_flow, .help = "Show the sessions that are translated now"},
	{.words = {"show", "security", "nat", "source", "failures"}, .arguments = no_arguments,
	 .run = run_show_failures,
	 .help = "Show what rules had to refuse, and why"},
	{.words = {"show", "security", "nat", "source", "persistent-nat-table"},
	 .arguments = show_lease_arguments, .run = run_show_persistent_nat_table,
	 .help = "Show the leases of persistent-nat"},
	{.words = {"show", "security", "nat", "source", "pool"}, .arguments = pool_arguments,
	 .run = run_show_pool, .help = "Show pools, their addresses and the ports in use"},
	{.words = {"show", "security", "nat", "source", "rule"}, .arguments = rule_arguments,
	 .run = run_show_rule, .help = "Show rules, what they match and what came of it"},
	{.words = {"show", "security", "nat", "source", "summary"}, .arguments = no_arguments,
	 .run = run_show_summary, .help = "Show pools and rules, one line or two each"},
	{.words = {"show", "system", "commit"}, .arguments = no_arguments,
	 .run = run_show_commit, .help = "Show the commits that can be returned to"},
	{.words = {"show", "system", "dataplane"}, .arguments = no_arguments,
	 .run = run_show_dataplane,
	 .help = "Show the dataplane: interfaces, sessions, and what became of packets"},
	{.words = {"show", "version"}, .arguments = no_arguments, .run = run_show_version,
	 .help = "Show the versions of what runs"},
	{.words = {"clear", "security", "flow", "session"}, .arguments = clear_flow_arguments,
	 .run = run_clear_flow, .help = "End sessions"},
	{.words = {"clear", "security", "nat", "source", "persistent-nat-table"},
	 .arguments = clear_lease_arguments, .run = run_clear_persistent_nat_table,
	 .help = "End leases of persistent-nat, and the sessions that go through them"},
	{.words = {"request", "security", "nat", "verify"}, .arguments = no_arguments,
	 .run = run_verify,
	 .help = "Check that sessions and ports agree with each other; fail if they do not"},
	{.words = {"request", "system", "commit"}, .arguments = commit_arguments,
	 .run = run_commit,
	 .help = "Put a configuration in force, or nothing of it if it has an error"},
	{.words = {"request", "system", "rollback"}, .arguments = rollback_arguments,
	 .run = run_rollback, .help = "Put an earlier configuration in force again"},
	{.words = {"exit"}, .arguments = no_arguments, .run = run_exit,
	 .help = "Leave the shell"},
	{.words = {"quit"}, .arguments = no_arguments, .run = run_exit,
	 .help = "Leave the shell"},
	{.run = NULL},
};

struct group {
	const char *words;
	const char *help;
};

/* What the first words of several commands have in common. */
static const struct group groups[] = {
	{"show", "Show what is configured and what happens"},
	{"show security", "Show sessions and source NAT"},
	{"show security flow", "Show sessions"},
	{"show security nat", "Show source NAT"},
	{"show security nat source", "Show pools, rules, leases and failures"},
	{"show system", "Show the dataplane and commits"},
	{"clear", "Take away state"},
	{"clear security", "Take away sessions or leases"},
	{"clear security flow", "Take away sessions"},
	{"clear security nat", "Take away leases"},
	{"clear security nat source", "Take away leases"},
	{"request", "Have something done"},
	{"request security", "Check source NAT"},
	{"request security nat", "Check source NAT"},
	{"request system", "Change what is in force"},
	{NULL, NULL},
};

enum status run_exit(struct session *session, const struct arguments *arguments)
{
	(void)session, (void)arguments;
	return STATUS_LEAVE;
}

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
