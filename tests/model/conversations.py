# SPDX-License-Identifier: Apache-2.0
"""Ordinary traffic: conversations that inside hosts open, and what both sides then send.

What the outside sends is derived from what the model let out: a conversation learns its
translated address and port from the frames that were forwarded or handed to the kernel.
"""
import struct

import tcp
from build import (Datagram, echo_message, pseudo_header, tcp_segment, udp_datagram, with_sum)
from checksum import ones_complement_sum
from parse import (ICMP_OF_FAMILY, PROTOCOL_ESP, PROTOCOL_GRE, PROTOCOL_ICMP, PROTOCOL_ICMPV6,
                   PROTOCOL_TCP, PROTOCOL_UDP, TUNNEL_HEADER_BYTES)
from translate import CHECKSUM_OFFSETS

PORTS = (80, 443, 53, 22, 80, 53, 8080, 31000, 5060)
HOST_PORTS = (0, 22, 1023, 2050, 40000, 40001)
ODD_FLAGS = (0, tcp.SYN, tcp.SYN | tcp.FIN, tcp.ACK, tcp.RST, tcp.RST | tcp.ACK, tcp.FIN,
             tcp.FIN | tcp.ACK, tcp.SYN | tcp.ACK, tcp.SYN | tcp.RST, 0x3F, 0xC2, tcp.URG,
             tcp.SYN | tcp.ACK | tcp.FIN)
FLAGS_AFTER_CLOSE = (tcp.SYN, tcp.SYN, tcp.SYN | tcp.ACK, tcp.SYN | tcp.FIN, tcp.SYN | tcp.RST,
                     tcp.ACK, tcp.FIN | tcp.ACK)
TCP_OPTIONS = (b"", b"", b"\x02\x04\x05\xb4", b"\x02\x04\x05\xb4\x01\x03\x03\x07",
               b"\x01\x01\x08\x0a" + bytes(8),
               b"\x01\x02\x04\xff\xff\x01\x01\x00",  # the segment size at an odd offset
               b"\x03\x03\x07\x02\x04\x05\xb4\x00", b"\x02\x04\x02\x00\x02\x04\x05\xb4",
               b"\x00\x02\x04\x05\xb4\x00\x00\x00", b"\x05\x00\x02\x04\x05\xb4\x01\x01",
               b"\x05\xff\x02\x04\x05\xb4\x01\x01", b"\x02\x03\x05\xb4", b"\x01\x01\x02\x04",
               b"\x01\x01\x01\x02", b"\x01" * 36 + b"\x02\x04\x05\xb4")
RESET = 3
CALLED, CALL_ANSWERED = 4, 5
ANSWERING = 6
MAXIMUM_PAYLOAD_BYTES = 1400
MAXIMUM_PACKET_BYTES = 1500
TUNED_PAYLOAD_BYTES = 32
HEADER_BYTES = {PROTOCOL_TCP: 20, PROTOCOL_UDP: 8, PROTOCOL_ICMP: 8, PROTOCOL_ICMPV6: 8,
                **TUNNEL_HEADER_BYTES}
TUNNEL_CHANCE = 0.12


class Noise:
    """Random payloads, cut from one random block (fast)."""

    def __init__(self, rng, mtus):
        self.rng = rng
        self.mtus = mtus
        self.block = rng.randbytes(8192)

    def bytes(self, count):
        """=> that many bytes"""
        at = int(self.rng.random() * (len(self.block) - count))
        return self.block[at:at + count]

    def payload(self):
        """=> mostly few bytes, odd and even, up to 1400"""
        limit = self.rng.choice((0, 64, 64, 64, 600, MAXIMUM_PAYLOAD_BYTES))
        return self.bytes(int(self.rng.random() * (limit + 1)))

    def payload_at_mtu(self, header_bytes):
        """=> what makes a packet as large as one of the MTUs, or one byte more or less"""
        size = min(self.rng.choice(self.mtus) + self.rng.choice((-1, 0, 0, 1, 1)),
                   MAXIMUM_PACKET_BYTES)
        return self.bytes(size - header_bytes)


