# SPDX-License-Identifier: Apache-2.0
"""Collects what a scenario consists of, and who lives around its gateway."""
import json
from dataclasses import dataclass, field
from hashlib import sha256
from ipaddress import ip_address

from addresses import packed


POOL_PLAIN = {"alarm_raise": 0, "alarm_clear": 0, "port_translation": True, "host_address_base": None,
              "preserve_parity": False, "preserve_range": False,
              "overflow": None, "overflow_pool": None}


@dataclass
class Population:
    """Who sends: pairs (interface name, address) inside, the same outside."""

    inside: list = field(default_factory=list)
    outside: list = field(default_factory=list)


def match(**conditions):
    """The conditions of a rule; what is not named is any."""
    names = ("source_addresses", "destination_addresses", "source_ports", "destination_ports",
             "protocols", "applications")
    assert not set(conditions) - set(names)
    return {name: conditions.get(name, []) for name in names}


def ports(low, high=None):
    """A port range of a match."""
    return {"low": low, "high": low if high is None else high}


def application(name, protocol, low=None, high=None, timeout=0):
    """An application, with destination ports or with none at all; 0: without a timeout."""
    return {"name": name, "protocol": protocol, "any_port": low is None,
            "source_ports": ports(0, 65535),
            "destination_ports": ports(0, 65535) if low is None else ports(low, high),
            "inactivity_timeout": timeout}


def persistent_nat(permit, inactivity_timeout=300, maximum_flows=30):
    """What a rule says of leases."""
    return {"permit": permit, "inactivity_timeout": inactivity_timeout,
            "maximum_flows": maximum_flows}


def rule(name, action, lease=None, **conditions):
    """A rule; `action` is off, interface, or the name of a pool; `lease` a persistent_nat()."""
    is_pool = action not in ("off", "interface")
    return {"name": name, **match(**conditions), "action": "pool" if is_pool else action,
            "pool": action if is_pool else None, "persistent_nat": lease,
            "alarm_raise": 0, "alarm_clear": 0}


def zone_context(*names):
    """A context of zones."""
    return {"kind": "zone", "names": list(names)}


def interface_context(*names):
    """A context of interfaces."""
    return {"kind": "interface", "names": list(names)}


