# SPDX-License-Identifier: Apache-2.0
"""Section 6 of docs/packet-path.md: which address and port."""
from collections import Counter

import pytest

from addresses import packed
from flows import Key
from gateway import (HOST, ICMP, IP, LAN, REMOTE, REMOTE6, TCP, UDP, Gateway, ICMPv6EchoRequest,
                     IPv6, base_builder)
from pools import hashed_bytes
from scenario_builder import rule
from selector import userspace_v1
from siphash import siphash24

EXHAUSTED = ("answer", "source_nat_pool_exhausted")


def gateway_with(addresses, low, high, algorithm=None, randomization=False, rules=None):
    builder = base_builder()
    builder.pools.clear()
    builder.pool("p", addresses, low, high, algorithm)
    builder.port_randomization = randomization
    return Gateway(builder, rules)


def opened(gateway, number, source=HOST, remote=REMOTE):
    """=> (address, port) of one more UDP flow, or (verdict, reason)"""
    before = set(gateway.nat.flows)
    result = gateway.out(IP(src=source, dst=remote) / UDP(sport=number, dport=9))
    new = set(gateway.nat.flows) - before
    if not new:
        return result[:2]
    flow = gateway.nat.flows[new.pop()]
    return flow.address, flow.port


def test_hashed_bytes():
    """[RFC6888 REQ-15] [RFC6056]"""
    key = Key("lan", 17, packed("10.0.1.2"), 0x1234, packed("192.0.2.1"), 0x5678)
    assert hashed_bytes(key).hex() == (
        "0a000102" "c0000201" "12345678" "11000000")
    key = Key("lan", 58, packed("2001:db8::1"), 7, packed("2001:db8::2"), 0)
    assert hashed_bytes(key).hex() == (
        "20010db8000000000000000000000001" "20010db8000000000000000000000002"
        "00070000" "3a000000")


@pytest.mark.parametrize("low, high", [(1024, 65535), (10000, 20000), (5000, 5006), (7, 7)])
def test_starting_point_is_the_hash_modulo_the_size(low, high):
    """[RFC7857 section 8, section 9]"""
    gateway = gateway_with(["198.51.100.1"], low, high, randomization=True)
    key = Key("lan", 17, packed(HOST), 5000, packed(REMOTE), 9)
    secret = bytes.fromhex(gateway.scenario["port_key"])
    expected = low + siphash24(secret, hashed_bytes(key)) % (high - low + 1)
    assert opened(gateway, 5000) == (packed("198.51.100.1"), expected)


@pytest.mark.parametrize("randomization", [False, True])
@pytest.mark.parametrize("low, high", [(1, 1), (4099, 4105), (65500, 65535)])
def test_every_port_is_given_out_once_then_exhausted(low, high, randomization):
    """[RFC4787 REQ-11] [RFC6888 REQ-11d]"""
    gateway = gateway_with(["198.51.100.1"], low, high, randomization=randomization)
    size = high - low + 1
    ports = [opened(gateway, number)[1] for number in range(size)]
    assert sorted(ports) == list(range(low, high + 1))
    assert opened(gateway, 9999) == EXHAUSTED
    assert len(gateway.nat.flows) == size


def test_next_free_port_is_upwards_and_once_around():
    """[RFC4787 REQ-3a]"""
    gateway = gateway_with(["198.51.100.1"], 10, 14, randomization=True)
    taken = []
    for number in range(5):
        key = Key("lan", 17, packed(HOST), number, packed(REMOTE), 9)
        start = siphash24(bytes.fromhex(gateway.scenario["port_key"]), hashed_bytes(key)) % 5
        expected = next(port for port in [10 + (start + step) % 5 for step in range(5)]
                        if port not in taken)
        assert opened(gateway, number)[1] == expected
        taken.append(expected)


def test_a_collected_port_is_free_again():
    gateway = gateway_with(["198.51.100.1"], 5, 5)
    assert opened(gateway, 1)[1] == 5
    assert opened(gateway, 2) == EXHAUSTED
    gateway.nat.collect(gateway.time_s + 301)
    assert opened(gateway, 2)[1] == 5


def test_sequence_counts_searches_by_address_and_protocol():
    gateway = gateway_with(["198.51.100.1", "2001:db8:64::1"], 100, 102)
    assert [opened(gateway, number) for number in range(4)][:3] == [
        (packed("198.51.100.1"), port) for port in (100, 101, 102)]
    gateway.nat.collect(gateway.time_s + 301)
    assert opened(gateway, 1)[1] == 101  # the failed search counted: 4 mod 3
    gateway.out(IP(src=HOST, dst=REMOTE) / TCP(sport=1, dport=1, flags="S"))
    gateway.out(IP(src=HOST, dst=REMOTE) / ICMP(id=1))
    gateway.out(IPv6(src="2001:db8:1::10", dst=REMOTE6) / ICMPv6EchoRequest(id=1))
    assert gateway.nat.state()["ports"] == {
        "198.51.100.1": {"tcp": [100], "udp": [101], "icmp": [100]},
        "2001:db8:64::1": {"tcp": [], "udp": [], "icmp": [100]}}


