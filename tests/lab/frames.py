# SPDX-License-Identifier: Apache-2.0
"""Frames made with Scapy and put on a cable as they are."""
import logging
import socket

logging.getLogger("scapy").setLevel(logging.ERROR)

from scapy.layers.inet import IP, UDP  # noqa: E402
from scapy.layers.inet6 import IPv6  # noqa: E402
from scapy.layers.l2 import Ether  # noqa: E402
from scapy.packet import Raw  # noqa: E402


def mac_of(namespace, interface):
    """=> the Ethernet address of an interface"""
    return namespace.ip("-br", "link", "show", "dev", interface).split()[2]


def ip_header(source, destination, **fields):
    """=> an IPv4 or IPv6 header"""
    kind = IPv6 if ":" in source else IP
    return kind(src=source, dst=destination, **fields)


class Sender:
    """A socket that sends frames as they are from an interface."""

    def __init__(self, namespace, interface, to_mac):
        self.link = Ether(src=mac_of(namespace, interface), dst=to_mac)
        with namespace:
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            self.socket.bind((interface, 0))

    def send(self, packet, times=1):
        """Send an IP packet, or tags and an IP packet, behind the Ethernet header."""
        self.send_bytes(bytes(self.link / packet), times)

    def send_bytes(self, frame, times=1):
        """Send a whole frame."""
        for _ in range(times):
            self.socket.send(frame)


def udp(source, destination, content=b"x", sport=4000, dport=7000, **fields):
    """=> a UDP packet; the fields are the IP header's"""
    return ip_header(source, destination, **fields) / UDP(sport=sport, dport=dport) / Raw(content)
