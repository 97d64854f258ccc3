/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/parity/scenario.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ports.h"
#include "core/siphash.h"
#include "dataplane/address.h"
#include "dataplane/prefix.h"
#include "dataplane/snapshot.h"

static void give_up(const char *what, const char *detail)
{
	(void)fprintf(stderr, "scenario: %s: %s\n", what, detail);
	exit(2);
}

json_t *scenario_load(const char *directory)
{
	char path[4096];
	json_error_t error;
	json_t *scenario;

	(void)snprintf(path, sizeof(path), "%s/scenario.json", directory);
	scenario = json_load_file(path, 0, &error);
	if (!scenario)
		give_up(path, error.text);
	return scenario;
}

static const char *text(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

u32 scenario_capacity(const json_t *scenario)
{
	return (u32)json_integer_value(json_object_get(scenario, "maximum_flows"));
}

/* "192.0.2.1/24": the address alone */
static union ip_addr address_of(const char *with_length, enum ip_family *family)
{
	char copy[64];
	union ip_addr address;

	(void)snprintf(copy, sizeof(copy), "%s", with_length);
	copy[strcspn(copy, "/")] = '\0';
	if (!ip_addr_parse(copy, &address, family))
		give_up("address", with_length);
	return address;
}

static struct link_addr link_of(const char *mac)
{
	struct link_addr link;
	unsigned int b[6];

	if (sscanf(mac, "%x:%x:%x:%x:%x:%x", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5]) != 6)
		give_up("mac", mac);
	for (u32 i = 0; i < 6; i++)
		((u8 *)&link)[i] = (u8)b[i];
	return link;
}

void scenario_network(const json_t *scenario, struct network *network)
{
	const char *name;
	json_t *interface;

	memset(network, 0, sizeof(*network));
	json_object_foreach(json_object_get(scenario, "interfaces"), name, interface) {
		u32 ifindex = (u32)json_integer_value(json_object_get(interface, "ifindex"));
		struct link_addr link = link_of(text(interface, "mac"));
		json_t *item;
		size_t i;

		if (network_add_interface(network, ifindex, name, &link))
			give_up("interface", name);
		json_array_foreach(json_object_get(interface, "addresses"), i, item) {
			struct network_address address = {.ifindex = ifindex, .for_nat = true};

			address.address = address_of(json_string_value(item), &address.family);
			if (network_add_address(network, &address))
				give_up("address", json_string_value(item));
		}
	}
}

static void set_port_key(const json_t *scenario, struct control *control)
{
	const char *hex = text(scenario, "port_key");
	u8 *bytes = (u8 *)control->port_key;

	for (u32 i = 0; i < sizeof(control->port_key); i++) {
		unsigned int byte;

		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			give_up("port_key", hex);
		bytes[i] = (u8)byte;
	}
}

/*
 * The oracle knows nothing of an index, and a key that differs from run to run would have both buckets
 * of some flow of a small table full in one run of hundreds (INV-FLOW-3).
 */
static void set_flow_key(struct control *control)
{
	for (u32 i = 0; i < FLOW_KEY_WORDS; i++) {
		struct siphash s;

		siphash_start(&s, control->port_key);
		siphash_word(&s, i);
		control->flow_key[i] = siphash_finish(&s, sizeof(u64));
	}
}

static void reserve_ranges(struct address_ports *ports, const json_t *ranges)
{
	size_t i;
	json_t *range;

	json_array_foreach(ranges, i, range) {
		json_int_t low = json_integer_value(json_array_get(range, 0));
		json_int_t high = json_integer_value(json_array_get(range, 1));

		for (json_int_t port = low; port <= high; port++) {
			(void)ports_reserve(&ports->spaces[PORTS_TCP], (u16)port);
			(void)ports_reserve(&ports->spaces[PORTS_UDP], (u16)port);
		}
	}
}

