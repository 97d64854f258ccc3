# SPDX-License-Identifier: Apache-2.0
"""For the tests: a small gateway, packets made with Scapy, and short names for both."""
import random

from scapy.all import (ICMP, IP, TCP, UDP, Dot1Q, Ether, ICMPv6DestUnreach, ICMPv6EchoReply,
                       ICMPv6EchoRequest, IPv6, Raw)

from nat import Nat
from reasons import ANSWER, DROP
from scenario_builder import ScenarioBuilder, rule, zone_context

__all__ = ["ICMP", "IP", "TCP", "UDP", "Dot1Q", "Ether", "ICMPv6DestUnreach", "ICMPv6EchoReply",
           "ICMPv6EchoRequest", "IPv6", "Raw", "Gateway", "base_builder", "LAN", "WAN", "HOST",
           "HOST6", "REMOTE", "REMOTE6", "POOL", "POOL6", "ROUTER_MAC", "HOST_MAC"]

LAN, WAN = 2, 3  # ifindexes
HOST, HOST6 = "10.0.1.10", "2001:db8:1::10"
REMOTE, REMOTE6 = "192.0.2.1", "2001:db8:c0::1"
POOL, POOL6 = "198.51.100.1", "2001:db8:64::1"
HOST_MAC, ROUTER_MAC = "02:00:00:00:00:01", "02:00:00:00:00:03"


def base_builder():
    """Zones lan and wan, a default route, a pool of one address of each family, ports in
    sequence from 1024: without rule-sets."""
    b = ScenarioBuilder(random.Random(1))
    b.interface("lan0", "lan", "10.0.1.1/24", "2001:db8:1::1/64")
    b.interface("wan0", "wan", "203.0.113.1/24", "2001:db8:ff::1/64")
    b.neighbour("lan0", HOST, HOST6)
    b.neighbour("wan0", "203.0.113.254", "fe80::fe")
    b.route("0.0.0.0/0", "wan0", "203.0.113.254")
    b.route("::/0", "wan0", "fe80::fe")
    b.port_randomization = False
    b.pool("p", [POOL, POOL6], 1024, 1033)
    return b


class Gateway:
    """A Nat and a clock, fed with Scapy packets."""

    def __init__(self, builder=None, rules=None):
        self.builder = builder or base_builder()
        if not self.builder.rule_sets:
            self.builder.rule_set("out", zone_context("lan"), zone_context("wan"),
                                  *(rules or [rule("all", "p")]))
        self.scenario, _ = self.builder.finish()
        self.nat = Nat(self.scenario)
        self.time_s = 100

    def frame(self, packet, ifindex=LAN):
        """=> a frame for the gateway, its checksums filled in by Scapy"""
        if not isinstance(packet, (Ether, bytes)):
            packet = Ether(dst=f"02:00:00:00:01:{ifindex:02x}", src="02:aa:aa:aa:aa:aa") / packet
        return bytes(packet)

    def send(self, ifindex, packet):
        """=> the Result of a Scapy packet or a whole frame"""
        return self.nat.packet(self.time_s, ifindex, self.frame(packet, ifindex))

    def out(self, packet):
        """From the LAN."""
        return self.send(LAN, packet)

    def back(self, packet):
        """From the WAN."""
        return self.send(WAN, packet)

    def reason(self, ifindex, packet):
        """=> (verdict, reason), whether the sender of a dropped packet is told or not"""
        verdict, reason = self.send(ifindex, packet)[:2]
        return DROP if verdict == ANSWER else verdict, reason

    def flow(self):
        """=> the only flow of the state"""
        (flow,) = self.nat.state()["flows"]
        return flow