class Conversation:
    """Two hosts, what they said last, and how the outside sees the inside one."""

    def __init__(self, rng, noise, protocol, inside, outside):
        self.rng, self.noise, self.protocol = rng, noise, protocol
        self.interface, self.host = inside
        self.remote_interface, self.remote = outside
        self.host_port = rng.choice(HOST_PORTS) if rng.random() < 0.2 else rng.randrange(65536)
        self.remote_port = rng.choice(PORTS) if rng.random() < 0.8 else rng.randrange(65536)
        if self.is_echo or self.is_tunnel:
            self.remote_port = 0
        if self.is_tunnel:
            self.host_port = 0
        self.translated = None  # (address, port)
        self.is_fresh = False  # whether it was learned since flows were last collected
        # of a TCP handshake: 0 SYN, 1 answered, 2 data; RESET after an RST. From outside: CALLED,
        # CALL_ANSWERED, 2; ANSWERING is the side that another inside host calls
        self.turn = 0
        self.peer = None  # the conversation of the inside host that is at the other end
        self.is_answered = False  # whether that one knows of it
        self.last_out = None

    @property
    def is_echo(self):
        """ICMP or ICMPv6."""
        return self.protocol in (PROTOCOL_ICMP, PROTOCOL_ICMPV6)

    @property
    def is_tunnel(self):
        """GRE or ESP."""
        return self.protocol in TUNNEL_HEADER_BYTES

    def learn(self, address, port):
        """What the outside saw as this conversation's source."""
        self.translated, self.is_fresh = (address, port), True

    def send_out(self, flags=None):
        """=> a Datagram from the inside host"""
        if flags is None:
            flags = self._flags_out()
        ports = (self.host_port, self.remote_port)
        self.last_out = self._datagram(self.host, self.remote, ports, True, flags)
        return self.last_out

    def send_in(self, flags=None):
        """=> a Datagram from the remote host, to what it sees of the inside"""
        if flags is None:
            flags = self._flags_in()
        address, port = self.translated
        return self._datagram(self.remote, address, (self.remote_port, port), False, flags)

    def _flags_out(self):
        if self.turn == 0:
            return tcp.SYN
        if self.turn == 1:
            self.turn = 2
            return tcp.ACK
        if self.turn in (CALLED, CALL_ANSWERED):
            self.turn = CALL_ANSWERED
            return tcp.SYN | tcp.ACK
        if self.turn == ANSWERING:
            self.turn = 2
            return tcp.SYN | tcp.ACK
        if self.turn == RESET:
            self.turn = self.rng.choice((0, 2, RESET))
            return self.rng.choice(FLAGS_AFTER_CLOSE)
        return self._flags_of_data()

    def _flags_in(self):
        if self.turn == CALLED:
            return tcp.SYN
        if self.turn == CALL_ANSWERED:
            self.turn = 2
            return tcp.ACK
        if self.turn < 2:
            self.turn = 1
            return tcp.SYN | tcp.ACK
        if self.turn == RESET and self.rng.random() < 0.3:
            return self.rng.choice(FLAGS_AFTER_CLOSE)
        return self._flags_of_data()

    def _flags_of_data(self):
        chance = self.rng.random()
        if chance < 0.80:
            return tcp.ACK | tcp.PSH
        if chance < 0.90:
            return tcp.FIN | tcp.ACK
        if chance < 0.94:
            self.turn = RESET
            return tcp.RST | tcp.ACK
        if chance < 0.97:
            self.turn = 0
            return tcp.SYN
        return self.rng.choice(ODD_FLAGS)

    def _datagram(self, source, destination, ports, outward, flags):
        is_tuned = self.translated and not self.is_tunnel and self.rng.random() < 0.03
        options = b"" if is_tuned else self.rng.choice(TCP_OPTIONS)
        payload = self._payload(is_tuned, options)
        transport = self._transport(source, destination, ports, outward, flags, payload, options)
        if is_tuned:
            transport = self._tune(transport, source, destination, outward)
        return Datagram(source, destination, self.protocol, transport)

    def _payload(self, is_tuned, options):
        if is_tuned:
            return self.noise.bytes(TUNED_PAYLOAD_BYTES)
        if self.rng.random() < 0.06:
            ip_header_bytes = 20 if len(self.host) == 4 else 40
            options_bytes = len(options) if self.protocol == PROTOCOL_TCP else 0
            return self.noise.payload_at_mtu(
                ip_header_bytes + HEADER_BYTES[self.protocol] + options_bytes)
        return self.noise.payload()

    def _transport(self, source, destination, ports, outward, flags, payload, options):
        if self.protocol == PROTOCOL_TCP:
            numbers = (self.rng.getrandbits(32), self.rng.getrandbits(32))
            return tcp_segment(source, destination, ports, flags, numbers, payload, options)
        if self.protocol == PROTOCOL_UDP:
            return udp_datagram(source, destination, ports, payload, self.rng.random() < 0.9)
        if self.is_tunnel:
            return tunnel_packet(self.rng, self.protocol, payload)
        identifier = ports[0] if outward else ports[1]
        return echo_message(source, destination, outward, identifier, 1, payload)

    def _tune(self, transport, source, destination, outward):
        """Choose a payload word so that the checksum comes out as 0 or next to it once it is
        translated: where one's complement arithmetic goes wrong if it does."""
        change = self._sum_change() if outward else -self._sum_change()
        wanted = (self.rng.choice((0, 0, 1, -1)) - change) % 0xFFFF
        pseudo = b""
        if self.protocol != PROTOCOL_ICMP:
            pseudo = pseudo_header(source, destination, self.protocol, len(transport))
        tuned = with_sum(transport, CHECKSUM_OFFSETS[self.protocol],
                         HEADER_BYTES[self.protocol], pseudo, wanted)
        if self.protocol == PROTOCOL_UDP and tuned[6:8] == bytes(2):
            return tuned[:6] + b"\xff\xff" + tuned[8:]
        return tuned

    def _sum_change(self):
        """How translation outwards changes the sum of what the checksum covers."""
        address, port = self.translated
        change = port - self.host_port
        if self.protocol != PROTOCOL_ICMP:
            change += ones_complement_sum(address) - ones_complement_sum(self.host)
        return change


