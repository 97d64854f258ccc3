/* SPDX-License-Identifier: Apache-2.0 */
#include "config/random_text.h"

#include <assert.h>
#include <stdio.h>

#include "config/schema.h"

static u32 random_state;

static u32 random_below(u32 limit)
{
	assert(limit);
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % limit;
}

static bool one_in(u32 times)
{
	return random_below(times) == 0;
}

static const char *pick(const char *const *words, u32 count)
{
	return words[random_below(count)];
}

#define PICK(...)                                \
	pick((const char *const[]){__VA_ARGS__}, \
	     sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static void write_number(FILE *out, const struct schema *schema)
{
	u32 span = schema->high - schema->low;

	fprintf(out, "%u", schema->low + (span ? random_below(span) : 0));
}

static void write_keyword(FILE *out, const struct schema *schema)
{
	u32 count = 0;

	while (schema->keywords[count].word)
		count++;
	fputs(schema->keywords[random_below(count)].word, out);
}

static void write_prefix(FILE *out)
{
	if (one_in(2))
		fprintf(out, "%u.%u.%u.0/%u", 1 + random_below(120), random_below(256),
			random_below(256), 24 + random_below(9));
	else
		fprintf(out, "2001:db8:%x::/%u", random_below(65536), 48 + random_below(80));
}

static void write_addresses(FILE *out)
{
	u32 low = random_below(200);

	if (one_in(2))
		write_prefix(out);
	else
		fprintf(out, "192.0.2.%u%s to 192.0.2.%u", low, one_in(2) ? "/32" : "",
			low + random_below(50));
}

static void write_ports(FILE *out)
{
	u32 low = random_below(60000);

	fprintf(out, "%u", low);
	if (one_in(2))
		fprintf(out, " to %u", low + random_below(5000));
}

static void write_value(FILE *out, const struct schema *schema)
{
	switch (schema->type) {
	case TYPE_NUMBER:
		write_number(out, schema);
		break;
	case TYPE_KEYWORD:
		write_keyword(out, schema);
		break;
	case TYPE_PORTS:
		write_ports(out);
		break;
	case TYPE_PORT_SPAN:
		fputs(PICK("5060", "05060-5070", "7-7", "0-65535"), out);
		break;
	case TYPE_PREFIX:
		write_prefix(out);
		break;
	case TYPE_ADDRESSES:
		write_addresses(out);
		break;
	case TYPE_INTERFACE:
		fputs(PICK("eth0", "eth1.0", "br-lan", "wan.fiber", "eth0.100.0", "\"set\""), out);
		break;
	case TYPE_TEXT:
		fputs(PICK("plain", "\"two words\"", "\"\"", "\"q\\\"\\\\\"", "\"# { ; }\""), out);
		break;
	case TYPE_PROTOCOL:
		fputs(PICK("tcp", "17", "esp", "200"), out);
		break;
	case TYPE_APPLICATION:
		fputs(PICK("junos-http", "junos-sip", "any", "junos-ping", "mine"), out);
		break;
	case TYPE_CPUS:
		fputs(PICK("0", "02", "2-5", "7-7", "1020-1023"), out);
		break;
	case TYPE_HOST_NAME:
		fputs(PICK("gw", "gw-1.example.net"), out);
		break;
	default:
		fputs(PICK("a", "resi-b", "10.0.0.0/8", "x:y", "\"persistent-nat\"", "\"set\""),
		      out);
	}
}

static void write_statements(FILE *out, const struct schema *parent, u32 depth);

static void write_tags(FILE *out)
{
	if (one_in(6))
		fputs("inactive: ", out);
	if (one_in(12))
		fputs("replace: ", out);
}

static void write_leaf(FILE *out, const struct schema *schema)
{
	bool is_list = schema->kind == SCHEMA_LEAF_LIST && one_in(2);

	fputs(is_list ? "[ " : "", out);
	do {
		write_value(out, schema);
		fputc(' ', out);
	} while (is_list && !one_in(3));
	fputs(is_list ? "];\n" : ";\n", out);
}

static void write_statement(FILE *out, const struct schema *schema, u32 depth)
{
	if (schema->kind == SCHEMA_OPAQUE)
		return;
	write_tags(out);
	if (!(schema->flags & SCHEMA_UNNAMED))
		fprintf(out, "%s ", schema->word);
	if (schema->kind == SCHEMA_LEAF || schema->kind == SCHEMA_LEAF_LIST) {
		write_leaf(out, schema);
	} else if (schema->kind == SCHEMA_FLAG) {
		fputs(";\n", out);
	} else {
		if (schema->kind == SCHEMA_LIST)
			write_value(out, schema);
		fputs(" {\n", out);
		write_statements(out, schema, depth + 1);
		fputs("}\n", out);
	}
}

static void write_statements(FILE *out, const struct schema *parent, u32 depth)
{
	const struct schema *schema;

	for_each_statement(schema, parent)
		for (u32 i = random_below(depth < 3 ? 3 : 2); i > 0; i--)
			write_statement(out, schema, depth);
}

char *random_statements(u32 seed)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	random_state = seed;
	write_statements(out, &schema_root, 0);
	(void)fclose(out);
	return text;
}

