# SPDX-License-Identifier: Apache-2.0
"""The part of the kernel that the NAT asks: interfaces, routes, neighbours.

Longest prefix wins. Connected routes follow from the interfaces' addresses; an interface's
own address, or the broadcast address of its subnet, is local. All interfaces forward.
"""
from ipaddress import ip_interface
from typing import NamedTuple, Optional

from addresses import Prefix, packed

UNICAST = "unicast"
LOCAL = "local"
NO_ROUTE = "no_route"
ENCAPSULATION = "encapsulation"  # no trace has one; eBPF cannot follow it
REJECTING = ("unreachable", "prohibit", "blackhole")


class Interface:
    """An interface of the gateway; `zone` is a zone's name or None."""

    def __init__(self, name, description, zone):
        self.name = name
        self.zone = zone
        self.ifindex = description["ifindex"]
        self.mac = mac_bytes(description["mac"])
        self.mtu = description["mtu"]
        self.networks = [ip_interface(text) for text in description["addresses"]]
        self.addresses = [network.ip.packed for network in self.networks]

    def first_address(self, family):
        """The first address of a family, or None."""
        length = 4 if family == 4 else 16
        return next((address for address in self.addresses if len(address) == length), None)


class Route(NamedTuple):
    """The kernel's answer; only a unicast one has anything but a type."""

    type: str
    interface: Optional[Interface] = None
    mtu: int = 0
    mac: Optional[bytes] = None  # the next hop's, None as long as it is not known


def mac_bytes(text):
    """'02:00:00:00:00:01' => six bytes"""
    return bytes.fromhex(text.replace(":", ""))


class Kernel:
    """Answers route lookups from a scenario."""

    def __init__(self, scenario):
        zones = {interface["name"]: zone["name"] for zone in scenario["snapshot"]["zones"]
                 for interface in zone["interfaces"]}
        self.first_names = {zone["name"]: zone["interfaces"][0]["name"]
                            for zone in scenario["snapshot"]["zones"] if zone["interfaces"]}
        self.interfaces = {name: Interface(name, description, zones.get(name))
                           for name, description in scenario["interfaces"].items()}
        self.by_ifindex = {each.ifindex: each for each in self.interfaces.values()}
        self.neighbours = {(each["interface"], packed(each["address"])): mac_bytes(each["mac"])
                           for each in scenario["neighbours"]}
        self.own_addresses = {address for interface in self.interfaces.values()
                              for address in interface.addresses}
        self.local_addresses = self.own_addresses | set(self._broadcast_addresses())
        self.replace_routes(scenario["routes"])

    def first_interface(self, zone):
        """=> the first interface of a zone, in the order of the configuration"""
        return self.interfaces[self.first_names[zone]]

    def replace_routes(self, routes):
        """Use other routes from now on (the connected ones stay)."""
        entries = [(Prefix(route["prefix"]), route) for route in routes]
        entries += self._connected_routes()
        self.routes = sorted(entries, key=lambda entry: -entry[0].length)
        self.answers = {}

    def route(self, destination):
        """=> the Route to an address"""
        if destination not in self.answers:
            self.answers[destination] = self._find_route(destination)
        return self.answers[destination]

    def _find_route(self, destination):
        if destination in self.local_addresses:
            return Route(LOCAL)
        for prefix, route in self.routes:
            if destination in prefix:
                return self._follow(route, destination)
        return Route(NO_ROUTE)

    def _follow(self, route, destination):
        if route["type"] != UNICAST:
            return Route(route["type"])
        interface = self.interfaces[route["interface"]]
        next_hop = packed(route["gateway"]) if route["gateway"] else destination
        return Route(UNICAST, interface, route["mtu"] or interface.mtu,
                     self.neighbours.get((interface.name, next_hop)))

    def _connected_routes(self):
        return [(Prefix(str(network.network)),
                 {"type": UNICAST, "interface": interface.name, "gateway": None, "mtu": None})
                for interface in self.interfaces.values() for network in interface.networks]

    def _broadcast_addresses(self):
        for interface in self.interfaces.values():
            for network in interface.networks:
                if network.version == 4 and network.network.prefixlen <= 30:
                    yield network.network.broadcast_address.packed
