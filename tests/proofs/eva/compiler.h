/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What gcc has and Frama-C's front end lacks, included before everything else. An atomic read gives
 * any value: whatever the other CPUs have written meanwhile.
 */
#ifndef TESTS_PROOFS_EVA_COMPILER_H
#define TESTS_PROOFS_EVA_COMPILER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "__fc_builtin.h"

#define EVA_ANYTHING(p) Frama_C_make_unknown((char *)(uintptr_t)(p), sizeof(*(p)))

#define __atomic_load_n(p, order)                                                              \
	({                                                                                     \
		EVA_ANYTHING(p);                                                               \
		*(p);                                                                          \
	})
#define __atomic_store_n(p, v, order) ((void)(*(p) = (v)))
#define EVA_READ_AND_WRITE(p, v)                                                               \
	({                                                                                     \
		EVA_ANYTHING(p);                                                               \
		typeof(*(p)) before__ = *(p);                                                  \
		*(p) = (v);                                                                    \
		before__;                                                                      \
	})
#define __atomic_fetch_add(p, v, order) EVA_READ_AND_WRITE(p, (typeof(*(p)))(*(p) + (v)))
#define __atomic_fetch_and(p, v, order) EVA_READ_AND_WRITE(p, (typeof(*(p)))(*(p) & (v)))
#define __atomic_fetch_or(p, v, order) EVA_READ_AND_WRITE(p, (typeof(*(p)))(*(p) | (v)))
#define __atomic_exchange_n(p, v, order) EVA_READ_AND_WRITE(p, v)
#define __atomic_compare_exchange_n(p, expected, v, weak, success, failure)                    \
	({                                                                                     \
		EVA_ANYTHING(p);                                                               \
		_Bool replaced__ = *(p) == *(expected);                                        \
		if (replaced__)                                                                \
			*(p) = (v);                                                            \
		else                                                                           \
			*(expected) = *(p);                                                    \
		replaced__;                                                                    \
	})

#define __builtin_memcpy memcpy
#define __builtin_memset memset
#define __builtin_bswap16 eva_bswap16
#define __builtin_bswap32 eva_bswap32
#define __builtin_bswap64 eva_bswap64

static inline uint16_t eva_bswap16(uint16_t x)
{
	return (uint16_t)(x << 8 | x >> 8);
}

static inline uint32_t eva_bswap32(uint32_t x)
{
	return x << 24 | (x & 0xff00) << 8 | (x >> 8 & 0xff00) | x >> 24;
}

static inline uint64_t eva_bswap64(uint64_t x)
{
	return (uint64_t)eva_bswap32((uint32_t)x) << 32 | eva_bswap32((uint32_t)(x >> 32));
}

#endif
