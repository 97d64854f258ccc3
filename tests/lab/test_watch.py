# SPDX-License-Identifier: Apache-2.0
"""The lab's own eyes: what a test relies on must be able to fail."""
from scapy.layers.inet import ICMP, UDP
from scapy.layers.l2 import Dot1Q

from frames import Sender, ip_header, mac_of, udp
from lab import raises
from observers import Observer, ask
from house import INSIDE

FROM_POOL = "198.51.100.16"


def _routed_house(lab):
    """A gateway that only routes, so that everything leaves untranslated."""
    house = lab.bare_house()
    house.route(INSIDE)
    house.watch_wire()
    return house


def _gateway_sender(house):
    return Sender(house.gateway, "eth1", mac_of(house.router, "eth0"))


def _expect_complaint(house, text):
    with raises(AssertionError, text):
        house.watch.check()
    house.watch = None


def test_untranslated_ipv4_is_noticed(lab):
    """an untranslated IPv4 packet on the outside wire fails a test"""
    house = _routed_house(lab)
    Observer(house.servers["s1"])
    assert ask(house.host("a1"), house.server("s1", 4))[0] == house.host("a1").address(4)
    _expect_complaint(house, "left untranslated")


def test_untranslated_ipv6_is_noticed(lab):
    """an untranslated IPv6 packet on the outside wire fails a test"""
    house = _routed_house(lab)
    Observer(house.servers["s1"])
    assert ask(house.host("a1"), house.server("s1", 6))[0] == house.host("a1").address(6)
    _expect_complaint(house, "left untranslated")


def test_untranslated_tagged_frame_is_noticed(lab):
    """so does one in a tagged frame"""
    house = _routed_house(lab)
    _gateway_sender(house).send(Dot1Q(vlan=5) / udp("10.0.1.11", house.server("s1", 4)))
    _expect_complaint(house, "left untranslated")


def test_wrong_checksum_is_noticed(lab):
    """a packet with a wrong checksum on the outside wire fails a test"""
    house = _routed_house(lab)
    packet = ip_header(FROM_POOL, house.server("s1", 4)) / UDP(sport=1, dport=2, chksum=1)
    _gateway_sender(house).send(packet)
    _expect_complaint(house, "wrong checksum")


def test_quoted_inside_host_is_noticed(lab):
    """an ICMP error that quotes an inside host fails a test"""
    house = _routed_house(lab)
    quoted = udp(house.server("s1", 4), "10.0.1.11")
    _gateway_sender(house).send(ip_header(FROM_POOL, house.server("s1", 4))
                                / ICMP(type=3, code=3) / quoted)
    _expect_complaint(house, "quotes an inside host")
