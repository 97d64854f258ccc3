/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of core/open.h up to the address, taken one by one over tables on the heap.
 *
 * No port is claimed and no flow is made, so the answer is that for an empty gateway: a pool
 * may be exhausted when the packet comes.
 */
#include "cli/explain.h"

#include <errno.h>
#include <stdlib.h>

#include "cli/explain_open.h"
#include "cli/explain_way.h"
#include "core/nat.h"
#include "dataplane/address.h"
#include "dataplane/compile.h"
#include "dataplane/snapshot.h"
#include "dataplane/words.h"

/* A packet as plain as can be; only that it is neither too small nor too big matters. */
enum { PLAIN_TTL = 64, PLAIN_BYTES = 60 };

struct explanation {
	const struct explain_question *question;
	struct tables *tables;
	struct nat_config *config;
	u32 half;
	u32 made_up; /* ifindexes from here on are of interfaces that this machine does not have */
	struct explain_way way;
	struct packet packet;
	struct first first;
	u32 rule;   /* position, RULE_NOT_FOUND: none */
	u32 reason; /* NO_REASON: it is translated */
	json_t *passed_over;
};

/* The tables. */

/* Addresses are enough: no port is looked for. */
static int add_no_ports(void *context, const u32 *slots, u32 count, struct error *error)
{
	(void)context, (void)slots, (void)count, (void)error;
	return 0;
}

static int make_up_interfaces(const struct snapshot *snapshot, struct network *network, u32 *next)
{
	static const struct link_addr link;

	*next = 1;
	for (size_t i = 0; i < network->interface_count; i++)
		if (network->interfaces[i].ifindex >= *next)
			*next = network->interfaces[i].ifindex + 1;
	for (size_t i = 0; i < snapshot->zone_count; i++) {
		for (size_t j = 0; j < snapshot->zones[i].interface_count; j++) {
			const char *name = snapshot->zones[i].interfaces[j].name;
			u32 ifindex = *next + (u32)network->interface_count;

			if (!network_find(network, name) &&
			    network_add_interface(network, ifindex, name, &link))
				return -ENOMEM;
		}
	}
	return 0;
}

static int build_tables(struct explanation *e, struct snapshot *snapshot, struct network *network,
			struct error *error)
{
	struct port_tables ports = {.add = add_no_ports};

	if (make_up_interfaces(snapshot, network, &e->made_up))
		return error_set(error, ENOMEM, "out of memory");
	e->tables = tables_create(FLOWS_MIN, 1);
	if (!e->tables)
		return error_set(error, ENOMEM, "out of memory");
	snapshot_normalise(snapshot);
	snapshot->maximum_flows = FLOWS_MIN;
	e->half = tables_idle_half(e->tables);
	e->config = &e->tables->config[e->half];
	return compile_snapshot(e->tables, snapshot, network, &ports, error);
}

/* The rules that depend on what is open. */

