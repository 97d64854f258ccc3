# SPDX-License-Identifier: Apache-2.0
"""A numbered UDP flow: which of its packets were lost or overtaken, and how long nothing came through."""
import struct
import time
from bisect import bisect_left, bisect_right
from collections import Counter
from contextlib import suppress
from typing import NamedTuple

from namespace import LOGS
from waiting import Late, wait_until

PORT = 7001
LAST_S = 1  # in which the last packets come, or are lost
ARRIVAL = struct.Struct("<QQQ4sHH")
EDGES_MS = (0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)


class Verdict(NamedTuple):
    """What became of a flow."""

    sent: int
    lost: list  # numbers
    reordered: int
    sources: set  # (address, port) that the packets came from
    arrivals: list  # (number, sent_ns, arrived_ns), as they came; CLOCK_REALTIME

    def outages_ms(self, moments_ns, within_ns):
        """=> for each moment: how long nothing came through, at the worst, in the time after it

        That is the time between two arrivals, less what the sender itself waited if the second
        followed the first.
        """
        times = [arrived for _, _, arrived in self.arrivals]
        outages = []
        for moment in moments_ns:
            first = max(bisect_left(times, moment), 1)
            end = bisect_right(times, moment + within_ns)
            outages.append(max(map(self._waited, range(first, end)), default=within_ns) / 1e6)
        return outages

    def _waited(self, place):
        number, sent, arrived = self.arrivals[place]
        before, _, arrived_before = self.arrivals[place - 1]
        return arrived - max(arrived_before, sent if number == before + 1 else 0)


class NumberedFlow:
    """Packets from a host to a server, evenly, until stop()."""

    def __init__(self, build, host, server, rate):
        program = build / "tests" / "sequence"
        self.file = LOGS / f"arrivals-{server.name}-{time.monotonic_ns()}"
        self.receiver = server.start(program, "receive", PORT, self.file, log="receive")
        wait_until(lambda: server.run("ss", "-Hlun", f"sport = :{PORT}"), "the receiver")
        self.sender = host.start(program, "send", server.address(4), PORT, rate,
                                 log=f"{self.file.name}-sent")

    def _arrived(self):
        return self.file.stat().st_size // ARRIVAL.size

    def stop(self):
        """=> Verdict"""
        self.sender.stop()
        sent = int(self.sender.output())
        with suppress(Late):  # some may be lost; the last to be sent need not be the last to come
            wait_until(lambda: self._arrived() >= sent, "every packet", LAST_S)
        self.receiver.stop()
        arrivals, sources, reordered, newest = [], set(), 0, -1
        for number, sent_ns, arrived_ns, address, port, _ in \
                ARRIVAL.iter_unpack(self.file.read_bytes()):
            arrivals.append((number, sent_ns, arrived_ns))
            sources.add((address, port))
            reordered += number < newest
            newest = max(newest, number)
        arrivals.sort(key=lambda arrival: arrival[2])
        missing = set(range(sent)) - {number for number, _, _ in arrivals}
        return Verdict(sent, sorted(missing), reordered, sources, arrivals)


def histogram(values_ms):
    """=> how many values lie below each edge, in words"""
    counts = Counter(next((edge for edge in EDGES_MS if value < edge), None)
                     for value in values_ms)
    words = [f"<{edge:g} ms: {counts[edge]}" for edge in EDGES_MS if counts[edge]]
    return ", ".join(words + ([f"more: {counts[None]}"] if counts[None] else []))


def percentile(values, share):
    """=> the value that `share` of them do not exceed"""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
