# SPDX-License-Identifier: Apache-2.0
"""What people use a network for: telephones, files, names, tunnels."""
import hashlib
import json
import os
import socket
import struct
import subprocess
import time

import clients
from house import GATEWAY_LAN, PERSISTENT, ROUTER
from lab import for_dataplanes
from namespace import LOGS, Namespace
from observers import FAMILIES, Observer, PORT, TIMEOUT_S
from switching import Switcher
from topology import Host, add_addresses, make_link
from waiting import wait_until
from wireguard import TunnelEnd

LEASES = """
set security nat source rule-set out rule all then source-nat pool persistent-nat permit \
any-remote-host
"""
RTP_PORT, MEDIA_PORT, RTP_PACKETS = 4000, 8000, 100
QUERIES, AT_ONCE = 200, 40  # as many as surely fit into the server's buffer
CYCLES = 4
FILE_BYTES, LONG_FILE_BYTES = 2_000_000, 48_000_000
SWITCHES = 4  # take two seconds each
PIECE_BYTES, PIECE_S = 1 << 15, 0.02  # of the long file, for as long as it is switched
NARROW_MTU = 1280
NARROW = ("198.18.9", "2001:db8:59:")  # between the router and one further on
BEYOND = ("198.18.3", "2001:db8:53:")
TUNNEL = {"a1": "10.77.0.1", "s1": "10.77.0.2", "s2": "10.77.0.3"}


# Telephones.

def _media_end(namespace, address, port):
    sock = namespace.socket(FAMILIES[6 if ":" in address else 4], socket.SOCK_DGRAM)
    sock.settimeout(TIMEOUT_S)
    sock.bind((address, port))
    return sock


def _public_tuple(media, server):
    """=> what somebody else sees of an end of media, as STUN would say"""
    media.sendto(b"a1\n", (server, PORT))
    return tuple(json.loads(media.recv(256)))


def _exchange_rtp(caller, called, translated):
    """Both talk at a time, the called one first; every packet arrives, from and to one tuple."""
    payload = bytes(160)
    for number in range(RTP_PACKETS):
        packet = struct.pack(">BBHII", 0x80, 0, number, number * 160, 1) + payload
        called.sendto(packet, translated)
        heard, remote = caller.recvfrom(2048)
        assert (heard, remote[:2]) == (packet, called.getsockname()[:2])
        caller.sendto(packet, remote)
        heard, seen = called.recvfrom(2048)
        assert (heard, seen[:2]) == (packet, translated)


def test_sip_call(lab):
    """a SIP call, and RTP from its called end first, to the tuple in the SDP [RFC4787 REQ-8]"""
    house = lab.house(PERSISTENT, LEASES)
    host, called, observer = house.host("a1"), house.servers["s1"], house.servers["s2"]
    Observer(observer)
    for family in FAMILIES:
        inside, outside = host.address(family), called.address(family)
        with _media_end(host, inside, RTP_PORT) as caller, \
                _media_end(called, outside, MEDIA_PORT) as answerer:
            public = _public_tuple(caller, observer.address(family))
            answering = clients.start_sip_server(called, outside)
            calling = clients.start_sip_call(host, inside, outside, public)
            assert clients.media_offered_to(outside) == public
            _exchange_rtp(caller, answerer, public)
            assert calling.wait() == 0, calling.output()
            answering.kill()
        (lease,) = [lease for lease in house.gateway.leases()
                    if (lease["source"], lease["source_port"]) == (inside, RTP_PORT)]
        assert (lease["translated"], lease["translated_port"]) == public, lease


# Files.

