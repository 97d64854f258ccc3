/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that can be wrong has been refused by now, so that a copy always fits: names by
 * their types, lists by max_count and the checks. An array and its count are set together, count
 * last, so that snapshot_free() can take back what an allocation that failed left over.
 */
#include "config/tree_snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/query.h"
#include "config/services.h"

static void copy_name(char *to, size_t bytes, const char *name)
{
	size_t length = strnlen(name, bytes - 1);

	memcpy(to, name, length);
	to[length] = '\0';
}

#define COPY_NAME(to, name) copy_name(to, sizeof(to), name)

/* Room for a list that may be empty. */
static void *new_array(size_t count, size_t bytes)
{
	return calloc(count ? count : 1, bytes);
}

/* --- zones --- */

static enum snapshot_xdp_mode xdp_mode_of(const struct tree *tree, const char *interface)
{
	const struct node *settings =
		node_entry(tree, node_child(tree->root, "interfaces"), "interface", interface);

	if (!settings || settings->inactive)
		return XDP_MODE_NATIVE;
	return (enum snapshot_xdp_mode)node_number(settings, "xdp-mode");
}

static int fill_zone(const struct tree *tree, const struct node *zone, struct snapshot_zone *out)
{
	const struct node *interfaces = node_child(zone, "interfaces");
	const struct node *interface;

	COPY_NAME(out->name, zone->text);
	out->interfaces = new_array(node_count(interfaces, "interface"), sizeof(*out->interfaces));
	if (!out->interfaces)
		return -ENOMEM;
	for_each_child(interface, interfaces, "interface") {
		struct snapshot_interface *place = &out->interfaces[out->interface_count++];

		COPY_NAME(place->name, interface->text);
		place->xdp_mode = xdp_mode_of(tree, interface->text);
	}
	return 0;
}

static int fill_zones(const struct tree *tree, struct snapshot *snapshot)
{
	const struct node *zones = node_at(tree->root, "security zones");
	const struct node *zone;

	snapshot->zones = new_array(node_count(zones, "security-zone"), sizeof(*snapshot->zones));
	if (!snapshot->zones)
		return -ENOMEM;
	for_each_child(zone, zones, "security-zone")
		if (fill_zone(tree, zone, &snapshot->zones[snapshot->zone_count++]))
			return -ENOMEM;
	return 0;
}

/* --- pools --- */

static enum selector algorithm_of(const struct node *pool)
{
	const struct node *persistent = node_persistence(pool);

	if (!persistent)
		return SELECT_ROUND_ROBIN;
	return (enum selector)node_number(persistent, "algorithm");
}

static void fill_overflow(const struct node *overflow, struct snapshot_pool *out)
{
	if (!overflow)
		return;
	out->overflow = OVERFLOW_TO_INTERFACE;
	if (!strcmp(overflow->text, OVERFLOW_INTERFACE_WORD))
		return;
	out->overflow = OVERFLOW_TO_POOL;
	COPY_NAME(out->overflow_pool, overflow->text);
}

static struct alarm_thresholds fill_alarm(const struct node *alarm)
{
	if (!alarm)
		return (struct alarm_thresholds){0};
	return (struct alarm_thresholds){node_number(alarm, "raise-threshold"),
					 node_number(alarm, "clear-threshold")};
}

static int fill_pool(const struct node *pool, struct snapshot_pool *out)
{
	const struct node *base = node_child(pool, "host-address-base");
	struct port_range ports = node_pool_ports(pool);
	const struct node *address;

	COPY_NAME(out->name, pool->text);
	out->port_low = ports.low;
	out->port_high = ports.high;
	out->alarm = fill_alarm(node_pool_alarm(pool));
	out->port_translation = !base;
	if (base)
		out->host_base = base->value.prefix;
	out->preserve_parity = node_at(pool, "port preserve-parity");
	out->preserve_range = node_at(pool, "port preserve-range");
	out->algorithm = algorithm_of(pool);
	out->address_persistent = out->algorithm != SELECT_ROUND_ROBIN;
	fill_overflow(node_child(pool, "overflow-pool"), out);
	out->addresses = new_array(node_count(pool, "address"), sizeof(*out->addresses));
	if (!out->addresses)
		return -ENOMEM;
	for_each_child(address, pool, "address")
		out->addresses[out->address_count++] = address->value.addresses;
	return 0;
}

