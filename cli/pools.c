/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show security nat source pool.
 */
#include "cli/show.h"

#include <string.h>

#include "cli/print.h"
#include "config/text.h"
#include "dataplane/address.h"

static json_int_t used_on_address(const json_t *address)
{
	return json_number(address, "tcp") + json_number(address, "udp") +
	       json_number(address, "icmp");
}

static bool parse(const char *text, union ip_addr *address)
{
	enum ip_family family;

	return ip_addr_parse(text, address, &family);
}

static bool is_between(const json_t *address, const json_t *range)
{
	union ip_addr at, low, high;

	return parse(json_text(address, "address"), &at) && parse(json_text(range, "low"), &low) &&
	       parse(json_text(range, "high"), &high) && memcmp(&low, &at, sizeof(at)) <= 0 &&
	       memcmp(&at, &high, sizeof(at)) <= 0;
}

static json_t *range_with_use(const json_t *range, const json_t *addresses)
{
	json_int_t used = 0;
	json_t *address;
	size_t i;

	json_array_foreach(addresses, i, address)
		if (is_between(address, range))
			used += used_on_address(address);
	return json_pack("{s:s, s:s, s:I}", "low", json_text(range, "low"), "high",
			 json_text(range, "high"), "ports_in_use", used);
}

/* The pool of an interface stands in no configuration: each of its addresses is a range. */
static json_t *ranges_of_addresses(const json_t *addresses)
{
	json_t *ranges = json_array(), *address;
	size_t i;

	json_array_foreach(addresses, i, address) {
		const char *text = json_text(address, "address");

		(void)json_array_append_new(ranges,
					    json_pack("{s:s, s:s, s:I}", "low", text, "high", text,
						      "ports_in_use", used_on_address(address)));
	}
	return ranges;
}

static json_t *ranges_of_pool(const json_t *configured, const json_t *addresses)
{
	json_t *ranges = json_array(), *range;
	size_t i;

	json_array_foreach(json_object_get(configured, "addresses"), i, range)
		(void)json_array_append_new(ranges, range_with_use(range, addresses));
	return ranges;
}

int pools_join(json_t *pools, const json_t *installed)
{
	const json_t *configured =
		json_object_get(json_object_get(installed, "installed"), "pools");
	json_t *pool;
	size_t i;

	json_array_foreach(json_object_get(pools, "pools"), i, pool) {
		const json_t *addresses = json_object_get(pool, "addresses");
		const json_t *known = json_find_named(configured, json_text(pool, "name"));
		bool of_interface = json_is_true(json_object_get(pool, "interface"));
		json_t *ranges = of_interface ? ranges_of_addresses(addresses)
					      : ranges_of_pool(known, addresses);

		if (json_object_set_new(pool, "ranges", ranges))
			return -1;
	}
	return 0;
}

/* Figures of all pools. */

bool pools_translate_ports(const json_t *pool)
{
	return json_is_true(json_object_get(pool, "port_translation"));
}

/*
 * => {address: [pool that translates ports and has it...]}, the address with its figures in
 *    "address"
 */
static json_t *owners_by_address(const json_t *pools)
{
	json_t *owners = json_object(), *pool, *address;
	size_t i, j;

	json_array_foreach(json_object_get(pools, "pools"), i, pool) {
		if (!pools_translate_ports(pool))
			continue;
		json_array_foreach(json_object_get(pool, "addresses"), j, address) {
			const char *text = json_text(address, "address");
			json_t *list = json_object_get(owners, text);

			if (!list) {
				list = json_array();
				(void)json_object_set_new(owners, text, list);
				(void)json_array_append(list, address);
			}
			(void)json_array_append(list, pool);
		}
	}
	return owners;
}

enum { PORT_LIMIT = 65536, UNPRIVILEGED = 1024 };

/* => how many of the ports were not seen before */
static json_int_t see_ports(bool seen[PORT_LIMIT], json_int_t low, json_int_t high)
{
	json_int_t count = 0;

	for (json_int_t p = low; p >= 0 && p <= high && p < PORT_LIMIT; p++) {
		count += !seen[p];
		seen[p] = true;
	}
	return count;
}

/*
 * How many ports the pools have together, from place 1 of the list on: query ids, or ports of TCP
 * or UDP, of which those below 1024 are apart where they are preserved.
 */
static json_int_t ports_of_owners(const json_t *owners, bool queries)
{
	bool seen[PORT_LIMIT] = {false};
	json_int_t count = 0;

	for (size_t i = 1; i < json_array_size(owners); i++) {
		const json_t *pool = json_array_get(owners, i);
		json_int_t low = json_number(pool, "port_low");
		bool apart = !queries && json_is_true(json_object_get(pool, "preserve_range"));

		if (apart)
			count += see_ports(seen, 1, UNPRIVILEGED - 1);
		if (apart && low < UNPRIVILEGED)
			low = UNPRIVILEGED;
		count += see_ports(seen, low, json_number(pool, "port_high"));
	}
	return count;
}

