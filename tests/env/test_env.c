/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/env/test_env.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "env.h"

enum { TEST_ROWS = 16 };

static u32 test_now_s = 1000;
static struct test_route test_routes[TEST_ROUTES];
static u32 test_route_count;

static u32 test_clock_s(void)
{
	return __atomic_load_n(&test_now_s, __ATOMIC_RELAXED);
}

#define SECOND_NS 1000000000ull

static u64 test_rest_ns; /* of the second */

static u64 test_clock_ns(void)
{
	return (u64)test_clock_s() * SECOND_NS + __atomic_load_n(&test_rest_ns, __ATOMIC_RELAXED);
}

static bool prefix_covers(const struct test_route *r, const union ip_addr *address)
{
	for (u32 bit = 0; bit < r->length; bit++)
		if ((r->prefix.bytes[bit / 8] ^ address->bytes[bit / 8]) >> (7 - bit % 8) & 1)
			return false;
	return true;
}

static void test_route_lookup(const struct route_query *query, struct route *route)
{
	const struct test_route *best = NULL;

	for (u32 i = 0; i < test_route_count; i++)
		if (prefix_covers(&test_routes[i], &query->destination) &&
		    (!best || test_routes[i].length > best->length))
			best = &test_routes[i];
	if (!best) {
		route->result = ROUTE_NOT_FORWARDED;
		return;
	}
	*route = best->route;
	if ((route->result == ROUTE_FOUND || route->result == ROUTE_NO_NEIGHBOUR) &&
	    query->length > route->mtu)
		route->result = ROUTE_TOO_BIG;
}

struct tables *test_env_start(u32 flow_capacity)
{
	struct tables *tables = tables_create(flow_capacity, TEST_ROWS);

	if (!tables)
		abort();
	tables->control->nexthops_valid_until_s = ~0u;
	test_env_clear_routes();
	test_env_join(tables, 0);
	return tables;
}

void test_env_stop(struct tables *tables)
{
	tables_free(tables);
	memset(&environment, 0, sizeof(environment));
}

void test_env_join(struct tables *tables, u32 row)
{
	environment = (struct environment){
		.tables = tables,
		.row = row,
		.now_s = test_clock_s,
		.now_ns = test_clock_ns,
		.route = test_route_lookup,
	};
}

void test_env_set_time(u32 now_s)
{
	test_env_set_time_ns(now_s * SECOND_NS);
}

void test_env_set_time_ns(u64 now_ns)
{
	__atomic_store_n(&test_now_s, (u32)(now_ns / SECOND_NS), __ATOMIC_RELAXED);
	__atomic_store_n(&test_rest_ns, now_ns % SECOND_NS, __ATOMIC_RELAXED);
}

void test_env_add_route(const struct test_route *route)
{
	if (test_route_count == TEST_ROUTES)
		abort();
	test_routes[test_route_count++] = *route;
}

void test_env_clear_routes(void)
{
	test_route_count = 0;
}

void test_env_add_address(struct tables *tables, u32 slot, const union ip_addr *address)
{
	struct address_ports *ports = aligned_alloc(CACHE_LINE_BYTES, sizeof(*ports));

	if (!ports)
		abort();
	memset(ports, 0, sizeof(*ports));
	address_ports_initialise(ports);
	tables->control->addresses.slots[slot].address = *address;
	tables->control->addresses.slots[slot].in_use = 1;
	tables->ports[slot] = ports;
}

union ip_addr test_addr(const char *text)
{
	union ip_addr address = {.words = {0, 0, htonl(0xffff), 0}};

	if (inet_pton(AF_INET, text, &address.words[3]) == 1 ||
	    inet_pton(AF_INET6, text, &address) == 1)
		return address;
	abort();
}
