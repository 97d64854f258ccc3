/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statements of security nat source [Junos 23.2, junos-es-conf-security].
 *
 * What Junos knows and this version does not enforce is listed with its full shape, so that it
 * can be kept inactive, and so that enforcing it begins with removing its status.
 */
#include "config/schema_tables.h"

static const struct keyword disable[] = {
	{"disable", 1, SUPPORTED, "not in use"},
	{0},
};

static const struct keyword algorithms[] = {
	{"userspace-v1", SELECT_USERSPACE_V1, SUPPORTED, "by SHA-256 of the host's address"},
	{"ebpf-legacy", SELECT_EBPF_LEGACY, SUPPORTED, "by the host's address modulo their number"},
	{"consistent", SELECT_ROUND_ROBIN, NOT_ENFORCED, "by weighted rendezvous hashing"},
	{0},
};

static const struct schema subscriber_statements[] = {
	OTHER(LEAF("ipv6-prefix-length"), NUMBER(8, 128)),
	{0},
};

/* address-persistent, of all pools and of one; in Junos only a pool has a subscriber. */
static const struct schema persistent_statements[] = {
	{
		LEAF("algorithm"),
		KEYWORDS(algorithms),
		.standard = "userspace-v1",
		.help = "How the address of an inside host chooses the pool address",
	},
	OTHER(LEAF("hash-key"), .type = TYPE_NAME, .flags = SCHEMA_OWN),
	OTHER(LEAF("ipv6-prefix-length"), NUMBER(8, 128), .flags = SCHEMA_OWN),
	OTHER(CONTAINER("subscriber"), .flags = SCHEMA_INLINE, .children = subscriber_statements),
	{0},
};

static const struct schema log_statements[] = {
	OTHER(LEAF("log"), KEYWORDS(disable)),
	{0},
};

static const struct keyword persistent_permits[] = {
	{"any-remote-host", PERMIT_ANY_REMOTE_HOST, SUPPORTED, "everybody"},
	{"target-host", PERMIT_TARGET_HOST, SUPPORTED, "whoever the endpoint has sent to"},
	{"target-host-port", PERMIT_TARGET_HOST_PORT, SUPPORTED,
	 "whoever it has sent to, from the port that it has sent to"},
	{0},
};

static const struct schema persistent_nat_statements[] = {
	{
		LEAF("permit"),
		KEYWORDS(persistent_permits),
		.mandatory = "'permit any-remote-host', 'permit target-host' or 'permit "
			     "target-host-port'",
		.help = "Who may open sessions from outside to an inside endpoint that has a lease",
	},
	OTHER_FLAG("address-mapping"),
	OTHER_FLAG("block-ext-session"),
	{
		LEAF("inactivity-timeout"),
		SECONDS(LEASE_TIMEOUT_MIN_S, LEASE_TIMEOUT_MAX_S),
		.standard = "300",
		.help = "How long a lease stays after its last session has ended",
	},
	{
		LEAF("max-session-number"),
		NUMBER(LEASE_FLOWS_MIN, LEASE_FLOWS_MAX),
		.standard = "30",
		.help = "How many sessions a lease may have at once",
	},
	{0},
};

_Static_assert(LEASE_TIMEOUT_DEFAULT_S == 300 && LEASE_FLOWS_DEFAULT == 30, "as written above");

#define PERSISTENT_NAT                                                                             \
	{                                                                                          \
		CONTAINER("persistent-nat"),                                                       \
			.help = "An inside endpoint keeps one translated address and port for all " \
				"destinations: a lease",                                           \
			.children = persistent_nat_statements,                                     \
	}

