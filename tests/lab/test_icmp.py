# SPDX-License-Identifier: Apache-2.0
"""ICMP errors, the kernel's and other routers': traceroute and path MTU discovery."""
import socket
import threading

from scapy.layers.inet import ICMP
from scapy.layers.inet6 import ICMPv6DestUnreach

import clients
from frames import Sender, ip_header, mac_of, udp
from house import GATEWAY_LAN, PERSISTENT, ROUTER
from observers import FAMILIES, PORT, Conversation, Observer
from oracle import packed, parse, text_of
from socket_filter import incoming
from waiting import wait_until
from wire import Capture

SMALL_MTU = 1400
BIG_BYTES = 1472 - 20  # fits 1500 bytes in both families, and not 1400
IP_MTU_DISCOVER, IP_PMTUDISC_DO, IP_MTU = 10, 2, 14
IPV6_MTU_DISCOVER, IPV6_MTU = 23, 24
STREAM_BYTES = 3_000_000


def _check_traceroute(lab, *words, families=FAMILIES):
    house = lab.house(PERSISTENT)
    for family in families:
        server = house.server("s1", family)
        hops = clients.traceroute(house.host("a1"), server, *words)
        assert hops == [GATEWAY_LAN[family], ROUTER[family], server], hops


def test_traceroute_udp(lab):
    """traceroute by UDP shows the gateway and the hops beyond it, in both families"""
    _check_traceroute(lab)


def test_traceroute_icmp(lab):
    """traceroute by echo requests"""
    _check_traceroute(lab, "-I")


def test_traceroute_tcp(lab):
    """traceroute by TCP, to an open port"""
    _check_traceroute(lab, "-T", "-p", "7001")


def test_ttl_from_outside(lab):
    """a TTL that ends at the gateway on the way in is answered, and names nobody inside"""
    house = lab.house(PERSISTENT)
    Observer(house.servers["s1"])
    wire = Capture(house.router, "eth0", incoming())
    for family in FAMILIES:
        with Conversation(house.host("a1"), house.server("s1", family), "udp") as talk:
            address, port = talk.ask()
            sender = Sender(house.router, "eth0", mac_of(house.gateway, "eth1"))
            hops = {"ttl": 1} if family == 4 else {"hlim": 1}
            sender.send(udp(house.server("s1", family), address, sport=PORT, dport=port, **hops))
            error, _ = wire.wait_for(lambda packet: packet.kind == parse.ICMP_ERROR,
                                     "the ICMP error")
            assert text_of(error.inner.destination) == address
            assert error.inner.destination_port == port


def _unreachable(family, **fields):
    """=> an ICMP header, its checksum what the fields say"""
    if family == 4:
        return ICMP(type=3, code=1, **fields)
    return ICMPv6DestUnreach(code=3, **{"cksum" if name == "chksum" else name: value
                                        for name, value in fields.items()})


def test_errors_with_wrong_checksums(lab):
    """an ICMP error with a wrong checksum is dropped, and the host hears of the right one alone"""
    house = lab.house(PERSISTENT)
    Observer(house.servers["s1"])
    sender = Sender(house.router, "eth0", mac_of(house.gateway, "eth1"))
    for family in FAMILIES:
        server = house.server("s1", family)
        with Conversation(house.host("a1"), server, "udp") as talk:
            address, port = talk.ask()
            wire = Capture(house.host("a1"), "eth0", incoming())
            before = house.gateway.reasons()["malformed_packet"]
            outer = ip_header(ROUTER[family], address)
            quoted = udp(address, server, b"quoted", sport=port, dport=PORT)
            sender.send(outer / _unreachable(family, chksum=0x1234) / quoted)
            if family == 4:
                sender.send(outer / _unreachable(4) / udp(address, server, b"quoted", sport=port,
                                                          dport=PORT, chksum=0x4321))
            wrong = 2 if family == 4 else 1
            wait_until(lambda before=before, wrong=wrong: house.gateway.reasons()
                       ["malformed_packet"] == before + wrong, "the errors to be dropped")
            sender.send(outer / _unreachable(family) / quoted)
            wire.wait_for(lambda packet: packet.kind == parse.ICMP_ERROR, "the right error")
            assert not [packet for packet, _ in wire.packets() if packet.kind == parse.ICMP_ERROR]
            wire.close()


