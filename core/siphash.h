/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * SipHash-2-4 (Aumasson, Bernstein 2012) over whole 64-bit words, little-endian as loaded. It says
 * where the search for a port begins, so that nobody can guess the port.
 */
#ifndef CORE_SIPHASH_H
#define CORE_SIPHASH_H

#include "core/bits.h"

struct siphash {
	u64 v0, v1, v2, v3;
};

static __always_inline u64 siphash_rotate(u64 x, int bits)
{
	return (x << bits) | (x >> (64 - bits));
}

static __always_inline void siphash_round(struct siphash *s)
{
	s->v0 += s->v1;
	s->v1 = siphash_rotate(s->v1, 13) ^ s->v0;
	s->v0 = siphash_rotate(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = siphash_rotate(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = siphash_rotate(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = siphash_rotate(s->v1, 17) ^ s->v2;
	s->v2 = siphash_rotate(s->v2, 32);
}

static __always_inline void siphash_start(struct siphash *s, const u64 key[2])
{
	s->v0 = key[0] ^ 0x736f6d6570736575ull;
	s->v1 = key[1] ^ 0x646f72616e646f6dull;
	s->v2 = key[0] ^ 0x6c7967656e657261ull;
	s->v3 = key[1] ^ 0x7465646279746573ull;
}

static __always_inline void siphash_word(struct siphash *s, u64 word)
{
	s->v3 ^= word;
	siphash_round(s);
	siphash_round(s);
	s->v0 ^= word;
}

/* Two addresses of a family: 8 bytes of IPv4, 32 of IPv6. */
static __always_inline void siphash_addresses(struct siphash *s, enum ip_family family,
					      const union ip_addr *first,
					      const union ip_addr *second)
{
	if (family == FAMILY_IPV4) {
		siphash_word(s, (u64)raw_u32(second->words[3]) << 32 | raw_u32(first->words[3]));
		return;
	}
	siphash_word(s, first->longs[0]);
	siphash_word(s, first->longs[1]);
	siphash_word(s, second->longs[0]);
	siphash_word(s, second->longs[1]);
}

/* bytes: how many the words were */
static __always_inline u64 siphash_finish(struct siphash *s, u64 bytes)
{
	siphash_word(s, bytes << 56);
	s->v2 ^= 0xff;
	siphash_round(s);
	siphash_round(s);
	siphash_round(s);
	siphash_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

#endif
