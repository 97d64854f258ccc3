# SPDX-License-Identifier: Apache-2.0
"""The vocabulary of the golden packets, and how they are run.

A table is a list of cases, a case a list of steps: a packet that arrives and what must become of
it (docs/packet-path.md). Both are built by Scapy, which fills in lengths and checksums and knows
nothing of Holdfast. Between two cases all flows idle out, then all leases, and then the ports of
leases have rested; and the gateway (gateway()) translates to one address and one port of each protocol, so what leaves can be written
down.
"""
import json
from typing import NamedTuple, Optional

import forms
from gateway import (HOST, HOST6, HOST_MAC, LAN, POOL, POOL6, REMOTE, REMOTE6, ROUTER_MAC, WAN,
                     Ether, base_builder)
from nat import Nat
from reasons import ANSWER, DROP, FORWARD, HELD, KERNEL, KERNEL_TRANSLATED, REASONS, VERDICTS
from replay_file import COLLECT, PACKET, TraceWriter, read_results, replay
from scapy.all import (ICMP, IP, TCP, UDP, ICMPv6DestUnreach, ICMPv6EchoRequest, IPv6,
                       IPv6ExtHdrFragment, Raw, checksum)
from scenario_builder import persistent_nat, ports, rule, zone_context

__all__ = ["HOST", "HOST6", "REMOTE", "REMOTE6", "POOL", "POOL6", "PORT", "HOST_PORT",
           "REMOTE_PORT", "MSS", "ROUTER", "ROUTER6", "NARROW", "NARROW6", "KEPT", "ONE",
           "OVERFLOW", "SHIFTED", "SILENT", "SILENT6", "GATEWAY", "GATEWAY6", "LEASED", "LEASED6",
           "LEASE_HOSTS", "LEASE_HOSTS6", "LEASE_MACS", "LEASE_MACS6", "LAN_MAC", "WAN_MAC",
           "Case", "answered", "back", "dropped", "family", "flow_of", "forwarded", "held",
           "kernel", "out", "prohibited", "quote", "refused", "translated"]

PORT = 40000  # of the pool
HOST_PORT, REMOTE_PORT = 5000, 53
MSS = 1352  # at most, of SYNs
ROUTER, ROUTER6 = "192.0.2.254", "2001:db8:c0::fe"  # somewhere outside, and says so
NARROW, NARROW6 = "198.18.0.1", "2001:db8:c1::1"  # behind an MTU of 600, and of 1280
SILENT, SILENT6 = "203.0.113.99", "2001:db8:ff::99"  # outside, with no known neighbour entry
ONE, OVERFLOW = "198.51.100.5", "198.51.100.4"  # full after one flow, and then
SHIFTED = "198.51.100.17"  # and the next one, for 10.0.6.1 and the next one
KEPT = "198.51.100.6"  # keeps parity and range
GATEWAY, GATEWAY6 = "203.0.113.1", "2001:db8:ff::1"  # local NAT addresses, of wan0
HOST6_MAC, ROUTER6_MAC = "02:00:00:00:00:02", "02:00:00:00:00:04"
LAN_MAC, WAN_MAC = "02:00:00:00:01:02", "02:00:00:00:01:03"
SENDER_MAC = "02:aa:aa:aa:aa:aa"

PERMITS = ("any-remote-host", "target-host", "target-host-port")  # each with a host of its own
LEASED, LEASED6 = "198.51.100.7", "2001:db8:64::7"  # of the pool of their rules
LEASE_HOSTS = {permit: f"10.0.1.4{number}" for number, permit in enumerate(PERMITS)}
LEASE_HOSTS6 = {permit: f"2001:db8:1::4{number}" for number, permit in enumerate(PERMITS)}
LEASE_MACS = {permit: f"02:00:00:00:00:{number + 5:02x}" for number, permit in enumerate(PERMITS)}
LEASE_MACS6 = {permit: f"02:00:00:00:00:{number + 8:02x}" for number, permit in enumerate(PERMITS)}

HAIRPINNED = "hairpinned"  # it leaves to the side that it comes from
LONGER_THAN_ANY_TIMEOUT_S = 10000
COLLECTIONS = 3  # the first ends flows, the next one leases, and the last one their ports' rest
NEXT_HOPS = {(WAN, IP): (HOST_MAC, LAN_MAC), (WAN, IPv6): (HOST6_MAC, LAN_MAC),
             (LAN, IP): (ROUTER_MAC, WAN_MAC), (LAN, IPv6): (ROUTER6_MAC, WAN_MAC)}


