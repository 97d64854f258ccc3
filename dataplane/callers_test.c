/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SYNs from outside that nobody expects: when their senders are told, and when they are not.
 */
#include "dataplane/callers.h"

#include "core/nat.h"
#include "tests/env/test_env.h"
#include "tests/env/test_gateway.h"
#include "tests/env/unit.h"

enum { START_S = 1000, PORT = 1024 };

#define MS 1000000ull

static struct tables *tables;

static const struct test_configuration configuration = {
	.pools = TEST_POOL("p", "198.51.100.1", "198.51.100.1", 1024, 1024),
	.rules = TEST_RULE("all", "pool", "'p'"),
	.maximum_flows = 1024,
};

static const struct test_configuration with_leases = {
	.pools = TEST_POOL("p", "198.51.100.1", "198.51.100.1", 1024, 1024),
	.rules = TEST_RULE_THEN("", "all", "pool", "'p'", TEST_LEASE("target-host")),
	.maximum_flows = 1024,
};

static int start(void **state)
{
	(void)state;
	tables = test_gateway_start(&configuration);
	return 0;
}

static int start_with_leases(void **state)
{
	(void)state;
	tables = test_gateway_start(&with_leases);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	test_gateway_stop();
	return 0;
}

static struct test_packet call_of(const char *from, u16 port)
{
	return (struct test_packet){
		.source = test_addr(from), .destination = test_addr("198.51.100.1"),
		.protocol = PROTOCOL_TCP, .source_port = port, .destination_port = PORT,
		.tcp_flags = TCP_SYN};
}

static void call(const struct test_packet *packet)
{
	struct verdict verdict = test_gateway_receive(TEST_OUTSIDE, packet);

	assert_int_equal(verdict.action, VERDICT_DROP);
	assert_int_equal(verdict.reason, REASON_filtered_inbound);
}

/* The host inside calls back, or somebody else. */
static void call_back(const char *to, u16 port)
{
	const struct test_packet packet = {
		.source = test_addr("10.0.0.1"), .destination = test_addr(to),
		.protocol = PROTOCOL_TCP, .source_port = 7, .destination_port = port,
		.tcp_flags = TCP_SYN};

	assert_int_equal(test_gateway_receive(TEST_INSIDE, &packet).reason,
			 REASON_translated_out);
}

/* The last answer, and how many there were. */
static struct {
	u32 count;
	u32 bytes;
	u32 ifindex;
	u8 frame[256];
} said;

static void note(void *context, const u8 *frame, u32 bytes, u32 ifindex)
{
	(void)context;
	assert_true(bytes <= sizeof(said.frame));
	memcpy(said.frame, frame, bytes);
	said.bytes = bytes;
	said.ifindex = ifindex;
	said.count++;
}

/* => how many were told by now */
static u32 told_at(u64 after_ms)
{
	const struct caller_sink sink = {note, NULL};

	test_env_set_time_ns(START_S * 1000 * MS + after_ms * MS);
	callers_look(tables, &sink);
	return said.count;
}

static void begin(u64 after_ms)
{
	said.count = 0;
	test_env_set_time_ns(START_S * 1000 * MS + after_ms * MS);
}

/* [RFC5382 REQ-4] */
static void a_sender_is_told_after_6_seconds(void **state)
{
	struct test_packet packet = call_of("203.0.113.5", 80);
	struct test_frame frame;
	const u8 *ip = said.frame + ETH_HLEN;

	(void)state;
	begin(300);
	test_gateway_frame(&frame, TEST_OUTSIDE, &packet);
	call(&packet);
	assert_int_equal(callers_count(tables), 1);
	assert_int_equal(told_at(6200), 0);
	assert_int_equal(told_at(6299), 0);
	assert_int_equal(told_at(6400), 1);
	assert_int_equal(told_at(60000), 1);
	assert_int_equal(callers_count(tables), 0);
	assert_int_equal(said.ifindex, TEST_OUTSIDE);
	assert_memory_equal(said.frame, frame.frame.start + 6, 6); /* link addresses */
	assert_memory_equal(ip + 12, &packet.destination.words[3], 4);
	assert_memory_equal(ip + 16, &packet.source.words[3], 4);
	assert_int_equal(ip[IPV4_BYTES], 3);
	assert_int_equal(ip[IPV4_BYTES + 1], 3);
	assert_memory_equal(ip + IPV4_BYTES + ICMP_BYTES, frame.ip,
			    said.bytes - ETH_HLEN - IPV4_BYTES - ICMP_BYTES);
	assert_int_equal(env_packet_counters()->answers[CALLERS_TOLD], 1);
}

/* [RFC5382 REQ-4a] Simultaneous open. */
static void a_call_back_is_answered_with_silence(void **state)
{
	struct test_packet packet = call_of("203.0.113.5", 80);
	struct test_packet other = call_of("203.0.113.6", 80);

	(void)state;
	begin(0);
	call(&other); /* first: they may fall to one place */
	call(&packet);
	call_back("203.0.113.5", 80);
	assert_int_equal(test_gateway_receive(TEST_OUTSIDE, &packet).reason,
			 REASON_translated_in);
	assert_int_equal(told_at(7000), 1); /* the other one */
	assert_memory_equal(said.frame + ETH_HLEN + 16, &other.source.words[3], 4);
}

