# SPDX-License-Identifier: Apache-2.0
"""Section 5 of docs/packet-path.md: what is written, to the byte."""
import pytest

from checksum import update
from gateway import (HOST, HOST6, ICMP, IP, LAN, POOL, REMOTE, REMOTE6, TCP, UDP, WAN, Ether,
                     Gateway, IPv6, Raw)
from addresses import packed

IP_AT, TRANSPORT_AT = 14, 34
ADDRESS_CHANGE = (packed(HOST), packed(POOL))


@pytest.fixture
def gateway():
    return Gateway()


def out(gateway, transport, **fields):
    """=> the frame sent and the frame forwarded"""
    sent = gateway.frame(IP(src=HOST, dst=REMOTE, **fields) / transport)
    result = gateway.out(sent)
    assert result.verdict == "forward"
    return sent, result.frame


def word(frame, at):
    return int.from_bytes(frame[at:at + 2])


def port_change(port):
    return port.to_bytes(2), (1024).to_bytes(2)


def test_only_these_bytes_change(gateway):
    sent, got = out(gateway, UDP(sport=5000, dport=53) / b"data")
    changed = {at for at in range(len(sent)) if sent[at] != got[at]}
    assert changed <= {*range(12), 22, 24, 25, 26, 27, 28, 29, 34, 35, 40, 41}
    assert len(got) == len(sent)


def test_ttl_word_enters_the_header_checksum(gateway):
    sent, got = out(gateway, UDP(sport=5000, dport=53), ttl=2)
    assert got[IP_AT + 8] == 1
    changes = [ADDRESS_CHANGE, (b"\x02\x11", b"\x01\x11")]
    assert word(got, IP_AT + 10) == update(word(sent, IP_AT + 10), changes)


@pytest.mark.parametrize("checksum", [0, 1, 0x1234, 0xFFFE, 0xFFFF])
def test_wrong_tcp_checksum_stays_wrong_in_the_same_way(gateway, checksum):
    _, got = out(gateway, TCP(sport=5000, dport=53, flags="S", chksum=checksum))
    expected = update(checksum, [ADDRESS_CHANGE, port_change(5000)])
    assert word(got, TRANSPORT_AT + 16) == expected


def test_udp_checksum_of_0_stays(gateway):
    _, got = out(gateway, UDP(sport=5000, dport=53, chksum=0) / b"x")
    assert word(got, TRANSPORT_AT + 6) == 0
    packet = IPv6(src=HOST6, dst=REMOTE6) / UDP(sport=5000, dport=53, chksum=0)
    assert Ether(gateway.out(packet).frame)[UDP].chksum == 0


def test_every_udp_checksum(gateway):
    """What would become 0 is stored as 0xffff; 0xffff itself is an ordinary value."""
    sent = gateway.frame(IP(src=HOST, dst=REMOTE) / UDP(sport=5000, dport=53) / b"x")
    changes = [ADDRESS_CHANGE, port_change(5000)]
    for checksum in range(1, 0x10000):
        frame = sent[:40] + checksum.to_bytes(2) + sent[42:]
        assert word(gateway.out(frame).frame, 40) == (update(checksum, changes) or 0xFFFF)


def test_icmp_checksum_follows_the_id_alone(gateway):
    sent, got = out(gateway, ICMP(id=5000) / b"odd")
    assert word(got, TRANSPORT_AT + 2) == update(word(sent, TRANSPORT_AT + 2),
                                                 [port_change(5000)])


def test_icmp_checksum_may_become_0(gateway):
    """Only UDP has a reason to avoid it."""
    wanted = next(checksum for checksum in range(0x10000)
                  if update(checksum, [port_change(5000)]) == 0)
    _, got = out(gateway, ICMP(id=5000, chksum=wanted))
    assert word(got, TRANSPORT_AT + 2) == 0


def test_equal_port_enters_the_update(gateway):
    """The port stays 1024 and the address alone would do; the checksum is the edge case."""
    _, got = out(gateway, ICMP(id=1024, chksum=0xFFFF))
    assert word(got, TRANSPORT_AT + 2) == 0


