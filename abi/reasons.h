/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Why a packet went where it went. Every frame is counted under exactly one of these
 * (docs/packet-path.md says which); the counters, what `show` prints, the snapshot's texts
 * and the manual's table are all made from this list. New reasons are appended within
 * their group; the numbers live in pinned maps, so a change is a new ABI_VERSION.
 */
#ifndef ABI_REASONS_H
#define ABI_REASONS_H

/* X(name, text): the packet left translated, by Holdfast's own hand */
#define REASONS_FORWARD(X)                                                                     \
	X(translated_out, "translated and sent to the outside")                                \
	X(translated_in, "translated back and sent to the inside")                             \
	X(icmp_error_out, "ICMP error about a flow, translated and sent to the outside")       \
	X(icmp_error_in, "ICMP error about a flow, translated and sent to the inside")        \
	X(hairpinned, "from one inside host to another, translated both ways")

/* X(name, text): the packet was handed to the kernel */
#define REASONS_KERNEL(X)                                                                      \
	X(not_ip, "neither IPv4 nor IPv6 (ARP, for example)")                                  \
	X(not_for_gateway, "the frame is addressed to another host, or to many")               \
	X(special_address, "multicast, broadcast, link-local or another address never translated") \
	X(local_destination, "for the gateway itself, or the kernel does not forward it")      \
	X(no_rule, "no source NAT rule matches")                                               \
	X(rule_off, "a rule with the action off matches")                                      \
	X(route_rejected, "the route is unreachable, prohibited or a black hole; the kernel answers") \
	X(ttl_expired, "TTL or hop limit used up; the kernel answers")                         \
	X(packet_too_big, "larger than the MTU of the next hop; the kernel answers or fragments") \
	X(neighbour_unresolved, "translated; the kernel resolves the next hop's address")

/* X(name, text): the packet was dropped */
#define REASONS_DROP(X)                                                                        \
	X(malformed_packet, "a header is cut short, inconsistent or has a wrong checksum")     \
	X(spoofed_source, "the source is an address that only this gateway may use")           \
	X(filtered_inbound, "sent to a pool address, but no flow expects it")                  \
	X(fragment_unknown, "a fragment whose first fragment is not known, or names no flow")  \
	X(fragment_store_full, "no room to hold a fragment that came before its first one")    \
	X(unsupported_protocol, "a protocol that cannot be translated")                        \
	X(no_flow, "an ICMP error or reply that belongs to no flow")                           \
	X(tcp_not_syn, "a TCP segment of no known flow that does not open one")                \
	X(no_route, "no usable route to the destination")                                      \
	X(route_changed, "the route now leaves through another zone than the flow's")          \
	X(source_nat_pool_missing, "the rule names a pool that does not exist")                \
	X(source_nat_pool_empty, "the pool, or the egress interface, has no address")          \
	X(source_nat_pool_invalid, "the pool cannot be used as configured")                    \
	X(source_nat_pool_invalid_port_range, "the pool's port range cannot be used")          \
	X(source_nat_pool_wrong_family, "the pool has no address of the packet's family")      \
	X(source_nat_pool_exhausted, "no free port on the address that the host must keep")    \
	X(source_nat_pool_no_address, "the pool shifts addresses, and has none for this host") \
	X(source_nat_remote_in_use, "another host has the address towards this remote end")    \
	X(flow_table_full, "no room for another flow")                                         \
	X(lease_table_full, "no room for another lease of persistent-nat")                     \
	X(lease_session_limit, "the lease has as many flows as max-session-number allows")      \
	X(worker_overrun, "the worker of the userspace dataplane did not keep up")             \
	X(worker_lost, "lay in the ring of a worker that ended before it was taken")

#define REASONS(X) REASONS_FORWARD(X) REASONS_KERNEL(X) REASONS_DROP(X)

enum reason {
#define X(name, text) REASON_##name,
	REASONS(X)
#undef X
	REASON_COUNT
};

/* Every row of counters by reason has this many places, so that new reasons fit. */
enum { REASON_CAPACITY = 64 };
_Static_assert((int)REASON_COUNT <= (int)REASON_CAPACITY, "grow REASON_CAPACITY and ABI_VERSION");

#define REASON_FIRST_DROP REASON_malformed_packet
#define REASON_FIRST_POOL_FAILURE REASON_source_nat_pool_missing

#endif