static int fill_pools(const struct node *source, struct snapshot *snapshot)
{
	const struct node *pool;

	snapshot->pools = new_array(node_count(source, "pool"), sizeof(*snapshot->pools));
	if (!snapshot->pools)
		return -ENOMEM;
	for_each_child(pool, source, "pool")
		if (fill_pool(pool, &snapshot->pools[snapshot->pool_count++]))
			return -ENOMEM;
	return 0;
}

/* --- rules --- */

static size_t fill_prefixes(const struct node *match, const char *word, struct snapshot_prefix *out)
{
	const struct node *prefix;
	size_t count = 0;

	for_each_child(prefix, match, word)
		out[count++] = prefix->value.prefix;
	return count;
}

static size_t fill_ports(const struct node *match, const char *word, struct port_range *out)
{
	const struct node *ports;
	size_t count = 0;

	for_each_child(ports, match, word)
		out[count++] = ports->value.ports;
	return count;
}

static size_t fill_protocols(const struct node *match, u8 *out)
{
	const struct node *protocol;
	size_t count = 0;

	for_each_child(protocol, match, "protocol")
		out[count++] = (u8)protocol->value.number;
	return count;
}

/* `any` has no entry, and so leaves the list empty. */
static size_t fill_applications(const struct tree *tree, const struct node *match,
				struct snapshot_application *out)
{
	struct service_match services[MAX_SERVICES_PER_RULE];
	const struct node *name;
	size_t count = 0;

	for_each_child(name, match, "application") {
		size_t found = services_of(tree, name->text, services, MAX_SERVICES_PER_RULE);

		for (size_t i = 0; i < found && count < MAX_SERVICES_PER_RULE; i++) {
			COPY_NAME(out[count].name, name->text);
			out[count++].service = services[i];
		}
	}
	return count;
}

static void fill_match(const struct tree *tree, const struct node *match,
		       struct snapshot_rule *out)
{
	out->source_count = fill_prefixes(match, "source-address", out->sources);
	out->destination_count = fill_prefixes(match, "destination-address", out->destinations);
	out->source_port_count = fill_ports(match, "source-port", out->source_ports);
	out->destination_port_count = fill_ports(match, "destination-port", out->destination_ports);
	out->protocol_count = fill_protocols(match, out->protocols);
	out->application_count = fill_applications(tree, match, out->applications);
}

static void fill_action(const struct node *action, struct snapshot_rule *out)
{
	const struct node *pool = node_at(action, "pool name");

	if (pool) {
		out->action = ACTION_POOL;
		COPY_NAME(out->pool, pool->text);
	} else {
		out->action = node_child(action, "interface") ? ACTION_INTERFACE : ACTION_OFF;
	}
}

static void fill_lease(const struct node *persistent_nat, struct snapshot_lease *out)
{
	out->permit = (enum lease_permit)node_number(persistent_nat, "permit");
	out->inactivity_timeout_s = node_number(persistent_nat, "inactivity-timeout");
	out->maximum_flows = node_number(persistent_nat, "max-session-number");
}

static void fill_rule(const struct tree *tree, const struct node *rule, struct snapshot_rule *out)
{
	const struct node *action = node_at(rule, "then source-nat");
	const struct node *persistent_nat = node_persistent_nat(tree, action);

	COPY_NAME(out->name, rule->text);
	fill_match(tree, node_child(rule, "match"), out);
	fill_action(action, out);
	if (persistent_nat)
		fill_lease(persistent_nat, &out->lease);
	out->alarm = fill_alarm(node_child(action, "rule-session-count-alarm"));
}

static void fill_context(const struct node *context, struct snapshot_context *out)
{
	bool by_zone = node_child(context, "zone");
	const struct node *name;

	out->kind = by_zone ? CONTEXT_ZONE : CONTEXT_INTERFACE;
	for_each_child(name, context, by_zone ? "zone" : "interface") {
		COPY_NAME(out->names[out->name_count], name->text);
		out->name_count++;
	}
}

static int fill_rule_set(const struct tree *tree, const struct node *rule_set,
			 struct snapshot_rule_set *out)
{
	const struct node *rule;

	COPY_NAME(out->name, rule_set->text);
	fill_context(node_child(rule_set, "from"), &out->from);
	fill_context(node_child(rule_set, "to"), &out->to);
	out->rules = new_array(node_count(rule_set, "rule"), sizeof(*out->rules));
	if (!out->rules)
		return -ENOMEM;
	for_each_child(rule, rule_set, "rule")
		fill_rule(tree, rule, &out->rules[out->rule_count++]);
	return 0;
}

