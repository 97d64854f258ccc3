/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each condition on something open is taken out of the rule. If what is left does not match, the
 * rule cannot. If it does, the rule may, and surely does if nothing had to be taken out but
 * conditions that hold for everything. Matching is the core's.
 */
#include "cli/explain_open.h"

#include <string.h>

#include "core/packet.h"
#include "core/rules.h"

static const struct port_range any_port = {0, 65535};

u8 explain_protocol(const struct explain_question *q)
{
	return q->has_protocol ? q->protocol : (u8)PROTOCOL_UDP;
}

static bool protocol_has_ports(const struct explain_question *q)
{
	u8 protocol = explain_protocol(q);

	return protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP;
}

/* Does one of the destinations hold the whole of the family? */
static bool takes_any_destination(const struct nat_rule *rule, const struct explain_question *q)
{
	for (u32 i = 0; i < rule->destination_count; i++) {
		const struct prefix_match *prefix = &rule->destinations[i];
		u64 compared = q->family == FAMILY_IPV4 ? prefix->mask[1] >> 32
							: prefix->mask[0] | prefix->mask[1];

		if (!compared && prefix_matches(prefix, 1, &q->source))
			return true;
	}
	return false;
}

/* No packet has port 0, so a range from 1 on leaves none out. */
static bool is_any_port(const struct port_range *range)
{
	return range->low <= 1 && range->high == any_port.high;
}

/* => the condition if a range of ports, taken out here, would decide */
static u32 loosen_ports(const struct explain_question *q, u8 *count,
			const struct port_range *ranges, u32 condition)
{
	bool any = false;

	for (u32 i = 0; i < *count; i++)
		any |= is_any_port(&ranges[i]);
	if (!*count)
		return 0;
	*count = 0;
	return any && q->has_protocol ? 0 : condition;
}

static bool loosen_range(struct port_range *range)
{
	bool decides = !is_any_port(range);

	*range = any_port;
	return decides;
}

/* => true if the service depends on what is open */
static bool loosen_service(const struct explain_question *q, struct service_match *service)
{
	bool depends = !q->has_protocol;

	service->protocol = q->has_protocol ? service->protocol : explain_protocol(q);
	if (service->any_port)
		return depends;
	if (!q->has_source_port)
		depends |= loosen_range(&service->source);
	if (!q->has_destination_port)
		depends |= loosen_range(&service->destination);
	return depends;
}

static u32 loosen_services(const struct explain_question *q, const struct rule_question *question,
			   struct nat_rule *rule)
{
	bool may = false, surely = false;

	for (u32 i = 0; i < rule->service_count; i++) {
		bool depends = loosen_service(q, &rule->services[i]);
		bool hit = service_matches(rule, &rule->services[i], question);

		may |= hit;
		surely |= hit && !depends;
	}
	return may && !surely ? CONDITION_APPLICATION : 0;
}

/* Takes out every condition on what is open. => those that would decide */
static u32 loosen(const struct explain_question *q, const struct rule_question *question,
		  struct nat_rule *rule)
{
	u32 open = loosen_services(q, question, rule);

	if (!q->has_destination && rule->destination_count) {
		open |= takes_any_destination(rule, q) ? 0 : CONDITION_DESTINATION;
		rule->destination_count = 0;
	}
	if (!q->has_protocol && !rule->any_protocol) {
		open |= CONDITION_PROTOCOL;
		rule->any_protocol = true;
	}
	if (question->has_ports && !q->has_source_port)
		open |= loosen_ports(q, &rule->source_port_count, rule->source_ports,
				     CONDITION_SOURCE_PORT);
	if (question->has_ports && !q->has_destination_port)
		open |= loosen_ports(q, &rule->destination_port_count, rule->destination_ports,
				     CONDITION_DESTINATION_PORT);
	return open;
}

u32 explain_settle(struct nat_rule *rule, const struct explain_question *q)
{
	struct rule_question question = {
		.source = &q->source,
		.destination = &q->destination,
		.source_port = q->source_port,
		.destination_port = q->destination_port,
		.protocol = explain_protocol(q),
		.has_ports = protocol_has_ports(q),
	};
	u32 open = loosen(q, &question, rule);
	bool may = rule_matches(rule, &question);

	if (!may || open) {
		rule->any_protocol = false;
		memset(rule->protocols, 0, sizeof(rule->protocols));
	}
	return may ? open : 0;
}
