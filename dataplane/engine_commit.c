/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a configuration: see engine.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/atomic.h"
#include "dataplane/engine_private.h"
#include "dataplane/kernel_ports.h"
#include "dataplane/proxy.h"
#include "dataplane/snapshot.h"
#include "dataplane/survey.h"
#include "dataplane/sysctl.h"

static const struct nat_config *active_config(const struct engine *engine)
{
	return &engine->state.tables.config[!tables_idle_half(&engine->state.tables)];
}

static void publish_idle_half(struct engine *engine)
{
	struct tables *tables = &engine->state.tables;

	(void)atomic_swap(&tables->control->active_half, tables_idle_half(tables));
	state_wait_for_packets();
	engine_new_ways(engine); /* interfaces may have changed zones */
}

/* Interfaces. */

static bool pool_has_ipv6(const struct snapshot_pool *pool)
{
	for (size_t i = 0; i < pool->address_count; i++)
		if (pool->addresses[i].family == FAMILY_IPV6)
			return true;
	return false;
}

static bool rule_takes_ipv6(const struct snapshot_rule *rule)
{
	for (size_t i = 0; i < rule->source_count; i++)
		if (rule->sources[i].family == FAMILY_IPV6)
			return true;
	return !rule->source_count;
}

static bool set_translates_ipv6_to_interface(const struct snapshot_rule_set *set)
{
	for (size_t i = 0; i < set->rule_count; i++)
		if (set->rules[i].action == ACTION_INTERFACE && rule_takes_ipv6(&set->rules[i]))
			return true;
	return false;
}

static bool snapshot_translates_ipv6(const struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->pool_count; i++)
		if (pool_has_ipv6(&snapshot->pools[i]))
			return true;
	for (size_t i = 0; i < snapshot->rule_set_count; i++)
		if (set_translates_ipv6_to_interface(&snapshot->rule_sets[i]))
			return true;
	return false;
}

/* The interfaces that one attach_all() attached anew. */
struct newly_attached {
	u32 ifindexes[MAX_INTERFACES];
	u32 count;
};

static void detach_new(struct engine *engine, const struct newly_attached *new)
{
	for (u32 i = 0; i < new->count; i++)
		attach_remove(engine->attach, new->ifindexes[i]);
}

static int attach_one(struct engine *engine, const struct snapshot_interface *interface, bool ipv6,
		      struct newly_attached *new, struct error *error)
{
	u32 ifindex = network_ifindex(&engine->network, interface->name);
	int result = attach_interface(engine->attach, ifindex, interface->xdp_mode, error);

	if (result == 1)
		new->ifindexes[new->count++] = ifindex;
	return result < 0 ? result : sysctl_prepare_interface(interface->name, ipv6, error);
}

static int attach_all(struct engine *engine, const struct snapshot *snapshot,
		      struct newly_attached *new, struct error *error)
{
	bool ipv6 = snapshot_translates_ipv6(snapshot);
	int result = 0;

	new->count = 0;
	for (size_t i = 0; !result && i < snapshot->zone_count; i++)
		for (size_t j = 0; !result && j < snapshot->zones[i].interface_count; j++)
			result = attach_one(engine, &snapshot->zones[i].interfaces[j], ipv6, new,
					    error);
	if (result)
		detach_new(engine, new);
	return result;
}

/* What is attached and no longer in the configuration. */
struct obsolete {
	const struct nat_config *config;
	u32 ifindexes[MAX_INTERFACES];
	u32 count;
};

static void note_obsolete(u32 ifindex, void *context)
{
	struct obsolete *obsolete = context;

	for (u32 column = 1; column <= obsolete->config->interface_count; column++)
		if (obsolete->config->column_ifindex[column] == ifindex)
			return;
	obsolete->ifindexes[obsolete->count++] = ifindex;
}

static void detach_obsolete(struct engine *engine)
{
	struct obsolete obsolete = {.config = active_config(engine)};

	attach_visit(engine->attach, note_obsolete, &obsolete);
	for (u32 i = 0; i < obsolete.count; i++)
		attach_remove(engine->attach, obsolete.ifindexes[i]);
}

