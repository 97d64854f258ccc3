# SPDX-License-Identifier: Apache-2.0
"""Plain text that is pleasant to read, 100 columns wide, in colour where there is a terminal."""
import os
import sys
import time

WIDTH = 100
BOLD, DIM, RED, GREEN, PLAIN = "1", "2", "31", "32", "0"


def _coloured():
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def paint(text, colour):
    """The text in a colour, if the terminal has any."""
    return f"\033[{colour}m{text}\033[{PLAIN}m" if _coloured() else text


class Story:
    """Headings, tables and checks, in the order in which things happen."""

    def __init__(self):
        self.started = time.monotonic()
        self.failed = []
        self.passed = 0

    def elapsed(self):
        """Seconds since the beginning."""
        return time.monotonic() - self.started

    def chapter(self, title):
        """What comes next."""
        clock = f"{self.elapsed():5.1f} s"
        rule = "-" * (WIDTH - len(title) - len(clock) - 5)
        print(f"\n{paint('== ' + title, BOLD)} {paint(rule, DIM)} {paint(clock, DIM)}", flush=True)

    def say(self, text):
        """A line, or several."""
        for line in text.splitlines():
            print(f"   {line}", flush=True)

    def doing(self, text):
        """What is under way and takes a moment."""
        print(paint(f"   ... {text}", DIM), flush=True)

    def quote(self, command, output):
        """What a user types, and what it prints."""
        print(paint(f"   $ {command}", BOLD))
        for line in output.rstrip().splitlines():
            print(f"     {line}")
        sys.stdout.flush()

    def table(self, header, rows):
        """Columns as wide as what is in them; numbers to the right."""
        lines = [[str(cell) for cell in row] for row in [header, *rows]]
        widths = [max(map(len, column)) for column in zip(*lines)]
        right = [all(isinstance(row[i], (int, float)) for row in rows) for i in range(len(header))]
        for number, line in enumerate(lines):
            cells = (cell.rjust(width) if to_right else cell.ljust(width)
                     for cell, width, to_right in zip(line, widths, right))
            text = "   " + "  ".join(cells).rstrip()
            print(paint(text, DIM) if number == 0 else text)
        sys.stdout.flush()

    def check(self, holds, claim):
        """Something that must be so. => whether it is"""
        if holds:
            self.passed += 1
        else:
            self.failed.append(claim)
        mark = paint("ok    ", GREEN) if holds else paint("FAILED", RED)
        print(f"   {mark} {claim}", flush=True)
        return holds

    def end(self):
        """The last lines. => the exit status"""
        total = self.passed + len(self.failed)
        self.chapter("The end")
        self.say(f"{self.passed} of {total} claims hold.")
        for claim in self.failed:
            self.say(paint(f"not so: {claim}", RED))
        return 1 if self.failed else 0
