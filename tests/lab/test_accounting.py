# SPDX-License-Identifier: Apache-2.0
"""Every packet is counted, under the reason that decided [R8]."""
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoReply, IPv6ExtHdrFragment
from scapy.packet import Raw

from frames import Sender, ip_header, mac_of, udp
from house import PERSISTENT
from observers import Observer, ask
from socket_filter import incoming
from waiting import wait_until
from wire import Capture

EACH = 50
MARK = b"accounting"
POOL_ADDRESS = {4: "198.51.100.16", 6: "2001:db8:64::"}

IPV4_ONLY = """
set security flow maximum-sessions 65536
set security nat source pool resi address 198.51.100.16/29
set security nat source rule-set out from zone [ lan guest ]
set security nat source rule-set out to zone wan
set security nat source rule-set out rule all then source-nat pool resi
"""


def _unanswered(source, destination):
    """=> {reason: a packet from inside that is dropped for it}"""
    four = ":" not in source
    header = ip_header(source, destination)
    echo_reply = ICMP(type=0, id=7) if four else ICMPv6EchoReply(id=7)
    fragment = IP(src=source, dst=destination, flags="MF", proto=46) if four else \
        header / IPv6ExtHdrFragment(m=1, id=9, nh=46)
    return {
        "malformed_packet": header / UDP(sport=1, dport=2, len=3) / Raw(MARK),
        "fragment_unknown": fragment / Raw(MARK.ljust(24)),
        "unsupported_protocol": _with_protocol(source, destination, 132) / Raw(MARK),
        "no_flow": header / echo_reply / Raw(MARK),
        "tcp_not_syn": header / TCP(sport=1, dport=2, flags="A") / Raw(MARK),
        "spoofed_source": udp(POOL_ADDRESS[4 if four else 6], destination, MARK),
    }


def _with_protocol(source, destination, protocol):
    name = "nh" if ":" in source else "proto"
    return ip_header(source, destination, **{name: protocol})


class Ledger:
    """What was counted since it was made."""

    def __init__(self, house):
        self.house = house
        self.wire = Capture(house.router, "eth0", incoming())
        self.reasons, self.received = house.gateway.quiet_moment()
        self.seen = 0

    def counted(self, reason, expected):
        """=> packets under a reason, once at least as many as expected have been judged"""
        def count():
            return self.house.gateway.reasons()[reason] - self.reasons[reason]
        wait_until(lambda: count() >= expected, f"{expected} packets counted as {reason}")
        self.house.gateway.quiet_moment()
        return count()

    def seen_outside(self, expected):
        """=> marked packets on the outside wire, once as many as expected have come"""
        def count():
            self.seen += sum(1 for _ in self.wire.frames_with(MARK))
            return self.seen
        wait_until(lambda: count() >= expected, f"{expected} packets outside")
        self.house.gateway.quiet_moment()
        return count()

    def check_total(self):
        """Every frame received was counted exactly once."""
        reasons, received = self.house.gateway.quiet_moment()
        counted = sum(reasons.values()) - sum(self.reasons.values())
        received -= self.received
        assert counted == received, f"{received} frames received, {counted} counted"


def _inside_sender(house):
    return Sender(house.host("a1"), "eth0", mac_of(house.gateway, "eth0"))


def test_drops_are_counted(lab):
    """each kind of refused packet is counted exactly, under its reason, and none comes out [R8]"""
    house = lab.house(PERSISTENT)
    sender = _inside_sender(house)
    for family in (4, 6):
        packets = _unanswered(house.host("a1").address(family), house.server("s1", family))
        for reason, packet in packets.items():
            ledger = Ledger(house)
            sender.send(packet, EACH)
            assert ledger.counted(reason, EACH) == EACH, reason
            assert ledger.seen_outside(0) == 0, reason
            ledger.check_total()


def test_uninvited_packets_are_counted(lab):
    """packets from outside that no flow expects are counted, and none gets in [R8]"""
    house = lab.house(PERSISTENT)
    sender = Sender(house.router, "eth0", mac_of(house.gateway, "eth1"))
    inside = Capture(house.host("a1"), "eth0", incoming())
    for family in (4, 6):
        ledger = Ledger(house)
        sender.send(udp(house.server("s1", family), POOL_ADDRESS[family], MARK), EACH)
        assert ledger.counted("filtered_inbound", EACH) == EACH
        ledger.check_total()
    assert not list(inside.frames_with(MARK))


