/* SPDX-License-Identifier: Apache-2.0 */
#include "config/applications.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum { PROTOCOL_OSPF = 89 };

static const char selects_icmp_type[] =
	"it is about one ICMP type, which rules cannot tell apart yet; use junos-icmp-all";
static const char selects_icmp6_type[] =
	"it is about one ICMPv6 type, which rules cannot tell apart yet; use junos-icmp6-all";
static const char selects_rpc_program[] =
	"it is about RPC programs, whose ports are agreed on at run time; use protocol and "
	"destination-port";
static const char differs_by_release[] =
	"releases of Junos differ on its port; use protocol tcp and destination-port 465 or 587";

/* Sorted by name, for the search. */
static const struct application applications[] = {
	{"junos-aol", IPPROTO_TCP, 5190, 5193, NULL},
	{"junos-bgp", IPPROTO_TCP, 179, 179, NULL},
	{"junos-biff", IPPROTO_UDP, 512, 512, NULL},
	{"junos-bootpc", IPPROTO_UDP, 68, 68, NULL},
	{"junos-bootps", IPPROTO_UDP, 67, 67, NULL},
	{"junos-chargen", IPPROTO_UDP, 19, 19, NULL},
	{"junos-cifs", IPPROTO_TCP, 139, 139, NULL},
	{"junos-cifs", IPPROTO_TCP, 445, 445, NULL},
	{"junos-cvspserver", IPPROTO_TCP, 2401, 2401, NULL},
	{"junos-dhcp-client", IPPROTO_UDP, 68, 68, NULL},
	{"junos-dhcp-relay", IPPROTO_UDP, 67, 67, NULL},
	{"junos-dhcp-server", IPPROTO_UDP, 67, 67, NULL},
	{"junos-discard", IPPROTO_UDP, 9, 9, NULL},
	{"junos-dns-tcp", IPPROTO_TCP, 53, 53, NULL},
	{"junos-dns-udp", IPPROTO_UDP, 53, 53, NULL},
	{"junos-echo", IPPROTO_UDP, 7, 7, NULL},
	{"junos-finger", IPPROTO_TCP, 79, 79, NULL},
	{"junos-ftp", IPPROTO_TCP, 21, 21, NULL},
	{"junos-ftp-data", IPPROTO_TCP, 20, 20, NULL},
	{"junos-gnutella", IPPROTO_UDP, 6346, 6347, NULL},
	{"junos-gopher", IPPROTO_TCP, 70, 70, NULL},
	{"junos-gprs-gtp-c", IPPROTO_TCP, 2123, 2123, NULL},
	{"junos-gprs-gtp-c", IPPROTO_UDP, 2123, 2123, NULL},
	{"junos-gprs-gtp-u", IPPROTO_TCP, 2152, 2152, NULL},
	{"junos-gprs-gtp-u", IPPROTO_UDP, 2152, 2152, NULL},
	{"junos-gprs-gtp-v0", IPPROTO_TCP, 3386, 3386, NULL},
	{"junos-gprs-gtp-v0", IPPROTO_UDP, 3386, 3386, NULL},
	{"junos-gprs-sctp", IPPROTO_SCTP, 0, 0, NULL},
	{"junos-gre", IPPROTO_GRE, 0, 0, NULL},
	{"junos-gtp", IPPROTO_UDP, 2123, 2123, NULL},
	{"junos-h323", IPPROTO_TCP, 1720, 1720, NULL},
	{"junos-h323", IPPROTO_UDP, 1719, 1719, NULL},
	{"junos-h323", IPPROTO_TCP, 1503, 1503, NULL},
	{"junos-h323", IPPROTO_TCP, 389, 389, NULL},
	{"junos-h323", IPPROTO_TCP, 522, 522, NULL},
	{"junos-h323", IPPROTO_TCP, 1731, 1731, NULL},
	{"junos-http", IPPROTO_TCP, 80, 80, NULL},
	{"junos-http-ext", IPPROTO_TCP, 7001, 7001, NULL},
	{"junos-https", IPPROTO_TCP, 443, 443, NULL},
	{"junos-icmp-all", IPPROTO_ICMP, 0, 0, NULL},
	{"junos-icmp-ping", IPPROTO_ICMP, 0, 0, selects_icmp_type},
	{"junos-icmp6-all", IPPROTO_ICMPV6, 0, 0, NULL},
	{"junos-icmp6-dst-unreach-addr", IPPROTO_ICMPV6, 0, 0, selects_icmp6_type},
	{"junos-icmp6-dst-unreach-admin", IPPROTO_ICMPV6, 0, 0, selects_icmp6_type},
	{"junos-icmp6-dst-unreach-beyond", IPPROTO_ICMPV6, 0, 0, selects_icmp6_type},
	{"junos-icmp6-dst-unreach-port", IPPROTO_ICMPV6, 0, 0, selects_icmp6_type},
	{"junos-icmp6-dst-unreach-route", IPPROTO_ICMPV6, 0, 0, selects_icmp6_type},
	{"junos-icmp6-echo-reply", IPPROTO_ICMPV6, 0, 0, selects_icmp6_type},
	{"junos-icmp6-echo-request", IPPROTO_ICMPV6, 0, 0, selects_icmp6_type},
	{"junos-icmp6-packet-too-big", IPPROTO_ICMPV6, 0, 0, selects_icmp6_type},
	{"junos-icmp6-param-prob-header", IPPROTO_ICMPV6, 0, 0, selects_icmp6_type},
	{"junos-icmp6-param-prob-nexthdr", IPPROTO_ICMPV6, 0, 0, selects_icmp6_type},
	{"junos-icmp6-param-prob-option", IPPROTO_ICMPV6, 0, 0, selects_icmp6_type},
	{"junos-icmp6-time-exceed-reassembly", IPPROTO_ICMPV6, 0, 0, selects_icmp6_type},
	{"junos-icmp6-time-exceed-transit", IPPROTO_ICMPV6, 0, 0, selects_icmp6_type},
	{"junos-ident", IPPROTO_TCP, 113, 113, NULL},
	{"junos-ike", IPPROTO_UDP, 500, 500, NULL},
	{"junos-ike-nat", IPPROTO_UDP, 4500, 4500, NULL},
	{"junos-imap", IPPROTO_TCP, 143, 143, NULL},
	{"junos-imaps", IPPROTO_TCP, 993, 993, NULL},
	{"junos-internet-locator-service", IPPROTO_TCP, 389, 389, NULL},
	{"junos-irc", IPPROTO_TCP, 6660, 6669, NULL},
	{"junos-l2tp", IPPROTO_UDP, 1701, 1701, NULL},
	{"junos-ldap", IPPROTO_TCP, 389, 389, NULL},
	{"junos-ldp-tcp", IPPROTO_TCP, 646, 646, NULL},
	{"junos-ldp-udp", IPPROTO_UDP, 646, 646, NULL},
	{"junos-lpr", IPPROTO_TCP, 515, 515, NULL},
	{"junos-mail", IPPROTO_TCP, 25, 25, NULL},
	{"junos-mgcp", IPPROTO_UDP, 2427, 2427, NULL},
	{"junos-mgcp", IPPROTO_UDP, 2727, 2727, NULL},
	{"junos-mgcp-ca", IPPROTO_UDP, 2727, 2727, NULL},
	{"junos-mgcp-ua", IPPROTO_UDP, 2427, 2427, NULL},
	{"junos-ms-rpc", IPPROTO_TCP, 135, 135, NULL},
	{"junos-ms-rpc", IPPROTO_UDP, 135, 135, NULL},
	{"junos-ms-rpc-any", 0, 0, 0, selects_rpc_program},
	{"junos-ms-rpc-epm", 0, 0, 0, selects_rpc_program},
	{"junos-ms-rpc-iis-com", 0, 0, 0, selects_rpc_program},
	{"junos-ms-rpc-msexchange", 0, 0, 0, selects_rpc_program},
	{"junos-ms-rpc-tcp", IPPROTO_TCP, 135, 135, NULL},
	{"junos-ms-rpc-udp", IPPROTO_UDP, 135, 135, NULL},
	{"junos-ms-rpc-wmic", 0, 0, 0, selects_rpc_program},
	{"junos-ms-sql", IPPROTO_TCP, 1433, 1433, NULL},
	{"junos-msn", IPPROTO_TCP, 1863, 1863, NULL},
	{"junos-nbds", IPPROTO_UDP, 138, 138, NULL},
	{"junos-nbname", IPPROTO_UDP, 137, 137, NULL},
	{"junos-netbios-session", IPPROTO_TCP, 139, 139, NULL},
	{"junos-nfs", IPPROTO_UDP, 111, 111, NULL},
	{"junos-nfsd-tcp", IPPROTO_TCP, 2049, 2049, NULL},
	{"junos-nfsd-udp", IPPROTO_UDP, 2049, 2049, NULL},
	{"junos-nntp", IPPROTO_TCP, 119, 119, NULL},
	{"junos-ns-global", IPPROTO_TCP, 15397, 15397, NULL},
	{"junos-ns-global-pro", IPPROTO_TCP, 15397, 15397, NULL},
	{"junos-nsm", IPPROTO_UDP, 69, 69, NULL},
	{"junos-ntalk", IPPROTO_UDP, 518, 518, NULL},
	{"junos-ntalk", IPPROTO_TCP, 518, 518, NULL},
	{"junos-ntp", IPPROTO_UDP, 123, 123, NULL},
	{"junos-ospf", PROTOCOL_OSPF, 0, 0, NULL},
	{"junos-pc-anywhere", IPPROTO_UDP, 5632, 5632, NULL},
	{"junos-ping", IPPROTO_ICMP, 0, 0, selects_icmp_type},
	{"junos-pingv6", IPPROTO_ICMPV6, 0, 0, selects_icmp6_type},
	{"junos-pop3", IPPROTO_TCP, 110, 110, NULL},
	{"junos-pptp", IPPROTO_TCP, 1723, 1723, NULL},
	{"junos-printer", IPPROTO_TCP, 515, 515, NULL},
	{"junos-r2cp", IPPROTO_UDP, 28672, 28672, NULL},
	{"junos-radacct", IPPROTO_UDP, 1813, 1813, NULL},
	{"junos-radius", IPPROTO_UDP, 1812, 1812, NULL},
	{"junos-realaudio", IPPROTO_TCP, 554, 554, NULL},
	{"junos-rip", IPPROTO_UDP, 520, 520, NULL},
	{"junos-routing-inbound", IPPROTO_TCP, 179, 179, NULL},
	{"junos-routing-inbound", IPPROTO_UDP, 520, 520, NULL},
	{"junos-routing-inbound", IPPROTO_TCP, 646, 646, NULL},
	{"junos-routing-inbound", IPPROTO_UDP, 646, 646, NULL},
	{"junos-rsh", IPPROTO_TCP, 514, 514, NULL},
	{"junos-rtsp", IPPROTO_TCP, 554, 554, NULL},
	{"junos-sccp", IPPROTO_TCP, 2000, 2000, NULL},
	{"junos-sctp-any", IPPROTO_SCTP, 0, 0, NULL},
	{"junos-sip", IPPROTO_UDP, 5060, 5060, NULL},
	{"junos-sip", IPPROTO_TCP, 5060, 5060, NULL},
	{"junos-smb", IPPROTO_TCP, 139, 139, NULL},
	{"junos-smb", IPPROTO_TCP, 445, 445, NULL},
	{"junos-smb-session", IPPROTO_TCP, 445, 445, NULL},
	{"junos-smtp", IPPROTO_TCP, 25, 25, NULL},
	{"junos-smtps", IPPROTO_TCP, 0, 0, differs_by_release},
	{"junos-snmp-agentx", IPPROTO_TCP, 705, 705, NULL},
	{"junos-snpp", IPPROTO_TCP, 444, 444, NULL},
	{"junos-sql-monitor", IPPROTO_UDP, 1434, 1434, NULL},
	{"junos-sqlnet-v1", IPPROTO_TCP, 1525, 1525, NULL},
	{"junos-sqlnet-v2", IPPROTO_TCP, 1521, 1521, NULL},
	{"junos-ssh", IPPROTO_TCP, 22, 22, NULL},
	{"junos-stun", IPPROTO_UDP, 3478, 3479, NULL},
	{"junos-stun", IPPROTO_TCP, 3478, 3479, NULL},
	{"junos-sun-rpc", IPPROTO_TCP, 111, 111, NULL},
	{"junos-sun-rpc", IPPROTO_UDP, 111, 111, NULL},
	{"junos-sun-rpc-any", 0, 0, 0, selects_rpc_program},
	{"junos-sun-rpc-mountd", 0, 0, 0, selects_rpc_program},
	{"junos-sun-rpc-nfs", 0, 0, 0, selects_rpc_program},
	{"junos-sun-rpc-nfs-access", 0, 0, 0, selects_rpc_program},
	{"junos-sun-rpc-nlockmgr", 0, 0, 0, selects_rpc_program},
	{"junos-sun-rpc-portmap", 0, 0, 0, selects_rpc_program},
	{"junos-sun-rpc-rquotad", 0, 0, 0, selects_rpc_program},
	{"junos-sun-rpc-status", 0, 0, 0, selects_rpc_program},
	{"junos-sun-rpc-tcp", IPPROTO_TCP, 111, 111, NULL},
	{"junos-sun-rpc-udp", IPPROTO_UDP, 111, 111, NULL},
	{"junos-sun-rpc-ypbind", 0, 0, 0, selects_rpc_program},
	{"junos-syslog", IPPROTO_UDP, 514, 514, NULL},
	{"junos-tacacs", IPPROTO_TCP, 49, 49, NULL},
	{"junos-tacacs-ds", IPPROTO_TCP, 65, 65, NULL},
	{"junos-talk", IPPROTO_UDP, 517, 517, NULL},
	{"junos-talk", IPPROTO_TCP, 517, 517, NULL},
	{"junos-tcp-any", IPPROTO_TCP, 0, 0, NULL},
	{"junos-telnet", IPPROTO_TCP, 23, 23, NULL},
	{"junos-tftp", IPPROTO_UDP, 69, 69, NULL},
	{"junos-udp-any", IPPROTO_UDP, 0, 0, NULL},
	{"junos-uucp", IPPROTO_UDP, 540, 540, NULL},
	{"junos-vdo-live", IPPROTO_UDP, 7000, 7010, NULL},
	{"junos-vnc", IPPROTO_TCP, 5800, 5800, NULL},
	{"junos-wais", IPPROTO_TCP, 210, 210, NULL},
	{"junos-who", IPPROTO_UDP, 513, 513, NULL},
	{"junos-whois", IPPROTO_TCP, 43, 43, NULL},
	{"junos-winframe", IPPROTO_TCP, 1494, 1494, NULL},
	{"junos-wxcontrol", IPPROTO_TCP, 3578, 3578, NULL},
	{"junos-x-windows", IPPROTO_TCP, 6000, 6063, NULL},
	{"junos-xnm-clear-text", IPPROTO_TCP, 3221, 3221, NULL},
	{"junos-xnm-ssl", IPPROTO_TCP, 3220, 3220, NULL},
	{"junos-ymsg", IPPROTO_TCP, 5000, 5010, NULL},
	{"junos-ymsg", IPPROTO_TCP, 5050, 5050, NULL},
	{"junos-ymsg", IPPROTO_UDP, 5000, 5010, NULL},
	{"junos-ymsg", IPPROTO_UDP, 5050, 5050, NULL},
};

