# SPDX-License-Identifier: Apache-2.0
"""Flows from their first packet to the last, and the ports they give back."""
import json
from contextlib import ExitStack

import clients
from gateway import Refused
from house import PERSISTENT, config
from lab import takes
from observers import PORT, Conversation, Observer, ask
from traffic import Flood
from waiting import wait_until

SHORT = """
set security flow udp-session timeout 2
set security flow icmp-session timeout 2
set security flow tcp-session tcp-initial-timeout 2
set security flow tcp-session established-timeout 3
set security flow tcp-session closing-timeout 2
"""

ONE_ADDRESS = """
set security flow maximum-sessions 131072
set security nat source pool one address 198.51.100.40
set security nat source pool one port range {low} to {high}
set security nat source rule-set out from zone [ lan guest ]
set security nat source rule-set out to zone wan
set security nat source rule-set out rule all then source-nat pool one
"""

REFUSED = 100
TCP, UDP = 6, 17


def _wait_for_none(gateway, pool):
    wait_until(lambda: gateway.flow_count() == 0, "all flows to idle", 15)
    assert gateway.pool(pool)["ports_in_use"] == 0


def test_idle_flows_end(lab):
    """idle flows of every kind end by their timeouts, and their slots and ports come back"""
    house = lab.house(PERSISTENT, SHORT)
    gateway, host = house.gateway, house.host("a1")
    Observer(house.servers["s1"])
    slots = gateway.verify()["free_slots"]
    with ExitStack() as stack:
        for family in (4, 6):
            server = house.server("s1", family)
            assert clients.ping(host, server) == 1
            ask(host, server, "tcp")  # closed
            for protocol in ("tcp", "udp"):
                stack.enter_context(Conversation(host, server, protocol)).ask()
        assert gateway.flow_count() == 8
        assert gateway.pool("resi")["ports_in_use"] == 8
        _wait_for_none(gateway, "resi")
        assert gateway.verify()["free_slots"] == slots


def test_coturn_finds_the_lifetime(lab):
    """coturn finds that a mapping lives as long as configured [RFC4787 REQ-5]"""
    house = lab.house(PERSISTENT, SHORT)
    host, server = house.host("a1"), house.server("s1", 4)
    clients.start_stun_server(house.servers["s1"])
    assert clients.mapping_lives(host, server, 1)
    assert not clients.mapping_lives(host, server, 5)


def test_traffic_keeps_a_flow(lab):
    """packets in either direction keep a flow alive; it keeps its address and port"""
    house = lab.house(PERSISTENT, SHORT)
    Observer(house.servers["s1"])
    with Conversation(house.host("a1"), house.server("s1", 4), "udp") as busy, \
            Conversation(house.host("a1"), house.server("s1", 4), "udp") as idle:
        first = busy.ask()
        idle.ask()

        def idle_has_ended():
            assert busy.ask() == first
            return house.gateway.flow_count() == 1
        wait_until(idle_has_ended, "the other flow to idle", 15)


APPLICATIONS = f"""
set security flow tcp-session tcp-initial-timeout 2
set applications application talk term udp protocol udp
set applications application talk term udp destination-port {PORT - 1}-{PORT}
set applications application talk term udp inactivity-timeout {{udp}}
set applications application talk term tcp protocol tcp
set applications application talk term tcp destination-port {PORT}
set applications application talk term tcp inactivity-timeout {{tcp}}
set security nat source rule-set out rule all match application [ talk junos-icmp-all ]
"""


def _flow_of(gateway, protocol):
    (flow,) = gateway.flows(protocol=protocol)
    return flow


def test_applications_have_timeouts(lab):
    """[RFC4787 REQ-5] flows of an application end by its timeout; a commit changes that"""
    house = lab.house(PERSISTENT, APPLICATIONS.format(udp=4, tcp=9000))
    gateway = house.gateway
    Observer(house.servers["s1"])
    with Conversation(house.host("a1"), house.server("s1", 4), "udp") as udp, \
            Conversation(house.host("a1"), house.server("s1", 4)) as tcp:
        port = tcp.ask()
        wait_until(lambda: 8000 < _flow_of(gateway, TCP)["timeout"] <= 9000, "it is established")
        udp.ask()
        assert _flow_of(gateway, UDP)["timeout"] <= 4
        wait_until(lambda: gateway.flow_count(protocol=UDP) == 0, "the talk to idle", 15)
        udp.ask()
        gateway.commit(config(PERSISTENT, APPLICATIONS.format(udp=2000, tcp=9500)))
        assert 1900 < _flow_of(gateway, UDP)["timeout"] <= 2000
        assert 9000 < _flow_of(gateway, TCP)["timeout"] <= 9500
        assert tcp.ask() == port
    assert "Timeout: " in gateway.cli("show", "security", "flow", "session")


def test_closed_connections_end(lab):
    """a connection that was closed goes after closing-timeout, an open one stays"""
    house = lab.house(PERSISTENT, "set security flow tcp-session closing-timeout 1")
    Observer(house.servers["s1"])
    with Conversation(house.host("a1"), house.server("s1", 4)) as open_one:
        before = open_one.ask()
        for _ in range(20):
            ask(house.host("a1"), house.server("s1", 4))
        wait_until(lambda: house.gateway.flow_count() == 1, "closed connections to end", 15)
        assert open_one.ask() == before


