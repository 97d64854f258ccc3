/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The code under test, and the tasks that processes run it for. All of this is compiled with hooks
 * (model.h): a task may be left at any atomic operation and is then run again from its beginning.
 */
#include "tests/proofs/model.h"

#include "core/environment.h"
#define env_loop(count, step, context) model_loop(count, step, context, sizeof(*(context)))
#include "core/nat.h"
#include "dataplane/collector.c" // NOLINT(bugprone-suspicious-include)
#include "dataplane/rest.c"      // NOLINT(bugprone-suspicious-include)

#include <stdlib.h>

/* Both files have a hash_of(); and what one run leaves on the heap, the next does not free. */
#define hash_of audit_hash_of
#define reallocarray(old, count, bytes) ((void)(old), suspects_of_a_run(count, bytes))
#define free(memory) ((void)(memory))
static void *suspects_of_a_run(size_t count, size_t bytes);
#include "dataplane/audit.c" // NOLINT(bugprone-suspicious-include)
#undef free

enum { LATER_S = 1000, CLAIMER = 0x40 };

static struct tables tables = {
	.control = &world.control, .flows = world.flows, .buckets = world.buckets};

static void *suspects_of_a_run(size_t count, size_t bytes)
{
	static struct suspect suspects[256];

	return count * bytes <= sizeof(suspects) ? suspects : NULL;
}

static struct port_space *space_of(u32 address)
{
	return &world.ports[address].spaces[PORTS_UDP];
}

/* => the ports of the pool on its addresses, as properties_free_ports() has them */
static u16 pool_ports(const struct nat_config *config)
{
	const struct nat_pool *pool = &config->pools[0];
	u32 range = (1u << (pool->port_high + 1)) - (1u << pool->port_low), ports = 0;

	for (u32 i = 0; i < pool->lists[FAMILY_IPV4].length; i++)
		ports |= range << config->pool_addresses[i] * PORTS_PER_SPACE;
	return (u16)ports;
}

static void check_refusal(u32 reason, const struct nat_config *config)
{
	if (reason == REASON_source_nat_pool_exhausted)
		model_check(!(model_me()->free_ports & pool_ports(config)),
			    "INV-PORT-2: a port was free all the time, and not found");
	else
		model_check(reason == REASON_flow_table_full ||
				    (configuration->permit && reason == REASON_lease_table_full),
			    "no reason to refuse");
}

/* The parts of OPEN: what judge_without_flow() and first_packet() do one after the other. */
enum {
	FIND,
	RESERVE,
	PUBLISH,
	USE,
	LEASE, /* from here on with persistent-nat */
	TAKE,
	RESERVE_LEASE,
	PUBLISH_LEASE,
	SHARE,
	PEER,
	GIVE_BACK
};

/* With persistent-nat, as in first_open_leased(). */
static u32 open_leased(struct packet *p, struct first *first)
{
	u8 part = model_me()->part, next = USE;
	u32 reason = NO_REASON;

	switch (part) {
	case LEASE:
		reason = (u32)first_lease(p, first);
		next = TAKE;
		break;
	case TAKE:
		reason = (u32)first_take_slots(p, first);
		next = first->lease_is_new ? RESERVE_LEASE : SHARE;
		break;
	case RESERVE_LEASE:
		reason = (u32)first_reserve_lease(p, first);
		next = PUBLISH_LEASE;
		break;
	case PUBLISH_LEASE:
		reason = (u32)first_publish_lease(p, first);
		next = SHARE;
		break;
	case SHARE:
		reason = (u32)first_share_lease(p, first);
		next = first->peer ? PEER : PUBLISH;
		break;
	case PEER:
		reason = (u32)first_publish_peer(p, first);
		next = PUBLISH;
		break;
	case GIVE_BACK:
		(void)first_give_back(p, first);
		return NO_REASON;
	}
	if (reason == NO_REASON)
		model_next_part(next);
	else if (part != LEASE)
		model_next_part(GIVE_BACK);
	return reason;
}

