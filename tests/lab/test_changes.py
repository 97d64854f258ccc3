# SPDX-License-Identifier: Apache-2.0
"""The network changes while Holdfast runs."""
import os
import signal
import socket
from contextlib import ExitStack

import house as town
from house import GATEWAY_WAN, PERSISTENT, ROUTER, config
from observers import FAMILIES, Conversation, Observer, ask
from topology import add_addresses
from waiting import wait_until

INTERFACE_NAT = "set security nat source rule-set out rule all then source-nat interface"
OTHER_ROUTER = {4: "192.0.2.3", 6: "2001:db8:f::3"}
OTHER_WAN = {4: "192.0.2.9", 6: "2001:db8:f::9"}
IP_RECVERR = 11
LENGTH = {4: 24, 6: 64}
SERVER_NETS = {4: "198.18.1.0/24", 6: "2001:db8:51::/64"}


class Talks:
    """A conversation by UDP for each family, and what the server saw first."""

    def __init__(self, house, host="a1", server="s1"):
        self.house = house
        self.talks = {family: Conversation(house.host(host), house.server(server, family), "udp")
                      for family in FAMILIES}
        self.seen = self.ask()

    def ask(self):
        """=> {family: (address, port)} that the server sees now"""
        return {family: talk.ask() for family, talk in self.talks.items()}

    def hush(self):
        """Say something that nobody is to hear."""
        for talk in self.talks.values():
            talk.socket.setblocking(False)
            talk.socket.send(b"hush")
            talk.socket.settimeout(5)

    def check_unchanged(self):
        """The flows are the same as before."""
        assert self.ask() == self.seen


def _house(lab, *parts):
    house = lab.house(PERSISTENT, *parts)
    for server in house.servers.values():
        Observer(server)
    return house


def _wait_until_attached(gateway, interface):
    def attached():
        status = gateway.status()
        modes = {each["name"]: each["xdp_mode"] for each in status["interfaces"]}
        return modes.get(interface) == "native" and not status["trouble"]
    wait_until(attached, f"Holdfast to attach to {interface} again")


# Interfaces.

def _replace_wan(house, meanwhile=lambda: None):
    """Take the gateway's outside interface away, and plug in another one of the same name."""
    house.gateway.ip("link", "del", "eth1")
    house.watch = None  # the wire is gone
    meanwhile()
    house.build_wan()
    house.watch_wire()


def test_outside_interface_is_replaced(lab):
    """the outside interface is removed and made again: Holdfast attaches, flows go on"""
    house = _house(lab)
    talks = Talks(house)
    _replace_wan(house)
    _wait_until_attached(house.gateway, "eth1")
    talks.check_unchanged()


def test_inside_interface_is_replaced(lab):
    """the same for an inside interface"""
    house = _house(lab)
    talks = Talks(house, "b1")
    house.gateway.ip("link", "del", "eth2")
    house.connect_subnet("guest")
    house.host("b1").ip("neighbour", "flush", "dev", "eth0")  # it has another Ethernet address
    _wait_until_attached(house.gateway, "eth2")
    talks.check_unchanged()


def test_interface_is_missing_at_the_start(lab):
    """an interface that is not there when holdfast-dp starts is attached to when it comes"""
    house = _house(lab)
    talks = Talks(house)

    def restart():
        pid = house.gateway.dataplane_pid()
        house.gateway.daemon.kill()
        os.kill(pid, signal.SIGKILL)
        house.gateway.launch_holdfast()
        wait_until(lambda: (house.gateway.run_dir / "dp.sock").exists(), "holdfast-dp to run")
    _replace_wan(house, restart)
    if not house.gateway.daemon.is_running():
        house.gateway.start_holdfast()
    wait_until(house.gateway.is_answering, "holdfastd", 20)
    _wait_until_attached(house.gateway, "eth1")
    talks.check_unchanged()


def test_carrier_is_lost(lab):
    """the cable is pulled and plugged in again: flows go on as they were"""
    house = _house(lab)
    house.router.set("ipv6/conf/all/keep_addr_on_down", 1)
    house.router.set("ipv6/conf/eth0/keep_addr_on_down", 1)
    talks = Talks(house)
    house.router.ip("link", "set", "eth0", "down")
    talks.hush()
    house.router.ip("link", "set", "eth0", "up")
    house.route(town.POOL)
    talks.check_unchanged()


