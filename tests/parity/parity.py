#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs random traces through the oracle, the native core and the XDP program, and compares.

    parity.py --replay BUILD/tests/replay --packets N --seeds FIRST LAST [--only native|xdp]

The oracle (tests/model) judges every packet; so does the core, compiled natively, and the XDP
program through the kernel's test run, in a network namespace set up from the same scenario.
Verdict, reason, egress, bytes and the state at the end must be equal [R3].
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MODEL = Path(__file__).resolve().parent.parent / "model"
sys.path.insert(0, str(MODEL))

import compare  # noqa: E402
import trace  # noqa: E402


def run(*command, **options):
    """Run a command that must succeed."""
    subprocess.run([str(each) for each in command], check=True, **options)


class Namespace:
    """A network namespace with the interfaces, routes and neighbours of a scenario."""

    def __init__(self, scenario):
        self.name = f"hf-parity-{os.getpid()}"
        self.scenario = scenario

    def __enter__(self):
        run("ip", "netns", "add", self.name)
        try:
            for command in ("net.ipv6.conf.all.forwarding=1", "net.ipv4.ip_forward=1",
                            "net.ipv6.conf.default.accept_dad=0"):
                self.inside("sysctl", "-q", "-w", command)
            self._batch(self._links())
            for name in self.scenario["interfaces"]:  # the only frames are those of the trace
                self.inside("sysctl", "-q", "-w", f"net.ipv6.conf.{name}-peer.disable_ipv6=1")
            self._batch(self._addresses_and_routes())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        run("ip", "netns", "del", self.name)

    def inside(self, *command):
        """Run a command in the namespace, with the machine's own mounts."""
        run("nsenter", f"--net=/run/netns/{self.name}", *command)

    def _batch(self, lines):
        run("ip", "-n", self.name, "-batch", "-", input="\n".join(lines), text=True)

    def _links(self):
        for name, interface in self.scenario["interfaces"].items():
            index = interface["ifindex"]
            yield (f"link add dev {name} index {index} address {interface['mac']} "
                   f"mtu {interface['mtu']} type veth peer name {name}-peer index {index + 100}")
            yield f"link set dev {name} addrgenmode none"

    def _addresses_and_routes(self):
        for name, interface in self.scenario["interfaces"].items():
            yield f"link set dev {name}-peer up"
            yield f"link set dev {name} up"
            for address in interface["addresses"]:
                nodad = " nodad" if ":" in address else ""
                yield f"address add {address} dev {name}{nodad}"
        for neighbour in self.scenario["neighbours"]:
            yield (f"neighbour replace {neighbour['address']} dev {neighbour['interface']} "
                   f"lladdr {neighbour['mac']} nud permanent")
        for route in self.scenario["routes"]:
            yield self._route(route)

    @staticmethod
    def _route(route):
        if route["type"] != "unicast":
            return f"route add {route['type']} {route['prefix']}"
        line = f"route add {route['prefix']}"
        if route["gateway"]:
            line += f" via {route['gateway']}"
        line += f" dev {route['interface']}"
        if route["mtu"]:
            line += f" mtu lock {route['mtu']}"
        return line


def replay(options, form, directory):
    """Run one form of the core over the trace in a directory."""
    command = [options.replay, form, directory, directory / f"{form}.bin",
               directory / f"{form}.json"]
    if form == "native":
        run(*command)
        return
    scenario = json.loads((directory / "scenario.json").read_text())
    with Namespace(scenario) as namespace:
        namespace.inside(*command)


def check_seed(options, seed, directory):
    """=> whether every form agrees with the oracle for one seed"""
    trace.write_trace(seed, options.packets, directory)
    for form in options.forms:
        started = time.monotonic()
        replay(options, form, directory)
        seconds = time.monotonic() - started
        print(f"seed {seed}: {options.packets} packets, oracle and {form} core: ", end="",
              flush=True)
        if compare.main([str(directory), str(directory / f"{form}.bin"),
                         str(directory / f"{form}.json")]):
            print(f"the trace is kept in {directory}")
            return False
        print(f"  ({seconds:.1f} s)")
    return True


def main():
    """The command line. => exit status"""
    parser = argparse.ArgumentParser(description="Compare oracle, native core and XDP program.")
    parser.add_argument("--replay", type=Path, required=True)
    parser.add_argument("--packets", type=int, default=20000)
    parser.add_argument("--seeds", type=int, nargs=2, default=(0, 6), metavar=("FIRST", "LAST"))
    parser.add_argument("--only", choices=("native", "xdp"))
    options = parser.parse_args()
    options.forms = (options.only,) if options.only else ("native", "xdp")
    for seed in range(options.seeds[0], options.seeds[1] + 1):
        directory = Path(tempfile.mkdtemp(prefix=f"hf-parity-{seed}-"))
        if not check_seed(options, seed, directory):
            return 1
        for each in directory.iterdir():
            each.unlink()
        directory.rmdir()
    return 0


if __name__ == "__main__":
    sys.exit(main())
