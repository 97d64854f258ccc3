# SPDX-License-Identifier: Apache-2.0
"""Killing and restarting the processes, and committing, while packets flow [R13]."""
import os
import random
import signal
import time
from pathlib import Path

from house import PERSISTENT, config
from lab import refused, takes
from observers import Conversation, Observer, ask
from oracle import DROP_REASONS
from traffic import Flood, Stream
from waiting import wait_until

ALONE = True
KILLS, FEWER_KILLS = 100, 30  # workers are killed as often elsewhere (test_dataplanes.py)
FLOWS = range(1, 10_001)
START_S = 0.7  # about as long as holdfast-dp takes to start
COMMITS = 40
WORKERS_HOLD = 2 * 3 * 2 * 2048  # frames: workers, interfaces, receive and transmit rings

UNRELATED = """
set security nat source pool other address 203.0.113.{number}/32
set security nat source rule-set out rule other match source-address 10.99.{number}.0/24
set security nat source rule-set out rule other then source-nat pool other
"""


def _processes(name):
    """=> pids of the processes of that name, here"""
    pids = (path.name for path in Path("/proc").iterdir() if path.name.isdigit())
    return [int(pid) for pid in pids if _name_of(pid) == name]


def _name_of(pid):
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def _kill_all(name):
    for pid in _processes(name):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not _processes(name), f"the end of {name}")


class Busy:
    """A house with a stream, ten thousand flows, and a conversation."""

    def __init__(self, lab):
        self.house = lab.house(PERSISTENT, inspect_one_in=256)
        self.gateway = self.house.gateway
        Observer(self.house.servers["s1"])
        self.talk = Conversation(self.house.host("b1"), self.house.server("s1", 6))
        self.talked = self.talk.ask()
        ask(self.house.host("a2"), self.house.server("s1", 4), "udp")
        self.flood = Flood(self.house, self.house.host("a2"))
        self.flows = self.flood.send(FLOWS)
        assert len(self.flows) == len(FLOWS)
        self.stream = Stream(self.house, self.house.host("a1"), self.house.servers["s1"])
        self.reasons = self.gateway.reasons()
        self.started = time.monotonic()

    def check_progress(self):
        """The conversation goes on, new flows open, and no figure went back."""
        assert self.talk.ask() == self.talked
        ask(self.house.host("b1"), self.house.server("s1", 4), "udp")
        before, self.reasons = self.reasons, self.gateway.reasons()
        assert all(self.reasons[reason] >= count for reason, count in before.items())
        self.house.watch.listen()

    def end(self, kills=0):
        """No flow was lost, and no packet; => what happened, in words

        `kills`: how often holdfast-dp was killed, and with it what lay in the rings of its workers,
        if there were any.
        """
        self.stream.wait_for_progress()
        seconds = time.monotonic() - self.started
        may_be_lost = kills * WORKERS_HOLD if self.house.dataplane != "ebpf" else 0
        sent, overflowed, lost = self.stream.stop(may_be_lost)
        again = self.flood.send(FLOWS)
        changed = {port for port in FLOWS if again.get(port) != self.flows[port]}
        assert not changed, f"{len(changed)} flows were lost or translated anew: {changed}"
        self.check_progress()
        dropped = {reason for reason in DROP_REASONS if self.reasons[reason]}
        assert dropped <= ({"worker_lost"} if may_be_lost else set()), self.reasons
        return (f"{sent} packets, {sent / seconds / 1000:.0f} thousand a second; "
                f"{overflowed} found the machine's queues full, {lost} were lost otherwise")


@takes(120)
def test_kill_holdfastd(lab):
    """kill -9 of holdfastd 100 times under traffic: no packet, none of 10,000 flows lost [R13]"""
    busy = Busy(lab)
    for _ in range(KILLS):
        busy.gateway.daemon.kill()
        busy.gateway.start_holdfast()
        busy.check_progress()
    return busy.end()


@takes(240)
def test_kill_both(lab):
    """kill -9 of both, again and again, also while they start: no flow lost, state adopted [R13]"""
    busy = Busy(lab)
    chance = random.Random(1)
    for number in range(KILLS if busy.house.dataplane == "ebpf" else FEWER_KILLS):
        busy.gateway.daemon.kill()
        _kill_all("holdfast-dp")
        if number % 8 == 0:
            busy.gateway.start_holdfast()
            assert busy.gateway.status()["adopted"]
            busy.check_progress()
        else:  # at any moment of the start
            busy.gateway.launch_holdfast()
            time.sleep(chance.uniform(0, START_S))
    busy.gateway.daemon.kill()
    _kill_all("holdfast-dp")
    busy.gateway.start_holdfast()
    return busy.end(KILLS)


def test_kill_dataplane_alone(lab):
    """kill -9 of holdfast-dp alone: holdfastd starts another, which adopts the state [R13]"""
    busy = Busy(lab)
    for _ in range(2):
        busy.gateway.kill_dataplane()
        assert busy.gateway.status()["adopted"]
        busy.check_progress()
    return busy.end(2)


def test_kill_holdfastd_while_holdfast_dp_starts(lab):
    """the next holdfastd takes up with the holdfast-dp that the killed one was starting"""
    house = lab.house(PERSISTENT)
    gateway = house.gateway
    gateway.daemon.kill()
    _kill_all("holdfast-dp")
    gateway.launch_holdfast()
    started = wait_until(lambda: _processes("holdfast-dp"), "holdfast-dp to start")
    gateway.daemon.kill()
    gateway.start_holdfast()
    assert [gateway.dataplane_pid()] == started == _processes("holdfast-dp")


def test_orderly_restart(lab):
    """stopping both in an orderly way and starting them again disturbs no packet and no flow"""
    busy = Busy(lab)
    for _ in range(3):
        assert busy.gateway.daemon.stop() == 0
        for pid in _processes("holdfast-dp"):
            os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not _processes("holdfast-dp"), "the end of holdfast-dp")
        assert busy.talk.ask() == busy.talked
        busy.gateway.start_holdfast()
        busy.check_progress()
    return busy.end()


@takes(90)
def test_unrelated_commits(lab):
    """commits that change other rules and pools, under traffic: no packet, flow or port changes"""
    busy = Busy(lab)
    for number in range(COMMITS):
        busy.gateway.commit(config(PERSISTENT, UNRELATED.format(number=number % 7 + 1)
                                   if number % 2 == 0 else ""))
        busy.check_progress()
    return busy.end()


def test_refused_commit(lab):
    """a commit that is refused, under traffic, changes nothing"""
    busy = Busy(lab)
    before = busy.gateway.status()["generation"]
    with refused("nowhere"):
        busy.gateway.commit(config(PERSISTENT, "set security nat source rule-set out rule all "
                                               "then source-nat pool nowhere"))
    assert busy.gateway.status()["generation"] == before
    return busy.end()
