/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every kind of damage is found, by its name, and put right without ending a flow that is sound.
 */
#include "dataplane/audit.h"

#include "core/open.h"
#include "tests/env/test_env.h"
#include "tests/env/test_gateway.h"
#include "tests/env/unit.h"

static const struct test_configuration configuration = {
	.pools = TEST_POOL("p", "198.51.100.1", "198.51.100.2", 1024, 2047),
	.rules = TEST_RULE("all", "pool", "'p'"),
	.port_hold_down_s = 90,
	.maximum_flows = 256,
};

enum { FLOWS = 8, RULE_ID = 1, POOL_ID = 1 };

static struct tables *tables;
static struct flow *flows[FLOWS];
static u32 waits;

static struct test_packet packet_of(u32 number)
{
	return (struct test_packet){
		.source = test_addr("10.0.0.1"), .destination = test_addr("203.0.113.5"),
		.protocol = PROTOCOL_UDP, .source_port = (u16)(4000 + number),
		.destination_port = 53};
}

static int start(void **state)
{
	(void)state;
	waits = 0;
	tables = test_gateway_start(&configuration);
	for (u32 i = 0; i < FLOWS; i++) {
		struct test_packet packet = packet_of(i);

		if (test_gateway_receive(TEST_INSIDE, &packet).reason != REASON_translated_out)
			return -1;
		flows[i] = test_gateway_flow(&packet);
	}
	return 0;
}

static int stop(void **state)
{
	(void)state;
	test_gateway_stop();
	return 0;
}

static u32 slot_of(const struct flow *flow)
{
	return (u32)(flow - tables->flows) + 1;
}

static struct port_space *space_of(const struct flow *flow)
{
	return &tables->ports[flow->address]->spaces[port_protocol_of(flow->protocol)];
}

static u32 *owner_of(const struct flow *flow)
{
	return &space_of(flow)->owners[__builtin_bswap16(flow->port)];
}

static u64 hash_of(const struct flow *flow)
{
	return flow_hash(tables->control, &flow->inside, &flow->remote, flow->ports,
			 flow->protocol, flow->family);
}

static u32 *entry_of(const struct flow *flow)
{
	u64 hash = hash_of(flow);
	u32 *entry = flow_entry(flow_home_bucket(tables->control, hash), slot_of(flow));

	return entry ? entry
		     : flow_entry(flow_other_bucket(tables->control, hash), slot_of(flow));
}

static void count_wait(void)
{
	waits++;
}

static struct audit audit_with(bool repairing)
{
	struct audit audit;

	assert_int_equal(audit_run(tables, repairing, count_wait, &audit), 0);
	return audit;
}

static void assert_only(const struct audit *audit, enum audit_finding finding, u64 count)
{
	for (enum audit_finding f = 0; f < AUDIT_FINDING_COUNT; f++)
		if (audit->findings[f] != (f == finding ? count : 0))
			fail_msg("%s: %llu findings", audit_finding_name(f), audit->findings[f]);
}

/* The damage is seen each time it is looked for, is repaired once, and leaves nothing behind. */
static void assert_found_and_repaired(enum audit_finding finding, u64 count)
{
	struct audit audit = audit_with(false);

	assert_only(&audit, finding, count);
	assert_int_equal(audit.repaired, 0);
	audit = audit_with(true);
	assert_only(&audit, finding, count);
	assert_int_equal(audit.repaired, count);
	(void)test_gateway_collect(1000);
	test_gateway_assert_sound();
}

/* => how many of the flows still translate both ways as they did */
static u32 flows_that_work(void)
{
	u32 working = 0;

	for (u32 i = 0; i < FLOWS; i++) {
		struct test_packet out = packet_of(i), in = test_gateway_answer(flows[i]);

		working += test_gateway_flow(&out) == flows[i] &&
			   test_gateway_receive(TEST_INSIDE, &out).reason ==
				   REASON_translated_out &&
			   test_gateway_receive(TEST_OUTSIDE, &in).reason == REASON_translated_in;
	}
	return working;
}

