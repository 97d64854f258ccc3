/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First packets on eight CPUs at once: flows that all of them meet, ports that are too few, and
 * slots and ports in turnover under a collector.
 */
#include "core/open.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "tests/env/test_env.h"
#include "tests/env/test_gateway.h"
#include "tests/env/unit.h"

static struct tables *tables;

static int stop(void **state)
{
	(void)state;
	test_gateway_stop();
	return 0;
}

enum { THREADS = 8, COLLECTOR_ROW = THREADS };

struct worker {
	pthread_t thread;
	u32 number;
	u32 opened;
	u32 refused;
	u32 answered;
	u32 steps; /* grows whenever the thread holds nothing of the tables. Atomically */
	u32 done;  /* atomically */
};

static struct worker workers[THREADS];
static pthread_barrier_t barrier;

static void start_workers(void *(*run)(void *worker))
{
	memset(workers, 0, sizeof(workers));
	(void)pthread_barrier_init(&barrier, NULL, THREADS);
	for (u32 i = 0; i < THREADS; i++) {
		workers[i].number = i;
		assert_int_equal(pthread_create(&workers[i].thread, NULL, run, &workers[i]), 0);
	}
}

static void join_workers(void)
{
	for (u32 i = 0; i < THREADS; i++)
		(void)pthread_join(workers[i].thread, NULL);
	(void)pthread_barrier_destroy(&barrier);
}

static void send_first(struct worker *w, const struct test_packet *packet)
{
	switch (test_gateway_receive(TEST_INSIDE, packet).reason) {
	case REASON_translated_out:
		w->opened++;
		return;
	case REASON_source_nat_pool_exhausted:
		w->refused++;
		return;
	default:
		abort();
	}
}

enum { SHARED_FLOWS = 2000 };

static void *open_the_same_flows(void *argument)
{
	struct worker *w = argument;

	test_env_join(tables, w->number);
	for (u32 i = 0; i < SHARED_FLOWS; i++) {
		struct test_packet packet = test_gateway_udp(i, 4000);

		if (i % 50 == 0)
			(void)pthread_barrier_wait(&barrier);
		send_first(w, &packet);
	}
	return NULL;
}

static int start_large(void **state)
{
	static const struct test_configuration configuration = {
		.pools = TEST_POOL("p", "198.51.100.1", "198.51.100.4", 1024, 65535),
		.rules = TEST_RULE("all", "pool", "'p'"),
		.maximum_flows = SHARED_FLOWS * THREADS,
	};

	(void)state;
	tables = test_gateway_start(&configuration);
	return 0;
}

/* [INV-ALIAS] [INV-FLOW-1] [R39] eight CPUs meet the same new flows: one flow each, no port lost */
static void threads_that_open_the_same_flows_open_each_once(void **state)
{
	u32 retired;

	(void)state;
	start_workers(open_the_same_flows);
	join_workers();
	for (u32 i = 0; i < THREADS; i++)
		assert_int_equal(workers[i].opened, SHARED_FLOWS);
	test_gateway_assert_flows(SHARED_FLOWS);
	for (u32 i = 0; i < SHARED_FLOWS; i++) {
		struct test_packet packet = test_gateway_udp(i, 4000);

		assert_non_null(test_gateway_flow(&packet));
	}
	retired = test_gateway_slots_with(FLOW_RETIRED);
	assert_int_equal(test_gateway_collect(1000), retired);
	(void)test_gateway_collect(1000);
	assert_int_equal(test_gateway_slots_with(FLOW_FREE), SHARED_FLOWS * (THREADS - 1));
	test_gateway_assert_flows(SHARED_FLOWS);
}

enum { TUNNELS = 200, TUNNELS_PER_REMOTE = 3 };

/* Of host `number`, to one of many remote ends. */
static struct test_packet tunnel(u32 number)
{
	struct test_packet packet = test_gateway_udp(number, 0);

	packet.protocol = PROTOCOL_GRE;
	packet.source_port = packet.destination_port = 0;
	packet.destination.bytes[15] = (u8)(1 + number / TUNNELS_PER_REMOTE);
	packet.payload_bytes = 20;
	return packet;
}

