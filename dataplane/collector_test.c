/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When flows end, and what must have happened before their ports and slots are used again.
 */
#include "dataplane/collector.h"

#include "core/open.h"
#include "tests/env/test_env.h"
#include "tests/env/test_gateway.h"
#include "tests/env/unit.h"

enum { START_S = 1000, MANY_FLOWS = 6000 };

static struct tables *tables;
static u32 waits;

static struct test_packet udp(u32 number)
{
	return (struct test_packet){
		.source = test_addr("10.0.0.1"), .destination = test_addr("203.0.113.5"),
		.protocol = PROTOCOL_UDP, .source_port = (u16)(1 + number),
		.destination_port = 53};
}

static struct test_packet tcp(u32 number, u8 flags)
{
	struct test_packet packet = udp(number);

	packet.protocol = PROTOCOL_TCP;
	packet.tcp_flags = flags;
	return packet;
}

static struct test_packet echo(u32 number)
{
	struct test_packet packet = udp(0);

	packet.protocol = PROTOCOL_ICMP;
	packet.source_port = 8 << 8; /* type and code */
	packet.destination_port = (u16)number;
	return packet;
}

static void start_with(const struct test_configuration *configuration)
{
	waits = 0;
	tables = test_gateway_start(configuration);
}

static int start(void **state)
{
	static const struct test_configuration configuration = {
		.pools = TEST_POOL("p", "198.51.100.1", "198.51.100.2", 1024, 65535),
		.rules = TEST_RULE("all", "pool", "'p'"),
		.maximum_flows = MANY_FLOWS,
	};

	(void)state;
	start_with(&configuration);
	return 0;
}

/* One port, so that whoever wants it next shows whether it is free. */
static int start_small(void **state)
{
	static const struct test_configuration configuration = {
		.pools = TEST_POOL("p", "198.51.100.1", "198.51.100.1", 5000, 5000),
		.rules = TEST_RULE("all", "pool", "'p'"),
		.maximum_flows = FLOWS_MIN,
	};

	(void)state;
	start_with(&configuration);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	test_gateway_stop();
	return 0;
}

static struct flow *open_flow(const struct test_packet *packet)
{
	assert_int_equal(test_gateway_receive(TEST_INSIDE, packet).reason, REASON_translated_out);
	return test_gateway_flow(packet);
}

static u32 slot_of(const struct flow *flow)
{
	return (u32)(flow - tables->flows) + 1;
}

static u64 hash_of(const struct flow *flow)
{
	return flow_hash(tables->control, &flow->inside, &flow->remote, flow->ports,
			 flow->protocol, flow->family);
}

static void count_wait(void)
{
	waits++;
}

static struct collector_pass pass_at(u32 now_s)
{
	return (struct collector_pass){
		.now_s = now_s, .config = test_gateway_config(), .wait = count_wait,
		.nexthop_generation = nexthop_generation(tables->control)};
}

static void walk(struct collector_pass *pass)
{
	collector_walk(tables, pass, 0, tables->control->flow_capacity);
}

/* docs/packet-path.md, section 7: more seconds than the timeout, not as many */
static void assert_lives_for(const struct flow *flow, u32 timeout_s)
{
	assert_int_equal(test_gateway_collect(START_S + timeout_s), 0);
	assert_int_equal(flow->life, FLOW_LIVE);
	assert_int_equal(test_gateway_collect(START_S + timeout_s + 1), 1);
	assert_int_equal(flow->life, FLOW_FREE);
	test_gateway_assert_sound();
}

/* [RFC4787 REQ-5] [RFC5508 REQ-2] [RFC7857 section 11] */
static void udp_and_queries_have_their_timeouts(void **state)
{
	struct test_packet packet = udp(1);

	(void)state;
	assert_lives_for(open_flow(&packet), TEST_UDP_S);
	packet = echo(1);
	assert_lives_for(open_flow(&packet), TEST_ICMP_S);
}

/* The flow after the segments, each of them from inside unless it says IN. */
enum { IN = 0x80 };

