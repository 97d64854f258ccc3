/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The snapshot (abi/snapshot.h) as a value: freeing it, and its way to JSON and back
 * (docs/snapshot.md).
 */
#ifndef DATAPLANE_SNAPSHOT_H
#define DATAPLANE_SNAPSHOT_H

#include <jansson.h>

#include "abi/snapshot.h"
#include "dataplane/error.h"

/* Frees everything the snapshot owns and zeroes it. A zeroed one may be freed. */
void snapshot_free(struct snapshot *snapshot);

/*
 * Puts a snapshot into its normal form, in which it is sent and read back: in pools IPv4 before
 * IPv6, and a range that continues the one before it made one with it; protocols ascending,
 * each once; proxies by interface and address, joined likewise.
 */
void snapshot_normalise(struct snapshot *snapshot);

/*
 * Writes the snapshot as JSON and its digest into the snapshot.
 * => a new reference; NULL and the error
 */
json_t *snapshot_encode(struct snapshot *snapshot, struct error *error);

/*
 * Reads a snapshot. Refuses unknown versions, fields and capabilities, and a digest that is not
 * that of the body.
 * => 0, and *snapshot is the caller's; a negative errno, and *snapshot is zeroed
 */
int snapshot_decode(json_t *json, struct snapshot *snapshot, struct error *error);

/* The same for a body alone, without version, generation, digest and capabilities. */
int snapshot_decode_body(json_t *body, struct snapshot *snapshot, struct error *error);

/*
 * Compares what was sent with what was read back, field by field.
 * => 0; -EBADE and an error that names the first field that differs and both values
 */
int snapshot_compare(const json_t *sent, const json_t *read_back, struct error *error);

#endif
