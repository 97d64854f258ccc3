# SPDX-License-Identifier: Apache-2.0
"""The shapes of scenarios that traces are made for; a seed picks the shape and its details."""
from leases import ANY_REMOTE_HOST, PERMITS, TARGET_HOST, TARGET_HOST_PORT
from scenario_builder import (ScenarioBuilder, application, interface_context, persistent_nat,
                              ports, rule, zone_context)

ALGORITHMS = (None, "userspace-v1", "ebpf-legacy")
PORT_RANGES = ((1024, 65535), (1024, 65535), (20000, 30006), (4099, 5301), (65000, 65535))


OVERFLOW_TO_INTERFACE = {"overflow": "interface"}


def overflow_to(name):
    """=> the fields of a pool that overflows into another one"""
    return {"overflow": "pool", "overflow_pool": name}


def _surround(b):
    """One inside and one outside interface, and everything odd that routes can be."""
    b.interface("eth0", "lan", "10.0.1.1/24", "2001:db8:1::1/64",
                mtu=b.rng.choice((1500, 1500, 1320)))
    b.interface("eth1", "wan", "203.0.113.1/24", "203.0.113.200/24", "2001:db8:ff::1/64")
    _route_outside(b)
    _route_inside(b)


def _route_outside(b):
    if b.rng.random() < 0.7:
        b.route("0.0.0.0/0", "eth1", "203.0.113.254")
        b.route("::/0", "eth1", "fe80::fe")
    else:
        b.route("192.0.2.0/24", "eth1", "203.0.113.254")
        b.route("2001:db8:c0::/48", "eth1", "fe80::fe")
    b.neighbour("eth1", "203.0.113.254", "fe80::fe", "203.0.113.60", "2001:db8:ff::60")
    b.outside("eth1", *[f"192.0.2.{n}" for n in range(1, 9)] * 3, "203.0.113.60",
              "203.0.113.61", "8.8.8.8")
    b.outside("eth1", *[f"2001:db8:c0::{n}" for n in range(1, 7)] * 3, "2001:db8:ff::60",
              "2001:db8:ff::61", "2a00::8888")
    _route_small_outside(b)
    _reject_outside(b)


def _route_small_outside(b):
    """A small MTU, and a gateway that does not answer."""
    b.route("198.18.0.0/24", "eth1", "203.0.113.254", b.rng.choice((576, 800, 1281)))
    b.route("198.18.1.0/24", "eth1", "203.0.113.99")
    b.route("2001:db8:c1::/64", "eth1", "fe80::fe", 1280)
    b.route("2001:db8:c1:1::/64", "eth1", "fe80::99")
    b.outside("eth1", *["198.18.0.1", "2001:db8:c1::1"] * 3, "198.18.1.1",
              "2001:db8:c1:1::1")


def _reject_outside(b):
    for number, kind in enumerate(("unreachable", "prohibit", "blackhole")):
        b.rejecting_route(f"198.19.{number}.0/24", kind)
        b.rejecting_route(f"2001:db8:cf:{number}::/64", kind)
        b.outside("eth1", f"198.19.{number}.1", f"2001:db8:cf:{number}::1")


def _route_inside(b):
    """Hosts on the link and behind a router; some that no answer will reach."""
    on_link = [f"10.0.1.{n}" for n in range(10, 22)] + [f"2001:db8:1::{n}" for n in range(1, 9)]
    on_link.remove("2001:db8:1::1")
    b.neighbour("eth0", *on_link, "10.0.1.2", "fe80::2")
    b.inside("eth0", *on_link, "10.0.1.77", "2001:db8:1::77")
    b.route("10.0.0.0/16", "eth0", "10.0.1.2")
    b.route("10.0.6.0/24", "eth0", "10.0.1.2", 700)
    b.route("10.0.8.0/24", "eth0", "10.0.1.98")
    b.route("2001:db8:2::/48", "eth0", "fe80::2")
    b.route("2001:db8:2:6::/64", "eth0", "fe80::2", 1280)
    b.rejecting_route("10.0.7.0/24", "unreachable")
    b.inside("eth0", "10.0.5.1", "10.0.5.2", "10.0.6.1", "10.0.7.1", "10.0.8.1", "172.31.0.5",
             "2001:db8:2::1", "2001:db8:2:6::1", "2001:db8:f00::5")


