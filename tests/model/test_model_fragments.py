# SPDX-License-Identifier: Apache-2.0
"""Fragments (docs/packet-path.md section 9)."""
import pytest
from gateway import (HOST, HOST6, ICMP, IP, LAN, POOL, POOL6, REMOTE, REMOTE6, TCP, UDP, WAN, Ether,
                     Gateway, IPv6, Raw, base_builder)
from scapy.all import IPv6ExtHdrFragment
from scenario_builder import ports, rule
from siphash import siphash24

OUT, IN = ("forward", "translated_out"), ("forward", "translated_in")
HELD = ("held", None)
UNITS = 10  # where the second fragment begins


@pytest.fixture(name="gateway")
def small_gateway():
    return Gateway()


def first(identification=7, host=HOST, sport=5000, **fields):
    return (IP(src=host, dst=REMOTE, id=identification, flags="MF", **fields)
            / UDP(sport=sport, dport=53, len=200) / Raw(bytes(72)))


def later(identification=7, host=HOST, units=UNITS, **fields):
    return (IP(src=host, dst=REMOTE, id=identification, frag=units, proto=17, **fields)
            / Raw(b"payload."))


def first_back(identification=9, dport=1024):
    return (IP(src=REMOTE, dst=POOL, id=identification, flags="MF")
            / UDP(sport=53, dport=dport, len=200) / Raw(bytes(72)))


def later_back(identification=9):
    return IP(src=REMOTE, dst=POOL, id=identification, frag=UNITS, proto=17) / Raw(b"payload.")


def id_of(result):
    return Ether(result.frame)[IP].id


def test_in_order(gateway):
    """[RFC4787 REQ-14]"""
    result = gateway.out(first())
    assert result[:2] == OUT
    identification = id_of(result)
    result = gateway.out(later())
    assert result[:2] == OUT
    packet = Ether(result.frame)[IP]
    assert (packet.src, packet.dst, packet.ttl, packet.id) == (POOL, REMOTE, 63, identification)
    assert bytes(packet.payload) == b"payload."
    assert gateway.flow()["packets_out"] == 2


def test_the_id_is_as_documented(gateway):
    """[RFC7739 section 5.3] [RFC7857 section 10]"""
    key = bytes.fromhex(gateway.scenario["port_key"])
    hashed = siphash24(key, bytes([198, 51, 100, 1, 192, 0, 2, 1, 17]) + bytes(7))
    for count in range(3):
        assert id_of(gateway.out(first(count))) == (hashed + count) % 65536
    hashed = siphash24(key, IPv6(src=POOL6, dst=REMOTE6).build()[8:40] + b"\x11" + bytes(7))
    for count in range(3):
        packet = (IPv6(src=HOST6, dst=REMOTE6) / IPv6ExtHdrFragment(m=1, id=count)
                  / UDP(sport=5000, dport=53, len=200) / Raw(bytes(72)))
        left = Ether(gateway.out(packet).frame)[IPv6ExtHdrFragment]
        assert left.id == (hashed + count) % 2 ** 32


def test_from_outside_the_id_stays(gateway):
    gateway.out(IP(src=HOST, dst=REMOTE) / UDP(sport=5000, dport=53))
    assert id_of(gateway.back(first_back())) == 9
    result = gateway.back(later_back())
    assert result[:2] == IN
    assert Ether(result.frame)[IP].dst == HOST and id_of(result) == 9
    assert gateway.flow()["packets_in"] == 2


def test_before_the_first(gateway):
    """[RFC4787 REQ-14] It waits, and counts for nobody until it is judged."""
    assert gateway.reason(LAN, later()) == HELD
    assert gateway.reason(WAN, later_back()) == HELD
    state = gateway.nat.state()
    assert state["reasons"] == {} and state["rules"]["out/all"]["hits"] == 0
    gateway.out(first())
    assert gateway.reason(LAN, later()) == OUT


@pytest.mark.parametrize("other", [
    later(8), later(host="10.0.1.11"), IP(src=HOST, dst="192.0.2.2", id=7, frag=9, proto=17),
    IP(src=HOST, dst=REMOTE, id=7, frag=9, proto=6), IP(src=HOST, dst=REMOTE, id=7, frag=9,
                                                         proto=1)])
def test_of_another_datagram(gateway, other):
    gateway.out(first())
    assert gateway.reason(LAN, other / Raw(bytes(8))) == HELD


