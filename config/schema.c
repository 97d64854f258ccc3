/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statements of the language, except for security nat source (schema_nat.c).
 */
#include "config/schema.h"

#include <string.h>

#include "config/schema_tables.h"
#include "config/suggest.h"

static const struct keyword dataplane_types[] = {
	{"ebpf", DATAPLANE_EBPF, SUPPORTED, "in the kernel, by an XDP program"},
	{"userspace", DATAPLANE_USERSPACE, SUPPORTED, "in user space, over AF_XDP"},
	{0},
};

static const struct schema userspace_statements[] = {
	{
		LEAF_LIST("worker-cpus"),
		.type = TYPE_CPUS,
		.flags = SCHEMA_OWN,
		.help = "The CPUs on which the workers run; without it, those that holdfast-dp may "
			"use",
	},
	{
		FLAG("busy-poll"),
		.flags = SCHEMA_OWN,
		.help = "Workers ask for packets without a pause and keep their CPUs busy, which "
			"answers sooner",
	},
	{0},
};

static const struct schema system_statements[] = {
	{
		LEAF("host-name"),
		.type = TYPE_HOST_NAME,
		.help = "Name of this gateway, shown in prompts and logs",
	},
	{
		LEAF("dataplane-type"),
		KEYWORDS(dataplane_types),
		.flags = SCHEMA_OWN,
		.standard = "ebpf",
		.help = "Who receives the packets",
	},
	{
		CONTAINER("userspace"),
		.flags = SCHEMA_OWN,
		.help = "The workers of the dataplane userspace; may stand here while another "
			"dataplane runs",
		.children = userspace_statements,
	},
	{
		LEAF("parity-sample"),
		NUMBER(0, PARITY_SAMPLE_MAX),
		.flags = SCHEMA_OWN,
		.standard = "1000",
		.help = "One of so many first packets is also judged by the other compiled form of "
			"the core, and the verdicts are compared; 0 means none",
	},
	OPAQUE("archival"),
	OPAQUE("authentication-order"),
	OPAQUE("domain-name"),
	OPAQUE("license"),
	OPAQUE("login"),
	OPAQUE("name-server"),
	OPAQUE("ntp"),
	OPAQUE("root-authentication"),
	OPAQUE("services"),
	OPAQUE("syslog"),
	OPAQUE("time-zone"),
	{0},
};

static const struct keyword xdp_modes[] = {
	{"native", XDP_MODE_NATIVE, SUPPORTED, "in the interface's driver, which must know XDP"},
	{"generic", XDP_MODE_GENERIC, SUPPORTED, "behind the driver; slower, for every interface"},
	{0},
};

static const struct schema interface_statements[] = {
	DESCRIPTION,
	{
		LEAF("xdp-mode"),
		KEYWORDS(xdp_modes),
		.flags = SCHEMA_OWN,
		.standard = "native",
		.help = "Where the XDP program runs",
	},
	OPAQUE("disable"),
	OPAQUE("ether-options"),
	OPAQUE("gigether-options"),
	OPAQUE("mtu"),
	OPAQUE("native-vlan-id"),
	OPAQUE("redundant-ether-options"),
	OPAQUE("speed"),
	OPAQUE("unit"),
	OPAQUE("vlan-tagging"),
	{0},
};

static const struct schema interfaces_statements[] = {
	{
		LIST("interface"),
		.type = TYPE_INTERFACE,
		.flags = SCHEMA_UNNAMED,
		.help = "Settings of one interface of the kernel",
		.children = interface_statements,
	},
	{0},
};

static const struct schema zone_interface_statements[] = {
	OPAQUE("host-inbound-traffic"),
	{0},
};

static const struct schema zone_interfaces_statements[] = {
	{
		LIST("interface"),
		.type = TYPE_INTERFACE,
		.flags = SCHEMA_UNNAMED,
		.help = "An interface of the zone; eth0 and eth0.0 are the same one",
		.children = zone_interface_statements,
	},
	{0},
};

static const struct schema zone_statements[] = {
	DESCRIPTION,
	{
		CONTAINER("interfaces"),
		.help = "The interfaces of the zone; an interface is in at most one zone",
		.children = zone_interfaces_statements,
	},
	OPAQUE("address-book"),
	OPAQUE("application-tracking"),
	OPAQUE("host-inbound-traffic"),
	OPAQUE("screen"),
	OPAQUE("tcp-rst"),
	{0},
};