static void *open_the_same_tunnels(void *argument)
{
	struct worker *w = argument;

	test_env_join(tables, w->number);
	for (u32 i = 0; i < TUNNELS; i++) {
		struct test_packet packet = tunnel(i);

		if (i % 20 == 0)
			(void)pthread_barrier_wait(&barrier);
		if (test_gateway_receive(TEST_INSIDE, &packet).reason == REASON_translated_out)
			w->opened++;
	}
	return NULL;
}

static u32 live_slots_of(enum flow_kind kind)
{
	u32 count = 0;

	for (u32 slot = 0; slot < tables->control->flow_capacity; slot++)
		count += tables->flows[slot].life == FLOW_LIVE &&
			 flow_kind(&tables->flows[slot]) == kind;
	return count;
}

/*
 * [INV-BACK-1] [INV-ALIAS] eight CPUs meet the same new flows, three hosts to each remote end, over
 * four addresses: what is lost in races is taken away, and each flow that is left has one way back.
 */
static void threads_that_open_the_same_tunnels_open_each_once(void **state)
{
	u32 flows;

	(void)state;
	start_workers(open_the_same_tunnels);
	join_workers();
	(void)test_gateway_collect(1001);
	(void)test_gateway_collect(1002);
	test_gateway_assert_sound();
	for (u32 i = 0; i < TUNNELS; i++) {
		struct test_packet packet = tunnel(i);

		assert_int_equal(test_gateway_receive(TEST_INSIDE, &packet).reason,
				 REASON_translated_out);
	}
	flows = live_slots_of(FLOW_SESSION);
	assert_int_equal(flows, TUNNELS);
	assert_int_equal(live_slots_of(FLOW_BACK), TUNNELS);
	assert_int_equal(test_gateway_slots_with(FLOW_FREE),
			 tables->control->flow_capacity - 2 * TUNNELS);
	assert_int_equal(test_gateway_ports_in_use(), 0);
	test_gateway_assert_sound();
}

enum { SCARCE_PORTS = 500, SCARCE_FLOWS = 2 * 500, OWN_FLOWS = 250 };

static void *open_own_flows(void *argument)
{
	struct worker *w = argument;

	test_env_join(tables, w->number);
	(void)pthread_barrier_wait(&barrier);
	for (u32 i = 0; i < OWN_FLOWS; i++) {
		struct test_packet packet = test_gateway_udp(w->number * OWN_FLOWS + i, 4000);

		send_first(w, &packet);
	}
	return NULL;
}

static int start_scarce(void **state)
{
	static const struct test_configuration configuration = {
		.pools = TEST_POOL("p", "198.51.100.1", "198.51.100.2", 5001, 5500),
		.rules = TEST_RULE("all", "pool", "'p'"),
		.maximum_flows = OWN_FLOWS * THREADS,
	};

	(void)state;
	tables = test_gateway_start(&configuration);
	return 0;
}

/* [INV-ALIAS] [INV-PORT-2] twice as many flows as ports: every port is used, and by one flow. */
static void threads_that_use_a_pool_up_share_it_exactly(void **state)
{
	u32 opened = 0, refused = 0;

	(void)state;
	start_workers(open_own_flows);
	join_workers();
	for (u32 i = 0; i < THREADS; i++) {
		opened += workers[i].opened;
		refused += workers[i].refused;
	}
	assert_int_equal(opened, SCARCE_FLOWS);
	assert_int_equal(refused, THREADS * OWN_FLOWS - SCARCE_FLOWS);
	test_gateway_assert_flows(SCARCE_FLOWS);
	assert_int_equal(test_gateway_slots_with(FLOW_FREE), THREADS * OWN_FLOWS - SCARCE_FLOWS);
}

enum { CHURN_ROUNDS = 1500 };

/* Answers a packet that has just been translated; the answer must come to its host or nowhere. */
static void answer(struct worker *w, const struct test_frame *sent,
		   const struct test_packet *packet)
{
	struct test_packet reply = {
		.source = packet->destination, .destination = test_addr("0.0.0.0"),
		.protocol = PROTOCOL_UDP, .source_port = packet->destination_port,
		.destination_port = packet_be16(sent->transport)};
	struct test_frame f;
	struct verdict verdict;

	memcpy(&reply.destination.words[3], sent->ip + 12, 4);
	test_gateway_frame(&f, TEST_OUTSIDE, &reply);
	(void)sched_yield(); /* the collector may come in between; that it does is what is tested */
	verdict = test_gateway_judge(&f, TEST_OUTSIDE);
	if (verdict.reason == REASON_filtered_inbound)
		return; /* the flow was ended meanwhile */
	if (verdict.reason != REASON_translated_in ||
	    memcmp(f.ip + 16, &packet->source.words[3], 4) ||
	    packet_be16(f.transport + 2) != packet->source_port)
		abort();
	w->answered++;
}