#define THRESHOLDS(lowest_raise, lowest_clear, highest, what)                                    \
	{                                                                                         \
		LEAF("raise-threshold"),                                                          \
		NUMBER(lowest_raise, highest),                                                    \
		.mandatory = "'raise-threshold N'",                                               \
		.help = "The alarm is raised when " what " this",                                 \
	},                                                                                        \
	{                                                                                         \
		LEAF("clear-threshold"),                                                          \
		NUMBER(lowest_clear, highest),                                                    \
		.mandatory = "'clear-threshold N'",                                               \
		.help = "The alarm is cleared when they are below this",                          \
	}

static const struct schema alarm_statements[] = {
	THRESHOLDS(50, 40, 100, "used ports come to so many percent:"),
	{0},
};

#define POOL_ALARM                                                                                \
	{                                                                                         \
		CONTAINER("pool-utilization-alarm"),                                              \
		.flags = SCHEMA_INLINE,                                                           \
		.help = "Say in the log when ports become scarce; of a pool, goes before the "    \
			"statement for all pools",                                                \
		.children = alarm_statements,                                                     \
	}

static const struct schema rule_alarm_statements[] = {
	THRESHOLDS(1, 1, 4294967295, "live sessions come to"),
	{0},
};

static const struct schema interface_options[] = {
	OTHER(LEAF("port-overloading"), .type = TYPE_NAME),
	OTHER(LEAF("port-overloading-factor"), NUMBER(2, 32)),
	OTHER_FLAG("enhanced-port-overloading-algorithm"),
	{0},
};

static const struct schema port_range_statements[] = {
	{
		LEAF("low"),
		.alias = "low",
		NUMBER(1, 65535),
		.flags = SCHEMA_UNNAMED,
		.standard = "1024",
		.mandatory = "'range LOW to HIGH'",
		.help = "The first port",
	},
	{
		LEAF("to"),
		.alias = "high",
		NUMBER(1, 65535),
		.standard = "65535",
		.mandatory = "'range LOW to HIGH'",
		.help = "The last port",
	},
	OTHER_FLAG("random-allocation"),
	OTHER_FLAG("round-robin"),
	OTHER(LEAF("twin-port"), .type = TYPE_PORTS),
	{0},
};

static const struct schema automatic_port_statements[] = {
	OTHER_FLAG("random-allocation"),
	OTHER_FLAG("round-robin"),
	{0},
};

static const struct schema block_allocation_statements[] = {
	OTHER(LEAF("block-size"), NUMBER(1, 64512)),
	OTHER(LEAF("maximum-blocks-per-host"), NUMBER(1, 512)),
	OTHER(LEAF("active-block-timeout"), SECONDS(0, 86400)),
	OTHER(LEAF("last-block-recycle-timeout"), SECONDS(120, 864000)),
	OTHER(LEAF("interim-logging-interval"), SECONDS(1800, 86400)),
	OTHER(LEAF("log"), KEYWORDS(disable)),
	{0},
};

static const struct schema deterministic_host_statements[] = {
	OTHER(LEAF_LIST("address"), .type = TYPE_PREFIX, .max_count = 8),
	OTHER(LEAF_LIST("address-name"), .type = TYPE_NAME, .max_count = 8),
	{0},
};

static const struct schema deterministic_statements[] = {
	OTHER(LEAF("block-size"), NUMBER(1, 64512)),
	OTHER(LEAF("det-nat-configuration-log-interval"), SECONDS(1800, 86400)),
	OTHER(CONTAINER("host"), .children = deterministic_host_statements),
	OTHER_FLAG("include-boundary-addresses"),
	{0},
};

enum { CHOICE_PORT = 1, CHOICE_CONTEXT, CHOICE_ACTION };

