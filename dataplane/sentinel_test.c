/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sentinel: what it compares and what not, and that a form which judges otherwise is
 * noticed, with its packet. The kernel's form is played by the native one here; the lab has both.
 */
#include "dataplane/sentinel.h"

#include <errno.h>

#include "core/nexthop.h"
#include "tests/env/test_env.h"
#include "tests/env/test_gateway.h"
#include "tests/env/unit.h"

static struct tables *tables;
static struct sentinel sentinel;

static const struct test_configuration configuration = {
	.pools = "{'name':'resi','addresses':[{'low':'198.51.100.1','high':'198.51.100.8'}],"
		 "'port_low':1024,'port_high':65535,"
		 "'address_persistent':true,'algorithm':'userspace-v1',"
			 TEST_POOL_PLAIN "}",
	.rules = TEST_RULE("all", "pool", "'resi'"),
	.maximum_flows = 1024};

/* One bit of the address is wrong, as it was when this project began. */
static int rehearse_wrongly(void *context, u8 *frame, u32 length, u32 ifindex, u32 half,
			    struct judgement *judgement)
{
	int result = sentinel_rehearse_natively(context, frame, length, ifindex, half, judgement);

	judgement->address ^= 1;
	return result;
}

static int rehearse_not_at_all(void *context, u8 *frame, u32 length, u32 ifindex, u32 half,
			       struct judgement *judgement)
{
	(void)context;
	(void)frame;
	(void)length;
	(void)ifindex;
	(void)half;
	(void)judgement;
	return -EPERM;
}

/* Every first packet is a sample. */
static int start(void **state)
{
	(void)state;
	tables = test_gateway_start(&configuration);
	tables->config[!tables_idle_half(tables)].parity_sample = 1;
	sentinel = (struct sentinel){
		.forms = {{sentinel_rehearse_natively, NULL}, {sentinel_rehearse_natively, NULL}}};
	sentinel_start(&sentinel, tables);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	test_gateway_stop();
	return 0;
}

static struct test_packet packet_of(u8 protocol, u32 host, u8 flags)
{
	struct test_packet packet = {
		.source = test_addr("10.0.1.0"), .destination = test_addr("203.0.113.5"),
		.protocol = protocol, .source_port = 4000, .destination_port = 53,
		.tcp_flags = flags, .payload_bytes = 700};

	packet.source.words[3] += __builtin_bswap32(host);
	return packet;
}

static void receive(u8 protocol, u32 host, u8 flags)
{
	struct test_packet packet = packet_of(protocol, host, flags);

	(void)test_gateway_receive(TEST_INSIDE, &packet);
}

static void first_packets_are_judged_again_and_leave_no_trace(void **state)
{
	struct owner_counters before;

	(void)state;
	for (u32 host = 1; host <= 20; host++)
		receive(PROTOCOL_UDP, host, 0);
	receive(PROTOCOL_TCP, 30, TCP_SYN);
	receive(PROTOCOL_TCP, 31, TCP_ACK); /* refused */
	receive(PROTOCOL_UDP, 1, 0);        /* not a first packet */
	before = tables->rule_counters[1];
	assert_int_equal(sentinel_look(&sentinel, tables), 0);
	assert_int_equal(sentinel.compared, 22);
	assert_int_equal(sentinel.due, 22);
	assert_memory_equal(&before, &tables->rule_counters[1], sizeof(before));
	test_gateway_assert_sound();
	assert_int_equal(sentinel_look(&sentinel, tables), 0);
	assert_int_equal(sentinel.compared, 22);
}

