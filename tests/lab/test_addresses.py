# SPDX-License-Identifier: Apache-2.0
"""Which public address a host is seen with."""
from contextlib import ExitStack

from house import GATEWAY_WAN
from observers import Conversation, Observer
from topology import add_addresses

MORE_HOSTS = range(100, 120)
LENGTH = {4: 24, 6: 64}
PROTOCOLS = ("tcp", "udp")
NETS = {"a1": ("lan", "10.0.1", "2001:db8:1:"), "b1": ("guest", "10.0.2", "2001:db8:2:")}


def _more_addresses(house):
    """Give two machines many addresses, each a host of its own. => (machine, zone, address)..."""
    hosts = []
    for name, (zone, ipv4, ipv6) in NETS.items():
        addresses = [f"{ipv4}.{n}" for n in MORE_HOSTS] + [f"{ipv6}:{n}" for n in MORE_HOSTS]
        machine = house.host(name)
        add_addresses(machine, "eth0", [f"{each}/{LENGTH[_family(each)]}" for each in addresses])
        hosts += [(machine, zone, each) for each in addresses]
    return hosts


def _talk(machine, source, servers, protocols, stack):
    """=> the tuples (protocol, address, port) that servers saw of one host; the flows stay"""
    tuples = []
    for server in servers:
        for protocol in protocols:
            talk = Conversation(machine, server, protocol, source=source)
            tuples.append((protocol, *stack.enter_context(talk).ask()))
    return tuples


def _family(address):
    return 6 if ":" in address else 4


def _check_as_explained(lab, algorithm):
    house = lab.house(f"set security nat source address-persistent algorithm {algorithm}")
    observers = [Observer(server) for server in house.servers.values()]
    tuples = []
    with ExitStack() as stack:
        for machine, zone, source in _more_addresses(house):
            said = house.gateway.explain(source, "--from-zone", zone, "--to-zone", "wan")
            assert (said["pool"], said["algorithm"]) == ("resi", algorithm), said
            servers = [house.server(name, _family(source)) for name in house.servers]
            seen = _talk(machine, source, servers, PROTOCOLS, stack)
            assert {address for _, address, _ in seen} == {said["address"]}, (source, said, seen)
            tuples += seen
        assert len(set(tuples)) == len(tuples), "two live flows were seen with one tuple"
        assert house.gateway.flow_count() == len(tuples)
    assert sum(len(observer.seen) for observer in observers) == len(tuples)


def test_userspace_v1_as_explained(lab):
    """80 hosts are seen with the one address that explain foretold; no two flows alike [R1]
    [RFC4787 REQ-2]"""
    _check_as_explained(lab, "userspace-v1")


def test_ebpf_legacy_as_explained(lab):
    """the same with the other algorithm"""
    _check_as_explained(lab, "ebpf-legacy")


def test_round_robin_spreads(lab):
    """without address-persistent, one host's flows take the pool's addresses in turn"""
    house = lab.house()
    observer = Observer(house.servers["s1"])
    for family in (4, 6):
        for _ in range(16):
            with Conversation(house.host("a1"), house.server("s1", family)) as talk:
                talk.ask()
        counts = observer.addresses_of("a1", family)
        assert sorted(counts.values()) == [2] * 8, counts


def test_interface_nat(lab):
    """`interface` translates to the egress interface's address, clear of the kernel's own ports"""
    house = lab.house("set security nat source rule-set out rule all then source-nat interface")
    Observer(house.servers["s1"])
    low, high = map(int, house.gateway.read("ipv4/ip_local_port_range").split())
    with ExitStack() as stack:
        for machine in house.hosts.values():
            for source in machine.addresses:
                servers = [house.server("s1", _family(source))] * 20
                for _, address, port in _talk(machine, source, servers, PROTOCOLS, stack):
                    assert address == GATEWAY_WAN[_family(source)]
                    assert not low <= port <= high, f"port {port} is the kernel's"
