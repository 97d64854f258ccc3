/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Which rule owns a packet: docs/packet-path.md, section 3.5.
 */
#ifndef CORE_RULES_H
#define CORE_RULES_H

#include "core/bits.h"
#include "core/environment.h"
#include "core/packet.h"

/* Elements of the configuration by position; NULL if there is no such position. */
static __always_inline const struct nat_rule *config_rule(const struct nat_config *config,
							  u32 position)
{
	u64 index = position;

	if (index >= MAX_RULES)
		return NULL;
	index_is_checked(index, MAX_RULES);
	return &config->rules[index];
}

static __always_inline const struct nat_pool *config_pool(const struct nat_config *config,
							  u32 position)
{
	u64 index = position;

	if (index >= MAX_POOLS)
		return NULL;
	index_is_checked(index, MAX_POOLS);
	return &config->pools[index];
}

static __always_inline const struct nat_interface *interface_find(const struct nat_config *config,
								  u32 ifindex)
{
	for (u32 i = 0; i < INTERFACE_PROBES; i++) {
		const struct nat_interface *place =
			&config->interfaces[(ifindex + i) % INTERFACE_SLOTS];

		if (place->ifindex == ifindex)
			return place;
	}
	return NULL;
}

static __always_inline u32 nat_address_hash(u32 seed, const union ip_addr *address)
{
	return (u32)(ip_addr_mix(address, seed) >> 40);
}

/* => the NAT address, NULL if it is none */
static __always_inline const struct nat_address *
nat_address_find(const struct nat_config *config, const union ip_addr *address)
{
	u32 hash = nat_address_hash(config->nat_address_seed, address);

	for (u32 i = 0; i < NAT_ADDRESS_PROBES; i++) {
		const struct nat_address *place =
			&config->nat_addresses[((hash + i) & config->nat_address_mask) %
					       NAT_ADDRESS_PLACES];

		if (!place->flags)
			return NULL;
		if (place->address.longs[1] == address->longs[1] &&
		    place->address.longs[0] == address->longs[0])
			return place;
	}
	return NULL;
}

/*
 * In the words of a prefix, IPv4 lies in ::ffff:0:0/96, and a prefix of IPv6 may be shorter than
 * that: an IPv4 address matches only a prefix that asks for all of these 96 bits.
 */
static __always_inline bool prefix_is_of_family(const struct prefix_match *prefix, bool ipv4)
{
	return !ipv4 || (u32)prefix->mask[1] == 0xffffffff;
}

static __always_inline bool prefix_matches(const struct prefix_match *prefixes, u32 count,
					   const union ip_addr *address)
{
	bool ipv4 = !address->longs[0] && address->words[2] == network_u32(0xffff);

	for (u32 i = 0; i < MAX_PREFIXES_PER_RULE && i < count; i++) {
		const struct prefix_match *prefix = &prefixes[i];

		if (!(((address->longs[0] ^ prefix->value[0]) & prefix->mask[0]) |
		      ((address->longs[1] ^ prefix->value[1]) & prefix->mask[1])) &&
		    prefix_is_of_family(prefix, ipv4))
			return true;
	}
	return !count;
}

static __always_inline bool port_in_range(const struct port_range *range, u16 port)
{
	return port >= range->low && port <= range->high;
}

static __always_inline bool port_matches(const struct port_range *ranges, u32 count, u16 port)
{
	for (u32 i = 0; i < MAX_PORT_RANGES_PER_RULE && i < count; i++)
		if (port_in_range(&ranges[i], port))
			return true;
	return false;
}

/* What a rule can know of a packet. What a later fragment hides may be anything. */
struct rule_question {
	const union ip_addr *source;
	const union ip_addr *destination;
	u16 source_port; /* host order */
	u16 destination_port;
	u8 protocol;
	bool has_ports;
	bool hides_ports;
	bool hides_protocol;
};

/*
 * A condition on what is hidden holds for a rule that translates, so that nothing which might
 * need translation passes, and does not for one that lets through.
 */
static __always_inline bool rule_takes_hidden(const struct nat_rule *rule, bool hidden)
{
	return hidden && rule->action != RULE_OFF;
}

static __always_inline bool rule_protocol_matches(const struct nat_rule *rule,
						  const struct rule_question *q)
{
	return rule->any_protocol || (rule->protocols[q->protocol / 64] >> q->protocol % 64 & 1) ||
	       rule_takes_hidden(rule, q->hides_protocol);
}

static __always_inline bool rule_ports_match(const struct nat_rule *rule,
					     const struct rule_question *q)
{
	if (!rule->source_port_count && !rule->destination_port_count)
		return true;
	if (!q->has_ports)
		return rule_takes_hidden(rule, q->hides_ports);
	return (!rule->source_port_count ||
		port_matches(rule->source_ports, rule->source_port_count, q->source_port)) &&
	       (!rule->destination_port_count ||
		port_matches(rule->destination_ports, rule->destination_port_count,
			     q->destination_port));
}

static __always_inline bool service_matches(const struct nat_rule *rule,
					    const struct service_match *service,
					    const struct rule_question *q)
{
	if (service->protocol != q->protocol && !rule_takes_hidden(rule, q->hides_protocol))
		return false;
	if (service->any_port)
		return true;
	if (!q->has_ports)
		return rule_takes_hidden(rule, q->hides_ports);
	return port_in_range(&service->source, q->source_port) &&
	       port_in_range(&service->destination, q->destination_port);
}

static __always_inline bool rule_services_match(const struct nat_rule *rule,
						const struct rule_question *q)
{
	for (u32 i = 0; i < MAX_SERVICES_PER_RULE && i < rule->service_count; i++)
		if (service_matches(rule, &rule->services[i], q))
			return true;
	return !rule->service_count;
}

static __always_inline bool rule_matches(const struct nat_rule *rule,
					 const struct rule_question *q)
{
	return rule_protocol_matches(rule, q) &&
	       prefix_matches(rule->sources, rule->source_count, q->source) &&
	       prefix_matches(rule->destinations, rule->destination_count, q->destination) &&
	       rule_ports_match(rule, q) && rule_services_match(rule, q);
}

struct rule_search {
	const struct nat_config *config;
	const struct rule_question *question;
	u32 next; /* position in rules[] */
	u32 found;
};

enum { RULE_NOT_FOUND = MAX_RULES };

static inline long rule_search_step(u32 i, void *context)
{
	struct rule_search *search = context;
	u32 position = search->next;
	const struct nat_rule *rule = config_rule(search->config, position);

	(void)i;
	if (!rule)
		return 1;
	search->next = position + 1; /* bounded, or BPF's verifier would follow it for ever */
	if (!rule_matches(rule, search->question))
		return 0;
	search->found = position;
	return 1;
}

/* => the position of the first rule of the rule-set that matches, or RULE_NOT_FOUND */
static __always_inline u32 rule_find(const struct nat_config *config, u32 rule_set,
				     const struct rule_question *question)
{
	const struct nat_rule_set *set;
	struct rule_search search = {
		.config = config, .question = question, .found = RULE_NOT_FOUND};

	if (rule_set >= MAX_RULE_SETS)
		return RULE_NOT_FOUND;
	set = &config->rule_sets[rule_set];
	search.next = set->first_rule;
	env_loop(set->rule_count, rule_search_step, &search);
	return search.found;
}

#endif