json_int_t pools_used_ports(const json_t *pools)
{
	json_t *owners = owners_by_address(pools), *list;
	json_int_t used = 0;
	const char *address;

	json_object_foreach(owners, address, list)
		used += used_on_address(json_array_get(list, 0));
	json_decref(owners);
	return used;
}

/* TCP, UDP and query ids are three spaces of an address. */
json_int_t pools_all_ports(const json_t *pools)
{
	json_t *owners = owners_by_address(pools), *list;
	json_int_t count = 0;
	const char *address;

	json_object_foreach(owners, address, list)
		count += 2 * ports_of_owners(list, false) + ports_of_owners(list, true);
	json_decref(owners);
	return count;
}

/* Printing. */

/* All ports are single ones: there are no pairs for RTP and RTCP. */
static void print_used(FILE *out, const char *what, json_int_t used)
{
	(void)fprintf(out, "%-50s %12" JSON_INTEGER_FORMAT " %12d\n", what, used, 0);
}

static void print_ranges(FILE *out, const json_t *pool)
{
	json_t *range;
	size_t i;

	(void)fprintf(out, "%-50s %12s %12s\n", "Address range", "Single Ports", "Twin Ports");
	json_array_foreach(json_object_get(pool, "ranges"), i, range) {
		struct text line = {0};

		text_add(&line, "%24s - %s", json_text(range, "low"), json_text(range, "high"));
		print_used(out, line.bytes, json_number(range, "ports_in_use"));
	}
	print_used(out, "Total used ports   :", json_number(pool, "ports_in_use"));
}

/* Addresses without a port in use are only counted. */
static void print_addresses(FILE *out, const json_t *pool)
{
	json_t *address;
	size_t i, idle = 0;

	(void)fprintf(out, "Used ports         : %-29s %12s %12s %12s\n", "Address", "TCP", "UDP",
		      "ICMP");
	json_array_foreach(json_object_get(pool, "addresses"), i, address) {
		if (used_on_address(address))
			print_template(out, address, "                     "
						     "{address:-29} {tcp:12} {udp:12} {icmp:12}\n");
		else
			idle++;
	}
	if (idle)
		(void)fprintf(out, "                     %zu address%s without a used port\n", idle,
			      idle == 1 ? "" : "es");
}

void alarm_print(FILE *out, const char *label, const json_t *alarm)
{
	if (!json_is_object(alarm))
		return;
	(void)fputs(label, out);
	print_template(out, alarm, "raise {raise}, clear {clear}; ");
	if (json_is_true(json_object_get(alarm, "raised")))
		print_template(out, alarm, "raised for {age_s} s\n");
	else
		(void)fputs("not raised\n", out);
}

static void print_preserved(FILE *out, const json_t *pool)
{
	bool parity = json_is_true(json_object_get(pool, "preserve_parity"));
	bool range = json_is_true(json_object_get(pool, "preserve_range"));

	if (parity || range)
		(void)fprintf(out, "Port preserves     :%s%s\n", parity ? " parity" : "",
			      range ? " range" : "");
}

static void print_pool(FILE *out, const json_t *pool)
{
	print_template(out, pool,
		       "\n"
		       "Pool name          : {name}\n"
		       "Pool id            : {id}\n"
		       "Routing instance   : default\n");
	print_template(out, pool,
		       pools_translate_ports(pool)
			       ? "Port               : [{port_low}, {port_high}]\n"
			       : "Host address base  : {host_address_base}\n"
				 "Port               : no translation\n");
	print_template(out, pool,
		       "Port overloading   : 1\n"
		       "Address assignment : no-paired\n"
		       "Total addresses    : {total_addresses}\n"
		       "Translation hits   : {hits}\n");
	print_ranges(out, pool);
	print_template(out, pool,
		       "Address-persistent : {address_persistent} ({algorithm})\n"
		       "Ports in use       : {ports_in_use} of {capacity}\n"
		       "Ports resting      : {ports_resting}\n"
		       "Utilization        : {utilization} %\n"
		       "Sessions           : {flows}\n"
		       "Allocations        : {allocations}\n"
		       "Leases             : {leases} in use, {lease_allocations} handed out\n"
		       "Exhaustions        : {exhaustions}\n");
	alarm_print(out, "Alarm threshold    : ", json_object_get(pool, "alarm"));
	print_preserved(out, pool);
	if (json_is_string(json_object_get(pool, "overflow_pool")))
		print_template(out, pool,
			       "Overflow pool      : {overflow_pool}\n"
			       "Overflows          : {overflows}\n");
	reasons_print(out, "Failures           : ", json_object_get(pool, "failures"));
	print_addresses(out, pool);
}

void pools_print(FILE *out, const json_t *pools)
{
	const json_t *list = json_object_get(pools, "pools");
	json_t *pool;
	size_t i;

	(void)fprintf(out, "Total pools: %zu\n", json_array_size(list));
	json_array_foreach(list, i, pool)
		print_pool(out, pool);
}
