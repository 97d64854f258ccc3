# SPDX-License-Identifier: Apache-2.0
"""The files that a trace is replayed from and compared with; every number little-endian.

Trace: the magic, then records of kind u8 (1 packet, 2 collect), 0 u8, frame length u16,
time in seconds u32, ifindex u32, the frame.

Results: the magic, then one record for each of the trace's: verdict u8 (0 drop, 1 kernel,
2 kernel_translated, 3 forward, 4 answer, 5 held; 255 for a collection), reason u8 (its place in
REASONS of abi/reasons.h; 255 of what is held), frame length u16, egress ifindex u32 (0 unless
forwarded), the frame (of a drop, and of what is held: none, and whoever compares does not look at
it).

State: the JSON of Nat.state().
"""
import json
import struct
from typing import NamedTuple

from reasons import DROP, HELD, REASONS, VERDICTS

TRACE_MAGIC = b"HFTRACE1"
RESULT_MAGIC = b"HFRESLT1"
PACKET, COLLECT = 1, 2
VERDICT_OF_COLLECT = 255
NO_REASON = 255
TRACE_HEADER = struct.Struct("<BBHII")
RESULT_HEADER = struct.Struct("<BBHI")


class TraceRecord(NamedTuple):
    """One record of a trace file."""

    kind: int
    time_s: int
    ifindex: int
    frame: bytes


class ResultRecord(NamedTuple):
    """One record of a result file; numbers as they are in it."""

    verdict: int
    reason: int
    egress_ifindex: int
    frame: bytes


class _Writer:
    """A file that begins with a magic."""

    def __init__(self, path, magic):
        self.file = open(path, "wb")
        self.file.write(magic)

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.file.close()


class TraceWriter(_Writer):
    """Writes a trace file."""

    def __init__(self, path):
        super().__init__(path, TRACE_MAGIC)

    def write(self, kind, time_s, ifindex=0, frame=b""):
        """One record."""
        self.file.write(TRACE_HEADER.pack(kind, 0, len(frame), time_s, ifindex) + frame)


class ResultWriter(_Writer):
    """Writes a result file."""

    def __init__(self, path):
        super().__init__(path, RESULT_MAGIC)

    def write(self, result):
        """One record; None stands for a collection."""
        if result is None:
            self.file.write(RESULT_HEADER.pack(VERDICT_OF_COLLECT, 0, 0, 0))
            return
        frame = b"" if result.verdict in (DROP, HELD) else result.frame
        reason = NO_REASON if result.verdict == HELD else REASONS.index(result.reason)
        self.file.write(RESULT_HEADER.pack(
            VERDICTS.index(result.verdict), reason, len(frame),
            result.egress_ifindex or 0) + frame)


def read_trace(path):
    """=> TraceRecords, one by one"""
    for (kind, _, _, time_s, ifindex), frame in _read(path, TRACE_MAGIC, TRACE_HEADER):
        yield TraceRecord(kind, time_s, ifindex, frame)


def read_results(path):
    """=> ResultRecords, one by one"""
    for (verdict, reason, _, egress), frame in _read(path, RESULT_MAGIC, RESULT_HEADER):
        yield ResultRecord(verdict, reason, egress, frame)


def _read(path, magic, header):
    """=> (fields, frame) of every record; the frame's length is the third field"""
    with open(path, "rb") as file:
        if file.read(len(magic)) != magic:
            raise ValueError(f"{path}: does not begin with {magic.decode()}")
        while True:
            head = file.read(header.size)
            if not head:
                return
            if len(head) < header.size:
                raise ValueError(f"{path}: ends inside a record")
            fields = header.unpack(head)
            frame = file.read(fields[2])
            if len(frame) < fields[2]:
                raise ValueError(f"{path}: ends inside a record")
            yield fields, frame


def write_state(path, state):
    """The state of a Nat, as JSON."""
    with open(path, "w", encoding="utf-8") as file:
        json.dump(state, file, indent=1)
        file.write("\n")


def replay(nat, trace_path, results_path, state_path):
    """Feed a trace file to a Nat and write what it said and holds."""
    with ResultWriter(results_path) as results:
        for record in read_trace(trace_path):
            if record.kind == COLLECT:
                nat.collect(record.time_s)
                results.write(None)
            else:
                results.write(nat.packet(record.time_s, record.ifindex, record.frame))
    write_state(state_path, nat.state())
