# SPDX-License-Identifier: Apache-2.0
"""Checksums where one's complement arithmetic goes wrong if it does; none at all; wrong ones."""
from golden import (HOST, HOST6, HOST_PORT, POOL, POOL6, PORT, REMOTE, REMOTE6, REMOTE_PORT, Case,
                    back, dropped, flow_of, forwarded, out)
from scapy.all import ICMP, IP, TCP, UDP, ICMPv6EchoRequest, IPv6

EDGES = (0x0000, 0x0001, 0x00FF, 0x0100, 0x7FFF, 0x8000, 0xFFFE)
CHECKSUM_AT = {UDP: 6, TCP: 16, ICMP: 2, ICMPv6EchoRequest: 2}
HEADER_CHECKSUM = slice(10, 12)


class Sender:
    """Makes one packet as it arrives from inside, and as it leaves."""

    def __init__(self, ip, transport):
        self.ip, self.transport = ip, transport
        self.header_bytes = 20 if ip is IP else 40

    def arriving(self, word, **fields):
        """=> the packet, its first two bytes of data being `word`"""
        host, remote = (HOST, REMOTE) if self.ip is IP else (HOST6, REMOTE6)
        return self.ip(src=host, dst=remote) / self._transport(HOST_PORT, word, fields)

    def leaving(self, word, **fields):
        """=> the same, translated"""
        pool, remote = (POOL, REMOTE) if self.ip is IP else (POOL6, REMOTE6)
        hop = {"ttl": 63} if self.ip is IP else {"hlim": 63}
        return self.ip(src=pool, dst=remote, **hop) / self._transport(PORT, word, fields)

    def _transport(self, port, word, fields):
        if self.transport in (TCP, UDP):
            ports = {"sport": port, "dport": REMOTE_PORT}
        else:
            ports = {"id": port}
        flags = {"flags": "S"} if self.transport is TCP else {}
        return self.transport(**ports, **flags, **fields) / word.to_bytes(2)

    def checksum(self, packet):
        """=> the transport checksum that Scapy gives it"""
        at = self.header_bytes + CHECKSUM_AT[self.transport]
        return int.from_bytes(bytes(packet)[at:at + 2])

    def word_for(self, make, wanted):
        """=> the data with which the checksum of make(data) is the wanted one"""
        word = (self.checksum(make(0)) - wanted) % 0xFFFF
        got = self.checksum(make(word))
        is_udp_zero = self.transport is UDP and (wanted, got) == (0, 0xFFFF)
        assert got == wanted or is_udp_zero, f"wanted {wanted:04x}, got {got:04x}"
        return word


SENDERS = [Sender(ip, transport) for ip, transport in (
    (IP, UDP), (IP, TCP), (IP, ICMP), (IPv6, UDP), (IPv6, TCP), (IPv6, ICMPv6EchoRequest))]


def edges(sender):
    """The checksum comes out as, or came in as, each of the edges."""
    for wanted in EDGES:
        for make in (sender.leaving, sender.arriving):
            word = sender.word_for(make, wanted)
            yield out(sender.arriving(word), forwarded("translated_out", sender.leaving(word)))


def wrong(sender):
    """A checksum that is wrong by so much is wrong by as much behind the gateway."""
    for error in (1, 0x1234, 0xFFFE):
        for word in (0, 0x4321):
            came = (sender.checksum(sender.arriving(word)) + error) % 0xFFFF
            leaves = (sender.checksum(sender.leaving(word)) + error) % 0xFFFF
            field = "cksum" if sender.transport is ICMPv6EchoRequest else "chksum"
            assert came and leaves
            yield out(sender.arriving(word, **{field: came}),
                      forwarded("translated_out", sender.leaving(word, **{field: leaves})))


def other_zero():
    """0xffff stands for 0 as well: what leaves is right."""
    for sender in (each for each in SENDERS if each.transport is TCP):
        word = sender.word_for(sender.arriving, 0)
        yield out(sender.arriving(word, chksum=0xFFFF),
                  forwarded("translated_out", sender.leaving(word)))


def header_edges():
    """The IPv4 header checksum comes out as, or came in as, each of the edges."""
    def packet(source, ttl, port, number, **fields):
        return (IP(src=source, dst=REMOTE, ttl=ttl, id=number, **fields)
                / UDP(sport=port, dport=REMOTE_PORT))

    for wanted in EDGES:
        for source, ttl in ((HOST, 64), (POOL, 63)):
            bare = bytes(packet(source, ttl, PORT, 0))[HEADER_CHECKSUM]
            number = (int.from_bytes(bare) - wanted) % 0xFFFF
            assert bytes(packet(source, ttl, PORT, number))[HEADER_CHECKSUM] == wanted.to_bytes(2)
            yield out(packet(HOST, 64, HOST_PORT, number),
                      forwarded("translated_out", packet(POOL, 63, PORT, number)))
            if (wanted, source) == (0, HOST):
                yield out(packet(HOST, 64, HOST_PORT, number, chksum=0xFFFF),
                          forwarded("translated_out", packet(POOL, 63, PORT, number)))


def no_checksum():
    """UDP's 0 says that there is none. It stays 0; in IPv6 too [RFC6936 section 5], where it is
    the receiver's to refuse. [RFC768] [RFC6936]"""
    for ip, host, pool, remote, hop in (
            (IP, HOST, POOL, REMOTE, {"ttl": 63}), (IPv6, HOST6, POOL6, REMOTE6, {"hlim": 63})):
        yield out(ip(src=host, dst=remote) / UDP(sport=HOST_PORT, dport=REMOTE_PORT, chksum=0)
                  / b"odd",
                  forwarded("translated_out", ip(src=pool, dst=remote, **hop)
                            / UDP(sport=PORT, dport=REMOTE_PORT, chksum=0) / b"odd"))
        yield back(ip(src=remote, dst=pool) / UDP(sport=REMOTE_PORT, dport=PORT, chksum=0)
                   / b"odd",
                   forwarded("translated_in", ip(src=remote, dst=host, **hop)
                             / UDP(sport=REMOTE_PORT, dport=HOST_PORT, chksum=0) / b"odd"))


def bad_header():
    """An IPv4 header checksum that is not right is the end of the packet."""
    packet = IP(src=HOST, dst=REMOTE, id=77) / UDP(sport=HOST_PORT, dport=REMOTE_PORT)
    right = int.from_bytes(bytes(packet)[HEADER_CHECKSUM])
    for checksum in (0, 0xFFFF, right ^ 1, right ^ 0x8000, right + 1, right - 1):
        packet.chksum = checksum
        yield out(packet.copy(), dropped("malformed_packet"))


CASES = [
    *[Case(f"edges of {sender.transport.__name__} over {sender.ip.__name__}", edges(sender))
      for sender in SENDERS],
    *[Case(f"wrong {sender.transport.__name__} over {sender.ip.__name__}", wrong(sender))
      for sender in SENDERS],
    Case("the other zero", other_zero()),
    Case("edges of the IPv4 header", header_edges()),
    Case("no UDP checksum", no_checksum()),
    Case("a wrong IPv4 header checksum", bad_header(), flow_of("udp"), bad_header()),
]
