/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses as text and as numbers.
 */
#ifndef DATAPLANE_ADDRESS_H
#define DATAPLANE_ADDRESS_H

#include <netinet/in.h>

#include "abi/types.h"

enum { ADDRESS_TEXT_BYTES = INET6_ADDRSTRLEN };

/* => FAMILY_IPV4 for ::ffff:a.b.c.d */
enum ip_family ip_addr_family(const union ip_addr *address);

/* => the text, in the buffer; IPv4 dotted, IPv6 as RFC 5952 writes it */
const char *ip_addr_print(const union ip_addr *address, char text[ADDRESS_TEXT_BYTES]);

/* => false if the text is no address; ::ffff:a.b.c.d is none, because it means a.b.c.d here */
bool ip_addr_parse(const char *text, union ip_addr *address, enum ip_family *family);

/* Steps to the following address. => false after the very last one */
bool ip_addr_next(union ip_addr *address);

/* => high - low, at most 2^64 - 1 */
u64 ip_addr_distance(const union ip_addr *low, const union ip_addr *high);

#endif
