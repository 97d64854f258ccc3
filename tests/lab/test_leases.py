# SPDX-License-Identifier: Apache-2.0
"""persistent-nat: one tuple for every remote end, who may come in by it, and how long it lives."""
import os
import select
import signal
import socket
from contextlib import ExitStack
from pathlib import Path

import clients
from house import GATEWAY_WAN, PERSISTENT, config
from observers import FAMILIES
from waiting import wait_until

RULE = "set security nat source rule-set out rule all then source-nat pool persistent-nat "
INTERFACE_RULE = """
set security nat source rule-set out rule all then source-nat interface
set security nat source rule-set out rule all then source-nat interface persistent-nat permit {}
"""
UNRELATED = """
set security nat source pool other address 203.0.113.7/32
set security nat source rule-set out rule other match source-address 10.99.7.0/24
set security nat source rule-set out rule other then source-nat pool other
"""
ANY, HOST, HOST_PORT = "any-remote-host", "target-host", "target-host-port"
PERMITS = {  # who may come in: another port of who was called, another host
    ANY: (True, True), HOST: (True, False), HOST_PORT: (False, False)}
INSIDE_PORT = 4000
EXTRA = "198.51.100.64"
PORTS = (7000, 7001)  # of the servers
QUERY_ID = 77
MOST_FLOWS = 8
TIMEOUT_S = 5


def _house(lab, permit, *more):
    return lab.house(PERSISTENT, f"{RULE}permit {permit}", *more)


def _bound(namespace, kind, address, port=0):
    """=> a socket that others may share the port with"""
    sock = namespace.socket(FAMILIES[6 if ":" in address else 4], kind)
    for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
        sock.setsockopt(socket.SOL_SOCKET, option, 1)
    sock.settimeout(TIMEOUT_S)
    sock.bind((address, port))
    return sock


def _listener(namespace, address, port):
    sock = _bound(namespace, socket.SOCK_STREAM, address, port)
    sock.listen()
    return sock


class Ends:
    """An inside host's endpoint and both ports of both servers, in one family; by UDP."""

    def __init__(self, house, family=4):
        host = house.host("a1")
        self.gateway = house.gateway
        self.inside = _bound(host, socket.SOCK_DGRAM, host.address(family), INSIDE_PORT)
        self.servers = {(name, port): _bound(server, socket.SOCK_DGRAM, server.address(family),
                                             port)
                        for name, server in house.servers.items() for port in PORTS}

    def call(self, name="s1", port=PORTS[0]):
        """=> what a server sees of the inside endpoint"""
        self.say(name, port)
        return self.servers[name, port].recvfrom(64)[1][:2]

    def say(self, name, port):
        """Say something to a server."""
        self.inside.sendto(b"hello", self.servers[name, port].getsockname()[:2])

    def is_heard(self, translated, name, port=PORTS[0]):
        """=> whether what a server says to the endpoint gets there; it is dropped otherwise"""
        server = self.servers[name, port]
        before = self._filtered()
        server.sendto(f"{name} {port}".encode(), translated)
        wait_until(lambda: self._has_arrived() or self._filtered() > before,
                   "the packet to be judged")
        if self._filtered() > before:
            return False
        said, caller = self.inside.recvfrom(64)
        assert (said, caller[:2]) == (f"{name} {port}".encode(), server.getsockname()[:2])
        return True

    def _has_arrived(self):
        return bool(select.select([self.inside], [], [], 0)[0])

    def _filtered(self):
        return self.gateway.reasons()["filtered_inbound"]


# One tuple for every remote end.

def test_udp_mapping_is_endpoint_independent(lab):
    """one UDP socket is seen with one tuple by two servers, by two ports of each [RFC4787 REQ-1]"""
    house = _house(lab, HOST_PORT)
    for family in FAMILIES:
        ends = Ends(house, family)
        seen = {ends.call(*server) for server in ends.servers}
        assert len(seen) == 1, seen
        for server in ends.servers:
            assert ends.is_heard(*seen, *server), server
    assert len(house.gateway.leases()) == len(FAMILIES)
    assert house.gateway.pool("resi")["ports_in_use"] == len(FAMILIES)