static void sound_tables_have_no_findings(void **state)
{
	struct audit audit = audit_with(true);

	(void)state;
	assert_int_equal(audit_total(&audit), 0);
	assert_int_equal(audit.repaired, 0);
	assert_int_equal(audit.flows, FLOWS);
	assert_int_equal(audit.ports, FLOWS);
	assert_int_equal(audit.free_slots, configuration.maximum_flows - FLOWS);
	assert_true(waits > 0);
	assert_int_equal(flows_that_work(), FLOWS);
}

/* [INV-ALIAS] the port's owner keeps the tuple, the other flow ends */
static void an_alias_ends_the_flow_that_does_not_own_the_port(void **state)
{
	(void)state;
	*owner_of(flows[1]) = PORT_FREE;
	ports_release(space_of(flows[1]), __builtin_bswap16(flows[1]->port));
	flows[1]->address = flows[0]->address;
	flows[1]->port = flows[0]->port;
	assert_found_and_repaired(AUDIT_flow_without_port, 1);
	assert_int_equal(flows[1]->life, FLOW_FREE);
	assert_int_equal(flows_that_work(), FLOWS - 1);
}

/* A port that nobody has is given back to its flow, which goes on. */
static void a_flow_gets_its_port_back(void **state)
{
	struct audit audit;

	(void)state;
	*owner_of(flows[2]) = PORT_FREE;
	audit = audit_with(false);
	assert_int_equal(audit.findings[AUDIT_flow_without_port], 1);
	audit = audit_with(true);
	assert_int_equal(audit.repaired, 1);
	test_gateway_assert_sound();
	assert_int_equal(flows_that_work(), FLOWS);
}

/* [INV-PORT-1] */
static void a_leaked_port_is_released(void **state)
{
	struct port_space *space = space_of(flows[0]);
	__be16 port;

	(void)state;
	assert_true(ports_claim(space, 1024, 2047, 1024, 200, &port));
	assert_found_and_repaired(AUDIT_port_without_flow, 1);
	assert_int_equal(space->owners[__builtin_bswap16(port)], PORT_FREE);
	assert_int_equal(flows_that_work(), FLOWS);
}

static void a_port_of_a_flow_that_has_another_is_released(void **state)
{
	__be16 port;

	(void)state;
	assert_true(ports_claim(space_of(flows[3]), 1024, 2047, 1024, slot_of(flows[3]), &port));
	assert_found_and_repaired(AUDIT_port_without_flow, 1);
	assert_int_equal(flows_that_work(), FLOWS);
}

static void an_owner_beyond_the_flow_table_is_none(void **state)
{
	__be16 port;

	(void)state;
	assert_true(ports_claim(space_of(flows[0]), 1024, 2047, 1024, FLOWS_MAX, &port));
	assert_found_and_repaired(AUDIT_port_without_flow, 1);
}

/* The gateway's own sockets' ports belong to no flow, and are no finding. */
static void ports_of_the_kernel_are_accounted_for(void **state)
{
	struct audit audit;

	(void)state;
	assert_true(ports_reserve(space_of(flows[0]), 3000)); /* which no flow can have */
	audit = audit_with(true);
	assert_int_equal(audit_total(&audit), 0);
	assert_int_equal(space_of(flows[0])->owners[3000], PORT_KERNEL);
}

/* [INV-PORT-2] */
static void a_free_port_without_its_bit_is_shown_again(void **state)
{
	struct port_space *space = space_of(flows[0]);

	(void)state;
	space->free_bits[5000 / PORTS_PER_WORD] &= ~(1ull << 5000 % PORTS_PER_WORD);
	assert_found_and_repaired(AUDIT_port_hidden, 1);
	assert_true(space->free_bits[5000 / PORTS_PER_WORD] >> 5000 % PORTS_PER_WORD & 1);
	assert_int_equal(flows_that_work(), FLOWS);
}

/* [INV-PORT-2] */
static void a_group_that_claims_to_be_full_is_opened_again(void **state)
{
	struct port_space *space = space_of(flows[0]);
	__be16 port;

	(void)state;
	space->group_free[63] = 3;
	assert_found_and_repaired(AUDIT_port_hidden, 1);
	for (u32 i = 0; i < PORTS_PER_GROUP; i++)
		assert_true(ports_claim(space, 64512, 65535, 64512, 1, &port));
}

