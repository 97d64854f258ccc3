/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the core alone costs, in memory: packets of established flows in random order through
 * nat_batch(), from inside and from outside, with prefetching and without.
 *
 *     core FLOWS...
 *
 * The frames lie as they do in the memory that a worker shares with the kernel: 2,048 bytes apart,
 * in pages of 4 KiB. All of them are written anew, and then all are judged; only that is timed, so
 * a frame that is judged lies where the memory of 8,192 frames does, which is not the first cache.
 *
 * Prints one line of JSON for each number of flows: nanoseconds a packet, medians of the rounds,
 * and the time of one access to a random place in as much memory as the flows take in the tables,
 * each access depending on the one before it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <linux/ip.h>
#include <linux/udp.h>

#include "bench/core_gateway.h"
#include "core/batch.h"

enum {
	FRAMES = 8192,
	FRAME_BYTES = 2048,
	HEADROOM = 256 + 2, /* of the kernel, and so that the IP header lies aligned */
	BYTES = 60,         /* 64 on a wire, which adds the frame check sequence */
	OWN_CAPACITY = 1000000,
	FLOWS_PER_HOST = 1000,
	FIRST_HOST = 0x0a000001,
	FIRST_PORT = 1024,
	PORT_STEP = 61,
	FIRST_REMOTE = 0xc6120000, /* 198.18.0.0/15 */
	REMOTES = 1 << 17,
	REMOTE_PORT = 443,
	FLOW_BYTES = 120, /* of memory, in all tables together */
	ROUNDS = 11,
	PACKETS = 64 * FRAMES, /* of a round */
	ACCESSES = 1 << 20,
};

_Static_assert(FRAMES % BATCH_PACKETS == 0, "whole batches");

struct frame {
	struct ethhdr link;
	struct iphdr ip;
	struct udphdr udp;
	u8 padding[BYTES - sizeof(struct ethhdr) - sizeof(struct iphdr) - sizeof(struct udphdr)];
} __attribute__((packed));

/* What a flow leaves with, in network order. */
struct translation {
	__be32 address;
	__be16 port;
} __attribute__((packed));

struct bench {
	struct tables *tables;
	u32 flows;
	struct translation *translations;
	u8 *area; /* of frames */
	struct batch batch;
};

static u64 random_state = 88172645463325252ull;

static u32 random_below(u32 limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (u32)((random_state >> 32) * limit >> 32);
}

/* The thread's own time: what else the CPU does is not in it. */
static u64 clock_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (u64)now.tv_sec * 1000000000 + (u64)now.tv_nsec;
}

/* Memory in cache lines, not zeroed. */
static void *lines_new(size_t bytes)
{
	void *lines = aligned_alloc(CACHE_LINE_BYTES,
				    (bytes + CACHE_LINE_BYTES - 1) & ~(CACHE_LINE_BYTES - 1ul));

	must(lines, "out of memory");
	return lines;
}

/* Packets. */

static struct frame *frame_at(const struct bench *bench, u32 i)
{
	return (struct frame *)(bench->area + (size_t)i * FRAME_BYTES + HEADROOM);
}

static u16 header_checksum(const struct iphdr *ip)
{
	const u32 *words = (const u32 *)ip;
	u64 sum = 0;

	for (int i = 0; i < 5; i++)
		sum += words[i];
	return (u16)~checksum_fold(sum);
}

static void write_frame(struct frame *frame, u32 ifindex, struct iphdr ip, struct udphdr udp)
{
	ip.version = 4;
	ip.ihl = sizeof(ip) / 4;
	ip.tot_len = network_u16(BYTES - ETH_HLEN);
	ip.ttl = 64;
	ip.protocol = PROTOCOL_UDP;
	ip.check = header_checksum(&ip);
	udp.len = network_u16(BYTES - ETH_HLEN - sizeof(ip));
	udp.check = 1; /* so that it is there, and follows every change */
	*frame = (struct frame){.link = {.h_proto = network_u16(ETH_P_IP)}, .ip = ip, .udp = udp};
	memcpy(frame->link.h_dest, &gateway_links[ifindex], sizeof(gateway_links[ifindex]));
}

static void write_packet(const struct bench *bench, u32 i, u32 flow, enum flow_direction direction)
{
	const struct translation *translation = &bench->translations[flow];
	__be32 inside = network_u32(FIRST_HOST + flow / FLOWS_PER_HOST);
	__be32 remote = network_u32(FIRST_REMOTE + flow % REMOTES);
	__be16 port = network_u16((u16)(FIRST_PORT + flow % FLOWS_PER_HOST * PORT_STEP));

	if (direction == FLOW_OUT)
		write_frame(frame_at(bench, i), LAN,
			    (struct iphdr){.saddr = inside, .daddr = remote},
			    (struct udphdr){.source = port, .dest = network_u16(REMOTE_PORT)});
	else
		write_frame(frame_at(bench, i), WAN,
			    (struct iphdr){.saddr = remote, .daddr = translation->address},
			    (struct udphdr){.source = network_u16(REMOTE_PORT),
					    .dest = translation->port});
}

static void take(struct bench *bench, u32 first, u32 count, enum flow_direction direction)
{
	struct batch *b = &bench->batch;

	b->count = count;
	b->ifindex = direction == FLOW_OUT ? LAN : WAN;
	for (u32 i = 0; i < count; i++) {
		u8 *start = (u8 *)frame_at(bench, first + i);

		b->frames[i] = (struct native_frame){.start = start, .end = start + BYTES};
	}
}

