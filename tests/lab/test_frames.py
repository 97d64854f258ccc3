# SPDX-License-Identifier: Apache-2.0
"""Frames that are not quite ordinary."""
from scapy.layers.l2 import Dot1Q

from frames import Sender, mac_of, udp
from house import PERSISTENT
from observers import FAMILIES, Observer, ask
from oracle import text_of
from socket_filter import incoming
from test_fragments import cut
from topology import behave_like_hardware
from waiting import wait_until
from wire import Capture


def test_tagged_frames(lab):
    """a tagged packet is translated, and its tags go with it"""
    house = lab.house(PERSISTENT)
    Observer(house.servers["s1"])
    wire = Capture(house.router, "eth0", incoming())
    behave_like_hardware(house.host("a1"), "eth0")
    host = house.host("a1")
    for family in FAMILIES:
        ask(host, house.server("s1", family), "udp")
        sender = Sender(host, "eth0", mac_of(house.gateway, "eth0"))
        for tags in (Dot1Q(vlan=5), Dot1Q(vlan=5) / Dot1Q(vlan=6)):
            sender.send(tags / udp(host.address(family), house.server("s1", family), b"tagged"))
            frame = wait_until(lambda: next(wire.frames_with(b"tagged"), None), "the tagged frame")
            assert text_of(frame.packet().source).startswith(("198.51.100.", "2001:db8:64::"))
            assert frame.data[12:14] == b"\x81\x00" and frame.data[15] == 5, frame.data.hex()


def test_fragments_do_not_leak(lab):
    """[RFC4787 REQ-14] fragments without their first: fragment_unknown, none leaves untranslated"""
    house = lab.house(PERSISTENT)
    host = house.host("a1")
    before = house.gateway.reasons()["fragment_unknown"]
    sender = Sender(host, "eth0", mac_of(house.gateway, "eth0"))
    wire = Capture(house.router, "eth0", incoming())
    for family in FAMILIES:
        packet = udp(host.address(family), house.server("s1", family), b"torn".ljust(4000, b"."))
        for part in cut(packet, 7)[1:]:
            sender.send(part)
    wait_until(lambda: house.gateway.reasons()["fragment_unknown"] == before + 8,
               "them to be given up")
    assert not list(wire.frames_with(b"." * 100))
