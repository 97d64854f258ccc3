# SPDX-License-Identifier: Apache-2.0
"""What `show system dataplane` says."""
from contextlib import ExitStack

from observers import Conversation, Observer

FLOWS = 20


def test_sessions_in_use_are_those_of_now(lab):
    """a flow counts as in use from its first packet on, and not once it has been cleared"""
    house = lab.house("set security nat source address-persistent")
    gateway, server = house.gateway, house.server("s1", 4)
    Observer(house.servers["s1"])
    with ExitStack() as stack:
        for number in range(1, FLOWS + 1):
            stack.enter_context(Conversation(house.host("a1"), server, "udp")).ask()
            assert gateway.status()["live_flows"] == number
        assert gateway.api("DELETE", "/v1/flows")["cleared"] == FLOWS
        assert gateway.status()["live_flows"] == 0
