# SPDX-License-Identifier: Apache-2.0
"""What a sender is told whose packet a rule refuses (docs/packet-path.md section 12)."""
from build import icmp_datagram, icmp_message
from parse import ECHO_REQUEST, OTHER, TCP, TUNNEL, UDP
from siphash import siphash24

PROHIBITED = {4: (3, 13), 6: (1, 1)}
MAXIMUM_BYTES = {4: 576, 6: 1280}
HEADER_BYTES = {4: 28, 6: 48}
IPV4_PREFIX = bytes(10) + b"\xff\xff"
PLACES = 4096
LIMIT_OF_PLACE, LIMIT_OF_ALL = 10, 1000


class Answerer:
    """Decides whether, and counts."""

    def __init__(self, key):
        self.key = key
        self.windows = {}  # a place, or None for all => (second, answers in it)
        self.sent = self.withheld = 0

    def answer(self, arrival, reason):
        """=> the frame of the answer to a packet that a rule refused, or None"""
        packet = arrival.packet
        address = arrival.interface.first_address(packet.family)
        if not is_told(packet, reason) or address is None:
            return None
        if not self._may_answer(arrival.time_s, packet.source):
            self.withheld += 1
            return None
        self.sent += 1
        return answer_frame(arrival.frame, packet, address)

    def _may_answer(self, time_s, source):
        wide = source if len(source) == 16 else IPV4_PREFIX + source
        place = siphash24(self.key, wide) % PLACES
        return (self._take(place, time_s, LIMIT_OF_PLACE)
                and self._take(None, time_s, LIMIT_OF_ALL))

    def _take(self, window, time_s, limit):
        second, count = self.windows.get(window, (0, 0))
        if second != time_s:
            count = 0
        if count == limit:
            return False
        self.windows[window] = time_s, count + 1
        return True


def is_told(packet, reason):
    """Whether the sender of a refused packet is told at all."""
    if packet.fragment:
        return False
    if packet.kind == OTHER:
        return not packet.is_icmp
    return packet.kind in (TCP, UDP, TUNNEL, ECHO_REQUEST) and reason != "tcp_not_syn"


def answer_frame(frame, packet, address):
    """=> the ICMP error about a packet in a frame, from one of the gateway's own addresses"""
    limit = MAXIMUM_BYTES[packet.family] - HEADER_BYTES[packet.family]
    quote = frame[packet.ip_at:packet.end_at][:limit]
    message = icmp_message(address, packet.source, *PROHIBITED[packet.family], bytes(4), quote)
    answer = icmp_datagram(address, packet.source, message, service=0xC0, dont_fragment=True)
    return frame[6:12] + frame[:6] + frame[12:packet.ip_at] + answer.pack()