def gateway():
    """=> the scenario: the model tests' gateway with a pool of one port and some odd routes"""
    builder = base_builder()
    builder.mss = MSS
    builder.pools.clear()
    builder.pool("p", [POOL, POOL6], PORT, PORT)
    builder.route("198.18.0.0/24", "wan0", "203.0.113.254", 600)
    builder.route("2001:db8:c1::/64", "wan0", "fe80::fe", 1280)
    for number, kind in enumerate(("unreachable", "prohibit", "blackhole")):
        builder.rejecting_route(f"198.19.{number}.0/24", kind)
    builder.neighbour("lan0", *LEASE_HOSTS.values(), *LEASE_HOSTS6.values())
    builder.pool("leased", [LEASED, LEASED6], PORT, PORT)
    builder.rule_set("out", zone_context("lan"), zone_context("wan"),
                     *[rule(permit, "leased", persistent_nat(permit, 60, 8),
                            source_addresses=[f"{LEASE_HOSTS[permit]}/32",
                                              f"{LEASE_HOSTS6[permit]}/128"])
                       for permit in PERMITS],
                     rule("off", "off", destination_addresses=["192.0.2.8/32"]),
                     rule("ipv4-only", "v4", source_addresses=["10.0.1.4/32",
                                                               "2001:db8:1::4/128"]),
                     rule("narrow-leased", "one", persistent_nat("target-host", 60, 8),
                          source_addresses=["10.0.4.64/26"]),
                     rule("shifted-leased", "shifted", persistent_nat("any-remote-host", 60, 8),
                          source_addresses=["10.0.6.2/32"], protocols=[17], destination_ports=[
                              ports(1000, 1001)]),
                     rule("kept-leased", "kept", persistent_nat("any-remote-host", 60, 8),
                          source_addresses=["10.0.5.64/26"]),
                     rule("shifted", "shifted", source_addresses=["10.0.6.0/24"]),
                     rule("kept", "kept", source_addresses=["10.0.5.0/24"]),
                     rule("narrow", "one", source_addresses=["10.0.4.0/24"]),
                     rule("own", "interface", source_addresses=["10.0.3.0/24"]),
                     rule("all", "p", source_addresses=["10.0.0.0/8", "2001:db8::/32"]))
    builder.pool("shifted", [f"{SHIFTED}-198.51.100.18"], 1, 65535, port_translation=False,
                 host_address_base="10.0.6.1/32")
    builder.pool("kept", [KEPT], PORT, PORT + 1, preserve_parity=True, preserve_range=True)
    builder.pool("one", [ONE], PORT, PORT, overflow="pool", overflow_pool="v4")
    builder.pool("v4", [OVERFLOW], PORT, PORT)
    scenario, _ = builder.finish()
    return scenario


def family(packet):
    """=> IP or IPv6"""
    return IP if IP in packet else IPv6


class Expectation(NamedTuple):
    """What must become of a packet; `packet` is a Scapy one, or None where nothing changes."""

    verdict: str
    reason: str
    packet: Optional[object] = None


class Step(NamedTuple):
    """A frame that arrives, and what must become of it."""

    ifindex: int
    frame: bytes
    verdict: str
    reason: str
    frame_out: bytes


class Case:
    """Steps that belong together, and nothing before or after them."""

    def __init__(self, name, *steps):
        self.name = name
        self.steps = [step for each in steps
                      for step in ([each] if isinstance(each, Step) else each)]

    def __repr__(self):
        return self.name


def forwarded(reason, packet):
    """It leaves, and so."""
    return Expectation(FORWARD, reason, packet)


def translated(reason, packet):
    """It is handed to the kernel, and so."""
    return Expectation(KERNEL_TRANSLATED, reason, packet)


def kernel(reason):
    """It is handed to the kernel as it came."""
    return Expectation(KERNEL, reason)


def dropped(reason):
    """Nothing of it leaves."""
    return Expectation(DROP, reason)


def held():
    """It waits; nothing of it leaves, and it is not counted."""
    return Expectation(HELD, None)


def answered(reason, packet):
    """Nothing of it leaves, and its sender is told so."""
    return Expectation(ANSWER, reason, packet)


def prohibited(packet, count=None):
    """=> what the gateway answers to a packet from inside that a rule refuses [RFC5508 REQ-8]"""
    if IP in packet:
        header = IP(src="10.0.1.1", dst=packet[IP].src, tos=0xC0, id=0, flags="DF", ttl=64)
        return header / ICMP(type=3, code=13) / quote(packet[IP], count)
    header = IPv6(src="2001:db8:1::1", dst=packet[IPv6].src)
    return header / ICMPv6DestUnreach(code=1) / quote(packet[IPv6], count)


def out(packet, expectation):
    """=> the Step of a packet from inside: an IP packet, an Ether one, or a frame's bytes"""
    return _step(LAN, packet, expectation)


def refused(packet, reason, count=None):
    """=> the Step of a packet from inside that is refused, and its sender told"""
    return out(packet, answered(reason, prohibited(packet, count)))


def back(packet, expectation):
    """=> the Step of a packet from outside"""
    return _step(WAN, packet, expectation)


def _step(ifindex, packet, expectation):
    own_mac = LAN_MAC if ifindex == LAN else WAN_MAC
    frame = _frame(packet, own_mac, SENDER_MAC)
    frame_out = frame
    if expectation.verdict == FORWARD:
        side = WAN if expectation.reason == HAIRPINNED else ifindex
        frame_out = _frame(expectation.packet, *NEXT_HOPS[side, family(expectation.packet)])
    elif expectation.verdict == KERNEL_TRANSLATED:
        frame_out = _frame(expectation.packet, own_mac, SENDER_MAC)
    elif expectation.verdict == ANSWER:
        frame_out = _frame(expectation.packet, SENDER_MAC, own_mac)
    elif expectation.verdict in (DROP, HELD):
        frame_out = b""
    return Step(ifindex, frame, expectation.verdict, expectation.reason, frame_out)


