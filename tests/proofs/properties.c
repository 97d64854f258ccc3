/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must be true of the world between any two steps, and at the end. These functions read the
 * world as it is, without hooks.
 */
#include <string.h>

#include "core/open.h"
#include "tests/proofs/model.h"

/* Tuples. */

static struct flow_key tuples[TUPLES];
static u64 hashes[TUPLES];

static bool hash_fits(u32 number, u64 hash)
{
	const struct tuple *tuple = &configuration->tuples[number];

	if (flow_home_bucket(&world.control, hash) != tuple->home ||
	    flow_other_bucket(&world.control, hash) != tuple->other)
		return false;
	for (u32 i = 0; i < number; i++)
		if ((flow_tag(hash) == flow_tag(hashes[i])) != (tuple->like == i + 1))
			return false;
	return true;
}

/*
 * Looks for an inside port, or another remote port of the same endpoint, with which the tuple lies
 * where the configuration wants it.
 */
static void tuple_find(u32 number)
{
	struct flow_key *key = &tuples[number];
	u8 endpoint = configuration->tuples[number].endpoint;
	__be16 *port = endpoint ? &key->remote_port : &key->inside_port;

	for (u32 i = 0; i < FLOW_KEY_WORDS; i++)
		world.control.flow_key[i] = 0x9e3779b97f4a7c15ull * (i + 1);
	*key = (struct flow_key){.protocol = PROTOCOL_UDP, .family = FAMILY_IPV4, .zone = 1};
	key->inside.bytes[15] = (u8)(1 + number);
	key->remote.bytes[15] = 99;
	key->remote_port = network_u16(53);
	if (endpoint) {
		key->inside = tuples[endpoint - 1].inside;
		key->inside_port = tuples[endpoint - 1].inside_port;
	}
	do {
		*port = network_u16((u16)(host_u16(*port) + 1));
		hashes[number] = flow_key_hash(&world.control, key);
	} while (!hash_fits(number, hashes[number]));
}

const struct flow_key *model_tuple(u32 number)
{
	if (!tuples[number].protocol && number < TUPLES)
		tuple_find(number);
	return &tuples[number];
}

u64 model_tuple_hash(u32 number)
{
	return hashes[number];
}

const union ip_addr *model_nat_address(void)
{
	static const union ip_addr address = {.bytes = {[15] = 200}};

	return &address;
}

/* Free slots. */

/* => bit per slot that lies on a stack; fails if one lies there twice */
static u8 slots_on_stacks(void)
{
	u32 slots = 0;

	for (u32 i = 0; i < FREE_STACKS; i++) {
		u32 slot = (u32)world.control.free_stacks[i].head;

		while (slot) {
			bool once = slot <= configuration->flows && !(slots >> (slot - 1) & 1);

			model_check(once, "INV-FLOW-3: a slot is on free stacks twice");
			if (!once)
				break;
			slots |= 1u << (slot - 1);
			slot = world.flows[slot - 1].next_free;
		}
	}
	return (u8)slots;
}

u8 properties_free_slots(void)
{
	return slots_on_stacks();
}

static void check_free_slots(void)
{
	u8 free = slots_on_stacks(), held = 0;

	for (u32 slot = 0; slot < configuration->flows; slot++)
		model_check(!(free >> slot & 1) || world.flows[slot].life == FLOW_FREE,
			    "INV-RECLAIM: a slot is on a free stack, and its flow not over");
	for (u32 i = 0; i < PROCESSES; i++) {
		const struct process_state *p = &model.processes[i];
		const struct task *next = &configuration->programs[i][p->task % PROGRAM_LENGTH];
		bool holds = p->held && next->operation == PUSH && !p->done;
		u8 bit = holds ? (u8)(1u << (p->held - 1)) : 0;

		model_check(!(bit & (free | held)),
			    "INV-FLOW-3: a slot was given to two, or is free as well");
		held |= bit;
	}
}

/* The index. */

struct index {
	u32 slots[WORLD_BUCKETS * BUCKET_ENTRIES]; /* + 1 */
	u32 count;
};

static bool keys_equal(const struct flow *a, const struct flow *b)
{
	return !memcmp(a, b, offsetof(struct flow, protocol)) && a->protocol == b->protocol &&
	       a->zone == b->zone;
}

/* => true if the flow owns its port, or goes through the lease that does */
static bool has_its_port(const struct flow *flow, u32 slot)
{
	if (!flow_owns_port(flow))
		return flow_kind(flow) == FLOW_PEER || lease_owner(flow);
	return port_owner(flow->address, flow->protocol, flow->port) == slot;
}

