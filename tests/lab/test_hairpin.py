# SPDX-License-Identifier: Apache-2.0
"""Hairpinning: inside hosts call each other by their translated addresses and ports."""
import socket
from ipaddress import ip_address, ip_network

import clients
from house import PERSISTENT, POOL
from observers import FAMILIES
from waiting import wait_until

RULE = "set security nat source rule-set out rule all then source-nat pool persistent-nat permit "
CALLED_PORT, CALLER_PORT, SERVER_PORT = 4000, 4001, 7000
TIMEOUT_S = 5


def _house(lab, permit="any-remote-host"):
    return lab.house(PERSISTENT, RULE + permit)


def _bound(namespace, kind, family, port):
    """=> a socket that others may share the port with"""
    sock = namespace.socket(FAMILIES[family], kind)
    for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
        sock.setsockopt(socket.SOL_SOCKET, option, 1)
    sock.settimeout(TIMEOUT_S)
    sock.bind((namespace.address(family), port))
    return sock


def _udp(namespace, family, port):
    return _bound(namespace, socket.SOCK_DGRAM, family, port)


def _seen_by(server, sock):
    """=> what a server sees of a UDP socket"""
    sock.sendto(b"hello", server.getsockname()[:2])
    return server.recvfrom(64)[1][:2]


def _check_says(sender, receiver, to, seen):
    """What is sent to a tuple arrives, and seems to come from another."""
    said = f"from {sender.getsockname()} to {to}".encode()
    sender.sendto(said, to)
    heard, source = receiver.recvfrom(256)
    assert (heard, source[:2]) == (said, seen)


def _hairpinned(house):
    return house.gateway.reasons()["hairpinned"]


def test_udp(lab):
    """hosts of one zone, of two zones and a host itself talk by UDP, and see translated tuples
    [RFC4787 REQ-9]"""
    house = _house(lab)
    talks = 0
    for family in FAMILIES:
        with _udp(house.servers["s1"], family, SERVER_PORT) as server, \
                _udp(house.host("a1"), family, CALLED_PORT) as called:
            to = _seen_by(server, called)
            for name in ("a2", "b1"):
                with _udp(house.host(name), family, CALLER_PORT) as caller:
                    seen = _seen_by(server, caller)
                    for _ in range(3):
                        _check_says(caller, called, to, seen)
                        _check_says(called, caller, seen, to)
                        talks += 2
            _check_says(called, called, to, to)
            talks += 1
    wait_until(lambda: _hairpinned(house) == talks, "all to be counted")


def test_a_first_packet(lab):
    """who has never sent anything outside is heard by its first packet [RFC4787 REQ-9]"""
    house = _house(lab)
    for family in FAMILIES:
        with _udp(house.servers["s1"], family, SERVER_PORT) as server, \
                _udp(house.host("a1"), family, CALLED_PORT) as called, \
                _udp(house.host("b1"), family, CALLER_PORT) as caller:
            to = _seen_by(server, called)
            caller.sendto(b"first", to)
            said, seen = called.recvfrom(64)
            assert said == b"first" and seen[:2] != caller.getsockname()[:2]
            _check_says(called, caller, seen[:2], to)
            assert _seen_by(server, caller) == seen[:2]


def _check_connects(house, family, name, translated, listener):
    """A host connects to the translated tuple of a listener, and both talk."""
    pool = [ip_network(each) for each in POOL]
    with _bound(house.host(name), socket.SOCK_STREAM, family, CALLER_PORT) as caller:
        caller.connect(translated)
        accepted, seen = listener.accept()
        with accepted:
            accepted.settimeout(TIMEOUT_S)
            assert any(ip_address(seen[0]) in each for each in pool), seen
            for one, other in ((caller, accepted), (accepted, caller)):
                one.sendall(bytes(20000))
                got = 0
                while got < 20000:
                    got += len(other.recv(65536))
            flows = [flow for flow in house.gateway.flows(protocol=6)
                     if flow["destination"] in (seen[0], translated[0])]
            assert len(flows) == 2, flows
            assert {flow["state"] for flow in flows} == {"established"}, flows


def test_tcp(lab):
    """hosts of one zone and of two connect to a port that a host listens on [RFC5382 REQ-8]"""
    house = _house(lab)
    host, s1 = house.host("a1"), house.servers["s1"]
    for family in FAMILIES:
        with _bound(host, socket.SOCK_STREAM, family, CALLED_PORT) as listener, \
                _bound(s1, socket.SOCK_STREAM, family, SERVER_PORT) as server, \
                _bound(host, socket.SOCK_STREAM, family, CALLED_PORT) as outward:
            server.listen()
            outward.connect(server.getsockname()[:2])
            listener.listen()
            accepted, translated = server.accept()
            with accepted:
                for name in ("a2", "b1"):
                    _check_connects(house, family, name, translated[:2], listener)
                    house.gateway.api("DELETE", "/v1/flows",
                                      source_prefix=f"{house.host(name).address(family)}"
                                                    f"/{32 if family == 4 else 128}")


def test_filtering(lab):
    """target-host-port: who was not called is filtered, and heard once it was [RFC4787 REQ-9]"""
    house = _house(lab, "target-host-port")
    with _udp(house.servers["s1"], 4, SERVER_PORT) as server, \
            _udp(house.host("a1"), 4, CALLED_PORT) as called, \
            _udp(house.host("b1"), 4, CALLER_PORT) as caller:
        to, seen = _seen_by(server, called), _seen_by(server, caller)
        before = house.gateway.reasons()["filtered_inbound"]
        caller.sendto(b"hello", to)
        wait_until(lambda: house.gateway.reasons()["filtered_inbound"] > before,
                   "the caller to be refused")
        _check_says(called, caller, seen, to)
        _check_says(caller, called, to, seen)


def test_errors(lab):
    """a port that nobody listens on any more: the caller gets the ICMP error [RFC5508 REQ-7]"""
    house = _house(lab)
    for family in FAMILIES:
        for name in ("a2", "b1"):
            with _udp(house.servers["s1"], family, SERVER_PORT) as server, \
                    _udp(house.host(name), family, CALLER_PORT) as caller:
                with _udp(house.host("a1"), family, CALLED_PORT) as called:
                    to = _seen_by(server, called)
                caller.connect(to)
                caller.send(b"hello")
                wait_until(lambda sock=caller: sock.getsockopt(socket.SOL_SOCKET,
                                                               socket.SO_ERROR),
                           "the ICMP error")


def test_nobody_is_called(lab):
    """a port that nobody owns, and a ping of a pool address: dropped, and no flow is made"""
    house = _house(lab)
    with _udp(house.servers["s1"], 4, SERVER_PORT) as server, \
            _udp(house.host("a1"), 4, CALLED_PORT) as called, \
            _udp(house.host("b1"), 4, CALLER_PORT) as caller:
        address, port = _seen_by(server, called)
        flows = house.gateway.flow_count()
        before = house.gateway.reasons()["filtered_inbound"]
        caller.sendto(b"hello", (address, port ^ 1))
        wait_until(lambda: house.gateway.reasons()["filtered_inbound"] == before + 1,
                   "the packet to be dropped")
        assert clients.ping(house.host("b1"), address) == 0
        assert house.gateway.flow_count() == flows
        assert house.gateway.reasons()["filtered_inbound"] == before + 2


def test_coturn_hears_itself(lab):
    """coturn finds that it can call itself [RFC4787 REQ-9]"""
    house = _house(lab)
    server = house.servers["s1"]
    clients.start_stun_server(server)
    assert clients.hears_itself(house.host("a1"), server.address(4))
    assert _hairpinned(house)
