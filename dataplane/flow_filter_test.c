/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/flow_filter.h"

#include <errno.h>

#include "core/packet.h"
#include "dataplane/tables.h"
#include "tests/env/test_env.h"
#include "tests/env/test_snapshot.h"
#include "tests/env/unit.h"

enum { SLOT = 5 };

static struct tables *tables;

static int start(void **state)
{
	(void)state;
	tables = test_env_start(FLOWS_MIN);
	tables->control->addresses.slots[7].address = test_addr("198.51.100.9");
	tables->flows[SLOT] = (struct flow){
		.inside = test_addr("10.1.2.3"), .remote = test_addr("203.0.113.5"),
		.inside_port = __builtin_bswap16(4000), .remote_port = __builtin_bswap16(443),
		.protocol = PROTOCOL_TCP, .address = 7, .port = __builtin_bswap16(1024),
		.life = FLOW_LIVE};
	tables->flow_stats[SLOT].in_ifindex = 3;
	return 0;
}

static int stop(void **state)
{
	(void)state;
	test_env_stop(tables);
	return 0;
}

static int decode(const char *text, struct flow_filter *filter, struct error *error)
{
	json_t *json = text ? test_snapshot_parse(text) : NULL;
	int result = flow_filter_decode(json, filter, error);

	json_decref(json);
	return result;
}

static bool matches(const char *text)
{
	struct flow_filter filter;
	struct error error = {""};

	if (decode(text, &filter, &error))
		fail_msg("%s", error.text);
	return flow_filter_matches(&filter, tables, SLOT);
}

static void no_condition_is_every_flow(void **state)
{
	(void)state;
	assert_true(matches(NULL));
	assert_true(matches("{}"));
}

static void each_condition_looks_at_its_own_field(void **state)
{
	static const char *const cases[][2] = {
		{"{'source_prefix':'10.0.0.0/8'}", "{'source_prefix':'203.0.113.0/24'}"},
		{"{'destination_prefix':'203.0.113.5/32'}", "{'destination_prefix':'10.0.0.0/8'}"},
		{"{'translated_prefix':'198.51.100.8/29'}", "{'translated_prefix':'10.0.0.0/8'}"},
		{"{'source_prefix':'0.0.0.0/0'}", "{'source_prefix':'::/0'}"},
		{"{'source_port':4000}", "{'source_port':443}"},
		{"{'destination_port':443}", "{'destination_port':4000}"},
		{"{'translated_port':1024}", "{'translated_port':1023}"},
		{"{'protocol':6}", "{'protocol':17}"},
		{"{'session':5}", "{'session':4}"},
		{"{'interface':3}", "{'interface':4}"},
		{"{'application':[[6,443,443]]}", "{'application':[[17,443,443]]}"},
		{"{'application':[[17,443,443],[6,400,500]]}", "{'application':[[6,0,442],[6,444,65535]]}"},
		{"{'application':[[6,0,65535]]}", "{'application':[[0,0,65535]]}"},
	};

	(void)state;
	for (u32 i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (!matches(cases[i][0]))
			fail_msg("%s does not match", cases[i][0]);
		if (matches(cases[i][1]))
			fail_msg("%s matches", cases[i][1]);
	}
}

/* 0 is a number to look for, not the absence of a condition. */
static void zero_is_a_number(void **state)
{
	static const char *const cases[] = {"{'source_port':0}", "{'destination_port':0}",
					    "{'translated_port':0}", "{'protocol':0}",
					    "{'interface':0}", "{'session':0}"};

	(void)state;
	for (u32 i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_false(matches(cases[i]));
	tables->flows[SLOT].remote_port = 0; /* a query's */
	assert_true(matches("{'destination_port':0}"));
}

static void all_conditions_must_hold(void **state)
{
	(void)state;
	assert_true(matches("{'source_prefix':'10.0.0.0/8','protocol':6,'destination_port':443}"));
	assert_false(matches("{'source_prefix':'10.0.0.0/8','protocol':6,'destination_port':80}"));
}

/* With a condition left out, more flows would be shown, or ended. */
static void what_is_no_filter_is_refused_by_name(void **state)
{
	static const char *const cases[][2] = {
		{"{'sourceprefix':'10.0.0.0/8'}", "sourceprefix"},
		{"{'source_prefix':'10.0.0.1/8'}", "source_prefix"},
		{"{'source_prefix':10}", "source_prefix"},
		{"{'translated_prefix':null}", "translated_prefix"},
		{"{'source_port':65536}", "source_port"},
		{"{'destination_port':-1}", "destination_port"},
		{"{'translated_port':'80'}", "translated_port"},
		{"{'protocol':256}", "protocol"},
		{"{'session':16777215}", "session"},
		{"{'interface':4294967295}", "interface"},
		{"{'protocol':6.5}", "protocol"},
		{"{'application':[]}", "application"},
		{"{'application':'junos-http'}", "application"},
		{"{'application':[[6,80]]}", "application"},
		{"{'application':[[6,80,80],[256,80,80]]}", "application"},
		{"{'application':[[6,80,65536]]}", "application"},
		{"['protocol']", "filter"},
	};

	(void)state;
	for (u32 i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct flow_filter filter;
		struct error error = {""};

		if (decode(cases[i][0], &filter, &error) != -EINVAL)
			fail_msg("%s was taken", cases[i][0]);
		if (!strstr(error.text, cases[i][1]))
			fail_msg("%s: the error is \"%s\"", cases[i][0], error.text);
	}
}

/* [abi/flow.h] What leases keep in the table of flows is never listed or ended as a flow. */
static void leases_and_peers_are_no_flows(void **state)
{
	struct flow *flow = &tables->flows[SLOT];

	(void)state;
	flow->zone = FLOW_ZONE_MASK;
	assert_true(matches("{'source_port':4000}"));
	flow->zone = FLOW_LEASE << FLOW_KIND_SHIFT | 1;
	assert_false(matches("{'source_port':4000}"));
	assert_false(matches("{}"));
	flow->zone = FLOW_PEER << FLOW_KIND_SHIFT | 1;
	assert_false(matches("{}"));
	flow->zone = 1;
	flow->to_zone = FLOW_LEASED | 2;
	assert_true(matches("{}"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_condition_is_every_flow),
		TEST(each_condition_looks_at_its_own_field),
		TEST(zero_is_a_number),
		TEST(all_conditions_must_hold),
		TEST(leases_and_peers_are_no_flows),
		TEST(what_is_no_filter_is_refused_by_name),
	};

	return cmocka_run_group_tests_name("flow_filter", tests, NULL, NULL);
}
