# SPDX-License-Identifier: Apache-2.0
"""Section 3.5 of docs/packet-path.md: which rule-set, which rule."""
from itertools import permutations

import pytest

from gateway import (HOST, HOST6, ICMP, IP, LAN, REMOTE, REMOTE6, TCP, UDP, Gateway, IPv6, Raw,
                     base_builder)
from scapy.all import IPv6ExtHdrDestOpt, IPv6ExtHdrFragment
from scenario_builder import application, interface_context, ports, rule, zone_context

CONTEXTS = {
    "zone-zone": (zone_context("lan"), zone_context("wan")),
    "zone-interface": (zone_context("lan"), interface_context("wan0")),
    "interface-zone": (interface_context("lan0"), zone_context("wan")),
    "interface-interface": (interface_context("lan0"), interface_context("wan0")),
}
PRECEDENCE = ["interface-interface", "interface-zone", "zone-interface", "zone-zone"]
OFF = ("kernel", "rule_off")
NO_RULE = ("kernel", "no_rule")


@pytest.mark.parametrize("names", permutations(PRECEDENCE, 2))
def test_most_specific_context_wins_wherever_it_stands(names):
    builder = base_builder()
    for name in names:
        builder.rule_set(name, *CONTEXTS[name], rule("all", "p"))
    gateway = Gateway(builder)
    gateway.out(IP(src=HOST, dst=REMOTE) / UDP(sport=1, dport=2))
    assert gateway.flow()["rule"][0] == min(names, key=PRECEDENCE.index)


def test_a_less_specific_rule_set_is_not_asked():
    builder = base_builder()
    builder.rule_set("zones", *CONTEXTS["zone-zone"], rule("all", "p"))
    builder.rule_set("interfaces", *CONTEXTS["interface-interface"],
                     rule("tcp", "p", protocols=[6]))
    assert Gateway(builder).reason(LAN, IP(src=HOST, dst=REMOTE) / UDP()) == NO_RULE


def test_no_rule_set():
    builder = base_builder()
    builder.rule_set("other", zone_context("wan"), zone_context("lan"), rule("all", "p"))
    assert Gateway(builder).reason(LAN, IP(src=HOST, dst=REMOTE) / UDP()) == NO_RULE


def test_first_match_decides():
    """[RFC6888 REQ-6]"""
    gateway = Gateway(rules=[rule("off", "off", destination_addresses=["192.0.2.0/31"]),
                             rule("all", "p")])
    assert gateway.reason(LAN, IP(src=HOST, dst=REMOTE) / UDP()) == OFF
    assert gateway.reason(LAN, IP(src=HOST, dst="192.0.2.2") / UDP())[0] == "forward"
    assert gateway.nat.state()["rules"]["out/off"]["hits"] == 0


@pytest.mark.parametrize("conditions, packet, holds", [
    ({"source_addresses": ["10.0.1.8/29"]}, IP(src=HOST, dst=REMOTE) / UDP(), True),
    ({"source_addresses": ["10.0.1.0/29", "2001:db8::/32"]}, IP(src=HOST, dst=REMOTE) / UDP(),
     False),
    ({"source_addresses": ["::/0"]}, IP(src=HOST, dst=REMOTE) / UDP(), False),
    ({"source_addresses": ["10.0.1.0/29", "2001:db8::/32"]},
     IPv6(src=HOST6, dst=REMOTE6) / UDP(), True),
    ({"source_ports": [ports(5, 9)]}, IP(src=HOST, dst=REMOTE) / UDP(sport=9), True),
    ({"source_ports": [ports(5, 9)]}, IP(src=HOST, dst=REMOTE) / UDP(sport=10), False),
    ({"source_ports": [ports(5), ports(10)]}, IP(src=HOST, dst=REMOTE) / UDP(sport=10), True),
    ({"destination_ports": [ports(0, 65535)]}, IP(src=HOST, dst=REMOTE) / ICMP(), False),
    ({"destination_ports": [ports(0, 65535)]}, IP(src=HOST, dst=REMOTE, proto=46), False),
    ({"protocols": [6, 46]}, IP(src=HOST, dst=REMOTE, proto=46) / Raw(b"x"), True),
    ({"protocols": [6]}, IP(src=HOST, dst=REMOTE) / UDP(), False),
    ({"applications": [application("http", 6, 80)]}, IP(src=HOST, dst=REMOTE) / TCP(dport=80),
     True),
    ({"applications": [application("http", 6, 80)]}, IP(src=HOST, dst=REMOTE) / UDP(dport=80),
     False),
    ({"applications": [application("a", 6, 80), application("b", 17, 53)]},
     IP(src=HOST, dst=REMOTE) / UDP(dport=53), True),
    ({"applications": [application("icmp", 1)]}, IP(src=HOST, dst=REMOTE) / ICMP(), True),
    ({"applications": [application("icmp", 1, 0, 65535)]}, IP(src=HOST, dst=REMOTE) / ICMP(),
     False),
    ({"applications": [application("icmp", 1)], "source_ports": [ports(1)]},
     IP(src=HOST, dst=REMOTE) / ICMP(), False)])
