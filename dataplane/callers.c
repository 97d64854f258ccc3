/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/callers.h"

#include <string.h>

#include "core/nat.h"

/* In front of a frame, for the headers of the error; its IP header is then aligned to 4 bytes. */
enum { HEADROOM = IPV6_BYTES + ICMP_BYTES, ALIGNMENT_BYTES = 2 };

static const struct answer_kind port_unreachable = {3 << 24 | 3 << 16, 1 << 24 | 4 << 16};

/* => true if a lease lets the sender in by now */
static bool is_admitted(const struct packet *p)
{
	struct flow_key key;
	u32 slot;
	const struct flow *lease = called_owner(p, &slot);

	if (!lease || !flow_is_lease(lease) || flow_to_zone(lease) != p->key.zone)
		return false;
	lease_flow_key(lease, &p->key.inside, p->key.inside_port, &key);
	return lease_admits(lease, &key);
}

/* => true if the SYN would not be dropped now, were it to come again [RFC5382 REQ-4a] */
static bool is_expected(struct packet *p, const struct nat_address *target)
{
	struct flow_match match = {0};

	if (match_from_outside(p, target))
		return true;
	(void)inbound_match(p, &match);
	return match.slot || is_admitted(p);
}

/* => true if the sender is to be told, and of what has become the packet in *p */
static bool is_to_be_told(struct native_frame *frame, u32 ifindex, struct packet *p)
{
	const struct nat_config *config;
	const struct nat_address *target;

	packet_start(p, ifindex, nat_active_half());
	config = env_config(p->half);
	if (!config || packet_begin(frame, p, env_control(), config) != NO_REASON ||
	    !caller_is_one(p))
		return false;
	target = nat_address_find(config, &p->key.remote);
	return target && !(target->flags & NAT_ADDRESS_LOCAL) && !is_expected(p, target);
}

static bool is_due(struct control *control, const struct packet *p)
{
	struct answer_windows *windows = &control->caller_answers;
	bool due = answer_is_due(control, windows, &p->key.inside, CALLERS_TOLD_PER_PLACE,
				 CALLERS_TOLD_IN_ALL);

	answer_count(due ? CALLERS_TOLD : CALLERS_WITHHELD);
	return due;
}

static void tell(const struct caller *caller, const struct caller_sink *sink)
{
	_Alignas(4) u8 buffer[ALIGNMENT_BYTES + HEADROOM + CALLER_FRAME_BYTES];
	struct native_frame frame = {
		.start = buffer + ALIGNMENT_BYTES + HEADROOM, .headroom = HEADROOM};
	u32 bytes = caller->length < CALLER_FRAME_BYTES ? caller->length : CALLER_FRAME_BYTES;
	struct packet packet;

	memcpy(frame.start, caller->bytes, bytes);
	frame.end = frame.start + bytes;
	if (is_to_be_told(&frame, caller->ifindex, &packet) && is_due(env_control(), &packet) &&
	    answer_write(&frame, &packet, &packet.key.remote, &port_unreachable))
		sink->send(sink->context, frame.start, (u32)(frame.end - frame.start),
			   caller->ifindex);
}

void callers_look(struct tables *tables, const struct caller_sink *sink)
{
	struct caller_table *table = &tables->control->callers;
	u64 now_ns = env_now_ns();

	for (u32 place = 0; place < CALLER_PLACES; place++) {
		const struct caller *caller = &table->places[place];
		u64 age_ns;

		if (atomic_read(&table->states[place]) != CALLER_READY)
			continue;
		age_ns = now_ns - caller->called_ns;
		if ((s64)age_ns < (s64)CALLER_SILENCE_NS) /* or a little ahead of this clock */
			continue;
		if (age_ns < CALLER_FORGOTTEN_NS)
			tell(caller, sink);
		(void)atomic_swap(&table->states[place], CALLER_NONE);
	}
}

u32 callers_count(const struct tables *tables)
{
	u32 count = 0;

	for (u32 place = 0; place < CALLER_PLACES; place++)
		count += atomic_read(&tables->control->callers.states[place]) != CALLER_NONE;
	return count;
}

void callers_repair(struct tables *tables, void (*wait)(void))
{
	struct caller_table *table = &tables->control->callers;
	bool busy[CALLER_PLACES];

	for (u32 i = 0; i < CALLER_PLACES; i++)
		busy[i] = atomic_read(&table->states[i]) == CALLER_BUSY;
	wait();
	for (u32 i = 0; i < CALLER_PLACES; i++)
		if (busy[i])
			(void)atomic_replace(&table->states[i], CALLER_BUSY, CALLER_NONE);
}