class Files:
    """A file outside, and a directory inside to put it into."""

    def __init__(self, size=FILE_BYTES):
        self.outside, self.inside = LOGS / "outside", LOGS / "inside"
        for place in (self.outside, self.inside):
            place.mkdir(parents=True)
        self.content = os.urandom(size)
        (self.outside / "down").write_bytes(self.content)

    def fetch(self, host, server, *words):
        """By FTP, from outside."""
        path = self.inside / "file"
        clients.transfer(host, *words, "-o", path, clients.url_of("ftp", server, "down"))
        assert path.read_bytes() == self.content

    def bring(self, host, server, *words):
        """Back again by FTP, under another name."""
        path = self.outside / "up"
        clients.transfer(host, *words, "-T", self.inside / "file",
                         clients.url_of("ftp", server, "up"))
        assert path.read_bytes() == self.content
        path.unlink()


def test_passive_ftp(lab):
    """a file by passive FTP, there and back: all connections have one address [RFC4787 REQ-2]"""
    house = lab.house(PERSISTENT, inspect_one_in=16)
    files = Files()
    for family in FAMILIES:
        server = clients.start_ftp_server(house.servers["s1"], family, files.outside)
        for words in (("--disable-epsv",), ()):  # which means nothing by IPv6
            files.fetch(house.host("a1"), house.server("s1", family), *words)
            files.bring(house.host("a1"), house.server("s1", family), *words)
        server.kill()


class Beyond:
    """A server behind one more router, the link to which is narrow."""

    def __init__(self, house):
        self.router = Namespace("far")
        self.server = Host("s3", [f"{BEYOND[0]}.10/24", f"{BEYOND[1]}:10/64"],
                           [f"{BEYOND[0]}.1", f"{BEYOND[1]}:1"])
        make_link(house.router, "far", self.router, "eth0")
        make_link(self.router, "s3", self.server, "eth0")
        for namespace, interface, net, number in (
                (house.router, "far", NARROW, 1), (self.router, "eth0", NARROW, 2),
                (self.router, "s3", BEYOND, 1)):
            add_addresses(namespace, interface, [f"{net[0]}.{number}/24", f"{net[1]}:{number}/64"])
        for namespace, interface in ((house.router, "far"), (self.router, "eth0")):
            namespace.ip("link", "set", interface, "mtu", NARROW_MTU)
        self.router.set("ipv4/ip_forward", 1)
        self.router.set("ipv6/conf/all/forwarding", 1)
        self.router.batch([f"route add default via {NARROW[0]}.1",
                           f"route add default via {NARROW[1]}:1"])
        house.router.batch([f"route add {BEYOND[0]}.0/24 via {NARROW[0]}.2",
                            f"route add {BEYOND[1]}:/64 via {NARROW[1]}:2"])
        self.server.configure()


def _knows_to_be_narrow(namespace, remote):
    return f"mtu {NARROW_MTU}" in namespace.ip("route", "get", remote)


def _forget_mtus(namespace):
    for family in FAMILIES:
        namespace.ip(f"-{family}", "route", "flush", "cache")


def test_narrow_link(lab):
    """TCP both ways over a link of 1280 bytes far away: the sender learns of it [RFC5508 REQ-4]"""
    house = lab.house(PERSISTENT, inspect_one_in=16)
    beyond = Beyond(house)
    host, files = house.host("a1"), Files()
    for family in FAMILIES:
        server = beyond.server.address(family)
        process = clients.start_ftp_server(beyond.server, family, files.outside)
        files.fetch(host, server)
        (public,) = {flow["translated"] for flow in house.gateway.flows()
                     if flow["destination"] == server}
        assert _knows_to_be_narrow(beyond.server, public)
        _forget_mtus(beyond.server)  # or it would ask for small segments
        files.bring(host, server)
        assert _knows_to_be_narrow(host, server)
        process.kill()


def _start_curl(host, url):
    """=> its Popen; what it fetches is to be read from its standard output"""
    with host:
        return subprocess.Popen(["curl", "--silent", "--fail", url], stdout=subprocess.PIPE)


