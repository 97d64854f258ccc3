#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What is tried on the other kernel; run.py starts it there.

    guest.py BUILD...
"""
import platform
import subprocess
import sys
import time
from ipaddress import ip_address
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "lab"), str(TESTS / "model")]

import house  # noqa: E402
import sandbox  # noqa: E402
from observers import Conversation, Observer  # noqa: E402
from selector import userspace_v1  # noqa: E402

POOLS = {4: (ip_address("198.51.100.16"), 8), 6: (ip_address("2001:db8:64::"), 8)}
LAB_LIMIT_S = 120


def verifier(build):
    """The kernel accepts the programs [R38]."""
    subprocess.run([build / "tests/verify", *sorted(build.glob("bpf/*.bpf.o"))], check=True)


def parity(build):
    """The XDP program judges as the oracle does."""
    subprocess.run(
        ["python3", TESTS / "parity/parity.py", "--replay", build / "tests/replay", "--only", "xdp",
         "--packets", "500", "--seeds", "2", "3"], check=True)


def _expected(host, family):
    """=> the pool address that the host is to have"""
    first, count = POOLS[family]
    return str(first + userspace_v1(ip_address(host.address(family)).packed, count))


def _talk(town, talks):
    """Every conversation goes on, with the address that its host is to have."""
    for (host, family), conversations in talks.items():
        expected = _expected(town.host(host), family)
        for conversation in conversations:
            address, _ = conversation.ask()
            assert address == expected, f"{host} was seen as {address}, expected {expected}"


def _live_in(build):
    town = house.House(build, ("a1", "b1"))
    observer = Observer(town.servers["s1"])
    town.gateway.start_holdfast(house.config(house.PERSISTENT))
    talks = {(host, family): [Conversation(town.host(host), town.server("s1", family), protocol)
                              for protocol in ("tcp", "udp")]
             for host in town.hosts for family in POOLS}
    _talk(town, talks)
    town.gateway.kill_dataplane()
    _talk(town, talks)
    town.gateway.commit(house.config(house.PERSISTENT, "set system host-name other"))
    _talk(town, talks)
    assert town.gateway.flow_count() == 8, town.gateway.flows()
    town.check()
    observer.close()


def lab(build):
    """Hosts reach a server through holdfastd's gateway, across a crash and a commit."""
    status = sandbox.run(lambda: _live_in(build), LAB_LIMIT_S)
    if status:
        raise RuntimeError(f"the lab ended with status {status}")


def main():
    """Try everything, for each build."""
    print(f"guest: Linux {platform.release()}")
    for build in map(Path, sys.argv[1:]):
        for trial in (verifier, parity, lab):
            started = time.monotonic()
            trial(build)
            print(f"guest: {build} {trial.__name__}: passed ({time.monotonic() - started:.1f} s)",
                  flush=True)
    print("guest: passed")


if __name__ == "__main__":
    main()
