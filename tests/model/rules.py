# SPDX-License-Identifier: Apache-2.0
"""Which rule owns a packet (docs/packet-path.md section 3.5; docs/snapshot.md for the form)."""
from addresses import Prefix
from leases import policy_of
from parse import FRAGMENT, PROTOCOL_TCP, PROTOCOL_UDP, TCP, UDP

OFF = "off"
INTERFACE = "interface"


class Rule:
    """One rule of a rule-set. An empty list of a match means any."""

    def __init__(self, rule_set_name, description):
        self.rule_set_name = rule_set_name
        self.name = description["name"]
        self.action = description["action"]
        self.pool_name = description["pool"]
        self.policy = policy_of(description["persistent_nat"])
        self.sources = [Prefix(text) for text in description["source_addresses"]]
        self.destinations = [Prefix(text) for text in description["destination_addresses"]]
        self.source_ports = description["source_ports"]
        self.destination_ports = description["destination_ports"]
        self.protocols = description["protocols"]
        self.applications = description["applications"]

    @property
    def translates(self):
        """Every action other than off."""
        return self.action != OFF

    def matches(self, packet):
        """Every condition must hold."""
        return (_address_holds(self.sources, packet.source)
                and _address_holds(self.destinations, packet.destination)
                and self._protocol_holds(packet)
                and self._ports_hold(packet, self.source_ports, self.destination_ports)
                and self._application_holds(packet))

    def _protocol_holds(self, packet):
        return not self.protocols or self._is_protocol(packet, self.protocols)

    def _is_protocol(self, packet, protocols):
        """A hidden protocol is any protocol for a rule that translates, none for off."""
        if packet.protocol is None:
            return self.translates
        return packet.protocol in protocols

    def _ports_hold(self, packet, sources, destinations):
        """Only TCP and UDP have ports; hidden ones are as hidden protocols are."""
        if not sources and not destinations:
            return True
        if packet.kind == FRAGMENT:
            return self.translates and packet.protocol in (None, PROTOCOL_TCP, PROTOCOL_UDP)
        return (packet.kind in (TCP, UDP)
                and _port_holds(sources, packet.source_port)
                and _port_holds(destinations, packet.destination_port))

    def _application_holds(self, packet):
        return not self.applications or any(
            self._is_application(packet, each) for each in self.applications)

    def _is_application(self, packet, application):
        if not self._is_protocol(packet, [application["protocol"]]):
            return False
        return application["any_port"] or self._ports_hold(
            packet, [application["source_ports"]], [application["destination_ports"]])

    def application_timeout(self, key):
        """Section 7: of the first application that fits a flow; 0: none fits, or it has none."""
        for each in self.applications:
            if each["protocol"] == key.protocol and (each["any_port"] or (
                    key.protocol in (PROTOCOL_TCP, PROTOCOL_UDP)
                    and _port_holds([each["source_ports"]], key.inside_port)
                    and _port_holds([each["destination_ports"]], key.remote_port))):
                return each["inactivity_timeout"]
        return 0


def _address_holds(prefixes, address):
    return not prefixes or any(address in prefix for prefix in prefixes)


def _port_holds(ranges, port):
    return not ranges or any(each["low"] <= port <= each["high"] for each in ranges)


class Context:
    """`from` or `to` of a rule-set: zones or interfaces, by name."""

    def __init__(self, description):
        self.is_interface = description["kind"] == INTERFACE
        self.names = description["names"]

    def holds(self, interface):
        """Whether an interface is in this context."""
        return (interface.name if self.is_interface else interface.zone) in self.names


class RuleSet:
    """A rule-set: two contexts and rules in order."""

    def __init__(self, description):
        self.name = description["name"]
        self.ingress = Context(description["from"])
        self.egress = Context(description["to"])
        self.rules = [Rule(self.name, each) for each in description["rules"]]

    @property
    def specificity(self):
        """Interface over zone, ingress before egress."""
        return self.ingress.is_interface, self.egress.is_interface

    def holds(self, ingress, egress):
        """Whether both contexts hold."""
        return self.ingress.holds(ingress) and self.egress.holds(egress)

    def first_match(self, packet):
        """=> the first rule that matches, or None"""
        return next((rule for rule in self.rules if rule.matches(packet)), None)


def select_rule_set(rule_sets, ingress, egress):
    """=> the rule-set of the most specific context, or None; of equals the first"""
    holding = [each for each in rule_sets if each.holds(ingress, egress)]
    return max(holding, key=lambda each: each.specificity, default=None)