/* Names and address slots that nothing remembers any more. */

static bool counters_are_idle(const struct owner_counters *counters)
{
	return !atomic_read(&counters->flows);
}

static void release_names(struct name_entry *entries, u32 capacity, const struct survey *survey,
			  bool (*has)(const struct survey *survey, u32 id),
			  struct owner_counters *counters)
{
	for (u32 id = 1; id < capacity; id++) {
		if (!entries[id].in_use || has(survey, id) ||
		    (counters && !counters_are_idle(&counters[id])))
			continue;
		entries[id].in_use = 0;
		if (counters)
			memset(&counters[id], 0, sizeof(counters[id]));
	}
}

static bool ports_are_idle(const struct address_ports *ports)
{
	for (u32 i = 0; i < PORTS_PROTOCOLS; i++)
		if (atomic_read(&ports->spaces[i].in_use) || atomic_read(&ports->spaces[i].resting))
			return false;
	return true;
}

static void release_addresses(struct engine *engine, const struct survey *survey)
{
	struct tables *tables = &engine->state.tables;
	u32 slots[MAX_ADDRESS_SLOTS], count = 0;

	for (u32 slot = 0; slot < MAX_ADDRESS_SLOTS; slot++)
		if (tables->ports[slot] && !survey_has_address(survey, slot) &&
		    ports_are_idle(tables->ports[slot]))
			slots[count++] = slot;
	state_remove_port_tables(&engine->state, slots, count);
	for (u32 i = 0; i < count; i++)
		tables->control->addresses.slots[slots[i]].in_use = 0;
}

static bool flow_is_not_covered(const struct flow *flow, void *context)
{
	return !survey_covers(context, flow);
}

/* Ends what the configuration in force does not cover, and frees what only that needed. */
static int clean_up(struct engine *engine, struct error *error)
{
	struct survey *survey = survey_new(active_config(engine));
	struct tables *tables = &engine->state.tables;
	struct name_table *names = tables->names;

	if (!survey)
		return error_set(error, ENOMEM, "out of memory");
	(void)engine_sweep(engine, flow_is_not_covered, survey);
	release_names(names->zones, MAX_ZONE_IDS, survey, survey_has_zone, NULL);
	release_names(names->rule_sets, MAX_RULE_SET_IDS, survey, survey_has_rule_set, NULL);
	release_names(names->applications, MAX_APPLICATION_IDS, survey, survey_has_application,
		      NULL);
	release_names(names->rules, MAX_RULE_IDS, survey, survey_has_rule, tables->rule_counters);
	release_names(names->pools, MAX_POOL_IDS, survey, survey_has_pool, tables->pool_counters);
	release_addresses(engine, survey);
	survey_free(survey);
	return 0;
}

/* Takes away what only the configuration that is no longer in force needed. */
static int drop_remains(struct engine *engine, struct error *error)
{
	int result;

	result = engine_fit_workers(engine, &engine->snapshot, error);
	if (result)
		return result;
	detach_obsolete(engine);
	result = proxy_prune(engine->netlink, &engine->network, &engine->snapshot, error);
	return result ? result : clean_up(engine, error);
}

/* Reading back. */

/* => 0; -ENODEV if an interface has no program of ours, after all others were asked */
static int read_modes(struct engine *engine, struct snapshot *snapshot, struct error *error)
{
	int result = 0;

	for (size_t i = 0; i < snapshot->zone_count; i++) {
		for (size_t j = 0; j < snapshot->zones[i].interface_count; j++) {
			struct snapshot_interface *interface = &snapshot->zones[i].interfaces[j];
			u32 ifindex = network_ifindex(&engine->network, interface->name);

			if (!attach_mode(engine->attach, ifindex, &interface->xdp_mode))
				result = error_set(error, ENODEV, "interface %s: not attached",
						   interface->name);
		}
	}
	return result;
}

