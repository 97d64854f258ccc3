/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a snapshot to the configuration that packets read (abi/config.h), and back.
 *
 * compile_snapshot() writes the idle half and nothing that packets read; publishing it is the
 * caller's (dataplane/engine.h). Ids and address slots that the snapshot needs are taken from
 * the tables, and given back if anything fails: reserve first, commit second.
 *
 * readback_snapshot() is written against the tables alone. It shares no code with the way there,
 * so that what one of the two forgets, the comparison finds.
 */
#ifndef DATAPLANE_COMPILE_H
#define DATAPLANE_COMPILE_H

#include "abi/snapshot.h"
#include "dataplane/error.h"
#include "dataplane/network.h"
#include "dataplane/tables.h"

/*
 * How port tables come and go for address slots; supplied by the owner of the tables. add() makes
 * all of them or none.
 */
struct port_tables {
	int (*add)(void *context, const u32 *slots, u32 count, struct error *error);
	void *context;
};

/* => 0, and the idle half says what the snapshot says; a negative errno and nothing has changed */
int compile_snapshot(struct tables *tables, const struct snapshot *snapshot,
		     const struct network *network, const struct port_tables *ports,
		     struct error *error);

/*
 * Fills *snapshot (but for xdp_mode and proxies, which are not in the tables) from a half.
 * => 0; -ENOMEM, -EINVAL for tables that make no sense, with *snapshot freed
 */
int readback_snapshot(const struct tables *tables, u32 half, const struct network *network,
		      struct snapshot *snapshot, struct error *error);

#endif
