# SPDX-License-Identifier: Apache-2.0
"""Runs a trace through a compiled form of the core: natively, as the XDP program through the
kernel's test run, or packet by packet over an interface to the XDP program and an AF_XDP worker.
The last two run in a network namespace set up from the trace's scenario."""
import json
import subprocess
import threading

FORMS = ("native", "xdp", "worker")


def run(*command, **options):
    """Run a command that must succeed. => subprocess.CompletedProcess"""
    return subprocess.run([str(each) for each in command], check=True, **options)


class Namespace:
    """A network namespace with the interfaces, routes and neighbours of a scenario. The interfaces
    are veths, which nothing is sent over."""

    def __init__(self, scenario):
        self.name = f"hf-parity-{threading.get_native_id()}"
        self.scenario = scenario

    def __enter__(self):
        run("ip", "netns", "add", self.name)
        try:
            for command in ("net.ipv6.conf.all.forwarding=1", "net.ipv4.ip_forward=1",
                            "net.ipv6.conf.default.accept_dad=0"):
                self.inside("sysctl", "-q", "-w", command)
            self.batch(self.links())
            self.keep_to_the_trace()
            self.batch(self._addresses_and_routes())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        run("ip", "netns", "del", self.name)

    def inside(self, *command):
        """Run a command in the namespace, with the machine's own mounts. => what it prints"""
        return run("nsenter", f"--net=/run/netns/{self.name}", *command, stdout=subprocess.PIPE,
                   text=True).stdout

    def batch(self, lines):
        """Run commands of ip in the namespace."""
        run("ip", "-n", self.name, "-batch", "-", input="\n".join(lines), text=True)

    def links(self):
        """=> lines of ip that make the interfaces, by their indices in the scenario"""
        for name, interface in self.scenario["interfaces"].items():
            index = interface["ifindex"]
            yield (f"link add dev {name} index {index} address {interface['mac']} "
                   f"mtu {interface['mtu']} type veth peer name {name}-peer index {index + 100}")
            yield f"link set dev {name}-peer up"
            yield f"link set dev {name} addrgenmode none"

    def keep_to_the_trace(self):
        """The only frames are those of the trace."""
        for name in self.scenario["interfaces"]:
            self.inside("sysctl", "-q", "-w", f"net.ipv6.conf.{name}-peer.disable_ipv6=1")

    def _addresses_and_routes(self):
        for name, interface in self.scenario["interfaces"].items():
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


class WiredNamespace(Namespace):
    """The same, with TAP devices (tests/parity/wire.h): unlike a veth, one takes frames that are
    longer than its MTU, as a network card does. The kernel is handed frames, and that is all:
    behind the packet socket that catches them it drops them."""

    def links(self):
        in_order = sorted(self.scenario["interfaces"].items(), key=lambda pair: pair[1]["ifindex"])
        for name, interface in in_order:  # which gives each its index
            yield f"tuntap add dev {name} mode tap"
            yield f"link set dev {name} address {interface['mac']} mtu {interface['mtu']}"
            yield f"link set dev {name} addrgenmode none"

    def keep_to_the_trace(self):
        devices = ", ".join(self.scenario["interfaces"])
        self.inside("nft", "add table netdev parity; add chain netdev parity handed { type filter "
                           f"hook ingress devices = {{ {devices} }} priority 0; policy drop; }}")


NAMESPACES = {"xdp": Namespace, "worker": WiredNamespace}


def replay(program, form, directory):
    """Run the trace in a directory through `program` (tests/parity/replay.c); what became of it
    is then in FORM.bin and FORM.json there. => what the program prints: how many packets a worker
    judged, for the form that has one"""
    command = [program, form, directory, directory / f"{form}.bin", directory / f"{form}.json"]
    if form == "native":
        return run(*command, stdout=subprocess.PIPE, text=True).stdout
    scenario = json.loads((directory / "scenario.json").read_text(encoding="utf-8"))
    with NAMESPACES[form](scenario) as namespace:
        return namespace.inside(*command)
