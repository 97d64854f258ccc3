/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/audit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/open.h"

static const char *const finding_names[] = {
#define X(name, text) #name,
	AUDIT_FINDINGS(X)
#undef X
};

static const char *const finding_texts[] = {
#define X(name, text) text,
	AUDIT_FINDINGS(X)
#undef X
};

const char *audit_finding_name(enum audit_finding finding)
{
	return finding_names[finding];
}

const char *audit_finding_text(enum audit_finding finding)
{
	return finding_texts[finding];
}

u64 audit_total(const struct audit *audit)
{
	u64 total = 0;

	for (u32 i = 0; i < AUDIT_FINDING_COUNT; i++)
		total += audit->findings[i];
	return total;
}

/* Something that looked wrong: looked at again after the grace period. */
struct suspect {
	enum audit_finding finding;
	u32 slot;     /* of a flow, or of an address */
	u8 protocol;  /* enum port_protocol */
	u16 port;     /* or the first one of a group */
	u32 witness;  /* what identified it */
};

struct auditor {
	struct tables *tables;
	struct audit *audit;
	struct suspect *suspects;
	size_t suspect_count;
	size_t suspect_room;
	bool out_of_memory;
};

static void suspect(struct auditor *a, const struct suspect *suspect)
{
	if (a->suspect_count == a->suspect_room) {
		size_t room = a->suspect_room ? 2 * a->suspect_room : 256;
		struct suspect *grown = reallocarray(a->suspects, room, sizeof(*grown));

		if (!grown) {
			a->out_of_memory = true;
			return;
		}
		a->suspects = grown;
		a->suspect_room = room;
	}
	a->suspects[a->suspect_count++] = *suspect;
}

/* Flows. */

static bool flow_is_published(const struct flow *flow)
{
	u8 life = atomic_read(&flow->life);

	return life == FLOW_LIVE || life == FLOW_ENDING;
}

static u32 flow_witness(const struct flow *flow)
{
	return flow->ports ^ flow->inside.words[3] ^ flow->remote.words[3];
}

static bool flow_has_port(const struct auditor *a, u32 slot)
{
	const struct flow *flow = &a->tables->flows[slot];
	struct address_ports *ports = a->tables->ports[flow->address % MAX_ADDRESS_SLOTS];
	struct port_space *space;

	if (!ports)
		return false;
	space = &ports->spaces[port_protocol_of(flow->protocol)];
	return atomic_read(&space->owners[ntohs(flow->port)]) == slot + 1;
}

static u32 entries_in(const struct auditor *a, u32 bucket, u32 slot)
{
	u32 count = 0;

	for (u32 i = 0; i < BUCKET_ENTRIES; i++)
		count += (atomic_read(&a->tables->buckets[bucket].entries[i]) &
			  BUCKET_SLOT_MASK) == slot + 1;
	return count;
}

static u32 flow_entries(const struct auditor *a, u32 slot)
{
	const struct control *control = a->tables->control;
	const struct flow *flow = &a->tables->flows[slot];
	u64 hash = flow_hash(control, &flow->inside, &flow->remote, flow->ports, flow->protocol,
			     flow->family);
	u32 home = flow_home_bucket(control, hash), other = flow_other_bucket(control, hash);

	return entries_in(a, home, slot) + (other != home ? entries_in(a, other, slot) : 0);
}

/* => true if the flow is wrong in this way */
static bool flow_is_wrong(const struct auditor *a, u32 slot, enum audit_finding finding)
{
	if (!flow_is_published(&a->tables->flows[slot]))
		return false;
	switch (finding) {
	case AUDIT_flow_without_port:
		return !flow_has_port(a, slot);
	case AUDIT_flow_not_indexed:
		return flow_entries(a, slot) == 0;
	case AUDIT_flow_indexed_twice:
		return flow_entries(a, slot) > 1;
	default:
		return false;
	}
}

