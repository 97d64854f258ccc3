/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Selectors: which address of a list a host gets [Junos address-persistent; RFC4787 REQ-2].
 *
 * Pure functions of the host's address and the length of the list, so that every dataplane,
 * `holdfast explain` and a gateway that takes over all say the same. docs/configuration.md
 * defines them with vectors; the test beside this file checks those.
 */
#ifndef CORE_SELECT_H
#define CORE_SELECT_H

#include "core/atomic.h"
#include "core/sha256.h"

/* The first four of 40 bytes, and so on: xpf-userspace-snat-address-persistent-v1 */
#define SELECT_V1_WORDS                                                                        \
	0x7870662d, 0x75736572, 0x73706163, 0x652d736e, 0x61742d61, 0x64647265, 0x73732d70,    \
		0x65727369, 0x7374656e, 0x742d7631

/* One SHA-256 block holds the 45 bytes of IPv4, two the 57 of IPv6. */
static __always_inline void select_v1_blocks(struct sha256 *hash, enum ip_family family,
					     const union ip_addr *source)
{
	const u32 prefix[10] = {SELECT_V1_WORDS};
	u32 *w = hash->block;
	u32 a[5] = {0}; /* the address, one byte shifted by the family byte before it */

	for (int i = 0; i < 10; i++)
		w[i] = prefix[i];
	for (int i = 10; i < 16; i++)
		w[i] = 0;
	sha256_start(hash);
	if (family == FAMILY_IPV4) {
		u32 address = __builtin_bswap32(source->words[3]);

		w[10] = 4u << 24 | address >> 8;
		w[11] = address << 24 | 0x800000;
		w[15] = 45 * 8;
	} else {
		for (int i = 0; i < 4; i++) {
			u32 word = __builtin_bswap32(source->words[i]);

			a[i] |= word >> 8;
			a[i + 1] = word << 24;
		}
		w[10] = 6u << 24 | a[0];
		for (int i = 1; i < 4; i++)
			w[10 + i] = a[i];
		w[14] = a[4] | 0x800000;
	}
	sha256_compress(hash);
	if (family == FAMILY_IPV6) {
		for (int i = 0; i < 15; i++)
			w[i] = 0;
		w[15] = 57 * 8;
		sha256_compress(hash);
	}
}

/* SHA-256 based; compatible with the AF_XDP dataplane of the system that Holdfast replaces. */
static __always_inline u32 select_userspace_v1(enum ip_family family, const union ip_addr *source,
					       u32 length)
{
	struct sha256 hash;

	select_v1_blocks(&hash, family, source);
	return (u32)(((u64)hash.state[0] << 32 | hash.state[1]) % length);
}

/* Word modulo; compatible with the eBPF dataplane of that system. */
static __always_inline u32 select_ebpf_legacy(enum ip_family family, const union ip_addr *source,
					      u32 length)
{
	if (family == FAMILY_IPV4)
		return source->words[3] % length;
	return (source->words[0] ^ source->words[1] ^ source->words[2] ^ source->words[3]) % length;
}

#endif
