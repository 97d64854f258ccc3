/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the tree back to text, in either form.
 *
 * INV-ROUND-TRIP: what is printed reads again as the same tree.
 */
#ifndef CONFIG_PRINT_H
#define CONFIG_PRINT_H

#include <stdio.h>

#include "config/tree.h"

void print_braces(const struct node *root, FILE *output);
void print_set(const struct node *root, FILE *output);

#endif
