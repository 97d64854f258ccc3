/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/capabilities.h"

#include <string.h>

#include "dataplane/words.h"

static bool any_pool_uses(const struct snapshot *s, enum selector algorithm)
{
	for (size_t i = 0; i < s->pool_count; i++)
		if (s->pools[i].algorithm == algorithm)
			return true;
	return false;
}

static bool needs_ebpf_legacy(const struct snapshot *s)
{
	return any_pool_uses(s, SELECT_EBPF_LEGACY);
}

static bool needs_userspace_v1(const struct snapshot *s)
{
	return any_pool_uses(s, SELECT_USERSPACE_V1);
}

static bool needs_ebpf(const struct snapshot *s)
{
	return s->dataplane == DATAPLANE_EBPF;
}

static bool needs_userspace(const struct snapshot *s)
{
	return s->dataplane == DATAPLANE_USERSPACE;
}

static bool any_rule(const struct snapshot *s, bool (*holds)(const struct snapshot_rule *rule))
{
	for (size_t i = 0; i < s->rule_set_count; i++)
		for (size_t j = 0; j < s->rule_sets[i].rule_count; j++)
			if (holds(&s->rule_sets[i].rules[j]))
				return true;
	return false;
}

static bool rule_has_application_timeout(const struct snapshot_rule *rule)
{
	for (size_t i = 0; i < rule->application_count; i++)
		if (rule->applications[i].service.inactivity_timeout_s)
			return true;
	return false;
}

static bool needs_application_timeouts(const struct snapshot *s)
{
	return any_rule(s, rule_has_application_timeout);
}

static bool rule_is_interface(const struct snapshot_rule *rule)
{
	return rule->action == ACTION_INTERFACE;
}

static bool needs_interface_nat(const struct snapshot *s)
{
	return any_rule(s, rule_is_interface);
}

static bool rule_names_ipv6(const struct snapshot_rule *rule)
{
	for (size_t i = 0; i < rule->source_count; i++)
		if (rule->sources[i].family == FAMILY_IPV6)
			return true;
	for (size_t i = 0; i < rule->destination_count; i++)
		if (rule->destinations[i].family == FAMILY_IPV6)
			return true;
	return false;
}

static bool needs_ipv6(const struct snapshot *s)
{
	for (size_t i = 0; i < s->pool_count; i++)
		for (size_t j = 0; j < s->pools[i].address_count; j++)
			if (s->pools[i].addresses[j].family == FAMILY_IPV6)
				return true;
	for (size_t i = 0; i < s->proxy_count; i++)
		if (s->proxies[i].range.family == FAMILY_IPV6)
			return true;
	return any_rule(s, rule_names_ipv6);
}

static bool rule_has_leases(const struct snapshot_rule *rule)
{
	return rule->lease.permit != PERMIT_NONE;
}

static bool needs_persistent_nat(const struct snapshot *s)
{
	return any_rule(s, rule_has_leases);
}

static bool needs_port_hold_down(const struct snapshot *s)
{
	return s->port_hold_down_s > 0;
}

static bool needs_preserved_parity(const struct snapshot *s)
{
	for (size_t i = 0; i < s->pool_count; i++)
		if (s->pools[i].preserve_parity)
			return true;
	return false;
}

static bool needs_preserved_range(const struct snapshot *s)
{
	for (size_t i = 0; i < s->pool_count; i++)
		if (s->pools[i].preserve_range)
			return true;
	return false;
}

static bool needs_host_address_base(const struct snapshot *s)
{
	for (size_t i = 0; i < s->pool_count; i++)
		if (!s->pools[i].port_translation)
			return true;
	return false;
}

static bool needs_proxy(const struct snapshot *s)
{
	return s->proxy_count > 0;
}

static bool needs_source_nat(const struct snapshot *s)
{
	(void)s;
	return true;
}

static bool needs_generic_xdp(const struct snapshot *s)
{
	for (size_t i = 0; i < s->zone_count; i++)
		for (size_t j = 0; j < s->zones[i].interface_count; j++)
			if (s->zones[i].interfaces[j].xdp_mode == XDP_MODE_GENERIC)
				return true;
	return false;
}

