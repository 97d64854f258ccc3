# SPDX-License-Identifier: Apache-2.0
"""Rules of the house that are read off the source itself. Each returns its findings."""
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("abi", "core", "bpf", "dataplane", "config", "control", "cli")
DUAL_ROOMS = ("abi", "core", "bpf")
OTHER_FOLDERS = ("tests", "bench", "tools", "packaging")
CODE = {".c", ".h", ".py", ".sh", ".build", ".in"}

INCLUDE = re.compile(r'#include "(\w+)/')
LICENSE = "SPDX-License-Identifier: Apache-2.0"
DUAL_LICENSE = LICENSE + " OR GPL-2.0-only"
SKIP = re.compile(r"\bskip\(\)|pytest\.skip|importorskip|mark\.(?:skip|xfail)|unittest\.skip"
                  r"|\bexit\(?\s*77\b|return 77;")


def files(folders, suffixes):
    """=> the files of folders with such a suffix"""
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*"))
            if path.suffix in suffixes]


def is_test(path):
    """=> whether it stands beside the code to test it"""
    return path.stem.endswith("_test")


def _lines(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        yield f"{path.relative_to(ROOT)}:{number}", line


def wrong_includes(room, name, text):
    """=> what a file of a room may not include, as (line number, folder)"""
    for number, line in enumerate(text.splitlines(), 1):
        found = INCLUDE.match(line)
        if found and found[1] in ROOMS and ROOMS.index(found[1]) > ROOMS.index(room):
            yield f"{name}:{number}: {room}/ uses {found[1]}/; expected a folder above it: " \
                  f"{', '.join(ROOMS[:ROOMS.index(room)])}"


def rooms():
    """A folder uses only folders above it (docs/architecture.md, Rooms)."""
    return [finding for room in ROOMS for path in files([room], {".c", ".h"})
            for finding in wrong_includes(room, path.relative_to(ROOT), path.read_text())]


def licenses():
    """Every file of code says its license; what becomes BPF has two."""
    paths = files((*ROOMS, *OTHER_FOLDERS), CODE)
    paths += [ROOT / name for name in ("Makefile", "meson.build", "meson_options.txt")]
    findings = []
    for path in paths:
        dual = path.relative_to(ROOT).parts[0] in DUAL_ROOMS and path.suffix in {".c", ".h"}
        expected = DUAL_LICENSE if dual and not is_test(path) else LICENSE
        if expected not in "\n".join(path.read_text().splitlines()[:3]):
            findings.append(f"{path.relative_to(ROOT)}:1: expected {expected}")
    return findings


def skips():
    """No test passes by not running."""
    return [f"{place}: {line.strip()}: a test that can skip itself"
            for path in files((*ROOMS, "tests"), {".c", ".h", ".py", ".sh"})
            if path != Path(__file__).resolve()
            for place, line in _lines(path) if SKIP.search(line)]
