/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * A question to the kernel's routing, and its answer.
 */
#ifndef CORE_ROUTE_H
#define CORE_ROUTE_H

#include "abi/types.h"

struct route_query {
	union ip_addr source;
	union ip_addr destination;
	u32 ifindex; /* where the packet came in */
	u16 length;  /* of the IP packet; 0: do not compare with the MTU */
	__be16 source_port;
	__be16 destination_port;
	u8 family; /* enum ip_family */
	u8 protocol;
	u8 tos; /* IPv4 TOS or IPv6 traffic class */
};

enum route_result {
	ROUTE_FOUND,        /* everything below is filled in */
	ROUTE_NO_NEIGHBOUR, /* ifindex is filled in */
	ROUTE_TOO_BIG,      /* ifindex is filled in; the packet is longer than the MTU */
	ROUTE_REJECTED,     /* unreachable, prohibited or a black hole */
	ROUTE_NOT_FORWARDED, /* local, no route, or forwarding is off */
	ROUTE_UNUSABLE,     /* the kernel would forward it in a way that a program cannot */
};

struct route {
	u32 ifindex; /* egress */
	u32 mtu;
	struct link_addr to;
	struct link_addr from;
	u8 result; /* enum route_result */
};

#endif