def plain(b):
    """Two zones, one address-persistent pool of both families."""
    _surround(b)
    b.syn_check = False
    b.mss = b.rng.choice((1400, 1400, 536))
    low, high = b.rng.choice(PORT_RANGES)
    preserved = {"preserve_parity": b.rng.random() < 0.4, "preserve_range": b.rng.random() < 0.4}
    b.pool("resi", ["198.51.100.16-198.51.100.31", "198.51.100.77",
                    "2001:db8:64::1-2001:db8:64::4", "198.51.100.3"],
           low, high, b.rng.choice(ALGORITHMS[1:]), **preserved)
    b.rule_set("lan-out", zone_context("lan"), zone_context("wan"),
               rule("keep", "off", destination_addresses=["192.0.2.8/32"]),
               rule("resi", "resi", source_addresses=["10.0.0.0/8", "172.16.0.0/12",
                                                      "2001:db8::/32"]))
    b.inside("eth0", "192.168.5.5")


def zones(b):
    """Several zones and rule-sets, contexts of every precedence, all kinds of matches."""
    _surround(b)
    b.interface("eth2", "guest", "10.2.0.1/16")
    b.interface("eth3", "wan", "192.0.3.1/24", "2001:db8:f3::1/64")
    b.interface("eth4", None, "192.168.99.1/24")
    b.neighbour("eth2", "10.2.0.10", "10.2.0.11")
    b.neighbour("eth3", "192.0.3.10", "2001:db8:f3::10")
    b.neighbour("eth4", "192.168.99.9")
    b.inside("eth2", *["10.2.0.10", "10.2.0.11"] * 4, "10.2.9.9", "192.168.99.9", "10.0.1.10")
    b.inside("eth0", "10.2.0.11")
    b.outside("eth3", *["192.0.3.10", "2001:db8:f3::10"] * 8, "192.0.3.11")
    b.outside("eth1", "192.168.99.9", "10.2.0.10")
    for name, number in (("a", 1), ("b", 2), ("c", 3), ("d", 4)):
        b.pool(name, [f"198.51.100.{number * 16}-198.51.100.{number * 16 + 4}",
                      f"2001:db8:64:{number}::-2001:db8:64:{number}::ff"],
               *b.rng.choice(PORT_RANGES), b.rng.choice(ALGORITHMS))
    _rule_sets_of_zones(b)


def _rule_sets_of_zones(b):
    """In an order that tells precedence from position."""
    sets = [("zone-zone", zone_context("lan", "guest"), zone_context("wan"), "a"),
            ("zone-interface", zone_context("lan", "guest"), interface_context("eth3"), "b"),
            ("interface-zone", interface_context("eth0"), zone_context("wan"), "c"),
            ("interface-interface", interface_context("eth2"), interface_context("eth3"), "d")]
    b.rng.shuffle(sets)
    leave_out = b.rng.choice(["interface-zone", None, None, "interface-interface"])
    for name, ingress, egress, pool in sets:
        if name != leave_out:
            b.rule_set(name, ingress, egress, *_matching_rules(b, pool))
    b.rule_set("lan-guest", zone_context("lan"), zone_context("guest"), rule("all", "b"))


def _matching_rules(b, pool):
    timeouts = [b.rng.choice((0, 4, 30, 500, 8000)) for _ in range(5)]
    return [
        rule("ssh-off", "off", destination_ports=[ports(22)], protocols=[6]),
        rule("dns", pool, applications=[application("dns", 17, 53, None, timeouts[0]),
                                        application("dns", 6, 53, None, timeouts[1])]),
        rule("http", pool, applications=[application("http", 6, 80, None, timeouts[2])],
             source_ports=[ports(1024, 65535)]),
        rule("low-ports-off", "off", source_addresses=["::/0"],
             source_ports=[ports(1, 1023), ports(2000, 2100)]),
        rule("ping", pool, applications=[
            application("ping", 1, timeout=timeouts[3]),
            application("ping", 58, timeout=timeouts[4])]),
        rule("not-there", "off", destination_addresses=["192.0.2.7/32", "2001:db8:c0::6/127"]),
        rule("udp", pool, protocols=[17], destination_ports=[ports(1, 30000)]),
        rule("tcp", pool, protocols=[6, 132], source_addresses=["10.0.0.0/9", "2001:db8::/32"]),
        rule("some-ports", pool, destination_ports=[ports(0, 1023), ports(50000, 65535)]),
    ]


