/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First packets: the flow that they open, and that what is refused leaves no trace; alone, and when
 * eight threads open flows at once.
 */
#include "core/open.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "tests/env/test_env.h"
#include "tests/env/test_gateway.h"
#include "tests/env/unit.h"

enum { RULE_ID = 1, POOL_ID = 1 };

static struct tables *tables;

static int stop(void **state)
{
	(void)state;
	test_gateway_stop();
	return 0;
}

static struct test_packet udp(u32 host, u32 port)
{
	struct test_packet packet = {
		.source = test_addr("10.0.0.0"), .destination = test_addr("203.0.113.5"),
		.protocol = PROTOCOL_UDP, .source_port = (u16)port, .destination_port = 53};

	packet.source.words[3] += __builtin_bswap32(host);
	return packet;
}

static struct test_packet udp6(u32 host)
{
	struct test_packet packet = udp(0, 4000);

	packet.source = test_addr("2001:db8:1::");
	packet.source.words[3] = __builtin_bswap32(host);
	packet.destination = test_addr("2001:db8:ffff::5");
	return packet;
}

static u32 ports_in_use(void)
{
	u32 count = 0;

	for (u32 slot = 0; slot < MAX_ADDRESS_SLOTS; slot++)
		for (u32 p = 0; tables->ports[slot] && p < PORTS_PROTOCOLS; p++)
			count += tables->ports[slot]->spaces[p].in_use;
	return count;
}

static u32 slots_with(enum flow_life life)
{
	u32 count = 0;

	for (u32 slot = 0; slot < tables->control->flow_capacity; slot++)
		count += tables->flows[slot].life == life;
	return count;
}

static void assert_flows(u32 count)
{
	test_gateway_assert_sound();
	assert_int_equal(slots_with(FLOW_LIVE), count);
	assert_int_equal(ports_in_use(), count);
	assert_int_equal(tables->rule_counters[RULE_ID].flows, count);
}

/* Two addresses of IPv4 with four ports each. */
static int start_small(void **state)
{
	static const struct test_configuration configuration = {
		.pools = TEST_POOL("p", "198.51.100.1", "198.51.100.2", 5000, 5003),
		.rules = TEST_RULE("all", "pool", "'p'"),
		.maximum_flows = FLOWS_MIN,
	};

	(void)state;
	tables = test_gateway_start(&configuration);
	return 0;
}

static struct failure_event *last_event(void)
{
	u64 count = tables->control->event_count;

	assert_true(count > 0);
	return &tables->control->events.events[(count - 1) % EVENT_CAPACITY];
}

/* Whether the sender is told or not (core/answer_test.c). */
static bool is_dropped(struct verdict verdict)
{
	return verdict.action == VERDICT_DROP || verdict.action == VERDICT_ANSWER;
}

/* [INV-CLOSED] dropped by name, counted for the rule, kept for show, and nothing else changed. */
static void assert_refused(const struct test_packet *packet, u32 reason, u32 flows)
{
	u64 before = tables->rule_counters[RULE_ID].failures[reason];
	struct verdict verdict = test_gateway_receive(TEST_INSIDE, packet);

	assert_true(is_dropped(verdict));
	assert_int_equal(verdict.reason, reason);
	assert_int_equal(tables->rule_counters[RULE_ID].failures[reason], before + 1);
	assert_int_equal(last_event()->reason, reason);
	assert_int_equal(last_event()->rule, RULE_ID);
	assert_memory_equal(&last_event()->source, &packet->source, sizeof(packet->source));
	assert_flows(flows);
	assert_int_equal(slots_with(FLOW_FREE), FLOWS_MIN - flows);
}