static struct flow *tcp_flow_after(const u8 *segments, size_t count)
{
	struct test_packet packet = tcp(1, TCP_SYN);
	struct flow *flow = open_flow(&packet);

	for (size_t i = 0; i < count; i++) {
		struct test_packet next = segments[i] & IN ? test_gateway_answer(flow) : packet;

		next.tcp_flags = segments[i] & (u8)~IN;
		assert_int_equal(
			test_gateway_receive(segments[i] & IN ? TEST_OUTSIDE : TEST_INSIDE, &next)
				.action,
			VERDICT_FORWARD);
	}
	return flow;
}

#define AFTER(...) tcp_flow_after((const u8[]){__VA_ARGS__}, sizeof((const u8[]){__VA_ARGS__}))

/* [RFC5382 REQ-5] */
static void the_state_of_tcp_decides_its_timeout(void **state)
{
	const u8 syn_ack = TCP_SYN | TCP_ACK | IN;

	(void)state;
	assert_lives_for(AFTER(TCP_SYN), TEST_OPENING_S);
	assert_lives_for(AFTER(syn_ack), TEST_OPENING_S);
	assert_lives_for(AFTER(syn_ack, TCP_ACK), TEST_ESTABLISHED_S);
	assert_lives_for(AFTER(syn_ack, TCP_ACK, TCP_FIN | TCP_ACK), TEST_CLOSING_S);
	assert_lives_for(AFTER(syn_ack, TCP_ACK, TCP_FIN | IN), TEST_CLOSING_S);
	assert_lives_for(AFTER(syn_ack, TCP_ACK, TCP_FIN, TCP_FIN | IN), TEST_CLOSING_S);
	assert_lives_for(AFTER(syn_ack, TCP_ACK, TCP_RST | IN), TEST_CLOSING_S);
	assert_lives_for(AFTER(syn_ack, TCP_ACK, TCP_RST, TCP_SYN), TEST_OPENING_S);
}

#define APPLICATION(protocol, low, high, timeout)                                              \
	"{'name':'x','protocol':" #protocol ",'any_port':false,'source_ports':"                \
	"{'low':0,'high':65535},'destination_ports':{'low':" #low ",'high':" #high "},"        \
	"'inactivity_timeout':" #timeout "}"
#define RULE_FOR(name, applications)                                                           \
	"{'name':'" name "','source_addresses':[],'destination_addresses':[],"                 \
	"'source_ports':[],'destination_ports':[],'protocols':[],"                             \
	"'applications':[" applications "],'action':'pool','pool':'p',"                        \
	"'persistent_nat':null,'alarm_raise':0,'alarm_clear':0}"

static const struct test_configuration with_applications = {
	.pools = TEST_POOL("p", "198.51.100.1", "198.51.100.2", 1024, 65535),
	.rules = RULE_FOR("all", APPLICATION(17, 53, 53, 20) "," APPLICATION(17, 50, 60, 1000) ","
			  APPLICATION(17, 70, 70, 0) "," APPLICATION(6, 53, 53, 9000) ","
			  "{'name':'x','protocol':1,'any_port':true,'source_ports':"
			  "{'low':0,'high':65535},'destination_ports':{'low':0,'high':65535},"
			  "'inactivity_timeout':5}"),
	.maximum_flows = MANY_FLOWS,
};

static int start_with_applications(void **state)
{
	(void)state;
	start_with(&with_applications);
	return 0;
}

static struct flow *open_flow_to(u16 port)
{
	struct test_packet packet = udp(1);

	packet.destination_port = port;
	return open_flow(&packet);
}

/* [RFC4787 REQ-5a] */
static void the_first_application_that_fits_decides(void **state)
{
	struct test_packet query = echo(1);

	(void)state;
	assert_lives_for(open_flow_to(53), 20);
	assert_lives_for(open_flow_to(55), 1000);
	assert_lives_for(open_flow_to(70), TEST_UDP_S);
	assert_lives_for(open_flow(&query), 5);
}

