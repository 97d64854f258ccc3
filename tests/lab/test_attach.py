# SPDX-License-Identifier: Apache-2.0
"""How the programs get to the interfaces, and several gateways on one machine."""
import signal
from pathlib import Path

from house import PERSISTENT, config
from lab import for_dataplanes, refused
from namespace import run
from observers import Conversation, Observer, ask
from waiting import wait_until

GENERIC = "set interfaces eth0 xdp-mode generic\n"


def _modes(gateway):
    return {each["name"]: each["xdp_mode"] for each in gateway.status()["interfaces"]}


def _xdp_of_link(gateway, interface):
    """=> what the kernel says: xdp for native, xdpgeneric, or nothing"""
    words = gateway.ip("link", "show", "dev", interface).split()
    return next((word for word in words if word.startswith("xdp")), "")


def test_native_by_default(lab):
    """native mode, on every zone interface and on no other"""
    house = lab.house()
    assert _modes(house.gateway) == dict.fromkeys(("eth0", "eth1", "eth2"), "native")
    for interface in ("eth0", "eth1", "eth2"):
        assert _xdp_of_link(house.gateway, interface) == "xdp", interface
    assert not _xdp_of_link(house.gateway, "lo")


@for_dataplanes("ebpf")
def test_generic_when_asked(lab):
    """generic mode only where it is asked for, and then said aloud; it translates alike"""
    house = lab.house(GENERIC)
    Observer(house.servers["s1"])
    assert _modes(house.gateway) == {"eth0": "generic", "eth1": "native", "eth2": "native"}
    assert _xdp_of_link(house.gateway, "eth0") == "xdpgeneric"
    assert "generic: SLOW" in house.gateway.cli("show", "system", "dataplane")
    for family in (4, 6):
        for protocol in ("tcp", "udp"):
            ask(house.host("a1"), house.server("s1", family), protocol)
    house.gateway.commit(config())
    assert _modes(house.gateway)["eth0"] == "native"
    ask(house.host("a1"), house.server("s1", 4))


@for_dataplanes("ebpf")
def test_no_native_xdp_is_an_error(lab):
    """an interface without native XDP is refused, with the way out; what runs stays"""
    house = lab.house()
    Observer(house.servers["s1"])
    house.gateway.batch(["link add br0 type bridge", "link set br0 up"])
    more = "set security zones security-zone lan interfaces br0\n"
    with refused("xdp-mode generic"):
        house.gateway.commit(config(more))
    assert "br0" not in _modes(house.gateway)
    ask(house.host("a1"), house.server("s1", 4))
    house.gateway.commit(config(more + "set interfaces br0 xdp-mode generic\n"))
    assert _modes(house.gateway)["br0"] == "generic"


def test_missing_interface_is_an_error(lab):
    """a zone interface that is not there is refused by name; what runs stays"""
    house = lab.house()
    before = house.gateway.status()["generation"]
    with refused("eth9"):
        house.gateway.commit(config("set security zones security-zone lan interfaces eth9\n"))
    assert house.gateway.status()["generation"] == before


def test_instances_side_by_side(lab):
    """two gateways on one machine, with the same names and addresses, are strangers"""
    houses = [lab.house(PERSISTENT, prefix=prefix, hosts=("a1",)) for prefix in ("x", "y")]
    for house in houses:
        Observer(house.servers["s1"])
    with Conversation(houses[0].host("a1"), houses[0].server("s1", 4)) as talk:
        first = talk.ask()
        assert [house.gateway.flow_count() for house in houses] == [1, 0]
        ask(houses[1].host("a1"), houses[1].server("s1", 4))
        houses[1].gateway.daemon.kill()
        houses[1].gateway.start_holdfast()
        assert talk.ask() == first
    pins = {path.name for path in Path("/sys/fs/bpf/holdfast").iterdir()}
    assert {"xlab", "ylab"} <= pins, pins


def test_background_without_systemd(lab):
    """holdfastd goes into the background when it is ready, and ends on SIGTERM; packets go on"""
    house = lab.bare_house()
    gateway = house.gateway
    Observer(house.servers["s1"])
    gateway.config_file.write_text(config(PERSISTENT))
    gateway.run(*gateway.holdfastd())
    assert gateway.is_answering()
    pid = gateway.status()["control"]["pid"]
    with Conversation(house.host("a1"), house.server("s1", 4)) as talk:
        first = talk.ask()
        run("kill", f"-{signal.SIGTERM:d}", pid)
        wait_until(lambda: not Path(f"/proc/{pid}").exists(), "the end of holdfastd")
        assert talk.ask() == first
    ask(house.host("a1"), house.server("s1", 6))


def _rules_by_interface(source):
    return f"""
set security nat source rule-set out from zone lan
set security nat source rule-set out to zone wan
set security nat source rule-set out rule all match source-address {source}
set security nat source rule-set out rule all then source-nat interface
"""


def test_ipv6_forwarding_is_switched_on_for_it_alone(lab):
    """the kernel forwards IPv6 as soon as a rule with `interface` takes it, and not before"""
    gateway = lab.bare_house().gateway
    gateway.set("ipv6/conf/all/forwarding", 0)
    gateway.start_holdfast(config(rules=_rules_by_interface("10.0.0.0/8")))
    assert gateway.read("ipv6/conf/all/forwarding") == "0\n"
    gateway.commit(config(rules=_rules_by_interface("2001:db8::/32")))
    assert gateway.read("ipv6/conf/all/forwarding") == "1\n"