def test_clear_flows(lab):
    """`clear security flow session` ends the flows that are meant, and no others"""
    house = lab.house(PERSISTENT)
    Observer(house.servers["s1"])
    server = house.server("s1", 4)
    with Conversation(house.host("a1"), server, "udp") as cleared, \
            Conversation(house.host("a2"), server, "udp") as kept:
        cleared.ask()
        before = kept.ask()
        answer = house.gateway.api("DELETE", "/v1/flows",
                                   source_prefix=f"{house.host('a1').address(4)}/32")
        assert answer["cleared"] == 1
        assert [flow["source"] for flow in house.gateway.flows()] == [house.host("a2").address(4)]
        assert kept.ask() == before
        cleared.ask()  # a new flow


def _conditions_of(flow):
    """=> words of the command line that mean this one of the flows of test_clear_by_condition"""
    family = 6 if ":" in flow["source"] else 4
    length = 32 if family == 4 else 128
    return [
        ("session-identifier", flow["session"]), ("source-port", flow["source_port"]),
        ("source-prefix", f"{flow['source']}/{length}"),
        ("destination-prefix", f"{flow['destination']}/{length}"),
        ("translated-prefix", f"{flow['translated']}/{length}", "protocol", flow["protocol"]),
        ("translated-port", flow["translated_port"], "protocol", flow["protocol"]),
        ("destination-port", flow["destination_port"], "source-prefix", flow["source"]),
        ("interface", flow["in_interface"]), ("protocol", flow["protocol"]),
        ("application", {6: "junos-tcp-any", 17: "junos-udp-any"}[flow["protocol"]])]


def test_clear_by_condition(lab):
    """`clear security flow session` by every condition that `show` takes ends what `show` shows"""
    house = lab.house(PERSISTENT)
    gateway = house.gateway
    for name in ("s1", "s2"):
        Observer(house.servers[name])
    with ExitStack() as stack:
        meant = stack.enter_context(Conversation(house.host("a1"), house.server("s1", 4), "udp"))
        other = stack.enter_context(Conversation(house.host("b1"), house.server("s2", 4), "tcp"))
        meant.ask()
        before = other.ask()
        [flow] = gateway.flows(protocol=17)
        for number in range(len(_conditions_of(flow))):
            words = [str(word) for word in _conditions_of(flow)[number]]
            shown = json.loads(gateway.cli("show", "security", "flow", "session", *words, "--json"))
            assert [each["session"] for each in shown["flows"]] == [flow["session"]], words
            assert gateway.cli("clear", "security", "flow", "session", *words) \
                == "1 active sessions cleared\n", words
            assert [each["protocol"] for each in gateway.flows()] == [6], words
            assert other.ask() == before
            meant.ask()
            [flow] = gateway.flows(protocol=17)
        for words in (("all",), ("nat",)):
            assert gateway.cli("clear", "security", "flow", "session", *words) \
                == "2 active sessions cleared\n"
            meant.ask()
            stack.enter_context(Conversation(house.host("b1"), house.server("s2", 4),
                                             "tcp")).ask()


def test_clear_by_what_is_no_application(lab):
    """an application that cannot be told apart by ports, or is none, ends no session"""
    house = lab.house(PERSISTENT)
    Observer(house.servers["s1"])
    with Conversation(house.host("a1"), house.server("s1", 4), "udp") as kept:
        kept.ask()
        for name in ("any", "junos-ping", "junos-nonsense", ""):
            try:
                house.gateway.api("DELETE", "/v1/flows", application=name)
            except Refused as refused:
                assert "application" in str(refused) and "400" in str(refused)
            else:
                raise AssertionError(f"'{name}' was taken")
        assert house.gateway.flow_count() == 1


def _exhaust(lab, low, high):
    """Take every port, be refused, and once they are back take every port again."""
    ports = high - low + 1
    rules = ONE_ADDRESS.format(low=low, high=high)
    house = lab.house(PERSISTENT, rules=rules, inspect_one_in=64)
    gateway = house.gateway
    clients.ping(house.host("a1"), house.server("s1", 4))  # the neighbours are known now
    flood = Flood(house, house.host("a1"))
    for _ in range(2):
        gateway.commit(config(PERSISTENT, rules=rules))
        before = gateway.reasons()
        seen = flood.send(range(ports))
        used = sorted(port for _, port in seen.values())
        assert used == list(range(low, high + 1)), f"{len(set(used))} of {ports} ports"
        assert gateway.pool("one")["addresses"][0]["udp"] == ports
        assert not flood.send_in_vain(range(ports, ports + REFUSED))
        refused = gateway.reasons()["source_nat_pool_exhausted"]
        assert refused - before["source_nat_pool_exhausted"] == REFUSED
        assert gateway.pool("one")["exhaustions"] == refused
        assert flood.send(range(ports)) == seen, "flows that were there lost their port"
        gateway.verify()
        gateway.commit(config(PERSISTENT, SHORT, rules=rules))
        _wait_for_none(gateway, "one")


@takes(90)
def test_every_port_is_usable(lab):
    """one address serves all its 64,512 ports, no two alike, then refuses; all come back [R21]"""
    _exhaust(lab, 1024, 65535)


def test_odd_ranges(lab):
    """the same for a range of odd size and bounds [R21]"""
    _exhaust(lab, 1025, 11026)