static void reserve_kernel_ports(const json_t *scenario, struct tables *tables)
{
	const char *name;
	json_t *ranges;

	json_object_foreach(json_object_get(scenario, "kernel_ports"), name, ranges) {
		enum ip_family family;
		union ip_addr address = address_of(name, &family);

		for (u32 slot = 0; slot < MAX_ADDRESS_SLOTS; slot++)
			if (tables->ports[slot] &&
			    !memcmp(&tables->control->addresses.slots[slot].address, &address,
				    sizeof(address)))
				reserve_ranges(tables->ports[slot], ranges);
	}
}

void scenario_snapshot(const json_t *scenario, enum dataplane dataplane, struct snapshot *snapshot)
{
	struct error error;

	if (snapshot_decode(json_object_get(scenario, "snapshot"), snapshot, &error))
		give_up("snapshot", error.text);
	snapshot->maximum_flows = scenario_capacity(scenario);
	snapshot->dataplane = dataplane;
}

void scenario_install(const json_t *scenario, enum dataplane dataplane, struct tables *tables,
		      const struct network *network, const struct port_tables *ports)
{
	struct snapshot snapshot;
	struct error error;

	scenario_snapshot(scenario, dataplane, &snapshot);
	if (compile_snapshot(tables, &snapshot, network, ports, &error))
		give_up("compiling", error.text);
	snapshot_free(&snapshot);
	set_port_key(scenario, tables->control);
	set_flow_key(tables->control);
	tables->control->nexthops_valid_until_s = ~0u;
	tables->control->active_half = tables_idle_half(tables);
	reserve_kernel_ports(scenario, tables);
}

/* Routes. */

enum { MAX_TEST_ROUTES = 256, MAX_TEST_NEIGHBOURS = 4096 };

struct test_route_entry {
	struct prefix_match match;
	u8 length; /* of 128 */
	u8 result; /* ROUTE_FOUND, ROUTE_REJECTED, ROUTE_NOT_FORWARDED, ROUTE_UNUSABLE */
	u32 ifindex;
	u32 mtu;
	bool has_gateway;
	union ip_addr gateway;
	struct link_addr from;
};

struct test_neighbour {
	u32 ifindex;
	union ip_addr address;
	struct link_addr link;
};

static struct test_route_entry routes[MAX_TEST_ROUTES];
static u32 route_count;
static struct test_neighbour neighbours[MAX_TEST_NEIGHBOURS];
static u32 neighbour_count;

static struct test_route_entry *new_route(const char *prefix_text)
{
	struct test_route_entry *route = &routes[route_count++];
	struct snapshot_prefix prefix;

	if (route_count == MAX_TEST_ROUTES || !prefix_parse(prefix_text, &prefix))
		give_up("route", prefix_text);
	memset(route, 0, sizeof(*route));
	prefix_compile(&prefix, &route->match);
	route->length = (u8)(prefix.length + (prefix.family == FAMILY_IPV4 ? 96 : 0));
	return route;
}

static void use_interface(struct test_route_entry *route, const json_t *interface)
{
	route->ifindex = (u32)json_integer_value(json_object_get(interface, "ifindex"));
	route->mtu = (u32)json_integer_value(json_object_get(interface, "mtu"));
	route->from = link_of(text(interface, "mac"));
}

/* Connected prefix, the address itself, the broadcast address. */
static void add_connected(const json_t *interface, const char *with_length)
{
	enum ip_family family;
	union ip_addr address = address_of(with_length, &family), network = address;
	u32 bits = family == FAMILY_IPV4 ? 32 : 128;
	u32 length = (u32)atoi(strchr(with_length, '/') + 1);
	char prefix[ADDRESS_TEXT_BYTES + 8], printed[ADDRESS_TEXT_BYTES];

	for (u32 bit = 128 - bits + length; bit < 128; bit++)
		network.bytes[bit / 8] &= (u8) ~(0x80 >> bit % 8);
	(void)snprintf(prefix, sizeof(prefix), "%s/%u", ip_addr_print(&network, printed), length);
	use_interface(new_route(prefix), interface);
	(void)snprintf(prefix, sizeof(prefix), "%s/%u", ip_addr_print(&address, printed), bits);
	new_route(prefix)->result = ROUTE_NOT_FORWARDED;
	if (family == FAMILY_IPV6 || length > 30)
		return;
	network.words[3] |= htonl(~0u >> length);
	(void)snprintf(prefix, sizeof(prefix), "%s/32", ip_addr_print(&network, printed));
	new_route(prefix)->result = ROUTE_NOT_FORWARDED;
}