static void a_first_packet_opens_a_flow_and_the_next_one_uses_it(void **state)
{
	struct test_packet out = udp(1, 4000), in;
	struct flow *flow;

	(void)state;
	assert_int_equal(test_gateway_receive(TEST_INSIDE, &out).reason, REASON_translated_out);
	assert_flows(1);
	flow = test_gateway_flow(&out);
	assert_non_null(flow);
	in = test_gateway_answer(flow);
	assert_int_equal(test_gateway_receive(TEST_INSIDE, &out).reason, REASON_translated_out);
	assert_int_equal(test_gateway_receive(TEST_OUTSIDE, &in).reason, REASON_translated_in);
	assert_flows(1);
	assert_int_equal(tables->rule_counters[RULE_ID].hits, 1);
	assert_int_equal(tables->pool_counters[POOL_ID].flows_opened, 1);
	assert_int_equal(tables->flow_stats[flow - tables->flows].packets[FLOW_OUT], 2);
	assert_int_equal(tables->flow_stats[flow - tables->flows].packets[FLOW_IN], 1);
}

/* [INV-ALIAS] [INV-CLOSED] every tuple of the pool is given once, then the rule refuses. */
static void a_pool_is_used_up_to_the_last_port(void **state)
{
	u32 seen[2][4] = {{0}};
	struct test_packet packet;

	(void)state;
	for (u32 i = 0; i < 8; i++) {
		const struct flow *flow;

		packet = udp(i, 4000);
		assert_int_equal(test_gateway_receive(TEST_INSIDE, &packet).reason,
				 REASON_translated_out);
		flow = test_gateway_flow(&packet);
		assert_in_range(flow->address, 0, 1);
		assert_in_range(__builtin_bswap16(flow->port), 5000, 5003);
		assert_int_equal(seen[flow->address][__builtin_bswap16(flow->port) - 5000]++, 0);
	}
	assert_flows(8);
	packet = udp(8, 4000);
	assert_refused(&packet, REASON_source_nat_pool_exhausted, 8);
	assert_int_equal(tables->pool_counters[POOL_ID]
				 .failures[REASON_source_nat_pool_exhausted],
			 1);
	packet.protocol = PROTOCOL_TCP; /* ports of another protocol are another space */
	packet.tcp_flags = TCP_SYN;
	assert_int_equal(test_gateway_receive(TEST_INSIDE, &packet).reason, REASON_translated_out);
	assert_flows(9);
}

static void what_cannot_open_a_flow_is_refused_by_name(void **state)
{
	struct test_packet packet = udp(1, 4000);
	struct test_frame fragment;

	(void)state;
	packet.protocol = PROTOCOL_TCP;
	packet.tcp_flags = TCP_ACK;
	assert_refused(&packet, REASON_tcp_not_syn, 0);
	packet.protocol = 47;
	packet.payload_bytes = 20;
	assert_refused(&packet, REASON_unsupported_protocol, 0);
	packet.protocol = PROTOCOL_ICMP;
	packet.source_port = 0; /* an echo reply */
	assert_refused(&packet, REASON_no_flow, 0);
	packet = udp6(1);
	assert_refused(&packet, REASON_source_nat_pool_wrong_family, 0);
	packet.protocol = 47;
	packet.destination = test_addr("203.0.113.5");
	packet.source = test_addr("10.0.0.1");
	test_gateway_frame(&fragment, TEST_INSIDE, &packet);
	fragment.ip[6] = 0x20;
	test_frame_sum_header(&fragment);
	assert_int_equal(test_gateway_judge(&fragment, TEST_INSIDE).reason,
			 REASON_fragment_unknown);
	assert_flows(0);
}

static int start_broken(void **state)
{
	static const struct test_configuration configuration = {
		.pools = "{'name':'empty','addresses':[],'port_low':1024,'port_high':65535,"
			 "'address_persistent':false,'algorithm':null},"
			 TEST_POOL("backwards", "198.51.100.1", "198.51.100.1", 3000, 2999) ","
			 TEST_POOL("zero", "198.51.100.1", "198.51.100.1", 0, 100),
		.rules = TEST_RULE_FROM("'10.0.0.1/32'", "one", "pool", "'missing'") ","
			 TEST_RULE_FROM("'10.0.0.2/32'", "two", "pool", "'empty'") ","
			 TEST_RULE_FROM("'10.0.0.3/32'", "three", "pool", "'backwards'") ","
			 TEST_RULE_FROM("'10.0.0.4/32'", "four", "pool", "'zero'") ","
			 TEST_RULE_FROM("'10.0.0.5/32'", "five", "off", "null"),
		.maximum_flows = FLOWS_MIN,
	};

	(void)state;
	tables = test_gateway_start(&configuration);
	return 0;
}

