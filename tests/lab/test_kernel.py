# SPDX-License-Identifier: Apache-2.0
"""What the kernel does better stays the kernel's: neighbours, ICMP errors, local services."""
import socket
import threading

from scapy.layers.l2 import Dot1Q

import clients
from frames import Sender, mac_of, udp
from house import GATEWAY_WAN, PERSISTENT, ROUTER, config
from observers import FAMILIES, PORT, Conversation, Observer, ask
from oracle import packed, parse, text_of
from socket_filter import incoming
from topology import behave_like_hardware
from waiting import wait_until
from wire import Capture

INSIDE_GATEWAY = {4: "10.0.1.1", 6: "2001:db8:1::1"}
SMALL_MTU = 1400
BIG_BYTES = 1472 - 20  # fits 1500 bytes in both families, and not 1400
IP_MTU_DISCOVER, IP_PMTUDISC_DO, IP_MTU = 10, 2, 14
IPV6_MTU_DISCOVER, IPV6_MTU = 23, 24
STREAM_BYTES = 3_000_000


# Neighbours.

def _check_first_packet(lab, protocol):
    house = lab.house(PERSISTENT)
    Observer(house.servers["s1"])
    for family in FAMILIES:
        house.gateway.ip("neighbour", "flush", "dev", "eth1")
        house.gateway.ip("neighbour", "flush", "dev", "eth0")
        before = house.gateway.reasons()["neighbour_unresolved"]
        expected = house.gateway.explain(house.host("a1").address(family), "--from-zone", "lan",
                                         "--to-zone", "wan")["address"]
        assert ask(house.host("a1"), house.server("s1", family), protocol)[0] == expected
        assert house.gateway.reasons()["neighbour_unresolved"] > before
    return house


def test_first_packet_is_not_lost(lab):
    """a packet whose next hop is not resolved yet is delivered, translated: nobody repeats UDP"""
    _check_first_packet(lab, "udp")


def test_first_segment_is_not_lost(lab):
    """the same for TCP, without a retransmission"""
    house = _check_first_packet(lab, "tcp")
    counters = house.host("a1").run("nstat", "-az", "TcpRetransSegs")
    assert int(counters.splitlines()[1].split()[1]) == 0, counters


def test_neighbour_that_moves(lab):
    """a flow follows when the router gets another Ethernet address"""
    house = lab.house(PERSISTENT)
    Observer(house.servers["s1"])
    for family in FAMILIES:
        with Conversation(house.host("a1"), house.server("s1", family), "udp") as talk:
            before = talk.ask()
            house.router.ip("link", "set", "eth0", "address", f"02:00:00:00:00:0{family}")
            house.gateway.ip("neighbour", "replace", ROUTER[family], "dev", "eth1",
                             "lladdr", f"02:00:00:00:00:0{family}", "nud", "reachable")
            assert talk.ask() == before


def test_neighbour_that_never_answers(lab):
    """packets to a neighbour that is not there end as an ICMP error, and none leaves untranslated"""
    house = lab.house(PERSISTENT)
    with Conversation(house.host("a1"), "192.0.2.77", "udp") as talk:
        talk.socket.send(b"anybody?")
        wait_until(lambda: "FAILED" in house.gateway.ip("neighbour", "show", "192.0.2.77"),
                   "the kernel to give up on 192.0.2.77", 20)


# TTL.

def _check_traceroute(lab, *words, families=FAMILIES):
    house = lab.house(PERSISTENT)
    for family in families:
        server = house.server("s1", family)
        hops = clients.traceroute(house.host("a1"), server, *words)
        assert hops == [INSIDE_GATEWAY[family], ROUTER[family], server], hops


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


# Path MTU.

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


# The gateway itself.

def _check_reachable(client, addresses):
    for address in addresses:
        assert clients.ping(client, address) == 1, f"{client.name} pings {address}"
        for protocol in ("tcp", "udp"):
            ask(client, address, protocol)