def test_tcp_mapping_is_endpoint_independent(lab):
    """connections from one bound port are seen with one tuple, wherever they go [RFC5382 REQ-1]"""
    house = _house(lab, HOST_PORT)
    host = house.host("a1")
    with ExitStack() as stack:
        for family in FAMILIES:
            seen = set()
            for server in house.servers.values():
                for port in PORTS:
                    listener = _listener(server, server.address(family), port)
                    client = _bound(host, socket.SOCK_STREAM, host.address(family), INSIDE_PORT)
                    client.connect((server.address(family), port))
                    accepted, peer = listener.accept()
                    for sock in (listener, client, accepted):
                        stack.enter_context(sock)
                    seen.add(peer[:2])
                    accepted.sendall(b"welcome")
                    assert client.recv(64) == b"welcome"
            assert len(seen) == 1, seen
        assert len(house.gateway.leases()) == len(FAMILIES)


def test_query_ids_are_mapped_independently_of_the_remote_host(lab):
    """pings with one id to two servers leave with one id, and are answered [RFC5508 REQ-1]"""
    house = _house(lab, HOST_PORT)
    for family in FAMILIES:
        for name in house.servers:
            assert clients.ping(house.host("a1"), house.server(name, family), 1,
                                "-e", QUERY_ID) == 1
    for protocol in (1, 58):
        flows = house.gateway.flows(protocol=protocol)
        assert len({flow["destination"] for flow in flows}) == 2, flows
        assert {flow["source_port"] for flow in flows} == {QUERY_ID}
        assert len({(flow["translated"], flow["translated_port"]) for flow in flows}) == 1, flows


# Who may come in.

def _check_who_may_send(lab, permit):
    """[RFC4787 REQ-8]"""
    house = _house(lab, permit)
    other_port, other_host = PERMITS[permit]
    for family in FAMILIES:
        ends = Ends(house, family)
        translated = ends.call()
        assert ends.is_heard(translated, "s1")
        assert ends.is_heard(translated, "s1", PORTS[1]) == other_port
        assert ends.is_heard(translated, "s2") == other_host
        assert ends.is_heard(translated, "s2", PORTS[1]) == other_host
        ends.call("s2")
        assert ends.is_heard(translated, "s2")
        assert ends.is_heard(translated, "s2", PORTS[1]) == other_port
        assert not ends.is_heard((translated[0], translated[1] ^ 1), "s1")


def test_any_remote_host_may_send(lab):
    """any-remote-host: everybody may send to a lease by UDP [RFC4787 REQ-8]"""
    _check_who_may_send(lab, ANY)


def test_target_hosts_may_send(lab):
    """target-host: those that were called may send, from any port [RFC4787 REQ-8]"""
    _check_who_may_send(lab, HOST)


def test_target_hosts_may_send_from_the_port_called(lab):
    """target-host-port: those that were called may send, from that port [RFC4787 REQ-8]"""
    _check_who_may_send(lab, HOST_PORT)


def _dial(server, address, translated, port):
    """=> a socket of a server that connects to a lease, and waits for nothing"""
    sock = _bound(server, socket.SOCK_STREAM, address, port)
    sock.setblocking(False)
    sock.connect_ex(translated)
    return sock


def _check_connects(house, family, translated, listener, name):
    """A server connects to the inside listener, and both talk."""
    server = house.servers[name]
    with _dial(server, server.address(family), translated, PORTS[1]) as dialling:
        accepted, peer = listener.accept()
        dialling.settimeout(TIMEOUT_S)
        with accepted:
            accepted.settimeout(TIMEOUT_S)
            assert peer[:2] == (server.address(family), PORTS[1])
            for one, other in ((dialling, accepted), (accepted, dialling)):
                one.sendall(b"a word")
                assert other.recv(64) == b"a word"
            (flow,) = [each for each in house.gateway.flows(destination_port=PORTS[1], protocol=6)
                       if each["destination"] == server.address(family)]
            assert (flow["state"], flow["source_port"]) == ("established", INSIDE_PORT), flow


def _check_dials_in_vain(house, family, translated, name):
    server = house.servers[name]
    before = house.gateway.reasons()["filtered_inbound"]
    with _dial(server, server.address(family), translated, PORTS[1]):
        wait_until(lambda: house.gateway.reasons()["filtered_inbound"] > before,
                   "the SYN to be dropped")