static const struct schema zones_statements[] = {
	{
		LIST("security-zone"),
		.type = TYPE_NAME,
		.help = "A part of the network: packets are judged by the zone they come from and "
			"the zone they go to",
		.children = zone_statements,
	},
	OPAQUE("functional-zone"),
	{0},
};

static const struct schema tcp_session_statements[] = {
	{
		LEAF("tcp-initial-timeout"),
		SECONDS(1, 86400),
		.standard = "240",
		ADVISED(240, "RFC 5382 REQ-5"),
		.help = "Idle time after which a connection that is not yet established ends",
	},
	{
		LEAF("established-timeout"),
		SECONDS(1, 2678400),
		.standard = "7440",
		ADVISED(7440, "RFC 5382 REQ-5"),
		.help = "Idle time after which an established connection ends",
	},
	{
		LEAF("closing-timeout"),
		SECONDS(1, 86400),
		.standard = "240",
		ADVISED(240, "RFC 5382 REQ-5"),
		.help = "Idle time after which a connection that has seen a FIN or RST ends",
	},
	{
		FLAG("no-syn-check"),
		.help = "A segment in the middle of a connection opens a flow too, as a SYN does; "
			"for paths that change sides, or after state was lost",
	},
	OPAQUE("fin-invalidate-session"),
	OPAQUE("maximum-window"),
	OPAQUE("no-sequence-check"),
	OPAQUE("no-syn-check-in-tunnel"),
	OPAQUE("rst-invalidate-session"),
	OPAQUE("rst-sequence-check"),
	OPAQUE("strict-syn-check"),
	OPAQUE("time-wait-state"),
	{0},
};

static const struct schema udp_session_statements[] = {
	{
		LEAF("timeout"),
		SECONDS(1, 86400),
		.standard = "300",
		ADVISED(120, "RFC 4787 REQ-5"),
		.help = "Idle time after which a UDP flow ends",
	},
	{0},
};

static const struct schema icmp_session_statements[] = {
	{
		LEAF("timeout"),
		SECONDS(1, 86400),
		.standard = "60",
		ADVISED(60, "RFC 5508 REQ-2"),
		.help = "Idle time after which a flow of ICMP queries (ping) ends",
	},
	{0},
};

static const struct schema gre_session_statements[] = {
	{
		LEAF("timeout"),
		SECONDS(1, 86400),
		.standard = "1800",
		ADVISED(120, "RFC 4787 REQ-5"),
		.help = "Idle time after which a flow of GRE ends",
	},
	{0},
};

static const struct schema esp_session_statements[] = {
	{
		LEAF("timeout"),
		SECONDS(1, 86400),
		.standard = "1800",
		ADVISED(120, "RFC 4787 REQ-5"),
		.help = "Idle time after which a flow of ESP (IPsec) ends",
	},
	{0},
};

static const struct schema all_tcp_statements[] = {
	{
		LEAF("mss"),
		NUMBER(TCP_MSS_LEAST, TCP_MSS_MOST),
		.unit = "bytes",
		.mandatory = "'mss BYTES'",
		.help = "A SYN, from either side, that offers to take larger segments is made to "
			"offer these",
	},
	{0},
};

static const struct schema tcp_mss_statements[] = {
	{
		CONTAINER("all-tcp"),
		.help = "Of every connection, in both directions",
		.children = all_tcp_statements,
	},
	OPAQUE("gre-in"),
	OPAQUE("gre-out"),
	OPAQUE("ipsec-vpn"),
	{0},
};