/* [RFC5382 REQ-5] */
static void an_application_leaves_opening_and_closing_alone(void **state)
{
	const u8 syn_ack = TCP_SYN | TCP_ACK | IN;

	(void)state;
	assert_lives_for(AFTER(syn_ack), TEST_OPENING_S);
	assert_lives_for(AFTER(syn_ack, TCP_ACK), 9000);
	assert_lives_for(AFTER(syn_ack, TCP_ACK, TCP_FIN | TCP_ACK), TEST_CLOSING_S);
	assert_lives_for(AFTER(syn_ack, TCP_ACK, TCP_RST | IN), TEST_CLOSING_S);
}

/* What is in force decides, as with the timeouts of protocols. */
static void a_commit_changes_the_timeouts_of_applications(void **state)
{
	struct test_configuration other = with_applications;
	struct flow *flow = open_flow_to(53);

	(void)state;
	other.rules = RULE_FOR("first", APPLICATION(17, 1, 1, 7)) ","
		      RULE_FOR("all", APPLICATION(17, 53, 53, 30));
	test_gateway_commit(&other);
	assert_lives_for(flow, 30);
	flow = open_flow_to(53);
	other.rules = RULE_FOR("all", APPLICATION(17, 54, 54, 30));
	test_gateway_commit(&other); /* the rule is there, and matches the flow no more */
	assert_lives_for(flow, TEST_UDP_S);
	other.rules = RULE_FOR("all", APPLICATION(17, 53, 53, 30));
	test_gateway_commit(&other);
	flow = open_flow_to(53);
	other.rules = RULE_FOR("another", APPLICATION(17, 53, 53, 30));
	test_gateway_commit(&other); /* the flow's rule is gone */
	assert_lives_for(flow, TEST_UDP_S);
}

/* [RFC4787 REQ-6] */
static void a_packet_of_either_side_revives_a_flow_that_has_idled(void **state)
{
	struct test_packet out = udp(1), in;
	struct flow *flow = open_flow(&out);

	(void)state;
	in = test_gateway_answer(flow);
	for (u32 i = 1; i <= 4; i++) {
		test_env_set_time(START_S + 2 * i * TEST_UDP_S);
		assert_int_equal(i % 2 ? test_gateway_receive(TEST_OUTSIDE, &in).reason
				       : test_gateway_receive(TEST_INSIDE, &out).reason,
				 i % 2 ? REASON_translated_in : REASON_translated_out);
		assert_int_equal(test_gateway_collect(START_S + 2 * i * TEST_UDP_S), 0);
	}
	assert_int_equal(flow->life, FLOW_LIVE);
}

/* A packet's clock may be ahead of the collector's by a little, and both go round. */
static void a_clock_that_is_behind_or_wraps_ends_nothing(void **state)
{
	struct test_packet packet = udp(1);
	struct flow *flow;

	(void)state;
	test_env_set_time(~0u - 10);
	flow = open_flow(&packet);
	assert_int_equal(test_gateway_collect(~0u - 12), 0);
	assert_int_equal(test_gateway_collect(TEST_UDP_S - 11), 0);
	assert_int_equal(flow->life, FLOW_LIVE);
	assert_int_equal(test_gateway_collect(TEST_UDP_S - 10), 1);
}

/* What packets see while the grace period lasts. */
static struct flow *waiting_flow;

static void look_while_waiting(void)
{
	struct test_packet packet = udp(2), answer = test_gateway_answer(waiting_flow);

	if (waits++)
		return; /* the second is for the index alone */
	assert_int_equal(waiting_flow->life, FLOW_DYING);
	assert_int_equal(test_gateway_receive(TEST_INSIDE, &packet).reason,
			 REASON_source_nat_pool_exhausted);
	assert_int_equal(test_gateway_receive(TEST_OUTSIDE, &answer).reason,
			 REASON_filtered_inbound);
	packet = udp(1); /* the same host and port: not found, and not opened on the old port */
	assert_int_equal(test_gateway_receive(TEST_INSIDE, &packet).reason,
			 REASON_source_nat_pool_exhausted);
	for (u32 i = 0; i < FREE_STACKS; i++)
		assert_int_not_equal((u32)tables->control->free_stacks[i].head,
				     slot_of(waiting_flow));
}