def test_round_robin_turns_by_family_and_goes_around_when_full():
    gateway = gateway_with(["198.51.100.1-198.51.100.3", "2001:db8:64::1-2001:db8:64::2"], 5, 6)
    order = [opened(gateway, number)[0][3] for number in range(6)]
    assert order == [1, 2, 3, 1, 2, 3]
    gateway.out(IPv6(src="2001:db8:1::10", dst=REMOTE6) / ICMPv6EchoRequest(id=1))
    assert "2001:db8:64::1" in gateway.nat.state()["ports"]
    assert opened(gateway, 77) == EXHAUSTED


def test_round_robin_tries_the_following_addresses():
    """And every time the pool is asked turns the counter, also when nothing is found."""
    gateway = gateway_with(["198.51.100.1-198.51.100.2"], 5, 6)
    assert [opened(gateway, number)[0][3] for number in range(3)] == [1, 2, 1]
    for flow in list(gateway.nat.flows.values())[1:2]:
        flow.last_seen_s = -1000
    gateway.nat.collect(gateway.time_s)
    assert opened(gateway, 10)[0][3] == 2  # counter 3
    assert opened(gateway, 11)[0][3] == 2  # counter 4 says 1, which is full
    assert opened(gateway, 12) == EXHAUSTED  # counter 5
    gateway.nat.collect(gateway.time_s + 301)
    assert opened(gateway, 13)[0][3] == 1  # counter 6


@pytest.mark.parametrize("algorithm", ["userspace-v1", "ebpf-legacy"])
def test_address_persistent_fails_closed(algorithm):
    """[RFC4787 REQ-2] [RFC6888 REQ-11a] [RFC7857 section 4]"""
    gateway = gateway_with(["198.51.100.1-198.51.100.4"], 5, 6, algorithm)
    addresses = {opened(gateway, number)[0] for number in range(2)}
    assert len(addresses) == 1
    assert opened(gateway, 3) == EXHAUSTED
    if algorithm == "userspace-v1":
        assert addresses.pop()[3] == 1 + userspace_v1(packed(HOST), 4)


def test_pools_that_share_an_address_share_its_ports():
    builder = base_builder()
    builder.pools.clear()
    builder.pool("a", ["198.51.100.1"], 100, 103)
    builder.pool("b", ["198.51.100.1"], 102, 105)
    gateway = Gateway(builder, [rule("a", "a", source_addresses=["10.0.1.10/32"]),
                                rule("b", "b")])
    ports = [opened(gateway, number, source)[1] for number in range(3)
             for source in (HOST, "10.0.1.11")]
    assert sorted(ports) == list(range(100, 106))
    assert opened(gateway, 9, HOST) == EXHAUSTED
    assert opened(gateway, 9, "10.0.1.11") == EXHAUSTED


def test_interface_action_is_clear_of_the_kernels_ports():
    builder = base_builder()
    builder.kernel_ports = {"203.0.113.1": [[1024, 2000], [2003, 65535]]}
    gateway = Gateway(builder, [rule("all", "interface")])
    assert [opened(gateway, number) for number in range(2)] == [
        (packed("203.0.113.1"), 2001), (packed("203.0.113.1"), 2002)]
    assert opened(gateway, 3) == EXHAUSTED
    assert gateway.nat.state()["pools"]["interface:wan0"] == {
        "hits": 3, "opened": 2, "overflows": 0,
            "failures": {"source_nat_pool_exhausted": 1}}


def test_interface_action_takes_the_first_address():
    builder = base_builder()
    builder.interfaces["wan0"]["addresses"].insert(1, "203.0.113.2/24")
    gateway = Gateway(builder, [rule("all", "interface")])
    assert Counter(opened(gateway, number)[0] for number in range(5)) == {
        packed("203.0.113.1"): 5}
    reply = IP(src=REMOTE, dst="203.0.113.2") / UDP(sport=9, dport=1024)
    assert gateway.reason(LAN, reply) == ("kernel", "local_destination")


def overflowing(**overflow):
    """=> a gateway whose pool p has one port of IPv4 and one of IPv6, and q two of IPv4"""
    builder = base_builder()
    builder.pools.clear()
    builder.pool("p", ["198.51.100.1", "2001:db8:64::1"], 5, 5, **overflow)
    builder.pool("q", ["198.51.100.2"], 6, 7)
    builder.port_randomization = False
    return Gateway(builder)


def test_a_full_pool_overflows_into_another():
    """[RFC7857 section 4]"""
    gateway = overflowing(overflow="pool", overflow_pool="q")
    assert [opened(gateway, number)[1] for number in range(3)] == [5, 6, 7]
    assert opened(gateway, 3) == EXHAUSTED
    assert [flow.pool.name for flow in gateway.nat.flows.values()] == ["p", "q", "q"]
    pools = gateway.nat.state()["pools"]
    assert pools["p"] == {"hits": 4, "opened": 1, "overflows": 3,
                          "failures": {"source_nat_pool_exhausted": 1}}
    assert pools["q"] == {"hits": 3, "opened": 2, "overflows": 0, "failures": {}}