def _send_with_df(talk, family):
    """=> the path MTU that the host learns from sending what is too big"""
    level, discover, mtu = ((socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_MTU) if family == 4 else
                            (socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_MTU))
    talk.socket.setsockopt(level, discover, IP_PMTUDISC_DO)

    def learnt():
        try:
            talk.socket.send(bytes(BIG_BYTES))
        except OSError:  # EMSGSIZE, once it knows
            pass
        now = talk.socket.getsockopt(level, mtu)
        return now if now < 1500 else None
    found = wait_until(learnt, "the host to learn the path MTU")
    talk.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)  # takes the ICMP error, if one waits
    return found


def _check_path_mtu(house):
    Observer(house.servers["s1"])
    for family in FAMILIES:
        with Conversation(house.host("a1"), house.server("s1", family), "udp") as talk:
            before = talk.ask()
            assert _send_with_df(talk, family) == SMALL_MTU
            assert talk.ask() == before


def test_path_mtu_at_the_gateway(lab):
    """too big for the gateway's own egress: the kernel answers, the host learns the MTU"""
    house = lab.house(PERSISTENT)
    house.gateway.ip("link", "set", "eth1", "mtu", SMALL_MTU)
    _check_path_mtu(house)


def test_path_mtu_beyond(lab):
    """too big for a router further on: its ICMP error comes through, the host learns the MTU"""
    house = lab.house(PERSISTENT)
    house.router.ip("link", "set", "s1", "mtu", SMALL_MTU)
    _check_path_mtu(house)


def _fetch(host, server, family, upload):
    """Move STREAM_BYTES between a host and a server by TCP. => bytes that arrived"""
    listener = server.socket(FAMILIES[family], socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("::" if family == 6 else "0.0.0.0", 8000))
    listener.listen()
    client = host.socket(FAMILIES[family], socket.SOCK_STREAM)
    for sock in (listener, client):
        sock.settimeout(20)
    client.connect((server.address(family), 8000))
    accepted, _ = listener.accept()
    accepted.settimeout(20)
    source, sink = (client, accepted) if upload else (accepted, client)

    def pour():
        source.sendall(bytes(STREAM_BYTES))
        source.shutdown(socket.SHUT_WR)
    thread = threading.Thread(target=pour)
    thread.start()
    arrived = 0
    while data := sink.recv(1 << 16):
        arrived += len(data)
    thread.join()
    for sock in (listener, client, accepted):
        sock.close()
    return arrived


def test_tcp_over_small_mtu(lab):
    """TCP moves megabytes over a small MTU on either side, in either direction and family"""
    house = lab.house(PERSISTENT, inspect_one_in=16)
    for namespace, interface in ((house.gateway, "eth1"), (house.gateway, "eth0")):
        namespace.ip("link", "set", interface, "mtu", SMALL_MTU)
        for family in FAMILIES:
            for upload in (True, False):
                assert _fetch(house.host("a1"), house.servers["s1"], family, upload) == STREAM_BYTES
        namespace.ip("link", "set", interface, "mtu", 1500)


def test_path_mtu_from_outside(lab):
    """from outside, too big for the inside link: the server learns the MTU and no inside address"""
    house = lab.house(PERSISTENT)
    house.gateway.ip("link", "set", "eth0", "mtu", SMALL_MTU)
    wire = Capture(house.router, "eth0", incoming())
    for family in FAMILIES:
        server = house.servers["s2"].socket(FAMILIES[family], socket.SOCK_DGRAM)
        server.bind(("::" if family == 6 else "0.0.0.0", 7001))
        server.settimeout(5)
        talk = house.host("a1").socket(FAMILIES[family], socket.SOCK_DGRAM)
        talk.connect((house.server("s2", family), 7001))
        talk.send(b"hello")
        _, peer = server.recvfrom(64)
        level, discover = ((socket.IPPROTO_IP, IP_MTU_DISCOVER) if family == 4 else
                           (socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER))
        server.setsockopt(level, discover, IP_PMTUDISC_DO)
        server.sendto(bytes(BIG_BYTES), peer)
        error, _ = wire.wait_for(lambda packet: packet.kind == parse.ICMP_ERROR, "the ICMP error")
        assert error.inner.destination == packed(peer[0])
        assert error.inner.destination_port == peer[1]
        _wait_for_small_mtu(house.servers["s2"], peer[0])


def _wait_for_small_mtu(namespace, destination):
    wait_until(lambda: f"mtu {SMALL_MTU}" in namespace.ip("route", "get", destination),
               f"{namespace.name} to learn the MTU to {destination}")
