# SPDX-License-Identifier: Apache-2.0
"""Commits under traffic, a thousand in a soak: pools that grow and shrink, rules that come and go [R16]."""
import threading
import time
from itertools import count

import house as town
from frames import Sender, mac_of, udp
from house import PERSISTENT, POOL_RULES, config
from lab import takes
from observers import Observer, ask
from oracle import parse, text_of
from sequence import NumberedFlow, percentile
from socket_filter import incoming
from wire import Capture

ALONE = True
COMMITS, SOAK_COMMITS = 120, 1000
RATE = 5_000  # numbered packets a second, of a host whose rule no commit touches
NEW_FLOWS_S = 0.002  # between two new flows of the host whose rule changes
PORT = 9

# In turn; what a pool's addresses and ports are belongs together.
TURNS = (("198.51.100.64/29", 2000, 2999), ("198.51.100.72/30", 5000, 5999),
         ("198.51.100.64/28", 8000, 8999))

CHANGING = """
set security nat source pool turn address {addresses}
set security nat source pool turn port range {low} to {high}
set security nat source rule-set out from zone [ lan guest ]
set security nat source rule-set out to zone wan
set security nat source rule-set out rule turn match source-address 10.0.1.12
set security nat source rule-set out rule turn then source-nat pool turn
"""
EXTRA = """
set security nat source rule-set out rule extra{n} match source-address 10.99.{n}.0/24
set security nat source rule-set out rule extra{n} then source-nat pool resi
"""


def _rules(number):
    addresses, low, high = TURNS[number % len(TURNS)]
    changing = CHANGING.format(addresses=addresses, low=low, high=high)
    extra = [EXTRA.format(n=n) for n in range(number % 5)]
    return {"rules": changing + POOL_RULES + "".join(extra)}


def _belongs(address, port):
    """Whether an address and a port are of one turn, and not mixed of two."""
    last = int(address.rsplit(".", 1)[1])
    return (64 <= last <= 71 and 2000 <= port <= 2999) or \
        (72 <= last <= 75 and 5000 <= port <= 5999) or (64 <= last <= 79 and 8000 <= port <= 8999)


class NewFlows(threading.Thread):
    """A host that opens a flow every two milliseconds; what it is translated to is seen outside."""

    def __init__(self, house):
        super().__init__(daemon=True)
        self.sender = Sender(house.host("a2"), "eth0", mac_of(house.gateway, "eth0"))
        self.frame = (house.host("a2").address(4), house.server("s1", 4))
        self.wire = Capture(house.router, "eth0", incoming())
        self.ended = threading.Event()
        self.mixed, self.seen = [], 0
        self.start()

    def run(self):
        source, server = self.frame
        template = bytearray(bytes(self.sender.link / udp(source, server, sport=1, dport=PORT)))
        template[40:42] = bytes(2)  # no checksum
        for number in count():
            if self.ended.wait(NEW_FLOWS_S):
                return
            template[34:36] = (1024 + number % 64000).to_bytes(2, "big")
            self.sender.send_bytes(bytes(template))

    def look(self):
        """Take what has come out."""
        for packet, _ in self.wire.packets():
            if packet.kind != parse.UDP or packet.destination_port != PORT:
                continue
            address = text_of(packet.source)
            self.seen += 1
            if not _belongs(address, packet.source_port):
                self.mixed.append((address, packet.source_port))

    def stop(self):
        """Open no more."""
        self.ended.set()
        self.join()
        self.look()


@takes(300)
def test_commits_under_load(lab):
    """untouched flows lose nothing, new ones follow the old or the new, never a mixture [R16]"""
    house = lab.house(PERSISTENT, inspect_one_in=64, **_rules(0))
    Observer(house.servers["s1"])
    kept = ask(house.host("b1"), house.server("s1", 4), "udp")[0]
    flow = NumberedFlow(lab.build, house.host("b1"), house.servers["s1"], RATE)
    new = NewFlows(house)
    times_ms = []
    for number in range(SOAK_COMMITS if town.soak else COMMITS):
        started = time.monotonic()
        house.gateway.commit(config(PERSISTENT, **_rules(number)))
        times_ms.append((time.monotonic() - started) * 1000)
        new.look()
        if number % 50 == 0:
            house.watch.listen()
    new.stop()
    verdict = flow.stop()
    assert not verdict.lost or len(verdict.lost) <= house.overflowed(), verdict.lost
    assert len(verdict.sources) == 1, verdict.sources
    assert ask(house.host("b1"), house.server("s1", 4), "udp")[0] == kept
    assert new.seen > len(times_ms) and not new.mixed, new.mixed[:10]
    return (f"{len(times_ms)} commits, median {percentile(times_ms, 0.5):.0f} ms, 99th percentile "
            f"{percentile(times_ms, 0.99):.0f} ms; {verdict.sent} packets of a flow, "
            f"{len(verdict.lost)} lost; {new.seen} new flows")
