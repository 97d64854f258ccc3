# SPDX-License-Identifier: Apache-2.0
"""Taking a gateway out of service."""
import json
import os
import select
import signal

from house import config
from namespace import run
from waiting import wait_until

FLOWS = 54321  # no other table in the machine has this size
CONFIG = f"""
set security flow maximum-sessions {FLOWS}
set security nat proxy-arp interface eth1 address 198.51.100.16/29
set security nat proxy-ndp interface eth1 address 2001:db8:64::/125
"""


def _traces(gateway):
    """=> what Holdfast has put into the kernel of the gateway's namespace"""
    proxies = gateway.ip("neigh", "show", "proxy") + gateway.ip("-6", "neigh", "show", "proxy")
    filters = "".join(gateway.run("tc", "filter", "show", "dev", interface, point)
                      for interface in ("eth0", "eth1", "eth2") for point in ("ingress", "egress"))
    programs = [link["ifname"] for link in json.loads(gateway.ip("-j", "-d", "link", "show"))
                if "xdp" in link]
    return {"proxies": proxies.strip(), "filters": filters.strip(), "programs": programs,
            "routes": gateway.ip("route", "show", "proto", "72").strip()}


def _tables(flows):
    """=> how many BPF maps have room for so many flows, whoever holds them"""
    return sum(f"max_entries {flows} " in line
               for line in run("bpftool", "map", "show").splitlines())


def _end(gateway):
    """End both daemons, politely."""
    helper = os.pidfd_open(gateway.dataplane_pid())
    gateway.daemon.stop()
    gateway.daemon = None
    signal.pidfd_send_signal(helper, signal.SIGTERM)
    assert select.select([helper], [], [], 10)[0], "holdfast-dp does not end"
    os.close(helper)


def test_discard_leaves_nothing_behind(lab):
    """holdfast-dp --discard takes away programs, filters, proxies, routes and tables"""
    gateway = lab.bare_house().gateway
    gateway.start_holdfast(config(CONFIG))
    assert all(_traces(gateway).values()), _traces(gateway)
    assert _tables(FLOWS)
    _end(gateway)
    gateway.run(gateway.build / "dataplane" / "holdfast-dp", "--instance", gateway.instance,
                "--discard")
    assert not any(_traces(gateway).values()), _traces(gateway)
    wait_until(lambda: not _tables(FLOWS), "the kernel to free the tables")