static void a_form_that_judges_otherwise_is_noticed(void **state)
{
	struct test_packet packet = packet_of(PROTOCOL_UDP, 7, 0);
	struct test_frame frame;

	(void)state;
	sentinel.forms[FORM_KERNEL].rehearse = rehearse_wrongly;
	receive(PROTOCOL_UDP, 7, 0);
	assert_int_equal(sentinel_look(&sentinel, tables), 1);
	assert_int_equal(sentinel.mismatches, 1);
	assert_int_equal(sentinel.last.form, FORM_NATIVE);
	assert_int_equal(sentinel.last_said[FORM_NATIVE].address, sentinel.last.judgement.address);
	assert_int_equal(sentinel.last_said[FORM_KERNEL].address,
			 sentinel.last.judgement.address ^ 1);
	test_gateway_frame(&frame, TEST_INSIDE, &packet);
	assert_int_equal(sentinel.last.length, test_frame_bytes(&frame));
	assert_memory_equal(sentinel.last.head, frame.frame.start, SAMPLE_HEAD_BYTES);
}

static void what_is_no_longer_in_force_is_not_compared(void **state)
{
	(void)state;
	receive(PROTOCOL_UDP, 1, 0);
	tables->control->nexthop_generation++;
	receive(PROTOCOL_UDP, 2, 0);
	test_gateway_commit(&configuration);
	assert_int_equal(sentinel_look(&sentinel, tables), 0);
	assert_int_equal(sentinel.due, 2);
	assert_int_equal(sentinel.compared, 0);
}

static void samples_without_a_free_place_are_not_taken(void **state)
{
	(void)state;
	for (u32 host = 1; host <= SAMPLE_CAPACITY + 10; host++)
		receive(PROTOCOL_UDP, host, 0);
	assert_int_equal(sentinel_look(&sentinel, tables), 0);
	assert_int_equal(sentinel.due, SAMPLE_CAPACITY + 10);
	assert_int_equal(sentinel.compared, SAMPLE_CAPACITY);
	receive(PROTOCOL_UDP, SAMPLE_CAPACITY + 11, 0);
	assert_int_equal(sentinel_look(&sentinel, tables), 0);
	assert_int_equal(sentinel.compared, SAMPLE_CAPACITY + 1);
}

static void places_of_a_process_that_was_killed_are_free_again(void **state)
{
	(void)state;
	for (u32 i = 0; i < SAMPLE_CAPACITY; i++)
		tables->control->samples.samples[i].state = SAMPLE_BUSY;
	sentinel_start(&sentinel, tables);
	receive(PROTOCOL_UDP, 1, 0);
	assert_int_equal(sentinel_look(&sentinel, tables), 0);
	assert_int_equal(sentinel.compared, 1);
}

static void a_form_that_does_not_answer_is_a_failure_and_no_mismatch(void **state)
{
	(void)state;
	sentinel.forms[FORM_KERNEL].rehearse = rehearse_not_at_all;
	receive(PROTOCOL_UDP, 1, 0);
	assert_int_equal(sentinel_look(&sentinel, tables), 0);
	assert_int_equal(sentinel.failures, 1);
	assert_int_equal(sentinel.compared, 0);
}

static void as_many_are_sampled_as_was_asked_for(void **state)
{
	(void)state;
	tables->config[!tables_idle_half(tables)].parity_sample = 0;
	receive(PROTOCOL_UDP, 1, 0);
	assert_int_equal(tables->control->sample_count, 0);
	tables->config[!tables_idle_half(tables)].parity_sample = 10;
	for (u32 host = 2; host < 802; host++)
		receive(PROTOCOL_UDP, host, 0);
	assert_in_range(tables->control->sample_count, 30, 160); /* 80 +- 9 standard deviations */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(first_packets_are_judged_again_and_leave_no_trace),
		TEST(a_form_that_judges_otherwise_is_noticed),
		TEST(what_is_no_longer_in_force_is_not_compared),
		TEST(samples_without_a_free_place_are_not_taken),
		TEST(places_of_a_process_that_was_killed_are_free_again),
		TEST(a_form_that_does_not_answer_is_a_failure_and_no_mismatch),
		TEST(as_many_are_sampled_as_was_asked_for),
	};

	return cmocka_run_group_tests_name("sentinel", tests, NULL, NULL);
}
