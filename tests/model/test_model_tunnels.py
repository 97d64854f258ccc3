# SPDX-License-Identifier: Apache-2.0
"""GRE and ESP: one host to an address and a remote one; sections 2.2, 3.6, 6 and 7."""
import pytest
from scapy.all import ESP, GRE

from gateway import HOST, IP, LAN, REMOTE, WAN, ICMP, Gateway, IPv6, Raw, UDP, base_builder
from parse import TUNNEL, parse

OTHER_HOST, OTHER_REMOTE = "10.0.1.11", "192.0.2.2"
FIRST, SECOND = "198.51.100.1", "198.51.100.2"
IN_USE = ("drop", "source_nat_remote_in_use")
SENT, RECEIVED = ("forward", "translated_out"), ("forward", "translated_in")
FILTERED = ("drop", "filtered_inbound")
PAYLOADS = {47: GRE() / b"inside", 50: ESP(spi=1, seq=1, data=b"inside it")}


@pytest.fixture(name="payload", params=PAYLOADS)
def _payload(request):
    return PAYLOADS[request.param]


def gateway_of(addresses, algorithm=None, **settings):
    """=> a Gateway with one pool"""
    builder = base_builder()
    builder.pools.clear()
    builder.pool("p", addresses, 1024, 65535, algorithm)
    builder.neighbour("lan0", OTHER_HOST)
    for name, value in settings.items():
        setattr(builder, name, value)
    return Gateway(builder)


def source_of(result):
    """=> the address that a packet left with"""
    return ".".join(str(each) for each in parse(result.frame).source)


def test_one_host_towards_a_remote(payload):
    gateway = gateway_of([FIRST])
    assert gateway.reason(LAN, IP(src=HOST, dst=REMOTE) / payload) == SENT
    assert gateway.reason(LAN, IP(src=OTHER_HOST, dst=REMOTE) / payload) == IN_USE
    assert gateway.reason(LAN, IP(src=OTHER_HOST, dst=OTHER_REMOTE) / payload) == SENT
    assert gateway.reason(WAN, IP(src=REMOTE, dst=FIRST) / payload) == RECEIVED
    assert gateway.reason(WAN, IP(src="192.0.2.3", dst=FIRST) / payload) == FILTERED


def test_round_robin_tries_every_address(payload):
    gateway = gateway_of([FIRST, SECOND])
    seen = {source_of(gateway.out(IP(src=host, dst=REMOTE) / payload))
            for host in (HOST, OTHER_HOST)}
    assert seen == {FIRST, SECOND}
    assert gateway.reason(LAN, IP(src="10.0.1.12", dst=REMOTE) / payload) == IN_USE


def test_a_selector_has_its_own_address(payload):
    gateway = gateway_of([FIRST, SECOND], "ebpf-legacy")
    echo = source_of(gateway.out(IP(src=HOST, dst=REMOTE) / ICMP()))
    assert source_of(gateway.out(IP(src=HOST, dst=REMOTE) / payload)) == echo
    same = next(f"10.0.1.{n}" for n in range(20, 40) if source_of(
        gateway.out(IP(src=f"10.0.1.{n}", dst=REMOTE) / UDP(sport=n))) == echo)
    assert gateway.reason(LAN, IP(src=same, dst=REMOTE) / payload) == IN_USE


def test_no_port_is_taken(payload):
    gateway = gateway_of([FIRST])
    gateway.out(IP(src=HOST, dst=REMOTE) / payload)
    assert gateway.nat.state()["ports"] == {}
    assert (gateway.flow()["inside_port"], gateway.flow()["port"]) == (0, 0)


@pytest.mark.parametrize("protocol, timeout", [(47, 1800), (50, 1700)])
def test_timeouts(protocol, timeout):
    gateway = gateway_of([FIRST])
    gateway.out(IP(src=HOST, dst=REMOTE) / PAYLOADS[protocol])
    for passed, flows in ((timeout, 1), (timeout + 1, 0)):
        gateway.nat.collect(gateway.time_s + passed)
        assert len(gateway.nat.flows) == flows
    assert gateway.reason(LAN, IP(src=OTHER_HOST, dst=REMOTE) / PAYLOADS[protocol]) == SENT


def test_a_flow_takes_two_slots(payload):
    gateway = gateway_of([FIRST], maximum_flows=65)
    for number in range(32):
        assert gateway.reason(LAN, IP(src=HOST, dst=f"192.0.3.{number}") / payload) == SENT
    assert gateway.reason(LAN, IP(src=HOST, dst=REMOTE) / payload) == ("drop", "flow_table_full")
    assert gateway.reason(LAN, IP(src=HOST, dst=REMOTE) / UDP(sport=1)) == SENT


@pytest.mark.parametrize("protocol", [33, 46, 51, 89, 108, 132, 136])
def test_other_protocols_are_refused(protocol):
    """DCCP, RSVP, AH, OSPF, IPComp, SCTP, UDP-Lite."""
    gateway = gateway_of([FIRST, "2001:db8:64::1"])
    refused = ("drop", "unsupported_protocol")
    packet = IP(src=HOST, dst=REMOTE, proto=protocol) / Raw(bytes(40))
    assert gateway.reason(LAN, packet) == refused
    packet = IPv6(src="2001:db8:1::10", dst="2001:db8:c0::1", nh=protocol) / Raw(bytes(40))
    assert gateway.reason(LAN, packet) == refused
    packet = IP(src=REMOTE, dst=FIRST, proto=protocol) / Raw(bytes(40))
    assert gateway.reason(WAN, packet) == refused


@pytest.mark.parametrize("protocol, least", [(47, 4), (50, 8)])
def test_least_bytes(protocol, least):
    for count in range(12):
        frame = Gateway().frame(IP(src=HOST, dst=REMOTE, proto=protocol) / Raw(bytes(count)))
        if count >= least:
            assert parse(frame).kind == TUNNEL
        else:
            assert gateway_of([FIRST]).send(LAN, frame)[:2] == ("drop", "malformed_packet")