def test_known_for_ten_seconds(gateway):
    gateway.out(first())
    gateway.time_s += 10
    assert gateway.reason(LAN, later()) == OUT
    gateway.time_s += 1
    assert gateway.reason(LAN, later()) == HELD


def test_known_as_long_as_its_flow(gateway):
    gateway.out(first())
    gateway.nat.collect(gateway.time_s + 1000)
    assert gateway.reason(LAN, later()) == HELD
    gateway.out(IP(src=HOST, dst=REMOTE) / UDP(sport=5000, dport=53))
    assert gateway.reason(LAN, later()) == HELD


def test_again_for_the_same_flow_and_for_another(gateway):
    before = id_of(gateway.out(first()))
    assert id_of(gateway.out(first())) == before
    other = id_of(gateway.out(first(sport=5001)))
    assert other == (before + 1) % 65536
    assert id_of(gateway.out(later())) == other


def test_one_fragment_is_no_segment(gateway):
    gateway.out(IP(src=HOST, dst=REMOTE, id=7, flags="MF") / TCP(sport=1, flags="S") / bytes(12))
    result = gateway.out(IP(src=HOST, dst=REMOTE, id=7, frag=4, proto=6) / Raw(b"\xff" * 40))
    assert result[:2] == OUT
    assert gateway.flow()["tcp_state"] == "opening"


def test_ttl_and_neighbour_and_size_are_as_for_any_packet(gateway):
    gateway.out(first())
    assert gateway.reason(LAN, later(ttl=1)) == ("kernel", "ttl_expired")
    builder = base_builder()
    builder.route("192.0.2.0/24", "wan0", "203.0.113.254", 600)
    gateway = Gateway(builder)
    gateway.out(first())
    big = IP(src=HOST, dst=REMOTE, id=7, frag=UNITS, proto=17) / Raw(bytes(600))
    assert gateway.reason(LAN, big) == ("kernel_translated", "packet_too_big")
    big[IP].flags = "DF"
    assert gateway.reason(LAN, big) == ("kernel", "packet_too_big")


def test_rules_see_the_ports_of_the_first(gateway):
    gateway = Gateway(rules=[rule("dns", "p", destination_ports=[ports(53)])])
    assert gateway.reason(LAN, first()) == OUT
    assert gateway.reason(LAN, later()) == OUT
    elsewhere = first(8)
    elsewhere[UDP].dport = 54
    assert gateway.reason(LAN, elsewhere) == ("kernel", "no_rule")
    assert gateway.reason(LAN, later(8)) == HELD


def test_what_no_rule_owns_is_the_kernels(gateway):
    gateway = Gateway(rules=[rule("other", "p", source_addresses=["10.9.0.0/16"])])
    assert gateway.reason(LAN, first()) == ("kernel", "no_rule")
    assert gateway.reason(LAN, later()) == ("kernel", "no_rule")


def test_the_gateways_own():
    builder = base_builder()
    builder.pools.clear()
    builder.pool("p", ["203.0.113.1"], 1024, 1033)
    gateway = Gateway(builder)
    header = IP(src=REMOTE, dst="203.0.113.1", id=3)
    behind = IP(src=REMOTE, dst="203.0.113.1", id=3, frag=4, proto=1) / Raw(bytes(8))
    assert gateway.reason(WAN, behind) == HELD
    header.flags = "MF"
    assert gateway.reason(WAN, header / ICMP() / bytes(24)) == ("kernel", "local_destination")
    assert gateway.reason(WAN, behind) == ("kernel", "local_destination")


def test_a_first_fragment_that_is_refused_is_not_learnt(gateway):
    assert gateway.reason(WAN, first_back(dport=1030)) == ("drop", "filtered_inbound")
    assert gateway.reason(WAN, later_back()) == HELD


def test_an_echo_in_fragments(gateway):
    header = IP(src=HOST, dst=REMOTE, id=7, flags="MF")
    assert gateway.reason(LAN, header / ICMP(id=5) / bytes(24)) == OUT
    assert gateway.reason(LAN, IP(src=HOST, dst=REMOTE, id=7, frag=4, proto=1)
                          / Raw(bytes(8))) == OUT
    answer = IP(src=REMOTE, dst=POOL, id=8, flags="MF") / ICMP(type=0, id=1024) / bytes(24)
    assert gateway.reason(WAN, answer) == IN