class ScenarioBuilder:
    """Collects the parts, then finishes the scenario."""

    def __init__(self, rng):
        self.rng = rng
        self.interfaces, self.zones = {}, {}
        self.routes, self.neighbours = [], []
        self.pools, self.rule_sets, self.proxies = [], [], []
        self.kernel_ports = {}
        self.population = Population()
        self.maximum_flows = 65536
        self.port_randomization = True
        self.syn_check, self.mss = True, 0
        self.port_hold_down = 0
        self.timeouts = {"tcp_opening": 240, "tcp_established": 7440, "tcp_closing": 250,
                         "udp": 300, "icmp": 60, "gre": 1800, "esp": 1700}

    def interface(self, name, zone, *addresses, mtu=1500):
        """An interface; zone None leaves it out of all of them."""
        ifindex = len(self.interfaces) + 2
        self.interfaces[name] = {"ifindex": ifindex, "mac": f"02:00:00:00:01:{ifindex:02x}",
                                 "mtu": mtu, "addresses": list(addresses)}
        if zone:
            self.zones.setdefault(zone, []).append({"name": name, "xdp_mode": "native"})

    def route(self, prefix, interface, gateway, mtu=None):
        """A route to a gateway, or to neighbours where that is None."""
        self.routes.append({"prefix": prefix, "type": "unicast", "interface": interface,
                            "gateway": gateway, "mtu": mtu})

    def rejecting_route(self, prefix, kind):
        """A route that is unreachable, prohibit or blackhole."""
        self.routes.append({"prefix": prefix, "type": kind, "interface": None, "gateway": None,
                            "mtu": None})

    def neighbour(self, interface, *addresses):
        """Neighbours whose MAC addresses are known."""
        for address in addresses:
            number = len(self.neighbours) + 1
            self.neighbours.append({"interface": interface, "address": address,
                                    "mac": f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}"})

    def pool(self, name, addresses, port_low=1024, port_high=65535, algorithm=None, **more):
        """A pool; an address is 'A' or 'A-B'; no algorithm means round-robin; `more` are fields
        of the snapshot."""
        ranges = [(text.split("-") * 2)[:2] for text in addresses]
        self.pools.append({
            "name": name, "addresses": [{"low": low, "high": high} for low, high in ranges],
            "port_low": port_low, "port_high": port_high,
            "address_persistent": algorithm is not None, "algorithm": algorithm,
            **POOL_PLAIN, **more})

    def rule_set(self, name, ingress, egress, *rules):
        """A rule-set."""
        self.rule_sets.append({"name": name, "from": ingress, "to": egress,
                               "rules": list(rules)})

    def inside(self, interface, *addresses):
        """Hosts that send from inside."""
        self.population.inside += [(interface, packed(address)) for address in addresses]

    def outside(self, interface, *addresses):
        """Remote hosts, by the interface that their packets enter by."""
        self.population.outside += [(interface, packed(address)) for address in addresses]

    def finish(self):
        """=> the scenario and its population"""
        scenario = {
            "snapshot": self._snapshot(), "interfaces": self.interfaces, "routes": self.routes,
            "neighbours": self.neighbours, "kernel_ports": self.kernel_ports,
            "port_key": self.rng.randbytes(16).hex(), "maximum_flows": self.maximum_flows}
        return scenario, self.population

    def _snapshot(self):
        body = {
            "dataplane": "ebpf", "workers": {"cpus": [], "busy_poll": False}, "parity_sample": 0,
            "port_randomization": self.port_randomization, "port_hold_down": self.port_hold_down,
            "maximum_flows": self.maximum_flows, "timeouts": self.timeouts,
            "tcp": {"syn_check": self.syn_check, "mss": self.mss},
            "zones": [{"name": name, "interfaces": each} for name, each in self.zones.items()],
            "pools": self.pools, "rule_sets": self.rule_sets, "proxies": self.proxies}
        canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return {"version": 3, "generation": 1,
                "digest": sha256(canonical.encode()).hexdigest(),
                "capabilities": capabilities(body), **body}


def capabilities(body):
    """What a receiver of the snapshot must be able to do (docs/snapshot.md)."""
    rules = [each for rule_set in body["rule_sets"] for each in rule_set["rules"]]
    needed = {"source-nat", f"dataplane:{body['dataplane']}"}
    needed |= {f"address-persistent:{pool['algorithm']}" for pool in body["pools"]
               if pool["algorithm"]}
    if any(each["action"] == "interface" for each in rules):
        needed.add("interface-nat")
    if any(each["inactivity_timeout"] for rule_ in rules for each in rule_["applications"]):
        needed.add("application-timeouts")
    if any(each["persistent_nat"] for each in rules):
        needed.add("persistent-nat")
    if any(each["overflow"] for each in body["pools"]):
        needed.add("overflow-pool")
    if body["port_hold_down"]:
        needed.add("port-hold-down")
    if any(each["alarm_raise"] for each in body["pools"] + rules):
        needed.add("alarms")
    if any(each["host_address_base"] for each in body["pools"]):
        needed.add("host-address-base")
    needed |= {f"preserve-{word}" for word in ("parity", "range")
               if any(each[f"preserve_{word}"] for each in body["pools"])}
    if body["proxies"]:
        needed.add("proxy")
    if any(each["xdp_mode"] == "generic" for zone in body["zones"] for each in zone["interfaces"]):
        needed.add("xdp-mode:generic")
    if any(ip_address(text.split("/")[0]).version == 6 for text in _addresses(body, rules)):
        needed.add("ipv6")
    return sorted(needed)


def _addresses(body, rules):
    ranges = [each for pool in body["pools"] for each in pool["addresses"]] + body["proxies"]
    return [each["low"] for each in ranges] + [
        text for each in rules for text in each["source_addresses"] +
        each["destination_addresses"]]