static bool needs_overflow_pool(const struct snapshot *s)
{
	for (size_t i = 0; i < s->pool_count; i++)
		if (s->pools[i].overflow != OVERFLOW_TO_NONE)
			return true;
	return false;
}

static bool rule_has_alarm(const struct snapshot_rule *rule)
{
	return rule->alarm.raise != 0;
}

static bool needs_alarms(const struct snapshot *s)
{
	for (size_t i = 0; i < s->pool_count; i++)
		if (s->pools[i].alarm.raise)
			return true;
	return any_rule(s, rule_has_alarm);
}

struct capability {
	const char *name;
	u32 offered_by; /* bit per dataplane */
	bool (*is_needed)(const struct snapshot *snapshot);
};

enum {
	BY_EBPF = 1 << DATAPLANE_EBPF,
	BY_USERSPACE = 1 << DATAPLANE_USERSPACE,
	BY_BOTH = BY_EBPF | BY_USERSPACE,
};

/*
 * By name. What a worker hands to the kernel must not meet the XDP program again, as it would in
 * generic mode.
 */
static const struct capability capabilities[] = {
	{"address-persistent:ebpf-legacy", BY_BOTH, needs_ebpf_legacy},
	{"address-persistent:userspace-v1", BY_BOTH, needs_userspace_v1},
	{"alarms", BY_BOTH, needs_alarms},
	{"application-timeouts", BY_BOTH, needs_application_timeouts},
	{"dataplane:ebpf", BY_EBPF, needs_ebpf},
	{"dataplane:userspace", BY_USERSPACE, needs_userspace},
	{"host-address-base", BY_BOTH, needs_host_address_base},
	{"interface-nat", BY_BOTH, needs_interface_nat},
	{"ipv6", BY_BOTH, needs_ipv6},
	{"overflow-pool", BY_BOTH, needs_overflow_pool},
	{"persistent-nat", BY_BOTH, needs_persistent_nat},
	{"port-hold-down", BY_BOTH, needs_port_hold_down},
	{"preserve-parity", BY_BOTH, needs_preserved_parity},
	{"preserve-range", BY_BOTH, needs_preserved_range},
	{"proxy", BY_BOTH, needs_proxy},
	{"source-nat", BY_BOTH, needs_source_nat},
	{"xdp-mode:generic", BY_EBPF, needs_generic_xdp},
};

enum { CAPABILITY_COUNT = sizeof(capabilities) / sizeof(capabilities[0]) };

/* => the list with one name more; NULL without memory, and the list is gone */
static json_t *add_name(json_t *list, const char *name)
{
	if (!json_array_append_new(list, json_string(name)))
		return list;
	json_decref(list);
	return NULL;
}

json_t *capabilities_needed(const struct snapshot *snapshot)
{
	json_t *list = json_array();

	for (u32 i = 0; list && i < CAPABILITY_COUNT; i++)
		if (capabilities[i].is_needed(snapshot))
			list = add_name(list, capabilities[i].name);
	return list;
}

static json_t *offered_by(enum dataplane dataplane)
{
	json_t *list = json_array();

	for (u32 i = 0; list && i < CAPABILITY_COUNT; i++)
		if (capabilities[i].offered_by & 1u << dataplane)
			list = add_name(list, capabilities[i].name);
	return list;
}

json_t *capabilities_offered(void)
{
	json_t *all = json_object();

	for (enum dataplane d = 0; d < DATAPLANE_COUNT; d++) {
		if (json_object_set_new(all, dataplane_names[d], offered_by(d))) {
			json_decref(all);
			return NULL;
		}
	}
	return all;
}

static const struct capability *capability_find(const char *name)
{
	for (u32 i = 0; name && i < CAPABILITY_COUNT; i++)
		if (!strcmp(name, capabilities[i].name))
			return &capabilities[i];
	return NULL;
}

bool capability_is_offered(enum dataplane dataplane, const char *name)
{
	const struct capability *capability = capability_find(name);

	return capability && capability->offered_by & 1u << dataplane;
}

bool capability_is_known(const char *name)
{
	return capability_find(name);
}