static void add_route(const json_t *interfaces, const json_t *entry)
{
	struct test_route_entry *route = new_route(text(entry, "prefix"));
	const char *type = text(entry, "type"), *gateway = text(entry, "gateway");
	const json_t *mtu = json_object_get(entry, "mtu");
	enum ip_family family;

	if (strcmp(type, "unicast")) {
		route->result = ROUTE_REJECTED;
		return;
	}
	use_interface(route, json_object_get(interfaces, text(entry, "interface")));
	if (json_is_integer(mtu))
		route->mtu = (u32)json_integer_value(mtu);
	if (!gateway)
		return;
	route->has_gateway = true;
	route->gateway = address_of(gateway, &family);
}

static void add_neighbour(const json_t *interfaces, const json_t *entry)
{
	const json_t *interface = json_object_get(interfaces, text(entry, "interface"));
	enum ip_family family;

	if (neighbour_count == MAX_TEST_NEIGHBOURS)
		give_up("neighbour", "too many");
	neighbours[neighbour_count++] = (struct test_neighbour){
		.ifindex = (u32)json_integer_value(json_object_get(interface, "ifindex")),
		.address = address_of(text(entry, "address"), &family),
		.link = link_of(text(entry, "mac")),
	};
}

void scenario_set_routes(const json_t *scenario, const struct network *network)
{
	json_t *interfaces = json_object_get(scenario, "interfaces");
	const char *name;
	json_t *interface, *entry;
	size_t i;

	(void)network;
	json_object_foreach(interfaces, name, interface)
		json_array_foreach(json_object_get(interface, "addresses"), i, entry)
			add_connected(interface, json_string_value(entry));
	json_array_foreach(json_object_get(scenario, "routes"), i, entry)
		add_route(interfaces, entry);
	json_array_foreach(json_object_get(scenario, "neighbours"), i, entry)
		add_neighbour(interfaces, entry);
}

static const struct test_route_entry *longest_match(const union ip_addr *destination)
{
	const struct test_route_entry *best = NULL;

	for (u32 i = 0; i < route_count; i++) {
		const struct prefix_match *m = &routes[i].match;

		if (((destination->longs[0] ^ m->value[0]) & m->mask[0]) ||
		    ((destination->longs[1] ^ m->value[1]) & m->mask[1]))
			continue;
		if (!best || routes[i].length > best->length)
			best = &routes[i];
	}
	return best;
}

static bool find_neighbour(const struct test_route_entry *route,
			   const union ip_addr *destination, struct link_addr *link)
{
	const union ip_addr *address = route->has_gateway ? &route->gateway : destination;

	for (u32 i = 0; i < neighbour_count; i++) {
		if (neighbours[i].ifindex != route->ifindex ||
		    memcmp(&neighbours[i].address, address, sizeof(*address)))
			continue;
		*link = neighbours[i].link;
		return true;
	}
	return false;
}

void scenario_route(const struct route_query *query, struct route *route)
{
	const struct test_route_entry *entry = longest_match(&query->destination);

	route->result = entry ? entry->result : ROUTE_NOT_FORWARDED;
	if (route->result != ROUTE_FOUND)
		return;
	route->ifindex = entry->ifindex;
	route->mtu = entry->mtu;
	route->from = entry->from;
	if (query->length > entry->mtu)
		route->result = ROUTE_TOO_BIG;
	else if (!find_neighbour(entry, &query->destination, &route->to))
		route->result = ROUTE_NO_NEIGHBOUR;
}
