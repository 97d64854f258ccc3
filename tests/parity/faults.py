#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Puts a fault into the core, the XDP program, the worker or the oracle on purpose: parity must
find it.

    faults.py --build BUILD

Each fault is a few words changed in a copy of one source file. Where it is, what was compiled
from it is built again with the build's own commands (one object natively; for the XDP program
its object and skeleton; for the worker what judges and what asks for routes) and compared with the
oracle by parity.judge(). A fault that nobody notices, one whose words are no longer in the source,
and a difference without any fault are failures. Needs root for the XDP program and the worker.
"""
import argparse
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import forms
import parity

ROOT = Path(__file__).resolve().parents[2]
PACKETS = 5000
# Seeds, and so shapes of scenarios.
PLAIN, PLAIN_V1, TINY, LEASES, HAIRPINS, SMALL_TABLE = 0, 33, 2, 7, 8, 3


class Fault(NamedTuple):
    """Words of a file, and what stands there instead."""

    name: str
    where: str  # native, xdp, worker or oracle: which of them has it
    seed: int
    path: str
    changes: tuple


FAULTS = (
    Fault("a carry of a checksum is lost", "native", PLAIN, "core/checksum.h",
          ((" + (sum >> 32 & 0xffff)", ""),)),
    Fault("userspace-v1 divides by one less", "native", PLAIN_V1, "core/select.h",
          (("hash.state[1]) % length)", "hash.state[1]) % (length - 1))"),)),
    Fault("a port's bytes are in the wrong order", "native", PLAIN, "core/ports.h",
          (("network_u16((u16)port)", "(u16)port"),)),
    Fault("the checksum inside an ICMP error stays", "native", PLAIN, "core/icmp.h",
          (("*change += quoted_rewrite_check(frame, p, q, ip.address + port_change);",
            "(void)quoted_rewrite_check;"),)),
    Fault("a port that is owned is claimed", "native", TINY, "core/ports.h",
          (("atomic_read(&space->free_bits[word]) & search->mask", "search->mask"),
           ("if (!atomic_read(&search->space->group_free[port / PORTS_PER_GROUP]))", "if (0)"),
           ("if (!atomic_replace(&space->owners[index], PORT_FREE, search->owner))",
            "if (atomic_swap(&space->owners[index], search->owner) == search->owner)"))),
    Fault("a reason is another one's", "native", PLAIN, "core/nat.h",
          (("return REASON_fragment_unknown;", "return REASON_filtered_inbound;"),)),
    Fault("a flow counts the bytes of frames", "native", PLAIN, "core/nat.h",
          (("bytes[direction], p->length)", "bytes[direction], p->length + p->link_bytes)"),)),
    Fault("a packet as large as the MTU is too big", "xdp", PLAIN, "bpf/env.h",
          (("query->length > route->mtu", "query->length >= route->mtu"),)),
    Fault("the hop limit stays", "xdp", PLAIN, "core/rewrite.h",
          (("if (hop)\n\t\tip[7]--;", "(void)hop;"),)),
    Fault("frames are judged as if from the first interface", "worker", PLAIN,
          "dataplane/worker.c", (("b->ifindex = queue->ifindex;",
                                  "b->ifindex = worker->queues[0].ifindex;"),)),
    Fault("the last byte stays with the worker", "worker", PLAIN, "dataplane/worker.c",
          (("(size_t)(frame->end - frame->start)", "(size_t)(frame->end - frame->start) - 1"),)),
    Fault("an answer goes out where its packet would have", "worker", TINY, "dataplane/worker.c",
          (("verdict->action == VERDICT_ANSWER ? b->ifindex", "0 ? b->ifindex"),)),
    Fault("one answer too many", "native", TINY, "core/answer.h",
          (("(u32)next <= limit", "(u32)next <= limit + 1"),)),
    Fault("the last odd byte is left out of a sum", "xdp", TINY, "core/sum.h",
          (("i < bytes && byte", "i + 1 < bytes && byte"),)),
    Fault("a batch is judged by a configuration that is not in force", "worker", PLAIN,
          "core/batch.h", ((".half = half}", ".half = !half}"),)),
    Fault("the kernel is not told how long the packet is", "worker", PLAIN,
          "dataplane/route_question.c",
          (("exchange = {.query = *query};",
            "exchange = {.query = *query};\n\n\texchange.query.length = 1;"),)),
    Fault("later fragments keep their id", "native", PLAIN, "core/fragment.h",
          (("(in || p->kind != PACKET_FRAGMENT || fragment_write_id(frame, p, (u32)p->hash)) &&",
            "true &&"),)),
    Fault("ids of IPv6 are those of IPv4", "xdp", PLAIN, "core/fragment.h",
          (("raw_u32(network_u32(id))", "raw_u32(network_u32((u16)id))"),)),
    Fault("later fragments of a worker go the other way", "worker", PLAIN, "core/fragment.h",
          (("match->direction = said.direction;", "match->direction = !said.direction;"),)),
    Fault("hairpinned packets count for one of their flows", "native", LEASES, "core/nat.h",
          (("(void)hairpin_account(p);", "(void)hairpin_account;"),)),
    Fault("the source of a hairpinned packet stays", "xdp", LEASES, "core/hairpin.h",
          (("return hairpin_rewrite(frame, p) ? REASON_malformed_packet : NO_REASON;",
            "(void)hairpin_rewrite;\n\treturn NO_REASON;"),)),
    Fault("who looks like the second half is let in", "worker", HAIRPINS, "core/nat.h",
          (("!flow_is_hairpin(flow)", "true"),)),
    Fault("a SYN does not open a closed flow again", "oracle", SMALL_TABLE,
          "tests/model/tcp.py",
          (("if state in (CLOSED, PICKED_UP) and flags & SYN and not flags & ACK:",
            "if False:"),)),
)


class Build:
    """The commands of a build directory, and variants made with them."""

    def __init__(self, directory):
        self.directory = directory
        listed = subprocess.run(["ninja", "-C", directory, "-t", "commands", "tests/replay"],
                                check=True, capture_output=True, text=True).stdout
        self.commands = [shlex.split(line) for line in listed.splitlines()]
        self.replay = directory / "tests/replay"

    def command(self, output):
        """=> the command that makes an output"""
        for command in self.commands:
            if output in command:
                return command
        raise SystemExit(f"faults: the build has no command that makes {output}")

    def again(self, output, instead, folders=(), inputs=(), objects=()):
        """Make an output elsewhere: with headers of the folders before all others, with other
        inputs, and with objects before those of libraries."""
        command = self.command(output)
        new = [str(dict(((output, instead), *inputs)).get(word, word)) for word in command]
        new[1:1] = [f"-I{folder}" for folder in folders] + [str(each) for each in objects]
        for flag in ("-MF", "-MQ"):
            if flag in new:
                at = new.index(flag)
                del new[at:at + 2]
        new = [word for word in new if word not in ("-MD", "-Werror")]
        subprocess.run(new, check=True, cwd=self.directory)

    def native(self, overlay):
        """=> replay, with the core of the overlay"""
        return self._link(overlay, "tests/replay.p/parity_replay.c.o")

    def xdp(self, overlay):
        """=> replay, with the XDP program of the overlay"""
        program = overlay / "xdp.bpf.o"
        inputs = [(word, overlay / "bpf/xdp.bpf.c") for word in self.command("bpf/xdp.bpf.o")
                  if word.endswith("xdp.bpf.c")]
        self.again("bpf/xdp.bpf.o", program, (overlay, overlay / "bpf"), inputs)
        self.again("bpf/xdp.skel.h", overlay / "xdp.skel.h",
                   inputs=[("bpf/xdp.bpf.o", program)])
        return self._link(overlay, "tests/replay.p/parity_kernel_run.c.o")

    def worker(self, overlay):
        """=> replay, with the worker of the overlay"""
        objects = []
        for name in ("worker", "route_question"):
            output = f"dataplane/libworker.a.p/{name}.c.o"
            source = next(word for word in self.command(output) if word.endswith(f"{name}.c"))
            objects.append(overlay / f"{name}.o")
            self.again(output, objects[-1], (overlay,),
                       [(source, overlay / "dataplane" / f"{name}.c")])
        self.again("tests/replay", overlay / "replay", objects=objects)
        return overlay / "replay"

    def _link(self, overlay, name):
        self.again(name, overlay / "faulty.o", (overlay,))
        self.again("tests/replay", overlay / "replay", inputs=[(name, overlay / "faulty.o")])
        return overlay / "replay"


def change(fault, overlay):
    """Put the fault into the overlay's copy of the file."""
    path = overlay / fault.path
    text = path.read_text(encoding="utf-8")
    for words, instead in fault.changes:
        if text.count(words) != 1:
            raise SystemExit(f"faults: {fault.path}: {words!r}: {text.count(words)} times, "
                             f"expected once ({fault.name})")
        text = text.replace(words, instead)
    path.write_text(text, encoding="utf-8")


