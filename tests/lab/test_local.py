# SPDX-License-Identifier: Apache-2.0
"""Packets for the gateway itself, and from it."""
import clients
from house import GATEWAY_LAN, GATEWAY_WAN, PERSISTENT
from observers import FAMILIES, Conversation, Observer, ask
from waiting import wait_until


def _check_reachable(client, addresses):
    for address in addresses:
        assert clients.ping(client, address) == 1, f"{client.name} pings {address}"
        for protocol in ("tcp", "udp"):
            ask(client, address, protocol)


def _check_gateway_answers(house):
    Observer(house.gateway, (*GATEWAY_LAN.values(), *GATEWAY_WAN.values()))
    for family in FAMILIES:
        _check_reachable(house.host("a1"), [GATEWAY_LAN[family], GATEWAY_WAN[family]])
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
            seen, _ = ask(house.gateway, house.server("s1", family), protocol)
            assert seen == GATEWAY_WAN[family]


def test_pool_address_is_nobody(lab):
    """a pool address that no flow expects anything on answers nothing"""
    house = lab.house(PERSISTENT)
    before = house.gateway.reasons()["filtered_inbound"]
    for address in ("198.51.100.16", "2001:db8:64::1"):
        assert clients.ping(house.servers["s1"], address, 1, "-W", "0.2") == 0
    wait_until(lambda: house.gateway.reasons()["filtered_inbound"] == before + 2, "both drops")
