/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Which ports of a pool a flow may get. docs/packet-path.md, section 6.
 *
 * preserve-parity  even ports stay even, odd ones odd [RFC4787 REQ-4, RFC7857 section 8]
 * preserve-range   ports below 1024 stay below, all others above [RFC4787 REQ-3a]
 *
 * no-translation   ports and query ids stay what they are: each flow may get its own and no other
 *
 * Query ids have neither parity nor range.
 */
#ifndef CORE_POOL_PORTS_H
#define CORE_POOL_PORTS_H

#include "abi/config.h"
#include "core/packet.h"

#define EVEN_PORTS 0x5555555555555555ull /* of a word of 64 */
#define ODD_PORTS (~EVEN_PORTS)

static __always_inline bool protocol_has_ports(u8 protocol)
{
	return protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP;
}

/* => the part of a pool's range that is open to the flow; low above high: none */
static __always_inline struct port_range pool_port_range(struct port_range range, u32 flags,
							 u8 protocol, u16 inside_port)
{
	if (flags & POOL_KEEPS_PORTS)
		return (struct port_range){inside_port, inside_port};
	if (!(flags & POOL_PRESERVES_RANGE) || !protocol_has_ports(protocol))
		return range;
	if (inside_port < PRIVILEGED_PORTS)
		return (struct port_range){1, PRIVILEGED_PORTS - 1};
	if (range.low < PRIVILEGED_PORTS)
		range.low = PRIVILEGED_PORTS;
	return range;
}

/* => which ports of each word of 64 are open to the flow, a bit for each */
static __always_inline u64 pool_port_mask(u32 flags, u8 protocol, u16 inside_port)
{
	if (!(flags & POOL_PRESERVES_PARITY) || !protocol_has_ports(protocol))
		return ~0ull;
	return inside_port % 2 ? ODD_PORTS : EVEN_PORTS;
}

#endif
