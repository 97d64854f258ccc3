# SPDX-License-Identifier: Apache-2.0
"""Verdicts and reasons (docs/packet-path.md, the table at its head).

The names come from abi/reasons.h, the one list of them; nothing else is taken from there.
"""
import re
from pathlib import Path

HEADER = Path(__file__).resolve().parents[2] / "abi" / "reasons.h"

DROP = "drop"
KERNEL = "kernel"
KERNEL_TRANSLATED = "kernel_translated"
FORWARD = "forward"
ANSWER = "answer"
HELD = "held"  # without a reason: not decided yet
VERDICTS = (DROP, KERNEL, KERNEL_TRANSLATED, FORWARD, ANSWER, HELD)


def _names(header, macro):
    """The names in one list of the header, in order."""
    body = header.split(f"#define {macro}(X)", 1)[1].split("\n\n", 1)[0]
    return re.findall(r'\bX\((\w+), "', body)


_header = HEADER.read_text(encoding="utf-8")
FORWARD_REASONS = _names(_header, "REASONS_FORWARD")
KERNEL_REASONS = _names(_header, "REASONS_KERNEL")
DROP_REASONS = _names(_header, "REASONS_DROP")
REASONS = FORWARD_REASONS + KERNEL_REASONS + DROP_REASONS


class Decision(Exception):
    """The packet's fate is sealed and the frame stays as it came."""

    def __init__(self, verdict, reason):
        super().__init__(verdict, reason)
        self.verdict = verdict
        self.reason = reason
        self.answer = None  # the frame that tells the sender of a drop


def drop(reason):
    """=> a Decision to raise: counted and gone."""
    assert reason in DROP_REASONS
    return Decision(DROP, reason)


def hold():
    """=> a Decision to raise: it waits, and is not counted yet."""
    return Decision(HELD, None)


def kernel(reason):
    """=> a Decision to raise: handed to the kernel as it came."""
    assert reason in KERNEL_REASONS
    return Decision(KERNEL, reason)
