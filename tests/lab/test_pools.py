# SPDX-License-Identifier: Apache-2.0
"""Which port of which pool, on real packets."""
from contextlib import ExitStack

from house import GATEWAY_WAN, PERSISTENT
from observers import Conversation, Observer, ask
from waiting import wait_until

NARROW = PERSISTENT + "set security nat source pool resi port range 5000 to 5001\n"
EXTRA = "198.51.100.64"


def _open(house, count, stack, host="a1"):
    """=> (address, port) that s1 saw of each of so many UDP flows, which stay"""
    server = house.server("s1", 4)
    return [stack.enter_context(Conversation(house.host(host), server, "udp")).ask()
            for _ in range(count)]


def test_overflow_pool(lab):
    """a full pool's flows leave with the overflow pool's address, and stop when it is full too"""
    house = lab.house(NARROW, "set security nat source pool resi overflow-pool extra\n"
                      f"set security nat source pool extra address {EXTRA}\n"
                      "set security nat source pool extra port range 6000 to 6002\n")
    Observer(house.servers["s1"])
    with ExitStack() as stack:
        seen = _open(house, 5, stack)
        own = house.gateway.explain(str(house.host("a1").address(4)), "--from-zone", "lan",
                                    "--to-zone", "wan")["address"]
        assert sorted(seen[:2]) == [(own, 5000), (own, 5001)], seen
        assert sorted(seen[2:]) == [(EXTRA, port) for port in (6000, 6001, 6002)], seen
        before = house.gateway.pool("resi")["exhaustions"]
        talk = stack.enter_context(Conversation(house.host("a1"), house.server("s1", 4), "udp"))
        talk.socket.sendall(b"a1\n")
        wait_until(lambda: house.gateway.pool("resi")["exhaustions"] > before, "a refusal")
        assert house.gateway.pool("resi")["overflows"] == 4
        assert house.gateway.pool("extra")["flows"] == 3
        text = house.gateway.config_file.read_text()
        house.gateway.commit(text.replace("overflow-pool extra", "overflow-pool interface"))
        wait_until(lambda: house.gateway.pool("extra")["flows"] == 0, "flows to end")
        assert house.gateway.pool("resi")["flows"] == 2


def test_overflow_to_the_interface(lab):
    """a full pool's flows leave with the egress interface's address"""
    house = lab.house(NARROW, "set security nat source pool resi overflow-pool interface")
    Observer(house.servers["s1"])
    with ExitStack() as stack:
        addresses = [address for address, _ in _open(house, 6, stack)]
    assert addresses[2:] == [GATEWAY_WAN[4]] * 4, addresses
    assert GATEWAY_WAN[4] not in addresses[:2]


def test_port_hold_down(lab):
    """a released port rests, also while holdfast-dp is killed, and is free then [RFC6888 REQ-8]"""
    house = lab.house("set security nat source pool resi port range 5000 to 5000\n" + PERSISTENT,
                      "set security nat source port-hold-down 6")
    Observer(house.servers["s1"])
    gateway, exhausted = house.gateway, "source_nat_pool_exhausted"
    with ExitStack() as stack:
        before = _open(house, 1, stack)
    gateway.cli("clear", "security", "flow", "session", "all")
    wait_until(lambda: gateway.flow_count() == 0, "the flow to end")
    assert gateway.pool("resi")["ports_resting"] == 1
    with Conversation(house.host("a1"), house.server("s1", 4), "udp") as talk:
        talk.socket.sendall(b"a1\n")
        wait_until(lambda: gateway.reasons()[exhausted] == 1, "a refusal")
    gateway.verify()
    gateway.kill_dataplane()
    assert gateway.pool("resi")["ports_resting"] == 1
    gateway.verify()
    wait_until(lambda: gateway.pool("resi")["ports_resting"] == 0, "the port to have rested", 15)
    with ExitStack() as stack:
        assert _open(house, 1, stack) == before


