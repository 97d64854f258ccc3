#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Static checks [R37]: a line for each tool, with its version and how much it found.

    run.py --gcc BUILD --clang BUILD

The build directories are those of the two compilers; they must be up to date.
"""
import argparse
import sys
import time
from pathlib import Path

import compliance
import source
import tools


def checks(gcc, clang):
    """=> (name, version, function) of every check"""
    return (
        ("rooms", "", source.rooms),
        ("licenses", "", source.licenses),
        ("skips", "", source.skips),
        ("rfc-compliance", "", compliance.findings),
        ("warnings", "", lambda: tools.warnings(gcc, clang)),
        ("hardening-check", tools.package_version("devscripts"), lambda: tools.hardening(gcc)),
        ("sparse", tools.version("sparse", "--version"), lambda: tools.sparse(gcc)),
        ("cppcheck", tools.version("cppcheck", "--version"), lambda: tools.cppcheck(gcc)),
        ("clang-tidy", tools.version("clang-tidy-19", "--version"),
         lambda: tools.clang_tidy(clang)),
        ("scan-build", tools.version("clang-19", "--version"), lambda: tools.scan_build(clang)),
    )


def main():
    """The command line. => exit status"""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gcc", type=Path, required=True, metavar="BUILD")
    parser.add_argument("--clang", type=Path, required=True, metavar="BUILD")
    options = parser.parse_args()
    total = 0
    for name, version, function in checks(options.gcc.resolve(), options.clang.resolve()):
        started = time.monotonic()
        findings = function()
        total += len(findings)
        print(f"{name:<16} {version:<8} {len(findings):3} findings "
              f"({time.monotonic() - started:.0f} s)", flush=True)
        for finding in findings:
            print(f"    {finding}")
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