/* [RFC5382 REQ-4] */
static void a_lease_that_lets_nobody_in_is_answered_for(void **state)
{
	struct test_packet stranger = call_of("203.0.113.6", 80);
	struct test_packet friend = call_of("203.0.113.7", 80);

	(void)state;
	begin(0);
	call_back("203.0.113.5", 80);
	call(&stranger);
	call(&friend);
	call_back("203.0.113.7", 90); /* it may call from any port now */
	assert_int_equal(told_at(7000), 1);
	assert_memory_equal(said.frame + ETH_HLEN + 16, &stranger.source.words[3], 4);
}

static void what_is_no_opening_syn_is_not_kept(void **state)
{
	static const u8 flags[] = {TCP_SYN | TCP_ACK, TCP_ACK, TCP_RST, TCP_FIN, TCP_SYN | TCP_RST};
	struct test_packet packet = call_of("203.0.113.5", 80);

	(void)state;
	for (u32 i = 0; i < sizeof(flags); i++) {
		packet.tcp_flags = flags[i];
		call(&packet);
	}
	packet.tcp_flags = TCP_SYN;
	packet.payload_bytes = CALLER_FRAME_BYTES;
	call(&packet);
	packet.payload_bytes = 0;
	packet.protocol = PROTOCOL_UDP;
	call(&packet);
	assert_int_equal(callers_count(tables), 0);
}

/* It would be told anew each time, and long after it has given up. */
static void a_syn_that_comes_again_is_kept_once(void **state)
{
	struct test_packet packet = call_of("203.0.113.5", 80);

	(void)state;
	begin(0);
	call(&packet);
	begin(3000);
	call(&packet);
	assert_int_equal(callers_count(tables), 1);
	assert_int_equal(told_at(6000), 1);
	call(&packet);
	assert_int_equal(told_at(11900), 1);
	assert_int_equal(told_at(12100), 2);
}

/* While nobody looked. */
static void what_was_missed_stays_unsaid(void **state)
{
	struct test_packet packet = call_of("203.0.113.5", 80);

	(void)state;
	begin(0);
	call(&packet);
	assert_int_equal(told_at(10000), 0);
	assert_int_equal(callers_count(tables), 0);
}

static void an_address_that_is_given_up_does_not_speak(void **state)
{
	struct test_packet packet = call_of("203.0.113.5", 80);
	struct test_configuration other = configuration;

	(void)state;
	begin(0);
	call(&packet);
	other.pools = TEST_POOL("p", "198.51.100.2", "198.51.100.2", 1024, 1024);
	test_gateway_commit(&other);
	assert_int_equal(told_at(7000), 0);
	assert_int_equal(callers_count(tables), 0);
}

/* [INV-QUIET] [RFC5382 REQ-4] */
static void a_flood_draws_few_answers(void **state)
{
	struct test_packet packet = call_of("203.0.113.5", 1);

	(void)state;
	begin(0);
	for (u16 port = 1; port <= 500; port++) {
		packet = call_of("203.0.113.5", port);
		call(&packet);
	}
	assert_true(callers_count(tables) <= CALLERS_PER_SET);
	assert_int_equal(told_at(6000), 2); /* to one host */
	for (u32 host = 0; host < 5000; host++) {
		packet = call_of("20.0.0.0", 1);
		packet.source.words[3] += __builtin_bswap32(host);
		call(&packet);
	}
	assert_true(callers_count(tables) > CALLER_PLACES / 2);
	assert_int_equal(told_at(13000), 2 + 100); /* to all */
	assert_true(env_packet_counters()->answers[CALLERS_WITHHELD] > CALLER_PLACES / 4);
	assert_int_equal(callers_count(tables), 0);
}

static void no_wait(void)
{
}

/* A process that was killed in the middle of writing takes no place for good. */
static void what_is_half_written_is_given_up(void **state)
{
	(void)state;
	tables->control->callers.states[3] = CALLER_BUSY;
	tables->control->callers.states[4] = CALLER_READY;
	callers_repair(tables, no_wait);
	assert_int_equal(tables->control->callers.states[3], CALLER_NONE);
	assert_int_equal(tables->control->callers.states[4], CALLER_READY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_sender_is_told_after_6_seconds),
		TEST(a_call_back_is_answered_with_silence),
		cmocka_unit_test_setup_teardown(a_lease_that_lets_nobody_in_is_answered_for,
						start_with_leases, stop),
		TEST(what_is_no_opening_syn_is_not_kept),
		TEST(a_syn_that_comes_again_is_kept_once),
		TEST(what_was_missed_stays_unsaid),
		TEST(an_address_that_is_given_up_does_not_speak),
		TEST(a_flood_draws_few_answers),
		TEST(what_is_half_written_is_given_up),
	};

	return cmocka_run_group_tests_name("callers", tests, NULL, NULL);
}
