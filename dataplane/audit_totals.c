/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What only the whole table tells: which slots are free, and whether the counts are true.
 */
#include "dataplane/audit_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Free slots. */

/* => the sum of the changes of all free stacks; equal sums mean that nothing happened between */
static u64 stack_changes(const struct control *control)
{
	u64 sum = 0;

	for (u32 i = 0; i < FREE_STACKS; i++)
		sum += atomic_read(&control->free_stacks[i].head) >> 32;
	return sum;
}

/* => false if the slot (+ 1) cannot be on a free stack, or is on one already */
static bool mark_free_slot(const struct auditor *a, u64 *marked, u32 slot)
{
	u64 bit = 1ull << (slot - 1) % 64;

	if (slot > a->tables->control->flow_capacity || marked[(slot - 1) / 64] & bit ||
	    atomic_read(&a->tables->flows[slot - 1].life) != FLOW_FREE)
		return false;
	marked[(slot - 1) / 64] |= bit;
	a->audit->free_slots++;
	return true;
}

/* => how many stacks are damaged; they are walked up to the damage */
static u64 mark_free_slots(const struct auditor *a, u64 *marked)
{
	const struct control *control = a->tables->control;
	u64 damaged = 0;

	memset(marked, 0, (control->flow_capacity / 64 + 1) * sizeof(*marked));
	a->audit->free_slots = 0;
	for (u32 i = 0; i < FREE_STACKS; i++) {
		u32 slot = (u32)atomic_read(&control->free_stacks[i].head);

		while (slot && mark_free_slot(a, marked, slot))
			slot = atomic_read(&a->tables->flows[slot - 1].next_free);
		damaged += slot != 0;
	}
	return damaged;
}

/* Nothing on them can be trusted: one grace period later, all slots that are FREE are lost. */
static void empty_stacks(struct control *control)
{
	for (u32 i = 0; i < FREE_STACKS; i++) {
		u64 head = atomic_read(&control->free_stacks[i].head);

		while (!atomic_replace(&control->free_stacks[i].head, head,
				       ((head >> 32) + 1) << 32))
			head = atomic_read(&control->free_stacks[i].head);
	}
}

/* => how many FREE slots are on no stack; pushed on one if repairing */
static u64 count_lost_slots(const struct auditor *a, const u64 *marked, bool repairing)
{
	struct control *control = a->tables->control;
	u64 lost = 0;

	for (u32 slot = 0; slot < control->flow_capacity; slot++) {
		struct flow *flow = &a->tables->flows[slot];

		if (atomic_read(&flow->life) != FLOW_FREE || marked[slot / 64] >> slot % 64 & 1)
			continue;
		lost++;
		if (!repairing)
			continue;
		flow_push_free(control, flow, slot + 1, slot);
		a->audit->free_slots++;
	}
	return lost;
}

static void note(struct auditor *a, enum audit_finding finding, u64 count)
{
	a->audit->findings[finding] += count;
	a->audit->repaired += a->repairing ? count : 0;
}

/* => true if nothing was pushed or popped meanwhile, and the stacks are as they shall be */
static bool look_at_stacks(struct auditor *a, u64 *marked)
{
	struct control *control = a->tables->control;
	u64 before = stack_changes(control), lost, damaged = mark_free_slots(a, marked);

	lost = count_lost_slots(a, marked, false);
	a->wait(); /* whoever has popped a slot has used it or put it back */
	if (stack_changes(control) != before)
		return false;
	note(a, AUDIT_stack_damaged, damaged);
	if (damaged && a->repairing) {
		empty_stacks(control);
		return false; /* the next look finds the slots lost */
	}
	note(a, AUDIT_slot_lost, lost ? count_lost_slots(a, marked, a->repairing) : 0);
	return true;
}

/*
 * The stacks can only be walked while nobody pops or pushes. It is tried a few times; on a gateway
 * that opens flows all the time no moment is quiet enough, and nothing is found.
 */
int audit_free_slots(struct auditor *a)
{
	enum { TRIES = 20 };
	u64 *marked = calloc(a->tables->control->flow_capacity / 64 + 1, sizeof(*marked));
	u32 tries = 0;

	if (!marked)
		return -ENOMEM;
	while (!look_at_stacks(a, marked) && ++tries < TRIES)
		;
	free(marked);
	return 0;
}

/* Counts. */

/* One gauge, and what it should say; unsteady while it changes under our eyes. */
static u64 count_owned(const struct port_space *space, bool (*counts)(u32 owner))
{
	u64 count = 0;

	for (u32 port = 0; port < PORTS_PER_SPACE; port++)
		count += counts(atomic_read(&space->owners[port]));
	return count;
}

/* => what has to be added to a gauge of the space; 0 if it is right or too unsteady to tell */
static s32 gauge_error(const struct port_space *space, const u32 *gauge,
		       bool (*counts)(u32 owner), void (*wait)(void))
{
	enum { SAMPLES = 3 };
	s32 error = 0;

	for (u32 i = 0; i < SAMPLES; i++) {
		u32 before = atomic_read(gauge);
		s32 difference = (s32)((u32)count_owned(space, counts) - before);

		if (atomic_read(gauge) != before || !difference ||
		    (i && difference != error))
			return 0;
		error = difference;
		wait();
	}
	return error;
}

static void look_at_gauge(struct auditor *a, const struct port_space *space, u32 *gauge,
			  bool (*counts)(u32 owner))
{
	s32 error = gauge_error(space, gauge, counts, a->wait);

	if (!error)
		return;
	note(a, AUDIT_count_wrong, 1);
	if (a->repairing)
		atomic_add(gauge, (u32)error);
}

static bool owner_rests(u32 owner)
{
	return port_rests(owner);
}

