/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables that the proofs run over: those of abi/, made small (proofs.py, SMALL).
 */
#ifndef TESTS_PROOFS_WORLD_H
#define TESTS_PROOFS_WORLD_H

#include "abi/state.h"

enum { WORLD_FLOWS = 4, WORLD_BUCKETS = 3, WORLD_ADDRESSES = 2, WORLD_TUPLES = 4 };
enum { WORLD_NOW_S = 1 };

struct world {
	struct control control;
	struct flow flows[WORLD_FLOWS];
	struct flow_bucket buckets[WORLD_BUCKETS];
	struct address_ports ports[WORLD_ADDRESSES];
};

extern struct world world;
extern struct nat_config world_config[CONFIG_HALVES]; /* never changes */
extern struct flow_stats world_stats[WORLD_FLOWS];
extern u32 world_cpu;                                 /* of the process that runs */

#endif
