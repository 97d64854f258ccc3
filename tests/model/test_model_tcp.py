# SPDX-License-Identifier: Apache-2.0
"""Section 7 of docs/packet-path.md: the TCP state and its timeouts."""
import pytest

from gateway import HOST, IP, POOL, REMOTE, TCP, Gateway

TIMEOUTS = {"opening": 240, "answered": 240, "established": 7440, "closing_out": 250,
            "closing_in": 250, "closed": 250}


def after(script):
    """=> a gateway after segments like '>S <SA >A': direction and flags"""
    gateway = Gateway()
    for segment in script.split():
        flags = segment[1:]
        if segment[0] == ">":
            gateway.out(IP(src=HOST, dst=REMOTE) / TCP(sport=5000, dport=80, flags=flags))
        else:
            gateway.back(IP(src=REMOTE, dst=POOL) / TCP(sport=80, dport=1024, flags=flags))
    return gateway


OPEN = ">S <SA >A "


@pytest.mark.parametrize("script, state", [
    (">S", "opening"), (">S >S", "opening"), (">S >A", "opening"), (">S <A", "opening"),
    (">S <A >A", "opening"),
    (">S <SA", "answered"), (">S <S", "answered"), (">S <SA <A", "answered"),
    (">S <SA >S", "answered"),
    (OPEN, "established"), (">S <S >SA", "established"), (">S <SA >PA", "established"),
    (OPEN + ">S", "established"), (OPEN + "<S", "established"),
    (OPEN + ">FA", "closing_out"), (OPEN + ">FA >FA >A <A", "closing_out"),
    (OPEN + "<FA", "closing_in"), (OPEN + "<FA <FA >A", "closing_in"),
    (OPEN + ">FA <FA", "closed"), (OPEN + "<FA >FA", "closed"), (OPEN + "<FA >FA >A", "closed"),
    (OPEN + "<F >FA >F", "closed"),
    (">S >FA", "closing_out"), (">S <F", "closing_in"), (">S <SA >FA", "closing_out"),
    (">S <R", "closed"), (">S >R", "closed"), (OPEN + ">RA", "closed"), (OPEN + "<RA", "closed"),
    (OPEN + "<RA >A <A", "closed"), (OPEN + "<FA >RA", "closed"), (">S >SR", "closed"),
    (OPEN + ">R >S", "opening"), (OPEN + ">R >SA", "closed"), (OPEN + ">R >SR", "closed"),
    (OPEN + ">R <S", "opening_in"), (OPEN + ">R <SA", "opening_in"),
    (OPEN + ">R <SR", "closed"), (OPEN + ">R <S <A", "opening_in"),
    (OPEN + ">R <S >SA <A", "established"), (OPEN + ">R >S <SA >A", "established"),
    (OPEN + ">R >S >A", "opening"), (OPEN + ">FA >S", "closing_out"),
    # both at once: SYN and ACK first, then FIN
    (">S <SFA", "closing_in"), (OPEN + ">R >SF", "closed"), (">S <FR", "closed")])
def test_state(script, state):
    """[RFC5382 REQ-2] [RFC7857 section 2] [RFC7857 section 2.2]"""
    assert after(script).flow()["tcp_state"] == state


@pytest.mark.parametrize("script", [">S", ">S <SA", OPEN, OPEN + ">FA", OPEN + "<FA",
                                    OPEN + ">RA"])
def test_timeout_of_state(script):
    """[RFC7857 section 2.1]"""
    gateway = after(script)
    timeout = TIMEOUTS[gateway.flow()["tcp_state"]]
    gateway.nat.collect(gateway.time_s + timeout)
    assert len(gateway.nat.flows) == 1
    gateway.nat.collect(gateway.time_s + timeout + 1)
    assert not gateway.nat.flows


def test_a_drop_changes_nothing():
    gateway = after(OPEN)
    before = gateway.flow()
    gateway.nat.kernel.replace_routes([])
    gateway.back(IP(src=REMOTE, dst=POOL) / TCP(sport=81, dport=1024, flags="R"))
    gateway.out(IP(src=HOST, dst=REMOTE) / TCP(sport=5000, dport=80, flags="R"))
    assert gateway.flow() == before


def test_a_translated_packet_for_the_kernel_counts():
    gateway = after(OPEN)
    gateway.back(IP(src=REMOTE, dst=POOL, ttl=1) / TCP(sport=80, dport=1024, flags="R"))
    assert gateway.flow()["tcp_state"] == "closed"
