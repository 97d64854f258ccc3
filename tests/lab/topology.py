# SPDX-License-Identifier: Apache-2.0
"""Hosts, switches and links.

A link is a veth pair. Where one of its ends has an XDP program, the other end has to compute
checksums, to split large segments and to put tags into the frame before it sends, as on a cable,
and to receive through NAPI (GRO), without which a veth does not take what XDP redirects to it.
"""
from ipaddress import ip_interface

from namespace import Namespace, run


def make_link(one, one_name, other, other_name, queues=1):
    """Connect two namespaces; both ends are up."""
    numbers = ("numrxqueues", queues, "numtxqueues", queues)
    run("ip", "-n", one.name, "link", "add", one_name, *numbers, "type", "veth",
        "peer", "name", other_name, "netns", other.name, *numbers)
    one.ip("link", "set", one_name, "up")
    other.ip("link", "set", other_name, "up")


def behave_like_hardware(namespace, interface):
    """For the far end of a link to the gateway."""
    namespace.run("ethtool", "-K", interface, "tx", "off", "tso", "off", "txvlan", "off",
                  "tx-vlan-stag-hw-insert", "off", "gro", "on")


def add_addresses(namespace, interface, addresses):
    """Addresses with their prefix length, usable at once."""
    namespace.batch(f"address add {address} dev {interface}"
                    f"{' nodad' if ':' in address else ''}" for address in addresses)


class Switch(Namespace):
    """A bridge; each link() is a port."""

    def __init__(self, name):
        super().__init__(name)
        self.batch(["link add bridge type bridge mcast_snooping 0 forward_delay 0",
                    "link set bridge up"])

    def connect(self, namespace, interface, port, queues=1):
        """A cable from an interface of a namespace, which it makes, to a port."""
        make_link(namespace, interface, self, port, queues)
        self.ip("link", "set", port, "master", "bridge")


class Host(Namespace):
    """A machine with one interface, eth0, and a default route in each family."""

    def __init__(self, name, addresses, gateways):
        super().__init__(name)
        self.addresses = [str(ip_interface(address).ip) for address in addresses]
        self._interfaces = addresses
        self._gateways = gateways

    def configure(self):
        """Once eth0 is there."""
        add_addresses(self, "eth0", self._interfaces)
        self.batch(f"route add default via {gateway}" for gateway in self._gateways)

    def address(self, family):
        """=> its address of family 4 or 6"""
        return next(each for each in self.addresses if (":" in each) == (family == 6))