static const struct schema port_statements[] = {
	{
		CONTAINER("range"),
		.flags = SCHEMA_INLINE,
		.choice = CHOICE_PORT,
		.help = "The ports, or query ids, of every address",
		.children = port_range_statements,
	},
	{
		FLAG("preserve-parity"),
		.help = "An even port stays even, an odd one odd (RFC 4787)",
	},
	{
		FLAG("preserve-range"),
		.help = "A port below 1024 is translated to one below 1024, all others to one of the "
			"range from 1024 on (RFC 4787)",
	},
	{
		FLAG("no-translation"),
		.choice = CHOICE_PORT,
		.help = "Ports and query ids stay what they are; with host-address-base",
	},
	OTHER(CONTAINER("automatic"), .choice = CHOICE_PORT, .flags = SCHEMA_INLINE,
	      .children = automatic_port_statements),
	OTHER(LEAF("port-overloading-factor"), NUMBER(2, 32)),
	OTHER_FLAG("enhanced-port-overloading-algorithm"),
	OTHER(CONTAINER("block-allocation"), .children = block_allocation_statements),
	OTHER(CONTAINER("deterministic"), .children = deterministic_statements),
	{0},
};

static const struct keyword poolings[] = {
	{"paired", 1, NOT_ENFORCED, "a host with live flows keeps its address"},
	{"no-paired", 0, NOT_ENFORCED, "every flow may get another address"},
	{0},
};

static const struct schema pool_statements[] = {
	DESCRIPTION,
	{
		LEAF_LIST("address"),
		.type = TYPE_ADDRESSES,
		.flags = SCHEMA_BLOCK,
		.mandatory = "'address PREFIX' or 'address LOW to HIGH'",
		.help = "Addresses to translate to, of IPv4 or IPv6 or both; a prefix means every "
			"address in it, the first and the last included",
	},
	{
		CONTAINER("port"),
		.help = "Ports to translate to",
		.children = port_statements,
	},
	{
		CONTAINER("address-persistent"),
		.flags = SCHEMA_INLINE,
		.help = "Every inside host keeps one address of this pool; goes before the "
			"statement of the same name for all pools",
		.children = persistent_statements,
	},
	{
		LEAF("host-address-base"),
		.type = TYPE_PREFIX,
		.help = "The inside host that gets the first address of the pool; the next host gets "
			"the next address, and so on; a prefix stands for its hosts alone",
	},
	{
		LEAF("overflow-pool"),
		.type = TYPE_NAME,
		.help = "The pool that is asked where this one has no free port, or 'interface' for "
			"the address of the interface by which the packet leaves",
	},
	OTHER(LEAF("routing-instance"), .type = TYPE_NAME),
	OTHER(LEAF_LIST("address-name"), .type = TYPE_NAME),
	OTHER_FLAG("address-shared"),
	OTHER(LEAF("address-pooling"), KEYWORDS(poolings)),
	OTHER(LEAF("ei-mapping-timeout"), SECONDS(120, 86400)),
	OTHER(LEAF("mapping-timeout"), SECONDS(120, 86400)),
	OTHER(LEAF("limit-ports-per-host"), NUMBER(2, 65535)),
	POOL_ALARM,
	{
		CONTAINER("persistent-nat"),
		.help = "An older place of persistent-nat of the rules: for every rule that names "
			"the pool and has none of its own; accepted with a warning",
		.children = persistent_nat_statements,
	},
	OPAQUE("allocation-domain"),
	{0},
};

#define CONTEXT_NEEDED "'zone NAME' or 'interface NAME'"

static const struct schema context_statements[] = {
	{
		LEAF_LIST("zone"),
		.type = TYPE_NAME,
		.max_count = MAX_CONTEXTS,
		.choice = CHOICE_CONTEXT,
		.mandatory = CONTEXT_NEEDED,
		.help = "Zones",
	},
	{
		LEAF_LIST("interface"),
		.type = TYPE_INTERFACE,
		.max_count = MAX_CONTEXTS,
		.choice = CHOICE_CONTEXT,
		.mandatory = CONTEXT_NEEDED,
		.help = "Interfaces; they go before zones when both fit a packet",
	},
	OTHER(LEAF_LIST("routing-instance"), .type = TYPE_NAME, .max_count = MAX_CONTEXTS,
	      .choice = CHOICE_CONTEXT, .mandatory = CONTEXT_NEEDED),
	OTHER(LEAF_LIST("routing-group"), .type = TYPE_NAME, .max_count = MAX_CONTEXTS,
	      .choice = CHOICE_CONTEXT, .mandatory = CONTEXT_NEEDED),
	{0},
};