/* [INV-CLOSED] a rule with a pool that cannot be used drops; it does not vanish. */
static void a_rule_with_a_broken_pool_owns_its_packets(void **state)
{
	static const u32 reasons[] = {
		REASON_source_nat_pool_missing, REASON_source_nat_pool_empty,
		REASON_source_nat_pool_invalid_port_range,
		REASON_source_nat_pool_invalid_port_range};
	struct test_packet packet;

	(void)state;
	for (u32 i = 0; i < 4; i++) {
		packet = udp(1 + i, 4000);
		assert_true(is_dropped(test_gateway_receive(TEST_INSIDE, &packet)));
		assert_int_equal(last_event()->reason, reasons[i]);
		assert_int_equal(tables->rule_counters[1 + i].failures[reasons[i]], 1);
	}
	packet = udp(5, 4000);
	assert_int_equal(test_gateway_receive(TEST_INSIDE, &packet).reason, REASON_rule_off);
	packet = udp(6, 4000);
	assert_int_equal(test_gateway_receive(TEST_INSIDE, &packet).reason, REASON_no_rule);
	assert_int_equal(tables->control->event_count, 4);
	assert_int_equal(slots_with(FLOW_FREE), FLOWS_MIN);
	test_gateway_assert_sound();
}

static int start_sticky(void **state)
{
	static const struct test_configuration configuration = {
		.pools = "{'name':'p','addresses':[{'low':'198.51.100.0','high':'198.51.100.6'},"
			 "{'low':'2001:db8:64::1','high':'2001:db8:64::5'}],'port_low':5000,"
			 "'port_high':5003,'address_persistent':true,'algorithm':'userspace-v1'}",
		.rules = TEST_RULE("all", "pool", "'p'"),
		.maximum_flows = 1024,
	};

	(void)state;
	tables = test_gateway_start(&configuration);
	return 0;
}

/* [INV-STICKY] one address for each host, that of the selector, though others are empty. */
static void a_host_keeps_its_address_and_gets_no_other(void **state)
{
	(void)state;
	for (u32 host = 1; host <= 7; host += 6) {
		struct test_packet packet = udp(host, 0);
		u32 index = select_userspace_v1(FAMILY_IPV4, &packet.source, 7);

		for (u32 i = 0; i < 4; i++) {
			packet.source_port = (u16)(4000 + i);
			assert_int_equal(test_gateway_receive(TEST_INSIDE, &packet).reason,
					 REASON_translated_out);
			assert_int_equal(test_gateway_flow(&packet)->address, index);
		}
		packet.source_port = 5000;
		assert_int_equal(test_gateway_receive(TEST_INSIDE, &packet).reason,
				 REASON_source_nat_pool_exhausted);
		(void)test_gateway_collect(1000 + TEST_UDP_S + 1);
	}
	for (u32 host = 1; host <= 40; host++) {
		struct test_packet packet = udp6(host);

		assert_int_equal(test_gateway_receive(TEST_INSIDE, &packet).reason,
				 REASON_translated_out);
		assert_int_equal(test_gateway_flow(&packet)->address,
				 7 + select_userspace_v1(FAMILY_IPV6, &packet.source, 5));
		(void)test_gateway_collect(1000 + TEST_UDP_S + 1);
	}
}

static int start_sequential(void **state)
{
	static const struct test_configuration configuration = {
		.pools = TEST_POOL("p", "198.51.100.1", "198.51.100.1", 5000, 5009),
		.rules = TEST_RULE("all", "pool", "'p'"),
		.sequential = true,
		.maximum_flows = FLOWS_MIN,
	};

	(void)state;
	tables = test_gateway_start(&configuration);
	return 0;
}

static void without_randomization_ports_follow_each_other(void **state)
{
	(void)state;
	for (u32 i = 0; i < 10; i++) {
		struct test_packet packet = udp(i, 4000);

		(void)test_gateway_receive(TEST_INSIDE, &packet);
		assert_int_equal(__builtin_bswap16(test_gateway_flow(&packet)->port), 5000 + i);
	}
}

