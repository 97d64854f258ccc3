/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a program of the benchmark runs. Both end it with a message if that cannot be.
 */
#ifndef BENCH_PLACE_H
#define BENCH_PLACE_H

/* A network namespace by the name that ip(8) gave it. */
void place_enter_namespace(const char *name);

/* One processor, by its number. */
void place_use_cpu(const char *number);

#endif
