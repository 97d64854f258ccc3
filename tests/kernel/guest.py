#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What is tried on the other kernel; run.py starts it there.

    guest.py --build BUILD... --objects BUILD...
"""
import argparse
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


def verifier(builds):
    """The kernel accepts the programs [R38]."""
    objects = [path for build in builds for path in sorted(build.glob("bpf/*.bpf.o"))]
    subprocess.run([builds[0] / "tests/verify", *objects], check=True)


def parity(build):
    """The XDP program judges as the oracle does, and so does a worker."""
    for form in ("xdp", "worker"):
        subprocess.run(
            ["python3", TESTS / "parity/parity.py", "--replay", build / "tests/replay",
             "--only", form, "--packets", "500", "--seeds", "2", "3"], check=True)


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


def _live_with_workers(town, talks):
    """The dataplane is switched to user space and back, with a crash of its workers in between."""
    for kind in ("userspace", "ebpf"):
        text = house.config(house.PERSISTENT).replace("dataplane-type ebpf",
                                                      f"dataplane-type {kind}")
        town.gateway.commit(text)
        before = town.gateway.status()["judged_by_workers"]
        _talk(town, talks)
        judged = town.gateway.status()["judged_by_workers"] > before
        assert judged == (kind == "userspace"), kind
        town.gateway.kill_dataplane()
        _talk(town, talks)


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
    _live_with_workers(town, talks)
    assert town.gateway.flow_count() == 8, town.gateway.flows()
    town.check()
    observer.close()


def lab(build):
    """Hosts reach a server through holdfastd's gateway, across crashes, commits and dataplanes."""
    status = sandbox.run(lambda: _live_in(build), LAB_LIMIT_S)
    if status:
        raise RuntimeError(f"the lab ended with status {status}")


def perform(name, trial):
    """Try one thing, which raises an exception where it fails."""
    started = time.monotonic()
    trial()
    print(f"guest: {name}: passed ({time.monotonic() - started:.1f} s)", flush=True)


def main():
    """Try everything, for each build."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, nargs="+", required=True)
    parser.add_argument("--objects", type=Path, nargs="*", default=[])
    options = parser.parse_args()
    print(f"guest: Linux {platform.release()}")
    perform("verifier", lambda: verifier(options.build + options.objects))
    for build in options.build:
        perform(f"{build} parity", lambda build=build: parity(build))
        perform(f"{build} lab", lambda build=build: lab(build))
    print("guest: passed")


if __name__ == "__main__":
    main()
