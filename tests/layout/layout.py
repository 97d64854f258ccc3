#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the layouts of abi/ as the native and the BPF compiler made them.

    layout.py --native OBJECT --bpf OBJECT...

Every struct and union that abi/ defines (but for the snapshot, which no BPF program sees) must
be in the native object and in a BPF object, and be the same wherever it is: size, and offset and
size of every member.
"""
import argparse
import re
import sys
from pathlib import Path

from dwarf import Object

ABI = Path(__file__).resolve().parents[2] / "abi"
NOT_SHARED = "snapshot.h"
DEFINITION = re.compile(r"^(?:struct|union) (\w+) \{", re.MULTILINE)


def names_of(folder):
    """=> the structs and unions that its headers define, sorted"""
    return sorted(name for header in sorted(folder.glob("*.h")) if header.name != NOT_SHARED
                  for name in DEFINITION.findall(header.read_text(encoding="utf-8")))


def differences(names, native, bpf):
    """Of one native Object and several BPF ones. => lines; none if all is well"""
    natively = native.layouts(names)
    in_bpf = [(each, each.layouts(names)) for each in bpf]
    lines = [f"{name}: not in {native.path}" for name in names if name not in natively]
    for name in names:
        if not any(name in layouts for _, layouts in in_bpf):
            lines.append(f"{name}: in no BPF object")
    for other, layouts in [(native, natively), *in_bpf]:
        lines += [line for name in sorted(set(layouts) & set(natively))
                  for line in compare(name, natively[name], layouts[name], native, other)]
    return lines


def compare(name, expected, got, native, other):
    """=> lines about what differs between two sets of Layouts of one name"""
    first = min(expected)
    return [line for layout in sorted(expected | got) if layout != first
            for line in (f"{name}: in {native.path} and {other.path}:",
                         f"    {describe(first, layout)}", f"    {describe(layout, first)}")]


def describe(layout, other):
    """=> the size, and the members that the other does not have so"""
    members = [f"{member.name} at {member.offset} of {member.size}"
               for member in layout.members if member not in other.members]
    return f"{layout.size} bytes; " + (", ".join(members) or "nothing that the other lacks")


def main():
    """The command line. => exit status"""
    parser = argparse.ArgumentParser(description="Compare native and BPF layouts of abi/.")
    parser.add_argument("--native", required=True)
    parser.add_argument("--bpf", required=True, nargs="+")
    options = parser.parse_args()
    names = names_of(ABI)
    native = Object(options.native)
    lines = differences(names, native, [Object(path) for path in options.bpf])
    for line in lines:
        print(line)
    members = sum(len(min(layouts).members) for layouts in native.layouts(names).values())
    print(f"{len(names)} structs of abi/, {members} members, native and "
          f"{len(options.bpf)} BPF objects: {'they differ' if lines else 'the same'}")
    return 1 if lines or not names else 0


if __name__ == "__main__":
    sys.exit(main())
