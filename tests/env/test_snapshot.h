/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A snapshot that uses everything, and a network for it.
 */
#ifndef TESTS_ENV_TEST_SNAPSHOT_H
#define TESTS_ENV_TEST_SNAPSHOT_H

#include <jansson.h>

#include "dataplane/compile.h"

/* => the snapshot as its sender would write it: a new reference, with digest and capabilities */
json_t *test_snapshot_json(void);

/* => the JSON of a text with single quotes for double ones. Aborts if it is none */
json_t *test_snapshot_parse(const char *text);

/* => the same, to be changed and then sealed */
json_t *test_snapshot_body(void);

/* Puts digest and capabilities right after the body was changed. Aborts if the body is invalid. */
json_t *test_snapshot_seal(json_t *json);

/* eth0 (3), eth1 (4), eth2 (5), eth3 (6); addresses 192.0.2.1, 2001:db8:f::1 on eth1 */
void test_network(struct network *network);

/* Port tables on the heap; the context is a struct tables. */
struct port_tables test_port_tables_of(struct tables *tables);

#endif
