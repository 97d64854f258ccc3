/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gateway on the heap: the native core over a compiled configuration. Zone lan is eth0 (3), zone
 * guest eth2 (5), zone wan eth1 (4). Every route leads out of eth1, but for 10.0.0.0/8 and
 * 2001:db8:1::/48, which are behind eth0, and 10.2.0.0/16, behind eth2. eth0 has the
 * addresses 10.255.0.1 and 2001:db8:1:ff::1, eth2 none.
 */
#ifndef TESTS_ENV_TEST_GATEWAY_H
#define TESTS_ENV_TEST_GATEWAY_H

#include "core/verdict.h"
#include "dataplane/audit.h"
#include "dataplane/collector.h"
#include "tests/env/test_packet.h"

enum { TEST_INSIDE = 3, TEST_OUTSIDE = 4, TEST_GUEST = 5 };

enum {
	TEST_OPENING_S = 240,
	TEST_ESTABLISHED_S = 7440,
	TEST_CLOSING_S = 241,
	TEST_UDP_S = 300,
	TEST_ICMP_S = 60,
	TEST_GRE_S = 1800,
	TEST_ESP_S = 900,
};

/* The changing parts of a configuration: JSON lists, with single quotes. */
struct test_configuration {
	const char *zones; /* NULL: lan, guest and wan */
	const char *from;  /* of the rule-set; NULL: lan and guest */
	const char *to;    /* NULL: wan */
	const char *pools;
	const char *rules;
	bool sequential;
	bool no_syn_check;
	u16 mss; /* 0: of any size */
	u32 port_hold_down_s;
	u32 maximum_flows;
};

/* What the pools of most tests do not use; the fields that a pool ends with. */
#define TEST_POOL_PLAIN                                                                     \
	"'port_translation':true,'host_address_base':null," \
	"'preserve_parity':false,'preserve_range':false," \
	"'alarm_raise':0,'alarm_clear':0,'overflow':null,'overflow_pool':null"

#define TEST_POOL(name, low, high, port_low, port_high)                                        \
	"{'name':'" name "','addresses':[{'low':'" low "','high':'" high "'}],"               \
	"'port_low':" #port_low ",'port_high':" #port_high ","                                \
	"'address_persistent':false,'algorithm':null," TEST_POOL_PLAIN "}"

#define TEST_RULE_THEN(sources, name, action, pool, lease)                                     \
	"{'name':'" name "','source_addresses':[" sources "],'destination_addresses':[],"      \
	"'source_ports':[],'destination_ports':[],'protocols':[],'applications':[],"          \
	"'action':'" action "','pool':" pool ",'persistent_nat':" lease ","                    \
	"'alarm_raise':0,'alarm_clear':0}"

#define TEST_RULE_FROM(sources, name, action, pool)                                            \
	TEST_RULE_THEN(sources, name, action, pool, "null")

#define TEST_RULE(name, action, pool) TEST_RULE_FROM("", name, action, pool)

/* persistent-nat: a timeout of 300 seconds, 8 sessions */
#define TEST_LEASE(permit)                                                                     \
	"{'permit':'" permit "','inactivity_timeout':300,'maximum_flows':8}"

/* Fails the test if the configuration is none. */
struct tables *test_gateway_start(const struct test_configuration *configuration);
void test_gateway_stop(void);

/* Compiles into the idle half and publishes it. Ends no flow. */
void test_gateway_commit(const struct test_configuration *configuration);

const struct nat_config *test_gateway_config(void);

/* Builds a frame to the gateway's own address on the interface. */
void test_gateway_frame(struct test_frame *frame, u32 ifindex, const struct test_packet *packet);

/* The same, made a fragment: `field` are its flags and offset, in host order. IPv4 only. */
void test_gateway_fragment(struct test_frame *frame, u32 ifindex, const struct test_packet *packet,
			   u16 field, u16 id);

/* Builds such a fragment, and lets the native core judge it. */
struct verdict receive_part(struct test_frame *frame, u32 ifindex,
			    const struct test_packet *packet, u16 field, u16 id);

/* => UDP with 100 bytes of 10.0.0.`host` to port 53 of a server outside, to be cut up */
struct test_packet datagram_of(u8 host, u16 port);

/* => UDP of host 10.0.0.0 + `host` to port 53 of a server outside */
struct test_packet test_gateway_udp(u32 host, u32 port);

/* Live flows, all of the first rule and each with a port; the tables are sound. */
void test_gateway_assert_flows(u32 count);

u32 test_gateway_slots_with(enum flow_life life);

/* => ports that flows own, of all addresses and protocols */
u32 test_gateway_ports_in_use(void);

/* => packets counted under the reason, whoever has judged them */
u64 packets_counted(u32 reason);

/* Lets the native core judge a frame. */
struct verdict test_gateway_judge(struct test_frame *frame, u32 ifindex);

/* Both in one. */
struct verdict test_gateway_receive(u32 ifindex, const struct test_packet *packet);

/* => the flow that the packet from inside belongs to, NULL if there is none */
struct flow *test_gateway_flow(const struct test_packet *packet);

/* => what the outside answers to a packet of the flow */
struct test_packet test_gateway_answer(const struct flow *flow);

/* A pass of the collector at the time. => slots freed */
u64 test_gateway_collect(u32 now_s);

/* Fails the test and prints the findings, if there are any. */
void test_gateway_assert_sound(void);

#endif
