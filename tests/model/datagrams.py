# SPDX-License-Identifier: Apache-2.0
"""What is learnt of fragmented datagrams (docs/packet-path.md section 9)."""
from collections import Counter
from typing import NamedTuple, Optional

from flows import Flow
from siphash import siphash24
from translate import ID_BYTES, datagram_id

KNOWN_FOR_S = 10
PADDING_BYTES = 7  # zeros behind the protocol


class Datagram(NamedTuple):
    """What names a datagram."""

    zone: str
    source: bytes
    destination: bytes
    protocol: int
    identification: bytes


class Learnt(NamedTuple):
    """Whose a datagram is; the gateway's own has no flow."""

    flow: Optional[Flow]
    from_inside: bool
    out_id: bytes
    time_s: int


class Fragments:
    """The table, which never fills up here, and the ids that were given."""

    def __init__(self, key):
        self.key = key
        self.learnt = {}
        self.given = Counter()

    def learn(self, arrival, flow, from_inside):
        """=> the id with which the datagram of a first fragment leaves"""
        datagram = _datagram_of(arrival)
        known = self._known(datagram, arrival.time_s)
        if known and (known.flow, known.from_inside) == (flow, from_inside):
            out_id = known.out_id
        elif from_inside:
            out_id = self._fresh_id(flow)
        else:
            out_id = datagram.identification
        self.learnt[datagram] = Learnt(flow, from_inside, out_id, arrival.time_s)
        return out_id

    def recall(self, arrival):
        """=> what was learnt of a later fragment's datagram, or None"""
        return self._known(_datagram_of(arrival), arrival.time_s)

    def _known(self, datagram, time_s):
        learnt = self.learnt.get(datagram)
        return learnt if learnt and time_s - learnt.time_s <= KNOWN_FOR_S else None

    def _fresh_id(self, flow):
        """Section 9.2."""
        hashed = siphash24(self.key, flow.address + flow.key.remote
                           + bytes([flow.key.protocol]) + bytes(PADDING_BYTES))
        number = hashed + self.given[flow.address]
        self.given[flow.address] += 1
        size = ID_BYTES[4 if len(flow.address) == 4 else 6]
        return (number % 256 ** size).to_bytes(size)


def _datagram_of(arrival):
    packet = arrival.packet
    return Datagram(arrival.interface.zone, packet.source, packet.destination, packet.protocol,
                    datagram_id(arrival.frame, packet))
