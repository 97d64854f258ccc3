# SPDX-License-Identifier: Apache-2.0
"""What hosts are told whose packets are refused [RFC5508 REQ-8, RFC6888 REQ-11]."""
import errno
import socket
import time
from contextlib import ExitStack

from scapy.layers.inet import TCP

from frames import Raw, Sender, ip_header, mac_of, udp
from house import GATEWAY_LAN
from observers import FAMILIES, PORT, Conversation, Observer
from oracle import parse, text_of
from socket_filter import incoming
from waiting import wait_until
from wire import Capture, checksum_is_right

ONE_PORT = """
set security flow maximum-sessions 65536
set security nat source pool resi address 198.51.100.16/32
set security nat source pool resi address 2001:db8:64::/128
set security nat source pool resi port range 5000 to 5000
set security nat source rule-set out from zone [ lan guest ]
set security nat source rule-set out to zone wan
set security nat source rule-set out rule all then source-nat pool resi
"""
PROHIBITED = {4: (3, 13), 6: (1, 1)}
TOLD = {4: errno.EHOSTUNREACH, 6: errno.EACCES}  # as the host's kernel puts it
UNREACHABLE = {4: (3, 3), 6: (1, 4)}
CALLED = {4: "198.51.100.16", 6: "2001:db8:64::"}
SILENCE_S = 6
ANSWERS_A_SECOND = 10
FLOOD = 500


def _tiny_house(lab):
    house = lab.house(rules=ONE_PORT)
    Observer(house.servers["s1"])
    return house


def _is_answer(family):
    def matches(packet):
        return packet.kind == parse.ICMP_ERROR and packet.family == family and (
            text_of(packet.source) == GATEWAY_LAN[family])
    return matches


def _error_of(sock):
    """=> the error that the host's kernel has for a socket"""
    return wait_until(lambda: sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR),
                      "the host to be told")


def _counted(house):
    return house.gateway.status()["answers"]


def test_hosts_are_told(lab):
    """when the only port is taken, sockets fail at once [RFC5508 REQ-8] [RFC6888 REQ-11b]"""
    house = _tiny_house(lab)
    host = house.host("a2")
    before = _counted(house)["sent"]
    with ExitStack() as stack:
        for family in FAMILIES:
            server = house.server("s1", family)
            for protocol in ("udp", "tcp"):
                stack.enter_context(Conversation(house.host("a1"), server, protocol)).ask()
            wire = Capture(host, "eth0", incoming())
            with Conversation(host, server, "udp") as talk:
                sent = bytes(range(256)) * 4
                talk.socket.send(sent)
                packet, frame = wire.wait_for(_is_answer(family), "the answer")
                assert _error_of(talk.socket) == TOLD[family]
            at = packet.transport_at
            assert tuple(frame.data[at:at + 2]) == PROHIBITED[family]
            assert checksum_is_right(packet, frame)
            assert text_of(packet.inner.source) == host.address(family)
            assert packet.inner.destination_port == PORT
            assert packet.length == (576 if family == 4 else 48 + 48 + len(sent))
            try:
                Conversation(host, server, "tcp").close()
            except OSError as error:
                assert error.errno == TOLD[family], error
            else:
                raise AssertionError("connected without a port")
            wire.close()
    assert house.gateway.pool("resi")["exhaustions"] >= 4
    assert _counted(house)["sent"] >= before + 4


def test_protocols_that_are_not_translated(lab):
    """what cannot be translated is refused, not swallowed"""
    house = lab.house()
    host = house.host("b1")
    wire = Capture(host, "eth0", incoming())
    for family in FAMILIES:
        sender = Sender(host, "eth0", mac_of(house.gateway, "eth2"))
        fields = {"proto": 51} if family == 4 else {"nh": 51}
        sender.send(ip_header(host.address(family), house.server("s1", family), **fields)
                    / Raw(b"of AH, say"))
        packet, frame = wire.wait_for(
            lambda each, family=family: each.kind == parse.ICMP_ERROR
            and each.family == family, "the answer")
        assert tuple(frame.data[packet.transport_at:packet.transport_at + 2]) \
            == PROHIBITED[family]
        assert checksum_is_right(packet, frame)


def _flood(house, host):
    """Refused packets, many at once."""
    for family in FAMILIES:
        sender = Sender(host, "eth0", mac_of(house.gateway, "eth0"))
        for number in range(FLOOD):
            sender.send(udp(host.address(family), house.server("s1", family),
                            sport=10000 + number))


def test_a_flood_is_not_answered_in_full(lab):
    """1000 refused packets draw some answers, and all of them are counted"""
    house = _tiny_house(lab)
    host = house.host("a2")
    with ExitStack() as stack:
        for family in FAMILIES:
            stack.enter_context(Conversation(house.host("a1"), house.server("s1", family),
                                             "udp")).ask()
        before = _counted(house)
        refused = house.gateway.reasons()["source_nat_pool_exhausted"]
        _flood(house, host)

        def all_are_judged():
            return house.gateway.reasons()["source_nat_pool_exhausted"] - refused >= 2 * FLOOD
        wait_until(all_are_judged, "all packets to be refused")
        after = _counted(house)
    sent = after["sent"] - before["sent"]
    withheld = after["withheld"] - before["withheld"]
    assert sent + withheld == 2 * FLOOD, (before, after)
    assert 2 * ANSWERS_A_SECOND <= sent < FLOOD, (before, after)


def _call(house, server, ports):
    """SYNs of each family from outside to the only port of the pool. => when"""
    sender = Sender(house.router, "eth0", mac_of(house.gateway, "eth1"))
    began = time.monotonic()
    for family in FAMILIES:
        for port in ports:
            sender.send(ip_header(house.server(server, family), CALLED[family])
                        / TCP(sport=port, dport=5000, flags="S", seq=1))
    return began


def _is_late_answer(family, receiver):
    def matches(packet):
        return (packet.kind == parse.ICMP_ERROR and packet.family == family
                and text_of(packet.source) == CALLED[family]
                and text_of(packet.destination) == receiver)
    return matches


def test_unexpected_syns_are_answered_late(lab):
    """[RFC5382 REQ-4] after 6 s of silence, and not if the inside calls back [RFC5382 REQ-4a]"""
    house = _tiny_house(lab)
    before = _counted(house)["callers_told"]
    wires = {family: Capture(house.router, "eth0", incoming()) for family in FAMILIES}
    all_of_it = Capture(house.router, "eth0", incoming())
    _call(house, "s1", [PORT])
    began = _call(house, "s2", range(1, 5))  # some may find their places taken
    with ExitStack() as stack:
        for family in FAMILIES:  # from the port that was called to where the call came from
            stack.enter_context(
                Conversation(house.host("a1"), house.server("s1", family))).ask()
        for family in FAMILIES:
            receiver = house.server("s2", family)
            packet, frame = wires[family].wait_for(_is_late_answer(family, receiver),
                                                   "the answer", 2 * SILENCE_S)
            assert time.monotonic() - began >= SILENCE_S
            at = packet.transport_at
            assert tuple(frame.data[at:at + 2]) == UNREACHABLE[family]
            assert checksum_is_right(packet, frame)
            assert packet.inner.source_port in range(1, 5)
        wait_until(lambda: _counted(house)["callers_told"] >= before + 2, "them to be counted")
    assert not any(_is_late_answer(family, house.server("s1", family))(packet)
                   for packet, _ in all_of_it.packets() for family in FAMILIES)
    assert house.gateway.reasons()["filtered_inbound"] >= 10
    assert "Unexpected SYNs" in house.gateway.cli("show", "system", "dataplane")
