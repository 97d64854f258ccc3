/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For how long a flow may be without a packet: docs/packet-path.md, section 7.
 *
 * That an application has a timeout of its own costs packets nothing: the one of a flow is looked
 * up when it is asked for, by the flow's rule, protocol and ports, in the configuration in force.
 * Where that has no such rule any more, the flow has the timeout of its protocol.
 */
#ifndef DATAPLANE_IDLE_H
#define DATAPLANE_IDLE_H

#include <arpa/inet.h>

#include "core/rules.h"
#include "core/tcp.h"

/* => the rule of this id, NULL if the configuration has none */
static inline const struct nat_rule *idle_rule(const struct nat_config *config, u32 id)
{
	u32 place = id < MAX_RULE_IDS ? config->rule_places[id] : 0;

	return place ? config_rule(config, place - 1) : NULL;
}

/* => the timeout of the first application of its rule that fits a flow; 0: none, or it has none */
static inline u32 idle_application_timeout_s(const struct nat_config *config,
					     const struct flow *flow)
{
	const struct nat_rule *rule = idle_rule(config, atomic_read(&flow->rule));
	struct rule_question question = {
		.source_port = ntohs(flow->inside_port),
		.destination_port = ntohs(flow->remote_port),
		.protocol = flow->protocol,
		.has_ports = flow->protocol == PROTOCOL_TCP || flow->protocol == PROTOCOL_UDP,
	};

	for (u32 i = 0; rule && i < rule->service_count && i < MAX_SERVICES_PER_RULE; i++)
		if (service_matches(rule, &rule->services[i], &question))
			return rule->services[i].inactivity_timeout_s;
	return 0;
}

/* => after how many seconds without a packet the flow ends */
static inline u32 idle_timeout_s(const struct nat_config *config, const struct flow *flow)
{
	u8 state = atomic_read(&flow->tcp_state);
	u32 application_s = 0;

	if (flow->protocol != PROTOCOL_TCP || state == TCP_ESTABLISHED)
		application_s = idle_application_timeout_s(config, flow);
	return application_s ? application_s
			     : flow_timeout_s(&config->timeouts, flow->protocol, state);
}

#endif
