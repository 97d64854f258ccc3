/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Bits, indices, byte order, and hashes of addresses.
 */
#ifndef CORE_BITS_H
#define CORE_BITS_H

#include "abi/types.h"

/* The last 8 bytes of an address, as a number. */
static __always_inline u64 host_u64(u64 network)
{
	return __builtin_bswap64(network);
}

/*
 * BPF has no instruction for the lowest set bit and clang 14 cannot lower the builtin, so it is a
 * multiplication by a de Bruijn sequence, which puts a different pattern in the top six bits for
 * each of the 64 powers of two.
 */
static const u8 bits_de_bruijn[64] = {
	0,  1,  48, 2,  57, 49, 28, 3,  61, 58, 50, 42, 38, 29, 17, 4,  62, 55, 59, 36, 53, 51,
	43, 22, 45, 39, 33, 30, 24, 18, 12, 5,  63, 47, 56, 27, 60, 41, 37, 16, 54, 35, 52, 21,
	44, 32, 23, 11, 46, 26, 40, 15, 34, 20, 31, 10, 25, 14, 19, 9,  13, 8,  7,  6};

/* word is not 0 */
static __always_inline u32 bits_lowest(u64 word)
{
	return bits_de_bruijn[(word & -word) * 0x03f79d71b4cb0a89ull >> 58];
}

/*
 * BPF's verifier wants to see the bound of an index on the register that is used, but compilers
 * check one copy and use another, or know it from the type: so the bound of a u64 that holds an
 * index is said again, where it cannot be lost. Nor does Linux 6.1 know that a swapped u16 is less
 * than 65536: host_u16() has the compiler forget it as well, so that it masks what it uses.
 */
#ifdef __bpf__
#define index_is_checked(index, bound)                                                         \
	__asm__ volatile("if %0 < %1 goto +1\n\t%0 = 0" : "+r"(index) : "i"(bound))
#define value_is_anything(value) __asm__ volatile("" : "+r"(value))
#else
#define index_is_checked(index, bound) ((void)(index))
#define value_is_anything(value) ((void)(value))
#endif

/* Byte order. Where both meet, these say which way it goes. */

static __always_inline u16 host_u16(__be16 value)
{
	u64 swapped = __builtin_bswap16((__force u16)value);

	value_is_anything(swapped);
	return (u16)swapped;
}

static __always_inline u32 host_u32(__be32 value)
{
	return __builtin_bswap32((__force u32)value);
}

static __always_inline __be16 network_u16(u16 value)
{
	return (__force __be16)__builtin_bswap16(value);
}

static __always_inline __be32 network_u32(u32 value)
{
	return (__force __be32)__builtin_bswap32(value);
}

/* As they lie in memory: for hashes and sums, which ask for no order. */

static __always_inline u16 raw_u16(__be16 value)
{
	return (__force u16)value;
}

static __always_inline u32 raw_u32(__be32 value)
{
	return (__force u32)value;
}

/*
 * A number for an address, for tables whose contents nobody outside can choose; take its top bits.
 * Addresses next to each other differ in their last bytes, which lie in the top bits of the
 * words, where a multiplication alone would leave them: so they are folded down first.
 */
static __always_inline u64 ip_addr_mix(const union ip_addr *address, u64 seed)
{
	u64 x = address->longs[1] ^ seed;

	if (address->longs[0]) /* not IPv4 */
		x ^= (address->longs[0] ^ (address->longs[0] >> 32)) * 0x9e3779b97f4a7c15ull;
	return (x ^ (x >> 32)) * 0xbf58476d1ce4e5b9ull;
}

#endif
