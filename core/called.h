/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Whom a packet to a NAT address calls: the port that it is sent to, and the flow or lease that
 * owns it. docs/packet-path.md, sections 2.2, 10.2 and 11.2.
 */
#ifndef CORE_CALLED_H
#define CORE_CALLED_H

#include "core/lease.h"
#include "core/rules.h"
#include "core/tcp.h"

/* => the port of a NAT address that a packet from outside is sent to; of an echo reply, its id */
static __always_inline __be16 port_from_outside(const struct packet *p)
{
	return p->kind == PACKET_ECHO_REPLY ? p->key.inside_port : p->key.remote_port;
}

/* => the port that a packet from outside comes from; 0 for an echo reply */
static __always_inline __be16 remote_port_from_outside(const struct packet *p)
{
	return p->kind == PACKET_ECHO_REPLY ? 0 : p->key.inside_port;
}

/* => slot + 1 of the flow or lease that owns the port that a packet for a NAT address is sent to */
static __always_inline u32 owner_from_outside(const struct packet *p,
					      const struct nat_address *target)
{
	if (p->kind != PACKET_TCP && p->kind != PACKET_UDP && p->kind != PACKET_ECHO_REPLY)
		return 0;
	return port_owner(target->slot, p->key.protocol, port_from_outside(p));
}

/*
 * The same where the NAT address is not known yet. => the flow or lease too, NULL if none owns it
 */
static __always_inline struct flow *called_owner(const struct packet *p, u32 *slot)
{
	const struct nat_config *config = env_config(p->half);
	const struct nat_address *target =
		config ? nat_address_find(config, &p->key.remote) : NULL;

	*slot = target ? owner_from_outside(p, target) : 0;
	return *slot ? env_flow(*slot - 1) : NULL;
}

static __always_inline bool packet_opens_from_outside(const struct packet *p)
{
	return p->kind == PACKET_UDP || (p->kind == PACKET_TCP && tcp_opens(p->tcp_flags));
}

struct column_search {
	const struct nat_config *config;
	u32 zone;
	u32 found; /* column, 0: none */
};

static inline long column_search_step(u32 i, void *context)
{
	struct column_search *search = context;
	u32 ifindex = search->config->column_ifindex[(i + 1) % MAX_INTERFACES];
	const struct nat_interface *interface;

	interface = ifindex ? interface_find(search->config, ifindex) : NULL;
	if (!interface)
		return 1;
	if (interface->zone != search->zone)
		return 0;
	search->found = interface->column;
	return 1;
}

/* => the column of the zone's first interface, 0 if it has none */
static __always_inline u32 column_of_zone(const struct nat_config *config, u32 zone)
{
	struct column_search search = {.config = config, .zone = zone};

	env_loop(MAX_INTERFACES - 1, column_search_step, &search);
	return search.found;
}

#endif
