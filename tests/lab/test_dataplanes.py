# SPDX-License-Identifier: Apache-2.0
"""Two dataplanes over one state: switching, and workers that die or hang [R14, R15]."""
import os
import re
import signal
import time
from pathlib import Path

import clients
from house import PERSISTENT, config
from lab import for_dataplanes, refused, takes
from observers import Conversation, Observer, ask
from oracle import DROP_REASONS
from sequence import NumberedFlow, histogram, percentile
from traffic import Flood
from waiting import wait_until

ALONE = True
SWITCHES, KILLS, HANGS = 100, 100, 5
FLOWS = range(1, 10_001)
RATE = 10_000  # numbered packets a second
REQUESTS = 10_000
IPERF_WORDS = ("--bidir", "--parallel", "2", "--bitrate", "20M", "--time", "3600")
AROUND_NS = 100 * 10**6  # of a switch
TYPES = ("ebpf", "userspace")
USERSPACE_TO_EBPF = ("dataplane-type userspace", "dataplane-type ebpf")
DATAPLANE = re.compile("set system dataplane-type [a-z]+\n")


class Load:
    """iperf3 by TCP in several streams both ways, a numbered UDP flow, ten thousand flows, a talk."""

    def __init__(self, lab, *parts):
        self.house = lab.house(PERSISTENT, *parts, inspect_one_in=1024)
        self.gateway = self.house.gateway
        host, server = self.house.host("a1"), self.house.servers["s1"]
        Observer(server)
        clients.start_iperf3_server(server)
        ask(self.house.host("a2"), server.address(4), "udp")
        self.flood = Flood(self.house, self.house.host("a2"))
        self.flows = self.flood.send(FLOWS)
        self.talk = Conversation(self.house.host("b1"), server.address(6))
        self.talked = self.talk.ask()
        self.iperf = host.start("iperf3", "--client", server.address(4), *IPERF_WORDS)
        self.flow = NumberedFlow(lab.build, self.house.host("b1"), server, RATE)
        self.reasons = self.gateway.reasons()
        self.moments = []

    def dataplane(self, kind):
        """Commit the configuration in force, but for the dataplane."""
        text = DATAPLANE.sub(f"set system dataplane-type {kind}\n",
                             self.gateway.config_file.read_text())
        self.moments.append(time.time_ns())
        self.gateway.commit(text)

    def check(self):
        """The talk goes on as it was, and iperf3 has not given up."""
        assert self.talk.ask() == self.talked
        assert self.iperf.is_running(), self.iperf.output()
        self.house.watch.listen()

    def end(self):
        """No flow was lost or translated anew. => the numbered flow's Verdict"""
        self.check()
        self.iperf.kill()
        verdict = self.flow.stop()
        again = self.flood.send(FLOWS)
        changed = {port for port in FLOWS if again[port] != self.flows[port]}
        assert not changed, f"{len(changed)} flows were lost or translated anew: {changed}"
        assert len(verdict.sources) == 1, verdict.sources
        self.check_reasons()
        return verdict

    def check_reasons(self):
        """What was dropped lay in rings, and nothing else; no figure went back."""
        after = self.gateway.reasons()
        assert all(after[reason] >= count for reason, count in self.reasons.items())
        dropped = {reason for reason in DROP_REASONS if after[reason]}
        assert dropped <= {"worker_lost", "worker_overrun"}, after


def _report(verdict, outages, events):
    return (f"{verdict.sent} numbered packets, {len(verdict.lost)} lost, {verdict.reordered} "
            f"reordered, {len(verdict.lost) / events:.2f} and {verdict.reordered / events:.2f} "
            f"each time; outage {histogram(outages)}; median "
            f"{percentile(outages, 0.5):.2f} ms, 99th percentile "
            f"{percentile(outages, 0.99):.2f} ms")