/* => true for flows of one endpoint that leave with two tuples */
static bool are_translated_apart(const struct flow *a, const struct flow *b)
{
	return a->to_zone & b->to_zone & FLOW_LEASED && a->inside_port == b->inside_port &&
	       !memcmp(&a->inside, &b->inside, sizeof(a->inside)) &&
	       (a->address != b->address || a->port != b->port);
}

static void check_entry(struct index *index, u32 bucket, u32 slot)
{
	const struct flow *flow = &world.flows[slot - 1];
	u64 hash = flow_hash(&world.control, &flow->inside, &flow->remote, flow->ports,
			     flow->protocol, flow->family);
	u32 home = flow_home_bucket(&world.control, hash);

	model_check(flow->life != FLOW_FREE && flow->life != FLOW_RETIRED,
		    "INV-FLOW-2: an entry of the index leads to no flow");
	model_check(bucket == home || (bucket == flow_other_bucket(&world.control, hash) &&
				       world.buckets[home].intent & BUCKET_SPILLED),
		    "INV-FLOW-1: a flow lies where nobody finds it");
	model_check(has_its_port(flow, slot),
		    flow->to_zone & FLOW_LEASED
			    ? "INV-LEASE-2: a published flow has no lease"
			    : "INV-ALIAS: a published flow does not own its port");
	for (u32 i = 0; i < index->count; i++) {
		const struct flow *other = &world.flows[index->slots[i] - 1];

		model_check(!keys_equal(flow, other), "INV-FLOW-1: a tuple is published twice");
		model_check(!are_translated_apart(flow, other),
			    "INV-LEASE-1: an endpoint has two translated tuples");
	}
	index->slots[index->count++] = slot;
}

static struct index check_index(void)
{
	struct index index = {.count = 0};

	for (u32 b = 0; b < configuration->buckets; b++) {
		for (u32 i = 0; i < BUCKET_ENTRIES; i++) {
			u32 slot = world.buckets[b].entries[i] & BUCKET_SLOT_MASK;

			if (slot && slot != BUCKET_TOMBSTONE)
				check_entry(&index, b, slot);
		}
	}
	return index;
}

/* Leases. */

static u32 flows_of_lease(const struct index *index, u32 lease)
{
	u32 count = 0;

	for (u32 i = 0; i < index->count; i++) {
		const struct flow *flow = &world.flows[index->slots[i] - 1];

		count += flow_kind(flow) == FLOW_SESSION && flow->to_zone & FLOW_LEASED &&
			 lease_owner(flow) == lease;
	}
	return count;
}

static void check_leases(const struct index *index, bool exactly)
{
	for (u32 i = 0; i < index->count; i++) {
		const struct flow *lease = &world.flows[index->slots[i] - 1];
		u32 flows, users = lease->users & ~LEASE_CLOSED;

		if (!flow_is_lease(lease))
			continue;
		flows = flows_of_lease(index, index->slots[i]);
		model_check(users >= flows, "INV-LEASE-2: a lease has more flows than it counts");
		model_check(!exactly || users == flows,
			    "a lease counts a flow that is over, and nobody is about to");
	}
}

static u32 bindings(void)
{
	u32 count = 0;

	for (u32 slot = 0; slot < configuration->flows; slot++)
		count += world.flows[slot].life != FLOW_FREE &&
			 flow_kind(&world.flows[slot]) != FLOW_SESSION;
	return count;
}

/* Ports. */

u16 properties_free_ports(void)
{
	u32 ports = 0;

	for (u32 i = 0; i < configuration->addresses * PORTS_PER_SPACE; i++) {
		const struct port_space *space =
			&world.ports[i / PORTS_PER_SPACE].spaces[PORTS_UDP];

		if (space->owners[i % PORTS_PER_SPACE] == PORT_FREE)
			ports |= 1u << i;
	}
	return (u16)ports;
}

static bool has_bit(const struct port_space *space, u32 port)
{
	return space->free_bits[port / PORTS_PER_WORD] >> port % PORTS_PER_WORD & 1;
}

static void check_space(const struct port_space *space, bool exactly)
{
	u32 free[PORT_GROUPS] = {0};

	for (u32 port = 0; port < PORTS_PER_SPACE; port++) {
		bool is_free = space->owners[port] == PORT_FREE;

		free[port / PORTS_PER_GROUP] += is_free;
		model_check(!is_free || has_bit(space, port),
			    "INV-PORT-2: a free port's bit is not set");
		model_check(!exactly || is_free == has_bit(space, port),
			    "a bit is wrong and nobody is about to put it right");
	}
	for (u32 group = 0; group < PORT_GROUPS; group++) {
		model_check(space->group_free[group] >= free[group] &&
				    space->group_free[group] <= PORTS_PER_GROUP + PROCESSES,
			    "INV-PORT-2: a group's count is less than its free ports");
		model_check(!exactly || space->group_free[group] == free[group],
			    "a count is wrong and nobody is about to put it right");
	}
}

