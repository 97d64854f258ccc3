/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configurations made at random, for tests of properties. The same seed gives the same text.
 */
#ifndef CONFIG_RANDOM_TEXT_H
#define CONFIG_RANDOM_TEXT_H

#include "abi/types.h"

/* Whatever the schema allows, without errors of syntax; it need not make sense. For free(). */
char *random_statements(u32 seed);

/* A configuration without errors. For free(). */
char *random_configuration(u32 seed);

#endif
