# SPDX-License-Identifier: Apache-2.0
"""Much traffic, of which every packet is accounted for."""
import json

import clients
from frames import Sender, mac_of, udp
from oracle import parse, text_of
from socket_filter import incoming
from waiting import wait_until
from wire import Capture

FLOOD_PORT = 9
BURST = 256

# Counted in the kernel, so that no socket's buffer can lose what arrived.
COUNTERS = """
table inet counted {
    counter sent { }
    counter received { }
    chain output {
        type filter hook output priority 0
        meta l4proto udp counter name sent
    }
    chain input {
        type filter hook prerouting priority 0
        meta l4proto udp counter name received
    }
}
"""


class Stream:
    """iperf3 by UDP, both ways at once, until stop(); every packet is counted at both ends."""

    def __init__(self, house, host, server, megabits=16):
        self.house = house
        self.ends = (host, server)
        for end in self.ends:
            end.run("nft", "-f", "-", text=COUNTERS)
        self.listener = clients.start_iperf3_server(server)
        self.client = host.start("iperf3", "--client", server.address(4), "--udp", "--bidir",
                                 "--length", "64", "--bitrate", f"{megabits}M", "--time", "3600")
        self.wait_for_progress()

    def counts(self):
        """=> packets sent and received, both ends together"""
        return tuple(sum(_count(end, name) for end in self.ends) for name in ("sent", "received"))

    def wait_for_progress(self):
        """Until packets have arrived that were not sent yet."""
        sent, _ = self.counts()

        def arrived():
            assert self.client.is_running(), self.client.output()
            return self.counts()[1] > sent + 1000
        wait_until(arrived, "the stream to flow")

    def stop(self, may_be_lost=0):
        """=> how many packets were sent, how many found a full queue, how many others are missing

        These are none, unless some may be lost.
        """
        for process in (self.client, self.listener):
            process.kill()

        def missing():
            sent, received = self.counts()
            return sent - received - self.house.overflowed()
        wait_until(lambda: 0 <= missing() <= may_be_lost,
                   f"the last packets; (sent, received) was {self.counts()}")
        return self.counts()[0], self.house.overflowed(), missing()


def _count(namespace, name):
    listed = namespace.run("nft", "-j", "list", "counter", "inet", "counted", name)
    return json.loads(listed)["nftables"][1]["counter"]["packets"]


class Flood:
    """UDP flows of one host, a packet each; who they were translated to is seen on the wire."""

    def __init__(self, house, host, family=4):
        self.router = house.router
        self.gateway = house.gateway
        self.sender = Sender(host, "eth0", mac_of(house.gateway, "eth0"))
        packet = udp(host.address(family), house.server("s1", family), bytes(2), sport=0,
                     dport=FLOOD_PORT)
        packet.getlayer("UDP").chksum = 0
        self.frame = bytes(self.sender.link / packet)

    def send(self, ports):
        """=> {inside port: (public address, public port)}, once all have come out"""
        return self._send(ports, len(ports))

    def send_in_vain(self, ports):
        """=> the same of those that came out although none was to, once all have been judged"""
        judged = self.gateway.judged()
        return self._send(ports, 0, lambda: self.gateway.judged() >= judged + len(ports))

    def _send(self, ports, expected, is_done=lambda: True):
        head, tail = self.frame[:-10], self.frame[-8:-2]
        wire = Capture(self.router, "eth0", incoming())
        seen = {}
        for count, port in enumerate(ports):
            port_bytes = port.to_bytes(2, "big")
            self.sender.send_bytes(head + port_bytes + tail + port_bytes)
            if count % BURST == 0:
                seen |= _flood_in(wire)

        def all_seen():
            done = is_done()
            seen.update(_flood_in(wire))
            return done and len(seen) >= expected
        wait_until(all_seen, f"{expected} flows to come out", 5)
        wire.close()
        assert wire.lost == 0, f"{wire.lost} frames were not seen"
        return seen


def _flood_in(wire):
    seen = {}
    for packet, frame in wire.packets():
        if packet.kind == parse.UDP and packet.destination_port == FLOOD_PORT:
            inside_port = int.from_bytes(frame.data[packet.transport_at + 8:][:2], "big")
            seen[inside_port] = (text_of(packet.source), packet.source_port)
    return seen