@for_dataplanes("userspace")
@takes(150)
def test_switching_under_load(lab):
    """100 switches under TCP, numbered UDP, HTTP: no flow, packet or request is lost [R15]"""
    load = Load(lab)
    web = clients.WebServer(load.house.servers["s2"])
    requests = load.house.host("a2").start(
        "curl", "--silent", "--max-time", "5", "--output", "/dev/null", "--write-out",
        "%{http_code}\\n", f"http://{load.house.server('s2', 4)}/?h=a2&n=[1-{REQUESTS}]")
    for number in range(SWITCHES):
        load.dataplane(TYPES[number % 2])
        assert load.gateway.status()["dataplane"] == TYPES[number % 2]
        load.check()
    status = requests.wait(60)
    answered = requests.output().split().count("200")
    assert (status, answered) == (0, REQUESTS), f"{REQUESTS - answered} requests failed"
    assert web.process.is_running()
    judged = load.gateway.status()
    verdict = load.end()
    overflowed = load.house.overflowed()
    assert len(verdict.lost) <= overflowed, f"lost {verdict.lost}; {overflowed} met a full queue"
    assert judged["judged_by_workers"] > 10_000 and judged["judged_in_kernel"] > 10_000, judged
    outages = verdict.outages_ms(load.moments, AROUND_NS)
    return _report(verdict, outages, SWITCHES)


def _have_workers(gateway):
    return gateway.is_answering() and bool(gateway.status()["workers"])


@for_dataplanes("userspace")
@takes(300)
def test_workers_are_killed(lab):
    """kill -9 of the workers 100 times: the kernel goes on in the middle; no flow is lost [R14]"""
    load = Load(lab)
    pid = load.gateway.dataplane_pid()
    load.gateway.daemon.kill()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), "the end of holdfast-dp")
    for _ in range(KILLS):
        helper = load.gateway.start_dataplane()  # with its workers
        load.check()
        load.moments.append(time.time_ns())
        helper.kill()
        load.check()  # nobody is there but the kernel's program
        helper.wait()
    load.gateway.start_holdfast()
    verdict = load.end()
    outages = verdict.outages_ms(load.moments, AROUND_NS)
    assert percentile(outages, 0.5) <= 30 and percentile(outages, 0.99) <= 100, \
        histogram(outages)
    status = load.gateway.status()
    assert status["adopted"] and status["judged_by_workers"] > KILLS * 100, status
    lost = load.gateway.reasons()["worker_lost"]
    assert lost > 0
    return _report(verdict, outages, KILLS) + f"; {lost} packets of all traffic lay in rings"