def _check_who_may_connect(lab, permit):
    """The lease is made by a connection that the host opens from the port that it listens on."""
    house = _house(lab, permit)
    host, s1 = house.host("a1"), house.servers["s1"]
    for family in FAMILIES:
        with _listener(host, host.address(family), INSIDE_PORT) as listener, \
                _listener(s1, s1.address(family), PORTS[0]) as called, \
                _bound(host, socket.SOCK_STREAM, host.address(family), INSIDE_PORT) as caller:
            caller.connect((s1.address(family), PORTS[0]))
            accepted, translated = called.accept()
            with accepted:
                for name, may in zip(("s1", "s2"), PERMITS[permit]):
                    if may:
                        _check_connects(house, family, translated[:2], listener, name)
                    else:
                        _check_dials_in_vain(house, family, translated[:2], name)


def test_any_remote_host_may_connect(lab):
    """any-remote-host: everybody may connect to a port that a host listens on [RFC5382 REQ-3]"""
    _check_who_may_connect(lab, ANY)


def test_target_hosts_may_connect(lab):
    """target-host: those that were called may connect, others hear nothing [RFC5382 REQ-3]"""
    _check_who_may_connect(lab, HOST)


def test_target_hosts_may_not_connect_from_another_port(lab):
    """target-host-port: from another port than the one that was called nobody may connect"""
    _check_who_may_connect(lab, HOST_PORT)


def _check_found_out(lab, permit, filtering):
    house = _house(lab, permit)
    server = house.servers["s1"]
    clients.start_stun_server(server)
    found = clients.discover_nat(house.host("a1"), server.address(4))
    assert found == ["NAT with Endpoint Independent Mapping!",
                     f"NAT with {filtering} Filtering!"], found


def test_coturn_finds_any_remote_host(lab):
    """coturn finds endpoint-independent mapping and filtering [RFC4787 REQ-1, REQ-8]"""
    _check_found_out(lab, ANY, "Endpoint Independent")


def test_coturn_finds_target_host(lab):
    """coturn finds address-dependent filtering [RFC4787 REQ-1, REQ-8]"""
    _check_found_out(lab, HOST, "Address Dependent")


def test_coturn_finds_target_host_port(lab):
    """coturn finds address- and port-dependent filtering [RFC4787 REQ-1]"""
    _check_found_out(lab, HOST_PORT, "Address and Port Dependent")


def test_interface_address(lab):
    """a lease of the gateway's own address: what it does not permit is the kernel's to answer"""
    house = lab.house(INTERFACE_RULE.format(HOST))
    ends = Ends(house)
    translated = ends.call()
    assert translated[0] == GATEWAY_WAN[4]
    assert ends.is_heard(translated, "s1", PORTS[1])
    stranger = _bound(house.servers["s2"], socket.SOCK_DGRAM, house.server("s2", 4))
    with stranger:
        stranger.connect(translated)
        stranger.send(b"hello")
        wait_until(lambda: stranger.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR),
                   "the kernel's ICMP error")


# How many, how long.

def test_max_session_number(lab):
    """a lease has no more flows than max-session-number, whoever wants to open one"""
    house = _house(lab, ANY, f"{RULE}max-session-number {MOST_FLOWS}")
    ends = Ends(house)
    translated = ends.call()
    others = [_bound(house.servers["s2"], socket.SOCK_DGRAM, house.server("s2", 4))
              for _ in range(MOST_FLOWS)]

    def refusals():
        return house.gateway.reasons()["lease_session_limit"]
    for other in others[1:]:
        other.sendto(b"hello", translated)
        assert ends.inside.recvfrom(64)[1][:2] == other.getsockname()
    assert refusals() == 0
    others[0].sendto(b"hello", translated)
    wait_until(lambda: refusals() == 1, "the caller to be refused")
    ends.say("s1", PORTS[1])
    wait_until(lambda: refusals() == 2, "the host to be refused")
    assert ends.call() == translated
    assert house.gateway.flow_count() == MOST_FLOWS
    house.gateway.api("DELETE", "/v1/flows", destination_prefix=f"{others[1].getsockname()[0]}/32")
    wait_until(lambda: house.gateway.flow_count() == 1, "the callers' flows to end")
    assert ends.call("s1", PORTS[1]) == translated


def _clear_flows(gateway):
    gateway.api("DELETE", "/v1/flows")
    wait_until(lambda: gateway.flow_count() == 0, "the flows to end")


