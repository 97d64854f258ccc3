# SPDX-License-Identifier: Apache-2.0
"""Structs and unions as a compiler laid them out, from the debugging information of an object."""
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from typing import NamedTuple

TOOLS = ("llvm-dwarfdump", "llvm-dwarfdump-14", "llvm-dwarfdump-16", "llvm-dwarfdump-19")
ENTRY = re.compile(r"0x([0-9a-f]+): +(DW_TAG_\w+|NULL)")
ATTRIBUTE = re.compile(r" +(DW_AT_\w+)\t\((.*)\)")
POINTER_BYTES = 8
AGGREGATES = ("DW_TAG_structure_type", "DW_TAG_union_type")
POINTERS = ("DW_TAG_pointer_type", "DW_TAG_subroutine_type")


@dataclass
class Entry:
    """A debugging information entry."""

    tag: str
    attributes: dict = field(default_factory=dict)
    children: list = field(default_factory=list)


class Member(NamedTuple):
    """Where a member is, in bytes from the beginning of its struct."""

    name: str
    offset: int
    size: int


class Layout(NamedTuple):
    """The size of a struct, and its members; those of anonymous ones among them."""

    size: int
    members: tuple


def dump(path):
    """=> the debugging information of an object as text"""
    tool = next(filter(None, map(shutil.which, TOOLS)), None)
    if not tool:
        raise SystemExit(f"layout: none of {', '.join(TOOLS)} is there")
    done = subprocess.run([tool, "--debug-info", path], check=True, capture_output=True,
                          text=True)
    return done.stdout


def read_entries(text):
    """=> Entries by their offset"""
    entries, open_entries = {}, []
    for line in text.splitlines():
        if match := ENTRY.match(line):
            if match[2] == "NULL":
                open_entries.pop()
                continue
            depth = (match.end() - len(match[2]) - len("0x00000000: ")) // 2
            entry = entries[int(match[1], 16)] = Entry(match[2])
            del open_entries[depth:]
            if open_entries:
                open_entries[-1].children.append(entry)
            open_entries.append(entry)
        elif (match := ATTRIBUTE.match(line)) and open_entries:
            open_entries[-1].attributes[match[1]] = match[2]
    return entries


class Object:
    """The layouts of an object file."""

    def __init__(self, path):
        self.path = path
        self.entries = read_entries(dump(path))

    def layouts(self, names):
        """=> a set of the Layouts of each name that is there: one, if its parts agree"""
        found = {name: set() for name in names}
        for entry in self.entries.values():
            name = entry.attributes.get("DW_AT_name", "").strip('"')
            if (entry.tag in AGGREGATES and name in found
                    and "DW_AT_declaration" not in entry.attributes):
                found[name].add(self._layout(entry))
        return {name: layouts for name, layouts in found.items() if layouts}

    def _layout(self, entry):
        return Layout(_number(entry, "DW_AT_byte_size"), tuple(self._members(entry, 0)))

    def _members(self, entry, base):
        """=> the Members, those of anonymous structs and unions as if they were its own"""
        for child in entry.children:
            if child.tag != "DW_TAG_member":
                continue
            offset = base + _number(child, "DW_AT_data_member_location")
            if "DW_AT_name" in child.attributes:
                yield Member(child.attributes["DW_AT_name"].strip('"'), offset,
                             self._size(self._type(child)))
            else:
                yield from self._members(self._type(child), offset)

    def _type(self, entry):
        reference = entry.attributes["DW_AT_type"].split(" ")[0]
        return self.entries[int(reference, 16)]

    def _size(self, entry):
        """=> the bytes of a type"""
        if "DW_AT_byte_size" in entry.attributes:
            return _number(entry, "DW_AT_byte_size")
        if entry.tag in POINTERS:
            return POINTER_BYTES
        size = self._size(self._type(entry))
        if entry.tag == "DW_TAG_array_type":
            for dimension in entry.children:
                size *= _length(dimension)
        return size


def _length(dimension):
    """=> the elements of one dimension of an array"""
    if "DW_AT_count" in dimension.attributes:
        return _number(dimension, "DW_AT_count")
    return _number(dimension, "DW_AT_upper_bound") + 1


def _number(entry, name):
    """=> a number; a union's members have no location, and so 0"""
    return int(entry.attributes.get(name, "0"), 0)