@for_dataplanes("userspace")
@takes(90)
def test_workers_hang(lab):
    """a holdfast-dp that hangs is noticed by its heartbeat, and gets its packets back later"""
    load = Load(lab)
    wait_until(lambda: _have_workers(load.gateway), "workers")
    for _ in range(HANGS):
        pid = load.gateway.dataplane_pid()
        before = load.gateway.status()
        load.moments.append(time.time_ns())
        os.kill(pid, signal.SIGSTOP)
        load.check()
        load.check()
        os.kill(pid, signal.SIGCONT)
        wait_until(lambda before=before: load.gateway.status()["judged_by_workers"] >
                   before["judged_by_workers"] + RATE // 10, "workers to take packets again")
        after = load.gateway.status()
        assert after["stalls"] > before["stalls"]
        assert after["judged_in_kernel"] > before["judged_in_kernel"]
    assert "the kernel took over" in load.gateway.cli("show", "system", "dataplane")
    verdict = load.end()
    assert len(verdict.lost) <= load.house.overflowed(), verdict.lost
    outages = verdict.outages_ms(load.moments, AROUND_NS)
    return _report(verdict, outages, HANGS)


@for_dataplanes("userspace")
def test_workers_cannot_come_back(lab):
    """after a restart in which workers cannot start, the kernel translates, and it is said aloud"""
    house = lab.house(PERSISTENT)
    Observer(house.servers["s1"])
    with Conversation(house.host("a1"), house.server("s1", 4), "udp") as talk:
        first = talk.ask()
        house.gateway.ip("link", "set", "eth2", "mtu", 9000)
        wait_until(lambda: "MTU of 9000" in house.gateway.status()["trouble"], "the trouble")
        house.gateway.kill_dataplane()
        assert talk.ask() == first
        said = house.gateway.cli("show", "system", "dataplane")
        assert "NONE RUN" in said and "MTU of 9000" in said, said
        house.gateway.ip("link", "set", "eth2", "mtu", 1500)
        wait_until(lambda: house.gateway.status()["workers"], "workers")
        assert not house.gateway.status()["trouble"]
        assert talk.ask() == first


@for_dataplanes("userspace")
def test_first_packets_are_judged_twice(lab):
    """the sentinel compares what both forms of the core make of first packets, in either dataplane"""
    house = lab.house(PERSISTENT)
    Observer(house.servers["s1"])

    def compared_more(than):
        for family in (4, 6):
            for protocol in ("tcp", "udp"):
                ask(house.host("a1"), house.server("s1", family), protocol)
        return house.gateway.status()["parity"]["compared"] > than
    for kind in reversed(TYPES):
        house.gateway.commit(DATAPLANE.sub(f"set system dataplane-type {kind}\n",
                                           config(PERSISTENT)))
        before = house.gateway.status()["parity"]["compared"]
        wait_until(lambda before=before: compared_more(before + 8), f"samples of {kind}")
    house.gateway.check_parity()


@for_dataplanes("userspace")
def test_worker_options(lab):
    """workers run where worker-cpus says, poll where busy-poll says, and never more than queues"""
    house = lab.house(PERSISTENT, "set system userspace worker-cpus 1",
                      "set system userspace busy-poll")
    Observer(house.servers["s1"])
    workers = house.gateway.status()["workers"]
    assert {(worker["worker"], worker["cpu"]) for worker in workers} == {(0, 1)}
    assert sorted((worker["interface"], worker["queue"]) for worker in workers) == \
        [(name, queue) for name in ("eth0", "eth1", "eth2") for queue in (0, 1)]
    before = house.gateway.status()["judged_by_workers"]
    seen = ask(house.host("a1"), house.server("s1", 4), "udp")
    house.gateway.commit(config(PERSISTENT))
    workers = house.gateway.status()["workers"]
    assert {(worker["worker"], worker["cpu"]) for worker in workers} == {(0, None), (1, None)}
    assert ask(house.host("a1"), house.server("s1", 4), "udp")[0] == seen[0]
    assert house.gateway.status()["judged_by_workers"] > before
    with Conversation(house.host("a1"), house.server("s1", 4), "udp") as talk:
        first = talk.ask()
        house.gateway.commit(config(PERSISTENT, "set system userspace worker-cpus [ 0 1 ]"))
        assert talk.ask() == first
        workers = house.gateway.status()["workers"]
        assert {(worker["worker"], worker["cpu"]) for worker in workers} == {(0, 0), (1, 1)}


@for_dataplanes("userspace")
def test_workers_that_cannot_start(lab):
    """a CPU or an MTU that is none for workers: the commit is refused, the workers run as before"""
    house = lab.house(PERSISTENT)
    Observer(house.servers["s1"])

    def check():
        workers = house.gateway.status()["workers"]
        assert {(worker["worker"], worker["cpu"]) for worker in workers} == {(0, None), (1, None)}
        assert talk.ask() == first
    with Conversation(house.host("a1"), house.server("s1", 4), "udp") as talk:
        first = talk.ask()
        with refused("worker 0 on CPU 999", "Invalid argument"):
            house.gateway.commit(config(PERSISTENT, "set system userspace worker-cpus 999"))
        check()
        house.gateway.commit(config(PERSISTENT).replace(*USERSPACE_TO_EBPF))
        house.gateway.ip("link", "set", "eth2", "mtu", 9000)
        with refused("interface eth2: met an MTU of 9000, expected at most 3816"):
            house.gateway.commit(config(PERSISTENT))
        assert house.gateway.status()["dataplane"] == "ebpf"
        assert talk.ask() == first
        house.gateway.ip("link", "set", "eth2", "mtu", 1500)
        house.gateway.commit(config(PERSISTENT))
        check()