/* A first packet that has come as far as to have a slot and a port. */
struct reserved {
	struct test_frame frame;
	struct packet packet;
	struct first first;
};

static void reserve(struct reserved *r, const struct test_packet *packet)
{
	struct packet *p = &r->packet;

	memset(r, 0, sizeof(*r));
	r->first.rule = RULE_NOT_FOUND;
	r->first.pool = MAX_POOLS;
	test_gateway_frame(&r->frame, TEST_INSIDE, packet);
	p->ifindex = TEST_INSIDE;
	p->half = tables->control->active_half;
	assert_int_equal(packet_parse_link(&r->frame.frame, p), NO_REASON);
	assert_int_equal(packet_parse_ip(&r->frame.frame, p), NO_REASON);
	p->key.zone = interface_find(test_gateway_config(), TEST_INSIDE)->zone;
	p->column = interface_find(test_gateway_config(), TEST_INSIDE)->column;
	p->hash = flow_key_hash(tables->control, &p->key);
	assert_int_equal(first_route(&r->frame.frame, p, &r->first), NO_REASON);
	assert_int_equal(first_judge(p, &r->first), NO_REASON);
	assert_int_equal(first_choose(p, &r->first), NO_REASON);
	assert_int_equal(first_select(p, &r->first), NO_REASON);
	assert_int_equal(first_reserve(p, &r->first), NO_REASON);
}

/* [INV-FLOW-1] the loser uses the winner's flow; its own port is free at once. */
static void a_lost_race_leaves_no_trace(void **state)
{
	struct test_packet packet = udp(1, 4000);
	static struct reserved winner, loser;
	u32 slot;

	(void)state;
	reserve(&winner, &packet);
	reserve(&loser, &packet);
	assert_int_equal(ports_in_use(), 2);
	slot = loser.first.slot;
	assert_int_equal(first_publish(&winner.packet, &winner.first), NO_REASON);
	assert_int_equal(first_publish(&loser.packet, &loser.first), NO_REASON);
	assert_int_equal(loser.first.slot, winner.first.slot);
	assert_int_equal(tables->flows[slot - 1].life, FLOW_RETIRED);
	assert_flows(1);
	assert_int_equal(test_gateway_collect(1000), 1);
	assert_int_equal(slots_with(FLOW_FREE), FLOWS_MIN - 1);
	assert_flows(1);
}

/* [INV-BOUNDED] no place in either bucket is a refusal by name. */
static void a_full_bucket_leaves_no_trace(void **state)
{
	struct test_packet packet = udp(1, 4000);
	static struct reserved r;
	u32 buckets[2];

	(void)state;
	reserve(&r, &packet);
	buckets[0] = flow_home_bucket(tables->control, r.packet.hash);
	buckets[1] = flow_other_bucket(tables->control, r.packet.hash);
	for (u32 i = 0; i < 2 * BUCKET_ENTRIES; i++)
		env_bucket(buckets[i / BUCKET_ENTRIES])->entries[i % BUCKET_ENTRIES] =
			BUCKET_TOMBSTONE;
	assert_int_equal(first_publish(&r.packet, &r.first), REASON_flow_table_full);
	for (u32 i = 0; i < 2 * BUCKET_ENTRIES; i++)
		env_bucket(buckets[i / BUCKET_ENTRIES])->entries[i % BUCKET_ENTRIES] = 0;
	assert_flows(0);
	assert_int_equal(test_gateway_collect(1000), 1);
	assert_int_equal(slots_with(FLOW_FREE), FLOWS_MIN);
}