static int read_installed(struct engine *engine, struct snapshot *snapshot, struct error *error)
{
	struct tables *tables = &engine->state.tables;
	int result = readback_snapshot(tables, !tables_idle_half(tables), &engine->network,
				       snapshot, error);

	if (!result)
		result = read_modes(engine, snapshot, error);
	if (!result && engine->unconfirmed)
		result = proxy_read_trial(engine->netlink, &engine->network, &engine->snapshot,
					  snapshot, error);
	else if (!result)
		result = proxy_read(engine->netlink, &engine->network, snapshot, error);
	if (result)
		snapshot_free(snapshot);
	return result;
}

static json_t *read_back(struct engine *engine, struct error *error)
{
	struct snapshot snapshot;
	json_t *json;

	if (!engine->configured) {
		(void)error_set(error, ENODATA, "no configuration is in force");
		return NULL;
	}
	if (read_installed(engine, &snapshot, error))
		return NULL;
	json = snapshot_encode(&snapshot, error);
	snapshot_free(&snapshot);
	return json;
}

json_t *engine_read_back(struct engine *engine, struct error *error)
{
	json_t *json;

	(void)pthread_mutex_lock(&engine->lock);
	json = read_back(engine, error);
	(void)pthread_mutex_unlock(&engine->lock);
	return json;
}

/* Applying. */

static int refresh_network(struct engine *engine, struct error *error)
{
	struct network network = {0};
	int result = netlink_read_network(engine->netlink, &network, error);

	if (result)
		return result;
	network_free(&engine->network);
	engine->network = network;
	return 0;
}

static int check_generation(const struct engine *engine, const struct snapshot *snapshot,
			    struct error *error)
{
	if (engine->unconfirmed)
		return error_set(error, EBUSY,
				 "generation %llu is neither confirmed nor reverted yet",
				 engine->snapshot.generation);
	if (engine->configured && snapshot->generation <= engine->snapshot.generation)
		return error_set(error, EINVAL, "generation: met %llu, expected more than %llu",
				 snapshot->generation, engine->snapshot.generation);
	return 0;
}

/* Compiles into the idle half; a first snapshot makes the state for it. */
static int prepare(struct engine *engine, const struct snapshot *snapshot, struct error *error)
{
	struct port_tables ports = state_port_tables(&engine->state);
	int result = refresh_network(engine, error);

	if (!result && !engine->state.tables.control)
		result = state_open(&engine->state, engine->instance, snapshot->maximum_flows,
				    error);
	if (!result && !engine->attach)
		result = engine_start(engine, error);
	if (!result)
		result = compile_snapshot(&engine->state.tables, snapshot, &engine->network,
					  &ports, error);
	if (!result)
		result = kernel_ports_update(&engine->state.tables, &engine->network, error);
	return result;
}

/* What install() has done so far; the configuration in force stays. */
static void take_back(struct engine *engine, const struct newly_attached *new)
{
	struct error error;

	if (engine_fit_workers(engine, &engine->snapshot, &error))
		engine_trouble(engine, &error);
	detach_new(engine, new);
	if (proxy_prune(engine->netlink, &engine->network, &engine->snapshot, &error))
		engine_trouble(engine, &error);
}

/*
 * Attaches, starts workers, answers for proxies, publishes.
 * => 0, or a negative errno and nothing is published
 */
static int install(struct engine *engine, const struct snapshot *snapshot, struct error *error)
{
	struct newly_attached new;
	int result = attach_all(engine, snapshot, &new, error);

	if (result)
		return result;
	if (snapshot->dataplane == DATAPLANE_USERSPACE)
		result = engine_fit_workers(engine, snapshot, error);
	if (!result)
		result = proxy_add(engine->netlink, &engine->network, snapshot, error);
	if (result) {
		take_back(engine, &new);
		return result;
	}
	publish_idle_half(engine);
	return 0;
}