static json_t *conditions_json(u32 conditions)
{
	static const char *const names[] = {"destination-address", "protocol", "source-port",
					    "destination-port", "application"};
	json_t *list = json_array();

	for (u32 i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (conditions >> i & 1)
			(void)json_array_append_new(list, json_string(names[i]));
	return list;
}

static const char *action_name(const struct nat_rule *rule)
{
	if (rule->action == RULE_OFF)
		return "off";
	return rule->action == RULE_INTERFACE ? "interface" : "pool";
}

static void note_passed_over(struct explanation *e, const struct nat_rule *rule, u32 conditions)
{
	(void)json_array_append_new(
		e->passed_over,
		json_pack("{s:s, s:s, s:o}", "rule", e->tables->names->rules[rule->id].names[1],
			  "action", action_name(rule), "conditions", conditions_json(conditions)));
}

/* Settles the rules, and finds the one that decides. => false without memory */
static bool settle_rules(struct explanation *e)
{
	const struct nat_rule_set *set = &e->config->rule_sets[e->way.rule_set - 1];
	u32 *conditions = calloc(set->rule_count + 1u, sizeof(*conditions));

	if (!conditions)
		return false;
	for (u32 i = 0; i < set->rule_count; i++)
		conditions[i] =
			explain_settle(&e->config->rules[set->first_rule + i], e->question);
	e->rule = first_rule_of(e->config, &e->packet, e->way.rule_set - 1);
	for (u32 i = 0; i < set->rule_count && set->first_rule + i < e->rule; i++)
		if (conditions[i])
			note_passed_over(e, &e->config->rules[set->first_rule + i], conditions[i]);
	free(conditions);
	return true;
}

/* The packet and its steps. */

static u8 kind_of(const struct explain_question *q)
{
	u8 protocol = explain_protocol(q);

	if (protocol == PROTOCOL_TCP)
		return PACKET_TCP;
	if (protocol == PROTOCOL_UDP)
		return PACKET_UDP;
	if (protocol_is_kept(protocol))
		return PACKET_TUNNEL;
	return protocol_is_icmp(q->family, protocol) ? PACKET_ECHO_REQUEST : PACKET_OTHER;
}

static void make_packet(struct explanation *e)
{
	const struct explain_question *q = e->question;
	struct packet *p = &e->packet;

	p->half = e->half;
	p->column = (u16)e->way.ingress;
	p->ifindex = e->config->column_ifindex[e->way.ingress];
	p->kind = kind_of(q);
	p->tcp_flags = TCP_SYN;
	p->ttl = PLAIN_TTL;
	p->length = PLAIN_BYTES;
	p->key.inside = q->source;
	p->key.remote = q->destination;
	p->key.inside_port = htons(q->source_port);
	p->key.remote_port = htons(q->destination_port);
	p->key.protocol = explain_protocol(q);
	p->key.family = (u8)q->family;
}

static bool is_special(enum ip_family family, const union ip_addr *address)
{
	return family == FAMILY_IPV4 ? ipv4_is_special(address->words[3])
				     : ipv6_is_special(address);
}

/* => what the core says before it looks at the rules, or NO_REASON */
static u32 reason_before_rules(const struct explanation *e)
{
	const struct explain_question *q = e->question;
	const struct nat_address *target = nat_address_find(e->config, &q->destination);

	if (is_special(q->family, &q->source) ||
	    (q->has_destination && is_special(q->family, &q->destination)))
		return REASON_special_address;
	if (nat_address_find(e->config, &q->source))
		return REASON_spoofed_source;
	if (q->has_destination && target)
		return refuse_from_outside(&e->packet, target);
	return NO_REASON;
}

static u32 egress_ifindex;

/* The way is given by the question. */
static void route_to_egress(const struct route_query *query, struct route *route)
{
	(void)query;
	*route = (struct route){.ifindex = egress_ifindex, .mtu = PLAIN_BYTES,
				.result = ROUTE_FOUND};
}

static void take_steps(struct explanation *e)
{
	struct packet *p = &e->packet;

	environment = (struct environment){.tables = e->tables, .route = route_to_egress};
	e->reason = (u32)first_route(NULL, p, &e->first);
	if (e->reason == NO_REASON)
		e->reason = (u32)first_judge(p, &e->first);
	if (e->reason == NO_REASON)
		e->reason = (u32)first_choose(p, &e->first);
	if (e->reason == NO_REASON)
		e->reason = (u32)first_select(p, &e->first);
	if (first_overflows(p, &e->first, e->reason))
		e->reason = (u32)first_select(p, &e->first);
}

/* => 0, or -ENOMEM and the error */
static int judge(struct explanation *e, struct error *error)
{
	make_packet(e);
	egress_ifindex = e->config->column_ifindex[e->way.egress];
	e->first = (struct first){.rule = RULE_NOT_FOUND, .pool = MAX_POOLS};
	e->rule = RULE_NOT_FOUND;
	e->reason = reason_before_rules(e);
	if (e->reason != NO_REASON)
		return 0;
	if (e->way.rule_set && !settle_rules(e))
		return error_set(error, ENOMEM, "out of memory");
	take_steps(e);
	return 0;
}

/* The answer. */

static void set(json_t *answer, const char *name, json_t *value)
{
	(void)json_object_set_new(answer, name, value);
}

static json_t *number(u64 value)
{
	return json_integer((json_int_t)value);
}

static json_t *address_json(const union ip_addr *address)
{
	char text[ADDRESS_TEXT_BYTES];

	return json_string(ip_addr_print(address, text));
}

static json_t *zone_json(const struct explanation *e, u32 zone)
{
	return zone ? json_string(e->tables->names->zones[zone % MAX_ZONE_IDS].names[0])
		    : json_null();
}

static json_t *interface_json(const struct explanation *e, bool one, u32 column)
{
	return one ? json_string(e->config->column_name[column % MAX_INTERFACES]) : json_null();
}

static void add_question(const struct explanation *e, json_t *answer)
{
	const struct explain_question *q = e->question;

	set(answer, "source", address_json(&q->source));
	set(answer, "destination",
	    q->has_destination ? address_json(&q->destination) : json_null());
	set(answer, "protocol", q->has_protocol ? number(q->protocol) : json_null());
	set(answer, "source_port", q->has_source_port ? number(q->source_port) : json_null());
	set(answer, "destination_port",
	    q->has_destination_port ? number(q->destination_port) : json_null());
	set(answer, "from_zone", zone_json(e, e->way.from_zone));
	set(answer, "from_interface", interface_json(e, e->way.one_ingress, e->way.ingress));
	set(answer, "to_zone", zone_json(e, e->way.to_zone));
	set(answer, "to_interface", interface_json(e, e->way.one_egress, e->way.egress));
}

static void add_outcome(const struct explanation *e, json_t *answer)
{
	bool translated = e->reason == NO_REASON;

	set(answer, "outcome", json_string(translated ? "translated" : reason_outcome(e->reason)));
	set(answer, "reason", translated ? json_null() : json_string(reason_name(e->reason)));
	set(answer, "text", translated ? json_null() : json_string(reason_text(e->reason)));
}

static const struct nat_rule *deciding_rule(const struct explanation *e)
{
	return config_rule(e->config, e->rule);
}

static json_t *persistent_nat_json(const struct nat_rule *rule)
{
	if (!rule || !rule->permit)
		return json_null();
	return json_pack("{s:s, s:I, s:I}", "permit", permit_names[rule->permit % PERMIT_COUNT],
			 "inactivity_timeout", (json_int_t)rule->policy.inactivity_timeout_s,
			 "maximum_flows", (json_int_t)rule->policy.flows_max + 1);
}

static void add_rule(const struct explanation *e, json_t *answer)
{
	const struct nat_rule *rule = deciding_rule(e);
	const struct name_entry *names = rule ? &e->tables->names->rules[rule->id] : NULL;

	set(answer, "rule_set", names ? json_string(names->names[0]) : json_null());
	set(answer, "rule", names ? json_string(names->names[1]) : json_null());
	set(answer, "action", rule ? json_string(action_name(rule)) : json_null());
	set(answer, "persistent_nat", persistent_nat_json(rule));
	set(answer, "passed_over", json_incref(e->passed_over));
}

static const union ip_addr *list_address(const struct explanation *e,
					 const struct address_list *list, u32 index)
{
	u32 slot = e->config->pool_addresses[(list->first + index) % MAX_POOL_ADDRESSES];

	return &e->tables->control->addresses.slots[slot % MAX_ADDRESS_SLOTS].address;
}

/* The list, with what continues the one before it joined. */
static json_t *ranges_json(const struct explanation *e, const struct address_list *list)
{
	json_t *ranges = json_array();

	for (u32 i = 0; i < list->length; i++) {
		const union ip_addr *address = list_address(e, list, i);
		json_t *last = json_array_get(ranges, json_array_size(ranges) - 1);

		if (i && ip_addr_distance(list_address(e, list, i - 1), address) == 1)
			set(last, "high", address_json(address));
		else
			(void)json_array_append_new(ranges,
						    json_pack("{s:o, s:o}", "low",
							      address_json(address), "high",
							      address_json(address)));
	}
	return ranges;
}

static bool is_round_robin(const struct nat_pool *pool, const struct address_list *list)
{
	return pool->selector == SELECT_ROUND_ROBIN && list->length > 1;
}

/* Round-robin says nothing about one flow beforehand, unless there is one address only. */
static void add_selection(const struct explanation *e, const struct nat_pool *pool, json_t *answer)
{
	const struct address_list *list = &pool->lists[e->question->family];
	bool chosen = e->reason == NO_REASON && !is_round_robin(pool, list);
	struct port_range ports = {pool->port_low, pool->port_high};

	if (e->question->has_source_port)
		ports = pool_port_range(ports, pool->port_flags, e->packet.key.protocol,
					e->question->source_port);
	set(answer, "list_length", number(list->length));
	set(answer, "index", chosen ? number(e->first.index) : json_null());
	set(answer, "address",
	    chosen ? address_json(list_address(e, list, e->first.index)) : json_null());
	set(answer, "ranges", ranges_json(e, list));
	set(answer, "port_low", number(ports.low));
	set(answer, "port_high", number(ports.high));
	if (e->reason == NO_REASON && !chosen)
		set(answer, "note",
		    json_string("round-robin: any address of the list may be chosen"));
}

static void add_pool(const struct explanation *e, json_t *answer)
{
	static const char *const names[] = {"pool", "algorithm", "list_length", "index",
					    "address", "ranges", "port_low", "port_high", "note"};
	const struct nat_pool *pool = config_pool(e->config, e->first.pool);
	const struct nat_rule *rule = deciding_rule(e);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		set(answer, names[i], json_null());
	if (!pool)
		return;
	set(answer, "pool", json_string(e->tables->names->pools[pool->id].names[0]));
	set(answer, "algorithm", json_string(rule->action == RULE_INTERFACE
						     ? "interface"
						     : selector_name(pool->selector)));
	add_selection(e, pool, answer);
}

/* The egress interface is not here to ask for its address: that it has none would be made up. */
static void excuse_absent_interface(struct explanation *e)
{
	const struct nat_rule *rule = deciding_rule(e);

	if (rule && rule->action == RULE_INTERFACE && egress_ifindex >= e->made_up &&
	    e->reason == REASON_source_nat_pool_empty)
		e->reason = NO_REASON;
}

static void note_absent_interface(const struct explanation *e, json_t *answer)
{
	const struct nat_rule *rule = deciding_rule(e);
	bool absent = egress_ifindex >= e->made_up;

	if (!rule || rule->action != RULE_INTERFACE || e->reason != NO_REASON)
		return;
	set(answer, "note",
	    json_string(absent ? "this machine has no such interface; its address is not known here"
			       : "the interface's address on this machine"));
	if (!absent)
		return;
	set(answer, "list_length", json_null());
	set(answer, "index", json_null());
	set(answer, "address", json_null());
}

static json_t *answer_json(struct explanation *e)
{
	json_t *answer = json_object();

	excuse_absent_interface(e);
	add_question(e, answer);
	add_outcome(e, answer);
	add_rule(e, answer);
	add_pool(e, answer);
	note_absent_interface(e, answer);
	return answer;
}

/* The address of the action interface is that of one interface: it must be said which. */
static int check_egress(const struct explanation *e, struct error *error)
{
	const struct nat_rule *rule = deciding_rule(e);

	if (!rule || rule->action != RULE_INTERFACE || e->way.one_egress)
		return 0;
	return error_set(error, EINVAL,
			 "rule %s takes the address of the interface by which a packet leaves, and "
			 "there are several; expected --to-interface",
			 e->tables->names->rules[rule->id].names[1]);
}

json_t *explain(struct snapshot *snapshot, struct network *network,
		const struct explain_question *question, struct error *error)
{
	struct explanation e = {.question = question, .passed_over = json_array()};
	json_t *answer = NULL;

	if (!build_tables(&e, snapshot, network, error) &&
	    !explain_choose_way(e.tables, e.config, question, &e.way, error) &&
	    !judge(&e, error) && !check_egress(&e, error))
		answer = answer_json(&e);
	json_decref(e.passed_over);
	tables_free(e.tables);
	return answer;
}
