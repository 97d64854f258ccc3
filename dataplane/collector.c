/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/collector.h"

#include <arpa/inet.h>

#include "core/open.h"
#include "dataplane/rest.h"

enum { BATCH = 4096 };

/* A flow that waits for the grace period. */
struct dying {
	u32 slot; /* + 1 */
	u32 *entry; /* its tombstone; NULL if it was not in the index */
	bool has_port;
};

struct batch {
	struct dying flows[BATCH];
	u32 count;
	u32 *tombstones[BATCH]; /* of flows that are buried */
	u32 tombstone_count;
};

/* Completes an insertion that names the flow, so that its entry can be found. */
static void settle_intent(const struct control *control, u32 bucket, u32 slot)
{
	struct flow_bucket *home = env_bucket(bucket);
	u64 intent = home ? atomic_read(&home->intent) : 0;

	if (intent_slot(intent) == slot)
		(void)intent_help(control, home, intent);
}

/* [INV-FLOW-2] => the tombstone in the place of the flow's entry, NULL if it had none */
static u32 *unlink_flow(const struct control *control, const struct flow *flow, u32 slot)
{
	u64 hash = flow_hash(control, &flow->inside, &flow->remote, flow->ports, flow->protocol,
			     flow->family);
	u32 *entry;

	settle_intent(control, flow_home_bucket(control, hash), slot);
	entry = flow_entry(flow_home_bucket(control, hash), slot);
	if (!entry)
		entry = flow_entry(flow_other_bucket(control, hash), slot);
	if (entry)
		(void)atomic_swap(entry, BUCKET_TOMBSTONE);
	return entry;
}

static void count_down(const struct flow *flow)
{
	struct owner_counters *rule = env_rule_counters(flow->rule);
	struct owner_counters *pool = env_pool_counters(flow->pool);

	if (rule)
		atomic_add(&rule->flows, -1ull);
	if (pool)
		atomic_add(&pool->flows, -1ull);
}

/* => for how many seconds the port rests that a flow has had [RFC6888 REQ-8] */
static u32 rest_of(const struct flow *flow, const struct collector_pass *pass)
{
	(void)flow;
	return pass->config->port_hold_down_s;
}

static void release_port(const struct flow *flow, u32 slot, const struct collector_pass *pass)
{
	u32 rest_s = rest_of(flow, pass);
	struct address_ports *ports = env_ports(flow->address);
	u16 port = ntohs(flow->port);
	struct port_space *space;

	if (!ports)
		return;
	space = &ports->spaces[port_protocol_of(flow->protocol)];
	if (atomic_read(&space->owners[port]) != slot)
		return;
	if (rest_s)
		rest_begin(space, port, pass->now_s + rest_s);
	else
		ports_release(space, port);
}

/* After the grace period: the slot is free, and the port is, or rests. */
static void bury(struct control *control, struct batch *batch, const struct dying *dying,
		 const struct collector_pass *pass)
{
	struct flow *flow = env_flow(dying->slot - 1);

	if (dying->entry)
		batch->tombstones[batch->tombstone_count++] = dying->entry;
	if (dying->has_port)
		release_port(flow, dying->slot, pass);
	if (dying->has_port && atomic_read(&flow->life) != FLOW_RETIRED) /* it was counted */
		count_down(flow);
	atomic_write(&flow->life, FLOW_FREE);
	flow_push_free(control, flow, dying->slot, dying->slot);
}

/*
 * => true if the flow has come into the index only now: it was ended between the claiming of its
 *    port and its publication, and has to wait once more
 */
static bool came_late(const struct control *control, struct dying *dying)
{
	if (dying->entry || !dying->has_port)
		return false;
	dying->entry = unlink_flow(control, env_flow(dying->slot - 1), dying->slot);
	return dying->entry != NULL;
}

/* [INV-FLOW-2] one more grace period after the one in which they were set */
static void empty_tombstones(struct batch *batch)
{
	for (u32 i = 0; i < batch->tombstone_count; i++)
		(void)atomic_replace(batch->tombstones[i], BUCKET_TOMBSTONE, 0);
	batch->tombstone_count = 0;
}

static void bury_all(struct control *control, struct collector_pass *pass, struct batch *batch)
{
	while (batch->count) {
		u32 late = 0;

		pass->wait();
		empty_tombstones(batch);
		for (u32 i = 0; i < batch->count; i++) {
			if (came_late(control, &batch->flows[i]))
				batch->flows[late++] = batch->flows[i];
			else
				bury(control, batch, &batch->flows[i], pass);
		}
		pass->reclaimed += batch->count - late;
		batch->count = late;
	}
}

static bool flow_has_idled(const struct flow *flow, const struct collector_pass *pass)
{
	u32 idle_s = pass->now_s - atomic_read(&flow->last_seen_s);

	/* a packet of this second may be a little ahead of this clock */
	return (int)idle_s > 0 &&
	       idle_s > flow_timeout_s(&pass->config->timeouts, flow->protocol,
				       atomic_read(&flow->tcp_state));
}

static bool flow_must_go(const struct flow *flow, u8 life, const struct collector_pass *pass)
{
	return life == FLOW_ENDING || flow_has_idled(flow, pass) ||
	       (pass->ends && pass->ends(flow, pass->context));
}

/* Answers of old generations, which could come round again after 2^20 of them. */
static void forget_old_nexthops(struct flow *flow, const struct collector_pass *pass)
{
	u32 out = atomic_read(&flow->nexthop_out), in = atomic_read(&flow->nexthop_in);

	if (out && out >> NEXTHOP_BITS != pass->nexthop_generation)
		(void)atomic_replace(&flow->nexthop_out, out, NEXTHOP_NONE);
	if (in && in >> NEXTHOP_BITS != pass->nexthop_generation)
		(void)atomic_replace(&flow->nexthop_in, in, NEXTHOP_NONE);
}

static void visit(struct control *control, struct collector_pass *pass, struct batch *batch,
		  u32 slot)
{
	struct flow *flow = env_flow(slot - 1);
	u8 life = atomic_read(&flow->life);
	struct dying dying = {.slot = slot, .has_port = life != FLOW_RETIRED};

	if (life == FLOW_FREE)
		return;
	if (life == FLOW_LIVE || life == FLOW_ENDING) {
		if (!flow_must_go(flow, life, pass)) {
			forget_old_nexthops(flow, pass);
			pass->live++;
			return;
		}
		pass->ended++;
	}
	if (life != FLOW_RETIRED) {
		atomic_write(&flow->life, FLOW_DYING);
		dying.entry = unlink_flow(control, flow, slot);
	}
	batch->flows[batch->count++] = dying;
	if (batch->count == BATCH)
		bury_all(control, pass, batch);
}

void collector_walk(struct tables *tables, struct collector_pass *pass, u32 first, u32 count)
{
	static _Thread_local struct batch batch;
	struct control *control = tables->control;

	if (!first)
		rest_end(tables, pass->now_s);
	for (u32 i = first; i < control->flow_capacity && i - first < count; i++)
		visit(control, pass, &batch, i + 1);
	bury_all(control, pass, &batch);
	if (batch.tombstone_count)
		pass->wait();
	empty_tombstones(&batch);
}
