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
#include "core/bits.h"
#include "core/sha256.h"

/* The 40 bytes xpf-userspace-snat-address-persistent-v1, as SHA-256 reads them. */
static const u32 select_v1_prefix[10] = {0x7870662d, 0x75736572, 0x73706163, 0x652d736e,
					 0x61742d61, 0x64647265, 0x73732d70, 0x65727369,
					 0x7374656e, 0x742d7631};

/* 40 bytes of prefix, the family, 4 bytes of address: one block. */
static __always_inline void select_v1_ipv4(struct sha256 *hash, const union ip_addr *source)
{
	u32 *w = hash->block;
	u32 address = host_u32(source->words[3]);

	w[10] = 4u << 24 | address >> 8;
	w[11] = address << 24 | 0x800000;
	w[12] = w[13] = w[14] = 0;
	w[15] = 45 * 8;
	sha256_compress(hash);
}

/* 40 bytes of prefix, the family, 16 bytes of address: two blocks. */
static __always_inline void select_v1_ipv6(struct sha256 *hash, const union ip_addr *source)
{
	u32 *w = hash->block;
	u32 carried = 6;

	for (int i = 0; i < 4; i++) {
		u32 word = host_u32(source->words[i]);

		w[10 + i] = carried << 24 | word >> 8;
		carried = word & 0xff;
	}
	w[14] = carried << 24 | 0x800000;
	w[15] = 0;
	sha256_compress(hash);
	for (int i = 0; i < 15; i++)
		w[i] = 0;
	w[15] = 57 * 8;
	sha256_compress(hash);
}

/* SHA-256 based; compatible with the AF_XDP dataplane of the system that Holdfast replaces. */
static __always_inline u32 select_userspace_v1(enum ip_family family, const union ip_addr *source,
					       u32 length)
{
	struct sha256 hash;

	sha256_start(&hash);
	for (int i = 0; i < 10; i++)
		hash.block[i] = select_v1_prefix[i];
	if (family == FAMILY_IPV4)
		select_v1_ipv4(&hash, source);
	else
		select_v1_ipv6(&hash, source);
	return (u32)(((u64)hash.state[0] << 32 | hash.state[1]) % length);
}

/* Word modulo; compatible with the eBPF dataplane of that system. */
static __always_inline u32 select_ebpf_legacy(enum ip_family family, const union ip_addr *source,
					      u32 length)
{
	if (family == FAMILY_IPV4)
		return raw_u32(source->words[3]) % length;
	return raw_u32(source->words[0] ^ source->words[1] ^ source->words[2] ^ source->words[3]) %
	       length;
}

#endif