/* [INV-RECLAIM] port and slot are free only when the grace period is over [RFC6888 REQ-8] */
static void a_port_is_used_again_only_after_the_grace_period(void **state)
{
	struct test_packet first = udp(1), second = udp(2);
	struct collector_pass pass;

	(void)state;
	waiting_flow = open_flow(&first);
	pass = pass_at(START_S + TEST_UDP_S + 1);
	pass.wait = look_while_waiting;
	walk(&pass);
	assert_int_equal(waits, 2);
	assert_int_equal(pass.reclaimed, 1);
	assert_int_equal(pass.ended, 1);
	assert_int_equal(open_flow(&second)->port, __builtin_bswap16(5000));
	test_gateway_assert_sound();
}

/*
 * [INV-FLOW-2] Whoever saw the place empty may announce an intent for it during the first grace
 * period, and whoever meets that intent may carry it out as late as during the second.
 */
static u32 *waiting_entry;

static void help_late(void)
{
	waits++;
	assert_int_equal(*waiting_entry, BUCKET_TOMBSTONE);
	assert_false(atomic_replace(waiting_entry, 0, 17));
}

static void a_place_in_the_index_rests_for_two_grace_periods(void **state)
{
	struct test_packet packet = udp(1);
	const struct flow *flow = open_flow(&packet);
	struct collector_pass pass = pass_at(START_S + TEST_UDP_S + 1);

	(void)state;
	waiting_entry =
		flow_entry(flow_home_bucket(tables->control, hash_of(flow)), slot_of(flow));
	assert_non_null(waiting_entry);
	pass.wait = help_late;
	walk(&pass);
	assert_int_equal(waits, 2);
	assert_int_equal(*waiting_entry, 0);
}

/* A flow whose creator is between claiming its port and publishing it. */
static struct flow *unpublished;

static void publish_late(void)
{
	struct flow_key key;

	if (waits++)
		return;
	flow_key_of(unpublished, &key);
	assert_int_equal(flow_publish(&key, slot_of(unpublished)), slot_of(unpublished));
}

/* [INV-RECLAIM] a flow that is ended before it is published leaves no entry behind. */
static void a_flow_that_is_ended_while_it_is_published_leaves_nothing(void **state)
{
	struct test_packet packet = udp(1);
	struct collector_pass pass = pass_at(START_S + TEST_UDP_S + 1);
	u32 *entry;

	(void)state;
	unpublished = open_flow(&packet);
	entry = flow_entry(flow_home_bucket(tables->control, hash_of(unpublished)),
			   slot_of(unpublished));
	*entry = 0;
	pass.wait = publish_late;
	walk(&pass);
	assert_int_equal(waits, 3);
	assert_int_equal(pass.reclaimed, 1);
	assert_int_equal(unpublished->life, FLOW_FREE);
	assert_int_equal(*entry, 0);
	test_gateway_assert_sound();
}

static u64 own_intent;

static void carry_out_late(void)
{
	struct flow_bucket *home =
		&tables->buckets[flow_home_bucket(tables->control, hash_of(unpublished))];

	if (!waits++)
		assert_true(intent_carry_out(tables->control, home, own_intent));
}

/* [INV-RECLAIM] The same if the collector itself has entered it, meeting the creator's intent. */
static void a_flow_that_is_ended_when_it_was_entered_is_not_entered_again(void **state)
{
	struct test_packet packet = udp(1);
	struct collector_pass pass = pass_at(START_S + TEST_UDP_S + 1);
	struct flow_bucket *home;
	u32 *entry;

	(void)state;
	unpublished = open_flow(&packet);
	home = &tables->buckets[flow_home_bucket(tables->control, hash_of(unpublished))];
	entry = flow_entry(flow_home_bucket(tables->control, hash_of(unpublished)),
			   slot_of(unpublished));
	own_intent = intent_next(home->intent, *entry, (u32)(entry - home->entries));
	home->intent = own_intent;
	*entry = 0;
	pass.wait = carry_out_late;
	walk(&pass);
	assert_int_equal(waits, 2);
	assert_int_equal(pass.reclaimed, 1);
	test_gateway_assert_sound();
}

