/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Packets from outside for the port of a lease: the flow that they belong to, or open as far as the
 * lease permits it. docs/packet-path.md, sections 2.2 and 10.2. [RFC4787 REQ-8, RFC5382 REQ-3]
 *
 * The port's owner is the lease; which of its flows a packet belongs to, the index tells.
 */
#ifndef CORE_INBOUND_H
#define CORE_INBOUND_H

#include "core/icmp.h"

/*
 * The flow of a packet for a NAT address that no flow with a port of its own expects: the lease's,
 * if the port is one's; 0 in match->slot if there is none. A packet that was turned around
 * (core/hairpin.h) asks for both here. => 0
 */
core_step int inbound_match(struct packet *p, struct flow_match *match)
{
	struct flow *owner;
	u32 slot;

	if (!p || !match)
		return -1;
	owner = called_owner(p, &slot);
	if (owner && flow_is_lease(owner))
		match->slot = lease_flow_find(owner, &p->key.inside, remote_port_from_outside(p));
	else if (owner && p->hairpin &&
		 flow_expects(owner, &p->key.inside, remote_port_from_outside(p)))
		match->slot = slot;
	return 0;
}

/* => true if the lease lets in who has a flow's remote end; *key is then changed */
static __always_inline bool lease_admits(const struct flow *lease, struct flow_key *key)
{
	u8 permit = atomic_read(&lease->permit);
	const struct flow *peer;

	if (permit == PERMIT_ANY_REMOTE_HOST)
		return true;
	peer = peer_find(key, (enum lease_permit)permit, lease->pool);
	return peer && flow_is_of(peer, lease);
}

/* A flow that is opened from outside. */
static __always_inline void inbound_fill(struct flow *flow, const struct flow *lease,
					 const struct flow_key *key, bool hairpin, u32 now_s)
{
	flow_set_key(flow, key);
	flow->rule = atomic_read(&lease->rule);
	flow->pool = lease->pool;
	flow->to_zone = flow_to_zone(lease);
	flow_set_leased(flow, atomic_read(&lease->permit));
	if (hairpin)
		flow->to_zone |= FLOW_HAIRPIN;
	flow->tcp_state = TCP_OPENING_IN;
	atomic_write(&flow->address, lease->address);
	flow->port = lease->port;
	atomic_write(&flow->nexthop_out, NEXTHOP_NONE);
	atomic_write(&flow->nexthop_in, NEXTHOP_NONE);
	atomic_write(&flow->last_seen_s, now_s);
	atomic_write(&flow->life, FLOW_LIVE);
}

/*
 * Makes and publishes a flow of a lease, which has been taken for it. *slot: the flow of the key
 * now, also if another CPU was faster.
 * => NO_REASON, or the reason for the drop
 */
static __always_inline u32 inbound_make(struct control *control, const struct packet *p,
					struct flow *lease, struct flow_key *key, u32 *slot)
{
	u32 reserved = flow_pop_free(control);
	struct flow *flow = reserved ? env_flow(reserved - 1) : NULL;
	struct flow_stats *stats = env_flow_stats(reserved - 1);

	if (flow && stats) {
		inbound_fill(flow, lease, key, p->hairpin, env_now_s(control));
		*stats = (struct flow_stats){.created_s = flow->last_seen_s,
					     .in_ifindex = p->ifindex};
		*slot = publish_or_retire(key, flow, reserved);
	}
	if (!*slot || *slot != reserved)
		atomic_add(&lease->users, -1u);
	return *slot ? NO_REASON : REASON_flow_table_full;
}

/*
 * Opens a flow for a packet from outside that belongs to none, if a lease permits it: match->slot
 * is then the flow.
 * => NO_REASON, also if it is not permitted; or the reason for the drop
 */
core_step int inbound_open(struct packet *p, struct flow_match *match)
{
	struct control *control = env_control();
	struct flow *lease;
	struct flow_key key;
	u32 reason, slot, rule;

	if (!p || !match || !control)
		return REASON_filtered_inbound;
	lease = packet_opens_from_outside(p) ? called_owner(p, &slot) : NULL;
	if (!lease || !flow_is_lease(lease) || flow_to_zone(lease) != p->key.zone)
		return NO_REASON;
	lease_flow_key(lease, &p->key.inside, p->key.inside_port, &key);
	if (flow_look_up(&key) || !lease_admits(lease, &key)) /* one that is ending lets nobody in */
		return NO_REASON;
	lease_flow_key(lease, &p->key.inside, p->key.inside_port, &key);
	reason = lease_take(lease, lease_flows_max(lease_policy(lease)));
	if (reason == NO_REASON)
		reason = inbound_make(control, p, lease, &key, &match->slot);
	if (reason == NO_REASON)
		return NO_REASON;
	rule = atomic_read(&lease->rule);
	owner_count_failure(env_rule_counters(rule), reason);
	owner_count_failure(env_pool_counters(lease->pool), reason);
	failure_record(p, rule, lease->pool, reason);
	return (int)reason;
}

#endif
