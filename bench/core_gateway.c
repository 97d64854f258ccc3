/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/core_gateway.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "core/route.h"
#include "dataplane/compile.h"
#include "dataplane/snapshot.h"

#include "env.h"

enum { INSIDE_FIRST_BYTE = 10, MTU = 1500 };

const struct link_addr gateway_links[] = {[LAN] = {{2, 0, LAN}}, [WAN] = {{2, 0, WAN}}};

static const char format[] =
	"set security zones security-zone lan interfaces lan\n"
	"set security zones security-zone wan interfaces wan\n"
	"set security flow maximum-sessions %u\n"
	"set security nat source pool p address 198.51.100.0 to 198.51.100.255\n"
	"set security nat source rule-set out from zone lan\n"
	"set security nat source rule-set out to zone wan\n"
	"set security nat source rule-set out rule all match source-address 10.0.0.0/8\n"
	"set security nat source rule-set out rule all then source-nat pool p\n";

void must(bool done, const char *what)
{
	if (done)
		return;
	(void)fprintf(stderr, "core: %s\n", what);
	exit(1);
}

static u32 now_s(void)
{
	return 1000;
}

static u64 now_ns(void)
{
	return now_s() * 1000000000ull;
}

static void find_way(const struct route_query *query, struct route *route)
{
	u32 ifindex = query->destination.bytes[12] == INSIDE_FIRST_BYTE ? LAN : WAN;

	*route = (struct route){.ifindex = ifindex, .mtu = MTU, .to = {{1, 2, (u16)ifindex}},
				.from = gateway_links[ifindex], .result = ROUTE_FOUND};
}

static int add_ports(void *context, const u32 *slots, u32 count, struct error *error)
{
	struct tables *tables = context;

	(void)error;
	for (u32 i = 0; i < count; i++) {
		struct address_ports *ports = aligned_alloc(CACHE_LINE_BYTES, sizeof(*ports));

		must(ports, "out of memory");
		memset(ports, 0, sizeof(*ports));
		address_ports_initialise(ports);
		tables->ports[slots[i]] = ports;
	}
	return 0;
}

static void read_configuration(u32 flow_capacity, struct snapshot *snapshot)
{
	struct diagnostics diagnostics = {0};
	struct config *config;
	char *text;
	int length = asprintf(&text, format, flow_capacity);

	must(length > 0, "out of memory");
	must(!config_parse("core", text, (size_t)length, &diagnostics, &config) &&
		     !config_to_snapshot(config, snapshot),
	     "the configuration is none");
	snapshot_normalise(snapshot);
	config_free(config);
	diagnostics_free(&diagnostics);
	free(text);
}

static void configure(struct tables *tables)
{
	struct port_tables ports = {add_ports, tables};
	struct network network = {0};
	struct snapshot snapshot;
	struct error error;

	read_configuration(tables->control->flow_capacity, &snapshot);
	must(!network_add_interface(&network, LAN, "lan", &gateway_links[LAN]) &&
		     !network_add_interface(&network, WAN, "wan", &gateway_links[WAN]),
	     "out of memory");
	must(!compile_snapshot(tables, &snapshot, &network, &ports, &error), error.text);
	tables->control->active_half = tables_idle_half(tables);
	network_free(&network);
	snapshot_free(&snapshot);
}

struct tables *gateway_open(u32 flow_capacity)
{
	struct tables *tables = tables_create(flow_capacity, 1);

	must(tables, "out of memory");
	tables->control->nexthops_valid_until_s = ~0u;
	configure(tables);
	environment = (struct environment){
		.tables = tables, .now_s = now_s, .now_ns = now_ns, .route = find_way};
	return tables;
}