static u32 *dying_entry;

static void announce_and_be_killed(void)
{
	struct flow_bucket *home =
		&tables->buckets[flow_home_bucket(tables->control, hash_of(unpublished))];

	if (!waits++)
		home->intent = intent_next(home->intent,
					   flow_tag(hash_of(unpublished)) | slot_of(unpublished),
					   (u32)(dying_entry - home->entries));
}

/*
 * [INV-FLOW-2] A creator that has entered its flow, and is killed before it takes its intent back,
 * leaves nothing that anybody could carry out when the flow is gone.
 */
static void an_intent_whose_process_was_killed_ends_with_its_flow(void **state)
{
	struct test_packet packet = udp(1);
	struct collector_pass pass = pass_at(START_S + TEST_UDP_S + 1);
	struct flow_bucket *home;

	(void)state;
	unpublished = open_flow(&packet);
	home = &tables->buckets[flow_home_bucket(tables->control, hash_of(unpublished))];
	dying_entry = flow_entry(flow_home_bucket(tables->control, hash_of(unpublished)),
				 slot_of(unpublished));
	pass.wait = announce_and_be_killed;
	walk(&pass);
	assert_int_equal(waits, 2);
	assert_int_equal(pass.reclaimed, 1);
	assert_int_equal(intent_slot(home->intent), 0);
	assert_int_equal(*dying_entry, 0);
	test_gateway_assert_sound();
}

static void retire_late(void)
{
	if (!waits++)
		flow_retire(unpublished);
}

/* [INV-RECLAIM] A creator that finds the key taken gives its port back, and was never counted. */
static void a_flow_that_is_ended_before_it_loses_the_race_is_not_counted_down(void **state)
{
	struct test_packet packet = udp(1);
	struct collector_pass pass = pass_at(START_S + TEST_UDP_S + 1);

	(void)state;
	unpublished = open_flow(&packet);
	*flow_entry(flow_home_bucket(tables->control, hash_of(unpublished)),
		    slot_of(unpublished)) = 0;
	tables->rule_counters[unpublished->rule].flows--;
	tables->pool_counters[unpublished->pool].flows--;
	pass.wait = retire_late;
	walk(&pass);
	assert_int_equal(pass.reclaimed, 1);
	assert_int_equal(unpublished->life, FLOW_FREE);
	test_gateway_assert_sound();
}

/* Thousands of flows end at once: each batch waits once, and the index in the end. */
static void many_flows_share_a_grace_period(void **state)
{
	struct collector_pass pass;

	(void)state;
	for (u32 i = 0; i < MANY_FLOWS; i++) {
		struct test_packet packet = udp(i);

		(void)open_flow(&packet);
	}
	pass = pass_at(START_S + TEST_UDP_S + 1);
	walk(&pass);
	assert_int_equal(pass.reclaimed, MANY_FLOWS);
	assert_int_equal(waits, 3);
	test_gateway_assert_sound();
}

static void nothing_to_free_is_nothing_to_wait_for(void **state)
{
	struct test_packet packet = udp(1);
	struct collector_pass pass = pass_at(START_S);

	(void)state;
	(void)open_flow(&packet);
	walk(&pass);
	assert_int_equal(pass.live, 1);
	assert_int_equal(waits, 0);
}

/* [INV-BOUNDED] a full table refuses by name, and takes new flows when old ones have gone */
static void a_full_table_empties_and_fills_again(void **state)
{
	struct test_packet packet;

	(void)state;
	for (u32 round = 0; round < 3; round++) {
		u32 now_s = START_S + round * 2 * TEST_UDP_S;

		test_env_set_time(now_s);
		for (u32 i = 0; i < MANY_FLOWS; i++) {
			packet = udp(i);
			(void)open_flow(&packet);
		}
		packet = udp(MANY_FLOWS);
		assert_int_equal(test_gateway_receive(TEST_INSIDE, &packet).reason,
				 REASON_flow_table_full);
		test_gateway_assert_sound();
		assert_int_equal(test_gateway_collect(now_s + TEST_UDP_S + 1), MANY_FLOWS);
	}
}

