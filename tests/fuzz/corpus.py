#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes good first inputs for the fuzzers.

    corpus.py DIR

makes DIR/config (the example, and those of the manual), DIR/snapshot (those of the oracle's
scenarios), DIR/packet (the golden packets) and DIR/scenario, in which the packets are judged.
"""
import json
import random
import re
import struct
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
for folder in ("golden", "parity", "model"):
    sys.path.insert(1, str(ROOT / "tests" / folder))

from golden import WAN, gateway  # noqa: E402
from scenarios import SHAPES, make_scenario  # noqa: E402
from test_golden import TABLES  # noqa: E402

OUTSIDE, CHECKSUM, LOCAL = 1, 4, 32  # tests/fuzz/packet_fuzz.c, enum record_bits
STEPS = 12  # of a case: most have two or three


def write(directory, seeds):
    """Each seed into a file of its own."""
    directory.mkdir(parents=True)
    for number, seed in enumerate(seeds):
        (directory / f"{number:04}").write_bytes(seed)


def configs():
    """=> configurations, whole ones and the examples of the manual"""
    yield (ROOT / "config/example.conf").read_bytes()
    manual = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    for example in re.findall(r"```junos\n(.*?)```", manual, re.DOTALL):
        yield example.encode()


def snapshots():
    """=> the snapshots of one scenario of every shape"""
    for seed in range(len(SHAPES)):
        scenario, _ = make_scenario(seed, random.Random(seed))
        yield json.dumps(scenario["snapshot"]).encode()


def packets():
    """=> the packets of each golden case; errors from inside also as the gateway's own"""
    for case in (case for table in TABLES for case in table.CASES):
        steps = case.steps[:STEPS]
        yield b"".join(record(step) for step in steps)
        if any(step.reason == "icmp_error_out" for step in steps):
            yield b"".join(record(step, LOCAL * (step.reason == "icmp_error_out"))
                           for step in steps)


def record(step, more_bits=0):
    """=> a golden step as packet_fuzz reads it"""
    bits = more_bits | OUTSIDE * (step.ifindex == WAN) | CHECKSUM * (step.reason != "malformed_packet")
    return struct.pack("<BH", bits, len(step.frame)) + step.frame


def main():
    """The command line."""
    directory = Path(sys.argv[1])
    write(directory / "config", configs())
    write(directory / "snapshot", snapshots())
    write(directory / "packet", packets())
    write(directory / "scenario", [])
    scenario = {**gateway(), "maximum_flows": 64}
    (directory / "scenario/scenario.json").write_text(json.dumps(scenario), encoding="utf-8")


if __name__ == "__main__":
    main()
