/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of IP protocols, as Junos spells them.
 */
#ifndef CONFIG_PROTOCOLS_H
#define CONFIG_PROTOCOLS_H

#include "abi/types.h"
#include "config/text.h"

/* => the name; NULL: it has none */
const char *protocol_name(u8 number);

bool protocol_find(const char *name, u8 *number);

/* Adds "; did you mean ...?", if a name comes near. */
void protocol_suggest(const char *name, struct text *text);

#endif
