#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that every invariant has one name, everywhere, and a test that says it.

    check_invariants.py ROOT

A header that keeps an invariant begins a line of its essay with the name (INV-PORT-1); the table
of docs/architecture.md lists all of them; a unit test, or a test in Python, names the invariant
that it shows. A name that one of the three does not know is a fault.
"""
import re
import sys
from pathlib import Path

NAME = r"INV-[A-Z]+(?:-(?:[A-Z]+|\d+))*"
DEFINITION = re.compile(rf"^ \* ({NAME})\b", re.MULTILINE)
LISTED = re.compile(rf"^\| `({NAME})` \|", re.MULTILINE)
FOLDERS = "abi core bpf dataplane config control cli tests bench docs".split()
SUFFIXES = (".c", ".h", ".md", ".py")


def texts(root):
    """=> (path, text) of every file that may name an invariant, but for this one"""
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in SUFFIXES and path != Path(__file__).resolve():
                yield path.relative_to(root), path.read_text(encoding="utf-8")


def is_test(path):
    """=> whether the file's assertions are worth a name"""
    return path.name.endswith("_test.c") or (path.parts[0] == "tests" and path.suffix == ".py")


def names_of(files, pattern, chosen):
    """=> the names that the pattern finds in the chosen files, each with the first that has it"""
    found = {}
    for path, text in files:
        if chosen(path):
            for name in pattern.findall(text):
                found.setdefault(name, path)
    return found


def missing(names, where, known):
    """=> a line for each name that is not known there"""
    return [f"{path}: {name} {where}" for name, path in sorted(names.items())
            if name not in known]


def main():
    """Compare the three."""
    files = list(texts(Path(sys.argv[1]).resolve()))
    defined = names_of(files, DEFINITION, lambda path: path.suffix == ".h")
    listed = names_of(files, LISTED, lambda path: path.parts == ("docs", "architecture.md"))
    tested = names_of(files, re.compile(NAME), is_test)
    used = names_of(files, re.compile(NAME), lambda path: True)
    faults = missing(used, "is not defined in any header", defined)
    faults += missing(defined, "is not listed in docs/architecture.md", listed)
    faults += missing(defined, "is named by no test", tested)
    for fault in faults:
        print(fault)
    print(f"{len(defined)} invariants, {len(faults)} faults")
    return 1 if faults or not defined else 0


if __name__ == "__main__":
    sys.exit(main())