static bool has_even_port(const struct flow *flow, void *context)
{
	(*(u32 *)context)++;
	return __builtin_bswap16(flow->inside_port) % 2 == 0;
}

static void a_predicate_ends_the_flows_it_holds_for(void **state)
{
	struct collector_pass pass = pass_at(START_S);
	u32 asked = 0;

	(void)state;
	for (u32 i = 0; i < 100; i++) {
		struct test_packet packet = udp(i);

		(void)open_flow(&packet);
	}
	pass.ends = has_even_port;
	pass.context = &asked;
	walk(&pass);
	assert_int_equal(asked, 100);
	assert_int_equal(pass.ended, 50);
	assert_int_equal(pass.reclaimed, 50);
	assert_int_equal(pass.live, 50);
	test_gateway_assert_sound();
}

static void a_walk_keeps_to_its_slots(void **state)
{
	struct collector_pass pass = pass_at(START_S + TEST_UDP_S + 1);

	(void)state;
	for (u32 i = 0; i < MANY_FLOWS; i++) {
		struct test_packet packet = udp(i);

		(void)open_flow(&packet);
	}
	collector_walk(tables, &pass, 100, 50);
	assert_int_equal(pass.reclaimed, 50);
	for (u32 i = 100; i < 150; i++)
		assert_int_equal(tables->flows[i].life, FLOW_FREE);
	collector_walk(tables, &pass, MANY_FLOWS - 10, 50);
	assert_int_equal(pass.reclaimed, 60);
}

/* The remains of a lost race hold no port, whoever has it now. */
static void a_retired_slot_is_freed_without_its_port(void **state)
{
	struct test_packet packet = udp(1);
	struct flow *flow = open_flow(&packet), *retired;
	u32 slot = flow_pop_free(tables->control);

	(void)state;
	retired = env_flow(slot - 1);
	*retired = *flow;
	retired->life = FLOW_RETIRED;
	assert_int_equal(test_gateway_collect(START_S), 1);
	assert_int_equal(retired->life, FLOW_FREE);
	assert_int_equal(test_gateway_receive(TEST_INSIDE, &packet).reason, REASON_translated_out);
	test_gateway_assert_sound();
}

/* A process killed in the middle: the next one's pass finishes what it finds DYING. */
static void a_pass_that_was_cut_short_is_finished(void **state)
{
	struct test_packet packet = udp(1);
	struct flow *flow = open_flow(&packet);

	(void)state;
	flow->life = FLOW_DYING;
	assert_int_equal(test_gateway_collect(START_S), 1);
	assert_int_equal(flow->life, FLOW_FREE);
	test_gateway_assert_sound();
}

/* [INV-FLOW-1] an insertion that nobody has completed yet does not come back afterwards */
static void an_insertion_under_way_is_settled_before_its_flow_ends(void **state)
{
	struct test_packet packet = udp(1);
	struct flow *flow = open_flow(&packet);
	u32 slot = slot_of(flow);
	u64 hash = hash_of(flow);
	struct flow_bucket *home = env_bucket(flow_home_bucket(tables->control, hash));

	(void)state;
	*flow_entry(flow_home_bucket(tables->control, hash), slot) = 0;
	home->intent = intent_next(home->intent, flow_tag(hash) | slot, 3);
	flow->life = FLOW_ENDING;
	assert_int_equal(test_gateway_collect(START_S), 1);
	assert_int_equal(intent_slot(home->intent), 0);
	assert_int_equal(home->entries[3], 0);
	test_gateway_assert_sound();
}

