# SPDX-License-Identifier: Apache-2.0
"""Link-layer addresses are the kernel's: asking for those of others, answering for ours."""
import clients
from house import PERSISTENT, ROUTER, config
from observers import FAMILIES, Conversation, Observer, ask
from oracle import packed
from waiting import wait_until


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
    """a neighbour that is not there: the kernel gives up on it, and nothing leaves untranslated"""
    house = lab.house(PERSISTENT)
    with Conversation(house.host("a1"), "192.0.2.77", "udp") as talk:
        talk.socket.send(b"anybody?")
        wait_until(lambda: "FAILED" in house.gateway.ip("neighbour", "show", "192.0.2.77"),
                   "the kernel to give up on 192.0.2.77", 20)


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
