/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any frames, one after the other, through the native core: nothing crashes or hangs, every
 * frame's fate passes packet_check(), and afterwards all flows idle out and leave nothing behind.
 *
 * An input is a list of records: a byte of enum record_bits, a length of two bytes (little-endian;
 * cut to what is there), the frame. The configuration is the directory that HOLDFAST_FUZZ_SCENARIO
 * names, which tests/fuzz/corpus.py writes together with good first inputs. The whole audit looks
 * at a million ports, so it is made once in AUDIT_EVERY inputs and at the end.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/nat.h"
#include "dataplane/audit.h"
#include "dataplane/collector.h"
#include "tests/env/test_env.h"
#include "tests/env/test_snapshot.h"
#include "tests/fuzz/packet_checks.h"
#include "tests/parity/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum record_bits {
	RECORD_OUTSIDE = 1,  /* it comes from there */
	RECORD_MINE = 2,     /* the frame is addressed to the interface, whatever it says */
	RECORD_CHECKSUM = 4, /* the IPv4 header checksum is put right */
	RECORD_SECOND = 8,   /* a second passes before it */
	RECORD_COLLECT = 16, /* the collector has come by before it */
	RECORD_LOCAL = 32,   /* the gateway itself sends it, on the way out */
};

enum { INSIDE = 2, OUTSIDE = 3, FRAME_BYTES = 2048, LONG_S = 100000, AUDIT_EVERY = 2000,
       HEADROOM = 48 };

static const u8 links[][6] = {[INSIDE] = {2, 0, 0, 0, 1, 2}, [OUTSIDE] = {2, 0, 0, 0, 1, 3}};

static struct tables *tables;
static struct packet_policy policy;
static u32 now_s = 1000;

static u32 clock_s(void)
{
	return now_s;
}

static u64 clock_ns(void)
{
	return now_s * 1000000000ull;
}

static void no_wait(void)
{
	/* nothing else runs: a grace period is over at once */
}

static void expect(bool kept, const char *what)
{
	if (kept)
		return;
	(void)fprintf(stderr, "%s\n", what);
	abort();
}

static void collect(void)
{
	struct collector_pass pass = {
		.now_s = now_s, .config = &tables->config[!tables_idle_half(tables)],
		.wait = no_wait, .nexthop_generation = nexthop_generation(tables->control)};

	collector_walk(tables, &pass, 0, tables->control->flow_capacity);
}

static void audit(void)
{
	struct audit result;

	expect(!audit_run(tables, false, no_wait, &result), "audit: out of memory");
	for (u32 i = 0; i < AUDIT_FINDING_COUNT; i++)
		expect(!result.findings[i], audit_finding_text(i));
}

/* The rule `all` of the scenario, but for the destination of the rule `off` before it. */
static bool owns(const union ip_addr *source, const union ip_addr *destination)
{
	bool ipv4 = source->words[2] == __builtin_bswap32(0xffff) && !source->longs[0];
	struct route_query query = {.destination = *destination};
	union ip_addr off = test_addr("192.0.2.8");
	struct route route = {0};

	scenario_route(&query, &route);
	return (ipv4 ? source->bytes[12] == 10 : source->words[0] == __builtin_bswap32(0x20010db8)) &&
	       memcmp(destination, &off, sizeof(off)) && route.result <= ROUTE_TOO_BIG &&
	       route.ifindex == OUTSIDE;
}

static void learn_nat_addresses(void)
{
	const struct address_entry *slots = tables->control->addresses.slots;

	for (u32 slot = 0; slot < MAX_ADDRESS_SLOTS; slot++)
		if (slots[slot].in_use)
			policy.nat_addresses[policy.nat_address_count++] = slots[slot].address;
	policy.owns = owns;
}

static void start(void)
{
	const char *directory = getenv("HOLDFAST_FUZZ_SCENARIO");
	struct port_tables ports;
	struct network network;
	json_t *scenario;

	expect(directory, "HOLDFAST_FUZZ_SCENARIO: not set, expected a directory of corpus.py");
	scenario = scenario_load(directory);
	scenario_network(scenario, &network);
	tables = tables_create(scenario_capacity(scenario), 1);
	expect(tables, "out of memory");
	environment = (struct environment){.tables = tables, .now_s = clock_s, .now_ns = clock_ns,
					   .route = scenario_route};
	ports = test_port_tables_of(tables);
	scenario_set_routes(scenario, &network);
	scenario_install(scenario, DATAPLANE_EBPF, tables, &network, &ports);
	learn_nat_addresses();
	network_free(&network);
	json_decref(scenario);
	expect(!atexit(audit), "atexit");
}

