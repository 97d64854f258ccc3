# SPDX-License-Identifier: Apache-2.0
"""Looking at what comes out of the gateway, on the other end of the cable.

A guard hears only packets whose source is an inside address: there must be none. An inspector
hears everything, or a random part where there is much, and verifies every checksum and that no
quoted packet names an inside host. What the oracle thinks of frames (tests/model) is what reads
them here; it shares no code with the core.
"""
import errno
import socket
import struct
from typing import NamedTuple

import socket_filter
from oracle import Decision, Prefix, compute, parse, text_of
from waiting import wait_until

ETH_P_ALL = 3
SO_RCVBUFFORCE = 33
SOL_PACKET, PACKET_STATISTICS, PACKET_AUXDATA = 263, 6, 8
CHECKSUM_NOT_READY = 1 << 3  # the kernel verified it, and merged packets
VLAN_VALID = 1 << 4
BUFFER_BYTES = 64 << 20
FRAME_BYTES = 1 << 17


class Frame(NamedTuple):
    """A frame as it came; a tag that the kernel took out has been put back."""

    data: bytes
    is_whole: bool  # not merged of several

    def packet(self):
        """=> the oracle's Packet, or None if it is nothing for a NAT"""
        try:
            return parse.parse(self.data)
        except Decision as decision:
            if decision.reason == "malformed_packet":
                raise AssertionError(f"malformed packet on the wire: {self.data.hex()}") from None
            return None


class Capture:
    """A socket that hears an interface. Nothing runs: frames wait in the socket."""

    def __init__(self, namespace, interface, program):
        with namespace:
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            program.attach(self.socket)
            self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)
            self.socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
            self.socket.setblocking(False)
            self.socket.bind((interface, ETH_P_ALL))
        self.lost = 0

    def frames(self):
        """Take the frames that wait."""
        while True:
            try:
                data, ancillary, _, _ = self.socket.recvmsg(FRAME_BYTES, 256)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno != errno.ENETDOWN:  # said once, when the carrier is lost
                    raise
                continue
            yield _frame(data, ancillary)
        statistics = self.socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
        self.lost += struct.unpack("II", statistics)[1]

    def frames_with(self, content):
        """Take the frames that wait; those with some bytes in them."""
        return (frame for frame in self.frames() if content in frame.data)

    def packets(self):
        """Take the packets that wait, as the oracle reads them, with their frames."""
        for frame in self.frames():
            packet = frame.packet()
            if packet:
                yield packet, frame

    def wait_for(self, matches, what, seconds=5):
        """=> the first (packet, frame) for which matches(packet) holds"""
        def look():
            return next((found for found in self.packets() if matches(found[0])), None)
        return wait_until(look, what, seconds)

    def close(self):
        """Hear no more."""
        self.socket.close()


def _frame(data, ancillary):
    status = tci = tpid = 0
    for level, kind, value in ancillary:
        if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
            status, _, _, _, _, tci, tpid = struct.unpack("IIIHHHH", value)
    if status & VLAN_VALID:
        data = data[:12] + struct.pack(">HH", tpid or 0x8100, tci) + data[12:]
    return Frame(data, not status & CHECKSUM_NOT_READY)


def _pseudo_header(packet):
    length = packet.end_at - packet.transport_at
    addresses = packet.source + packet.destination
    if packet.family == 4:
        return addresses + struct.pack(">HH", packet.protocol, length)
    return addresses + struct.pack(">IHBB", length, 0, 0, packet.protocol)


def checksum_is_right(packet, frame):
    """Whether the transport checksum is; the oracle has verified the header's."""
    data = frame.data[packet.transport_at:packet.end_at]
    if packet.fragment or (
            packet.kind in (parse.OTHER, parse.TUNNEL) and not packet.is_icmp):
        return True
    if packet.kind == parse.UDP and data[6:8] == bytes(2):
        return packet.family == 4
    if packet.protocol == parse.PROTOCOL_ICMP:
        return compute(data) == 0
    return compute(_pseudo_header(packet) + data) == 0


class WireWatch:
    """Guard and inspector of one outside wire. check() at the end of every test."""

    def __init__(self, namespace, interface, inside, inspect_one_in):
        self.inside = [Prefix(prefix) for prefix in inside]
        self.guard = Capture(namespace, interface, socket_filter.incoming_from(inside))
        self.inspector = Capture(namespace, interface, socket_filter.incoming(inspect_one_in))
        self.inspected = 0
        self.leaks = []
        self.faults = []

    def inspect(self, one_in):
        """From here on, look at a random part of the frames: what waits must fit into the socket."""
        self.listen()
        socket_filter.incoming(one_in).attach(self.inspector.socket)

    def is_inside(self, address):
        """Whether an address is one that must not be seen outside."""
        return any(address in prefix for prefix in self.inside)

    def listen(self):
        """Take what was heard so far, so that nothing is lost in a long test."""
        self.leaks += [frame.data.hex() for frame in self.guard.frames()]
        for packet, frame in self.inspector.packets():
            self._inspect(packet, frame)

    def check(self):
        """Raises AssertionError where something left that must not."""
        self.listen()
        assert not self.leaks, f"{len(self.leaks)} packets left untranslated; the first: " \
            f"{self.leaks[0]}"
        assert not self.faults, f"{len(self.faults)} faulty packets; the first: {self.faults[0]}"
        assert self.inspector.lost == 0, f"{self.inspector.lost} frames could not be inspected"

    def _inspect(self, packet, frame):
        self.inspected += 1
        fault = self._fault(packet, frame)
        if fault:
            self.faults.append(f"{fault}: {text_of(packet.source)} -> "
                               f"{text_of(packet.destination)}: {frame.data.hex()}")

    def _fault(self, packet, frame):
        """=> what is wrong with a packet, or None"""
        if frame.is_whole and not checksum_is_right(packet, frame):
            return "wrong checksum"
        if self.is_inside(packet.source):
            return "untranslated"
        if packet.inner and (self.is_inside(packet.inner.source) or
                             self.is_inside(packet.inner.destination)):
            return "quotes an inside host"
        return None
