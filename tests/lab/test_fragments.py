# SPDX-License-Identifier: Apache-2.0
"""Fragments, in order and out of order, by real kernels and by hand [RFC4787 REQ-14]."""
import os
import random
import socket
import struct
import threading

from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6, IPv6ExtHdrFragment
from scapy.packet import Raw

import clients
from frames import Sender, mac_of, udp
from house import GATEWAY_WAN
from observers import ANY, FAMILIES, ask, Observer
from oracle import parse, text_of
from socket_filter import incoming
from waiting import wait_until
from wire import Capture

PORT = 7100
BIG_BYTES = 4000
PIECE_BYTES = 1000  # of a datagram cut by hand; a multiple of 8
TIMEOUT_S = 5
HELD_PER_SOURCE = 32
FLOOD = 10_000
MARK = b"fragmented"
SAME_ID = 4711

ONE_ADDRESS = """
set security flow maximum-sessions 65536
set security nat source pool resi address 198.51.100.16/32
set security nat source pool resi address 2001:db8:64::1/128
set security nat source rule-set out from zone [ lan guest ]
set security nat source rule-set out to zone wan
set security nat source rule-set out rule all then source-nat pool resi
"""
INTERFACE = ONE_ADDRESS.replace("pool resi\n", "interface\n")


def _udp_socket(namespace, family, port=0):
    sock = namespace.socket(FAMILIES[family], socket.SOCK_DGRAM)
    sock.settimeout(TIMEOUT_S)
    if family == 6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    sock.bind((ANY[family], port))
    return sock


class Echo:
    """Sends every datagram back to where it came from, until it is closed."""

    def __init__(self, namespace):
        self.sockets = [_udp_socket(namespace, family, PORT) for family in FAMILIES]
        for sock in self.sockets:
            sock.settimeout(None)
            threading.Thread(target=self._run, args=(sock,), daemon=True).start()

    @staticmethod
    def _run(sock):
        while True:
            content, peer = sock.recvfrom(1 << 16)
            sock.sendto(content, peer)


def _content(length=BIG_BYTES):
    return MARK + os.urandom(length - len(MARK))


def cut(packet, identification):
    """=> an IP packet in fragments, in order"""
    data = bytes(packet)
    payload, protocol = (data[20:], data[9]) if isinstance(packet, IP) else (data[40:], data[6])
    pieces = [payload[at:at + PIECE_BYTES] for at in range(0, len(payload), PIECE_BYTES)]
    return [_fragment(packet, protocol, number * PIECE_BYTES // 8, number + 1 < len(pieces),
                      identification, piece) for number, piece in enumerate(pieces)]


def _fragment(header, protocol, units, more, identification, piece):
    if isinstance(header, IP):
        return IP(src=header.src, dst=header.dst, proto=protocol, id=identification,
                  flags="MF" if more else 0, frag=units) / Raw(piece)
    return (IPv6(src=header.src, dst=header.dst)
            / IPv6ExtHdrFragment(nh=protocol, m=int(more), offset=units, id=identification)
            / Raw(piece))


def _reversed(parts):
    return parts[::-1]


def _last_first(parts):
    return [parts[-1], *parts[:-1]]


def _shuffled(parts):
    return random.sample(parts, len(parts))


def _doubled(parts):
    return [part for part in parts for _ in range(2)]


def _overtaken(parts):
    return [parts[1], parts[0], parts[0], *parts[1:]]


ORDERS = (list, _reversed, _last_first, _shuffled, _doubled, _overtaken)


def _sender(house, name):
    return Sender(house.host(name), "eth0", mac_of(house.gateway, house.interface_to(name)))


def _introduce(house, names=("a1",)):
    """Neighbours know each other, so that no packet waits for that."""
    Observer(house.servers["s1"])
    for name in names:
        for family in FAMILIES:
            ask(house.host(name), house.server("s1", family), "udp")


def test_kernels_fragment(lab):
    """[RFC4787 REQ-14] ping and UDP larger than the MTU, cut up by kernels, both families"""
    house = lab.house(rules=ONE_ADDRESS)
    Echo(house.servers["s1"])
    for family in FAMILIES:
        server = house.server("s1", family)
        for name in ("a1", "b1"):
            assert clients.ping(house.host(name), server, 5, "-s", "3000", "-M", "dont") == 5
            with _udp_socket(house.host(name), family) as client:
                for _ in range(20):
                    content = _content()
                    client.sendto(content, (server, PORT))
                    assert client.recv(1 << 16) == content