static const struct schema flow_statements[] = {
	{
		LEAF("maximum-sessions"),
		NUMBER(64, 16777214),
		.standard = "1000000",
		.help = "Size of the flow table; when it is full, new flows are refused",
	},
	{
		CONTAINER("tcp-session"),
		.help = "Timeouts of TCP connections, and what begins one",
		.children = tcp_session_statements,
	},
	{
		CONTAINER("tcp-mss"),
		.help = "The segment size of translated TCP connections",
		.children = tcp_mss_statements,
	},
	{
		CONTAINER("udp-session"),
		.help = "Timeouts of UDP flows",
		.children = udp_session_statements,
	},
	{
		CONTAINER("icmp-session"),
		.help = "Timeouts of ICMP queries",
		.children = icmp_session_statements,
	},
	{
		CONTAINER("gre-session"),
		.help = "Timeouts of GRE tunnels",
		.children = gre_session_statements,
	},
	{
		CONTAINER("esp-session"),
		.help = "Timeouts of ESP tunnels",
		.children = esp_session_statements,
	},
	OPAQUE("aging"),
	OPAQUE("allow-dns-reply"),
	OPAQUE("allow-embedded-icmp"),
	OPAQUE("pending-sess-queue-length"),
	OPAQUE("route-change-timeout"),
	OPAQUE("syn-flood-protection-mode"),
	{0},
};

/* proxy-arp and proxy-ndp; the family is checked later. */
static const struct schema proxy_interface_statements[] = {
	{
		LEAF_LIST("address"),
		.type = TYPE_ADDRESSES,
		.flags = SCHEMA_BLOCK,
		.mandatory = "'address PREFIX' or 'address LOW to HIGH'",
		.help = "Addresses to answer for; a prefix means every address in it",
	},
	{0},
};

static const struct schema proxy_statements[] = {
	{
		LIST("interface"),
		.type = TYPE_INTERFACE,
		.help = "The interface on which the questions arrive; it must be in a zone",
		.children = proxy_interface_statements,
	},
	{0},
};

static const struct schema nat_statements[] = {
	{
		CONTAINER("source"),
		.help = "Source NAT: pools of addresses, and the rules that say who gets one",
		.children = schema_source_nat,
	},
	{
		CONTAINER("proxy-arp"),
		.help = "IPv4 addresses for which the gateway answers ARP requests",
		.children = proxy_statements,
	},
	{
		CONTAINER("proxy-ndp"),
		.help = "IPv6 addresses for which the gateway answers neighbour solicitations",
		.children = proxy_statements,
	},
	OPAQUE("destination"),
	OPAQUE("natv6v4"),
	OPAQUE("static"),
	OPAQUE("traceoptions"),
	{0},
};

static const struct schema security_statements[] = {
	{
		CONTAINER("zones"),
		.help = "Which interfaces belong together",
		.children = zones_statements,
	},
	{
		CONTAINER("flow"),
		.help = "The flow table and when flows end",
		.children = flow_statements,
	},
	{
		CONTAINER("nat"),
		.help = "Network address translation",
		.children = nat_statements,
	},
	OPAQUE("address-book"),
	OPAQUE("alg"),
	OPAQUE("application-tracking"),
	OPAQUE("forwarding-options"),
	OPAQUE("idp"),
	OPAQUE("ike"),
	OPAQUE("ipsec"),
	OPAQUE("log"),
	OPAQUE("pki"),
	OPAQUE("policies"),
	OPAQUE("screen"),
	OPAQUE("utm"),
	{0},
};

/* clang-format off */
#define SERVICE_STATEMENTS                                                                         \
	{                                                                                          \
		LEAF("protocol"),                                                                  \
		.type = TYPE_PROTOCOL,                                                             \
		.help = "The protocol of its packets",                                             \
	},                                                                                         \
	{                                                                                          \
		LEAF("source-port"),                                                               \
		.type = TYPE_PORT_SPAN,                                                            \
		.help = "The ports they come from, of tcp or udp; without it, any",                \
	},                                                                                         \
	{                                                                                          \
		LEAF("destination-port"),                                                          \
		.type = TYPE_PORT_SPAN,                                                            \
		.help = "The ports they go to, of tcp or udp; without it, any",                    \
	},                                                                                         \
	{                                                                                          \
		LEAF("inactivity-timeout"),                                                        \
		SECONDS(4, APPLICATION_TIMEOUT_MAX_S),                                             \
		.help = "Idle time after which its flows end; without it, that of the protocol",   \
	},                                                                                         \
	OPAQUE("alg"),                                                                             \
	OPAQUE("icmp-code"),                                                                       \
	OPAQUE("icmp-type"),                                                                       \
	OPAQUE("icmp6-code"),                                                                      \
	OPAQUE("icmp6-type"),                                                                      \
	OPAQUE("rpc-program-number"),                                                              \
	OPAQUE("uuid")
/* clang-format on */

static const struct schema term_statements[] = {
	SERVICE_STATEMENTS,
	{0},
};

