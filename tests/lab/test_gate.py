# SPDX-License-Identifier: Apache-2.0
"""What does not arrive whole, or asks for more than a dataplane can do, does not get into force."""
from contextlib import contextmanager

from between import Between, seal
from house import PERSISTENT, config
from lab import for_dataplanes, raises, refused
from namespace import CommandFailed
from observers import FAMILIES, Observer, ask
from switching import OTHER

PERSISTENCE = "address-persistent:userspace-v1"
GENERIC = "set interfaces eth1 xdp-mode generic\n"
USERSPACE = "set system dataplane-type userspace\n"
CHANGE = "set security flow udp-session timeout 200\n"
TIMES = 4  # in which a host without a lasting address would have had several


def _house(lab):
    house = lab.house(PERSISTENT)
    Observer(house.servers["s1"])
    return house, Between(house.gateway)


def _seen(house):
    """=> {(host, family): the addresses with which new flows of the host are seen}"""
    return {(name, family): {ask(host, house.server("s1", family), "udp")[0]
                             for _ in range(TIMES)}
            for name, host in house.hosts.items() for family in FAMILIES}


def _in_force(gateway):
    return gateway.api("GET", "/v1/installed"), gateway.api("GET", "/v1/configuration"), \
        len(gateway.api("GET", "/v1/commits")["commits"])


@contextmanager
def _untouched(house):
    """What stands inside changes nothing: hosts keep their addresses, and the history its end."""
    seen, before = _seen(house), _in_force(house.gateway)
    assert all(len(addresses) == 1 for addresses in seen.values()), seen
    yield
    assert not house.gateway.status()["unconfirmed"]
    assert _in_force(house.gateway) == before
    assert _seen(house) == seen


def _place(gateway, text, statement, words):
    """=> FILE:LINE:COLUMN of words in the statement, as diagnostics have it"""
    line = text.splitlines().index(statement.strip()) + 1
    return f"{gateway.config_file}:{line}:{statement.index(words) + 1}: error: "


@for_dataplanes("ebpf", "userspace")
def test_a_capability_that_the_dataplane_lacks(lab):
    """a dataplane that cannot do address-persistent: the commit is refused at the statement"""
    house, between = _house(lab)
    between.answers["capabilities"] = \
        lambda answer: answer["capabilities"][house.dataplane].remove(PERSISTENCE)
    text = config(CHANGE, PERSISTENT)
    with _untouched(house):
        with refused("422", _place(house.gateway, text, PERSISTENT, "address-persistent") +
                     f"the {house.dataplane} dataplane cannot do 'address-persistent algorithm "
                     f"userspace-v1'; expected another algorithm, or 'dataplane-type "
                     f"{OTHER[house.dataplane]}'"):
            house.gateway.commit(text)
    assert "capabilities" in between.passed and "apply" not in between.passed
    between.answers.clear()
    house.gateway.commit(text)


def _lose_the_field(request):
    del request["snapshot"]["pools"][0]["address_persistent"]


def test_a_field_is_lost_on_the_way(lab):
    """address_persistent is missing in what arrives: holdfast-dp refuses it by that name"""
    house, between = _house(lab)
    between.requests["apply"] = _lose_the_field
    with _untouched(house):
        with refused("500", "pools[0].address_persistent"):
            house.gateway.commit(config(PERSISTENT, CHANGE))
    assert "revert" not in between.passed and "confirm" not in between.passed


def _lose_the_field_and_hide_it(request):
    snapshot = request["snapshot"]
    snapshot["pools"][0].update(address_persistent=False, algorithm=None)
    snapshot["capabilities"].remove(PERSISTENCE)
    seal(snapshot)


def test_a_field_is_lost_and_nothing_shows_it(lab):
    """a sound snapshot without address_persistent arrives: the read-back shows it [INV-INSTALLED]"""
    house, between = _house(lab)
    between.requests["apply"] = _lose_the_field_and_hide_it
    with _untouched(house):
        with refused("500", "pools[0].address_persistent: sent true, the dataplane has false"):
            house.gateway.commit(config(PERSISTENT, CHANGE))
    assert "revert" in between.passed and "confirm" not in between.passed
    between.requests.clear()
    house.gateway.commit(config(PERSISTENT, CHANGE))


def test_workers_and_generic_mode(lab):
    """userspace with an interface in generic mode is refused at the statement, everywhere"""
    house, between = _house(lab)
    text = config(PERSISTENT, GENERIC, USERSPACE)
    reported = _place(house.gateway, text, GENERIC, "generic") + \
        "the userspace dataplane cannot do 'xdp-mode generic'; " \
        "expected 'xdp-mode native', or 'dataplane-type ebpf'"
    with _untouched(house):
        with refused("422", reported):
            house.gateway.commit(text)
    assert "apply" not in between.passed
    with raises(CommandFailed, "status 1", reported):
        house.gateway.cli("check", house.gateway.config_file)


def test_the_receiver_refuses_by_itself(lab):
    """holdfastd is told that userspace can do generic mode: holdfast-dp refuses what it sends"""
    house, between = _house(lab)
    between.answers["capabilities"] = \
        lambda answer: answer["capabilities"]["userspace"].append("xdp-mode:generic")
    with _untouched(house):
        with refused("500", "the userspace dataplane cannot do", "xdp-mode:generic"):
            house.gateway.commit(config(PERSISTENT, GENERIC, USERSPACE))
    assert "apply" in between.passed


def test_a_start_with_what_cannot_be_done(lab):
    """holdfastd does not start with it: status 1, and the place on standard error"""
    gateway = lab.bare_house().gateway
    text = config(GENERIC, USERSPACE)
    gateway.config_file.write_text(text)
    process = gateway.start(*gateway.holdfastd("--foreground"))
    assert process.wait() == 1
    assert _place(gateway, text, GENERIC, "generic") in process.output(), process.output()