/* An answer of the kernel that is one generation old is not believed when its number returns. */
static void next_hops_of_other_generations_are_forgotten(void **state)
{
	struct test_packet out = udp(1), in;
	struct flow *flow = open_flow(&out);

	(void)state;
	in = test_gateway_answer(flow);
	(void)test_gateway_receive(TEST_OUTSIDE, &in);
	assert_int_not_equal(flow->nexthop_out, NEXTHOP_NONE);
	assert_int_not_equal(flow->nexthop_in, NEXTHOP_NONE);
	(void)test_gateway_collect(START_S);
	assert_int_not_equal(flow->nexthop_out, NEXTHOP_NONE);
	tables->control->nexthop_generation++;
	(void)test_gateway_collect(START_S);
	assert_int_equal(flow->nexthop_out, NEXTHOP_NONE);
	assert_int_equal(flow->nexthop_in, NEXTHOP_NONE);
}

/* A pool of one port, which rests for a minute. */
static int start_resting(void **state)
{
	static const struct test_configuration configuration = {
		.pools = TEST_POOL("p", "198.51.100.1", "198.51.100.1", 5000, 5000),
		.rules = TEST_RULE("all", "pool", "'p'"),
		.port_hold_down_s = 60,
		.maximum_flows = FLOWS_MIN,
	};

	(void)state;
	start_with(&configuration);
	return 0;
}

/* [RFC6888 REQ-8] [INV-REST] the slot is free at once, the port a minute later */
static void a_port_rests_after_its_flow(void **state)
{
	struct test_packet first = udp(1), second = udp(2), late = udp(1);
	const u32 end_s = START_S + TEST_UDP_S + 1;

	(void)state;
	late = test_gateway_answer(open_flow(&first));
	assert_int_equal(test_gateway_collect(end_s), 1);
	assert_int_equal(test_gateway_receive(TEST_INSIDE, &second).reason,
			 REASON_source_nat_pool_exhausted);
	assert_int_equal(test_gateway_receive(TEST_OUTSIDE, &late).reason, REASON_filtered_inbound);
	test_gateway_assert_sound();
	(void)test_gateway_collect(end_s + 59);
	assert_int_equal(test_gateway_receive(TEST_INSIDE, &second).reason,
			 REASON_source_nat_pool_exhausted);
	(void)test_gateway_collect(end_s + 60);
	(void)open_flow(&second);
	test_gateway_assert_sound();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(udp_and_queries_have_their_timeouts),
		TEST(the_state_of_tcp_decides_its_timeout),
		cmocka_unit_test_setup_teardown(the_first_application_that_fits_decides,
						start_with_applications, stop),
		cmocka_unit_test_setup_teardown(an_application_leaves_opening_and_closing_alone,
						start_with_applications, stop),
		cmocka_unit_test_setup_teardown(a_commit_changes_the_timeouts_of_applications,
						start_with_applications, stop),
		TEST(a_packet_of_either_side_revives_a_flow_that_has_idled),
		TEST(a_clock_that_is_behind_or_wraps_ends_nothing),
		cmocka_unit_test_setup_teardown(a_port_is_used_again_only_after_the_grace_period,
						start_small, stop),
		cmocka_unit_test_setup_teardown(a_port_rests_after_its_flow, start_resting, stop),
		TEST(a_place_in_the_index_rests_for_two_grace_periods),
		TEST(a_flow_that_is_ended_while_it_is_published_leaves_nothing),
		TEST(a_flow_that_is_ended_when_it_was_entered_is_not_entered_again),
		TEST(an_intent_whose_process_was_killed_ends_with_its_flow),
		TEST(a_flow_that_is_ended_before_it_loses_the_race_is_not_counted_down),
		TEST(many_flows_share_a_grace_period),
		TEST(nothing_to_free_is_nothing_to_wait_for),
		TEST(a_full_table_empties_and_fills_again),
		TEST(a_predicate_ends_the_flows_it_holds_for),
		TEST(a_walk_keeps_to_its_slots),
		TEST(a_retired_slot_is_freed_without_its_port),
		TEST(a_pass_that_was_cut_short_is_finished),
		TEST(an_insertion_under_way_is_settled_before_its_flow_ends),
		TEST(next_hops_of_other_generations_are_forgotten),
	};

	return cmocka_run_group_tests_name("collector", tests, NULL, NULL);
}