def test_any_order_out(lab):
    """[RFC4787 REQ-14] datagrams whose fragments come in any order arrive whole outside"""
    house = lab.house(rules=ONE_ADDRESS)
    _introduce(house)
    sender = _sender(house, "a1")
    for family in FAMILIES:
        source, server = house.host("a1").address(family), house.server("s1", family)
        with _udp_socket(house.servers["s1"], family, PORT) as listener:
            for number, order in enumerate(ORDERS):
                content = _content()
                for part in order(cut(udp(source, server, content, dport=PORT), 100 + number)):
                    sender.send(part)
                assert listener.recv(1 << 16) == content, order.__name__


def test_any_order_in(lab):
    """[RFC4787 REQ-14] and so do those that come from outside"""
    house = lab.house(rules=ONE_ADDRESS)
    _introduce(house)
    sender = Sender(house.router, "eth0", mac_of(house.gateway, "eth1"))
    for family in FAMILIES:
        server = house.server("s1", family)
        with _udp_socket(house.host("a1"), family) as client, \
                _udp_socket(house.servers["s1"], family, PORT) as listener:
            client.sendto(MARK, (server, PORT))
            address, port = listener.recvfrom(1 << 16)[1][:2]
            for number, order in enumerate(ORDERS):
                content = _content()
                answer = udp(server, address, content, sport=PORT, dport=port)
                for part in order(cut(answer, 200 + number)):
                    sender.send(part)
                assert client.recv(1 << 16) == content, order.__name__


def _ids_outside(wire, family):
    """=> {where it came from: ids of its fragments} of what is seen on the wire"""
    seen = set()
    for packet, frame in wire.packets():
        if packet.fragment and packet.family == family:
            at = packet.ip_at + 4 if family == 4 else packet.transport_at - 4
            seen.add((text_of(packet.source), frame.data[at:packet.ip_at + 6 if family == 4
                                                         else packet.transport_at]))
    return seen


def test_equal_ids_do_not_collide(lab):
    """[RFC7857 section 10] two hosts behind one address, one server, one id: both arrive whole"""
    house = lab.house(rules=ONE_ADDRESS)
    names = ("a1", "b1")
    _introduce(house, names)
    senders = [_sender(house, name) for name in names]
    wire = Capture(house.router, "eth0", incoming())
    for family in FAMILIES:
        server = house.server("s1", family)
        with _udp_socket(house.servers["s1"], family, PORT) as listener:
            for order in (list, _reversed):
                contents = [_content() for _ in names]
                parts = [order(cut(udp(house.host(name).address(family), server, content,
                                       dport=PORT), SAME_ID))
                         for name, content in zip(names, contents)]
                for together in zip(*parts):
                    for sender, part in zip(senders, together):
                        sender.send(part)
                assert {listener.recv(1 << 16) for _ in names} == set(contents), order.__name__
        seen = _ids_outside(wire, family)
        assert len(seen) >= 2 and len({source for source, _ in seen}) == 1, seen


def _bogus(source, destination, number):
    """=> a fragment that has no first one"""
    header = udp(source, destination)
    return _fragment(header, 17, 125, True, number % 0x10000, MARK.ljust(64, b"."))


def test_flood_of_fragments(lab):
    """[RFC4787 REQ-14a] fragments that lead nowhere fill their own part, and hold up nobody else"""
    house = lab.house(rules=ONE_ADDRESS)
    Echo(house.servers["s1"])
    _introduce(house, ("a1", "a2"))
    server = house.server("s1", 4)
    flooder = _sender(house, "a2")
    frames = [bytes(flooder.link / _bogus(house.host("a2").address(4), server, number))
              for number in range(FLOOD)]
    before = house.gateway.reasons()
    wire = Capture(house.router, "eth0", incoming())
    from_outside = Sender(house.router, "eth0", mac_of(house.gateway, "eth1"))
    with _udp_socket(house.host("a1"), 4) as client, \
            _udp_socket(house.servers["s1"], 4, PORT + 1) as listener:
        client.sendto(MARK, (server, PORT + 1))
        address, port = listener.recvfrom(1 << 16)[1][:2]
        for number in range(20):
            for frame in frames[number::20]:
                flooder.send_bytes(frame)
            content = _content()  # in order
            client.sendto(content, (server, PORT))
            assert client.recv(1 << 16) == content
            content = _content()  # out of order, on the other side
            answer = udp(server, address, content, sport=PORT + 1, dport=port)
            for part in _reversed(cut(answer, 300 + number)):
                from_outside.send(part)
            assert client.recv(1 << 16) == content

    def counted(reason):
        return house.gateway.reasons()[reason] - before[reason]
    wait_until(lambda: counted("fragment_store_full") + counted("fragment_unknown")
               + house.overflowed() >= FLOOD, "all of the flood to be counted")
    assert counted("fragment_store_full") > counted("fragment_unknown") >= HELD_PER_SOURCE
    assert house.gateway.status()["fragments"]["held_now"] == 0
    assert not [frame for frame in wire.frames() if MARK.ljust(64, b".") in frame.data]


