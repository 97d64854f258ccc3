# SPDX-License-Identifier: Apache-2.0
"""What the next hop decides for a packet of a flow (docs/packet-path.md section 4)."""
from typing import NamedTuple

import kernel
from parse import ICMP_ERROR
from reasons import DROP, FORWARD, KERNEL, KERNEL_TRANSLATED


class Outcome(NamedTuple):
    """A verdict and its reason."""

    verdict: str
    reason: str


def decide(route, packet, zone, from_inside):
    """The table of section 4, row by row; `zone` is the one that the flow leaves by."""
    if route.type != kernel.UNICAST:
        return Outcome(DROP, "no_route")
    if route.interface.zone != zone:
        return Outcome(DROP, "route_changed")
    if is_too_big(route, packet):
        return Outcome(KERNEL if from_inside else KERNEL_TRANSLATED, "packet_too_big")
    if packet.length > route.mtu:
        return Outcome(KERNEL_TRANSLATED, "packet_too_big")
    if route.mac is None:
        return Outcome(KERNEL_TRANSLATED, "neighbour_unresolved")
    return Outcome(FORWARD, forward_reason(packet, from_inside))


def is_too_big(route, packet):
    """Larger than the MTU of the route, and nobody may fragment it."""
    return packet.length > route.mtu and packet.dont_fragment


def forward_reason(packet, from_inside):
    """An error is counted apart from data."""
    what = "icmp_error" if packet.kind == ICMP_ERROR else "translated"
    return f"{what}_out" if from_inside else f"{what}_in"