# Routes.

def test_route_through_another_router(lab):
    """the default route changes to another router of the zone: flows go on as they were"""
    house = _house(lab)
    talks = Talks(house)
    add_addresses(house.router, "eth0", [f"{OTHER_ROUTER[family]}/{LENGTH[family]}"
                                         for family in FAMILIES])
    house.gateway.batch(f"route replace default via {router}" for router in OTHER_ROUTER.values())
    talks.check_unchanged()
    for router in OTHER_ROUTER.values():
        assert "lladdr" in house.gateway.ip("neighbour", "show", router), router


def test_route_into_another_zone(lab):
    """the route moves into another zone: the flow is not carried there, and comes back new"""
    house = _house(lab)
    talks = Talks(house)
    house.gateway.batch(f"route add {prefix} via {house.host('b1').address(family)}"
                        for family, prefix in SERVER_NETS.items())
    before = house.gateway.reasons()["route_changed"]
    talks.hush()
    wait_until(lambda: house.gateway.reasons()["route_changed"] == before + 2, "both drops")
    house.gateway.batch(f"route del {prefix}" for prefix in SERVER_NETS.values())
    wait_until(lambda: house.gateway.flow_count() == 0, "the flows to be collected")
    again = talks.ask()
    assert {family: address for family, (address, _) in again.items()} == \
        {family: address for family, (address, _) in talks.seen.items()}


def test_route_is_unreachable(lab):
    """an unreachable route: nothing leaves, the kernel tells new flows, old ones survive"""
    house = _house(lab)
    talks = Talks(house)
    house.gateway.batch(f"route add unreachable {prefix}" for prefix in SERVER_NETS.values())
    before = house.gateway.reasons()
    talks.hush()
    wait_until(lambda: house.gateway.reasons()["no_route"] == before["no_route"] + 2, "both drops")
    after = house.gateway.reasons()
    with Conversation(house.host("a2"), house.server("s1", 4), "udp") as other:
        other.socket.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
        other.socket.send(b"new")
        wait_until(lambda: other.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR),
                   "the ICMP error")
    assert house.gateway.reasons()["route_rejected"] == after["route_rejected"] + 1
    house.gateway.batch(f"route del unreachable {prefix}" for prefix in SERVER_NETS.values())
    talks.check_unchanged()


# Addresses.

def test_outside_address_changes(lab):
    """interface NAT follows the interface: new flows get its new address"""
    house = _house(lab, INTERFACE_NAT)
    assert {family: seen[0] for family, seen in Talks(house).seen.items()} == GATEWAY_WAN
    for family in FAMILIES:
        old, new = GATEWAY_WAN[family], OTHER_WAN[family]
        house.gateway.ip("address", "del", f"{old}/{LENGTH[family]}", "dev", "eth1")
        add_addresses(house.gateway, "eth1", [f"{new}/{LENGTH[family]}"])
    house.gateway.batch(f"route replace default via {router}" for router in ROUTER.values())

    wait_until(lambda: _nat_addresses(house.gateway) >= set(OTHER_WAN.values()),
               "Holdfast to see the new addresses")
    for family in FAMILIES:
        assert ask(house.host("a2"), house.server("s1", family))[0] == OTHER_WAN[family]


def _nat_addresses(gateway):
    return {each["address"] for pool in gateway.api("GET", "/v1/pools")["pools"]
            for each in pool["addresses"]}


# The configuration.

def test_pool_in_use_is_removed(lab):
    """a commit that takes a pool away ends its flows; the next packet opens one in the new pool"""
    house = _house(lab)
    talks = Talks(house)
    other = town.POOL_RULES.replace("198.51.100.16/29", "198.51.100.32/29") \
        .replace("2001:db8:64::/125", "2001:db8:64::20/125").replace("resi", "fresh")
    house.gateway.commit(config(PERSISTENT, rules=other))
    assert house.gateway.flow_count() == 0
    seen = talks.ask()
    for family in FAMILIES:
        expected = house.gateway.explain(house.host("a1").address(family), "--from-zone", "lan",
                                         "--to-zone", "wan")
        assert expected["pool"] == "fresh" and seen[family][0] == expected["address"]


