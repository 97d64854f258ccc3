#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What is tried on the other kernel; run.py starts it there.

    guest.py BUILD...
"""
import platform
import subprocess
import sys
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]


def verifier(build):
    """The kernel accepts the programs [R38]."""
    subprocess.run([build / "tests/verify", *sorted(build.glob("bpf/*.bpf.o"))], check=True)


def parity(build):
    """The XDP program judges as the oracle does."""
    subprocess.run(
        ["python3", TESTS / "parity/parity.py", "--replay", build / "tests/replay", "--only", "xdp",
         "--packets", "500", "--seeds", "2", "3"], check=True)


def main():
    """Try everything, for each build."""
    print(f"guest: Linux {platform.release()}")
    for build in map(Path, sys.argv[1:]):
        for trial in (verifier, parity):
            started = time.monotonic()
            trial(build)
            print(f"guest: {build} {trial.__name__}: passed ({time.monotonic() - started:.1f} s)")
    print("guest: passed")


if __name__ == "__main__":
    main()
