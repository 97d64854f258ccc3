/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/collector.h"

#include <arpa/inet.h>

#include "core/open.h"
#include "dataplane/idle.h"
#include "dataplane/rest.h"

enum { BATCH = 4096 };

/* For so long a lease's port rests where the configuration does not say: others may know it. */
enum { LEASE_REST_S = 120 };

/* A flow that waits for the grace period. */
struct dying {
	u32 slot; /* + 1 */
	u32 *entry; /* its tombstone; NULL if it was not in the index */
	bool was_published; /* or is about to be */
};

struct batch {
	struct dying flows[BATCH];
	u32 count;
	u32 *tombstones[BATCH]; /* of flows that are buried */
	u32 tombstone_count;
};

static u64 hash_of(const struct control *control, const struct flow *flow)
{
	return flow_hash(control, &flow->inside, &flow->remote, flow->ports, flow->protocol,
			 flow->family);
}

/*
 * Completes an insertion that names the flow: so that its entry can be found, and so that none is
 * left whose process was killed.
 */
static void settle_intent(const struct control *control, u64 hash, u32 slot)
{
	struct flow_bucket *home = env_bucket(flow_home_bucket(control, hash));
	u64 intent = home ? atomic_read(&home->intent) : 0;

	if (intent_slot(intent) == slot)
		(void)intent_help(control, home, intent);
}

/* [INV-FLOW-2] => the tombstone in the place of the flow's entry, NULL if it had none */
static u32 *unlink_flow(const struct control *control, const struct flow *flow, u32 slot)
{
	u64 hash = hash_of(control, flow);
	u32 *entry;

	settle_intent(control, hash, slot);
	entry = flow_entry(flow_home_bucket(control, hash), slot);
	if (!entry)
		entry = flow_entry(flow_other_bucket(control, hash), slot);
	if (entry)
		(void)atomic_swap(entry, BUCKET_TOMBSTONE);
	return entry;
}

static void count_down(const struct flow *flow)
{
	struct owner_counters *rule = env_rule_counters(atomic_read(&flow->rule));
	struct owner_counters *pool = env_pool_counters(flow->pool);
	bool lease = flow_is_lease(flow);

	if (rule && !lease)
		atomic_add(&rule->flows, -1ull);
	if (pool)
		atomic_add(lease ? &pool->leases : &pool->flows, -1ull);
}

/* => the lease that a flow or a peer goes through, NULL if that is gone */
static struct flow *lease_of(const struct flow *flow)
{
	u32 owner = lease_owner(flow);

	return owner ? env_flow(owner - 1) : NULL;
}

/*
 * A flow of a lease has ended. A process killed in the middle of this leaves it to be done again;
 * the count never goes below none.
 */
static void leave_lease(const struct flow *flow, u32 now_s)
{
	struct flow *lease = lease_of(flow);
	u32 users;

	if (!lease)
		return;
	atomic_write(&lease->last_seen_s, now_s);
	do
		users = atomic_read(&lease->users);
	while ((users & ~LEASE_CLOSED) && !atomic_replace(&lease->users, users, users - 1));
}

/* => for how many seconds the port rests that a flow or a lease has had [RFC6888 REQ-8] */
static u32 rest_of(const struct flow *flow, const struct collector_pass *pass)
{
	u32 configured_s = pass->config->port_hold_down_s;

	return configured_s || !flow_is_lease(flow) ? configured_s : LEASE_REST_S;
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

/* What a flow that was published holds besides its slot. */
static void let_go(struct flow *flow, u32 slot, const struct collector_pass *pass)
{
	if (flow_owns_port(flow))
		release_port(flow, slot, pass);
	else if (flow_kind(flow) == FLOW_SESSION && flow->to_zone & FLOW_LEASED)
		leave_lease(flow, pass->now_s);
	if (flow_kind(flow) == FLOW_SESSION || flow_is_lease(flow))
		count_down(flow);
}

/* After the grace period: the slot is free, and the port is, or rests. */
static void bury(struct control *control, const struct collector_pass *pass, struct batch *batch,
		 const struct dying *dying)
{
	struct flow *flow = env_flow(dying->slot - 1);

	if (dying->entry)
		batch->tombstones[batch->tombstone_count++] = dying->entry;
	if (dying->was_published && atomic_read(&flow->life) != FLOW_RETIRED) /* meanwhile */
		let_go(flow, dying->slot, pass);
	if (flow_is_binding(flow))
		atomic_add(&control->binding_count, -1u);
	atomic_write(&flow->life, FLOW_FREE);
	flow_push_free(control, flow, dying->slot, dying->slot);
}

/*
 * A flow may have been ended between the claiming of its port and its publication, and its creator
 * killed before it was done with that: then its intent is still there, and would be carried out by
 * whoever meets it, some time. Where the flow has had its entry, the tombstone is in the way.
 * => true if the flow has come into the index only now, and has to wait once more
 */
static bool came_late(const struct control *control, struct dying *dying)
{
	const struct flow *flow = env_flow(dying->slot - 1);

	if (!dying->was_published)
		return false;
	if (dying->entry) {
		settle_intent(control, hash_of(control, flow), dying->slot);
		return false;
	}
	dying->entry = unlink_flow(control, flow, dying->slot);
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
				bury(control, pass, batch, &batch->flows[i]);
		}
		pass->reclaimed += batch->count - late;
		batch->count = late;
	}
}

