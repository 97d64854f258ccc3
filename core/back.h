/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The way back to a flow that owns no port: GRE and ESP. docs/packet-path.md, sections 2.2 and 6.
 *
 * It lies in the flow table under a key of a kind of its own, which packets from outside show:
 * where they are sent to, where they come from, and the protocol. It names the slot of its flow;
 * what it says holds only for a flow that has what the key says (INV-RECLAIM).
 *
 * INV-BACK-1  a translated tuple of these protocols (address, remote address, protocol) has at most
 *             one way back, because a key is published at most once (INV-FLOW-1); and a flow is
 *             published only after its own. The collector takes both away together, and a way back
 *             without a flow alone
 */
#ifndef CORE_BACK_H
#define CORE_BACK_H

#include "core/lease.h"

/* Turns (translated address, remote end) into the key of the way back. */
static __always_inline void back_key(struct flow_key *key)
{
	key->zone = FLOW_BACK << FLOW_KIND_SHIFT;
}

/* => true if the flow leaves as the key of a way back says */
static __always_inline bool flow_has_back(const struct control *control, const struct flow *flow,
					  const struct flow_key *key)
{
	const union ip_addr *address = flow_translated_address(control, flow);
	u64 difference = (address->longs[0] ^ key->inside.longs[0]) |
			 (address->longs[1] ^ key->inside.longs[1]) |
			 (flow->remote.longs[0] ^ key->remote.longs[0]) |
			 (flow->remote.longs[1] ^ key->remote.longs[1]) |
			 (flow->ports ^ key->ports) | (u64)(flow->protocol ^ key->protocol);

	return !difference && flow_kind(flow) == FLOW_SESSION;
}

/*
 * => slot + 1 of the live flow that the way back in a slot (+ 1) names, 0 if it has none any more.
 * Its life is looked at first: the slot may be another flow's a moment later, which is complete when
 * it is LIVE, and has another key.
 */
static __always_inline u32 back_owner(const struct control *control, u32 slot,
				      const struct flow_key *key)
{
	const struct flow *back = slot ? env_flow(slot - 1) : NULL;
	u32 owner = back ? atomic_read(&back->owner) : 0;
	const struct flow *flow = owner ? env_flow(owner - 1) : NULL;

	return flow && atomic_read(&flow->life) == FLOW_LIVE && flow_has_back(control, flow, key)
		       ? owner
		       : 0;
}

/* => slot + 1 of the way back to a flow in a slot (+ 1), 0 if it has none */
static __always_inline u32 back_of(const struct control *control, const struct flow *flow,
				   u32 slot)
{
	struct flow_key key;
	const struct flow *back;
	u32 found;

	flow_key_of(flow, &key);
	key.inside = *flow_translated_address(control, flow);
	back_key(&key);
	found = flow_find(control, &key, flow_key_hash(control, &key));
	back = found ? env_flow(found - 1) : NULL;
	return back && atomic_read(&back->owner) == slot ? found : 0;
}

/*
 * key: where packets from outside are sent to as inside, where they come from as remote; it is made
 * the key of the way back. => slot + 1 of the live flow, 0 if there is none
 */
core_step int back_find(struct flow_key *key)
{
	const struct control *control = env_control();
	u32 slot;

	if (!key || !control)
		return 0;
	back_key(key);
	slot = flow_find(control, key, flow_key_hash(control, key));
	return (int)back_owner(control, slot, key);
}

/* => slot + 1 of the flow of a packet from outside, 0 if there is none */
core_step int back_match(struct packet *p)
{
	struct flow_key key = {0};

	if (!p)
		return 0;
	key.inside = p->key.remote;
	key.remote = p->key.inside;
	key.inside_port = p->key.remote_port;
	key.remote_port = p->key.inside_port;
	key.protocol = p->key.protocol;
	key.family = p->key.family;
	return back_find(&key);
}

#endif