static void judge_prefetching(struct bench *bench, enum flow_direction direction)
{
	for (u32 i = 0; i < FRAMES; i += BATCH_PACKETS) {
		take(bench, i, BATCH_PACKETS, direction);
		nat_batch(&bench->batch, true);
	}
}

static void judge_plainly(struct bench *bench, enum flow_direction direction)
{
	for (u32 i = 0; i < FRAMES; i += BATCH_PACKETS) {
		take(bench, i, BATCH_PACKETS, direction);
		nat_batch(&bench->batch, false);
	}
}

/* Opening flows. */

static u64 count_translated(enum flow_direction direction)
{
	u32 reason = direction == FLOW_OUT ? REASON_translated_out : REASON_translated_in;

	return env_packet_counters()->packets[reason];
}

static void judge_all_flows(struct bench *bench, enum flow_direction direction)
{
	u64 before = count_translated(direction);

	for (u32 flow = 0; flow < bench->flows; flow++) {
		write_packet(bench, 0, flow, direction);
		take(bench, 0, 1, direction);
		nat_batch(&bench->batch, true);
		if (direction == FLOW_OUT)
			bench->translations[flow] = (struct translation){
				frame_at(bench, 0)->ip.saddr, frame_at(bench, 0)->udp.source};
	}
	must(count_translated(direction) == before + bench->flows, "a packet was not translated");
}

/* Measuring. */

/* => nanoseconds a packet */
static double time_packets(struct bench *bench, enum flow_direction direction, bool prefetch)
{
	u64 before = count_translated(direction), ns = 0;

	for (u32 done = 0; done < PACKETS; done += FRAMES) {
		u64 began;

		for (u32 i = 0; i < FRAMES; i++)
			write_packet(bench, i, random_below(bench->flows), direction);
		began = clock_ns();
		if (prefetch)
			judge_prefetching(bench, direction);
		else
			judge_plainly(bench, direction);
		ns += clock_ns() - began;
	}
	must(count_translated(direction) == before + PACKETS, "a packet was not translated");
	return (double)ns / PACKETS;
}

struct line {
	u32 next;
} __cache_aligned;

/* => lines that name each other in one random circle [Sattolo] */
static struct line *circle_new(u32 count)
{
	struct line *lines = lines_new(count * sizeof(*lines));

	for (u32 i = 0; i < count; i++)
		lines[i].next = i;
	for (u32 i = count - 1; i > 0; i--) {
		u32 other = random_below(i), next = lines[i].next;

		lines[i].next = lines[other].next;
		lines[other].next = next;
	}
	return lines;
}

/* => nanoseconds an access; goes on where it ended */
static double time_accesses(const struct line *lines, u32 *at)
{
	u64 began = clock_ns();
	u32 place = *at;

	for (u32 i = 0; i < ACCESSES; i++)
		place = lines[place].next;
	*at = place;
	return (double)(clock_ns() - began) / ACCESSES;
}

static int compare(const void *a, const void *b)
{
	double difference = *(const double *)a - *(const double *)b;

	return difference < 0 ? -1 : difference > 0;
}

enum figure { OUT, OUT_PLAIN, IN, IN_PLAIN, ACCESS, FIGURES };

static const char *const figure_names[FIGURES] = {
	[OUT] = "out_ns", [OUT_PLAIN] = "out_plain_ns", [IN] = "in_ns",
	[IN_PLAIN] = "in_plain_ns", [ACCESS] = "access_ns"};

static void print(const struct bench *bench, double times[FIGURES][ROUNDS])
{
	(void)printf("{\"flows\": %u", bench->flows);
	for (u32 i = 0; i < FIGURES; i++) {
		qsort(times[i], ROUNDS, sizeof(times[i][0]), compare);
		(void)printf(", \"%s\": %.1f", figure_names[i], times[i][ROUNDS / 2]);
	}
	(void)printf("}\n");
	(void)fflush(stdout);
}

static void measure(struct bench *bench)
{
	double times[FIGURES][ROUNDS];
	u32 at = 0, count = (u32)((u64)bench->flows * FLOW_BYTES / sizeof(struct line));
	struct line *circle = circle_new(count);

	for (u32 i = 0; i < ROUNDS; i++) {
		times[OUT][i] = time_packets(bench, FLOW_OUT, true);
		times[OUT_PLAIN][i] = time_packets(bench, FLOW_OUT, false);
		times[IN][i] = time_packets(bench, FLOW_IN, true);
		times[IN_PLAIN][i] = time_packets(bench, FLOW_IN, false);
		times[ACCESS][i] = time_accesses(circle, &at);
	}
	must(at < count, "the circle leads nowhere");
	print(bench, times);
	free(circle);
}

static void measure_flows(u32 flows)
{
	struct bench bench = {.flows = flows};

	bench.tables = gateway_open(flows > OWN_CAPACITY ? flows : OWN_CAPACITY);
	bench.translations = lines_new(flows * sizeof(bench.translations[0]));
	bench.area = lines_new((size_t)FRAMES * FRAME_BYTES);
	judge_all_flows(&bench, FLOW_OUT);
	judge_all_flows(&bench, FLOW_IN);
	measure(&bench);
	free(bench.area);
	free(bench.translations);
	tables_free(bench.tables);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		measure_flows((u32)strtoul(argv[i], NULL, 10));
	return 0;
}
