# SPDX-License-Identifier: Apache-2.0
"""Flows and the table that finds them (docs/packet-path.md sections 2.2, 3.2, 3.3 and 7)."""
from typing import NamedTuple

import tcp
from parse import LATER, PROTOCOL_ESP, PROTOCOL_GRE, PROTOCOL_TCP, PROTOCOL_UDP

TIMEOUTS = {PROTOCOL_UDP: "udp", PROTOCOL_GRE: "gre", PROTOCOL_ESP: "esp"}


class Key(NamedTuple):
    """What finds a flow from inside; an echo has its id as inside port, 0 as remote port."""

    zone: str
    protocol: int
    inside: bytes
    inside_port: int
    remote: bytes
    remote_port: int


class Flow:
    """A translated conversation; (address, port) is what the outside sees of the inside.

    A flow with a lease shares the port that the lease owns.
    """

    rest_s = 0  # section 7: its port is free at once

    def __init__(self, key, address, port, rule, pool, egress_zone, time_s, lease=None,
                 tcp_flags=tcp.SYN):
        self.key = key
        self.inside, self.inside_port = key.inside, key.inside_port
        self.address, self.port = address, port
        self.rule, self.pool = rule, pool
        self.egress_zone = egress_zone
        self.lease = lease
        self.permit = lease and lease.policy.permit
        self.tcp_state = tcp.first_state(tcp_flags) if key.protocol == PROTOCOL_TCP else None
        self.ending = False
        self.last_seen_s = time_s
        self.packets_out = self.bytes_out = self.packets_in = self.bytes_in = 0

    def zone_towards(self, from_inside):
        """The zone that a packet of this flow must leave by."""
        return self.egress_zone if from_inside else self.key.zone

    def account(self, packet, from_inside, time_s):
        """Section 4: a data packet was forwarded or handed to the kernel translated."""
        self.last_seen_s = time_s
        if from_inside:
            self.packets_out += 1
            self.bytes_out += packet.length
        else:
            self.packets_in += 1
            self.bytes_in += packet.length
        if self.tcp_state and packet.fragment != LATER:
            self.tcp_state = tcp.next_state(self.tcp_state, packet.tcp_flags, from_inside)

    def timeout_name(self):
        """Which of the snapshot's timeouts applies."""
        if self.tcp_state:
            return tcp.TIMEOUTS[self.tcp_state]
        return TIMEOUTS.get(self.key.protocol, "icmp")

    def timeout_s(self, timeouts):
        """Section 7: that of the application, but not while a connection opens or closes."""
        name = self.timeout_name()
        if name in ("tcp_opening", "tcp_closing"):
            return timeouts[name]
        return self.rule.application_timeout(self.key) or timeouts[name]

    def is_over(self, time_s, timeouts):
        """Whether the collector takes this flow away."""
        return self.ending or time_s - self.last_seen_s > self.timeout_s(timeouts)
