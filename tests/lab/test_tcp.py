# SPDX-License-Identifier: Apache-2.0
"""What may be said of TCP beside its timeouts: where connections begin, and how large segments are."""
from scapy.layers.inet import TCP

from frames import Sender, ip_header, mac_of
from house import PERSISTENT
from observers import FAMILIES, PORT, Conversation, Observer
from oracle import parse
from socket_filter import incoming
from waiting import wait_until
from wire import Capture, checksum_is_right

MSS = 1200
SYN, ACK = 0x02, 0x10
CLAMPED = "set security flow tcp-mss all-tcp mss 1200\n"
UNCHECKED = "set security flow tcp-session no-syn-check\n"


def _size_of(frame, packet):
    """=> the segment size that a SYN offers"""
    return dict(TCP(frame.data[packet.transport_at:packet.end_at]).options)["MSS"]


def _syn(flags):
    def matches(packet):
        return packet.kind == parse.TCP and packet.tcp_flags & (SYN | ACK) == flags
    return matches


def test_segment_sizes(lab):
    """both SYNs of a connection offer no more than tcp-mss says, and their checksums are right"""
    house = lab.house(PERSISTENT, CLAMPED)
    Observer(house.servers["s1"])
    for family in FAMILIES:
        outside = Capture(house.servers["s1"], "eth0", incoming())
        inside = Capture(house.host("a1"), "eth0", incoming())
        with Conversation(house.host("a1"), house.server("s1", family)) as talk:
            talk.ask()
        for wire, flags in ((outside, SYN), (inside, SYN | ACK)):
            packet, frame = wire.wait_for(_syn(flags), "the SYN")
            assert packet.family == family
            assert _size_of(frame, packet) == MSS
            assert checksum_is_right(packet, frame)
            wire.close()


def _under_way(house, family):
    """A segment of a connection that nobody knows, from inside."""
    host, server = house.host("a1"), house.server("s1", family)
    sender = Sender(host, "eth0", mac_of(house.gateway, "eth0"))
    sender.send(ip_header(host.address(family), server)
                / TCP(sport=4000, dport=PORT, flags="A", seq=1000, ack=2000))


def test_segments_under_way(lab):
    """they open no flow, but with no-syn-check they do, and the other end hears of them"""
    house = lab.house(PERSISTENT)
    for family in FAMILIES:
        before = house.gateway.reasons()["tcp_not_syn"]
        _under_way(house, family)
        wait_until(lambda before=before: house.gateway.reasons()["tcp_not_syn"] > before,
                   "the segment to be dropped")
    assert house.gateway.flow_count() == 0
    house.gateway.commit(house.gateway.config_file.read_text() + UNCHECKED)
    for family in FAMILIES:
        wire = Capture(house.servers["s1"], "eth0", incoming())
        _under_way(house, family)
        packet, frame = wire.wait_for(lambda each: each.kind == parse.TCP, "the segment")
        assert packet.tcp_flags & ACK and checksum_is_right(packet, frame)
        wait_until(lambda family=family: house.gateway.flow_count() >= (1 if family == 4 else 2),
                   "the flow")
        wire.close()
