# SPDX-License-Identifier: Apache-2.0
"""The oracle: a slow, obvious source NAT, written from docs/packet-path.md alone.

Nat takes a scenario (a snapshot of docs/snapshot.md and what the kernel around it looks like)
and frames with their times; it says what becomes of each frame, and what it holds afterwards.
The methods read like the sections of that page, in its order.
"""
from collections import Counter, defaultdict
from typing import NamedTuple, Optional

import state
from addresses import packed
from answers import Answerer
from datagrams import Fragments
from flows import Flow, Key
from kernel import ENCAPSULATION, REJECTING, UNICAST, Interface, Kernel, Route
from leases import SHARE, Lease, Leases, lease_key
from next_hop import Outcome, decide, is_too_big
from parse import (ECHO_REPLY, ECHO_REQUEST, FIRST, FRAGMENT, ICMP_ERROR, ICMP_OF_FAMILY, LATER,
                   OTHER, PROTOCOL_TCP, PROTOCOL_UDP, TCP, TUNNEL, UDP, Packet, error_sums_up, parse)
from pools import KEPT, Allocator, Counters, pool_of_interface, pool_of_snapshot
from reasons import ANSWER, DROP, FORWARD, HELD, KERNEL_TRANSLATED, Decision, drop, hold
from reasons import kernel as to_kernel
from rules import INTERFACE, RuleSet, select_rule_set
from tcp import OPENING_IN, SYN, is_opening_syn, is_under_way
from translate import (clamp_mss, decrement_ttl, translate_in, translate_out, write_datagram_id,
                       write_ethernet)


class Result(NamedTuple):
    """What became of a frame; `egress_ifindex` only where it was forwarded."""

    verdict: str
    reason: str
    egress_ifindex: Optional[int]
    frame: bytes


class Arrival(NamedTuple):
    """A packet and the circumstances of its arrival."""

    time_s: int
    interface: Interface
    frame: bytes
    packet: Packet