static void suspect_flow(struct auditor *a, u32 slot, enum audit_finding finding)
{
	suspect(a, &(struct suspect){.finding = finding, .slot = slot,
				     .witness = flow_witness(&a->tables->flows[slot])});
}

static void look_at_flows(struct auditor *a)
{
	for (u32 slot = 0; slot < a->tables->control->flow_capacity; slot++) {
		u32 entries;

		if (!flow_is_published(&a->tables->flows[slot]))
			continue;
		a->audit->flows++;
		entries = flow_entries(a, slot);
		if (!flow_has_port(a, slot))
			suspect_flow(a, slot, AUDIT_flow_without_port);
		if (entries != 1)
			suspect_flow(a, slot, entries ? AUDIT_flow_indexed_twice
						      : AUDIT_flow_not_indexed);
	}
}

/* Ports. */

static bool owner_is_flow(u32 owner)
{
	return owner != PORT_FREE && owner != PORT_KERNEL;
}

static bool port_is_orphan(const struct auditor *a, u32 address, u8 protocol, u16 port)
{
	u32 owner = atomic_read(&a->tables->ports[address]->spaces[protocol].owners[port]);
	const struct flow *flow;

	if (!owner_is_flow(owner))
		return false;
	if (owner > a->tables->control->flow_capacity)
		return true;
	flow = &a->tables->flows[owner - 1];
	return atomic_read(&flow->life) == FLOW_FREE || flow->address != address ||
	       flow->port != htons(port) || port_protocol_of(flow->protocol) != protocol;
}

/* A group hides a port if its count is below what is free, or a free port's bit is not set. */
static bool group_hides_a_port(const struct auditor *a, u32 address, u8 protocol, u16 first)
{
	struct port_space *space = &a->tables->ports[address]->spaces[protocol];
	u32 free_ports = 0;

	for (u32 port = first; port < (u32)first + PORTS_PER_GROUP; port++) {
		if (atomic_read(&space->owners[port]) != PORT_FREE)
			continue;
		free_ports++;
		if (!(atomic_read(&space->free_bits[port / PORTS_PER_WORD]) >>
			      port % PORTS_PER_WORD & 1))
			return true;
	}
	return atomic_read(&space->group_free[first / PORTS_PER_GROUP]) < free_ports;
}

static void look_at_space(struct auditor *a, u32 address, u8 protocol)
{
	struct port_space *space = &a->tables->ports[address]->spaces[protocol];

	for (u32 port = 0; port < PORTS_PER_SPACE; port++) {
		struct suspect found = {.finding = AUDIT_port_without_flow, .slot = address,
					.protocol = protocol, .port = (u16)port,
					.witness = atomic_read(&space->owners[port])};

		a->audit->ports += owner_is_flow(found.witness);
		if (port_is_orphan(a, address, protocol, (u16)port))
			suspect(a, &found);
		found.finding = AUDIT_port_hidden;
		found.witness = 0;
		if (port % PORTS_PER_GROUP == 0 &&
		    group_hides_a_port(a, address, protocol, (u16)port))
			suspect(a, &found);
	}
}

static void look_at_ports(struct auditor *a)
{
	for (u32 address = 0; address < MAX_ADDRESS_SLOTS; address++)
		for (u8 protocol = 0; a->tables->ports[address] && protocol < PORTS_PROTOCOLS;
		     protocol++)
			look_at_space(a, address, protocol);
}

/* What is still so after the grace period. */

static bool suspicion_holds(const struct auditor *a, const struct suspect *s)
{
	switch (s->finding) {
	case AUDIT_port_without_flow:
		return port_is_orphan(a, s->slot, s->protocol, s->port) &&
		       atomic_read(&a->tables->ports[s->slot]->spaces[s->protocol].owners[s->port]) ==
			       s->witness;
	case AUDIT_port_hidden:
		return group_hides_a_port(a, s->slot, s->protocol, s->port);
	default:
		return flow_is_wrong(a, s->slot, s->finding) &&
		       flow_witness(&a->tables->flows[s->slot]) == s->witness;
	}
}