def tiny(b):
    """Pools of a few ports that run out; two of them share addresses."""
    _surround(b)
    b.syn_check = b.rng.random() < 0.5
    b.mss = b.rng.choice((0, 64, 1460, 65535))
    b.port_randomization = b.rng.random() < 0.5
    b.pool("one", ["198.51.100.16"], 65535, 65535, "userspace-v1", **overflow_to("shared"))
    b.pool("few", ["198.51.100.16-198.51.100.18", "2001:db8:64::1-2001:db8:64::3"], 1024, 1030,
           None)
    b.pool("shared", ["198.51.100.18-198.51.100.20", "198.51.100.16",
                      "2001:db8:64::3-2001:db8:64::5"], 1028, 1046,
           b.rng.choice(ALGORITHMS), preserve_parity=b.rng.random() < 0.5)
    b.pool("legacy", ["198.51.100.40-198.51.100.44", "2001:db8:64::40-2001:db8:64::42"],
           65530, 65535, "ebpf-legacy", **b.rng.choice(
               ({}, overflow_to("shared"), OVERFLOW_TO_INTERFACE)))
    b.pool("shifted", ["198.51.100.16-198.51.100.21"], 1, 65535, port_translation=False,
           host_address_base=b.rng.choice(("10.0.1.13/32", "10.0.1.12/31", "10.0.1.0/28")),
           **b.rng.choice(({}, {}, overflow_to("few"))))
    b.rule_set("lan-out", zone_context("lan"), zone_context("wan"),
               rule("shifted", "shifted", source_addresses=["10.0.1.12/30"],
                    protocols=b.rng.choice(([], [17]))),
               rule("one", "one", source_addresses=["10.0.1.10/32"]),
               rule("few", "few", source_addresses=["10.0.1.0/28", "2001:db8:1::/126"]),
               rule("shared", "shared", source_addresses=["10.0.1.16/29", "2001:db8:1::4/126"]),
               rule("legacy", "legacy"))


def small_table(b):
    """Room for 64 flows."""
    _surround(b)
    b.maximum_flows = 64
    b.port_hold_down = b.rng.choice((0, 7, 40))
    b.port_randomization = b.rng.random() < 0.5
    b.timeouts = {"tcp_opening": 30, "tcp_established": 120, "tcp_closing": 20, "udp": 25,
                  "icmp": 10, "gre": 40, "esp": 15}
    b.pool("resi", ["198.51.100.16-198.51.100.17", "2001:db8:64::1-2001:db8:64::2"],
           *b.rng.choice(((1024, 1060), (1024, 65535))), b.rng.choice(ALGORITHMS))
    b.rule_set("lan-out", zone_context("lan"), zone_context("wan"), rule("resi", "resi"))


def interface_action(b):
    """The address of the egress interface, which may be missing or of one family."""
    _surround(b)
    b.interface("eth3", "wan", "192.0.3.1/24")
    b.interface("eth5", "wan")
    b.route("192.0.5.0/24", "eth5", None)
    b.route("2001:db8:c3::/64", "eth3", "fe80::3")
    b.neighbour("eth3", "192.0.3.10", "fe80::3")
    b.neighbour("eth5", "192.0.5.5")
    b.outside("eth3", "192.0.3.10", "2001:db8:c3::1")
    b.outside("eth5", "192.0.5.5", "192.0.5.6")
    b.kernel_ports = {"203.0.113.1": [[1024, 1100], [40000, 41999], [65535, 65535]]}
    if b.rng.random() < 0.4:  # slow, for many ports must be looked at
        b.kernel_ports = {"203.0.113.1": [[32768, 60999]], "192.0.3.1": [[1024, 65533]]}
    b.port_randomization = b.rng.random() < 0.7
    b.rule_set("lan-out", zone_context("lan"), zone_context("wan"),
               rule("off", "off", destination_addresses=["192.0.2.8/32"]),
               rule("all", "interface"))


