/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gateway on the heap for bench/core.c: tables, a compiled configuration, a clock that stands
 * still, and the kernel's answers about the way. Whatever cannot be had ends the program.
 */
#ifndef BENCH_CORE_GATEWAY_H
#define BENCH_CORE_GATEWAY_H

#include "dataplane/tables.h"

enum { LAN = 3, WAN = 4 }; /* ifindexes */

extern const struct link_addr gateway_links[]; /* the gateway's own Ethernet addresses */

void must(bool done, const char *what);

/*
 * 10.0.0.0/8 behind LAN is translated to 256 addresses, the rest of the world is behind WAN. The
 * thread's environment is the gateway's then.
 */
struct tables *gateway_open(u32 flow_capacity);

#endif