/* One checksum that is as it must be lets mutations get deeper. */
static void put_header_checksum_right(u8 *frame, u32 length)
{
	u8 *ip = frame + ETH_HLEN;
	u32 header_bytes, sum = 0;

	if (length < ETH_HLEN + IPV4_BYTES || ip[0] >> 4 != 4)
		return;
	header_bytes = (ip[0] & 15) * 4u;
	if (header_bytes < IPV4_BYTES || header_bytes > length - ETH_HLEN)
		return;
	ip[10] = ip[11] = 0;
	for (u32 i = 0; i < header_bytes; i += 2)
		sum += (u32)ip[i] << 8 | ip[i + 1];
	sum = sum % 65535 ? sum % 65535 : 65535;
	ip[10] = (u8)(~sum >> 8);
	ip[11] = (u8)~sum;
}

static void judge(u8 *frame, u32 length, u32 ifindex)
{
	u8 before[FRAME_BYTES];
	struct native_frame native = {.start = frame, .end = frame + length, .headroom = HEADROOM};
	struct verdict verdict;
	const char *wrong;

	memcpy(before, frame, length);
	verdict = nat_packet(&native, ifindex, nat_active_half(), false);
	wrong = packet_check(&policy, &(struct judged){
					      .before = before, .after = native.start, .length = length,
					      .length_after = (u32)(native.end - native.start),
					      .from_inside = ifindex == INSIDE, .ifindex = verdict.ifindex, .action = verdict.action,
					      .reason = verdict.reason});
	expect(!wrong, wrong);
}

static void judge_local(u8 *frame, u32 length)
{
	u8 before[FRAME_BYTES];
	struct native_frame native = {.start = frame, .end = frame + length};
	struct judged judged = {.before = before, .after = frame, .length = length,
				.action = VERDICT_KERNEL_TRANSLATED};
	const char *wrong;

	memcpy(before, frame, length);
	if (nat_local_packet(&native) != LOCAL_TRANSLATED) {
		expect(!memcmp(before, frame, length), "changed, but not translated");
		return;
	}
	wrong = packet_check_local(&judged);
	expect(!wrong, wrong);
}

/* The frame is copied to where its last byte is the last one that may be read. */
static void try_frame(u8 bits, const u8 *data, u32 length)
{
	u32 ifindex = bits & RECORD_OUTSIDE ? OUTSIDE : INSIDE;
	u8 *room = malloc(HEADROOM + 2 + length);
	u8 *frame = room + HEADROOM + 2; /* the IP header then lies aligned */

	expect(room, "out of memory");
	memcpy(frame, data, length);
	if (bits & RECORD_MINE && length >= 6)
		memcpy(frame, links[ifindex], 6);
	if (bits & RECORD_CHECKSUM)
		put_header_checksum_right(frame, length);
	now_s += bits & RECORD_SECOND ? 1 : 0;
	if (bits & RECORD_COLLECT)
		collect();
	if (bits & RECORD_LOCAL)
		judge_local(frame, length);
	else
		judge(frame, length, ifindex);
	free(room);
}

static void expect_nothing_left(void)
{
	for (u32 i = 0; i < 2; i++) { /* flows end, and then leases */
		now_s += LONG_S;
		collect();
	}
	for (u32 slot = 0; slot < MAX_ADDRESS_SLOTS; slot++)
		for (u32 i = 0; tables->ports[slot] && i < PORTS_PROTOCOLS; i++)
			expect(!tables->ports[slot]->spaces[i].in_use, "a port is still owned");
	for (u32 slot = 0; slot < tables->control->flow_capacity; slot++)
		expect(tables->flows[slot].life == FLOW_FREE, "a flow is still there");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static u32 inputs;
	size_t at = 0;

	if (!tables)
		start();
	while (at + 3 <= size) {
		u8 bits = data[at];
		u32 length = data[at + 1] | (u32)data[at + 2] << 8;

		at += 3;
		if (length > size - at)
			length = (u32)(size - at);
		if (length > FRAME_BYTES)
			length = FRAME_BYTES;
		try_frame(bits, data + at, length);
		at += length;
	}
	expect_nothing_left();
	if (++inputs % AUDIT_EVERY == 0)
		audit();
	return 0;
}
