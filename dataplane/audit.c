/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/audit_private.h"

#include "dataplane/rest.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
	return flow->ports ^ raw_u32(flow->inside.words[3] ^ flow->remote.words[3]);
}

/* => true if the port that the flow leaves with is its own, or its lease's; or it has a way back */
static bool flow_has_port(const struct auditor *a, u32 slot)
{
	const struct flow *flow = &a->tables->flows[slot];
	struct address_ports *ports = a->tables->ports[flow->address % MAX_ADDRESS_SLOTS];
	struct port_space *space;

	if (!ports)
		return false;
	if (flow_kind(flow) == FLOW_PEER || flow_kind(flow) == FLOW_BACK)
		return true; /* it ends with its lease or its flow, a little later */
	if (protocol_is_kept(flow->protocol))
		return back_of(a->tables->control, flow, slot + 1) != 0;
	if (!flow_owns_port(flow))
		return lease_owner(flow) != 0;
	space = &ports->spaces[port_protocol_of(flow->protocol)];
	return atomic_read(&space->owners[ntohs(flow->port)]) == slot + 1;
}

static u64 hash_of(const struct auditor *a, const struct flow *flow)
{
	return flow_hash(a->tables->control, &flow->inside, &flow->remote, flow->ports,
			 flow->protocol, flow->family);
}

static u32 entries_in(const struct auditor *a, u32 bucket, u32 entry)
{
	u32 count = 0;

	for (u32 i = 0; i < BUCKET_ENTRIES; i++)
		count += atomic_read(&a->tables->buckets[bucket].entries[i]) == entry;
	return count;
}

/* => how many entries lead to the flow, where packets look for it */
static u32 flow_entries(const struct auditor *a, u32 slot)
{
	const struct control *control = a->tables->control;
	u64 hash = hash_of(a, &a->tables->flows[slot]);
	u32 home = flow_home_bucket(control, hash), other = flow_other_bucket(control, hash);
	u32 entry = flow_tag(hash) | (slot + 1);

	return entries_in(a, home, entry) + (other != home ? entries_in(a, other, entry) : 0);
}

/* => true if packets with the flow's key come to this flow, and not to none or another */
static bool flow_is_found(const struct auditor *a, u32 slot)
{
	const struct flow *flow = &a->tables->flows[slot];
	struct flow_key key;

	flow_key_of(flow, &key);
	return flow_find(a->tables->control, &key, hash_of(a, flow)) == slot + 1;
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
		return !flow_is_found(a, slot);
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
		a->audit->flows += flow_is_published(&a->tables->flows[slot]) &&
				   flow_kind(&a->tables->flows[slot]) == FLOW_SESSION;
		for (enum audit_finding f = 0; f <= AUDIT_flow_indexed_twice; f++)
			if (flow_is_wrong(a, slot, f))
				suspect_flow(a, slot, f);
	}
}

/* Entries of the index. */

/* Those of flows DYING are the collector's, who was stopped before it came to them. */
static bool entry_is_stray(const struct auditor *a, u32 bucket, u32 entry)
{
	const struct control *control = a->tables->control;
	u32 slot = entry & BUCKET_SLOT_MASK;
	const struct flow *flow;
	u64 hash;

	if (!slot || slot > control->flow_capacity) /* a tombstone, for example */
		return true;
	flow = &a->tables->flows[slot - 1];
	hash = hash_of(a, flow);
	return (!flow_is_published(flow) && atomic_read(&flow->life) != FLOW_DYING) ||
	       (flow_tag(hash) | slot) != entry ||
	       (flow_home_bucket(control, hash) != bucket &&
		flow_other_bucket(control, hash) != bucket);
}

static void look_at_index(struct auditor *a)
{
	for (u32 i = 0; i < a->tables->control->bucket_count * BUCKET_ENTRIES; i++) {
		struct suspect found = {.finding = AUDIT_entry_stray, .slot = i / BUCKET_ENTRIES,
					.port = (u16)(i % BUCKET_ENTRIES)};

		found.witness = atomic_read(&a->tables->buckets[found.slot].entries[found.port]);
		if (found.witness && entry_is_stray(a, found.slot, found.witness))
			suspect(a, &found);
	}
}

/* Ports. */

