# SPDX-License-Identifier: Apache-2.0
"""GRE and ESP: tunnels through the gateway, by their addresses alone."""
import clients
from frames import Sender, ip_header, mac_of
from house import PERSISTENT
from observers import FAMILIES, Observer, ask
from oracle import parse, text_of
from scapy.packet import Raw
from socket_filter import incoming
from tunnel import ESP, GRE, End, carried, raw_socket
from waiting import wait_until
from wire import Capture

# GRE that carries what nobody looks into; ESP
HEADERS = {GRE: b"\0\0\x88\xb5", ESP: bytes(4) + b"\1" + bytes(3)}
NAMES = {GRE: "gre", ESP: "esp"}
INSIDE_END, OUTSIDE_END = "172.31.0.1", "172.31.0.2"
ONE_ADDRESS = """
set security nat source pool one address 198.51.100.40
set security nat source pool one address 2001:db8:64::40
set security nat source rule-set out from zone [ lan guest ]
set security nat source rule-set out to zone wan
set security nat source rule-set out rule all then source-nat pool one
"""
SHORT = "set security flow gre-session timeout 2\nset security flow esp-session timeout 2\n"
SMALL_MTU = 1400
IN_USE = "source_nat_remote_in_use"


def _send(host, protocol, server, content=b"over and over"):
    """One packet of a raw socket."""
    with raw_socket(host, protocol, 6 if ":" in server else 4) as sock:
        sock.sendto(HEADERS[protocol] + content, (server, 0))


def _hear(sock, protocol, family):
    """=> what came next, and from where"""
    packet, peer = sock.recvfrom(65536)
    return carried(packet, family)[len(HEADERS[protocol]):], peer[0]


def test_tunnels(lab):
    """a host pings through tunnels of GRE and ESP, over both families, from its own address"""
    house = lab.house(PERSISTENT)
    host, server = house.host("a1"), house.servers["s1"]
    Observer(server)
    for protocol, name in NAMES.items():
        for family in FAMILIES:
            remote = house.server("s1", family)
            with End(server, protocol, OUTSIDE_END, family=family), \
                    End(host, protocol, INSIDE_END, remote, family):
                assert clients.ping(host, OUTSIDE_END) == 1
            address, _ = ask(host, remote, "udp")
            (flow,) = [each for each in house.gateway.flows(protocol=protocol)
                       if each["destination"] == remote]
            assert flow["translated"] == address
            assert (flow["source_port"], flow["translated_port"]) == (0, 0)
            assert flow["in"]["packets"] and flow["out"]["packets"]
        shown = house.gateway.cli("show", "security", "flow", "session", "protocol", name)
        assert shown.count(f";{name},") == 2 * len(FAMILIES), shown
    assert house.gateway.pool("resi")["ports_in_use"] == house.gateway.flow_count(protocol=17)


def test_one_host_towards_a_server(lab):
    """a second host on the same address is refused and told, until the first one's flow has ended"""
    house = lab.house(SHORT, rules=ONE_ADDRESS)
    gateway, first, second = house.gateway, house.host("a1"), house.host("a2")
    wire = Capture(second, "eth0", incoming())
    for number, protocol in enumerate(NAMES):
        for family in FAMILIES:
            remote = house.server("s1", family)
            with raw_socket(house.servers["s1"], protocol, family) as server:
                _send(first, protocol, remote, b"first")
                assert _hear(server, protocol, family)[0] == b"first"
                _send(second, protocol, remote, b"refused")
                wire.wait_for(lambda packet, family=family: packet.kind == parse.ICMP_ERROR
                              and packet.family == family, "the answer")
                assert gateway.failures()[0]["reason"] == IN_USE
                wait_until(lambda protocol=protocol: not gateway.flow_count(protocol=protocol),
                           "the flow to idle", 15)
                _send(second, protocol, remote, b"second")
                assert _hear(server, protocol, family)[0] == b"second"
        assert gateway.reasons()[IN_USE] == 2 * (number + 1)


def test_only_the_remote_comes_in(lab):
    """what others send to the address ends at the gateway"""
    house = lab.house(rules=ONE_ADDRESS)
    host, gateway = house.host("a1"), house.gateway
    for protocol in NAMES:
        with raw_socket(host, protocol) as inside, \
                raw_socket(house.servers["s1"], protocol) as server, \
                raw_socket(house.servers["s2"], protocol) as stranger:
            inside.sendto(HEADERS[protocol] + b"hello", (house.server("s1", 4), 0))
            _, address = _hear(server, protocol, 4)
            before = gateway.reasons()["filtered_inbound"]
            stranger.sendto(HEADERS[protocol] + b"knock", (address, 0))
            wait_until(lambda before=before: gateway.reasons()["filtered_inbound"] == before + 1,
                       "the stranger to be dropped")
            server.sendto(HEADERS[protocol] + b"answer", (address, 0))
            assert _hear(inside, protocol, 4) == (b"answer", house.server("s1", 4))


def test_path_mtu(lab):
    """routers beyond tell the tunnel's end what is too big, in its own address
    [RFC5508 REQ-4]"""
    house = lab.house(PERSISTENT)
    host = house.host("a1")
    house.router.ip("link", "set", "s1", "mtu", str(SMALL_MTU))
    wire = Capture(host, "eth0", incoming())
    sender = Sender(host, "eth0", mac_of(house.gateway, "eth0"))
    for protocol in NAMES:
        for family in FAMILIES:
            fields = {"proto": protocol, "flags": "DF"} if family == 4 else {"nh": protocol}
            sender.send(ip_header(host.address(family), house.server("s1", family), **fields)
                        / Raw(HEADERS[protocol] + bytes(SMALL_MTU)))
            error, _ = wire.wait_for(
                lambda packet, family=family: packet.kind == parse.ICMP_ERROR
                and packet.family == family and packet.inner.kind == parse.TUNNEL, "the error")
            assert text_of(error.inner.source) == host.address(family)
            assert error.inner.protocol == protocol


def test_fragments(lab):
    """what a tunnel's end cuts up arrives whole, both ways"""
    house = lab.house(PERSISTENT)
    content = bytes(range(256)) * 12
    for protocol in NAMES:
        for family in FAMILIES:
            with raw_socket(house.host("a1"), protocol, family) as inside, \
                    raw_socket(house.servers["s1"], protocol, family) as server:
                inside.sendto(HEADERS[protocol] + content, (house.server("s1", family), 0))
                heard, address = _hear(server, protocol, family)
                assert heard == content
                server.sendto(HEADERS[protocol] + content, (address, 0))
                assert _hear(inside, protocol, family) == (content, house.server("s1", family))


def test_tunnels_survive_a_commit(lab):
    """a commit that leaves the pool alone leaves the flow alone; one that takes it ends the flow"""
    house = lab.house(rules=ONE_ADDRESS)
    gateway = house.gateway
    with raw_socket(house.servers["s1"], GRE) as server:
        _send(house.host("a1"), GRE, house.server("s1", 4))
        _hear(server, GRE, 4)
        (flow,) = gateway.flows(protocol=GRE)
        text = gateway.config_file.read_text()
        gateway.commit(text + "set security flow gre-session timeout 900\n")
        (same,) = gateway.flows(protocol=GRE)
        assert (same["session"], same["age"] >= flow["age"]) == (flow["session"], True)
        gateway.commit(text.replace("100.40", "100.41"))
        wait_until(lambda: not gateway.flow_count(protocol=GRE), "the flow to end")
        _send(house.host("a1"), GRE, house.server("s1", 4))
        wait_until(lambda: _hear(server, GRE, 4)[1] == "198.51.100.41", "the new address")
