# SPDX-License-Identifier: Apache-2.0
"""Seeded random scenarios and traces, and what the oracle says about them.

    trace.py --seed N --packets N --out DIR

writes DIR/scenario.json, trace.bin, expected.bin and expected_state.json (replay_file.py has
the formats). The same seed gives the same files.
"""
import argparse
import json
import random
from pathlib import Path
from typing import NamedTuple, Optional

from build import ETHERNET_BYTES, MINIMUM_FRAME_BYTES, ethernet
from conversations import (ODD_FLAGS, Noise, answer_inside, call_from_outside, call_inside,
                           open_conversation, share_endpoint)
from damage import damage
from kernel import mac_bytes
from nat import Nat, Result
from parse import LATER, parse
from reasons import ANSWER, FORWARD, HELD, KERNEL_TRANSLATED
from replay_file import COLLECT, PACKET, ResultWriter, TraceWriter, write_state
from scenarios import make_scenario
from unusual import Unusual, extensions, ipv4_options, pieces

MAXIMUM_LIVE = 160
MAXIMUM_DEAD = 40
UNUSUAL_CHANCE = 0.20
DAMAGE_CHANCE = 0.10
FRAGMENT_CHANCE = 0.10
PENDING_CHANCE = 0.4
COLLECT_CHANCE = 0.004
JUMP_CHANCE = 0.002
JUMP_AGAIN_CHANCE = 0.4  # leases end so long after their flows
LEASE_CHANCE = 0.28  # where rules have persistent-nat
ANSWER_CHANCE = 0.60  # of the other side, and below that of whoever pretends to be one
PRETENCE_CHANCE = 0.17
HAIRPIN_CHANCE = 0.01  # where rules have none
INSIST_CHANCE = 0.02
INSISTING_PACKETS = 14  # more than are answered in a second
GIVES_UP_AFTER = ("filtered_inbound", "local_destination")
REMOTE_MAC = bytes.fromhex("020000aabbcc")


class Record(NamedTuple):
    """A packet that arrives, with its Result, or a collection (no frame, no Result)."""

    kind: int
    time_s: int
    ifindex: int = 0
    frame: bytes = b""
    result: Optional[Result] = None


class Conversations:
    """The conversations of a trace: live ones, and the last of those that were forgotten."""

    def __init__(self, rng, noise, population):
        self.rng, self.noise, self.population = rng, noise, population
        self.live, self.dead = [], []

    def open(self):
        """=> a new one"""
        return self.add(open_conversation(self.rng, self.noise, self.population))

    def share(self):
        """=> a new one of an inside endpoint that has others"""
        return self.add(share_endpoint(self.rng, self.noise, self.population, self.any()))

    def call(self):
        """=> one that somebody outside is about to begin; not added yet"""
        return call_from_outside(self.rng, self.noise, self.population, self.translated())

    def call_inside(self):
        """=> a new one of an inside host that calls another"""
        return self.add(call_inside(self.rng, self.noise, self.population, self.translated()))

    def answer(self, caller):
        """The called one has heard of it: a new one of its own."""
        self.add(answer_inside(self.rng, self.noise, caller))

    def add(self, conversation):
        """=> the same, which is live from now on"""
        self.live.append(conversation)
        if len(self.live) > MAXIMUM_LIVE:
            self.forget(self.rng.choice(self.live))
        return conversation

    def forget(self, conversation):
        """It is over, but errors and late packets may still tell of it."""
        if conversation in self.live:
            self.live.remove(conversation)
        if conversation.translated:
            self.dead = self.dead[1 - MAXIMUM_DEAD:] + [conversation]

    def any(self):
        """=> a live one"""
        return self.rng.choice(self.live) if self.live else self.open()

    def translated(self):
        """=> one that the outside has seen; mostly live"""
        if self.dead and self.rng.random() < 0.1:
            return self.rng.choice(self.dead)
        for _ in range(8):
            conversation = self.any()
            if conversation.translated:
                return conversation
        if self.dead:
            return self.rng.choice(self.dead)
        conversation = open_conversation(self.rng, self.noise, self.population)
        conversation.translated = conversation.remote, 4242  # a guess, and a wrong one
        return conversation

    def flows_were_collected(self):
        """What was learned may be wrong from now on."""
        for conversation in self.live:
            conversation.is_fresh = False