def copy_sources(overlay):
    """What a fault can be put into."""
    for folder in ("abi", "core", "bpf", "dataplane", "tests/model"):
        shutil.copytree(ROOT / folder, overlay / folder,
                        ignore=shutil.ignore_patterns("__pycache__"))


def differences(build, fault, overlay, directory):
    """=> what parity says of the fault: lines"""
    program, form = build.replay, fault.where
    if fault.where == "oracle":
        parity.write_trace(fault.seed, PACKETS, directory, overlay / "tests/model")
        form = "native"
    else:
        parity.write_trace(fault.seed, PACKETS, directory)
        program = getattr(build, fault.where)(overlay)
    return parity.judge(program, [form], directory).lines


def is_found(build, fault):
    """=> whether parity reports the fault; prints how"""
    with tempfile.TemporaryDirectory(prefix="hf-fault-") as name:
        overlay, directory = Path(name), Path(name) / "trace"
        copy_sources(overlay)
        change(fault, overlay)
        started = time.monotonic()
        lines = differences(build, fault, overlay, directory)
        seconds = time.monotonic() - started
    seen = next((line for line in lines[1:] if "record" in line or "flow" in line), "nothing")
    print(f"{fault.where:6}  {fault.name}: {'found' if lines else 'NOT FOUND'} "
          f"({seconds:.1f} s): {seen[:90]}", flush=True)
    return bool(lines)


def all_is_equal_without(build):
    """=> whether parity says so of the same traces without a fault"""
    for seed in sorted({fault.seed for fault in FAULTS}):
        with tempfile.TemporaryDirectory(prefix="hf-fault-") as name:
            parity.write_trace(seed, PACKETS, Path(name))
            lines = parity.judge(build.replay, forms.FORMS, Path(name)).lines
        if lines:
            print("\n".join([f"seed {seed}, without a fault:"] + lines))
            return False
    return True


def main():
    """The command line. => exit status"""
    parser = argparse.ArgumentParser(description="Faults put in on purpose must be found.")
    parser.add_argument("--build", type=Path, required=True)
    build = Build(parser.parse_args().build.resolve())
    if not all_is_equal_without(build):
        return 1
    found = [is_found(build, fault) for fault in FAULTS]
    print(f"{sum(found)} of {len(found)} faults found; none without one")
    return 0 if all(found) else 1


if __name__ == "__main__":
    sys.exit(main())
