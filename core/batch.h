/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Many packets at once, for dataplanes that have them: nat_packet() in steps, each taken by every
 * packet of the batch before any takes the next one.
 *
 * What a packet of an established flow waits for is memory: the index bucket or the owner of a
 * port, then the flow, then its figures. Each step asks for the lines of the next one and waits
 * for none, so the waits of a whole batch overlap. The steps in front of the last only read, and
 * only to know what to ask for: what becomes of a packet is decided in the last, one after the
 * other, by the functions that decide it for a single packet, with the same result.
 */
#ifndef CORE_BATCH_H
#define CORE_BATCH_H

#include "core/nat.h"

enum { BATCH_PACKETS = 64, BATCH_FRAMES_AHEAD = 4 };

struct batch {
	u32 count;   /* of frames, at most BATCH_PACKETS */
	u32 ifindex; /* where they arrived */
	env_frame frames[BATCH_PACKETS];
	struct verdict verdicts[BATCH_PACKETS]; /* out */
	u32 reasons[BATCH_PACKETS];             /* of packet_begin() */
	struct packet packets[BATCH_PACKETS];
};

static __always_inline void batch_begin(struct batch *b, const struct control *control,
					const struct nat_config *config, u32 half)
{
	for (u32 i = 0; i < BATCH_FRAMES_AHEAD && i < b->count; i++)
		env_prefetch(env_frame_start(&b->frames[i]));
	for (u32 i = 0; i < b->count; i++) {
		struct packet *p = &b->packets[i];

		if (i + BATCH_FRAMES_AHEAD < b->count)
			env_prefetch(env_frame_start(&b->frames[i + BATCH_FRAMES_AHEAD]));
		*p = (struct packet){.ifindex = b->ifindex, .half = half};
		b->reasons[i] = packet_begin(&b->frames[i], p, control, config);
	}
}

/* => the word that names the owner of the port that a packet from outside is sent to, or NULL */
static __always_inline u32 *batch_owner(const struct packet *p, const struct nat_address *target)
{
	struct address_ports *ports = env_ports(target->slot);
	__be16 port = p->kind == PACKET_ECHO_REPLY ? p->key.inside_port : p->key.remote_port;

	return ports ? &ports->spaces[port_protocol_of(p->key.protocol)].owners[host_u16(port)]
		     : NULL;
}

static __always_inline bool batch_has_flow(const struct batch *b, u32 i)
{
	return b->reasons[i] == NO_REASON && (packet_can_have_flow(&b->packets[i]) ||
					      b->packets[i].kind == PACKET_ECHO_REPLY);
}

static __always_inline void batch_prefetch_index(struct batch *b, const struct control *control,
						 const struct nat_config *config)
{
	for (u32 i = 0; i < b->count; i++) {
		const struct packet *p = &b->packets[i];
		const struct nat_address *target;

		if (!batch_has_flow(b, i))
			continue;
		target = nat_address_find(config, &p->key.remote);
		if (target)
			env_prefetch(batch_owner(p, target));
		else if (packet_can_have_flow(p))
			packet_prefetch_bucket(control, p);
	}
}

/* => slot + 1 of what is probably the packet's flow, 0 if there is none */
static __always_inline u32 batch_guess(const struct packet *p, const struct control *control,
				       const struct nat_config *config)
{
	const struct nat_address *target = nat_address_find(config, &p->key.remote);
	struct flow_bucket *home;
	u32 *owner;

	if (target) {
		owner = batch_owner(p, target);
		return owner ? atomic_read(owner) : 0;
	}
	home = env_bucket(flow_home_bucket(control, p->hash));
	return home && packet_can_have_flow(p) ? flow_guess_in(home, flow_tag(p->hash)) : 0;
}

static __always_inline void batch_prefetch_flows(struct batch *b, const struct control *control,
						 const struct nat_config *config)
{
	for (u32 i = 0; i < b->count; i++) {
		u32 slot = batch_has_flow(b, i) ? batch_guess(&b->packets[i], control, config) : 0;
		struct flow *flow = slot ? env_flow(slot - 1) : NULL;

		if (!flow)
			continue;
		env_prefetch(flow);
		env_prefetch(env_flow_stats(slot - 1));
	}
}

static __always_inline void batch_finish(struct batch *b, const struct control *control,
					 const struct nat_config *config)
{
	for (u32 i = 0; i < b->count; i++) {
		struct verdict verdict = verdict_of(b->reasons[i]);

		if (b->reasons[i] == NO_REASON)
			verdict = packet_finish(&b->frames[i], &b->packets[i], control, config);
		verdict_count(&b->frames[i], verdict);
		b->verdicts[i] = verdict;
	}
}

/*
 * Judges, translates and counts the frames of a batch, in order: what nat_packet() would do with
 * each of them, one after the other. `prefetch` is false for measurements only.
 */
static __always_inline void nat_batch(struct batch *b, bool prefetch)
{
	u32 half = nat_active_half();
	const struct control *control = env_control();
	const struct nat_config *config = env_config(half);

	batch_begin(b, control, config, half);
	if (prefetch) {
		batch_prefetch_index(b, control, config);
		batch_prefetch_flows(b, control, config);
	}
	batch_finish(b, control, config);
}

#endif