def test_conditions(conditions, packet, holds):
    gateway = Gateway(rules=[rule("off", "off", **conditions)])
    assert gateway.reason(LAN, packet) == (OFF if holds else NO_RULE)


def fragment6(following):
    return IPv6(src=HOST6, dst=REMOTE6) / IPv6ExtHdrFragment(nh=following, m=1) / Raw(bytes(16))


FRAGMENT = IP(src=HOST, dst=REMOTE, frag=5) / UDP(sport=1, dport=53)
HIDDEN = fragment6(60)
SSH = {"destination_ports": [ports(22)]}


@pytest.mark.parametrize("packet, conditions", [
    (FRAGMENT, SSH), (FRAGMENT, {"applications": [application("ssh", 17, 22)]}),
    (HIDDEN, SSH), (HIDDEN, {"protocols": [47]}), (HIDDEN, {"protocols": [6], **SSH}),
    (HIDDEN, {"applications": [application("ssh", 6, 22)]}),
    (HIDDEN, {"applications": [application("icmp", 58)]})])
def test_what_is_hidden_holds_for_translation_and_not_for_off(packet, conditions):
    gateway = Gateway(rules=[rule("hidden", "off", **conditions)])
    assert gateway.reason(LAN, packet) == NO_RULE
    gateway = Gateway(rules=[rule("hidden", "p", **conditions)])
    assert gateway.reason(LAN, packet) == (("held", None) if packet is FRAGMENT
                                           else ("drop", "fragment_unknown"))


@pytest.mark.parametrize("conditions", [
    {"protocols": [6]}, {"applications": [application("http", 6, 80)]},
    {"source_addresses": ["10.9.0.0/16"], **SSH}])
def test_what_a_fragment_shows_still_counts(conditions):
    gateway = Gateway(rules=[rule("tcp", "p", **conditions)])
    assert gateway.reason(LAN, FRAGMENT) == NO_RULE


def test_a_fragment_of_icmp_has_no_ports_to_hide():
    packet = IP(src=HOST, dst=REMOTE, flags="MF") / ICMP()
    assert Gateway(rules=[rule("ports", "p", **SSH)]).reason(LAN, packet) == NO_RULE


def test_off_matches_a_fragment_by_what_it_shows():
    gateway = Gateway(rules=[rule("udp", "off", protocols=[17])])
    assert gateway.reason(LAN, FRAGMENT) == OFF


def test_atomic_fragment_is_read_like_a_whole_packet():
    packet = IPv6(src=HOST6, dst=REMOTE6) / IPv6ExtHdrFragment() / IPv6ExtHdrDestOpt() / UDP(
        sport=5, dport=22)
    assert Gateway(rules=[rule("ssh", "off", **SSH)]).reason(LAN, packet) == OFF
