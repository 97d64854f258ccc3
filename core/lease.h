/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Leases: what persistent-nat promises to an inside endpoint. docs/packet-path.md, section 10.
 *
 * A lease lies in the flow table like a flow (abi/flow.h) and owns its port; flows that are
 * translated through it share the port, and are counted in `users`. Peers remember whom the
 * endpoint has called, where that decides who may call it.
 *
 * INV-LEASE-1  an endpoint has one lease for a pool: it is published under a key that names both.
 *              Where the rule's pool had no port, it is one for the overflow pool; the rule's pool
 *              is asked first, so that two CPUs which make one of each at once agree afterwards
 * INV-LEASE-2  a lease outlives its flows: whoever opens one counts itself in before it is
 *              published, and the collector, which counts it out, closes a lease only by swapping
 *              `users` from 0
 *
 * Locking: none. A closed lease stays in the index until the collector has taken it away; whoever
 * meets it there is refused, as if the table were full.
 */
#ifndef CORE_LEASE_H
#define CORE_LEASE_H

#include "core/ports.h"

static __always_inline bool flow_is_lease(const struct flow *flow)
{
	return flow_kind(flow) == FLOW_LEASE;
}

/* => true for a lease or a peer, which take one of the few slots that are for those */
static __always_inline bool flow_is_binding(const struct flow *flow)
{
	return flow_kind(flow) == FLOW_LEASE || flow_kind(flow) == FLOW_PEER;
}

/* => false for a flow or a peer of a lease, which owns it for them, and where a way back does */
static __always_inline bool flow_owns_port(const struct flow *flow)
{
	return flow_kind(flow) != FLOW_PEER && !protocol_is_kept(flow->protocol) &&
	       !(atomic_read(&flow->to_zone) & FLOW_LEASED);
}

/* Marks a flow as one that goes through a lease. */
static __always_inline void flow_set_leased(struct flow *flow, u8 permit)
{
	flow->to_zone |= (u16)(FLOW_LEASED | (permit & FLOW_PERMIT_MASK) << FLOW_PERMIT_SHIFT);
}

/* => the permit of the lease when the flow was opened */
static __always_inline enum lease_permit flow_permit(const struct flow *flow)
{
	return (enum lease_permit)(flow->to_zone >> FLOW_PERMIT_SHIFT & FLOW_PERMIT_MASK);
}

/* => slot + 1 of the lease that a flow or a peer goes through, 0 if that is gone */
static __always_inline u32 lease_owner(const struct flow *flow)
{
	u32 owner = port_owner(flow->address, flow->protocol, flow->port);
	const struct flow *lease = owner ? env_flow(owner - 1) : NULL;

	return lease && flow_is_lease(lease) && lease->inside_port == flow->inside_port &&
			       lease->inside.longs[0] == flow->inside.longs[0] &&
			       lease->inside.longs[1] == flow->inside.longs[1]
		       ? owner
		       : 0;
}

/* Turns the key of a flow from inside into that of the lease which it is translated through. */
static __always_inline void lease_key(struct flow_key *key, u16 pool_id)
{
	__builtin_memset(&key->remote, 0, sizeof(key->remote));
	key->remote_port = (__force __be16)pool_id;
	key->zone |= FLOW_LEASE << FLOW_KIND_SHIFT;
}

/*
 * Turns the key of a flow of a lease into that of the peer that remembers its remote end. The pool
 * stands where the zone does: an endpoint may have a lease of each pool.
 */
static __always_inline void peer_key(struct flow_key *key, enum lease_permit permit, u16 pool_id)
{
	if (permit == PERMIT_TARGET_HOST)
		key->remote_port = 0;
	key->zone = (u16)(pool_id | FLOW_PEER << FLOW_KIND_SHIFT);
}

/* => the peer that remembers the remote end of a flow, whose key this is changed to; or NULL */
static __always_inline struct flow *peer_find(struct flow_key *key, enum lease_permit permit,
					      u16 pool_id)
{
	struct flow *peer;
	u32 slot;

	peer_key(key, permit, pool_id);
	slot = flow_look_up(key);
	peer = slot ? env_flow(slot - 1) : NULL;
	return peer && atomic_read(&peer->life) == FLOW_LIVE ? peer : NULL;
}

/* => true if packets of the kind are let in for having been called; a reply needs its request */
static __always_inline bool lease_has_peers(enum lease_permit permit, u8 protocol)
{
	return (permit == PERMIT_TARGET_HOST || permit == PERMIT_TARGET_HOST_PORT) &&
	       (protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP);
}

/* The key of the lease's flow with a remote end. */
static __always_inline void lease_flow_key(const struct flow *lease, const union ip_addr *remote,
					   __be16 remote_port, struct flow_key *key)
{
	key->inside = lease->inside;
	key->remote = *remote;
	key->inside_port = lease->inside_port;
	key->remote_port = remote_port;
	key->protocol = lease->protocol;
	key->family = lease->family;
	key->zone = lease->zone & FLOW_ZONE_MASK;
}

/* => false for a flow or a peer that the endpoint has through the lease of another pool */
static __always_inline bool flow_is_of(const struct flow *flow, const struct flow *lease)
{
	return flow->address == lease->address && flow->port == lease->port;
}

/* => slot + 1 of the lease's live flow with a remote end, 0 if there is none */
static __always_inline u32 lease_flow_find(const struct flow *lease, const union ip_addr *remote,
					   __be16 remote_port)
{
	struct flow_key key;
	struct flow *flow;
	u32 slot;

	lease_flow_key(lease, remote, remote_port, &key);
	slot = flow_look_up(&key);
	flow = slot ? env_flow(slot - 1) : NULL;
	return flow && atomic_read(&flow->life) == FLOW_LIVE && flow_is_of(flow, lease) ? slot : 0;
}

/* Counts a flow in. => NO_REASON; otherwise why there may be none */
static __always_inline u32 lease_take(struct flow *lease, u32 flows_max)
{
	u32 users = atomic_fetch_add(&lease->users, 1);

	if (users < flows_max)
		return NO_REASON;
	atomic_add(&lease->users, -1u);
	return users & LEASE_CLOSED ? REASON_lease_table_full : REASON_lease_session_limit;
}

static __always_inline u32 lease_flows_max(union lease_policy policy)
{
	return policy.flows_max + 1u;
}

/* => what the lease allows now */
static __always_inline union lease_policy lease_policy(const struct flow *lease)
{
	return (union lease_policy){.word = atomic_read(&lease->policy.word)};
}

/* Makes sure that the new slot is one of the few that leases and peers may take. => false if not */
static __always_inline bool binding_admit(struct control *control)
{
	if (atomic_fetch_add(&control->binding_count, 1) < control->flow_capacity / BINDING_SHARE)
		return true;
	atomic_add(&control->binding_count, -1u);
	return false;
}

#endif
