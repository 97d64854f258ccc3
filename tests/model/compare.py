# SPDX-License-Identifier: Apache-2.0
"""Compares what an implementation did with what the oracle expects.

    compare.py DIR actual.bin actual_state.json

DIR holds what trace.py wrote. Prints the first packet that differs in full, and what differs
in the states; exit status 0 if they are equal, else 1. The frame of a drop is not compared.
"""
import argparse
import json
import sys
from itertools import zip_longest
from pathlib import Path

from addresses import packed, text_of
from reasons import DROP, HELD, REASONS, VERDICTS
from replay_file import COLLECT, VERDICT_OF_COLLECT, read_results, read_trace
from state import flow_identity, lease_identity, peer_identity

MAXIMUM_STATE_LINES = 60
IDENTITIES = {"flows": flow_identity, "leases": lease_identity, "peers": peer_identity}
WITHOUT_FRAME = {VERDICTS.index(DROP), VERDICTS.index(HELD)}


def main(arguments=None):
    """The command line. => exit status"""
    parser = argparse.ArgumentParser(description="Compare results with what was expected.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("state", type=Path)
    options = parser.parse_args(arguments)
    lines = differences(options.directory, options.results, options.state)
    print("\n".join(lines) if lines else "equal")
    return 1 if lines else 0


def differences(directory, results_path, state_path):
    """=> lines about the first record that differs, and about the states; none if all is equal"""
    return (first_difference(directory, results_path)
            + state_differences(directory / "expected_state.json", state_path))


def first_difference(directory, results_path):
    """=> lines about the first record that differs; none if none does"""
    records = zip_longest(read_trace(directory / "trace.bin"),
                          read_results(directory / "expected.bin"), read_results(results_path))
    for number, (record, expected, got) in enumerate(records):
        if record is None:
            return [f"record {number}: the trace has ended, the results go on"]
        if got is None:
            return [f"record {number}: the results have ended, the trace goes on"]
        if not results_agree(expected, got):
            return describe(number, record, expected, got)
    return []


def results_agree(expected, got):
    """Equal, but for the frame of a drop, or of what is held."""
    if expected[:3] != got[:3]:
        return False
    return expected.verdict in WITHOUT_FRAME or expected.frame == got.frame


def describe(number, record, expected, got):
    """=> the whole story of one record"""
    kind = "collect" if record.kind == COLLECT else "packet"
    lines = [f"record {number} ({kind}) at {record.time_s} s, ifindex {record.ifindex}",
             f"  expected {outcome(expected)}", f"  got      {outcome(got)}"]
    if record.kind == COLLECT:
        return lines
    lines += dump("the packet that arrived", record.frame)
    if expected.verdict not in WITHOUT_FRAME and expected.frame != got.frame:
        lines += byte_differences(expected.frame, got.frame)
        lines += dump("the frame expected", expected.frame)
        lines += dump("the frame got", got.frame)
    return lines


def outcome(result):
    """=> verdict, reason and egress in words"""
    if result.verdict == VERDICT_OF_COLLECT:
        return "a collection"
    verdict = _name(VERDICTS, result.verdict)
    return (f"{verdict} {_name(REASONS, result.reason)} egress {result.egress_ifindex} "
            f"({len(result.frame)} bytes)")


def _name(names, number):
    return names[number] if number < len(names) else f"number {number}"


def byte_differences(expected, got):
    """=> one line for every byte that differs (Ethernet header included), up to 40"""
    lines = [f"  lengths: expected {len(expected)}, got {len(got)}"]
    pairs = enumerate(zip_longest(expected, got))
    lines += [f"  byte {at}: expected {_hex(left)}, got {_hex(right)}"
              for at, (left, right) in pairs if left != right]
    return lines[:1 + 40] + (["  ..."] if len(lines) > 41 else [])


def _hex(byte):
    return "none" if byte is None else f"{byte:02x}"


def dump(title, frame):
    """=> the frame in hexadecimal and as Scapy reads it"""
    from scapy.all import Ether  # late: importing Scapy takes a second
    lines = [f"  {title}: {frame.hex()}"]
    try:
        lines += ["    " + line for line in Ether(frame).show(dump=True).splitlines()]
    except Exception as error:  # Scapy may fail on damaged packets; the bytes are printed
        lines.append(f"    (Scapy cannot read it: {error!r})")
    return lines


def state_differences(expected_path, got_path):
    """=> lines about flows, leases, ports and counters that differ"""
    expected, got = read_state(expected_path), read_state(got_path)
    lines = []
    for kind, identity_of in IDENTITIES.items():
        lines += differences_by_identity(kind, identity_of, expected[kind], got[kind])
    for part in ("ports", "rules", "pools", "reasons", "answers"):
        lines += part_differences(part, without_nothing(expected[part]),
                                  without_nothing(got[part]))
    rest = len(lines) - MAXIMUM_STATE_LINES
    return lines[:MAXIMUM_STATE_LINES] + ([f"... and {rest} more"] if rest > 0 else [])


def read_state(path):
    """=> a state, every address spelled in one way (there are several for some of IPv6)"""
    state = json.loads(Path(path).read_text(encoding="utf-8"))
    for each in (each for kind in IDENTITIES for each in state[kind]):
        for field in {"inside", "remote", "address"} & set(each):
            each[field] = text_of(packed(each[field]))
    state["ports"] = {text_of(packed(address)): spaces
                      for address, spaces in state["ports"].items()}
    return state


def differences_by_identity(kind, identity_of, expected, got):
    """=> lines by flow, lease or peer; `kind` is the name of their list"""
    expected_by = {identity_of(each): each for each in expected}
    got_by = {identity_of(each): each for each in got}
    lines = [] if len(got_by) == len(got) else [f"{kind}: some are listed more than once"]
    for identity in sorted(set(expected_by) | set(got_by)):
        lines += _difference(" ".join(map(str, (kind[:-1], *identity))),
                             expected_by.get(identity), got_by.get(identity))
    return lines


def _difference(name, expected, got):
    if got is None:
        return [f"{name}: missing, expected {expected}"]
    if expected is None:
        return [f"{name}: not expected, got {got}"]
    return [f"{name}: {field}: expected {expected.get(field)}, got {got.get(field)}"
            for field in sorted(set(expected) | set(got))
            if expected.get(field) != got.get(field)]


def without_nothing(value):
    """=> the same without zeros and empty things: not counted is 0, not listed is none"""
    if not isinstance(value, dict):
        return value
    pruned = {key: without_nothing(each) for key, each in value.items()}
    return {key: each for key, each in pruned.items() if each not in (0, [], {})}


def part_differences(path, expected, got):
    """=> lines for every leaf of two trees that differs"""
    if isinstance(expected, dict) and isinstance(got, dict):
        return [line for key in sorted(set(expected) | set(got))
                for line in part_differences(f"{path}: {key}", expected.get(key), got.get(key))]
    if expected == got:
        return []
    if isinstance(expected, list) and isinstance(got, list):
        return [f"{path}: missing {sorted(set(expected) - set(got))}, "
                f"not expected {sorted(set(got) - set(expected))}"]
    return [f"{path}: expected {expected or 0}, got {got or 0}"]


if __name__ == "__main__":
    sys.exit(main())
