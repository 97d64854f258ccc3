/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What it costs to find a free port, by how many of them are in use, natively: claims and releases
 * at random starts over 64 addresses in turn. Prints one line of JSON for each fill:
 * {"used": share, "claim_ns": median, "claim_p99_ns": ...}.
 */
#include "core/ports.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dataplane/tables.h"

enum { ADDRESSES = 64, LOW = 1024, HIGH = 65535, RANGE = HIGH - LOW + 1, CLAIMS = 200000, BATCH = 8 };

static struct address_ports *addresses[ADDRESSES];
static u64 random_state = 88172645463325252ull;

static u32 random_below(u32 limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (u32)((random_state >> 20) % limit);
}

static u64 now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * 1000000000 + (u64)now.tv_nsec;
}

static void must(bool done, const char *what)
{
	if (done)
		return;
	(void)fprintf(stderr, "ports: %s\n", what);
	exit(1);
}

static void fill_to(u32 used)
{
	for (u32 i = 0; i < ADDRESSES; i++) {
		struct port_space *space = &addresses[i]->spaces[PORTS_UDP];
		__be16 port;

		while (atomic_read(&space->in_use) < used)
			must(ports_claim(space, LOW, HIGH, (u16)(LOW + random_below(RANGE)), 1,
					 &port),
			     "no free port, although not all are used");
	}
}

static int compare(const void *a, const void *b)
{
	double difference = *(const double *)a - *(const double *)b;

	return difference < 0 ? -1 : difference > 0;
}

/* A batch of claims on different addresses is timed, and released untimed. */
static double time_batch(u32 first)
{
	__be16 ports[BATCH];
	u16 starts[BATCH];
	u64 started;
	double each;

	for (u32 i = 0; i < BATCH; i++)
		starts[i] = (u16)(LOW + random_below(RANGE));
	started = now_ns();
	for (u32 i = 0; i < BATCH; i++)
		must(ports_claim(&addresses[(first + i) % ADDRESSES]->spaces[PORTS_UDP], LOW, HIGH,
				 starts[i], 1, &ports[i]),
		     "no free port, although not all are used");
	each = (double)(now_ns() - started) / BATCH;
	for (u32 i = 0; i < BATCH; i++)
		ports_release(&addresses[(first + i) % ADDRESSES]->spaces[PORTS_UDP],
			      __builtin_bswap16(ports[i]));
	return each;
}

static void measure(double share)
{
	static double times[CLAIMS / BATCH];
	const u32 count = CLAIMS / BATCH;

	fill_to((u32)(share * RANGE));
	for (u32 i = 0; i < count; i++)
		times[i] = time_batch(i * BATCH);
	qsort(times, count, sizeof(times[0]), compare);
	(void)printf("{\"used\": %.3f, \"claim_ns\": %.1f, \"claim_p99_ns\": %.1f}\n", share,
		     times[count / 2], times[count * 99 / 100]);
}

int main(void)
{
	static const double shares[] = {0, 0.01, 0.5, 0.9, 0.99, 0.999};

	for (u32 i = 0; i < ADDRESSES; i++) {
		addresses[i] = aligned_alloc(CACHE_LINE_BYTES, sizeof(*addresses[i]));
		must(addresses[i], "out of memory");
		memset(addresses[i], 0, sizeof(*addresses[i]));
		address_ports_initialise(addresses[i]);
	}
	for (u32 i = 0; i < sizeof(shares) / sizeof(shares[0]); i++)
		measure(shares[i]);
	for (u32 i = 0; i < ADDRESSES; i++)
		free(addresses[i]);
	return 0;
}