def test_rule_in_use_is_removed(lab):
    """a commit that takes a rule away ends its flows and no others; the next rule has the host"""
    house = _house(lab)
    source = "set security nat source "
    rule = f"{source}rule-set out rule "
    single = f"{source}pool single address 198.51.100.41\n" \
        f"{rule}single match source-address {house.host('a1').address(4)}/32\n" \
        f"{rule}single then source-nat pool single\n"
    with_rule = town.POOL_RULES.replace(f"{rule}all", f"{single}{rule}all")
    house.gateway.commit(config(PERSISTENT, rules=with_rule))
    server = house.server("s1", 4)
    with Conversation(house.host("a1"), server, "udp") as ends, \
            Conversation(house.host("a2"), server, "udp") as goes_on:
        assert ends.ask()[0] == "198.51.100.41"
        before = goes_on.ask()
        house.gateway.commit(config(PERSISTENT, rules=town.POOL_RULES))
        assert [flow["source"] for flow in house.gateway.flows()] \
            == [house.host("a2").address(4)]
        assert goes_on.ask() == before
        assert ends.ask()[0] != "198.51.100.41"
        house.gateway.verify()


def test_pool_that_shares_an_address(lab):
    """two pools with one address never give out the same port of it [R1]"""
    ports = "set security nat source pool {0} port range 3000 to 3019\n"
    address = "set security nat source pool {0} address 198.51.100.40\n"
    rules = "".join(line.format(pool) for pool in ("one", "two") for line in (address, ports))
    rules += """
set security nat source rule-set lan from zone lan
set security nat source rule-set lan to zone wan
set security nat source rule-set lan rule r then source-nat pool one
set security nat source rule-set guest from zone guest
set security nat source rule-set guest to zone wan
set security nat source rule-set guest rule r then source-nat pool two
"""
    house = lab.house(PERSISTENT, rules=rules)
    Observer(house.servers["s1"])
    server = house.server("s1", 4)
    with ExitStack() as stack:
        seen = [stack.enter_context(Conversation(house.host(host), server, "udp")).ask()
                for host in ("a1", "b1") * 10]
        assert sorted(port for _, port in seen) == list(range(3000, 3020)), seen
        for host in ("a1", "b1"):
            before = house.gateway.reasons()["source_nat_pool_exhausted"]
            with Conversation(house.host(host), server, "udp") as refused:
                refused.socket.send(b"refused")
            wait_until(lambda before=before: house.gateway.reasons()["source_nat_pool_exhausted"]
                       == before + 1, "the refusal")


OFF_RULES = """
set security nat source rule-set out from zone lan
set security nat source rule-set out to zone wan
set security nat source rule-set out rule plain match destination-address 198.18.2.0/24
set security nat source rule-set out rule plain match destination-address 2001:db8:52::/64
set security nat source rule-set out rule plain then source-nat off
set security nat source rule-set out rule rest then source-nat pool resi
set security nat source pool resi address 198.51.100.16/29
set security nat source pool resi address 2001:db8:64::/125
"""


def test_untranslated_on_purpose(lab):
    """`off` and no rule leave packets to the kernel as they are; all others are translated"""
    house = lab.house(PERSISTENT, rules=OFF_RULES, inside=())
    house.route(town.INSIDE)
    for server in house.servers.values():
        Observer(server)
    a1, b1 = house.host("a1"), house.host("b1")
    for family in FAMILIES:
        s1, s2 = (house.server(name, family) for name in ("s1", "s2"))
        for protocol in ("tcp", "udp"):
            assert ask(a1, s2, protocol)[0] == a1.address(family), "rule plain"
            assert ask(b1, s1, protocol)[0] == b1.address(family), "no rule for guest"
            assert ask(a1, s1, protocol)[0] != a1.address(family), "rule rest"
    reasons = house.gateway.reasons()
    assert reasons["rule_off"] and reasons["no_rule"]
