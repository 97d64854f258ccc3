# SPDX-License-Identifier: Apache-2.0
"""The lab's town: two inside subnets in two zones, the gateway, a router and two servers outside.

    a1 a2 a3 - lan switch -- eth0 [lan]                                s1
                                  gateway  eth1 [wan] ==== eth0 isp <
    b1 b2 b3 - guest switch - eth2 [guest]              the wire       s2

The router knows where the pool's addresses are and nothing of the inside subnets. The wire
between it and the gateway is watched from the first to the last packet.
"""
from gateway import Gateway
from namespace import Namespace
from topology import Host, Switch, add_addresses, behave_like_hardware, make_link
from wire import WireWatch

LAN = ("10.0.1", "2001:db8:1:")
GUEST = ("10.0.2", "2001:db8:2:")
SUBNETS = {"lan": ("eth0", LAN), "guest": ("eth2", GUEST)}
INSIDE = ("10.0.1.0/24", "10.0.2.0/24", "2001:db8:1::/64", "2001:db8:2::/64")
POOL = ("198.51.100.0/24", "2001:db8:64::/64")
GATEWAY_LAN = {4: "10.0.1.1", 6: "2001:db8:1::1"}
GATEWAY_WAN = {4: "192.0.2.1", 6: "2001:db8:f::1"}
ROUTER = {4: "192.0.2.2", 6: "2001:db8:f::2"}
SERVERS = {"s1": ("198.18.1", "2001:db8:51:"), "s2": ("198.18.2", "2001:db8:52:")}
SERVER_HOST_PART = 10
QUEUES = 2  # of each of the gateway's interfaces, and so workers

ZONES = """
security {
    zones {
        security-zone lan { interfaces { eth0; } }
        security-zone guest { interfaces { eth2; } }
        security-zone wan { interfaces { eth1; } }
    }
}
"""

POOL_RULES = """
set security flow maximum-sessions 65536
set security nat source pool resi address 198.51.100.16/29
set security nat source pool resi address 2001:db8:64::/125
set security nat source rule-set out from zone [ lan guest ]
set security nat source rule-set out to zone wan
set security nat source rule-set out rule all then source-nat pool resi
"""

# Which dataplane configurations ask for; run.py sets it. Who switches begins in the kernel.
DATAPLANES = ("ebpf", "userspace", "switching")
dataplane = "ebpf"  # pylint: disable=invalid-name
soak = False  # pylint: disable=invalid-name

PERSISTENT = "set security nat source address-persistent\n"


def config(*parts, rules=POOL_RULES):
    """=> a configuration of the house: zones, a pool, one rule for everybody, and more lines

    Every first packet is judged by both forms of the core.
    """
    kind = "userspace" if dataplane == "userspace" else "ebpf"
    system = f"set system dataplane-type {kind}\nset system parity-sample 1\n"
    return ZONES + system + rules + "".join(part if part.endswith("\n") else part + "\n"
                                               for part in parts)


def _subnet_host(name, net, number):
    return Host(name, [f"{net[0]}.{number}/24", f"{net[1]}:{number}/64"],
                [f"{net[0]}.1", f"{net[1]}:1"])


class House:
    """Everything is there when it is made; Holdfast does not run yet, and nobody watches."""

    def __init__(self, build, hosts=("a1", "a2", "b1"), prefix=""):
        """`prefix` stands before the names of all namespaces, and names the instance."""
        self.prefix = prefix
        self.dataplane = dataplane
        self.gateway = Gateway(f"{prefix}gw", build, f"{prefix}lab")
        self.router = Namespace(f"{prefix}isp")
        self.hosts = {}
        self.switches = {}
        for zone, first_letter in (("lan", "a"), ("guest", "b")):
            self._build_subnet(zone, [name for name in hosts if name[0] == first_letter])
        self.router.set("ipv4/ip_forward", 1)
        self.router.set("ipv6/conf/all/forwarding", 1)
        self.build_wan()
        self.servers = {name: self._build_server(name, net) for name, net in SERVERS.items()}
        self.watch = None

    def watch_wire(self, inside=INSIDE, inspect_one_in=1):
        """From here on, nothing of the inside may be seen outside."""
        self.watch = WireWatch(self.router, "eth0", inside, inspect_one_in)

    def host(self, name):
        """=> an inside host"""
        return self.hosts[name]

    def interface_to(self, name):
        """=> the gateway's interface to an inside host"""
        return SUBNETS["lan" if name[0] == "a" else "guest"][0]

    def server(self, name, family):
        """=> the address of a server"""
        return self.servers[name].address(family)

    def overflowed(self):
        """=> packets that found the queue of a veth full, to the gateway or from it

        A busy machine is late to empty these queues of 256 packets, as a network card would not be.
        """
        return sum(interface["tx"]["dropped"]
                   for namespace in (self.gateway, self.router, *self.switches.values())
                   for interface in namespace.statistics().values())

    def check(self):
        """What must hold at the end of every test."""
        if self.watch:
            self.watch.check()
        if self.gateway.daemon:
            self.gateway.verify()
            self.gateway.check_parity()

    def _build_subnet(self, zone, names):
        self.switches[zone] = Switch(f"{self.prefix}{zone}")
        self.connect_subnet(zone)
        for name in names:
            host = _subnet_host(self.prefix + name, SUBNETS[zone][1], 10 + int(name[1:]))
            self.switches[zone].connect(host, "eth0", name)
            host.configure()
            self.hosts[name] = host

    def connect_subnet(self, zone):
        """The gateway's interface in a subnet."""
        interface, net = SUBNETS[zone]
        self.switches[zone].connect(self.gateway, interface, "uplink", QUEUES)
        behave_like_hardware(self.switches[zone], "uplink")
        add_addresses(self.gateway, interface, [f"{net[0]}.1/24", f"{net[1]}:1/64"])

    def build_wan(self):
        """The wire between gateway and router, and the routes over it."""
        make_link(self.gateway, "eth1", self.router, "eth0", QUEUES)
        behave_like_hardware(self.router, "eth0")
        add_addresses(self.gateway, "eth1", [f"{GATEWAY_WAN[4]}/24", f"{GATEWAY_WAN[6]}/64"])
        add_addresses(self.router, "eth0", [f"{ROUTER[4]}/24", f"{ROUTER[6]}/64"])
        self.gateway.batch(f"route add default via {router}" for router in ROUTER.values())
        self.route(POOL)

    def route(self, prefixes):
        """Have the router send prefixes to the gateway."""
        self.router.batch(f"route replace {prefix} via {GATEWAY_WAN[6 if ':' in prefix else 4]}"
                          for prefix in prefixes)

    def _build_server(self, name, net):
        server = _subnet_host(self.prefix + name, net, SERVER_HOST_PART)
        make_link(self.router, name, server, "eth0")
        add_addresses(self.router, name, [f"{net[0]}.1/24", f"{net[1]}:1/64"])
        server.configure()
        return server
