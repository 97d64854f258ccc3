/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports at rest: released, and not given out again for a while [RFC6888 REQ-8].
 *
 * A port at rest is one whose owner word says until when (abi/ports.h); its flow's slot is free. So
 * rest takes no memory, and a process that is killed leaves nothing behind that the next one would
 * not find: it is all in the tables. Each group of 1024 ports remembers when the first of its ports
 * has rested, so that a pass looks only into groups that have one to wake.
 *
 * INV-REST  a port at rest is given to no flow before its second, and is free in the pass after it.
 *           A group's time never lies behind that of any of its ports: it is lowered before a port
 *           goes to rest, and raised only by who has looked at all of them.
 *
 * Who may call: the collector's thread, or with it stopped.
 */
#ifndef DATAPLANE_REST_H
#define DATAPLANE_REST_H

#include "dataplane/tables.h"

/* Takes a port from its owner, whom no packet can see any more, and lets it rest until `end_s`. */
void rest_begin(struct port_space *space, u16 port, u32 end_s);

/* Frees the ports that have rested long enough. */
void rest_end(struct tables *tables, u32 now_s);

/* => when the group's first port has rested, 0 if none rests; found out by looking */
u32 rest_first_s(const struct port_space *space, u32 group, u32 now_s);

/* => true for a time to wake a group at that is not behind what a look at its ports says */
bool rest_is_noticed(u32 wake_s, u32 first_s);

#endif
