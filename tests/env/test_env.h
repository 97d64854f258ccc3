/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Surroundings for tests of the core: tables on the heap, a clock that stands still, and routes
 * from a list.
 */
#ifndef TESTS_ENV_TEST_ENV_H
#define TESTS_ENV_TEST_ENV_H

#include "core/route.h"
#include "dataplane/tables.h"

enum { TEST_ROUTES = 16 };

/* The longest prefix wins; among equals the first. */
struct test_route {
	union ip_addr prefix;
	u8 length; /* of 128; an IPv4 prefix counts from 96 */
	struct route route;
};

/* Sets the calling thread's environment to new tables. Aborts without memory. */
struct tables *test_env_start(u32 flow_capacity);
void test_env_stop(struct tables *tables);

/* Lets another thread use the same tables, with a row of its own. */
void test_env_join(struct tables *tables, u32 row);

void test_env_set_time(u32 now_s);
void test_env_set_time_ns(u64 now_ns); /* to the nanosecond */
void test_env_add_route(const struct test_route *route);
void test_env_clear_routes(void);

/* Makes a port table for the address in the slot. */
void test_env_add_address(struct tables *tables, u32 slot, const union ip_addr *address);

/* => the address, from text; IPv4 as ::ffff:a.b.c.d. Aborts on anything else */
union ip_addr test_addr(const char *text);

#endif