class Trace:
    """An iterable of Records; `nat` is the model that says what becomes of the packets."""

    def __init__(self, seed, packets, make_nat=Nat):
        self.rng = random.Random(seed)
        self.packets = packets
        self.scenario, population = make_scenario(seed, self.rng)
        self.nat = make_nat(self.scenario)
        self.time_s = 1000
        self.has_jumped = False  # just now, and to collect
        noise = Noise(self.rng, mtus_of(self.scenario))
        self.conversations = Conversations(self.rng, noise, population)
        self.unusual = Unusual(self.rng, noise, self.scenario, population, self.conversations)
        lease_timeouts = lease_timeouts_of(self.scenario)
        self.has_leases = bool(lease_timeouts)
        self.timeouts = [*self.scenario["snapshot"]["timeouts"].values(), *lease_timeouts,
                         *application_timeouts_of(self.scenario)]
        self.pending = []  # fragments under way: (interface, frame)
        self.insisting = []  # frames that are sent at once, and where

    def __iter__(self):
        for _ in range(self.packets):
            if self.insisting:
                yield self._arrive(*self.insisting.pop())
                continue
            if self._pass_time() or self.rng.random() < COLLECT_CHANCE:
                yield self._collect()
            yield self._send()

    def _pass_time(self):
        """=> whether to collect at once"""
        if self.rng.random() < (JUMP_AGAIN_CHANCE if self.has_jumped else JUMP_CHANCE):
            timeout = self.rng.choice(self.timeouts)
            self.time_s += timeout + self.rng.choice((-1, 0, 1, 2))
            self.has_jumped = self.rng.random() < 0.6
            return self.has_jumped
        self.has_jumped = False
        if self.rng.random() < 0.1:
            self.time_s += 1
        return False

    def _collect(self):
        self.nat.collect(self.time_s)
        self.conversations.flows_were_collected()
        return Record(COLLECT, self.time_s)

    def _send(self):
        """=> the Record of one more packet"""
        if self.pending and self.rng.random() < PENDING_CHANCE:
            return self._arrive(*self.pending.pop(self._which_pending()))
        if self.rng.random() < UNUSUAL_CHANCE:
            interface, datagram = self.unusual.make()
            return self._depart(interface, datagram)
        if self.has_leases and self.rng.random() < LEASE_CHANCE:
            return self._send_of_lease()
        chance = self.rng.random()
        if chance < HAIRPIN_CHANCE:
            return self._send_out(self.conversations.call_inside())
        if chance < 0.14:
            return self._send_out(self.conversations.open())
        conversation = self.conversations.any()
        answers = PRETENCE_CHANCE if conversation.peer else ANSWER_CHANCE
        if conversation.translated and chance < answers:
            return self._send_in(conversation)
        return self._send_out(conversation)

    def _send_of_lease(self):
        """An inside endpoint that others know calls somebody else, or is called."""
        chance = self.rng.random()
        if chance < 0.3:
            return self._send_out(self.conversations.share())
        if chance < 0.5:
            return self._send_out(self.conversations.call_inside())
        caller = self.conversations.call()
        flags = self.rng.choice(ODD_FLAGS) if self.rng.random() < 0.04 else None
        interface = caller.remote_interface
        record = self._arrive(interface, self._frame(interface, caller.send_in(flags)))
        if record.result.verdict in (FORWARD, KERNEL_TRANSLATED):
            self.conversations.add(caller)
        return record

    def _send_in(self, conversation):
        """A packet from outside; the remote gives up sooner or later when it is dropped."""
        interface = conversation.remote_interface
        record = self._depart(interface, conversation.send_in())
        if record.result.reason in GIVES_UP_AFTER and self.rng.random() < 0.5:
            self.conversations.forget(conversation)
        return record

    def _send_out(self, conversation):
        """A packet from inside; a new one may be forgotten when nothing came of it."""
        datagram = self._next_out(conversation)
        record = self._depart(conversation.interface, datagram)
        if record.result.verdict == HELD:
            return record
        if record.result.verdict in (FORWARD, KERNEL_TRANSLATED):
            self._learn(conversation, record)
        elif conversation.is_fresh or self.rng.random() < 0.6:
            self._start_again(conversation)
        return record

    def _next_out(self, conversation):
        """Sometimes what was sent last is sent again."""
        if conversation.last_out and self.rng.random() < 0.06:
            return conversation.last_out
        return conversation.send_out()

    def _start_again(self, conversation):
        """A packet from inside was not translated: open anew, or give up."""
        conversation.turn = 0
        if self.rng.random() < 0.7 and not conversation.is_fresh:
            self.conversations.forget(conversation)

    def _learn(self, conversation, record):
        if conversation.is_fresh:
            return
        packet = parse(record.result.frame)
        peer = conversation.peer
        receiver = peer.host if peer else conversation.remote
        if packet.fragment == LATER or packet.destination != receiver or (
                packet.protocol != conversation.protocol):
            return
        conversation.learn(packet.source, packet.source_port)
        if peer and not conversation.is_answered:
            self.conversations.answer(conversation)

    def _arrive(self, interface, frame):
        ifindex = self.scenario["interfaces"][interface]["ifindex"]
        result = self.nat.packet(self.time_s, ifindex, frame)
        if result.verdict == ANSWER and self.rng.random() < INSIST_CHANCE:
            self.insisting = [(interface, frame)] * INSISTING_PACKETS
        return Record(PACKET, self.time_s, ifindex, frame, result)

    def _which_pending(self):
        """Mostly the one that has waited longest."""
        return 0 if self.rng.random() < 0.7 else self.rng.randrange(len(self.pending))

    def _depart(self, interface, datagram):
        """Dress a packet up and send it, now and then in pieces. => the Record of the first"""
        self._vary(datagram)
        parts = [datagram]
        if self.rng.random() < FRAGMENT_CHANCE:
            parts = pieces(self.rng, datagram)
        frames = [self._frame(interface, each) for each in parts]
        self.pending += [(interface, frame) for frame in frames[1:]]
        return self._arrive(interface, frames[0])

    def _frame(self, interface, datagram):
        """Wrap a packet, and perhaps damage it."""
        packet = datagram.pack()[:1500]
        tags = self._tags()
        frame = ethernet(mac_bytes(self.scenario["interfaces"][interface]["mac"]), REMOTE_MAC,
                         packet, tags, padding=self._padding(packet))
        if self.rng.random() < DAMAGE_CHANCE:
            frame = damage(self.rng, frame, ETHERNET_BYTES + 4 * len(tags))
        return frame

    def _vary(self, datagram):
        """Fields that any packet may have otherwise."""
        chance = self.rng.random()
        datagram.identification = int(chance * 65536)
        datagram.dont_fragment = not datagram.fragment and chance < 0.5
        datagram.ttl = 64
        if chance < 0.03:
            datagram.ttl = self.rng.choice((0, 1, 1, 1, 2, 255))
        if self.rng.random() < 0.04 and len(datagram.payload) < 1000:
            self._lengthen_header(datagram)

    def _lengthen_header(self, datagram):
        if datagram.family == 4:
            datagram.options = ipv4_options(self.rng)
        elif not datagram.extensions:
            datagram.extensions = extensions(self.rng)

    def _tags(self):
        if self.rng.random() > 0.06:
            return ()
        count = self.rng.choice((1, 1, 1, 2, 2, 3))
        return [(self.rng.choice((0x8100, 0x88A8)), self.rng.randrange(65536))
                for _ in range(count)]

    def _padding(self, packet):
        chance = self.rng.random()
        if chance < 0.03:
            return self.rng.randbytes(max(0, MINIMUM_FRAME_BYTES - ETHERNET_BYTES - len(packet)))
        if chance < 0.05:
            return self.rng.randbytes(min(self.rng.randrange(1, 5), 1500 - len(packet)))
        return b""