def test_gateway_itself_gets_fragments(lab):
    """fragments for the gateway's own address, to which flows are translated too, in any order"""
    house = lab.house(rules=INTERFACE)
    _introduce(house)
    sender = Sender(house.router, "eth0", mac_of(house.gateway, "eth1"))
    wire = Capture(house.servers["s1"], "eth0", incoming())
    for family in FAMILIES:
        server, own = house.server("s1", family), GATEWAY_WAN[family]
        assert clients.ping(house.servers["s1"], own, 3, "-s", "3000", "-M", "dont") == 3
        header = udp(server, own)
        header.remove_payload()
        echo = ICMP(type=8, id=7) if family == 4 else ICMPv6EchoRequest(id=7)
        for number, order in enumerate((list, _reversed)):
            content = struct.pack(">H", number) + _content(2500)
            for part in order(cut(header / echo / Raw(content), 400 + number)):
                sender.send(part)
            wire.wait_for(lambda packet: packet.fragment == parse.FIRST and
                          text_of(packet.source) == own, f"the answer to {order.__name__}")
            wait_until(lambda: not list(wire.frames()), "the rest of it")


def test_errors_about_fragments_name_nobody(lab):
    """fragments from outside that are too big or too old are answered, and name nobody inside"""
    house = lab.house(rules=ONE_ADDRESS)
    house.gateway.ip("link", "set", "eth0", "mtu", "1280")
    _introduce(house)
    sender = Sender(house.router, "eth0", mac_of(house.gateway, "eth1"))
    wire = Capture(house.router, "eth0", incoming())
    server = house.server("s1", 6)
    with _udp_socket(house.host("a1"), 6) as client, \
            _udp_socket(house.servers["s1"], 6, PORT) as listener:
        client.sendto(MARK, (server, PORT))
        address, port = listener.recvfrom(1 << 16)[1][:2]
        answer = bytes(udp(server, address, _content(2800 - 8), sport=PORT, dport=port))[40:]
        for hops, piece in ((64, 1400), (1, 1000)):
            for number, at in enumerate(range(0, len(answer), piece)):
                sender.send(IPv6(src=server, dst=address, hlim=hops)
                            / IPv6ExtHdrFragment(nh=17, m=1, offset=at // 8, id=500 + hops)
                            / Raw(answer[at:at + piece]))
            error, _ = wire.wait_for(lambda packet: packet.kind == parse.ICMP_ERROR, "the error")
            assert text_of(error.inner.destination) == address
            assert error.inner.destination_port == port
        client.sendto(MARK, (server, PORT))  # behind all errors about later ones
        wire.wait_for(lambda packet: packet.kind == parse.UDP, "the last packet")


def test_fragments_without_a_dataplane(lab):
    """what is held while nobody looks after it is counted when holdfast-dp is back"""
    house = lab.house(rules=ONE_ADDRESS)
    _introduce(house)
    sender = _sender(house, "a1")
    before = house.gateway.reasons()["fragment_unknown"]
    source, server = house.host("a1").address(4), house.server("s1", 4)
    for number in range(8):
        sender.send(_bogus(source, server, number))
    wait_until(lambda: house.gateway.status()["fragments"]["held_now"] == 8, "eight to wait")
    house.gateway.kill_dataplane()
    wait_until(lambda: house.gateway.reasons()["fragment_unknown"] == before + 8,
               "them to be given up")
    assert house.gateway.status()["fragments"]["held_now"] == 0