static u32 open_part(struct packet *p, struct first *first)
{
	u32 reason;

	switch (model_me()->part) {
	case FIND:
		p->half = nat_active_half();
		first->slot = match_from_inside(env_control(), p);
		model_next_part(first->slot ? USE : configuration->permit ? LEASE : RESERVE);
		return NO_REASON;
	case RESERVE:
		reason = (u32)first_reserve(p, first);
		if (reason == REASON_flow_table_full)
			model_check(!model_me()->free_slots,
				    "INV-FLOW-3: a slot was free all the time, and not found");
		if (reason == NO_REASON)
			model_next_part(PUBLISH);
		return reason;
	case PUBLISH:
		reason = (u32)first_publish(p, first);
		if (reason == NO_REASON)
			model_next_part(USE);
		else if (configuration->permit)
			model_next_part(GIVE_BACK);
		return reason;
	default:
		return open_leased(p, first);
	}
}

static void open_flow(u32 number)
{
	struct process_state *me = model_me();
	struct packet p = {.key = *model_tuple(number), .hash = model_tuple_hash(number),
			   .kind = PACKET_UDP, .half = me->half};
	struct first first = {.slot = me->slot, .lease = me->lease, .peer = me->peer,
			      .lease_is_new = me->lease_is_new & 1,
			      .permit = configuration->permit};
	u32 reason;

	if (me->part == USE) {
		model_pause();
		return;
	}
	reason = open_part(&p, &first);
	if (reason != NO_REASON)
		check_refusal(reason, env_config(p.half));
	me->slot = (u8)first.slot;
	me->half = (u8)p.half;
	me->lease = (u8)first.lease;
	me->peer = (u8)first.peer;
	me->lease_is_new = first.lease_is_new;
	me->flow = (me->part == FIND || me->part == PUBLISH) && reason == NO_REASON ? me->slot : 0;
}

/* As in flow_send_asking(). */
static void reroute(u32 number)
{
	struct packet p = {.key = *model_tuple(number), .hash = model_tuple_hash(number),
			   .kind = PACKET_UDP};
	u32 slot = match_from_inside(env_control(), &p);
	struct flow *flow = slot ? env_flow(slot - 1) : NULL;

	if (flow && atomic_read(&flow->life) != FLOW_ENDING)
		atomic_write(&flow->life, FLOW_ENDING);
}

/* The parts of ANSWER: what packet_finish() and judge_from_outside() do. */
enum { EXPECTED, OF_LEASE, ADMITTED, ANSWERED };

static void answer_part(struct packet *p, struct flow_match *match)
{
	struct nat_address target = {.slot = 0};

	switch (model_me()->part) {
	case EXPECTED:
		match->slot = match_from_outside(p, &target);
		break;
	case OF_LEASE:
		(void)inbound_match(p, match);
		break;
	case ADMITTED:
		(void)inbound_open(p, match);
		break;
	}
}

static void answer_flow(u32 number, u32 port)
{
	const struct flow_key *key = model_tuple(number);
	struct packet p = {.kind = PACKET_UDP,
			   .key = {.inside = key->remote, .remote = *model_nat_address(),
				   .inside_port = key->remote_port,
				   .remote_port = network_u16((u16)port),
				   .protocol = PROTOCOL_UDP}};
	u8 part = model_me()->part;
	struct flow_match match = {.direction = FLOW_IN};

	if (part == ANSWERED) {
		model_pause();
		return;
	}
	answer_part(&p, &match);
	model_me()->flow = (u8)match.slot;
	if (match.slot)
		model_next_part(ANSWERED);
	else if (configuration->permit && part < ADMITTED)
		model_next_part(part + 1);
}

static bool is_of_tuple(const struct flow *flow, void *context)
{
	return flow_has_key(flow, context);
}

static bool is_lease(const struct flow *flow, void *context)
{
	(void)context;
	return flow_is_lease(flow);
}

static bool is_of_address_0(const struct flow *flow, void *context)
{
	(void)context;
	return atomic_read(&flow->address) == 0;
}