static bool has_rested(const struct flow *flow, u32 timeout_s, const struct collector_pass *pass)
{
	u32 idle_s = pass->now_s - atomic_read(&flow->last_seen_s);

	/* a packet of this second may be a little ahead of this clock */
	return (int)idle_s > 0 && idle_s > timeout_s;
}

static bool flow_has_idled(const struct flow *flow, const struct collector_pass *pass)
{
	return has_rested(flow, idle_timeout_s(pass->config, flow), pass);
}

static bool flow_is_to_end(const struct flow *flow, u8 life, const struct collector_pass *pass)
{
	return life == FLOW_ENDING || (pass->ends && pass->ends(flow, pass->context));
}

/* [INV-LEASE-2] It waits for its flows, which end because it is closed. */
static bool lease_must_go(struct flow *lease, u8 life, const struct collector_pass *pass)
{
	if (flow_is_to_end(lease, life, pass))
		atomic_or(&lease->users, LEASE_CLOSED);
	else if (has_rested(lease, lease_policy(lease).inactivity_timeout_s, pass))
		(void)atomic_replace(&lease->users, 0, LEASE_CLOSED);
	return atomic_read(&lease->users) == LEASE_CLOSED;
}

static bool session_must_go(const struct flow *flow, u8 life, const struct collector_pass *pass)
{
	const struct flow *lease;

	if (flow->to_zone & FLOW_LEASED) {
		lease = lease_of(flow);
		if (!lease || atomic_read(&lease->users) & LEASE_CLOSED)
			return true;
	}
	return flow_is_to_end(flow, life, pass) || flow_has_idled(flow, pass);
}

static bool peer_must_go(const struct flow *peer, u8 life, const struct collector_pass *pass)
{
	const struct flow *lease = lease_of(peer);

	return !lease || atomic_read(&lease->users) & LEASE_CLOSED ||
	       flow_is_to_end(peer, life, pass) ||
	       has_rested(peer, lease_policy(lease).inactivity_timeout_s, pass);
}

/* [INV-BACK-1] It goes with its flow; this is for one whose flow was taken back. */
static bool back_must_go(const struct control *control, const struct flow *back, u8 life)
{
	struct flow_key key;
	const struct flow *flow;
	u32 owner = atomic_read(&back->owner);
	u8 flow_life;

	flow_key_of(back, &key);
	flow = env_flow(owner - 1);
	if (life == FLOW_ENDING || !flow || !flow_has_back(control, flow, &key))
		return true;
	flow_life = atomic_read(&flow->life);
	return flow_life != FLOW_LIVE && flow_life != FLOW_ENDING;
}