static void look_at_port_counts(struct auditor *a)
{
	for (u32 i = 0; i < MAX_ADDRESS_SLOTS * PORTS_PROTOCOLS; i++) {
		struct address_ports *ports = a->tables->ports[i / PORTS_PROTOCOLS];
		struct port_space *space = ports ? &ports->spaces[i % PORTS_PROTOCOLS] : NULL;

		if (!space)
			continue;
		look_at_gauge(a, space, &space->in_use, owner_is_flow);
		look_at_gauge(a, space, &space->resting, owner_rests);
	}
}

/* Counts that the packet path keeps beside the flows, and the collector with it. */
enum gauge { RULE_FLOWS, POOL_FLOWS, POOL_LEASES, LEASE_USERS, BINDINGS, GAUGES };

static u32 gauge_ids(const struct auditor *a, enum gauge gauge)
{
	switch (gauge) {
	case RULE_FLOWS:
		return MAX_RULE_IDS;
	case LEASE_USERS:
		return a->tables->control->flow_capacity;
	case BINDINGS:
		return 1;
	default:
		return MAX_POOL_IDS;
	}
}

/* => where the flow is counted, at most gauge_ids(); that many if it is not */
static u32 gauge_id_of(const struct auditor *a, enum gauge gauge, const struct flow *flow)
{
	enum flow_kind kind = flow_kind(flow);
	u32 lease;

	switch (gauge) {
	case RULE_FLOWS:
		return kind == FLOW_SESSION ? flow->rule % MAX_RULE_IDS : MAX_RULE_IDS;
	case POOL_FLOWS:
		return kind == FLOW_SESSION ? flow->pool % MAX_POOL_IDS : MAX_POOL_IDS;
	case POOL_LEASES:
		return kind == FLOW_LEASE ? flow->pool % MAX_POOL_IDS : MAX_POOL_IDS;
	case LEASE_USERS:
		lease = kind == FLOW_SESSION && flow->to_zone & FLOW_LEASED ? lease_owner(flow) : 0;
		return lease ? lease - 1 : a->tables->control->flow_capacity;
	default:
		return !flow_is_binding(flow);
	}
}

static u32 lease_users(const struct flow *flow)
{
	u8 life = atomic_read(&flow->life);

	return flow_is_lease(flow) && (life == FLOW_LIVE || life == FLOW_ENDING)
		       ? atomic_read(&flow->users) & ~LEASE_CLOSED
		       : 0;
}

static u32 gauge_value(const struct auditor *a, enum gauge gauge, u32 id)
{
	const struct tables *t = a->tables;

	switch (gauge) {
	case RULE_FLOWS:
		return (u32)atomic_read(&t->rule_counters[id].flows);
	case POOL_FLOWS:
		return (u32)atomic_read(&t->pool_counters[id].flows);
	case POOL_LEASES:
		return (u32)atomic_read(&t->pool_counters[id].leases);
	case LEASE_USERS:
		return lease_users(&t->flows[id]);
	default:
		return atomic_read(&t->control->binding_count);
	}
}

static void gauge_add(struct auditor *a, enum gauge gauge, u32 id, s32 error)
{
	struct tables *t = a->tables;

	switch (gauge) {
	case RULE_FLOWS:
		atomic_add(&t->rule_counters[id].flows, (u64)error);
		return;
	case POOL_FLOWS:
		atomic_add(&t->pool_counters[id].flows, (u64)error);
		return;
	case POOL_LEASES:
		atomic_add(&t->pool_counters[id].leases, (u64)error);
		return;
	case LEASE_USERS:
		atomic_add(&t->flows[id].users, (u32)error);
		return;
	default:
		atomic_add(&t->control->binding_count, (u32)error);
	}
}

/* A flow that was taken back is counted nowhere; but its slot is a binding's until it is freed. */
static bool gauge_counts(enum gauge gauge, u8 life)
{
	return life == FLOW_LIVE || life == FLOW_ENDING || life == FLOW_DYING ||
	       (gauge == BINDINGS && life == FLOW_RETIRED);
}

static void count_flows(const struct auditor *a, enum gauge gauge, u32 *counts)
{
	u32 ids = gauge_ids(a, gauge), id;

	memset(counts, 0, ids * sizeof(*counts));
	for (u32 slot = 0; slot < a->tables->control->flow_capacity; slot++) {
		const struct flow *flow = &a->tables->flows[slot];

		if (!gauge_counts(gauge, atomic_read(&flow->life)))
			continue;
		id = gauge_id_of(a, gauge, flow);
		if (id < ids)
			counts[id]++;
	}
}

/* What has to be added to each of the gauges, as far as it stays the same for a grace period. */
static int look_at_gauges(struct auditor *a, enum gauge gauge)
{
	u32 ids = gauge_ids(a, gauge);
	u32 *first = calloc(2 * (size_t)ids, sizeof(*first)), *second;

	if (!first)
		return -ENOMEM;
	second = first + ids;
	count_flows(a, gauge, first);
	for (u32 id = 0; id < ids; id++)
		first[id] -= gauge_value(a, gauge, id);
	a->wait();
	count_flows(a, gauge, second);
	for (u32 id = 0; id < ids; id++) {
		if (!first[id] || second[id] - gauge_value(a, gauge, id) != first[id])
			continue;
		note(a, AUDIT_count_wrong, 1);
		if (a->repairing)
			gauge_add(a, gauge, id, (s32)first[id]);
	}
	free(first);
	return 0;
}

int audit_counts(struct auditor *a)
{
	int result = 0;

	look_at_port_counts(a);
	for (enum gauge gauge = 0; gauge < GAUGES && !result; gauge++)
		result = look_at_gauges(a, gauge);
	return result;
}