enum { MAX_PROTOCOLS_PER_RULE = 4 };

static const struct schema match_statements[] = {
	{
		LEAF_LIST("source-address"),
		.type = TYPE_PREFIX,
		.max_count = MAX_PREFIXES_PER_RULE,
		.help = "Addresses of inside hosts",
	},
	{
		LEAF_LIST("source-port"),
		.type = TYPE_PORTS,
		.flags = SCHEMA_BLOCK,
		.max_count = MAX_PORT_RANGES_PER_RULE,
		.help = "TCP or UDP ports of inside hosts",
	},
	{
		LEAF_LIST("destination-address"),
		.type = TYPE_PREFIX,
		.max_count = MAX_PREFIXES_PER_RULE,
		.help = "Addresses outside",
	},
	{
		LEAF_LIST("destination-port"),
		.type = TYPE_PORTS,
		.flags = SCHEMA_BLOCK,
		.max_count = MAX_PORT_RANGES_PER_RULE,
		.help = "TCP or UDP ports outside",
	},
	{
		LEAF_LIST("protocol"),
		.type = TYPE_PROTOCOL,
		.max_count = MAX_PROTOCOLS_PER_RULE,
		.help = "IP protocols",
	},
	{
		LEAF_LIST("application"),
		.type = TYPE_APPLICATION,
		.max_count = MAX_SERVICES_PER_RULE,
		.help = "Predefined applications; not together with protocols or ports",
	},
	OTHER(LEAF_LIST("source-address-name"), .type = TYPE_NAME, .max_count = 8),
	OTHER(LEAF_LIST("destination-address-name"), .type = TYPE_NAME, .max_count = 8),
	{0},
};

static const struct schema pool_action_statements[] = {
	{
		LEAF("name"),
		.type = TYPE_NAME,
		.flags = SCHEMA_UNNAMED,
		.mandatory = "the name of a pool",
		.help = "Name of the pool",
	},
	PERSISTENT_NAT,
	{0},
};

static const struct schema interface_action_statements[] = {
	PERSISTENT_NAT,
	{0},
};

static const struct keyword refreshes[] = {
	{"inbound", 0, NOT_ENFORCED, "packets from outside"},
	{"outbound", 1, NOT_ENFORCED, "packets from inside"},
	{"inbound-outbound", 2, NOT_ENFORCED, "all packets"},
	{0},
};

static const struct schema secure_mapping_statements[] = {
	OTHER(LEAF("eif-flow-limit"), NUMBER(0, 65534)),
	OTHER(LEAF("mapping-refresh"), KEYWORDS(refreshes)),
	{0},
};

static const struct keyword mapping_types[] = {
	{"endpoint-independent", 0, NOT_ENFORCED, "one mapping for all destinations"},
	{"address-pooling-paired", 1, NOT_ENFORCED, "one address for a host"},
	{0},
};

#define ACTION_NEEDED "'off', 'interface' or 'pool NAME'"

static const struct schema action_statements[] = {
	{
		FLAG("off"),
		.choice = CHOICE_ACTION,
		.mandatory = ACTION_NEEDED,
		.help = "Do not translate",
	},
	{
		CONTAINER("interface"),
		.flags = SCHEMA_INLINE,
		.choice = CHOICE_ACTION,
		.mandatory = ACTION_NEEDED,
		.help = "Translate to the address of the interface by which the packet leaves",
		.children = interface_action_statements,
	},
	{
		CONTAINER("pool"),
		.flags = SCHEMA_INLINE,
		.choice = CHOICE_ACTION,
		.mandatory = ACTION_NEEDED,
		.help = "Translate to an address of this pool",
		.children = pool_action_statements,
	},
	OTHER(LEAF("mapping-type"), KEYWORDS(mapping_types)),
	OPAQUE("filtering-type"),
	OTHER(CONTAINER("secure-nat-mapping"), .children = secure_mapping_statements),
	{
		CONTAINER("rule-session-count-alarm"),
		.flags = SCHEMA_INLINE,
		.help = "Say in the log when sessions of this rule become many",
		.children = rule_alarm_statements,
	},
	{0},
};