static void *open_and_answer(void *argument)
{
	struct worker *w = argument;

	test_env_join(tables, w->number);
	(void)pthread_barrier_wait(&barrier);
	for (u32 i = 0; i < CHURN_ROUNDS; i++) {
		struct test_packet packet = test_gateway_udp(i % 64, 4000 + w->number);
		struct test_frame f;

		test_gateway_frame(&f, TEST_INSIDE, &packet);
		switch (test_gateway_judge(&f, TEST_INSIDE).reason) {
		case REASON_translated_out:
			w->opened++;
			answer(w, &f, &packet);
			break;
		case REASON_source_nat_pool_exhausted:
		case REASON_flow_table_full:
			w->refused++;
			break;
		default:
			abort();
		}
		(void)atomic_fetch_add(&w->steps, 1);
	}
	atomic_write(&w->done, 1);
	return NULL;
}

/* One grace period: until every thread has let go of what it held. */
static void wait_for_workers(void)
{
	u32 before[THREADS];

	for (u32 i = 0; i < THREADS; i++)
		before[i] = atomic_read(&workers[i].steps);
	for (u32 i = 0; i < THREADS; i++)
		while (!atomic_read(&workers[i].done) &&
		       atomic_read(&workers[i].steps) == before[i])
			(void)sched_yield();
}

static bool all_done(void)
{
	for (u32 i = 0; i < THREADS; i++)
		if (!atomic_read(&workers[i].done))
			return false;
	return true;
}

static bool every_other(const struct flow *flow, void *context)
{
	(void)flow;
	return (*(u32 *)context)++ % 2;
}

static bool every_one(const struct flow *flow, void *context)
{
	(void)flow;
	(void)context;
	return true;
}

static void collect_while_they_run(void)
{
	u32 counter = 0;
	struct collector_pass pass = {
		.now_s = 1000, .config = test_gateway_config(), .wait = wait_for_workers,
		.nexthop_generation = tables->control->nexthop_generation,
		.ends = every_other, .context = &counter};

	test_env_join(tables, COLLECTOR_ROW);
	while (!all_done())
		collector_walk(tables, &pass, 0, tables->control->flow_capacity);
	pass.ends = every_one;
	collector_walk(tables, &pass, 0, tables->control->flow_capacity);
}

static int start_churn(void **state)
{
	static const struct test_configuration configuration = {
		.pools = TEST_POOL("p", "198.51.100.1", "198.51.100.2", 5000, 5127),
		.rules = TEST_RULE("all", "pool", "'p'"),
		.maximum_flows = 300,
	};

	(void)state;
	tables = test_gateway_start(&configuration);
	return 0;
}

/*
 * [INV-ALIAS] [INV-RECLAIM] [R1 b] Flows are opened, answered and ended at the same time, over a
 * pool and a table that are always nearly full, so that what is freed is used again at once.
 */
static void ports_and_slots_in_turnover_never_lead_to_another_host(void **state)
{
	u32 opened = 0, answered = 0;

	(void)state;
	start_workers(open_and_answer);
	collect_while_they_run();
	join_workers();
	for (u32 i = 0; i < THREADS; i++) {
		opened += workers[i].opened;
		answered += workers[i].answered;
	}
	assert_true(opened > 300);
	assert_true(answered > 0);
	test_gateway_assert_flows(0);
	assert_int_equal(test_gateway_slots_with(FLOW_FREE), 300);
}

#define TEST(name, start) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(threads_that_open_the_same_flows_open_each_once, start_large),
		TEST(threads_that_open_the_same_tunnels_open_each_once, start_large),
		TEST(threads_that_use_a_pool_up_share_it_exactly, start_scarce),
		TEST(ports_and_slots_in_turnover_never_lead_to_another_host, start_churn),
	};

	return cmocka_run_group_tests_name("open_race", tests, NULL, NULL);
}