def own_address(b):
    """A pool that includes the egress interface's own address, beside an interface action."""
    _surround(b)
    b.port_randomization = b.rng.random() < 0.5
    b.kernel_ports = {"203.0.113.1": [[1040, 1050], [1053, 1053]],
                      "2001:db8:ff::1": [[1024, 1024]]}
    b.pool("own", ["203.0.113.1-203.0.113.3", "203.0.113.200", "2001:db8:ff::1"], 1024, 1055,
           b.rng.choice(ALGORITHMS))
    b.rule_set("lan-out", zone_context("lan"), zone_context("wan"),
               rule("own", "own", source_addresses=["10.0.1.0/24", "2001:db8:1::/64"]),
               rule("rest", "interface"))
    b.proxies.append({"interface": "eth1", "low": "203.0.113.2", "high": "203.0.113.3"})


def broken(b):
    """Actions that cannot be carried out must fail closed, each for its own reason."""
    _surround(b)
    b.pool("empty", [])
    b.pool("backwards", ["198.51.100.50"], 40000, 2000)
    b.pool("shifted", ["198.51.100.51"], 1, 65535, port_translation=False,
           host_address_base="10.0.1.18/32")
    b.pool("ipv4", ["198.51.100.16-198.51.100.19"], 1025, 1999, b.rng.choice(ALGORITHMS))
    b.pool("ipv6", ["2001:db8:64::1-2001:db8:64::7"], 1025, 1999, b.rng.choice(ALGORITHMS))
    b.rule_set("lan-out", zone_context("lan"), zone_context("wan"),
               rule("missing", "missing", destination_addresses=["192.0.2.1/32"]),
               rule("empty", "empty", destination_addresses=["192.0.2.2/32"]),
               rule("backwards", "backwards", destination_addresses=["192.0.2.3/32"]),
               rule("shifted", "shifted", source_addresses=["10.0.1.16/29"]),
               rule("ipv4", "ipv4", source_addresses=["10.0.1.0/25", "2001:db8:1::/125"]),
               rule("ipv6", "ipv6"))


def _lease(b, permit):
    """Timeouts and limits that traces reach."""
    return persistent_nat(permit, b.rng.choice((60, 61, 90, 150)), b.rng.choice((8, 8, 9, 30)))


def _soon_idle(b):
    """Flows that end long before leases do."""
    b.timeouts = {"tcp_opening": 30, "tcp_established": 200, "tcp_closing": 20, "udp": 25,
                  "icmp": 10, "gre": 40, "esp": 15}


def leases(b):
    """Leases of every permit, also of two rules that share a pool, in two zones."""
    _surround(b)
    _soon_idle(b)
    b.interface("eth3", "dmz", "192.0.3.1/24", "2001:db8:f3::1/64")
    b.neighbour("eth3", "192.0.3.10", "2001:db8:f3::10")
    b.outside("eth3", *["192.0.3.10", "2001:db8:f3::10"] * 4, "192.0.3.11")
    b.interface("eth2", "guest", "10.2.0.1/16", "2001:db8:2f::1/64")
    b.neighbour("eth2", "10.2.0.10", "10.2.0.11", "2001:db8:2f::10")
    b.inside("eth2", *["10.2.0.10", "10.2.0.11", "2001:db8:2f::10"] * 3)
    for name, number in (("any", 1), ("host", 2), ("port", 3)):
        b.pool(name, [f"198.51.100.{number * 16}-198.51.100.{number * 16 + 2}",
                      f"2001:db8:64:{number}::1-2001:db8:64:{number}::3"],
               *b.rng.choice(PORT_RANGES), b.rng.choice(ALGORITHMS),
               preserve_parity=name == "host", preserve_range=name == "port")
    b.port_randomization = b.rng.random() < 0.7
    here = {"source_addresses": ["10.0.1.16/29", "2001:db8:1::4/126"]}
    there = {"source_addresses": ["10.0.1.8/30", "2001:db8:1::2/127"]}
    b.rule_set("lan-out", zone_context("lan", "guest"), zone_context("wan", "dmz"),
               rule("off", "off", destination_addresses=["192.0.2.8/32"]),
               rule("plain", "any", destination_addresses=["192.0.2.7/32"]),
               rule("plain-too", "any", source_addresses=["10.2.0.11/32", "10.0.1.17/32"]),
               rule("host-too", "port", _lease(b, TARGET_HOST), **there,
                    destination_addresses=["192.0.2.0/30", "2001:db8:c0::/126"]),
               rule("port", "port", _lease(b, TARGET_HOST_PORT), **there),
               rule("host", "host", _lease(b, TARGET_HOST), **here),
               rule("any", "any", _lease(b, ANY_REMOTE_HOST)))