@for_dataplanes("userspace")
def test_long_download(lab):
    """a long download arrives whole, however often the dataplane is switched meanwhile [R15]"""
    house = lab.house(PERSISTENT, inspect_one_in=64)
    files = Files(LONG_FILE_BYTES)
    clients.WebServer(house.servers["s1"]).offer(files.outside)
    before = house.gateway.status()
    switcher = Switcher(house.gateway)
    arrived = hashlib.sha256()
    with _start_curl(house.host("a1"),
                     clients.url_of("http", house.server("s1", 4), "files/down")) as curl:
        while piece := curl.stdout.read(PIECE_BYTES):
            arrived.update(piece)
            if switcher.switches < SWITCHES:
                time.sleep(PIECE_S)  # the file must last until then
        in_time = switcher.switches
    switcher.check()
    assert curl.returncode == 0
    assert arrived.digest() == hashlib.sha256(files.content).digest()
    assert in_time >= SWITCHES, in_time
    after = house.gateway.status()
    for judge in ("judged_in_kernel", "judged_by_workers"):
        assert after[judge] > before[judge], after


# Names and ways.

def test_burst_of_queries(lab):
    """a burst of DNS queries is answered, each comes from a port of its own [RFC4787 REQ-3]"""
    house = lab.house(PERSISTENT)
    name_server = clients.NameServer(house.servers["s1"])
    for family in FAMILIES:
        answered = clients.ask_names(house.host("a1"), house.server("s1", family), QUERIES,
                                     AT_ONCE)
        assert answered == QUERIES
        askers = name_server.take_askers(QUERIES)
        assert len(set(askers)) == QUERIES, askers
        assert len({address for address, _ in askers}) == 1, askers


def _answer_every_probe(namespace):
    namespace.set("ipv4/icmp_ratelimit", 0)
    namespace.set("ipv6/icmp/ratelimit", 0)


def _check_mtr(lab, *words):
    house = lab.house(PERSISTENT)
    for namespace in (house.gateway, house.router, house.servers["s1"]):
        _answer_every_probe(namespace)
    for family in FAMILIES:
        server = house.server("s1", family)
        hops = clients.mtr(house.host("a1"), server, CYCLES, *words)
        assert hops == [(hop, 0) for hop in (GATEWAY_LAN[family], ROUTER[family], server)], hops


def test_mtr_icmp(lab):
    """mtr by echo requests names every hop, and misses no answer [RFC5508 REQ-4]"""
    _check_mtr(lab)


def test_mtr_udp(lab):
    """mtr by UDP names every hop, and misses no answer [RFC5508 REQ-4]"""
    _check_mtr(lab, "--udp")


def test_mtr_tcp(lab):
    """mtr by TCP names every hop, and misses no answer [RFC5508 REQ-4]"""
    _check_mtr(lab, "--tcp")


# Tunnels.

def _check_pings(end, others):
    for other in others:
        assert clients.ping(end.machine, other.address, 3) == 3


def test_wireguard(lab):
    """WireGuard: peers see one port, and reach it when flows have ended [RFC4787 REQ-1, REQ-8]"""
    house = lab.house(PERSISTENT, LEASES)
    inside = TunnelEnd(house.host("a1"), TUNNEL["a1"])
    peers = [TunnelEnd(server, TUNNEL[name]) for name, server in house.servers.items()]
    for peer in peers:
        peer.add_peer(inside)
    for family in FAMILIES:
        for peer in peers:
            inside.add_peer(peer, "endpoint", peer.endpoint(family))
        _check_pings(inside, peers)
        (seen,) = {peer.seen(inside) for peer in peers}
        house.gateway.api("DELETE", "/v1/flows")
        wait_until(lambda: house.gateway.flow_count() == 0, "the flows to end")
        for peer in peers:
            _check_pings(peer, [inside])
        _check_pings(inside, peers)
        assert {peer.seen(inside) for peer in peers} == {seen}
    assert len(house.gateway.leases()) == len(FAMILIES)