static const struct schema application_statements[] = {
	DESCRIPTION,
	SERVICE_STATEMENTS,
	{
		LIST("term"),
		.type = TYPE_NAME,
		.help = "One of several protocols and ports of the application",
		.children = term_statements,
	},
	OPAQUE("application-protocol"),
	OPAQUE("do-not-translate-A-query-to-AAAA-query"),
	OPAQUE("do-not-translate-AAAA-query-to-A-query"),
	OPAQUE("ether-type"),
	{0},
};

static const struct schema applications_statements[] = {
	{
		LIST("application"),
		.type = TYPE_NAME,
		.help = "A name for which rules can ask",
		.children = application_statements,
	},
	OPAQUE("application-set"),
	{0},
};

static const struct schema root_statements[] = {
	{
		CONTAINER("system"),
		.help = "The gateway itself",
		.children = system_statements,
	},
	{
		CONTAINER("interfaces"),
		.help = "Settings of interfaces; addresses and routes stay with the kernel",
		.children = interfaces_statements,
	},
	{
		CONTAINER("security"),
		.help = "Zones, flows and address translation",
		.children = security_statements,
	},
	{
		CONTAINER("applications"),
		.help = "Names for protocols and ports, besides the predefined ones",
		.children = applications_statements,
	},
	OPAQUE("access"),
	OPAQUE("apply-groups"),
	OPAQUE("chassis"),
	OPAQUE("event-options"),
	OPAQUE("firewall"),
	OPAQUE("forwarding-options"),
	OPAQUE("groups"),
	OPAQUE("logical-systems"),
	OPAQUE("policy-options"),
	OPAQUE("protocols"),
	OPAQUE("routing-instances"),
	OPAQUE("routing-options"),
	OPAQUE("schedulers"),
	OPAQUE("services"),
	OPAQUE("snmp"),
	OPAQUE("version"),
	OPAQUE("vlans"),
	{0},
};

const struct schema schema_root = {
	CONTAINER("configuration"),
	.help = "Everything",
	.children = root_statements,
};

bool schema_leads_down(const struct schema *schema)
{
	return schema->kind == SCHEMA_CONTAINER || schema->kind == SCHEMA_LIST;
}

size_t schema_child_count(const struct schema *parent)
{
	const struct schema *child;
	size_t count = 0;

	for_each_statement(child, parent)
		count++;
	return count;
}

static bool is_spelled(const struct schema *schema, const char *word)
{
	if (schema->alias && !strcmp(schema->alias, word))
		return true;
	return !(schema->flags & SCHEMA_UNNAMED) && !strcmp(schema->word, word);
}

const struct schema *schema_find(const struct schema *parent, const char *word)
{
	const struct schema *child;

	for_each_statement(child, parent)
		if (is_spelled(child, word))
			return child;
	return NULL;
}

const struct schema *schema_unnamed(const struct schema *parent)
{
	const struct schema *child;

	for_each_statement(child, parent)
		if (child->flags & SCHEMA_UNNAMED)
			return child;
	return NULL;
}

void schema_report_not_enforced(const struct schema *schema, struct position at,
				struct diagnostics *diagnostics)
{
	diagnostics_error(diagnostics, at,
			  "'%s' is a %sstatement that this version does not enforce yet; remove it",
			  schema->word, schema->flags & SCHEMA_OWN ? "" : "Junos ");
}

static bool can_be_written(const struct schema *schema)
{
	return schema->status == SUPPORTED && !(schema->flags & SCHEMA_UNNAMED);
}

void schema_suggest(const struct schema *parent, const char *word, struct text *text)
{
	struct suggestions suggestions;
	const struct schema *child;

	suggest_begin(&suggestions, word);
	for_each_statement(child, parent)
		if (can_be_written(child))
			suggest_candidate(&suggestions, child->word);
	suggest_write(&suggestions, text);
}

void schema_list(const struct schema *parent, struct text *text)
{
	const struct schema *child;
	size_t count = 0;
	size_t place = 0;

	for_each_statement(child, parent)
		count += child->status == SUPPORTED;
	for_each_statement(child, parent)
		if (child->status == SUPPORTED)
			text_add(text, can_be_written(child) ? "%s'%s'" : "%s<%s>",
				 text_separator(place++, count), child->word);
}