/* A bit or a count that promises too much only costs a look [abi/ports.h]. */
static void hints_that_err_towards_looking_are_no_finding(void **state)
{
	struct port_space *space = space_of(flows[0]);
	u32 port = __builtin_bswap16(flows[0]->port);
	struct audit audit;

	(void)state;
	space->free_bits[port / PORTS_PER_WORD] |= 1ull << port % PORTS_PER_WORD;
	space->group_free[port / PORTS_PER_GROUP]++;
	audit = audit_with(false);
	assert_int_equal(audit_total(&audit), 0);
}

/* A flow that packets from inside do not find would be opened a second time. */
static void a_flow_without_an_entry_is_ended(void **state)
{
	struct test_packet packet = packet_of(4);

	(void)state;
	*entry_of(flows[4]) = 0;
	assert_found_and_repaired(AUDIT_flow_not_indexed, 1);
	assert_int_equal(flows_that_work(), FLOWS - 1);
	assert_int_equal(test_gateway_receive(TEST_INSIDE, &packet).reason, REASON_translated_out);
	test_gateway_assert_sound();
}

/* [INV-FLOW-1] of two flows with one key, the one that packets find goes on */
static void a_second_flow_with_the_same_key_is_ended(void **state)
{
	u64 hash = hash_of(flows[6]);
	struct flow_bucket *home = env_bucket(flow_home_bucket(tables->control, hash));
	u32 place = bucket_empty_place(home);

	(void)state;
	*entry_of(flows[5]) = 0;
	flows[5]->ports = flows[6]->ports;
	home->entries[place] = flow_tag(hash) | slot_of(flows[5]);
	assert_found_and_repaired(AUDIT_flow_not_indexed, 1);
	assert_int_equal(flows_that_work(), FLOWS - 1);
}

static void the_surplus_entry_of_a_flow_is_removed(void **state)
{
	u64 hash = hash_of(flows[7]);
	struct flow_bucket *other = env_bucket(flow_other_bucket(tables->control, hash));

	(void)state;
	other->entries[bucket_empty_place(other)] = *entry_of(flows[7]);
	assert_found_and_repaired(AUDIT_flow_indexed_twice, 1);
	assert_int_equal(flows_that_work(), FLOWS);
}

static void an_entry_that_leads_to_a_free_slot_is_removed(void **state)
{
	(void)state;
	tables->buckets[0].entries[BUCKET_ENTRIES - 1] = configuration.maximum_flows;
	tables->buckets[1].entries[BUCKET_ENTRIES - 1] = configuration.maximum_flows + 1;
	assert_found_and_repaired(AUDIT_entry_stray, 2);
	assert_int_equal(flows_that_work(), FLOWS);
}

/* No packet looks for the flow there, or none believes the entry. */
static void an_entry_in_a_strange_bucket_or_with_a_strange_tag_is_removed(void **state)
{
	u64 hash = hash_of(flows[0]);
	u32 strange = 0;

	(void)state;
	while (strange == flow_home_bucket(tables->control, hash) ||
	       strange == flow_other_bucket(tables->control, hash))
		strange++;
	tables->buckets[strange].entries[BUCKET_ENTRIES - 1] = *entry_of(flows[0]);
	env_bucket(flow_home_bucket(tables->control, hash))->entries[BUCKET_ENTRIES - 1] =
		*entry_of(flows[0]) ^ 1u << BUCKET_SLOT_BITS;
	assert_found_and_repaired(AUDIT_entry_stray, 2);
	assert_int_equal(flows_that_work(), FLOWS);
}

/*
 * [INV-RECLAIM] A collector that was killed while it waited for packets leaves flows DYING, with
 * tombstones in the index: the flows are the next one's, the places would be lost for ever.
 */
