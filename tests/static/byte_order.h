/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For sparse alone: the C library's byte order functions with the types that they convert between,
 * which the C library's own headers leave out.
 */
#include <arpa/inet.h>
#include <linux/types.h>

static inline __u16 checked_ntohs(__be16 value)
{
	return (__attribute__((force)) __u16)value;
}

static inline __u32 checked_ntohl(__be32 value)
{
	return (__attribute__((force)) __u32)value;
}

static inline __be16 checked_htons(__u16 value)
{
	return (__attribute__((force)) __be16)value;
}

static inline __be32 checked_htonl(__u32 value)
{
	return (__attribute__((force)) __be32)value;
}

#undef ntohs
#undef ntohl
#undef htons
#undef htonl
#define ntohs checked_ntohs
#define ntohl checked_ntohl
#define htons checked_htons
#define htonl checked_htonl
