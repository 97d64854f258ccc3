/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/lease_filter.h"

#include <errno.h>
#include <string.h>

#include "core/packet.h"
#include "dataplane/tables.h"
#include "tests/env/test_env.h"
#include "tests/env/test_snapshot.h"
#include "tests/env/unit.h"

enum { LEASE, PEER, SESSION, OTHER_SESSION };

static struct tables *tables;

static struct flow endpoint(u16 zone, u16 to_zone)
{
	return (struct flow){.inside = test_addr("10.1.2.3"), .protocol = PROTOCOL_UDP, .address = 7,
			     .inside_port = __builtin_bswap16(4000), .pool = 1, .zone = zone,
			     .to_zone = to_zone, .life = FLOW_LIVE};
}

static int start(void **state)
{
	(void)state;
	tables = test_env_start(FLOWS_MIN);
	(void)strcpy(tables->names->pools[1].names[0], "resi");
	(void)strcpy(tables->names->pools[2].names[0], "interface:eth1");
	tables->flows[LEASE] = endpoint(FLOW_LEASE << FLOW_KIND_SHIFT | 1, 2);
	tables->flows[PEER] = endpoint(FLOW_PEER << FLOW_KIND_SHIFT | 1, 2 | FLOW_LEASED);
	tables->flows[SESSION] = endpoint(1, 2 | FLOW_LEASED);
	tables->flows[OTHER_SESSION] = endpoint(1, 2);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	test_env_stop(tables);
	return 0;
}

static int decode(const char *text, struct lease_filter *filter, struct error *error)
{
	json_t *json = text ? test_snapshot_parse(text) : NULL;
	int result = lease_filter_decode(json, filter, error);

	json_decref(json);
	return result;
}

static bool matches(const char *text, u32 slot)
{
	struct lease_filter filter;
	struct error error = {""};

	if (decode(text, &filter, &error))
		fail_msg("%s", error.text);
	return lease_filter_matches(&filter, tables, slot);
}

/* A flow of the same endpoint that does not go through a lease has nothing to do with it. */
static void a_lease_has_peers_and_flows(void **state)
{
	static const char *const texts[] = {NULL, "{}", "{'source_port':4000}", "{'pool':'resi'}"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_true(matches(texts[i], LEASE));
		assert_true(matches(texts[i], PEER));
		assert_true(matches(texts[i], SESSION));
		assert_false(matches(texts[i], OTHER_SESSION));
	}
}

static void each_condition_looks_at_its_own_field(void **state)
{
	static const char *const cases[][2] = {
		{"{'source_prefix':'10.1.2.3/32'}", "{'source_prefix':'10.1.2.4/32'}"},
		{"{'source_port':4000}", "{'source_port':4001}"},
		{"{'protocol':17}", "{'protocol':6}"},
		{"{'pool':'resi'}", "{'pool':'res'}"},
		{"{'source_port':4000,'protocol':17}", "{'source_port':4000,'protocol':6}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (!matches(cases[i][0], LEASE))
			fail_msg("%s does not match", cases[i][0]);
		if (matches(cases[i][1], LEASE))
			fail_msg("%s matches", cases[i][1]);
	}
}

static void interface_means_pools_of_interfaces(void **state)
{
	(void)state;
	assert_false(matches("{'interface':true}", LEASE));
	tables->flows[LEASE].pool = 2;
	assert_true(matches("{'interface':true}", LEASE));
	assert_true(matches("{'pool':'interface:eth1'}", LEASE));
	assert_false(matches("{'pool':'resi'}", LEASE));
}

static void a_closed_lease_is_none(void **state)
{
	(void)state;
	tables->flows[LEASE].users = 3;
	assert_true(lease_is_open(tables, LEASE));
	assert_false(lease_is_open(tables, PEER));
	assert_false(lease_is_open(tables, SESSION));
	tables->flows[LEASE].users = 3 | LEASE_CLOSED;
	assert_false(lease_is_open(tables, LEASE));
	tables->flows[LEASE].users = 0;
	tables->flows[LEASE].life = FLOW_DYING;
	assert_false(lease_is_open(tables, LEASE));
}

/* With a condition left out, more leases would be shown, or ended. */
static void what_is_no_filter_is_refused_by_name(void **state)
{
	static const char *const cases[][2] = {
		{"{'destination_prefix':'10.0.0.0/8'}", "destination_prefix"},
		{"{'session':1}", "session"},
		{"{'source_prefix':'10.0.0.1/8'}", "source_prefix"},
		{"{'source_port':65536}", "source_port"},
		{"{'pool':''}", "pool"},
		{"{'pool':1}", "pool"},
		{"{'interface':false}", "interface"},
		{"{'interface':3}", "interface"},
		{"['pool']", "filter"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lease_filter filter;
		struct error error = {""};

		if (decode(cases[i][0], &filter, &error) != -EINVAL)
			fail_msg("%s was taken", cases[i][0]);
		if (!strstr(error.text, cases[i][1]))
			fail_msg("%s: the error is \"%s\"", cases[i][0], error.text);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_lease_has_peers_and_flows),
		TEST(each_condition_looks_at_its_own_field),
		TEST(interface_means_pools_of_interfaces),
		TEST(a_closed_lease_is_none),
		TEST(what_is_no_filter_is_refused_by_name),
	};

	return cmocka_run_group_tests_name("lease_filter", tests, NULL, NULL);
}
