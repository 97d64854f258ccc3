/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses as text and as numbers.
 *
 * IPv4 addresses are held as ::ffff:a.b.c.d, so both families together are one line of 2^128
 * numbers and ranges of different families never overlap. Such a mapped address written as IPv6
 * is refused: it would name the IPv4 address behind the reader's back.
 */
#ifndef CONFIG_ADDRESS_H
#define CONFIG_ADDRESS_H

#include <netinet/in.h>

#include "abi/snapshot.h"

__extension__ typedef unsigned __int128 u128;

enum { PREFIX_TEXT_BYTES = INET6_ADDRSTRLEN + 4 };

/* => NULL, or what was expected instead */
const char *address_read(const char *text, union ip_addr *address, enum ip_family *family);

/* A prefix, or an address alone. Host bits are kept as they are. => as above */
const char *prefix_read(const char *text, struct snapshot_prefix *prefix);

void prefix_write(const struct snapshot_prefix *prefix, char text[static PREFIX_TEXT_BYTES]);

u8 family_bits(enum ip_family family); /* 32 or 128 */

/* First and last address of a prefix. */
struct snapshot_address_range prefix_range(const struct snapshot_prefix *prefix);

u128 address_number(const union ip_addr *address);

/* => a text such as "loopback" if the range has an address that is never translated to, or NULL */
const char *range_special(const struct snapshot_address_range *range);

#endif
