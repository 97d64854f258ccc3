/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Fixed-width words and addresses, as both the BPF and the native build see them.
 */
#ifndef ABI_TYPES_H
#define ABI_TYPES_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;

/* Where a conversion between byte orders is meant: sparse finds every other one. */
#ifdef __CHECKER__
#define __force __attribute__((force))
#else
#define __force
#endif

#define CACHE_LINE_BYTES 64
#define __cache_aligned __attribute__((aligned(CACHE_LINE_BYTES)))

/* An address of either family, in network order; IPv4 as ::ffff:a.b.c.d. */
union ip_addr {
	u8 bytes[16];
	__be32 words[4];
	u64 longs[2];
};

/* An Ethernet address, in network order. */
struct link_addr {
	__be16 words[3];
};

enum ip_family { FAMILY_IPV4, FAMILY_IPV6, FAMILY_COUNT };

_Static_assert(sizeof(union ip_addr) == 16, "an address is 16 bytes");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "the selectors and the checksum helper are written for little-endian machines");

#endif