def _kill_both(gateway):
    pid = gateway.dataplane_pid()
    gateway.daemon.kill()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), "the end of holdfast-dp")


def test_a_lease_outlives_its_flows(lab):
    """flows end, both processes are killed: host and servers still meet at the same tuple"""
    house = _house(lab, HOST)
    gateway = house.gateway
    ends = Ends(house)
    translated = ends.call()
    _clear_flows(gateway)
    assert len(gateway.leases()) == 1
    assert ends.is_heard(translated, "s1", PORTS[1])
    assert not ends.is_heard(translated, "s2")
    assert ends.call("s2") == translated
    _clear_flows(gateway)
    _kill_both(gateway)
    gateway.start_holdfast()
    assert gateway.status()["adopted"] and len(gateway.leases()) == 1
    assert ends.is_heard(translated, "s2", PORTS[1])
    assert ends.call("s1", PORTS[1]) == translated


def test_unrelated_commit(lab):
    """a commit that changes another rule and another pool leaves leases as they are"""
    house = _house(lab, HOST_PORT)
    ends = Ends(house)
    translated = ends.call()
    _clear_flows(house.gateway)
    house.gateway.commit(config(PERSISTENT, f"{RULE}permit {HOST_PORT}", UNRELATED))
    assert len(house.gateway.leases()) == 1
    assert ends.is_heard(translated, "s1")
    assert not ends.is_heard(translated, "s1", PORTS[1])
    assert ends.call("s2") == translated


def test_clear_leases(lab):
    """`clear security nat source persistent-nat-table all` ends leases; their ports come back"""
    house = _house(lab, ANY)
    gateway = house.gateway
    ends = Ends(house)
    translated = ends.call()
    table = gateway.cli("show", "security", "nat", "source", "persistent-nat-table")
    for text in (house.host("a1").address(4), *map(str, translated), "any-remote-host", "resi"):
        assert text in table, table
    _clear_flows(gateway)
    assert gateway.pool("resi")["ports_in_use"] == 1
    gateway.cli("clear", "security", "nat", "source", "persistent-nat-table", "all")
    wait_until(lambda: not gateway.leases(), "the lease to end")
    wait_until(lambda: gateway.pool("resi")["ports_in_use"] == 0, "its port to come back")
    assert not ends.is_heard(translated, "s1")
    ends.call()
    assert len(gateway.leases()) == 1


def test_a_lease_port_rests(lab):
    """an ended lease's port is nobody's for a while, and `show` says so [RFC6888 REQ-8]"""
    house = _house(lab, ANY)
    gateway = house.gateway
    ends = Ends(house)
    translated = ends.call()
    _clear_flows(gateway)
    assert gateway.pool("resi")["ports_resting"] == 0
    gateway.cli("clear", "security", "nat", "source", "persistent-nat-table", "all")
    wait_until(lambda: gateway.pool("resi")["ports_resting"] == 1, "its port to rest")
    assert gateway.pool("resi")["ports_in_use"] == 0
    assert not ends.is_heard(translated, "s1")
    gateway.verify()


def test_overflow_pool(lab):
    """an endpoint that finds the pool full has one tuple of the overflow pool [RFC4787 REQ-1]"""
    house = _house(lab, HOST, "set security nat source pool resi port range 5000 to 5000\n"
                   "set security nat source pool resi overflow-pool extra\n"
                   f"set security nat source pool extra address {EXTRA}\n"
                   "set security nat source pool extra port range 6000 to 6001\n")
    gateway = house.gateway
    ends = Ends(house)
    with _bound(house.host("a1"), socket.SOCK_DGRAM, house.host("a1").address(4)) as other:
        server = ends.servers["s1", PORTS[0]]
        other.sendto(b"hello", server.getsockname()[:2])
        assert server.recvfrom(64)[1][1] == 5000
    seen = {ends.call(*server) for server in ends.servers}
    assert len(seen) == 1 and {address for address, _ in seen} == {EXTRA}, seen
    assert [lease["pool"] for lease in sorted(gateway.leases(), key=str)].count("extra") == 1
    _clear_flows(gateway)
    assert ends.is_heard(next(iter(seen)), "s2", PORTS[1])
    _clear_flows(gateway)
    assert {ends.call("s2")} == seen
    assert gateway.pool("extra")["leases"] == gateway.pool("resi")["leases"] == 1
    gateway.verify()