static void unhide_group(struct port_space *space, u16 first)
{
	u32 free_ports = 0;

	for (u32 port = first; port < (u32)first + PORTS_PER_GROUP; port++) {
		if (atomic_read(&space->owners[port]) != PORT_FREE)
			continue;
		free_ports++;
		atomic_or(&space->free_bits[port / PORTS_PER_WORD], 1ull << port % PORTS_PER_WORD);
	}
	atomic_add(&space->group_free[first / PORTS_PER_GROUP], free_ports);
}

/* Errs on the safe side: nothing that a packet could use is given to another. */
static void repair(struct auditor *a, const struct suspect *s)
{
	struct port_space *space;

	a->audit->repaired++;
	if (s->finding != AUDIT_port_without_flow && s->finding != AUDIT_port_hidden) {
		atomic_write(&a->tables->flows[s->slot].life, FLOW_ENDING);
		return;
	}
	space = &a->tables->ports[s->slot]->spaces[s->protocol];
	if (s->finding == AUDIT_port_without_flow)
		ports_release(space, s->port);
	else
		unhide_group(space, s->port);
}

static void judge_suspects(struct auditor *a, bool repairing)
{
	for (size_t i = 0; i < a->suspect_count; i++) {
		const struct suspect *s = &a->suspects[i];

		if (!suspicion_holds(a, s))
			continue;
		a->audit->findings[s->finding]++;
		if (repairing)
			repair(a, s);
	}
}

/* Free slots. */

/* => the sum of the changes of all free stacks; equal sums mean that nothing happened between */
static u64 stack_changes(const struct control *control)
{
	u64 sum = 0;

	for (u32 i = 0; i < FREE_STACKS; i++)
		sum += atomic_read(&control->free_stacks[i].head) >> 32;
	return sum;
}

static void mark_free_slots(const struct auditor *a, u64 *marked)
{
	const struct control *control = a->tables->control;

	memset(marked, 0, (control->flow_capacity / 64 + 1) * sizeof(*marked));
	a->audit->free_slots = 0;
	for (u32 i = 0; i < FREE_STACKS; i++) {
		u32 slot = (u32)atomic_read(&control->free_stacks[i].head);

		while (slot && slot <= control->flow_capacity &&
		       !(marked[(slot - 1) / 64] >> (slot - 1) % 64 & 1)) {
			marked[(slot - 1) / 64] |= 1ull << (slot - 1) % 64;
			a->audit->free_slots++;
			slot = atomic_read(&a->tables->flows[slot - 1].next_free);
		}
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
		if (repairing)
			flow_push_free(control, flow, slot + 1, slot);
	}
	return lost;
}

/*
 * The stacks can only be walked while nobody pops or pushes. It is tried a few times; on a gateway
 * that opens flows all the time no moment is quiet enough, and nothing is found.
 */
static int look_for_lost_slots(struct auditor *a, bool repairing, void (*wait)(void))
{
	enum { TRIES = 20 };
	const struct control *control = a->tables->control;
	u64 *marked = calloc(control->flow_capacity / 64 + 1, sizeof(*marked));

	if (!marked)
		return -ENOMEM;
	for (u32 i = 0; i < TRIES; i++) {
		u64 before = stack_changes(control), lost;

		mark_free_slots(a, marked);
		lost = count_lost_slots(a, marked, false);
		wait(); /* whoever has popped a slot has used it or put it back */
		if (stack_changes(control) != before)
			continue;
		lost = lost ? count_lost_slots(a, marked, repairing) : 0;
		a->audit->findings[AUDIT_slot_lost] += lost;
		a->audit->repaired += repairing ? lost : 0;
		break;
	}
	free(marked);
	return 0;
}

/* Counts. */

