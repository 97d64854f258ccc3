/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/env/test_gateway.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/nat.h"
#include "dataplane/address.h"
#include "dataplane/collector.h"
#include "dataplane/snapshot.h"
#include "tests/env/test_env.h"
#include "tests/env/test_snapshot.h"
#include "tests/env/unit.h"

static struct tables *tables;
static struct network network;

static const char default_zones[] =
	"{'name':'lan','interfaces':[{'name':'eth0','xdp_mode':'native'}]},"
	"{'name':'guest','interfaces':[{'name':'eth2','xdp_mode':'native'}]},"
	"{'name':'wan','interfaces':[{'name':'eth1','xdp_mode':'native'}]}";

static char *configuration_text(const struct test_configuration *c)
{
	char *text;

	if (asprintf(&text,
		     "{'dataplane':'ebpf','workers':{'cpus':[],'busy_poll':false},"
		     "'parity_sample':0,'port_randomization':%s,'port_hold_down':%u,"
		     "'maximum_flows':%u,'timeouts':"
		     "{'tcp_opening':%d,'tcp_established':%d,'tcp_closing':%d,'udp':%d,'icmp':%d,"
		     "'gre':%d,'esp':%d},"
		     "'tcp':{'syn_check':%s,'mss':%u},"
		     "'zones':[%s],'pools':[%s],'rule_sets':[{'name':'out',"
		     "'from':{'kind':'zone','names':[%s]},"
		     "'to':{'kind':'zone','names':[%s]},'rules':[%s]}],'proxies':[]}",
		     c->sequential ? "false" : "true", c->port_hold_down_s, c->maximum_flows, TEST_OPENING_S,
		     TEST_ESTABLISHED_S, TEST_CLOSING_S, TEST_UDP_S, TEST_ICMP_S,
		     TEST_GRE_S, TEST_ESP_S,
		     c->no_syn_check ? "false" : "true", c->mss,
		     c->zones ? c->zones : default_zones, c->pools,
		     c->from ? c->from : "'lan','guest'", c->to ? c->to : "'wan'", c->rules) < 0)
		abort();
	return text;
}

static void add_address(u32 ifindex, enum ip_family family, const char *text)
{
	const struct network_address address = {ifindex, family, test_addr(text), true};

	if (network_add_address(&network, &address))
		abort();
}

static void add_route(const char *prefix, u8 length, u32 ifindex)
{
	struct test_route route = {
		.prefix = test_addr(prefix), .length = length,
		.route = {.ifindex = ifindex, .mtu = 1500, .to = {{1, 2, (u16)ifindex}},
			  .from = {{2, 0, (u16)ifindex}}, .result = ROUTE_FOUND}};

	test_env_add_route(&route);
}

static void add_routes(void)
{
	add_route("::", 0, TEST_OUTSIDE);
	add_route("10.0.0.0", 96 + 8, TEST_INSIDE);
	add_route("10.2.0.0", 96 + 16, TEST_GUEST);
	add_route("2001:db8:1::", 48, TEST_INSIDE);
}

void test_gateway_commit(const struct test_configuration *configuration)
{
	struct port_tables ports = test_port_tables_of(tables);
	char *text = configuration_text(configuration);
	json_t *json = test_snapshot_parse(text);
	struct snapshot snapshot;
	struct error error;

	if (snapshot_decode_body(json, &snapshot, &error) ||
	    compile_snapshot(tables, &snapshot, &network, &ports, &error))
		fail_msg("%s", error.text);
	tables->control->active_half = tables_idle_half(tables);
	snapshot_free(&snapshot);
	json_decref(json);
	free(text);
}

struct tables *test_gateway_start(const struct test_configuration *configuration)
{
	tables = test_env_start(configuration->maximum_flows);
	test_env_set_time(1000);
	test_network(&network);
	add_address(TEST_INSIDE, FAMILY_IPV4, "10.255.0.1");
	add_address(TEST_INSIDE, FAMILY_IPV6, "2001:db8:1:ff::1");
	add_routes();
	test_gateway_commit(configuration);
	return tables;
}

void test_gateway_stop(void)
{
	network_free(&network);
	test_env_stop(tables);
	tables = NULL;
}

const struct nat_config *test_gateway_config(void)
{
	return &tables->config[!tables_idle_half(tables)];
}

void test_gateway_frame(struct test_frame *frame, u32 ifindex, const struct test_packet *packet)
{
	const struct nat_interface *interface = interface_find(test_gateway_config(), ifindex);

	assert_non_null(interface);
	test_frame_build(frame, &interface->link, packet);
}

