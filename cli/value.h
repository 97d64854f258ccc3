/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of arguments: addresses, prefixes, ports and protocols, as users write them.
 */
#ifndef CLI_VALUE_H
#define CLI_VALUE_H

#include "abi/snapshot.h"
#include "cli/command.h"

/* Is it what the argument wants? => false, and what was met and expected is added */
bool value_check(const struct argument *argument, const char *value, struct text *wrong);

/* The values of arguments that were checked. */
void value_address(const char *value, union ip_addr *address, enum ip_family *family);
struct snapshot_prefix value_prefix(const char *value); /* without host bits */
u32 value_number(const char *value);
u8 value_protocol(const char *value);

#endif