static void tombstones_of_a_killed_collector_are_removed(void **state)
{
	(void)state;
	for (u32 i = 0; i < 2; i++) {
		flows[i]->life = FLOW_DYING;
		*entry_of(flows[i]) = BUCKET_TOMBSTONE;
	}
	flows[2]->life = FLOW_DYING; /* it had not come to this one's entry */
	assert_found_and_repaired(AUDIT_entry_stray, 2);
	for (u32 i = 0; i < 3; i++)
		assert_int_equal(flows[i]->life, FLOW_FREE);
	assert_int_equal(flows_that_work(), FLOWS - 3);
}

/* => how many slots can be taken before the table is full */
static u32 slots_to_be_had(void)
{
	u32 count = 0;

	while (flow_pop_free(tables->control))
		count++;
	return count;
}

/* [INV-FLOW-3] */
static void a_slot_on_no_stack_is_free_again(void **state)
{
	(void)state;
	for (u32 i = 0; i < 3; i++)
		assert_int_not_equal(flow_pop_free(tables->control), 0);
	assert_found_and_repaired(AUDIT_slot_lost, 3);
	assert_int_equal(slots_to_be_had(), configuration.maximum_flows - FLOWS);
}

static void assert_stacks_are_mended(void)
{
	struct audit audit = audit_with(false);

	assert_int_equal(audit.findings[AUDIT_stack_damaged], 1);
	audit = audit_with(true);
	assert_int_equal(audit.findings[AUDIT_stack_damaged], 1);
	assert_int_equal(audit.free_slots, configuration.maximum_flows - FLOWS);
	test_gateway_assert_sound();
	assert_int_equal(flows_that_work(), FLOWS);
	assert_int_equal(slots_to_be_had(), configuration.maximum_flows - FLOWS);
}

/* Otherwise its slot would be given to a second flow. */
static void a_flow_on_a_free_stack_is_taken_off(void **state)
{
	(void)state;
	flow_push_free(tables->control, flows[1], slot_of(flows[1]), 5);
	assert_stacks_are_mended();
}

/* Otherwise it would be given to two flows. */
static void a_slot_that_is_free_twice_is_free_once(void **state)
{
	struct free_stack *stack = &tables->control->free_stacks[7];
	u32 slot = (u32)stack->head;

	(void)state;
	flow_push_free(tables->control, &tables->flows[slot - 1], slot, 9);
	assert_stacks_are_mended();
}

static void a_stack_that_leads_nowhere_is_mended(void **state)
{
	u32 slot = (u32)tables->control->free_stacks[3].head;

	(void)state;
	tables->flows[slot - 1].next_free = configuration.maximum_flows + 17;
	assert_stacks_are_mended();
}

static void counts_are_put_right(void **state)
{
	(void)state;
	tables->rule_counters[RULE_ID].flows += 3;
	tables->pool_counters[POOL_ID].flows -= 1;
	space_of(flows[0])->in_use += 2;
	tables->ports[flows[0]->address]->spaces[PORTS_TCP].in_use--;
	assert_found_and_repaired(AUDIT_count_wrong, 4);
	assert_int_equal(tables->rule_counters[RULE_ID].flows, FLOWS);
	assert_int_equal(tables->pool_counters[POOL_ID].flows, FLOWS);
}

/* A flow in the making, which its creator finishes while the audit waits. */
static u32 half_open;

static void finish_opening(void)
{
	struct flow *flow = env_flow(half_open - 1);
	struct flow_key key;

	if (waits++)
		return;
	flow_key_of(flow, &key);
	flow->life = FLOW_LIVE;
	assert_int_equal(flow_publish(&key, half_open), half_open);
	flow_count_opened(flow);
}

static void what_is_under_way_is_no_finding(void **state)
{
	struct audit audit;
	struct flow *flow;

	(void)state;
	waits = 0;
	half_open = flow_pop_free(tables->control);
	flow = env_flow(half_open - 1);
	*flow = *flows[0];
	flow->life = FLOW_FREE;
	flow->inside_port = 7;
	assert_true(ports_claim(space_of(flow), 1024, 2047, 1024, half_open, &flow->port));
	assert_int_equal(audit_run(tables, true, finish_opening, &audit), 0);
	assert_int_equal(audit_total(&audit), 0);
	assert_int_equal(audit.repaired, 0);
	test_gateway_assert_sound();
}

