/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the tests of this folder: a text in, and what came of it.
 */
#ifndef CONFIG_TESTING_H
#define CONFIG_TESTING_H

#include "config/config.h"
#include "config/tree.h"

/*
 * Reads the text as the file "f". The diagnostics, one a line, must be exactly these; "" for none.
 * Fails the test otherwise, and shows both.
 */
#define assert_reports(text, expected) testing_assert_reports(text, expected, __FILE__, __LINE__)
void testing_assert_reports(const char *text, const char *expected, const char *file, int line);

/* => a configuration that must have no errors (warnings are fine), for config_free() */
struct config *testing_config(const char *text);

/* => the snapshot of a configuration without errors, for snapshot_free() */
struct snapshot testing_snapshot(const char *text);

/* => the tree of a text without errors of syntax, for tree_free() */
struct tree testing_tree(const char *text);

/* => the canonical text, for free() */
char *testing_print(const struct node *root, enum config_format format);

/* Two texts mean the same: their trees print alike. */
#define assert_same_tree(one, other) testing_assert_same_tree(one, other, __FILE__, __LINE__)
void testing_assert_same_tree(const char *one, const char *other, const char *file, int line);

#endif