/* More refusals than are kept: the last ones are there, each in its place. */
static void the_last_refusals_are_kept(void **state)
{
	enum { REFUSALS = 2 * EVENT_CAPACITY + 10 };
	struct test_packet packet = udp(1, 4000);

	(void)state;
	packet.protocol = PROTOCOL_TCP;
	packet.tcp_flags = TCP_RST;
	for (u32 i = 0; i < REFUSALS; i++) {
		packet.source_port = (u16)i;
		(void)test_gateway_receive(TEST_INSIDE, &packet);
	}
	assert_int_equal(tables->control->event_count, REFUSALS);
	for (u32 n = REFUSALS - EVENT_CAPACITY; n < REFUSALS; n++) {
		const struct failure_event *event =
			&tables->control->events.events[n % EVENT_CAPACITY];

		assert_int_equal(event->sequence, n + 1);
		assert_int_equal(__builtin_bswap16(event->source_port), n);
	}
}

/* Whoever is so slow that a whole round of refusals has come by leaves its place to them. */
static void a_refusal_that_was_overtaken_writes_nothing(void **state)
{
	const u64 sequences[] = {EVENT_CAPACITY + 1, EVENT_BUSY};
	struct test_packet packet = udp(1, 4000);

	(void)state;
	packet.protocol = PROTOCOL_TCP;
	packet.tcp_flags = TCP_RST;
	for (u32 i = 0; i < 2; i++) {
		struct failure_event *event = &tables->control->events.events[i];

		event->sequence = sequences[i];
		(void)test_gateway_receive(TEST_INSIDE, &packet);
		assert_int_equal(event->sequence, sequences[i]);
		assert_int_equal(event->source_port, 0);
	}
	assert_int_equal(tables->control->event_count, 2);
	(void)test_gateway_receive(TEST_INSIDE, &packet);
	assert_int_equal(last_event()->sequence, 3);
}

/* Threads. */

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
		struct test_packet packet = udp(i, 4000);

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
	assert_flows(SHARED_FLOWS);
	for (u32 i = 0; i < SHARED_FLOWS; i++) {
		struct test_packet packet = udp(i, 4000);

		assert_non_null(test_gateway_flow(&packet));
	}
	retired = slots_with(FLOW_RETIRED);
	assert_int_equal(test_gateway_collect(1000), retired);
	(void)test_gateway_collect(1000);
	assert_int_equal(slots_with(FLOW_FREE), SHARED_FLOWS * (THREADS - 1));
	assert_flows(SHARED_FLOWS);
}

enum { SCARCE_PORTS = 500, SCARCE_FLOWS = 2 * 500, OWN_FLOWS = 250 };

static void *open_own_flows(void *argument)
{
	struct worker *w = argument;

	test_env_join(tables, w->number);
	(void)pthread_barrier_wait(&barrier);
	for (u32 i = 0; i < OWN_FLOWS; i++) {
		struct test_packet packet = udp(w->number * OWN_FLOWS + i, 4000);

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
	assert_flows(SCARCE_FLOWS);
	assert_int_equal(slots_with(FLOW_FREE), THREADS * OWN_FLOWS - SCARCE_FLOWS);
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
		struct test_packet packet = udp(i % 64, 4000 + w->number);
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
	assert_flows(0);
	assert_int_equal(slots_with(FLOW_FREE), 300);
}

#define TEST(name, start) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_first_packet_opens_a_flow_and_the_next_one_uses_it, start_small),
		TEST(a_pool_is_used_up_to_the_last_port, start_small),
		TEST(what_cannot_open_a_flow_is_refused_by_name, start_small),
		TEST(a_rule_with_a_broken_pool_owns_its_packets, start_broken),
		TEST(a_host_keeps_its_address_and_gets_no_other, start_sticky),
		TEST(without_randomization_ports_follow_each_other, start_sequential),
		TEST(a_lost_race_leaves_no_trace, start_small),
		TEST(a_full_bucket_leaves_no_trace, start_small),
		TEST(the_last_refusals_are_kept, start_small),
		TEST(a_refusal_that_was_overtaken_writes_nothing, start_small),
		TEST(threads_that_open_the_same_flows_open_each_once, start_large),
		TEST(threads_that_use_a_pool_up_share_it_exactly, start_scarce),
		TEST(ports_and_slots_in_turnover_never_lead_to_another_host, start_churn),
	};

	return cmocka_run_group_tests_name("open", tests, NULL, NULL);
}
