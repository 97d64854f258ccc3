# SPDX-License-Identifier: Apache-2.0
"""Every golden packet through the oracle, the native core, the XDP program and an AF_XDP worker.

    python3 -m pytest tests/golden --replay BUILD/tests/replay [--form model|native|xdp|worker]
"""
from collections import Counter

import pytest

import checksums
import destinations
import errors_ipv4
import errors_ipv6
import fragments
import frames
import hairpin
import headers
import lengths
import persistent
import pool_ports
import refusals
import segment_sizes
import sizes
import translations
import tunnels
from compare import byte_differences, dump
from golden import Outcome, Outcomes, egress, without_fresh_id

TABLES = (checksums, destinations, errors_ipv4, errors_ipv6, fragments, frames, hairpin, headers,
          lengths, persistent, pool_ports, refusals, segment_sizes, sizes, translations,
          tunnels)
CASES = [case for table in TABLES for case in table.CASES]
NAMES = [f"{table.__name__}: {case.name}" for table in TABLES for case in table.CASES]


@pytest.fixture(scope="session")
def outcomes(request, tmp_path_factory):
    """What became of all packets in one form."""
    form = request.param
    return Outcomes(CASES, form, request.config.getoption("replay"),
                    tmp_path_factory.mktemp(form))


def story(number, step, got):
    """=> why a step is wrong, with both packets"""
    lines = [f"packet {number}: expected {step.verdict} {step.reason} egress {egress(step)}, "
             f"got {got.verdict} {got.reason} egress {got.egress}"]
    lines += dump("the packet that arrived", step.frame)
    if step.frame_out != got.frame:
        lines += byte_differences(step.frame_out, got.frame)
        lines += dump("the frame expected", step.frame_out) + dump("the frame got", got.frame)
    return "\n".join(lines)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_packets(outcomes, case):
    """Verdict, reason counted, egress and every byte."""
    for number, (step, got) in enumerate(outcomes.of(case)):
        expected = Outcome(step.verdict, step.reason, egress(step), step.frame_out)
        got = got._replace(frame=without_fresh_id(step, got.frame))
        assert got == expected, story(number, step, got)


def test_every_packet_is_counted_once(outcomes):
    """The counters at the end are those of the tables, and no flow, lease or port is left."""
    expected = Counter(step.reason for case in CASES for step in case.steps if step.reason)
    assert outcomes.state["reasons"] == dict(expected)
    assert not any(outcomes.state[part] for part in ("flows", "leases", "peers"))
    assert not any(any(spaces.values()) for spaces in outcomes.state["ports"].values())


def test_names_are_told_apart():
    """A case that fails can be found."""
    assert [name for name, count in Counter(NAMES).items() if count > 1] == []