@pytest.mark.parametrize("quoted_bytes", [8, 16, 17, 18, 20, 40])
def test_inner_tcp_checksum_only_where_it_is_quoted(gateway, quoted_bytes):
    gateway.out(IP(src=HOST, dst=REMOTE) / TCP(sport=5000, dport=80, flags="S"))
    inner = bytes(IP(src=POOL, dst=REMOTE, len=60) / TCP(sport=1024, dport=80) / bytes(20))
    quote = inner[:20 + quoted_bytes]
    result = gateway.back(IP(src=REMOTE, dst=POOL) / ICMP(type=3, code=1) / quote)
    got = result.frame[TRANSPORT_AT + 8:]
    assert got[24:36] == quote[24:36] and got[38:] == quote[38:]
    if quoted_bytes >= 18:
        changes = [(packed(POOL), packed(HOST)), ((1024).to_bytes(2), (5000).to_bytes(2))]
        assert word(got, 36) == update(word(quote, 36), changes)
    else:
        assert got[36:] == quote[36:]


def test_inner_udp_checksum_of_0_stays(gateway):
    gateway.out(IP(src=HOST, dst=REMOTE) / UDP(sport=5000, dport=53))
    inner = IP(src=POOL, dst=REMOTE) / UDP(sport=1024, dport=53, chksum=0)
    got = gateway.back(IP(src=REMOTE, dst=POOL) / ICMP(type=3) / inner).frame
    assert word(got, TRANSPORT_AT + 8 + 20 + 6) == 0


def error_about_the_flow(gateway, **fields):
    """=> an ICMP error about a flow that is opened for it, and has these fields"""
    gateway.out(IP(src=HOST, dst=REMOTE) / UDP(sport=5000, dport=53))
    inner = IP(src=POOL, dst=REMOTE, **fields) / UDP(sport=1024, dport=53, chksum=0x1234)
    return IP(src=REMOTE, dst=POOL) / ICMP(type=3) / inner


def test_wrong_inner_transport_checksum_stays_wrong(gateway):
    """[RFC5508 REQ-3c]"""
    got = gateway.back(error_about_the_flow(gateway)).frame
    changes = [(packed(POOL), packed(HOST)), ((1024).to_bytes(2), (5000).to_bytes(2))]
    assert word(got, TRANSPORT_AT + 8 + 26) == update(0x1234, changes)


def test_errors_with_a_wrong_checksum_are_malformed(gateway):
    """[RFC5508 REQ-3a] the ICMP checksum, and that of the quoted header"""
    malformed = ("drop", "malformed_packet")
    right = gateway.frame(error_about_the_flow(gateway), WAN)
    assert gateway.reason(WAN, right) == ("forward", "icmp_error_in")
    for at in range(TRANSPORT_AT, len(right)):
        wrong = right[:at] + bytes([right[at] ^ 0x10]) + right[at + 1:]
        if at not in (TRANSPORT_AT, TRANSPORT_AT + 8):  # its type, and the version inside
            assert gateway.reason(WAN, wrong)[0] == "drop", at
    assert gateway.reason(WAN, right[:36] + b"\0\0" + right[38:]) == malformed
    assert gateway.reason(WAN, error_about_the_flow(gateway, chksum=0x4321)) == malformed
    assert gateway.reason(WAN, error_about_the_flow(gateway, ttl=1)) == (
        "forward", "icmp_error_in")


def test_errors_about_no_flow_are_not_verified(gateway):
    inner = IP(src=POOL, dst=REMOTE, chksum=0x4321) / UDP(sport=1025, dport=53)
    packet = IP(src=REMOTE, dst=POOL) / ICMP(type=3, chksum=1) / inner
    assert gateway.reason(WAN, packet) == ("drop", "filtered_inbound")
    inner = IP(src=REMOTE, dst=HOST, chksum=0x4321) / UDP(sport=53, dport=5000)
    assert gateway.reason(LAN, IP(src=HOST, dst=REMOTE) / ICMP(type=3, chksum=1) / inner) == (
        "drop", "no_flow")


def test_extension_structure_behind_a_quote_is_untouched(gateway):
    """[RFC5508 REQ-3d]"""
    gateway.out(IP(src=HOST, dst=REMOTE) / UDP(sport=5000, dport=53))
    inner = bytes(IP(src=POOL, dst=REMOTE) / UDP(sport=1024, dport=53)).ljust(128, b"\0")
    extension = bytes.fromhex("2000dfff") + b"\x00\x08\x01\x01\x00\x01\x02\x03"
    packet = IP(src=REMOTE, dst=POOL) / ICMP(type=11, length=32) / Raw(inner + extension)
    assert gateway.back(packet).frame.endswith(inner[28:] + extension)
