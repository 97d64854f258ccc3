# SPDX-License-Identifier: Apache-2.0
"""Two processors at once: flows that come and go in great numbers, and first packets [R1]."""
import os
import select
import struct
import time

import clients
from frames import Sender, mac_of, udp
from house import PERSISTENT
from lab import takes
from oracle import DROP_REASONS, parse
from socket_filter import incoming
from waiting import wait_until
from wire import Capture

ALONE = True
FLOW_TIMEOUT_S = 1
ROUNDS, PORTS_A_ROUND = 25, 20_000
REMOTE_PORT = 20_000  # and upwards, another one each round
FIRST_PORT = 1024
BURST = 64
LOOK_S = 0.01
QUIET_NS = (FLOW_TIMEOUT_S * 1000 - 50) * 10**6  # flows keep time by the ticks of the kernel

RULES = f"""
set security flow maximum-sessions 262144
set security flow udp-session timeout {FLOW_TIMEOUT_S}
set security nat source pool busy address 198.51.100.16/30
set security nat source rule-set out from zone [ lan guest ]
set security nat source rule-set out to zone wan
set security nat source rule-set out rule all then source-nat pool busy
"""

CONTENT = struct.Struct(">BHQ")  # host, inside port, time of sending in nanoseconds
PORTS = struct.Struct(">HH")
PROTOCOL_AT, SOURCE_AT, PORTS_AT, CONTENT_AT = 23, 26, 34, 42
FRAME_BYTES = CONTENT_AT + CONTENT.size


def _send(sender, host, ports, remote_port, server, source):
    """A packet for each port."""
    frame = bytearray(bytes(sender.link / udp(source, server, bytes(CONTENT.size))))
    frame[40:42] = bytes(2)  # no UDP checksum
    for port in ports:
        PORTS.pack_into(frame, PORTS_AT, port, remote_port)
        CONTENT.pack_into(frame, CONTENT_AT, host, port, time.monotonic_ns())
        sender.socket.send(frame)


def _send_rounds(house, name, number, processor, times, orders, done):
    """A process on a processor of its own: a round for each byte of the orders."""
    os.sched_setaffinity(0, {processor})
    host = house.host(name)
    sender = Sender(host, "eth0", mac_of(house.gateway, house.interface_to(name)))
    place = (house.server("s1", 4), host.address(4))
    while order := os.read(orders, 1):
        remote_port = REMOTE_PORT + order[0]
        for first in range(FIRST_PORT, FIRST_PORT + PORTS_A_ROUND, BURST):
            ports = range(first, min(first + BURST, FIRST_PORT + PORTS_A_ROUND))
            for _ in range(times):
                _send(sender, number, ports, remote_port, *place)
        os.write(done, b".")


class Senders:
    """A process for each (host, number), each on its own processor; numbers tell flows apart."""

    def __init__(self, house, hosts, times):
        """`times`: packets of a flow in a round"""
        self.done, done = os.pipe()
        os.set_blocking(self.done, False)
        self.orders = []
        self.busy = 0
        for processor, (name, number) in enumerate(hosts):
            orders, order = os.pipe()
            self.orders.append(order)
            if not os.fork():
                os.close(order)
                _send_rounds(house, name, number, processor % os.cpu_count(), times, orders,
                             done)
                os._exit(0)
            os.close(orders)

    def start_round(self, number):
        """All of them, now."""
        self.busy = len(self.orders)
        for order in self.orders:
            os.write(order, bytes([number]))

    def are_done(self):
        """Whether all have sent the round."""
        try:
            self.busy -= len(os.read(self.done, len(self.orders)))
        except BlockingIOError:
            pass
        return self.busy == 0


# What was seen has done its duty.
SINK = """
table netdev sink {
    chain ingress {
        type filter hook ingress device "eth0" priority 0
        udp dport >= 20000 drop
    }
}
"""


class PublicSide:
    """Who has which public address and port, as seen on the wire."""

    def __init__(self, house):
        house.router.run("nft", "-f", "-", text=SINK)
        self.wire = Capture(house.router, "eth0", incoming())
        self.owners = {}  # (address, port): (flow, when its last packet was sent)
        self.flows = {}  # flow: (address, port)
        self.packets = 0
        self.reused = 0

    def look(self):
        """Take what has come. => whether anything had"""
        before = self.packets
        try:
            while True:
                frame = self.wire.socket.recv(FRAME_BYTES)
                if len(frame) == FRAME_BYTES and frame[PROTOCOL_AT] == parse.PROTOCOL_UDP:
                    self._note(frame)
        except BlockingIOError:
            return self.packets > before

    def _note(self, frame):
        host, inside_port, sent_ns = CONTENT.unpack_from(frame, CONTENT_AT)
        public_port, remote_port = PORTS.unpack_from(frame, PORTS_AT)
        flow = (host, inside_port, remote_port)
        public = (frame[SOURCE_AT:SOURCE_AT + 4], public_port)
        self.packets += 1
        owner, last_ns = self.owners.get(public, (flow, sent_ns))
        if owner != flow:
            assert sent_ns - last_ns > QUIET_NS, f"{public} belongs to {owner} and to {flow}"
            self.reused += 1
        before = self.flows.get(flow, public)
        if before != public:
            _, last_ns = self.owners[before]
            assert sent_ns - last_ns > QUIET_NS, f"{flow} is {before} and {public}"
        self.owners[public] = (flow, sent_ns)
        self.flows[flow] = public


def _run_rounds(senders, public, rounds):
    for number in range(rounds):
        senders.start_round(number)
        while not senders.are_done():
            select.select([public.wire.socket], [], [], LOOK_S)
            public.look()
        while public.look():
            pass


@takes(200)
def test_churn(lab):
    """a million flows on two processors: no two live ones share a tuple, no packet lost [R1]"""
    house = lab.house(rules=RULES, inspect_one_in=1024)
    clients.ping(house.host("a1"), house.server("s1", 4))  # the neighbours are known now
    public, (before, received_before) = PublicSide(house), house.gateway.quiet_moment()
    _run_rounds(Senders(house, (("a1", 1), ("b1", 2)), 1), public, ROUNDS)
    reasons, received = house.gateway.quiet_moment()
    counted = {reason: count - before[reason] for reason, count in reasons.items()}
    refused = sum(counted[reason] for reason in DROP_REASONS)
    assert sum(counted.values()) == received - received_before, (received, counted)
    overflowed = house.gateway.statistics()["eth1"]["tx"]["dropped"]

    def all_are_seen():
        public.look()
        return public.packets == counted["translated_out"] - overflowed
    wait_until(all_are_seen, f"what was judged to come out; {public.packets} have, of {counted}")
    assert refused == counted["flow_table_full"] + counted["source_nat_pool_exhausted"], counted
    return (f"{len(public.flows)} flows seen, {public.reused} times a tuple was used again, "
            f"{refused} packets refused, {overflowed} found a full queue")


@takes(90)
def test_first_packets_race(lab):
    """both processors see the first packets of the same flows: each flow is made once [R1]"""
    house = lab.house(PERSISTENT, inspect_one_in=1024)
    clients.ping(house.host("a1"), house.server("s1", 4))
    public = PublicSide(house)
    _run_rounds(Senders(house, (("a1", 1), ("a1", 1)), 2), public, 2)
    assert len(public.flows) == len(public.owners) == 2 * PORTS_A_ROUND
    assert house.gateway.flow_count(protocol=17) == 2 * PORTS_A_ROUND
