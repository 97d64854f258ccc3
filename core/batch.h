/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Many packets at once, for dataplanes that have them: nat_packet() in steps, each taken by every
 * packet of the batch before any takes the next one.
 *
 * What a packet of an established flow waits for is memory: the index bucket or the owner of a
 * port, then the flow and its figures. Each step notes the lines that the next one needs, which
 * are asked for together and not waited for, so the waits of a whole batch overlap. They are asked
 * for in a loop that does nothing else: a processor goes on behind a prefetch whose address it has
 * yet to look up in the page tables, but only as far as it can reorder.
 *
 * The steps in front of the last only read, and only to know what to ask for: what becomes of a
 * packet is decided in the last, one after the other, by the functions that decide it for a
 * single packet, with the same result.
 */
#ifndef CORE_BATCH_H
#define CORE_BATCH_H

#include "core/nat.h"

enum { BATCH_PACKETS = 64, BATCH_FRAMES_AHEAD = 4, BATCH_FLOW_LINES = 3 };

struct batch {
	u32 count;   /* of frames, at most BATCH_PACKETS */
	u32 ifindex; /* where they arrived */
	env_frame frames[BATCH_PACKETS];
	struct verdict verdicts[BATCH_PACKETS]; /* out */
	u32 reasons[BATCH_PACKETS];             /* of packet_begin() */
	struct packet packets[BATCH_PACKETS];
	const struct nat_address *targets[BATCH_PACKETS]; /* that they are sent to, or NULL */
	const void *lines[BATCH_FLOW_LINES * BATCH_PACKETS]; /* to be asked for */
	u32 line_count;
};

static __always_inline void batch_note(struct batch *b, const void *line)
{
	b->lines[b->line_count++] = line;
}

static __always_inline void batch_prefetch_lines(const struct batch *b)
{
	for (u32 i = 0; i < b->line_count; i++)
		env_prefetch(b->lines[i]);
}

static __always_inline void batch_prefetch_frame(const struct batch *b, u32 i)
{
	if (i < b->count)
		env_prefetch(env_frame_start(&b->frames[i]));
}

static __always_inline void batch_begin(struct batch *b, const struct control *control,
					const struct nat_config *config, u32 half)
{
	for (u32 i = 0; i < BATCH_FRAMES_AHEAD; i++)
		batch_prefetch_frame(b, i);
	for (u32 i = 0; i < b->count; i++) {
		struct packet *p = &b->packets[i];

		batch_prefetch_frame(b, i + BATCH_FRAMES_AHEAD);
		*p = (struct packet){.ifindex = b->ifindex, .half = half};
		b->reasons[i] = packet_begin(&b->frames[i], p, control, config);
	}
}

static __always_inline const u32 *batch_owner(const struct packet *p,
					      const struct nat_address *target)
{
	return port_owner_word(target->slot, p->key.protocol, port_from_outside(p));
}

static __always_inline bool batch_has_flow(const struct batch *b, u32 i)
{
	return b->reasons[i] == NO_REASON && !packet_is_kept(&b->packets[i]) &&
	       (packet_can_have_flow(&b->packets[i]) || b->packets[i].kind == PACKET_ECHO_REPLY);
}

/* => what names the packet's flow: the owner of a port or an index bucket; NULL if nothing does */
static __always_inline const void *batch_index(const struct packet *p,
					       const struct control *control,
					       const struct nat_address *target)
{
	if (target)
		return batch_owner(p, target);
	return packet_can_have_flow(p) ? env_bucket(flow_home_bucket(control, p->hash)) : NULL;
}

static __always_inline void batch_prefetch_index(struct batch *b, const struct control *control,
						 const struct nat_config *config)
{
	b->line_count = 0;
	for (u32 i = 0; i < b->count; i++) {
		const struct packet *p = &b->packets[i];
		const void *line;

		if (!batch_has_flow(b, i))
			continue;
		b->targets[i] = nat_address_find(config, &p->key.remote);
		line = batch_index(p, control, b->targets[i]);
		if (line)
			batch_note(b, line);
	}
	batch_prefetch_lines(b);
}

/* => slot + 1 of what is probably the packet's flow, 0 if there is none */
static __always_inline u32 batch_guess(const struct packet *p, const struct control *control,
				       const struct nat_address *target)
{
	struct flow_bucket *home;
	const u32 *owner;

	if (target) {
		owner = batch_owner(p, target);
		return owner ? atomic_read(owner) : 0;
	}
	home = env_bucket(flow_home_bucket(control, p->hash));
	return home && packet_can_have_flow(p) ? flow_guess_in(home, flow_tag(p->hash)) : 0;
}

/* A flow, and its figures of one direction, which may lie in two lines. */
static __always_inline void batch_note_flow(struct batch *b, u32 slot,
					    enum flow_direction direction)
{
	struct flow *flow = env_flow(slot);
	struct flow_stats *stats = env_flow_stats(slot);

	if (!flow || !stats)
		return;
	batch_note(b, flow);
	batch_note(b, &stats->packets[direction]);
	batch_note(b, &stats->bytes[direction]);
}

static __always_inline void batch_prefetch_flows(struct batch *b, const struct control *control)
{
	b->line_count = 0;
	for (u32 i = 0; i < b->count; i++) {
		u32 slot = 0;

		if (batch_has_flow(b, i))
			slot = batch_guess(&b->packets[i], control, b->targets[i]);
		if (slot)
			batch_note_flow(b, slot - 1, b->targets[i] ? FLOW_IN : FLOW_OUT);
	}
	batch_prefetch_lines(b);
}

static __always_inline void batch_finish(struct batch *b, const struct control *control,
					 const struct nat_config *config)
{
	for (u32 i = 0; i < b->count; i++) {
		struct verdict verdict = verdict_of(b->reasons[i]);

		if (b->reasons[i] == NO_REASON)
			verdict = packet_finish(&b->frames[i], &b->packets[i], control, config);
		b->verdicts[i] = packet_close(&b->frames[i], &b->packets[i], verdict);
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
		batch_prefetch_flows(b, control);
	}
	batch_finish(b, control, config);
}

#endif