def tunnel_packet(rng, protocol, payload):
    """=> what GRE or ESP carries; now and then its header is cut short"""
    header_bytes = TUNNEL_HEADER_BYTES[protocol]
    if rng.random() < 0.02:
        return rng.randbytes(rng.randrange(header_bytes))
    return rng.randbytes(header_bytes) + payload


def open_conversation(rng, noise, population):
    """=> a new Conversation between two hosts of one family"""
    while True:
        inside, outside = rng.choice(population.inside), rng.choice(population.outside)
        if len(inside[1]) == len(outside[1]):
            break
    family = 4 if len(inside[1]) == 4 else 6
    protocol = rng.choice((PROTOCOL_TCP, PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_UDP,
                           ICMP_OF_FAMILY[family]))
    if rng.random() < TUNNEL_CHANCE:
        protocol = rng.choice((PROTOCOL_GRE, PROTOCOL_ESP))
    return Conversation(rng, noise, protocol, inside, outside)


def share_endpoint(rng, noise, population, conversation):
    """=> a new Conversation of the same inside endpoint, with another remote end"""
    outside = _other_outside(rng, population, conversation)
    other = Conversation(rng, noise, conversation.protocol,
                         (conversation.interface, conversation.host), outside)
    other.host_port = conversation.host_port
    if rng.random() < 0.5:
        other.remote_port = conversation.remote_port
    return other


def call_from_outside(rng, noise, population, conversation):
    """=> the same, but the outside, which knows what the inside is translated to, begins"""
    caller = share_endpoint(rng, noise, population, conversation)
    caller.learn(*conversation.translated)
    caller.turn = CALLED
    if rng.random() < 0.06:
        caller.remote_interface = rng.choice(population.inside + population.outside)[0]
    return caller


def call_inside(rng, noise, population, callee):
    """=> a new Conversation: an inside host calls what another, or itself, is translated to"""
    itself = callee.interface, callee.host
    inside = itself if rng.random() < 0.15 else rng.choice(
        [each for each in population.inside if len(each[1]) == len(callee.host)])
    address, port = callee.translated
    caller = Conversation(rng, noise, callee.protocol, inside, (callee.interface, address))
    caller.remote_port, caller.peer = port, callee
    if inside == itself and rng.random() < 0.5:
        caller.host_port = callee.host_port
    return caller


def answer_inside(rng, noise, caller):
    """=> the Conversation of the called one, who sees what the caller is translated to"""
    callee = caller.peer
    answer = Conversation(rng, noise, callee.protocol, (callee.interface, callee.host),
                          (caller.interface, caller.translated[0]))
    answer.host_port, answer.remote_port = callee.host_port, caller.translated[1]
    answer.peer, answer.turn, answer.is_answered = caller, ANSWERING, True
    answer.learn(*callee.translated)
    caller.turn, caller.is_answered = 1, True
    return answer


def _other_outside(rng, population, conversation):
    """=> a pair (interface, address): often the same, and always of the same family"""
    if rng.random() < 0.4:
        return conversation.remote_interface, conversation.remote
    return rng.choice([each for each in population.outside
                       if len(each[1]) == len(conversation.host)])


def quoted_transport(rng, conversation, source, destination, ports, outward):
    """=> the transport bytes of a packet that an ICMP error quotes"""
    if conversation.protocol == PROTOCOL_TCP:
        return tcp_segment(source, destination, ports, tcp.ACK,
                           struct.unpack(">II", rng.randbytes(8)), rng.randbytes(20))
    if conversation.protocol == PROTOCOL_UDP:
        return udp_datagram(source, destination, ports, rng.randbytes(24), rng.random() < 0.8)
    if conversation.is_tunnel:
        return rng.randbytes(24)
    identifier = ports[0] if outward else ports[1]
    return echo_message(source, destination, outward, identifier, 7, rng.randbytes(24))
