/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * SHA-256 of one block at a time [FIPS 180-4], for the selector userspace-v1. Everything else
 * that needs SHA-256 takes it from a library.
 */
#ifndef CORE_SHA256_H
#define CORE_SHA256_H

#include "core/environment.h"

struct sha256 {
	u32 state[8];
	u32 block[16]; /* host order; overwritten */
	u32 work[8];   /* here, because BPF's stack is small and this is called deep down */
};

static __always_inline void sha256_start(struct sha256 *hash)
{
	hash->state[0] = 0x6a09e667;
	hash->state[1] = 0xbb67ae85;
	hash->state[2] = 0x3c6ef372;
	hash->state[3] = 0xa54ff53a;
	hash->state[4] = 0x510e527f;
	hash->state[5] = 0x9b05688c;
	hash->state[6] = 0x1f83d9ab;
	hash->state[7] = 0x5be0cd19;
}

static __always_inline u32 sha256_rotate(u32 x, int bits)
{
	return (x >> bits) | (x << (32 - bits));
}

static const u32 sha256_constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2};

/* w[n] of the message schedule; from n = 16 on written over w[n - 16], which is used up */
static __always_inline u32 sha256_schedule(u32 w[16], u32 n)
{
	if (n >= 16) {
		u32 w15 = w[(n - 15) & 15], w2 = w[(n - 2) & 15];
		u32 s0 = sha256_rotate(w15, 7) ^ sha256_rotate(w15, 18) ^ (w15 >> 3);
		u32 s1 = sha256_rotate(w2, 17) ^ sha256_rotate(w2, 19) ^ (w2 >> 10);

		w[n & 15] += s0 + w[(n - 7) & 15] + s1;
	}
	return w[n & 15];
}

/* One round; work[0] to work[7] are the variables a to h. */
static inline long sha256_round_step(u32 i, void *context)
{
	struct sha256 *hash = context;
	u32 *v = hash->work;
	u32 s1 = sha256_rotate(v[4], 6) ^ sha256_rotate(v[4], 11) ^ sha256_rotate(v[4], 25);
	u32 t1 = v[7] + s1 + ((v[4] & v[5]) ^ (~v[4] & v[6])) + sha256_constants[i % 64] +
		 sha256_schedule(hash->block, i);
	u32 s0 = sha256_rotate(v[0], 2) ^ sha256_rotate(v[0], 13) ^ sha256_rotate(v[0], 22);
	u32 t2 = s0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));

	v[7] = v[6], v[6] = v[5], v[5] = v[4], v[4] = v[3] + t1;
	v[3] = v[2], v[2] = v[1], v[1] = v[0], v[0] = t1 + t2;
	return 0;
}

/* Takes hash->block into hash->state. */
static __always_inline void sha256_compress(struct sha256 *hash)
{
	for (u32 i = 0; i < 8; i++)
		hash->work[i] = hash->state[i];
	env_loop(64, sha256_round_step, hash);
	for (u32 i = 0; i < 8; i++)
		hash->state[i] += hash->work[i];
}

#endif