static bool flow_must_go(const struct control *control, struct flow *flow, u8 life,
			 const struct collector_pass *pass)
{
	switch (flow_kind(flow)) {
	case FLOW_LEASE:
		return lease_must_go(flow, life, pass);
	case FLOW_PEER:
		return peer_must_go(flow, life, pass);
	case FLOW_BACK:
		return back_must_go(control, flow, life);
	default:
		return session_must_go(flow, life, pass);
	}
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

/* => false if its creator has taken the flow back, who has then also let go of what it held */
static bool flow_die(struct flow *flow)
{
	u8 life;

	do
		life = atomic_read(&flow->life);
	while (life != FLOW_RETIRED && !atomic_replace(&flow->life, life, FLOW_DYING));
	return life != FLOW_RETIRED;
}

/* From now on nobody finds it, and it waits for the grace period. */
static void take_away(struct control *control, struct batch *batch, struct flow *flow, u32 slot)
{
	struct dying dying = {.slot = slot};

	dying.was_published = flow_die(flow);
	if (dying.was_published)
		dying.entry = unlink_flow(control, flow, slot);
	batch->flows[batch->count++] = dying;
}

/*
 * [INV-BACK-1] The way back that a flow has instead of a port goes with it. It notes when, so that
 * this pass does not take it a second time; one that a killed collector has left waits for the next.
 */
static void take_back_away(struct control *control, const struct collector_pass *pass,
			   struct batch *batch, const struct flow *flow, u32 slot)
{
	u32 found;
	struct flow *back;

	if (flow_kind(flow) != FLOW_SESSION || !protocol_is_kept(flow->protocol))
		return;
	found = back_of(control, flow, slot);
	back = found ? env_flow(found - 1) : NULL;
	if (!back)
		return;
	atomic_write(&back->last_seen_s, pass->now_s);
	take_away(control, batch, back, found);
}

static bool is_taken_already(const struct flow *flow, u8 life, const struct collector_pass *pass)
{
	return life == FLOW_DYING && flow_kind(flow) == FLOW_BACK &&
	       atomic_read(&flow->last_seen_s) == pass->now_s;
}

static void visit(struct control *control, struct collector_pass *pass, struct batch *batch,
		  u32 slot)
{
	struct flow *flow = env_flow(slot - 1);
	u8 life = flow ? atomic_read(&flow->life) : FLOW_FREE;
	bool session;

	if (life == FLOW_FREE || is_taken_already(flow, life, pass))
		return;
	session = flow_kind(flow) == FLOW_SESSION;
	if (life == FLOW_LIVE || life == FLOW_ENDING) {
		if (!flow_must_go(control, flow, life, pass)) {
			if (session)
				forget_old_nexthops(flow, pass);
			pass->live += session;
			return;
		}
		pass->ended += session;
	}
	take_back_away(control, pass, batch, flow, slot);
	take_away(control, batch, flow, slot);
	if (batch->count >= BATCH - 1)
		bury_all(control, pass, batch);
}

/* The peer of a flow's remote end is remembered from the flow's last packet on. */
static void touch_peer(const struct flow *flow)
{
	enum lease_permit permit = flow_permit(flow);
	u32 seen_s = atomic_read(&flow->last_seen_s);
	struct flow_key key;
	struct flow *peer;

	if (!lease_has_peers(permit, flow->protocol))
		return;
	flow_key_of(flow, &key);
	peer = peer_find(&key, permit, flow->pool);
	if (peer && (s32)(seen_s - atomic_read(&peer->last_seen_s)) > 0)
		atomic_write(&peer->last_seen_s, seen_s);
}

/*
 * Before the rest: flows keep the peers of their remote ends, wherever in the table those lie, and
 * what hangs on a lease that is over ends in the same pass.
 */
static void visit_leases(struct control *control, struct collector_pass *pass, struct batch *batch,
			 u32 first, u32 end)
{
	if (!atomic_read(&control->binding_count))
		return;
	for (u32 slot = first; slot < end; slot++) {
		const struct flow *flow = env_flow(slot);

		if (!flow || atomic_read(&flow->life) == FLOW_FREE)
			continue;
		if (flow_is_lease(flow))
			visit(control, pass, batch, slot + 1);
		else if (flow_kind(flow) == FLOW_SESSION && flow->to_zone & FLOW_LEASED)
			touch_peer(flow);
	}
}

static void visit_others(struct control *control, struct collector_pass *pass, struct batch *batch,
			 u32 first, u32 end)
{
	for (u32 slot = first; slot < end; slot++) {
		const struct flow *flow = env_flow(slot);

		if (flow && atomic_read(&flow->life) != FLOW_FREE && !flow_is_lease(flow))
			visit(control, pass, batch, slot + 1);
	}
}

void collector_walk(struct tables *tables, struct collector_pass *pass, u32 first, u32 count)
{
	static _Thread_local struct batch batch;
	struct control *control = tables->control;
	u32 rest = first < control->flow_capacity ? control->flow_capacity - first : 0;
	u32 end = first + (rest < count ? rest : count);

	if (!first)
		rest_end(tables, pass->now_s);
	visit_leases(control, pass, &batch, first, end);
	visit_others(control, pass, &batch, first, end);
	bury_all(control, pass, &batch);
	if (batch.tombstone_count)
		pass->wait();
	empty_tombstones(&batch);
}