void test_gateway_fragment(struct test_frame *frame, u32 ifindex, const struct test_packet *packet,
			   u16 field, u16 id)
{
	test_gateway_frame(frame, ifindex, packet);
	frame->ip[4] = (u8)(id >> 8);
	frame->ip[5] = (u8)id;
	frame->ip[6] = (u8)(field >> 8);
	frame->ip[7] = (u8)field;
	test_frame_sum_header(frame);
}

struct verdict receive_part(struct test_frame *frame, u32 ifindex,
			    const struct test_packet *packet, u16 field, u16 id)
{
	test_gateway_fragment(frame, ifindex, packet, field, id);
	return test_gateway_judge(frame, ifindex);
}

struct test_packet test_gateway_udp(u32 host, u32 port)
{
	struct test_packet packet = {
		.source = test_addr("10.0.0.0"), .destination = test_addr("203.0.113.5"),
		.protocol = PROTOCOL_UDP, .source_port = (u16)port, .destination_port = 53};

	packet.source.words[3] += __builtin_bswap32(host);
	return packet;
}

struct test_packet datagram_of(u8 host, u16 port)
{
	struct test_packet packet = test_gateway_udp(host, port);

	packet.payload_bytes = 100;
	return packet;
}

u64 packets_counted(u32 reason)
{
	u64 packets = 0;

	for (u32 row = 0; row < tables->counter_rows; row++)
		packets += tables->packet_counters[row].packets[reason];
	return packets;
}

struct verdict test_gateway_judge(struct test_frame *frame, u32 ifindex)
{
	return nat_packet(&frame->frame, ifindex, nat_active_half(), false);
}

struct verdict test_gateway_receive(u32 ifindex, const struct test_packet *packet)
{
	struct test_frame frame;

	test_gateway_frame(&frame, ifindex, packet);
	return test_gateway_judge(&frame, ifindex);
}

struct flow *test_gateway_flow(const struct test_packet *p)
{
	bool icmp = p->protocol == PROTOCOL_ICMP || p->protocol == PROTOCOL_ICMPV6;
	struct flow_key key = {
		.inside = p->source, .remote = p->destination, .protocol = p->protocol,
		.family = (u8)ip_addr_family(&p->source), .zone = FLOW_ANY_ZONE};
	u32 slot;

	key.inside_port = __builtin_bswap16(icmp ? p->destination_port : p->source_port);
	key.remote_port = icmp ? 0 : __builtin_bswap16(p->destination_port);
	slot = flow_find(tables->control, &key, flow_key_hash(tables->control, &key));
	return slot ? env_flow(slot - 1) : NULL;
}

static u16 echo_reply_type(u8 family)
{
	return family == FAMILY_IPV4 ? 0 : 129 << 8;
}

struct test_packet test_gateway_answer(const struct flow *flow)
{
	struct test_packet answer = {
		.source = flow->remote,
		.destination = *flow_translated_address(tables->control, flow),
		.protocol = flow->protocol,
		.source_port = __builtin_bswap16(flow->remote_port),
		.destination_port = __builtin_bswap16(flow->port),
		.tcp_flags = TCP_ACK};

	if (protocol_is_icmp(flow->family, flow->protocol))
		answer.source_port = echo_reply_type(flow->family);
	return answer;
}

static void no_wait(void)
{
	/* nothing else runs: a grace period is over at once */
}

u64 test_gateway_collect(u32 now_s)
{
	struct collector_pass pass = {
		.now_s = now_s, .config = test_gateway_config(), .wait = no_wait,
		.nexthop_generation = nexthop_generation(tables->control)};

	collector_walk(tables, &pass, 0, tables->control->flow_capacity);
	return pass.reclaimed;
}

void test_gateway_assert_sound(void)
{
	struct audit audit;

	assert_int_equal(audit_run(tables, false, no_wait, &audit), 0);
	for (enum audit_finding f = 0; f < AUDIT_FINDING_COUNT; f++)
		if (audit.findings[f])
			print_error("%llu %s\n", audit.findings[f], audit_finding_text(f));
	assert_int_equal(audit_total(&audit), 0);
}

u32 test_gateway_ports_in_use(void)
{
	u32 count = 0;

	for (u32 slot = 0; slot < MAX_ADDRESS_SLOTS; slot++)
		for (u32 p = 0; tables->ports[slot] && p < PORTS_PROTOCOLS; p++)
			count += tables->ports[slot]->spaces[p].in_use;
	return count;
}

u32 test_gateway_slots_with(enum flow_life life)
{
	u32 count = 0;

	for (u32 slot = 0; slot < tables->control->flow_capacity; slot++)
		count += tables->flows[slot].life == life;
	return count;
}

void test_gateway_assert_flows(u32 count)
{
	test_gateway_assert_sound();
	assert_int_equal(test_gateway_slots_with(FLOW_LIVE), count);
	assert_int_equal(test_gateway_ports_in_use(), count);
	assert_int_equal(tables->rule_counters[1].flows, count);
}