/* One gauge, and what it should say; unsteady while it changes under our eyes. */
static u64 count_owned(const struct port_space *space)
{
	u64 count = 0;

	for (u32 port = 0; port < PORTS_PER_SPACE; port++)
		count += owner_is_flow(atomic_read(&space->owners[port]));
	return count;
}

/* => what has to be added to the gauge; 0 if it is right or too unsteady to tell */
static s32 space_error(const struct port_space *space, void (*wait)(void))
{
	enum { SAMPLES = 3 };
	s32 error = 0;

	for (u32 i = 0; i < SAMPLES; i++) {
		u32 before = atomic_read(&space->in_use);
		s32 difference = (s32)((u32)count_owned(space) - before);

		if (atomic_read(&space->in_use) != before || !difference ||
		    (i && difference != error))
			return 0;
		error = difference;
		wait();
	}
	return error;
}

static void look_at_port_counts(struct auditor *a, bool repairing, void (*wait)(void))
{
	for (u32 i = 0; i < MAX_ADDRESS_SLOTS * PORTS_PROTOCOLS; i++) {
		struct address_ports *ports = a->tables->ports[i / PORTS_PROTOCOLS];
		struct port_space *space = ports ? &ports->spaces[i % PORTS_PROTOCOLS] : NULL;
		s32 error = space ? space_error(space, wait) : 0;

		if (!error)
			continue;
		a->audit->findings[AUDIT_count_wrong]++;
		if (repairing) {
			atomic_add(&space->in_use, (u32)error);
			a->audit->repaired++;
		}
	}
}

/* Flows by owner: all of one kind in one walk. */
static void count_flows(const struct auditor *a, bool by_rule, u64 *counts, u32 ids)
{
	memset(counts, 0, ids * sizeof(*counts));
	for (u32 slot = 0; slot < a->tables->control->flow_capacity; slot++) {
		const struct flow *flow = &a->tables->flows[slot];
		u8 life = atomic_read(&flow->life);

		if (life == FLOW_LIVE || life == FLOW_ENDING || life == FLOW_DYING)
			counts[(by_rule ? flow->rule : flow->pool) % ids]++;
	}
}

static int look_at_owner_counts(struct auditor *a, bool by_rule, bool repairing,
				void (*wait)(void))
{
	u32 ids = by_rule ? MAX_RULE_IDS : MAX_POOL_IDS;
	struct owner_counters *counters =
		by_rule ? a->tables->rule_counters : a->tables->pool_counters;
	u64 *first = calloc(2 * ids, sizeof(*first)), *second = first + ids;

	if (!first)
		return -ENOMEM;
	count_flows(a, by_rule, first, ids);
	for (u32 id = 0; id < ids; id++)
		first[id] -= atomic_read(&counters[id].flows);
	wait();
	count_flows(a, by_rule, second, ids);
	for (u32 id = 0; id < ids; id++) {
		if (!first[id] || second[id] - atomic_read(&counters[id].flows) != first[id])
			continue;
		a->audit->findings[AUDIT_count_wrong]++;
		if (repairing) {
			atomic_add(&counters[id].flows, first[id]);
			a->audit->repaired++;
		}
	}
	free(first);
	return 0;
}

int audit_run(struct tables *tables, bool repairing, void (*wait)(void), struct audit *audit)
{
	struct auditor a = {.tables = tables, .audit = audit};
	int result;

	memset(audit, 0, sizeof(*audit));
	look_at_flows(&a);
	look_at_ports(&a);
	wait();
	judge_suspects(&a, repairing);
	free(a.suspects);
	result = a.out_of_memory ? -ENOMEM : look_for_lost_slots(&a, repairing, wait);
	look_at_port_counts(&a, repairing, wait);
	if (!result)
		result = look_at_owner_counts(&a, true, repairing, wait);
	return result ? result : look_at_owner_counts(&a, false, repairing, wait);
}
