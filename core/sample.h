/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Samples for the sentinel: first packets that are kept, with what was made of them, to be judged
 * once more by the other form of the core (abi/sample.h).
 */
#ifndef CORE_SAMPLE_H
#define CORE_SAMPLE_H

#include "core/first.h"

/* => the slot of the address that the source alone decides; SAMPLE_ANY_ADDRESS if there is none */
static __always_inline u16 first_address(const struct nat_config *config,
					 const struct nat_pool *pool, const struct packet *p,
					 const struct first *first)
{
	u64 position = pool->lists[p->key.family % FAMILY_COUNT].first + first->index;

	if (first->permit || pool->selector == SELECT_ROUND_ROBIN || position >= MAX_POOL_ADDRESSES)
		return SAMPLE_ANY_ADDRESS;
	index_is_checked(position, MAX_POOL_ADDRESSES);
	return config->pool_addresses[position];
}

static __always_inline struct judgement first_judgement(const struct nat_config *config,
							const struct packet *p,
							const struct first *first, u32 reason)
{
	const struct nat_pool *pool = config_pool(config, first->pool);
	struct judgement judgement = {.reason = (u16)reason, .rule = (u16)first->rule_id,
				      .address = SAMPLE_ANY_ADDRESS};

	if (!pool)
		return judgement;
	judgement.pool = pool->id;
	if (reason == NO_REASON)
		judgement.address = first_address(config, pool, p, first);
	return judgement;
}

/*
 * => whether the packet is one of those that are judged a second time: not if that depends on who
 * owns a port at the time
 */
static __always_inline bool sample_is_due(const struct packet *p)
{
	const struct nat_config *config = env_config(p->half);
	u32 every = config ? config->parity_sample : 0;

	return every && p->hash && !p->hairpin && (u32)(p->hash >> 16) % every == 0;
}

/* Keeps the packet, which is still as it came, and what was made of it, for the sentinel. */
core_step int sample_keep(env_frame *frame, struct packet *p, struct first *first, u32 reason)
{
	struct control *control = env_control();
	const struct nat_config *config;
	struct sample *sample;
	u64 number, bytes;

	if (!p || !first || !control)
		return -1;
	config = env_config(p->half);
	if (!config)
		return -1;
	number = atomic_fetch_add(&control->sample_count, 1);
	sample = &control->samples.samples[number % SAMPLE_CAPACITY];
	if (!atomic_replace(&sample->state, SAMPLE_FREE, SAMPLE_BUSY))
		return -1;
	bytes = (u64)(env_frame_end(frame) - env_frame_start(frame));
	sample->length = (u16)bytes;
	if (bytes > SAMPLE_HEAD_BYTES)
		bytes = SAMPLE_HEAD_BYTES;
	value_is_anything(bytes);
	bytes = ((bytes - 1) & (SAMPLE_HEAD_BYTES - 1)) + 1; /* for BPF's verifier: 1 to all */
	sample->head_length = (u16)bytes;
	sample->generation = config->generation;
	sample->nexthop_generation = nexthop_generation(control);
	sample->ifindex = p->ifindex;
	sample->half = p->half;
	sample->form = (u8)env_form();
	sample->judgement = first_judgement(config, p, first, reason);
	if (env_frame_load(frame, sample->head, (u32)bytes))
		sample->head_length = 0;
	(void)atomic_swap(&sample->state, SAMPLE_READY);
	return 0;
}

#endif