def few_leases(b):
    """Leases and flows of others in a table of 64, and pools that run out of ports."""
    _surround(b)
    _soon_idle(b)
    b.maximum_flows = 64
    b.port_randomization = b.rng.random() < 0.5
    b.pool("resi", ["198.51.100.16-198.51.100.17", "2001:db8:64::1-2001:db8:64::2"],
           *b.rng.choice(((1024, 1030), (1024, 65535))), b.rng.choice(ALGORITHMS))
    b.rule_set("lan-out", zone_context("lan"), zone_context("wan"),
               rule("plain", "resi", source_addresses=["10.0.1.16/29", "2001:db8:2::/48"]),
               rule("resi", "resi", _lease(b, b.rng.choice(PERMITS))))


def pooled_leases(b):
    """Leases of pools that run out and overflow, that shift addresses or keep a port's parity and
    range, in a table that is soon full; ports rest for a while."""
    _surround(b)
    _soon_idle(b)
    b.maximum_flows = 400
    b.port_randomization = b.rng.random() < 0.5
    b.port_hold_down = b.rng.choice((0, 20))
    b.pool("few", ["198.51.100.16-198.51.100.17", "2001:db8:64::1-2001:db8:64::2"], 1020, 1030,
           b.rng.choice(ALGORITHMS), preserve_parity=True, **OVERFLOW_TO_INTERFACE)
    b.pool("two", ["198.51.100.18", "2001:db8:64::3"], 1023, 1024, **overflow_to("spill"))
    b.pool("spill", ["198.51.100.19-198.51.100.20", "2001:db8:64::3"], 1020, 1030,
           b.rng.choice(ALGORITHMS), preserve_range=True)
    b.pool("shifted", ["198.51.100.20-198.51.100.23"], 1, 65535, port_translation=False,
           host_address_base="10.0.1.12/31", **overflow_to("spill"))
    b.rule_set("lan-out", zone_context("lan"), zone_context("wan"),
               rule("plain", "few", source_addresses=["10.0.1.16/29", "2001:db8:2::/48"]),
               rule("shifted", "shifted", _lease(b, ANY_REMOTE_HOST),
                    source_addresses=["10.0.1.12/30"]),
               rule("spill", "spill", _lease(b, TARGET_HOST),
                    destination_addresses=["192.0.2.0/31", "2001:db8:c0::/127"]),
               rule("two", "two", _lease(b, TARGET_HOST_PORT),
                    source_addresses=["10.0.1.8/30", "2001:db8:1::2/127"]),
               rule("few", "few", _lease(b, b.rng.choice(PERMITS))))


def interface_leases(b):
    """Leases of the gateway's own address, where what is not permitted is the kernel's."""
    _surround(b)
    _soon_idle(b)
    b.interface("eth3", "wan", "192.0.3.1/24")
    b.route("2001:db8:c3::/64", "eth3", "fe80::3")
    b.neighbour("eth3", "192.0.3.10", "fe80::3")
    b.outside("eth3", *["192.0.3.10"] * 4, "2001:db8:c3::1")
    b.kernel_ports = {"203.0.113.1": [[1024, 1100], [32768, 60999]]}
    b.pool("own", ["203.0.113.1-203.0.113.2", "2001:db8:ff::1"], 1090, 1200,
           b.rng.choice(ALGORITHMS))
    b.rule_set("lan-out", zone_context("lan"), zone_context("wan"),
               rule("own", "own", _lease(b, b.rng.choice(PERMITS)),
                    source_addresses=["10.0.1.8/29"]),
               rule("rest", "interface", _lease(b, b.rng.choice(PERMITS))))


SHAPES = (plain, zones, tiny, small_table, interface_action, own_address, broken, leases,
          few_leases, interface_leases, pooled_leases)


def make_scenario(seed, rng):
    """=> a scenario (JSON-able) and its Population"""
    builder = ScenarioBuilder(rng)
    SHAPES[seed % len(SHAPES)](builder)
    return builder.finish()