static void check_holders_of_ports(void)
{
	const u32 *owners = world.ports[0].spaces[PORTS_UDP].owners;
	u32 taken = 0;

	for (u32 i = 0; i < PROCESSES; i++) {
		const struct process_state *p = &model.processes[i];
		const struct task *next = &configuration->programs[i][p->task % PROGRAM_LENGTH];

		if (p->held && next->operation == RELEASE && !p->done) {
			model_check(!(taken >> (p->held - 1) & 1) &&
					    owners[p->held - 1] != PORT_FREE &&
					    owners[p->held - 1] != PORT_KERNEL,
				    "INV-PORT-1: a port was given to two");
			taken |= 1u << (p->held - 1);
		}
		for (u32 port = 0; port < PORTS_PER_SPACE; port++)
			model_check(!(p->kept >> port & 1) || p->done ||
					    owners[port] == PORT_KERNEL,
				    "INV-PORT-1: a port that was kept was given away");
	}
}

/* What packets under way can see. */

static void check_flow_in_use(u32 process)
{
	const struct process_state *p = &model.processes[process];
	const struct task *task = &configuration->programs[process][p->task % PROGRAM_LENGTH];
	const struct flow *flow = &world.flows[p->flow - 1];
	const struct flow_key *key = model_tuple(task->what);

	model_check(flow->life != FLOW_FREE,
		    "INV-RECLAIM: a slot is free while a packet uses its flow");
	model_check(task->operation == ANSWER ? flow->remote_port == key->remote_port
					      : flow_has_key(flow, key),
		    "INV-RECLAIM: a packet's flow is another one's");
	if (task->operation == OPEN || configuration->permit)
		model_check(has_its_port(flow, p->flow),
			    "INV-RECLAIM: a port is another one's while a packet leaves by it");
}

void properties_check(void)
{
	struct index index;

	check_free_slots();
	index = check_index();
	check_leases(&index, false);
	for (u32 i = 0; i < configuration->addresses; i++)
		check_space(&world.ports[i].spaces[PORTS_UDP], false);
	check_holders_of_ports();
	for (u32 i = 0; i < PROCESSES; i++)
		if (model.processes[i].flow)
			check_flow_in_use(i);
}

/* The end. */

static u32 slots_lost(const struct index *index)
{
	u8 accounted = slots_on_stacks();
	u32 lost = 0;

	for (u32 i = 0; i < index->count; i++)
		accounted |= (u8)(1u << (index->slots[i] - 1));
	for (u32 i = 0; i < PROCESSES; i++)
		if (model.processes[i].held && configuration->programs[i][0].operation == POP)
			accounted |= (u8)(1u << (model.processes[i].held - 1));
	for (u32 slot = 0; slot < configuration->flows; slot++)
		lost += !(accounted >> slot & 1) && world.flows[slot].life != FLOW_RETIRED;
	return lost;
}

static u32 ports_in_use(u32 address, u32 *without_holder)
{
	const struct port_space *space = &world.ports[address].spaces[PORTS_UDP];
	u32 count = 0;

	*without_holder = 0;
	for (u32 port = 0; port < PORTS_PER_SPACE; port++) {
		u32 owner = space->owners[port];
		const struct flow *flow = owner && owner <= configuration->flows
						  ? &world.flows[owner - 1]
						  : NULL;

		if (owner == PORT_FREE || owner == PORT_KERNEL || port_rests(owner))
			continue;
		count++;
		*without_holder +=
			flow && ((flow->life != FLOW_LIVE && flow->life != FLOW_ENDING) ||
				 host_u16(flow->port) != port);
	}
	return count;
}

void properties_check_end(void)
{
	struct index index = check_index();
	u32 lost = slots_lost(&index);

	model_check(lost <= model.killed, "INV-FLOW-3: a slot is lost");
	check_leases(&index, !model.killed);
	model_check(model.killed || world.control.binding_count == bindings(),
		    "binding_count is not true");
	model_check(configuration->ends_used == 255 || index.count == configuration->ends_used,
		    "not as many flows as there should be at the end");
	for (u32 i = 0; i < configuration->addresses; i++) {
		const struct port_space *space = &world.ports[i].spaces[PORTS_UDP];
		u32 ownerless, used = ports_in_use(i, &ownerless);

		model_check(ownerless <= model.killed, "a port is lost");
		model_check(model.killed || space->in_use == used, "in_use is not true");
		check_space(space, !model.killed);
	}
}