def test_a_full_pool_overflows_to_the_interface():
    gateway = overflowing(overflow="interface")
    assert opened(gateway, 1)[1] == 5
    assert opened(gateway, 2) == (packed("203.0.113.1"), 1024)
    assert gateway.nat.state()["pools"]["interface:wan0"]["opened"] == 1


def test_an_overflow_pool_without_the_family_is_none():
    gateway = overflowing(overflow="pool", overflow_pool="q")
    results = [gateway.out(IPv6(src="2001:db8:1::10", dst=REMOTE6) / UDP(sport=number, dport=9))
               for number in range(2)]
    assert results[0].verdict == "forward"
    assert results[1][:2] == EXHAUSTED
    assert gateway.nat.state()["pools"]["p"]["overflows"] == 0


def test_a_released_port_rests():
    """[RFC6888 REQ-8] given to nobody for as long as port-hold-down says"""
    builder = base_builder()
    builder.pools.clear()
    builder.pool("p", ["198.51.100.1"], 5, 5)
    builder.port_hold_down = 120
    gateway = Gateway(builder)
    assert opened(gateway, 1)[1] == 5
    end_s = gateway.time_s + 301
    gateway.nat.collect(end_s)
    assert opened(gateway, 2) == EXHAUSTED
    assert gateway.nat.state()["resting"] == {"198.51.100.1": {"tcp": [], "udp": [5], "icmp": []}}
    gateway.nat.collect(end_s + 119)
    assert opened(gateway, 2) == EXHAUSTED
    gateway.nat.collect(end_s + 120)
    assert opened(gateway, 2)[1] == 5


def preserving(low, high, **more):
    """=> a gateway whose pool p keeps something of a flow's port"""
    builder = base_builder()
    builder.pools.clear()
    builder.pool("p", ["198.51.100.1"], low, high, **more)
    return Gateway(builder)


def test_parity_is_preserved_and_used_up():
    """an even port stays even, an odd one odd [RFC4787 REQ-4] [RFC7857 section 8]"""
    gateway = preserving(2000, 2005, preserve_parity=True)
    assert [opened(gateway, number)[1] for number in (5000, 5001, 5002, 5003)] == [
        2000, 2001, 2002, 2003]
    assert opened(gateway, 5004)[1] == 2004
    assert opened(gateway, 5006) == EXHAUSTED
    assert opened(gateway, 5005)[1] == 2005


def test_privileged_ports_stay_privileged():
    """[RFC4787 REQ-3a] a port below 1024 stays below, all others stay above"""
    gateway = preserving(1000, 1025, preserve_range=True)
    assert opened(gateway, 80)[1] < 1024
    assert opened(gateway, 1023)[1] < 1024
    assert [opened(gateway, number)[1] for number in (1024, 40000)] == [1024, 1025]
    assert opened(gateway, 40001) == EXHAUSTED
    assert opened(gateway, 81)[1] < 1024


def test_query_ids_have_neither_parity_nor_range():
    gateway = preserving(1000, 1025, preserve_range=True, preserve_parity=True)
    for number in (2, 4):
        gateway.out(IP(src=HOST, dst=REMOTE) / ICMP(id=number))
    assert gateway.nat.state()["ports"]["198.51.100.1"]["icmp"] == [1000, 1001]


def shifting(base, **more):
    """=> a gateway whose pool p has four addresses for the hosts from a base on"""
    builder = base_builder()
    builder.pools.clear()
    builder.pool("p", ["198.51.100.1-198.51.100.4"], 1, 65535, port_translation=False,
                 host_address_base=base, **more)
    return Gateway(builder)


@pytest.mark.parametrize("base, expected", [("10.0.1.10/32", 1), ("10.0.1.8/30", 3),
                                            ("10.0.1.7/32", 4), ("10.0.1.0/24", None),
                                            ("10.0.1.11/32", None), ("10.0.1.6/31", None)])
def test_shifted_hosts_have_their_own_address_and_port(base, expected):
    gateway = shifting(base)
    result = opened(gateway, 777)
    if expected is None:
        assert result == ("answer", "source_nat_pool_no_address")
    else:
        assert result == (packed(f"198.51.100.{expected}"), 777)
        assert opened(gateway, 778)[1] == 778
        assert opened(gateway, 777, remote="192.0.2.2") == EXHAUSTED


def test_a_host_without_a_shifted_address_overflows():
    gateway = shifting("10.0.1.11/32", overflow="interface")
    assert opened(gateway, 777)[0] == packed("203.0.113.1")
    assert gateway.nat.state()["pools"]["p"]["overflows"] == 1