static void every_finding_has_a_name_and_a_text(void **state)
{
	(void)state;
	for (enum audit_finding f = 0; f < AUDIT_FINDING_COUNT; f++)
		for (enum audit_finding g = 0; g < f; g++) {
			assert_string_not_equal(audit_finding_name(f), audit_finding_name(g));
			assert_string_not_equal(audit_finding_text(f), audit_finding_text(g));
		}
}

/* [INV-REST] killed before the group's time was lowered, or a count was changed */
static void a_port_at_rest_that_nobody_would_wake_is_found(void **state)
{
	u32 group = __builtin_bswap16(flows[1]->port) / PORTS_PER_GROUP;
	struct port_space *space = space_of(flows[1]);

	(void)state;
	flows[1]->life = FLOW_ENDING;
	assert_int_equal(test_gateway_collect(1000), 1);
	assert_int_equal(space->resting, 1);
	space->group_wake_s[group] = 0;
	assert_found_and_repaired(AUDIT_port_not_woken, 1);
	space->group_wake_s[group]++;
	assert_found_and_repaired(AUDIT_port_not_woken, 1);
	assert_int_equal(space->group_wake_s[group], 1090);
	space->group_wake_s[group] -= 5; /* a look too many, no harm */
	space->resting += 3;
	assert_found_and_repaired(AUDIT_count_wrong, 1);
	(void)test_gateway_collect(1090);
	assert_int_equal(space->resting, 0);
}

/* Without its way back, what comes from outside would be lost: it ends, and the next one opens anew. */
static void a_flow_without_its_way_back_ends(void **state)
{
	struct test_packet packet = packet_of(0);
	struct flow *flow;
	struct audit audit;

	(void)state;
	packet.protocol = PROTOCOL_GRE;
	packet.source_port = packet.destination_port = 0;
	packet.payload_bytes = 20;
	assert_int_equal(test_gateway_receive(TEST_INSIDE, &packet).reason, REASON_translated_out);
	flow = test_gateway_flow(&packet);
	test_gateway_assert_sound();
	env_flow(back_of(tables->control, flow, slot_of(flow)) - 1)->life = FLOW_ENDING;
	assert_int_equal(test_gateway_collect(1000), 1);
	audit = audit_with(true);
	assert_only(&audit, AUDIT_flow_without_port, 1);
	assert_int_equal(flow->life, FLOW_ENDING);
	assert_int_equal(test_gateway_collect(1000), 1);
	test_gateway_assert_sound();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_port_at_rest_that_nobody_would_wake_is_found),
		TEST(sound_tables_have_no_findings),
		TEST(an_alias_ends_the_flow_that_does_not_own_the_port),
		TEST(a_flow_gets_its_port_back),
		TEST(a_leaked_port_is_released),
		TEST(a_port_of_a_flow_that_has_another_is_released),
		TEST(an_owner_beyond_the_flow_table_is_none),
		TEST(ports_of_the_kernel_are_accounted_for),
		TEST(a_free_port_without_its_bit_is_shown_again),
		TEST(a_group_that_claims_to_be_full_is_opened_again),
		TEST(hints_that_err_towards_looking_are_no_finding),
		TEST(a_flow_without_an_entry_is_ended),
		TEST(a_second_flow_with_the_same_key_is_ended),
		TEST(the_surplus_entry_of_a_flow_is_removed),
		TEST(an_entry_that_leads_to_a_free_slot_is_removed),
		TEST(an_entry_in_a_strange_bucket_or_with_a_strange_tag_is_removed),
		TEST(tombstones_of_a_killed_collector_are_removed),
		TEST(a_slot_on_no_stack_is_free_again),
		TEST(a_flow_on_a_free_stack_is_taken_off),
		TEST(a_slot_that_is_free_twice_is_free_once),
		TEST(a_stack_that_leads_nowhere_is_mended),
		TEST(counts_are_put_right),
		TEST(a_flow_without_its_way_back_ends),
		TEST(what_is_under_way_is_no_finding),
		cmocka_unit_test(every_finding_has_a_name_and_a_text),
	};

	return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