class Nat:
    """One gateway; see the module."""

    def __init__(self, scenario):
        snapshot = scenario["snapshot"]
        self.kernel = Kernel(scenario)
        self.timeouts = snapshot["timeouts"]
        self.syn_check, self.mss = snapshot["tcp"]["syn_check"], snapshot["tcp"]["mss"]
        self.maximum_flows = scenario["maximum_flows"]
        self.rule_sets = [RuleSet(each) for each in snapshot["rule_sets"]]
        self.pools = {each["name"]: pool_of_snapshot(each) for each in snapshot["pools"]}
        self.interface_pools = {interface.name: pool_of_interface(interface)
                                for interface in self._translating_interfaces()}
        kernel_ports = {packed(address): ranges
                        for address, ranges in scenario["kernel_ports"].items()}
        self.answerer = Answerer(bytes.fromhex(scenario["port_key"]))
        self.allocator = Allocator(bytes.fromhex(scenario["port_key"]),
                                   snapshot["port_randomization"], kernel_ports,
                                   snapshot["port_hold_down"])
        self.fragments = Fragments(bytes.fromhex(scenario["port_key"]))
        self.flows = {}
        self.leases = Leases()
        self.rule_counters = defaultdict(Counters)
        self.reasons = Counter()

    def all_pools(self):
        """The snapshot's pools and those of the interfaces that a rule translates to."""
        return [*self.pools.values(), *self.interface_pools.values()]

    def packet(self, time_s, ifindex, frame):
        """=> the Result of a frame that arrives on a zone interface"""
        interface = self.kernel.by_ifindex[ifindex]
        assert interface.zone is not None, "only zone interfaces have a packet path"
        try:
            arrival = Arrival(time_s, interface, frame, parse(frame, interface.mac))
            result = self._classify(arrival)
        except Decision as decision:
            result = Result(decision.verdict, decision.reason, None, frame)
            if decision.answer:
                result = Result(ANSWER, decision.reason, None, decision.answer)
        if result.verdict != HELD:
            self.reasons[result.reason] += 1
        return result

    def collect(self, time_s):
        """End the flows that have been idle for longer than their timeout, or were ended; then
        the leases that have had none for as long."""
        self.allocator.wake(time_s)
        for flow in list(self.flows.values()):
            if flow.is_over(time_s, self.timeouts):
                del self.flows[flow.key]
                self._give_back(flow, time_s)
        for lease in self.leases.collect(time_s):
            self.allocator.release(lease, time_s)

    def _give_back(self, flow, time_s):
        """The port of a flow that has ended is free, or its lease's."""
        if flow.lease:
            flow.lease.flows -= 1
            flow.lease.idle_since_s = time_s
        else:
            self.allocator.release(flow, time_s)

    def state(self):
        """=> flows, leases, ports and counters, ready for JSON"""
        return state.describe(self)

    def _translating_interfaces(self):
        """The egress interfaces of every rule-set that has a rule with the interface action, or one
        with a pool that overflows to it."""
        return [interface for interface in self.kernel.interfaces.values()
                if any(rule_set.egress.holds(interface)
                       and any(self._may_use_interface(rule) for rule in rule_set.rules)
                       for rule_set in self.rule_sets)]

    def _may_use_interface(self, rule):
        pool = self.pools.get(rule.pool_name)
        return rule.action == INTERFACE or (pool and pool.overflow == "interface")

    def _is_nat_address(self, address):
        """Section 1.5: one that some pool or interface action translates to."""
        return any(address in addresses for pool in self.all_pools()
                   for addresses in pool.lists.values())

    def _classify(self, arrival):
        """Sections 1.5 and 1.6, and which of sections 2 and 3 follows."""
        if self._is_nat_address(arrival.packet.source):
            raise drop("spoofed_source")
        if arrival.packet.kind == ICMP_ERROR:
            self._verify(arrival)
        if self._is_nat_address(arrival.packet.destination):
            return self._from_outside(arrival)
        return self._from_inside(arrival)

    def _verify(self, arrival):
        """Section 1.6. Raises a Decision for an error about a flow that does not sum up."""
        packet = arrival.packet
        if self._is_nat_address(packet.destination):
            flow = self._flow_of_outside(packet) or self._flow_of_hairpin(arrival)
        else:
            flow = self._flow_of_inside(arrival.interface.zone, packet)
        if flow and not error_sums_up(arrival.frame, packet):
            raise drop("malformed_packet")

    # Section 2: destination is a NAT address

    def _from_outside(self, arrival):
        packet = arrival.packet
        if packet.kind == FRAGMENT:
            flow = self._flow_of_fragment(arrival, False)
        else:
            flow = self._flow_of_outside(packet)
            first_half = None if flow else self._flow_of_hairpin(arrival)
            flow = flow or first_half or self._open_from_outside(arrival, arrival.interface.zone)
            first_half = first_half or (None if flow else self._open_hairpin(arrival))
            if first_half:
                return self._turn_back(arrival, first_half)
        if flow is None:
            raise self._not_expected(arrival)
        frame = translate_in(arrival.frame, packet, flow)
        if packet.ttl <= 1:
            return self._finish(arrival, flow, False, frame,
                                Outcome(KERNEL_TRANSLATED, "ttl_expired"))
        return self._route(arrival, flow, False, frame)

    def _not_expected(self, arrival):
        """Sections 2.1 and 2.4. => the Decision"""
        packet = arrival.packet
        if _can_be_held(packet):
            return hold()
        if packet.destination in self.kernel.own_addresses:
            if packet.fragment == FIRST:
                self.fragments.learn(arrival, None, False)
            return to_kernel("local_destination")
        if packet.kind == FRAGMENT:
            return drop("fragment_unknown")
        if packet.kind == OTHER and not packet.is_icmp:
            return drop("unsupported_protocol")
        return drop("filtered_inbound")

    def _flow_of_outside(self, packet):
        """Sections 2.2 and 2.3. => the flow that a packet from outside belongs to, or None"""
        if packet.kind in (TCP, UDP, ECHO_REPLY):
            return self._flow_of_owner(packet.protocol, packet.destination,
                                       packet.destination_port,
                                       packet.source, packet.source_port)
        if packet.kind == TUNNEL:
            return self._flow_of_way_back(packet.protocol, packet.destination, packet.source)
        inner = packet.inner
        if inner and inner.kind == TUNNEL and inner.source == packet.destination:
            return self._flow_of_way_back(inner.protocol, inner.source, inner.destination)
        if inner and inner.kind in (TCP, UDP, ECHO_REQUEST) and (
                inner.source == packet.destination):
            return self._flow_of_owner(inner.protocol, inner.source, inner.source_port,
                                       inner.destination, inner.destination_port)
        return None

    def _flow_of_way_back(self, protocol, address, remote):
        """=> the flow of a protocol without ports, if it has not been ended"""
        flow = self.allocator.ways_back.get((address, protocol, remote))
        return flow if flow and not flow.ending else None

    def _flow_of_owner(self, protocol, address, port, remote, remote_port):
        """=> the port's owner, or its flow with the remote end if it is a lease; but only if the
        remote is its remote and it has not been ended"""
        flow = owner = self.allocator.owner(address, protocol, port)
        if isinstance(owner, Lease):
            flow = self.flows.get(Key(*owner.key[:4], remote, remote_port))
            if flow and flow.lease is not owner:
                return None
        if flow and not flow.ending and (
                (flow.key.remote, flow.key.remote_port) == (remote, remote_port)):
            return flow
        return None

    # Section 10.2

    def _open_from_outside(self, arrival, zone):
        """=> a new flow that a lease permits to those of a zone, or None; a Decision raised if it
        has no room"""
        packet = arrival.packet
        lease = self._lease_called(packet)
        if not lease or zone != lease.egress_zone or (
                not self.leases.permits(lease, packet.source, packet.source_port)):
            return None
        key = Key(*lease.key[:4], packet.source, packet.source_port)
        if key in self.flows:  # ended and not collected yet, or of another lease
            return None
        return self._open_called(lease, key, arrival.time_s)

    def _lease_called(self, packet):
        """=> the lease whose port an opening SYN or a UDP packet is for, or None"""
        owner = self._owner_called(packet)
        return owner if isinstance(owner, Lease) else None

    def _owner_called(self, packet):
        """=> the flow or lease whose port an opening SYN or a UDP packet is for, or None"""
        if packet.kind != UDP and not (packet.kind == TCP and is_opening_syn(packet.tcp_flags)):
            return None
        return self.allocator.owner(packet.destination, packet.protocol,
                                    packet.destination_port)

    def _open_called(self, lease, key, time_s):
        """=> a new flow, counted for the lease's rule and pool; no hit of them is"""
        counted = self.rule_counters[lease.rule], lease.pool.counters
        refusal = None
        if lease.flows >= lease.policy.maximum_flows:
            refusal = "lease_session_limit"
        elif not self._has_free_slots(1):
            refusal = "flow_table_full"
        for counters in counted:
            if refusal:
                counters.failures[refusal] += 1
            else:
                counters.opened += 1
        if refusal:
            raise drop(refusal)
        flow = self._add_leased_flow(lease, key, time_s)
        flow.tcp_state = flow.tcp_state and OPENING_IN
        return flow

    def _add_leased_flow(self, lease, key, time_s, tcp_flags=SYN):
        """=> a new flow of a lease"""
        flow = Flow(key, lease.address, lease.port, lease.rule, lease.pool, lease.egress_zone,
                    time_s, lease, tcp_flags)
        self.flows[key] = flow
        lease.flows += 1
        self.leases.note_use(flow, time_s)
        return flow

    # Section 11: hairpinning

    def _flow_of_hairpin(self, arrival):
        """Section 11.1. => the flow of the first half, or None"""
        packet = arrival.packet
        if packet.kind == ICMP_ERROR:
            if not packet.inner or packet.inner.source != packet.destination:
                return None
        elif packet.kind not in (TCP, UDP) or packet.fragment is not None:
            return None
        return self._flow_of_inside(arrival.interface.zone, packet)

    def _open_hairpin(self, arrival):
        """Section 11.2. => a new flow for the first half, or None"""
        packet = arrival.packet
        owner = None if packet.fragment is not None else self._owner_called(packet)
        if owner is None:
            return None
        if packet.ttl <= 1:
            raise to_kernel("ttl_expired")
        egress = self.kernel.first_interface(owner.egress_zone)
        route = Route(UNICAST, egress, packet.length)
        try:
            rule = self._rule_of_first(arrival, route)
        except Decision:
            return None
        return self._open_counted(arrival, route, rule)

    def _turn_back(self, arrival, first_half):
        """Sections 11.1, 11.3 and 11.4. => the Result"""
        if arrival.packet.ttl <= 1:
            raise to_kernel("ttl_expired")
        if first_half.ending:
            raise drop("route_changed")
        frame = bytes(translate_out(arrival.frame, arrival.packet, first_half))
        turned = arrival._replace(frame=frame, packet=parse(frame, arrival.interface.mac))
        flow = self._flow_of_outside(turned.packet) or self._open_from_outside(
            turned, first_half.egress_zone)
        if flow is None:
            raise drop("filtered_inbound")
        result = self._route(turned, flow, False, translate_in(frame, turned.packet, flow))
        if result.verdict in (FORWARD, KERNEL_TRANSLATED):
            self._account(arrival, first_half, True)
        if result.verdict == FORWARD:
            return result._replace(reason="hairpinned")
        return result

    # Section 3: everything else

    def _from_inside(self, arrival):
        packet = arrival.packet
        if packet.ttl <= 1:
            raise to_kernel("ttl_expired")
        if packet.kind == FRAGMENT:
            flow = self._flow_of_fragment(arrival, True)
        else:
            flow = self._flow_of_inside(arrival.interface.zone, packet)
        if flow is None:
            flow = self._first_packet(arrival)
        elif flow.ending:
            raise drop("route_changed")
        frame = translate_out(arrival.frame, packet, flow)
        return self._route(arrival, flow, True, frame)

    def _flow_of_inside(self, zone, packet):
        """Section 3.2. => the flow that a packet from inside belongs to, or None"""
        inner = packet.inner
        if packet.kind in (TCP, UDP, TUNNEL, ECHO_REQUEST):
            return self.flows.get(_key_of(zone, packet))
        if inner and inner.kind in (TCP, UDP, TUNNEL, ECHO_REPLY):
            return self.flows.get(Key(zone, inner.protocol,
                                      inner.destination, inner.destination_port,
                                      inner.source, inner.source_port))
        return None

    def _flow_of_fragment(self, arrival, from_inside):
        """Section 9.4. => the flow of a later fragment, or None"""
        learnt = self.fragments.recall(arrival) if _can_be_held(arrival.packet) else None
        if learnt is None or learnt.from_inside != from_inside:
            return None
        if learnt.flow is None:
            raise to_kernel("local_destination")
        is_there = self.flows.get(learnt.flow.key) is learnt.flow
        if not is_there or (learnt.flow.ending and not from_inside):
            return None
        return learnt.flow

    def _first_packet(self, arrival):
        """Sections 3.4 to 3.7. => a new flow, or a Decision raised"""
        route = self._route_of_first(arrival.packet)
        rule = self._rule_of_first(arrival, route)
        if _can_be_held(arrival.packet):
            raise hold()
        return self._open_counted(arrival, route, rule)

    def _open_counted(self, arrival, route, rule):
        """=> a new flow, counted for its rule like a refusal"""
        counters = self.rule_counters[rule]
        counters.hits += 1
        try:
            flow = self._open(arrival, route, rule)
        except Decision as decision:
            if decision.verdict == DROP:
                counters.failures[decision.reason] += 1
                decision.answer = self.answerer.answer(arrival, decision.reason)
            raise
        counters.opened += 1
        return flow

    def _route_of_first(self, packet):
        """Section 3.4."""
        route = self.kernel.route(packet.destination)
        if route.type in REJECTING:
            raise to_kernel("route_rejected")
        if route.type == ENCAPSULATION:
            raise drop("no_route")
        if route.type != UNICAST:
            raise to_kernel("local_destination")
        return route

    def _rule_of_first(self, arrival, route):
        """Section 3.5. => a rule that translates"""
        rule_set = select_rule_set(self.rule_sets, arrival.interface, route.interface)
        rule = rule_set.first_match(arrival.packet) if rule_set else None
        if rule is None:
            raise to_kernel("no_rule")
        if not rule.translates:
            raise to_kernel("rule_off")
        return rule

    def _open(self, arrival, route, rule):
        """Section 3.6, in its order. => a new flow"""
        packet = arrival.packet
        _refuse_what_opens_no_flow(packet, self.syn_check)
        if is_too_big(route, packet):
            raise to_kernel("packet_too_big")
        pool = self._pool_of(rule, route)
        pool.counters.hits += 1
        try:
            flow = self._allocate(arrival, rule, route, pool)
        except Decision as decision:
            pool.counters.failures[decision.reason] += 1
            raise
        flow.pool.counters.opened += 1
        return flow

    def _pool_of(self, rule, route):
        if rule.action == INTERFACE:
            return self.interface_pools[route.interface.name]
        if rule.pool_name not in self.pools:
            raise drop("source_nat_pool_missing")
        pool = self.pools[rule.pool_name]
        if pool.fault():
            raise drop(pool.fault())
        return pool

    def _overflow_of(self, pool, route):
        """Section 6. => the pool that is asked where this one has no port, or None"""
        if pool.overflow == "interface":
            return self.interface_pools[route.interface.name]
        return self.pools.get(pool.overflow_pool)

    def _allocate(self, arrival, rule, route, pool):
        """The end of section 3.6, and 3.7. => a new flow with a port of its own, or a lease's"""
        refusal = pool.refusal(arrival.packet.family)
        if refusal:
            raise drop(refusal)
        key = _key_of(arrival.interface.zone, arrival.packet)
        overflow = self._overflow_of(pool, route)
        if overflow and overflow.refusal(arrival.packet.family):
            overflow = None
        if rule.policy and key.protocol not in KEPT:
            return self._allocate_leased(arrival, key, rule, [pool, overflow],
                                         route.interface.zone)
        pool, found = self._find_port(key, pool, overflow)
        flow = Flow(key, *found, rule, pool, route.interface.zone, arrival.time_s,
                    tcp_flags=arrival.packet.tcp_flags)
        self.allocator.claim(flow)
        self.flows[key] = flow
        return flow

    def _find_port(self, key, pool, overflow, has_slot=False):
        """=> the pool, or its overflow pool, and a free (address, port) of it; without a free slot
        for the owner it is not looked for"""
        for each in (pool, overflow):
            if each is None:
                continue
            if each is overflow:
                pool.counters.overflows += 1
                overflow.counters.hits += 1
            indices = each.ask(key.inside)
            if key.protocol not in KEPT and indices and not has_slot and not self._has_free_slots(1):
                raise drop("flow_table_full")
            found = self.allocator.find(each, key, indices)
            if found is not None:
                if key.protocol in KEPT and not self._has_free_slots(2):
                    raise drop("flow_table_full")
                return each, found
        if not indices:
            raise drop("source_nat_pool_no_address")
        raise drop("source_nat_remote_in_use" if key.protocol in KEPT
                   else "source_nat_pool_exhausted")

    def _has_free_slots(self, count):
        """Flows, leases and whom they have called share one table."""
        ways_back = len(self.allocator.ways_back)
        return len(self.flows) + ways_back + self.leases.slots + count <= self.maximum_flows

    def _has_room_to_bind(self, count, behind=0):
        """So many more leases and peers, `behind` other slots that are taken before."""
        return self._has_free_slots(count + behind) and (
            self.leases.slots + count <= self.maximum_flows // SHARE)

    # Section 10.1

    def _allocate_leased(self, arrival, key, rule, pools, zone):
        """=> a new flow with its lease's port. Nothing is taken before all refusals are over."""
        leases = [self.leases.find(key, pool) for pool in pools if pool]
        lease = next((each for each in leases if each), None)
        is_new = lease is None
        if not is_new and lease.flows >= rule.policy.maximum_flows:
            raise drop("lease_session_limit")
        pool = pools[0] if is_new else lease.pool
        peer = self.leases.missing_peer(lease_key(key, pool), rule.policy, key)
        if is_new and not self._has_room_to_bind(1):
            raise drop("lease_table_full")
        if not self._has_free_slots(1 + is_new):
            raise drop("flow_table_full")
        if peer and not self._has_room_to_bind(1 + is_new, behind=1):
            raise drop("lease_table_full")
        if is_new:
            pool, found = self._find_port(key, *pools, has_slot=True)
            lease = Lease(lease_key(key, pool), pool, *found)
            self.leases.by_key[lease.key] = lease
            self.allocator.claim(lease)
        if peer:
            self.leases.peers[peer._replace(lease=lease.key)] = arrival.time_s
        lease.rule, lease.egress_zone = rule, zone
        return self._add_leased_flow(lease, key, arrival.time_s, arrival.packet.tcp_flags)

    # Section 4: the next hop

    def _route(self, arrival, flow, from_inside, frame):
        """=> the Result for a packet of a flow, translated in `frame`"""
        packet = arrival.packet
        destination = packet.destination if from_inside else flow.inside
        route = self.kernel.route(destination)
        outcome = decide(route, packet, flow.zone_towards(from_inside), from_inside)
        if outcome.reason == "route_changed" and from_inside and packet.kind != ICMP_ERROR:
            flow.ending = True
        if outcome.verdict == FORWARD:
            decrement_ttl(frame, packet)
            write_ethernet(frame, route.mac, route.interface.mac)
        return self._finish(arrival, flow, from_inside, frame, outcome, route.interface)

    def _finish(self, arrival, flow, from_inside, frame, outcome, egress=None):
        """Account for the packet where it goes on translated. => its Result"""
        if outcome.verdict not in (FORWARD, KERNEL_TRANSLATED):
            return Result(outcome.verdict, outcome.reason, None, arrival.frame)
        if self.mss and arrival.packet.tcp_flags & SYN and not arrival.packet.fragment:
            clamp_mss(frame, arrival.packet, self.mss)
        self._account(arrival, flow, from_inside)
        self._pass_on_id(arrival, flow, from_inside, frame)
        ifindex = egress.ifindex if outcome.verdict == FORWARD else None
        return Result(outcome.verdict, outcome.reason, ifindex, bytes(frame))

    def _account(self, arrival, flow, from_inside):
        """Section 4: an ICMP error changes nothing."""
        if arrival.packet.kind != ICMP_ERROR:
            flow.account(arrival.packet, from_inside, arrival.time_s)
            if flow.lease:
                self.leases.note_use(flow, arrival.time_s)

    def _pass_on_id(self, arrival, flow, from_inside, frame):
        """Sections 9.1 and 9.2: what a translated fragment leaves with, from inside."""
        packet = arrival.packet
        if packet.fragment is None or packet.kind == ICMP_ERROR:
            return
        if packet.fragment == FIRST:
            out_id = self.fragments.learn(arrival, flow, from_inside)
        else:
            out_id = self.fragments.recall(arrival).out_id
        if from_inside:
            write_datagram_id(frame, packet, out_id)


def _can_be_held(packet):
    """Section 9.7: a later fragment of a protocol that has flows."""
    return packet.fragment == LATER and packet.protocol in (
        PROTOCOL_TCP, PROTOCOL_UDP, ICMP_OF_FAMILY[packet.family], *KEPT)


def _key_of(zone, packet):
    """Section 3.2. => the key of a data packet from inside"""
    return Key(zone, packet.protocol, packet.source, packet.source_port,
               packet.destination, packet.destination_port)


def _refuse_what_opens_no_flow(packet, syn_check):
    """The first item of section 3.6."""
    if packet.kind == FRAGMENT:
        raise drop("fragment_unknown")
    if packet.kind == OTHER:
        raise drop("unsupported_protocol")
    if packet.kind in (ECHO_REPLY, ICMP_ERROR):
        raise drop("no_flow")
    if packet.kind == TCP and not is_opening_syn(packet.tcp_flags) and (
            syn_check or not is_under_way(packet.tcp_flags)):
        raise drop("tcp_not_syn")