def test_no_flow_is_logged(lab):
    """what runs writes down neither who opens flows nor to where, from first packet to last
    [RFC6888 REQ-12]"""
    house = lab.house(PERSISTENT)
    gateway, host = house.gateway, house.host("a1")
    Observer(house.servers["s1"])
    for family in (4, 6):
        for protocol in ("udp", "tcp"):
            ask(host, house.server("s1", family), protocol)
    assert gateway.flow_count() == 4
    gateway.cli("clear", "security", "flow", "session", "all")
    assert gateway.flow_count() == 0
    logged = gateway.daemon.output()
    assert "in force" in logged, logged
    for address in (each for family in (4, 6)
                    for each in (host.address(family), house.server("s1", family))):
        assert address not in logged, logged


def test_delivered_and_dropped_add_up(lab):
    """of a mix of packets, all that no reason accounts for were delivered [R8]"""
    house = lab.house(PERSISTENT)
    Observer(house.servers["s1"])
    sender = _inside_sender(house)
    for family in (4, 6):
        source, server = house.host("a1").address(family), house.server("s1", family)
        ask(house.host("a1"), server, "udp")
        refused = _unanswered(source, server).values()
        ledger = Ledger(house)
        for number in range(EACH):
            sender.send(udp(source, server, MARK, sport=5000 + number))
            for packet in refused:
                sender.send(packet)
        assert ledger.counted("translated_out", EACH) == EACH
        assert ledger.seen_outside(EACH) == EACH
        ledger.check_total()


def test_wrong_family_fails_closed(lab):
    """IPv6 for a pool of IPv4: dropped under its reason, shown with rule and pool, no leak"""
    house = lab.house(PERSISTENT, rules=IPV4_ONLY)
    gateway = house.gateway
    gateway.set("ipv6/conf/all/forwarding", 1)
    ledger = Ledger(house)
    source, server = house.host("a1").address(6), house.server("s1", 6)
    _inside_sender(house).send(udp(source, server, MARK), EACH)
    assert ledger.counted("source_nat_pool_wrong_family", EACH) == EACH
    assert ledger.seen_outside(0) == 0
    event = gateway.failures()[0]
    assert (event["reason"], event["rule"], event["source"], event["destination"]) == \
        ("source_nat_pool_wrong_family", "all", source, server), event
    assert gateway.rule("all")["failures"] == {"source_nat_pool_wrong_family": EACH}


def test_flow_table_full(lab):
    """a full flow table refuses new flows, counted, and keeps those that it has"""
    house = lab.house(PERSISTENT, "set security flow maximum-sessions 64")
    Observer(house.servers["s1"])
    sender = _inside_sender(house)
    source, server = house.host("a1").address(4), house.server("s1", 4)
    ask(house.host("a1"), server, "udp")
    room = house.gateway.verify()["free_slots"]
    ledger = Ledger(house)
    for _ in range(2):
        for number in range(room + EACH):
            sender.send(udp(source, server, MARK, sport=5000 + number))
    assert ledger.counted("flow_table_full", 2 * EACH) == 2 * EACH
    assert ledger.seen_outside(2 * room) == 2 * room
    assert house.gateway.verify()["free_slots"] == 0


def test_figures_are_true(lab):
    """pool, rule and flow figures are what really happened, per address and protocol too"""
    house = lab.house(PERSISTENT)
    gateway, source = house.gateway, house.host("a1").address(4)
    server = house.server("s1", 4)
    Observer(house.servers["s1"])
    public = gateway.explain(source, "--from-zone", "lan", "--to-zone", "wan")["address"]
    sender = _inside_sender(house)
    clients_ports = range(6000, 6000 + EACH)
    judged = gateway.judged()
    for port in clients_ports:
        sender.send(udp(source, server, MARK, sport=port), 3)
    wait_until(lambda: gateway.judged() >= judged + 3 * EACH, "every packet to be judged")
    for _ in range(5):
        ask(house.host("a1"), server, "tcp")
    pool, rule = gateway.pool("resi"), gateway.rule("all")
    in_use = {each["address"]: (each["tcp"], each["udp"], each["icmp"])
              for each in pool["addresses"]}
    assert in_use.pop(public) == (5, EACH, 0), pool
    assert set(in_use.values()) == {(0, 0, 0)}, pool
    assert pool["flows"] == pool["allocations"] == rule["flows"] == EACH + 5
    flows = gateway.flows(protocol=17)
    assert sorted(flow["source_port"] for flow in flows) == list(clients_ports)
    assert {flow["out"]["packets"] for flow in flows} == {3}