def test_ports_keep_parity_and_range(lab):
    """even ports stay even, privileged ones privileged [RFC4787 REQ-3a, RFC4787 REQ-4]"""
    house = lab.house("set security nat source pool resi port preserve-parity\n"
                      "set security nat source pool resi port preserve-range\n"
                      "set security nat source pool-default-port-range 1024 to 50000\n")
    Observer(house.servers["s1"])
    for family in (4, 6):
        for protocol in ("udp", "tcp"):
            for port in (600, 601, 1023, 1024, 40000, 60001):
                _, seen = ask(house.host("a1"), house.server("s1", family), protocol,
                              source=house.host("a1").address(family), source_port=port)
                assert seen % 2 == port % 2, (port, seen)
                assert (seen < 1024) == (port < 1024) and seen <= 50000, (port, seen)


def test_address_shifting(lab):
    """each host has an address of its own and keeps its ports; one beyond the pool is refused"""
    house = lab.house("set security nat source pool shift address 198.51.100.32/30\n"
                      "set security nat source pool shift host-address-base 10.0.1.9\n"
                      "set security nat source pool shift port no-translation\n"
                      "set security nat source rule-set out rule all match source-address "
                      "[ 10.0.1.0/24 10.0.2.0/24 ]\n"
                      "set security nat source rule-set out rule all then source-nat pool shift\n"
                      "deactivate security nat source pool resi\n")
    Observer(house.servers["s1"])
    server = house.server("s1", 4)
    for name, address in (("a1", "198.51.100.34"), ("a2", "198.51.100.35")):
        host = house.host(name)
        for port in (700, 40000):
            assert ask(host, server, "udp", source_port=port) == (address, port)
            assert ask(host, server, "tcp", source_port=port) == (address, port)
        said = house.gateway.explain(host.address(4), "--from-zone", "lan", "--to-zone", "wan")
        assert said["address"] == address, said
    with Conversation(house.host("b1"), server, "udp") as talk:
        talk.socket.sendall(b"b1\n")
        wait_until(lambda: house.gateway.reasons()["source_nat_pool_no_address"] == 1,
                   "a refusal")
    assert "no translation" in house.gateway.cli("show", "security", "nat", "source", "pool",
                                                 "shift")


def test_alarms(lab):
    """a pool and a rule raise their alarms once, and clear them once, also when killed between"""
    house = lab.house(NARROW.replace("5001", "5003"),
                      "set security nat source pool-utilization-alarm raise-threshold 75 "
                      "clear-threshold 50\n"
                      "set security nat source rule-set out rule all then source-nat "
                      "rule-session-count-alarm raise-threshold 3 clear-threshold 2\n"
                      "deactivate security nat source pool resi address 198.51.100.16/29\n"
                      "set security nat source pool resi address 198.51.100.16/32\n")
    gateway = house.gateway
    Observer(house.servers["s1"])

    def is_raised(value):
        return (gateway.pool("resi")["alarm"]["raised"] == value
                and gateway.rule("all")["alarm"]["raised"] == value)

    assert is_raised(False)
    with ExitStack() as stack:
        _open(house, 3, stack)
        assert gateway.pool("resi")["utilization"] == 75
        wait_until(lambda: is_raised(True), "the alarms to be raised")
        gateway.kill_dataplane()
        wait_until(lambda: is_raised(True), "the alarms to be known")
    gateway.cli("clear", "security", "flow", "session", "all")
    wait_until(lambda: is_raised(False), "the alarms to be cleared")
    said = gateway.daemon.output()
    for tag in ("RT_SRC_NAT_POOL_ALARM_RAISE: pool resi", "RT_SRC_NAT_POOL_ALARM_CLEAR: pool resi",
                "RT_SRC_NAT_RULE_ALARM_RAISE: rule all", "RT_SRC_NAT_RULE_ALARM_CLEAR: rule all"):
        assert said.count(tag) == 1, said
