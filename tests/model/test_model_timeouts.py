# SPDX-License-Identifier: Apache-2.0
"""Section 7 of docs/packet-path.md: applications that have timeouts of their own."""
import pytest

from gateway import HOST, ICMP, IP, POOL, REMOTE, TCP, UDP, Gateway
from scenario_builder import application, rule

APPLICATIONS = [application("a", 17, 53, None, 20), application("b", 17, 50, 60, 1000),
                application("c", 17, 70), application("d", 6, 80, None, 9000),
                application("e", 1, timeout=5)]


def assert_lives_for(gateway, seconds):
    """The only flow ends after that, and not before."""
    gateway.nat.collect(gateway.time_s + seconds)
    assert len(gateway.nat.flows) == 1
    gateway.nat.collect(gateway.time_s + seconds + 1)
    assert not gateway.nat.flows


@pytest.mark.parametrize("transport, seconds", [
    (UDP(sport=5000, dport=53), 20), (UDP(sport=5000, dport=55), 1000),
    (UDP(sport=53, dport=70), 300), (ICMP(), 5)])
def test_first_application_that_fits(transport, seconds):
    """[RFC4787 REQ-5a] in place of the timeout of the protocol"""
    gateway = Gateway(rules=[rule("all", "p", applications=APPLICATIONS)])
    gateway.out(IP(src=HOST, dst=REMOTE) / transport)
    assert_lives_for(gateway, seconds)


@pytest.mark.parametrize("script, seconds", [
    (">S", 240), (">S <SA", 240), (">S <SA >A", 9000), (">S <SA >A >FA", 250),
    (">S <SA >A <R", 250)])
def test_only_established_connections(script, seconds):
    """[RFC5382 REQ-5] those that open or close have the timeouts of their state"""
    gateway = Gateway(rules=[rule("all", "p", applications=APPLICATIONS)])
    for segment in script.split():
        if segment[0] == ">":
            gateway.out(IP(src=HOST, dst=REMOTE) / TCP(sport=5000, dport=80, flags=segment[1:]))
        else:
            gateway.back(IP(src=REMOTE, dst=POOL) / TCP(sport=80, dport=1024, flags=segment[1:]))
    assert_lives_for(gateway, seconds)