/* One slot a part, as the engine walks the table in pieces. */
static void collect(u32 first_part, u32 now_s, collector_predicate *ends, void *context)
{
	struct collector_pass pass = {.now_s = now_s, .config = &world_config[0],
				      .wait = model_grace_period, .nexthop_generation = 1,
				      .ends = ends, .context = context};

	u32 slot = model_me()->part - first_part;

	collector_walk(&tables, &pass, slot, 1);
	if (slot + 1 < world.control.flow_capacity)
		model_next_part(model_me()->part + 1);
}

/* What audit_run() does about the index. */
static void audit(void)
{
	struct audit found = {0};
	struct auditor a = {
		.tables = &tables, .audit = &found, .repairing = true, .wait = model_grace_period};

	look_at_index(&a);
	a.wait();
	judge_suspects(&a);
}

int audit_free_slots(struct auditor *auditor)
{
	(void)auditor;
	return 0;
}

int audit_counts(struct auditor *auditor)
{
	(void)auditor;
	return 0;
}

static void sweep(u32 number)
{
	struct flow_key key = *model_tuple(number);

	collect(0, WORLD_NOW_S, is_of_tuple, &key);
}

/* As dataplane/engine_commit.c does it. */
static void commit(void)
{
	if (model_me()->part == 0) {
		(void)atomic_swap(&world.control.active_half, 1);
		model_grace_period();
		model_next_part(1);
		return;
	}
	collect(1, WORLD_NOW_S, is_of_address_0, NULL);
	if (model_me()->part == world.control.flow_capacity)
		model_check((u8)properties_free_ports() == (1 << PORTS_PER_SPACE) - 1,
			    "INV-RECLAIM: a flow is left on an address that was taken away");
}

static void claim(u32 offset)
{
	const struct nat_pool *pool = &world_config[0].pools[0];
	__be16 *port = &world.flows[world_cpu].port;

	if (ports_claim(space_of(0), pool->port_low, pool->port_high,
			(u16)(pool->port_low + offset), CLAIMER + world_cpu, port))
		model_me()->held = (u8)(host_u16(*port) + 1);
	else
		check_refusal(REASON_source_nat_pool_exhausted, &world_config[0]);
}

static void release(void)
{
	if (model_me()->held)
		ports_release(space_of(0), model_me()->held - 1);
	model_me()->held = 0;
}

static void keep(u32 port)
{
	if (ports_reserve(space_of(0), (u16)port))
		model_me()->kept |= (u8)(1u << port);
}

static void unkeep(u32 port)
{
	if (model_me()->kept >> port & 1)
		ports_unreserve(space_of(0), (u16)port);
	model_me()->kept &= (u8) ~(1u << port);
}

static void pop(void)
{
	u32 slot = flow_pop_free(env_control());

	model_check(slot || !model_me()->free_slots,
		    "INV-FLOW-3: a slot was free all the time, and not found");
	model_me()->held = (u8)slot;
}

static void push(u32 stack)
{
	u32 slot = model_me()->held;

	if (slot)
		flow_push_free(env_control(), env_flow(slot - 1), slot, stack);
	model_me()->held = 0;
}

void subject_run(const struct task *task)
{
	switch (task->operation) {
	case OPEN:
		open_flow(task->what);
		break;
	case REROUTE:
		reroute(task->what);
		break;
	case ANSWER:
		answer_flow(task->what, task->port);
		break;
	case COLLECT:
		collect(0, LATER_S * (model_me()->task + 1u), NULL, NULL);
		break;
	case SWEEP:
		sweep(task->what);
		break;
	case END_LEASES:
		collect(0, WORLD_NOW_S, is_lease, NULL);
		break;
	case AUDIT:
		audit();
		break;
	case COMMIT:
		commit();
		break;
	case CLAIM:
		claim(task->what);
		break;
	case RELEASE:
		release();
		break;
	case KEEP:
		keep(task->port);
		break;
	case UNKEEP:
		unkeep(task->port);
		break;
	case POP:
		pop();
		break;
	case PUSH:
		push(task->what);
		break;
	default:
		break;
	}
}