/* Addresses that nobody needs, but whose ports still rested when all others were released. */
static int release_rested(struct engine *engine, struct error *error)
{
	struct survey *survey;

	if (!engine->configured)
		return 0;
	survey = survey_new(active_config(engine));
	if (!survey)
		return error_set(error, ENOMEM, "out of memory");
	release_addresses(engine, survey);
	survey_free(survey);
	return 0;
}

static int apply(struct engine *engine, struct snapshot *snapshot, struct error *error)
{
	int result = check_generation(engine, snapshot, error);

	if (!result)
		result = release_rested(engine, error);
	if (!result)
		result = prepare(engine, snapshot, error);
	if (!result)
		result = install(engine, snapshot, error);
	if (result)
		return result;
	engine->previous = engine->snapshot;
	engine->snapshot = *snapshot;
	engine->configured = true;
	engine->unconfirmed = true;
	return 0;
}

/* The half that was replaced is as it was; a first configuration gives way to none at all. */
static int revert(struct engine *engine, struct error *error)
{
	if (!engine->unconfirmed)
		return error_set(error, EINVAL, "nothing waits to be reverted");
	publish_idle_half(engine);
	snapshot_free(&engine->snapshot);
	engine->snapshot = engine->previous;
	memset(&engine->previous, 0, sizeof(engine->previous));
	engine->unconfirmed = false;
	engine->configured = engine->snapshot.maximum_flows != 0;
	return drop_remains(engine, error);
}

json_t *engine_apply(struct engine *engine, json_t *json, struct error *error)
{
	struct snapshot snapshot;
	json_t *installed = NULL;

	if (snapshot_decode(json, &snapshot, error))
		return NULL;
	(void)pthread_mutex_lock(&engine->lock);
	if (apply(engine, &snapshot, error))
		snapshot_free(&snapshot);
	else
		installed = read_back(engine, error);
	if (!installed && engine->unconfirmed) {
		struct error ignored;

		(void)revert(engine, &ignored);
	}
	(void)pthread_mutex_unlock(&engine->lock);
	return installed;
}

static int confirm(struct engine *engine, struct error *error)
{
	if (!engine->unconfirmed)
		return error_set(error, EINVAL, "nothing waits to be confirmed");
	engine->unconfirmed = false;
	snapshot_free(&engine->previous);
	return drop_remains(engine, error);
}

int engine_confirm(struct engine *engine, struct error *error)
{
	int result;

	(void)pthread_mutex_lock(&engine->lock);
	result = confirm(engine, error);
	(void)pthread_mutex_unlock(&engine->lock);
	return result;
}

int engine_revert(struct engine *engine, struct error *error)
{
	int result;

	(void)pthread_mutex_lock(&engine->lock);
	result = revert(engine, error);
	(void)pthread_mutex_unlock(&engine->lock);
	return result;
}

/* Without an order: at the start, and when interfaces or addresses change. */

int engine_recall(struct engine *engine, struct error *error)
{
	struct tables *tables = &engine->state.tables;
	struct error missing;
	int result;

	if (!active_config(engine)->generation)
		return 0; /* made, but never configured */
	result = readback_snapshot(tables, !tables_idle_half(tables), &engine->network,
				   &engine->snapshot, error);
	if (!result)
		result = proxy_read(engine->netlink, &engine->network, &engine->snapshot, error);
	if (!result && read_modes(engine, &engine->snapshot, &missing))
		engine_trouble(engine, &missing);
	engine->configured = !result;
	return result;
}

int engine_reconcile(struct engine *engine, struct error *error)
{
	struct tables *tables = &engine->state.tables;
	struct nat_config *idle;
	int result = prepare(engine, &engine->snapshot, error);

	if (result)
		return result;
	idle = &tables->config[tables_idle_half(tables)];
	/* Padding too is what the compiler of snapshots made it, zero. */
	if (!memcmp(idle, active_config(engine), /* NOLINT(bugprone-suspicious-memory-comparison) */
		    sizeof(*idle)))
		return engine_fit_workers(engine, &engine->snapshot, error);
	result = install(engine, &engine->snapshot, error);
	return result ? result : drop_remains(engine, error);
}