def _frame(packet, destination, source):
    """=> the bytes on the wire; an Ether packet keeps what it says of its addresses itself"""
    if isinstance(packet, bytes):
        return packet
    if not isinstance(packet, Ether):
        packet = Ether() / packet
    packet = packet.copy()
    packet.src = packet.fields.get("src", source)
    packet.dst = packet.fields.get("dst", destination)
    return bytes(packet)


def quote(packet, count=None):
    """=> what an ICMP error quotes of a packet"""
    return Raw(bytes(packet)[:count])


def flow_of(transport, version=4):
    """=> a Step that opens the flow HOST:HOST_PORT -> REMOTE:REMOTE_PORT of a protocol"""
    opening = {"udp": UDP(sport=HOST_PORT, dport=REMOTE_PORT),
               "tcp": TCP(sport=HOST_PORT, dport=REMOTE_PORT, flags="S"),
               "echo": ICMP(id=HOST_PORT) if version == 4 else ICMPv6EchoRequest(id=HOST_PORT)}
    opened = opening[transport].copy()
    setattr(opened, "id" if transport == "echo" else "sport", PORT)
    if version == 4:
        return out(IP(src=HOST, dst=REMOTE) / opening[transport],
                   forwarded("translated_out", IP(src=POOL, dst=REMOTE, ttl=63) / opened))
    return out(IPv6(src=HOST6, dst=REMOTE6) / opening[transport],
               forwarded("translated_out", IPv6(src=POOL6, dst=REMOTE6, hlim=63) / opened))


class Outcome(NamedTuple):
    """What became of a Step's packet."""

    verdict: str
    reason: str
    egress: int
    frame: bytes


class Outcomes:
    """What became of every packet of every case in one form of the core."""

    def __init__(self, cases, form, program, directory):
        self.form, self.directory = form, directory
        self._write(cases)
        self._run(program)
        self._by_case = self._read(cases)
        self.state = json.loads((directory / f"{form}.json").read_text(encoding="utf-8"))

    def of(self, case):
        """=> pairs of a Step and its Outcome"""
        return self._by_case[case]

    def _write(self, cases):
        (self.directory / "scenario.json").write_text(json.dumps(gateway()), encoding="utf-8")
        time_s = 1000
        with TraceWriter(self.directory / "trace.bin") as trace:
            for case in cases:
                for step in case.steps:
                    trace.write(PACKET, time_s, step.ifindex, step.frame)
                for _ in range(COLLECTIONS):
                    time_s += LONGER_THAN_ANY_TIMEOUT_S
                    trace.write(COLLECT, time_s)

    def _run(self, program):
        if self.form != "model":
            forms.replay(program, self.form, self.directory)
            return
        replay(Nat(gateway()), self.directory / "trace.bin", self.directory / "model.bin",
               self.directory / "model.json")

    def _read(self, cases):
        results = read_results(self.directory / f"{self.form}.bin")
        by_case = {}
        for case in cases:
            by_case[case] = [(step, _outcome(next(results))) for step in case.steps]
            for _ in range(COLLECTIONS):
                next(results)
        assert next(results, None) is None, "there are more results than packets"
        return by_case


def _outcome(result):
    verdict = VERDICTS[result.verdict]
    frame = b"" if verdict in (DROP, HELD) else result.frame
    reason = None if verdict == HELD else REASONS[result.reason]
    return Outcome(verdict, reason, result.egress_ifindex, frame)


def without_fresh_id(step, frame):
    """=> the frame, as if a fragment from inside had left with the id that is expected

    Which one it leaves with depends on all those before (tests/model/test_model_fragments.py).
    The header's checksum must be right with the id that it has.
    """
    expected = Ether(step.frame_out)
    if step.ifindex != LAN or not _is_fragment(expected) or len(frame) != len(step.frame_out):
        return frame
    packet = Ether(frame)
    if IP not in packet:
        packet[IPv6ExtHdrFragment].id = expected[IPv6ExtHdrFragment].id
    elif checksum(bytes(packet[IP])[:packet[IP].ihl * 4]) == 0:
        packet[IP].id, packet[IP].chksum = expected[IP].id, expected[IP].chksum
    return bytes(packet)


def _is_fragment(packet):
    if IP in packet:
        return bool(packet[IP].frag or packet[IP].flags.MF)
    return IPv6ExtHdrFragment in packet and bool(packet[IPv6ExtHdrFragment].m
                                                 or packet[IPv6ExtHdrFragment].offset)


def egress(step):
    """=> the ifindex that a Step's packet must leave by, 0 for none"""
    if step.verdict != FORWARD:
        return 0
    return WAN if step.ifindex == LAN and step.reason != HAIRPINNED else LAN