/* --- a configuration without errors --- */

enum { ZONES = 4 };

static void write_zones(FILE *out)
{
	for (u32 i = 0; i < ZONES; i++)
		fprintf(out, "set security zones security-zone z%u interfaces e%u%s\n", i, i,
			one_in(2) ? ".0" : "");
	fprintf(out, "set interfaces e0 xdp-mode %s\n", PICK("native", "generic"));
	if (one_in(2))
		fprintf(out, "set system userspace worker-cpus %s\n", PICK("3", "[ 2-5 1 4 ]"));
}

/* Every pool has addresses of its own, of both families. */
static void write_pool(FILE *out, u32 pool)
{
	fprintf(out, "security nat source { pool p%u {\naddress {\n", pool);
	for (u32 i = random_below(4); i > 0; i--)
		fprintf(out, "198.18.%u.%u/%u;\n", pool, 16 * i, 28 + random_below(5));
	for (u32 i = 1 + random_below(3); i > 0; i--)
		fprintf(out, "2001:db8:%u::%u0 to 2001:db8:%u::%u%u;\n", pool, i, pool, i,
			random_below(9));
	fprintf(out, "198.19.%u.1;\n}\n", pool);
	if (pool && !random_below(3))
		fprintf(out, "overflow-pool %s;\n", random_below(2) ? "p0" : "interface");
	if (one_in(2))
		fprintf(out, "port range %u to %u;\n", 1 + random_below(30000),
			30000 + random_below(30000));
	if (one_in(2))
		fprintf(out, "address-persistent %s;\n", PICK("", "algorithm ebpf-legacy"));
	if (one_in(8))
		fprintf(out, "persistent-nat permit target-host;\n");
	fprintf(out, "} }\n");
}

static void write_match(FILE *out)
{
	fprintf(out, "match {\n");
	for (u32 i = random_below(4); i > 0; i--)
		fprintf(out, "source-address 10.%u.0.0/16;\n", i);
	if (one_in(3))
		fprintf(out, "source-address fd00::/8;\n");
	if (one_in(3))
		fprintf(out, "application %s;\n", PICK("junos-http", "[ junos-sip junos-ssh ]"));
	else
		fprintf(out, "protocol %s;\ndestination-port { 80; 1000 to 2000; }\n",
			PICK("tcp", "[ udp 6 ]"));
	fprintf(out, "}\n");
}

static const char *random_persistent_nat(void)
{
	return PICK("", "persistent-nat { permit any-remote-host; }",
		    "persistent-nat { permit target-host; inactivity-timeout 60; }",
		    "persistent-nat { permit target-host-port; max-session-number 65536; }");
}

static void write_action(FILE *out, u32 pools)
{
	if (one_in(2))
		fprintf(out, "then { source-nat { pool { p%u; %s } } }\n", random_below(pools),
			random_persistent_nat());
	else if (one_in(2))
		fprintf(out, "then { source-nat { interface { %s } } }\n",
			random_persistent_nat());
	else
		fprintf(out, "then { source-nat { off; } }\n");
}

static void write_rule(FILE *out, u32 rule, u32 pools)
{
	fprintf(out, "%srule r%u {\n", one_in(5) ? "inactive: " : "", rule);
	if (one_in(4))
		fprintf(out, "description \"rule { %u \\\"\";\n", rule);
	write_match(out);
	write_action(out, pools);
	fprintf(out, "}\n");
}

static void write_rule_set(FILE *out, u32 from, u32 to, u32 pools)
{
	fprintf(out, "security nat source { rule-set s%u-%u {\nfrom %s%u;\nto zone z%u;\n", from,
		to, PICK("zone z", "interface e"), from, to);
	for (u32 i = 1 + random_below(4); i > 0; i--)
		write_rule(out, i, pools);
	fprintf(out, "} }\n");
}

char *random_configuration(u32 seed)
{
	u32 pools;
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	random_state = seed;
	pools = 1 + random_below(5);
	write_zones(out);
	for (u32 i = 0; i < pools; i++)
		write_pool(out, i);
	for (u32 from = 0; from < ZONES; from++)
		if (one_in(2))
			write_rule_set(out, from, random_below(ZONES), pools);
	if (one_in(2))
		fprintf(out, "set security nat source address-persistent\n");
	if (one_in(2))
		fprintf(out, "set security nat proxy-arp interface e0 address 198.18.0.0/24\n");
	(void)fclose(out);
	return text;
}
