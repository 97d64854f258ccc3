# SPDX-License-Identifier: Apache-2.0
"""Frames that were cut, bent or lied about their lengths; and what is not IP at all.

Every function takes a frame whose IP header begins at ip_at and gives another frame. 
"""
from build import set_word
from checksum import compute

ETHERNET_BYTES = 14
HEADER_BOUNDARIES = (0, 1, 8, 12, 20, 24, 28, 32, 40, 44, 48, 52, 60, 68, 76, 80, 88, 96, 104)
ODD_WORDS = (0, 1, 4, 7, 8, 9, 19, 20, 21, 28, 39, 40, 255, 1500, 65535)
ETHER_TYPES = (0x0806, 0x88CC, 0x8847, 0x0000, 0x05DC, 0x9100, 0xFFFF, 0x0801)


def repair(frame, ip_at):
    """Make the IPv4 header checksum right again, if there is a header."""
    if len(frame) < ip_at + 20 or frame[ip_at] >> 4 != 4:
        return frame
    end_at = ip_at + (frame[ip_at] & 0x0F) * 4
    bare = set_word(frame, ip_at + 10, 0)
    return set_word(frame, ip_at + 10, compute(bare[ip_at:end_at]))


def _length_at(frame, ip_at):
    """Where the length field is, and what it does not count."""
    return (ip_at + 2, 0) if frame[ip_at] >> 4 == 4 else (ip_at + 4, 40)


def truncate(rng, frame, ip_at):
    """Cut at or beside a header boundary; the lengths still tell of the whole.

    An Ethernet header always arrives whole: no device hands up less.
    """
    if rng.random() < 0.15:
        return frame[:ETHERNET_BYTES + int(rng.random() * (ip_at - ETHERNET_BYTES + 1))]
    at = ip_at + rng.choice(HEADER_BOUNDARIES) + rng.choice((-1, 0, 0, 1))
    return frame[:max(ETHERNET_BYTES, at)]


def truncate_and_agree(rng, frame, ip_at):
    """The same, but the IP header's length agrees."""
    cut = truncate(rng, frame, ip_at)
    if len(cut) < ip_at + (20 if frame[ip_at] >> 4 == 4 else 40):
        return cut
    length_at, not_counted = _length_at(frame, ip_at)
    return repair(set_word(cut, length_at, len(cut) - ip_at - not_counted), ip_at)


def wrong_length(rng, frame, ip_at):
    """A length in the IP header that is not the packet's."""
    length_at, _ = _length_at(frame, ip_at)
    length = int.from_bytes(frame[length_at:length_at + 2])
    wrong = (length + rng.choice((-9, -1, 1, 2, 40))) & 0xFFFF
    return repair(set_word(frame, length_at, rng.choice((wrong, rng.choice(ODD_WORDS)))), ip_at)


def wrong_header_length(rng, frame, ip_at):
    """Another version or header length."""
    if rng.random() < 0.5:
        first = rng.randrange(16) << 4 | frame[ip_at] & 0x0F
    else:
        first = frame[ip_at] & 0xF0 | rng.randrange(16)
    return repair(frame[:ip_at] + bytes([first]) + frame[ip_at + 1:], ip_at)


def wrong_header_checksum(rng, frame, ip_at):
    """Or, in IPv6, a bent flow label, which does no harm."""
    at = ip_at + (10 if frame[ip_at] >> 4 == 4 else 2)
    return set_word(frame, at, rng.randrange(65536))


def _transport_at(frame, ip_at):
    return ip_at + ((frame[ip_at] & 0x0F) * 4 if frame[ip_at] >> 4 == 4 else 40)


def wrong_transport_length(rng, frame, ip_at):
    """The word that holds a UDP length, a TCP data offset or an echo's id."""
    at = _transport_at(frame, ip_at)
    if len(frame) < at + 14:
        return frame
    if rng.random() < 0.5:
        return set_word(frame, at + 4, rng.choice(ODD_WORDS))
    return frame[:at + 12] + bytes([rng.randrange(16) << 4]) + frame[at + 13:]


def wrong_transport_checksum(rng, frame, ip_at):
    """A checksum that was wrong before, the edges of the arithmetic most of all."""
    protocol = frame[ip_at + (9 if frame[ip_at] >> 4 == 4 else 6)]
    at = _transport_at(frame, ip_at) + {6: 16, 17: 6}.get(protocol, 2)
    if len(frame) < at + 2:
        return frame
    return set_word(frame, at, rng.choice((0, 1, 0xFFFE, 0xFFFF, rng.randrange(65536))))


def flip(rng, frame, ip_at):
    """Any byte of the first hundred, the IPv4 checksum mostly made to agree."""
    at = 12 + int(rng.random() * (min(len(frame), ip_at + 88) - 12))
    bent = frame[:at] + bytes([rng.randrange(256)]) + frame[at + 1:]
    return repair(bent, ip_at) if rng.random() < 0.8 else bent


def not_ip(rng, frame, ip_at):
    """ARP and types that nobody knows, or the IP version that it is not."""
    if rng.random() < 0.2:
        other = 0x86DD if frame[ip_at - 2:ip_at] == b"\x08\x00" else 0x0800
        return set_word(frame, ip_at - 2, other)
    return set_word(frame, ip_at - 2, rng.choice(ETHER_TYPES))


def not_for_gateway(rng, frame, _ip_at):
    """Addressed to another host, to all, or to a group."""
    return rng.choice((b"\x02\x00\x00\x00\x01\xfe", b"\xff" * 6,
                       b"\x01\x00\x5e\x00\x00\x01")) + frame[6:]


KINDS = (not_for_gateway, truncate, truncate_and_agree, wrong_length, wrong_header_length, wrong_header_checksum,
         wrong_transport_length, wrong_transport_checksum, wrong_transport_checksum,
         flip, flip, flip, flip, not_ip)


def damage(rng, frame, ip_at):
    """=> the frame, damaged in one of these ways"""
    return rng.choice(KINDS)(rng, frame, ip_at)