bool owner_is_flow(u32 owner)
{
	return owner != PORT_FREE && owner != PORT_KERNEL && !port_rests(owner);
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

static bool group_oversleeps(const struct auditor *a, u32 address, u8 protocol, u16 first)
{
	const struct port_space *space = &a->tables->ports[address]->spaces[protocol];
	u32 group = first / PORTS_PER_GROUP;

	return !rest_is_noticed(atomic_read(&space->group_wake_s[group]),
				rest_first_s(space, group, env_now_s(a->tables->control)));
}

static void look_at_group(struct auditor *a, u32 address, u8 protocol, u16 first)
{
	struct suspect found = {.slot = address, .protocol = protocol, .port = first};

	found.finding = AUDIT_port_hidden;
	if (group_hides_a_port(a, address, protocol, first))
		suspect(a, &found);
	found.finding = AUDIT_port_not_woken;
	if (group_oversleeps(a, address, protocol, first))
		suspect(a, &found);
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
		if (port % PORTS_PER_GROUP == 0)
			look_at_group(a, address, protocol, (u16)port);
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
	case AUDIT_entry_stray:
		return atomic_read(&a->tables->buckets[s->slot].entries[s->port]) == s->witness &&
		       entry_is_stray(a, s->slot, s->witness);
	case AUDIT_port_without_flow:
		return port_is_orphan(a, s->slot, s->protocol, s->port) &&
		       atomic_read(&a->tables->ports[s->slot]->spaces[s->protocol].owners[s->port]) ==
			       s->witness;
	case AUDIT_port_hidden:
		return group_hides_a_port(a, s->slot, s->protocol, s->port);
	case AUDIT_port_not_woken:
		return group_oversleeps(a, s->slot, s->protocol, s->port);
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

static void wake_in_time(const struct auditor *a, struct port_space *space, u16 first)
{
	u32 group = first / PORTS_PER_GROUP;

	atomic_write(&space->group_wake_s[group],
		     rest_first_s(space, group, env_now_s(a->tables->control)));
}

/* => true if the flow has its port again: only if it is nobody's */
static bool give_port_back(const struct auditor *a, u32 slot)
{
	const struct flow *flow = &a->tables->flows[slot];
	struct address_ports *ports = a->tables->ports[flow->address % MAX_ADDRESS_SLOTS];

	return ports && flow_owns_port(flow) &&
	       atomic_replace(&ports->spaces[port_protocol_of(flow->protocol)]
				       .owners[ntohs(flow->port)],
			      PORT_FREE, slot + 1);
}

/* Leaves the flow the one entry that packets find first. */
static void remove_surplus_entries(const struct auditor *a, u32 slot)
{
	const struct control *control = a->tables->control;
	u64 hash = hash_of(a, &a->tables->flows[slot]);
	u32 buckets[] = {flow_home_bucket(control, hash), flow_other_bucket(control, hash)};
	u32 entry = flow_tag(hash) | (slot + 1), seen = 0;

	for (u32 i = 0; i < 2 * BUCKET_ENTRIES; i++) {
		u32 *at = &a->tables->buckets[buckets[i / BUCKET_ENTRIES]]
				   .entries[i % BUCKET_ENTRIES];

		if (i >= BUCKET_ENTRIES && buckets[0] == buckets[1])
			return;
		if (atomic_read(at) == entry && seen++)
			(void)atomic_replace(at, entry, 0);
	}
}

/* Errs on the safe side: nothing that a packet could use is given to another. */
static void repair(struct auditor *a, const struct suspect *s)
{
	a->audit->repaired++;
	switch (s->finding) {
	case AUDIT_flow_without_port:
		if (!give_port_back(a, s->slot))
			atomic_write(&a->tables->flows[s->slot].life, FLOW_ENDING);
		return;
	case AUDIT_flow_indexed_twice:
		remove_surplus_entries(a, s->slot);
		return;
	case AUDIT_entry_stray:
		(void)atomic_replace(&a->tables->buckets[s->slot].entries[s->port], s->witness, 0);
		return;
	case AUDIT_port_without_flow:
		ports_release(&a->tables->ports[s->slot]->spaces[s->protocol], s->port);
		return;
	case AUDIT_port_not_woken:
		wake_in_time(a, &a->tables->ports[s->slot]->spaces[s->protocol], s->port);
		return;
	case AUDIT_port_hidden:
		unhide_group(&a->tables->ports[s->slot]->spaces[s->protocol], s->port);
		return;
	default:
		atomic_write(&a->tables->flows[s->slot].life, FLOW_ENDING);
	}
}

static void judge_suspects(struct auditor *a)
{
	for (size_t i = 0; i < a->suspect_count; i++) {
		const struct suspect *s = &a->suspects[i];

		if (!suspicion_holds(a, s))
			continue;
		a->audit->findings[s->finding]++;
		if (a->repairing)
			repair(a, s);
	}
}

/* The whole. */

int audit_run(struct tables *tables, bool repairing, void (*wait)(void), struct audit *audit)
{
	struct auditor a = {
		.tables = tables, .audit = audit, .repairing = repairing, .wait = wait};
	int result;

	memset(audit, 0, sizeof(*audit));
	look_at_flows(&a);
	look_at_index(&a);
	look_at_ports(&a);
	wait();
	judge_suspects(&a);
	free(a.suspects);
	result = a.out_of_memory ? -ENOMEM : audit_free_slots(&a);
	return result ? result : audit_counts(&a);
}