static int fill_rule_sets(const struct tree *tree, const struct node *source,
			  struct snapshot *snapshot)
{
	const struct node *rule_set;
	size_t count = node_count(source, "rule-set");

	snapshot->rule_sets = new_array(count, sizeof(*snapshot->rule_sets));
	if (!snapshot->rule_sets)
		return -ENOMEM;
	for_each_child(rule_set, source, "rule-set")
		if (fill_rule_set(tree, rule_set,
				  &snapshot->rule_sets[snapshot->rule_set_count++]))
			return -ENOMEM;
	return 0;
}

/* --- the dataplane --- */

static void fill_workers(const struct node *userspace, struct snapshot *snapshot)
{
	const struct node *cpus;

	snapshot->busy_poll = node_child(userspace, "busy-poll");
	for_each_child(cpus, userspace, "worker-cpus") {
		for (u32 cpu = cpus->value.cpus.first; cpu <= cpus->value.cpus.last; cpu++)
			snapshot->worker_cpus[cpu / 64] |= 1ull << cpu % 64;
	}
}

/* --- the rest --- */

static size_t count_proxies(const struct node *proxy)
{
	const struct node *interface;
	size_t count = 0;

	for_each_child(interface, proxy, "interface")
		count += node_count(interface, "address");
	return count;
}

static void fill_proxy(const struct node *proxy, struct snapshot *snapshot)
{
	const struct node *interface;
	const struct node *address;

	for_each_child(interface, proxy, "interface") {
		for_each_child(address, interface, "address") {
			struct snapshot_proxy *place = &snapshot->proxies[snapshot->proxy_count++];

			COPY_NAME(place->interface, interface->text);
			place->range = address->value.addresses;
		}
	}
}

static int fill_proxies(const struct node *nat, struct snapshot *snapshot)
{
	const struct node *arp = node_child(nat, "proxy-arp");
	const struct node *ndp = node_child(nat, "proxy-ndp");

	snapshot->proxies =
		new_array(count_proxies(arp) + count_proxies(ndp), sizeof(*snapshot->proxies));
	if (!snapshot->proxies)
		return -ENOMEM;
	fill_proxy(arp, snapshot);
	fill_proxy(ndp, snapshot);
	return 0;
}

static struct flow_timeouts fill_timeouts(const struct node *root)
{
	return (struct flow_timeouts){
		.tcp_opening_s = node_number(root, "security flow tcp-session tcp-initial-timeout"),
		.tcp_established_s =
			node_number(root, "security flow tcp-session established-timeout"),
		.tcp_closing_s = node_number(root, "security flow tcp-session closing-timeout"),
		.udp_s = node_number(root, "security flow udp-session timeout"),
		.icmp_s = node_number(root, "security flow icmp-session timeout"),
		.gre_s = node_number(root, "security flow gre-session timeout"),
		.esp_s = node_number(root, "security flow esp-session timeout"),
	};
}

static u32 fill_tcp_mss(const struct node *root)
{
	const struct node *mss = node_at(root, "security flow tcp-mss all-tcp mss");

	return mss ? mss->value.number : 0;
}

int tree_to_snapshot(const struct tree *tree, struct snapshot *snapshot)
{
	const struct node *root = tree->root;
	const struct node *nat = node_at(root, "security nat");
	const struct node *source = node_child(nat, "source");

	snapshot->dataplane = (enum dataplane)node_number(root, "system dataplane-type");
	snapshot->parity_sample = node_number(root, "system parity-sample");
	fill_workers(node_at(root, "system userspace"), snapshot);
	snapshot->port_randomization = !node_child(source, "port-randomization");
	snapshot->port_hold_down_s = node_number(root, "security nat source port-hold-down");
	snapshot->maximum_flows = node_number(root, "security flow maximum-sessions");
	snapshot->timeouts = fill_timeouts(root);
	snapshot->syn_check = !node_at(root, "security flow tcp-session no-syn-check");
	snapshot->tcp_mss = fill_tcp_mss(root);
	if (fill_zones(tree, snapshot) || fill_pools(source, snapshot) ||
	    fill_rule_sets(tree, source, snapshot) || fill_proxies(nat, snapshot))
		return -ENOMEM;
	return 0;
}