def _check_gateway_answers(house):
    Observer(house.gateway, (*INSIDE_GATEWAY.values(), *GATEWAY_WAN.values()))
    for family in FAMILIES:
        _check_reachable(house.host("a1"), [INSIDE_GATEWAY[family], GATEWAY_WAN[family]])
        _check_reachable(house.servers["s1"], [GATEWAY_WAN[family]])


def test_gateway_is_reachable(lab):
    """ping and services on the gateway's inside and outside addresses answer"""
    _check_gateway_answers(lab.house(PERSISTENT))


def test_gateway_is_reachable_with_interface_nat(lab):
    """also when its outside address is the one that flows are translated to"""
    house = lab.house("set security nat source rule-set out rule all then source-nat interface")
    Observer(house.servers["s1"])
    with Conversation(house.host("a1"), house.server("s1", 4)) as talk:
        before = talk.ask()
        assert before[0] == GATEWAY_WAN[4]
        _check_gateway_answers(house)
        assert talk.ask() == before


def test_gateway_reaches_out(lab):
    """the gateway's own connections go out and come back, beside interface NAT"""
    house = lab.house("set security nat source rule-set out rule all then source-nat interface")
    Observer(house.servers["s1"])
    for family in FAMILIES:
        assert clients.ping(house.gateway, house.server("s1", family)) == 1
        for protocol in ("tcp", "udp"):
            assert ask(house.gateway, house.server("s1", family), protocol)[0] == GATEWAY_WAN[family]


def test_pool_address_is_nobody(lab):
    """a pool address that no flow expects anything on answers nothing"""
    house = lab.house(PERSISTENT)
    before = house.gateway.reasons()["filtered_inbound"]
    for address in ("198.51.100.16", "2001:db8:64::1"):
        assert clients.ping(house.servers["s1"], address, 1, "-W", "0.2") == 0
    assert house.gateway.reasons()["filtered_inbound"] == before + 2


# Proxies.

ON_LINK_POOL = """
set security flow maximum-sessions 65536
set security nat source pool link address 192.0.2.100/30
set security nat source pool link address 2001:db8:f::100/126
set security nat source rule-set out from zone [ lan guest ]
set security nat source rule-set out to zone wan
set security nat source rule-set out rule all then source-nat pool link
"""

PROXIES = """
set security nat proxy-arp interface eth1 address 192.0.2.100/30
set security nat proxy-ndp interface eth1 address 2001:db8:f::100/126
"""


def _is_resolved(house, family):
    shown = house.router.ip(f"-{family}", "neighbour", "show", "dev", "eth0")
    pool = "192.0.2.10" if family == 4 else "2001:db8:f::10"
    return any(line.startswith(pool) and "lladdr" in line for line in shown.splitlines())


def test_proxy_arp_and_ndp(lab):
    """a pool in the outside subnet: the kernel answers ARP and ND for it, and only when told to"""
    house = lab.house(PERSISTENT, PROXIES, rules=ON_LINK_POOL)
    Observer(house.servers["s1"])
    for family in FAMILIES:
        address, _ = ask(house.host("a1"), house.server("s1", family), "udp")
        assert packed(address)[:3] in (packed("192.0.2.100")[:3], packed("2001:db8:f::100")[:3])
        assert _is_resolved(house, family)
    house.gateway.commit(config(PERSISTENT, rules=ON_LINK_POOL))
    house.router.ip("neighbour", "flush", "dev", "eth0")
    for family in FAMILIES:
        target = "192.0.2.101" if family == 4 else "2001:db8:f::101"
        clients.ping(house.router, target, 1, "-W", "0.3")
        assert not _is_resolved(house, family)


# Frames.

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
    """fragments are dropped as fragment_unknown, and none leaves untranslated"""
    house = lab.house(PERSISTENT)
    before = house.gateway.reasons()["fragment_unknown"]
    for family in FAMILIES:
        host = house.host("a1")
        assert clients.ping(host, house.server("s1", family), 1, "-s", "4000", "-W", "0.3",
                            "-M", "dont") == 0
    assert house.gateway.reasons()["fragment_unknown"] == before + 6