enum { APPLICATION_COUNT = sizeof(applications) / sizeof(applications[0]) };

static int compare_name(const void *name, const void *entry)
{
	return strcmp(name, ((const struct application *)entry)->name);
}

const struct application *application_find(const char *name)
{
	const struct application *found = bsearch(name, applications, APPLICATION_COUNT,
						  sizeof(applications[0]), compare_name);

	while (found && found > applications && !strcmp(found[-1].name, name))
		found--;
	return found;
}

const struct application *application_next(const struct application *application)
{
	const struct application *next = application + 1;

	if (next == applications + APPLICATION_COUNT || strcmp(next->name, application->name))
		return NULL;
	return next;
}

const struct application *application_after(const struct application *application)
{
	const struct application *next = application ? application : applications;

	while (application && next < applications + APPLICATION_COUNT &&
	       !strcmp(next->name, application->name))
		next++;
	return next < applications + APPLICATION_COUNT ? next : NULL;
}

struct service_match application_service(const struct application *application)
{
	bool any_port = !application->high;

	return (struct service_match){
		.protocol = application->protocol,
		.any_port = any_port,
		.source = {0, 65535},
		.destination = {application->low, any_port ? 65535 : application->high},
	};
}

void application_candidates(struct suggestions *suggestions)
{
	const struct application *application = NULL;

	suggest_candidate(suggestions, APPLICATION_ANY);
	while ((application = application_after(application)))
		if (!application->not_enforced)
			suggest_candidate(suggestions, application->name);
}
