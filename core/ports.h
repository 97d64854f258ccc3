/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Claiming and releasing ports of one address and protocol (the table: abi/ports.h).
 *
 * INV-PORT-1  a port has at most one owner: it is claimed by swapping its owner word from
 *             PORT_FREE, which exactly one claimer can do
 * INV-PORT-2  a free port in the range is found, however full the range is: the search looks at
 *             every port whose bit is set, and a free port's bit is always set
 * INV-PORT-3  a search reads at most 64 counts, 16 words of a group for each count that is not
 *             zero, and one owner for each bit that is set: its cost does not grow as ports
 *             fill up
 *
 * Releasing a port that packets may still see is the collector's job (after its grace period);
 * the packet path releases only what it claimed and never published.
 */
#ifndef CORE_PORTS_H
#define CORE_PORTS_H

#include "abi/config.h"
#include "core/atomic.h"
#include "core/bits.h"
#include "core/packet.h"

struct port_search {
	struct port_space *space;
	__be16 *claimed; /* where the port goes before it is claimed, for those who find it */
	u64 mask; /* of each word of 64 ports, those that may be taken */
	u32 owner;
	u32 next; /* the port to look at; above last when nothing is left */
	u32 last;
	u32 found; /* 0 or 1; not a bool, whose value BPF's verifier does not know */
};

/* Offers the first port of the word at or after `next`. => the port after those looked at */
static __always_inline u32 ports_try_word(struct port_search *search, u32 port)
{
	struct port_space *space = search->space;
	u32 word = port / PORTS_PER_WORD % PORT_WORDS;
	u64 bits = atomic_read(&space->free_bits[word]) & search->mask &
		   (~0ull << (port % PORTS_PER_WORD));
	u64 index;

	if (!bits)
		return (port | (PORTS_PER_WORD - 1)) + 1;
	index = word * PORTS_PER_WORD + bits_lowest(bits);
	index_is_checked(index, PORTS_PER_SPACE);
	port = (u32)index;
	if (port > search->last)
		return port;
	atomic_write(search->claimed, network_u16((u16)port));
	if (!atomic_replace(&space->owners[index], PORT_FREE, search->owner))
		return port + 1;
	atomic_and(&space->free_bits[word], ~(1ull << (port % PORTS_PER_WORD)));
	atomic_add(&space->group_free[port / PORTS_PER_GROUP], -1u);
	atomic_add(&space->in_use, 1);
	search->found = 1;
	return port;
}

static inline long ports_search_step(u32 i, void *context)
{
	struct port_search *search = context;
	u32 port = search->next;

	(void)i;
	if (port > search->last || port >= PORTS_PER_SPACE)
		return 1;
	if (!atomic_read(&search->space->group_free[port / PORTS_PER_GROUP]))
		search->next = (port | (PORTS_PER_GROUP - 1)) + 1;
	else
		search->next = ports_try_word(search, port);
	return search->found != 0;
}

/*
 * Claims the first free port at or after `start`, once around low..high (all in host order,
 * low <= start <= high), for a flow's slot + 1; of each word of 64 ports only those of the mask.
 * => true and the port in *claimed (network order); false if none is free
 */
static __always_inline bool ports_claim_of(struct port_space *space, struct port_range range,
					   u64 mask, u16 start, u32 owner, __be16 *claimed)
{
	u16 low = range.low;
	struct port_search search = {.space = space, .claimed = claimed, .mask = mask,
				     .owner = owner, .next = start, .last = range.high};

	env_loop(PORTS_PER_SPACE + PORT_WORDS, ports_search_step, &search);
	if (!search.found && start > low) {
		search.next = low;
		search.last = start - 1u;
		env_loop(PORTS_PER_SPACE + PORT_WORDS, ports_search_step, &search);
	}
	return search.found != 0;
}

/* The same, of all ports of the range. */
static __always_inline bool ports_claim(struct port_space *space, u16 low, u16 high, u16 start,
					u32 owner, __be16 *claimed)
{
	struct port_range range = {low, high};

	return ports_claim_of(space, range, ~0ull, start, owner, claimed);
}

/* Gives a port back. Only for its owner, and only when no packet can see that any more. */
static __always_inline void ports_release(struct port_space *space, u16 port)
{
	atomic_add(&space->group_free[port / PORTS_PER_GROUP], 1);
	atomic_or(&space->free_bits[port / PORTS_PER_WORD], 1ull << (port % PORTS_PER_WORD));
	atomic_add(&space->in_use, -1u);
	(void)atomic_swap(&space->owners[port], PORT_FREE);
}

static __always_inline bool port_rests(u32 owner)
{
	return (owner & (PORT_RESTING | PORT_KERNEL)) == PORT_RESTING;
}

/* Keeps a port for the gateway's own sockets, also one at rest. => false if a flow owns it */
static __always_inline bool ports_reserve(struct port_space *space, u16 port)
{
	u32 owner = atomic_read(&space->owners[port]);

	if (port_rests(owner) && atomic_replace(&space->owners[port], owner, PORT_KERNEL)) {
		atomic_add(&space->resting, -1u);
		return true;
	}
	if (!atomic_replace(&space->owners[port], PORT_FREE, PORT_KERNEL))
		return atomic_read(&space->owners[port]) == PORT_KERNEL;
	atomic_and(&space->free_bits[port / PORTS_PER_WORD], ~(1ull << (port % PORTS_PER_WORD)));
	atomic_add(&space->group_free[port / PORTS_PER_GROUP], -1u);
	return true;
}

/* Gives a port back that was kept so. */
static __always_inline void ports_unreserve(struct port_space *space, u16 port)
{
	if (atomic_read(&space->owners[port]) != PORT_KERNEL)
		return;
	atomic_add(&space->group_free[port / PORTS_PER_GROUP], 1);
	atomic_or(&space->free_bits[port / PORTS_PER_WORD], 1ull << (port % PORTS_PER_WORD));
	(void)atomic_swap(&space->owners[port], PORT_FREE);
}

/* => enum port_protocol of a packet that has a flow */
static __always_inline u32 port_protocol_of(u8 protocol)
{
	if (protocol == PROTOCOL_TCP)
		return PORTS_TCP;
	return protocol == PROTOCOL_UDP ? PORTS_UDP : PORTS_ICMP;
}

/* => the word that names the owner of a port of a NAT address, NULL if the address has no table */
static __always_inline u32 *port_owner_word(u32 address, u8 protocol, __be16 port)
{
	struct address_ports *ports = env_ports(address);

	return ports ? &ports->spaces[port_protocol_of(protocol)].owners[host_u16(port)] : NULL;
}

/* => slot + 1 of the flow that owns a port of a NAT address, 0 if none does */
static __always_inline u32 port_owner(u32 address, u8 protocol, __be16 port)
{
	const u32 *word = port_owner_word(address, protocol, port);
	u32 owner = word ? atomic_read(word) : 0;

	return owner & (PORT_KERNEL | PORT_RESTING) ? 0 : owner;
}

#endif
