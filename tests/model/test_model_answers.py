# SPDX-License-Identifier: Apache-2.0
"""Section 9 of docs/packet-path.md: refusals that are answered [RFC5508 REQ-8]."""
import pytest

from answers import LIMIT_OF_ALL, LIMIT_OF_PLACE
from gateway import (HOST, HOST6, ICMP, IP, LAN, REMOTE, REMOTE6, TCP, UDP, Dot1Q, Ether, Gateway,
                     ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6EchoRequest, IPv6, Raw,
                     base_builder)
from scapy_check import wrong_checksums
from scenario_builder import rule

RSVP = {"proto": 46}


@pytest.fixture
def gateway():
    """The rule names no pool that there is."""
    return Gateway(rules=[rule("all", "missing")])


def udp(size=4, **fields):
    return IP(src=HOST, dst=REMOTE, **fields) / UDP(sport=5000, dport=53) / bytes(size)


def udp6(size=4):
    return IPv6(src=HOST6, dst=REMOTE6) / UDP(sport=5000, dport=53) / bytes(size)


def test_ipv4(gateway):
    """3/13 from the gateway's own address there, with the packet as it came; RFC6888 REQ-11"""
    sent = gateway.frame(udp())
    result = gateway.send(LAN, sent)
    assert result[:3] == ("answer", "source_nat_pool_missing", None)
    answer = Ether(result.frame)
    assert (answer.dst, answer.src) == ("02:aa:aa:aa:aa:aa", "02:00:00:00:01:02")
    assert (answer[IP].src, answer[IP].dst, answer[IP].ttl) == ("10.0.1.1", HOST, 64)
    assert (answer[IP].tos, answer[IP].id, answer[IP].flags) == (0xC0, 0, "DF")
    assert (answer[ICMP].type, answer[ICMP].code) == (3, 13)
    assert result.frame[14 + 28:] == sent[14:]
    assert wrong_checksums(result.frame) == []


def test_ipv6(gateway):
    sent = gateway.frame(udp6())
    result = gateway.send(LAN, sent)
    answer = Ether(result.frame)
    assert (answer[IPv6].src, answer[IPv6].dst) == ("2001:db8:1::1", HOST6)
    assert (answer[IPv6].hlim, answer[IPv6].tc, answer[IPv6].fl) == (64, 0, 0)
    assert (answer[ICMPv6DestUnreach].type, answer[ICMPv6DestUnreach].code) == (1, 1)
    assert result.frame[14 + 48:] == sent[14:]
    assert wrong_checksums(result.frame) == []


@pytest.mark.parametrize("size, length", [(0, 56), (519, 575), (520, 576), (521, 576)])
def test_how_much_is_quoted(gateway, size, length):
    assert Ether(gateway.out(udp(size)).frame)[IP].len == length
    longer = 1280 if size > 519 else size + 96
    assert Ether(gateway.out(udp6(size + (664 if size > 519 else 0))).frame)[IPv6].plen + 40 \
        == longer


def test_tags_stay_and_padding_goes(gateway):
    tags = Dot1Q(vlan=5) / Dot1Q(vlan=6)
    frame = bytes(Ether(dst="02:00:00:00:01:02", src="02:aa:aa:aa:aa:aa") / tags / udp())
    result = gateway.send(LAN, frame + b"padding")
    assert result.frame[12:20] == frame[12:20]
    assert len(result.frame) == len(frame) + 28


@pytest.mark.parametrize("packet", [
    IP(src=HOST, dst=REMOTE, **RSVP) / b"data", IP(src=HOST, dst=REMOTE) / ICMP(id=5),
    IP(src=HOST, dst=REMOTE) / TCP(flags="S"), IPv6(src=HOST6, dst=REMOTE6, nh=51) / b"data",
    IPv6(src=HOST6, dst=REMOTE6) / ICMPv6EchoRequest()])
def test_told(gateway, packet):
    assert gateway.out(packet).verdict == "answer"


@pytest.mark.parametrize("packet", [
    udp(flags="MF"), IP(src=HOST, dst=REMOTE, frag=7, **RSVP) / b"data",
    IP(src=HOST, dst=REMOTE) / ICMP(type=0, id=5),
    IP(src=HOST, dst=REMOTE) / ICMP(type=5), IP(src=HOST, dst=REMOTE) / ICMP(type=13),
    IP(src=HOST, dst=REMOTE) / ICMP(type=3) / Raw(bytes(udp())),
    IPv6(src=HOST6, dst=REMOTE6) / ICMPv6EchoReply(), IP(src=HOST, dst=REMOTE) / TCP(flags="A"),
    IP(src=HOST, dst=REMOTE) / TCP(flags="R")])
def test_not_told(gateway, packet):
    """As RFC 1122, section 3.2.2, and RFC 4443, section 2.4, have it."""
    assert gateway.out(packet).verdict == "drop"
    assert gateway.nat.state()["answers"] == {"sent": 0, "withheld": 0}


def test_without_an_address_there_is_no_answer():
    builder = base_builder()
    builder.interfaces["lan0"]["addresses"] = ["2001:db8:1::1/64"]
    gateway = Gateway(builder, [rule("all", "missing")])
    assert gateway.out(udp()).verdict == "drop"
    assert gateway.out(udp6()).verdict == "answer"


def test_a_host_is_told_only_so_often(gateway):
    for _ in range(2):
        verdicts = [gateway.out(udp()).verdict for _ in range(LIMIT_OF_PLACE + 3)]
        assert verdicts == ["answer"] * LIMIT_OF_PLACE + ["drop"] * 3
        assert gateway.out(udp6()).verdict == "answer"
        gateway.time_s += 1
    assert gateway.nat.state()["answers"] == {"sent": 2 * LIMIT_OF_PLACE + 2, "withheld": 6}
    assert gateway.nat.state()["reasons"] == {"source_nat_pool_missing": 2 * LIMIT_OF_PLACE + 8}


def test_all_hosts_together_are_told_only_so_often(gateway):
    sources = [f"10.0.{high}.{low}" for high in range(2, 8) for low in range(1, 255)]
    verdicts = [gateway.out(IP(src=source, dst=REMOTE) / UDP()).verdict for source in sources]
    assert verdicts.count("answer") == LIMIT_OF_ALL
    assert "answer" not in verdicts[LIMIT_OF_ALL + 20:]