#define THEN_NEEDED "'then source-nat (off | interface | pool NAME)'"

static const struct schema then_statements[] = {
	{
		CONTAINER("source-nat"),
		.mandatory = THEN_NEEDED,
		.help = "Exactly one of these",
		.children = action_statements,
	},
	OTHER_FLAG("syslog"),
	{0},
};

static const struct schema rule_statements[] = {
	DESCRIPTION,
	{
		CONTAINER("match"),
		.help = "What a packet must have; every statement must hold, and one of its "
			"values; without any the rule matches every packet",
		.children = match_statements,
	},
	{
		CONTAINER("then"),
		.mandatory = THEN_NEEDED,
		.help = "What is done with a packet that matches",
		.children = then_statements,
	},
	{0},
};

static const struct schema rule_set_statements[] = {
	DESCRIPTION,
	{
		CONTAINER("from"),
		.flags = SCHEMA_INLINE,
		.mandatory = "'from zone NAME' or 'from interface NAME'",
		.help = "Where packets come in",
		.children = context_statements,
	},
	{
		CONTAINER("to"),
		.flags = SCHEMA_INLINE,
		.mandatory = "'to zone NAME' or 'to interface NAME'",
		.help = "Where packets leave",
		.children = context_statements,
	},
	{
		LIST("rule"),
		.type = TYPE_NAME,
		.help = "The first rule that matches a packet decides",
		.children = rule_statements,
	},
	{0},
};

const struct schema schema_source_nat[] = {
	{
		CONTAINER("address-persistent"),
		.flags = SCHEMA_INLINE,
		.help = "Every inside host keeps one address of each pool; without it, addresses "
			"are taken in turn",
		.children = persistent_statements,
	},
	{
		LEAF("port-randomization"),
		KEYWORDS(disable),
		.help = "Take ports in turn; without it, they are hard to guess (RFC 6056)",
	},
	{
		LEAF("port-hold-down"),
		SECONDS(0, PORT_HOLD_DOWN_MAX_S),
		.flags = SCHEMA_OWN,
		.standard = "0",
		.help = "How long the port of a flow that has ended rests before another flow may get "
			"it (RFC 6888)",
	},
	{
		LEAF("pool-default-port-range"),
		.type = TYPE_PORTS,
		.help = "The ports of every pool that names none; without it, 1024 to 65535",
	},
	{
		LIST("pool"),
		.type = TYPE_NAME,
		.help = "Addresses and ports to translate to",
		.children = pool_statements,
	},
	{
		LIST("rule-set"),
		.type = TYPE_NAME,
		.help = "Rules for packets from one place to another",
		.children = rule_set_statements,
	},
	OTHER_FLAG("session-persistence-scan"),
	OTHER(LEAF("session-drop-hold-down"), SECONDS(30, 28800)),
	OTHER(LEAF("port-round-robin"), KEYWORDS(disable)),
	OTHER_FLAG("port-scaling-enlargement"),
	OTHER_FLAG("pool-distribution"),
	OTHER(LEAF("pool-default-twin-port-range"), .type = TYPE_PORTS),
	POOL_ALARM,
	OTHER(CONTAINER("interface"), .children = interface_options),
	OTHER(CONTAINER("persistent-nat"), .flags = SCHEMA_INLINE, .children = log_statements),
	{0},
};
