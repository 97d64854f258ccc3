/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The history of commits, in STATE_DIR/commits (LMDB): what was committed, when and from where
 * [Junos show system commit]. An entry is on disk when store_add() has returned.
 *
 * The newest STORE_ENTRIES are kept, 0 being the newest, as in Junos' "rollback N".
 */
#ifndef CONTROL_STORE_H
#define CONTROL_STORE_H

#include <jansson.h>

#include "abi/types.h"
#include "dataplane/error.h"

enum { STORE_ENTRIES = 50 };

struct store;

/* Makes the directory if need be. => 0 or a negative errno */
int store_open(struct store **store, const char *state_dir, struct error *error);
void store_close(struct store *store); /* NULL is fine */

/*
 * Adds an entry and forgets the oldest one too many. An entry is an object with
 *	time         seconds since 1970
 *	generation   number of the snapshot
 *	digest       of the snapshot
 *	source       where it came from: a file's name, or "rollback N"
 *	text         the configuration
 *	file_digest  SHA-256 of the daemon's own file at that time
 * => 0; a negative errno (-ENOSPC, -EIO, ...), and the history is as it was
 */
int store_add(struct store *store, const json_t *entry, struct error *error);

/* => entry `number`, a new reference; NULL and the error, if there is none or it cannot be read */
json_t *store_read(struct store *store, u32 number, struct error *error);

/* => how many there are, or a negative errno */
int store_count(struct store *store, struct error *error);

#endif
