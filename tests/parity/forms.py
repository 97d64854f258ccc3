# SPDX-License-Identifier: Apache-2.0
"""Runs a trace through a compiled form of the core: natively, or as the XDP program through the
kernel's test run, in a network namespace set up from the trace's scenario."""
import json
import os
import subprocess

FORMS = ("native", "xdp")


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


def replay(program, form, directory):
    """Run the trace in a directory through `program` (tests/parity/replay.c); what became of it
    is then in FORM.bin and FORM.json there."""
    command = [program, form, directory, directory / f"{form}.bin", directory / f"{form}.json"]
    if form == "native":
        run(*command)
        return
    scenario = json.loads((directory / "scenario.json").read_text(encoding="utf-8"))
    with Namespace(scenario) as namespace:
        namespace.inside(*command)