def mtus_of(scenario):
    """=> every MTU that a packet may meet"""
    return sorted({each["mtu"] for each in scenario["interfaces"].values()}
                  | {route["mtu"] for route in scenario["routes"] if route["mtu"]})


def rules_of(scenario):
    """=> every rule of every rule-set"""
    return [rule for rule_set in scenario["snapshot"]["rule_sets"] for rule in rule_set["rules"]]


def lease_timeouts_of(scenario):
    """=> the inactivity-timeout of every rule with persistent-nat"""
    return sorted({rule["persistent_nat"]["inactivity_timeout"] for rule in rules_of(scenario)
                   if rule["persistent_nat"]})


def application_timeouts_of(scenario):
    """=> the inactivity-timeout of every application that has one"""
    return sorted({application["inactivity_timeout"] for rule in rules_of(scenario)
                   for application in rule["applications"]} - {0})


def generate(seed, packets, make_nat=Nat):
    """=> a scenario and a Trace of that many packets in it"""
    trace = Trace(seed, packets, make_nat)
    return trace.scenario, trace


def write_trace(seed, packets, directory):
    """Write the four files of a trace."""
    directory.mkdir(parents=True, exist_ok=True)
    scenario, trace = generate(seed, packets)
    (directory / "scenario.json").write_text(json.dumps(scenario, indent=1) + "\n",
                                             encoding="utf-8")
    with TraceWriter(directory / "trace.bin") as records, \
            ResultWriter(directory / "expected.bin") as results:
        for record in trace:
            records.write(record.kind, record.time_s, record.ifindex, record.frame)
            results.write(record.result)
    write_state(directory / "expected_state.json", trace.nat.state())


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description="Write a trace and what is expected of it.")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--packets", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    write_trace(arguments.seed, arguments.packets, arguments.out)


if __name__ == "__main__":
    main()
