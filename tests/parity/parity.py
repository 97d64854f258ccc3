#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""INV-PARITY: random traces through the oracle and through every form of the core, compared.

    parity.py --replay BUILD/tests/replay [--packets N] [--seeds FIRST LAST]
              [--only native|xdp|worker]

The oracle (tests/model) judges every packet; so does the core, compiled natively; the XDP program
through the kernel's test run; and XDP program and AF_XDP worker together, over an interface (these
two need root). Verdict, reason, egress, bytes and the state at the end must be equal [R3]. Each CPU
runs one seed at a time.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

MODEL = Path(__file__).resolve().parent.parent / "model"
sys.path.insert(0, str(MODEL))

import compare  # noqa: E402
import forms  # noqa: E402
import scenarios  # noqa: E402

PACKETS = 55000
SEEDS = (0, 19)


class Judgement(NamedTuple):
    """What the forms made of a trace."""

    lines: list  # about what differs; none if nothing does
    by_worker: int  # packets that a worker judged
    seconds: dict  # of each form


def write_trace(seed, packets, directory, model=MODEL):
    """Have the oracle make a trace."""
    subprocess.run([sys.executable, model / "trace.py", "--seed", str(seed), "--packets",
                    str(packets), "--out", directory],
                   check=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})


def judge(program, chosen, directory):
    """Run the trace in a directory. => Judgement"""
    by_worker, seconds = 0, {}
    for form in chosen:
        started = time.monotonic()
        by_worker += int(forms.replay(program, form, directory) or 0)
        seconds[form] = time.monotonic() - started
        lines = compare.differences(directory, directory / f"{form}.bin",
                                    directory / f"{form}.json")
        if lines:
            return Judgement([f"oracle and {form} core differ:"] + lines, by_worker, seconds)
    return Judgement([], by_worker, seconds)


def check_seed(options, seed):
    """=> Judgement of one seed's trace; prints it"""
    shape = scenarios.SHAPES[seed % len(scenarios.SHAPES)].__name__
    directory = Path(tempfile.mkdtemp(prefix=f"hf-parity-{seed}-"))
    started = time.monotonic()
    write_trace(seed, options.packets, directory)
    oracle_s = time.monotonic() - started
    judgement = judge(options.replay, options.forms, directory)
    seconds = {"oracle": oracle_s, **judgement.seconds}
    told = [f"seed {seed:2} ({shape}): {options.packets} packets, "
            f"{'differ' if judgement.lines else 'equal'} "
            f"({', '.join(f'{form} {each:.1f} s' for form, each in seconds.items())})"]
    if judgement.lines:
        told += judgement.lines + [f"the trace is kept in {directory}"]
    else:
        for each in directory.iterdir():
            each.unlink()
        directory.rmdir()
    print("\n".join(told), flush=True)
    return judgement


def check_seeds(options, seeds):
    """=> Judgements of all seeds, or of those up to the first that differs"""
    cpus = SimpleQueue()
    for cpu in os.sched_getaffinity(0):
        cpus.put(cpu)
    with ThreadPoolExecutor(cpus.qsize(), initializer=lambda: os.sched_setaffinity(
            0, {cpus.get()})) as pool:  # 0: of this thread, and of what it starts
        judgements = []
        for judgement in pool.map(lambda seed: check_seed(options, seed), seeds):
            judgements.append(judgement)
            if judgement.lines:
                pool.shutdown(cancel_futures=True)
                break
    return judgements


def main():
    """The command line. => exit status"""
    parser = argparse.ArgumentParser(description="Compare the oracle and the forms of the core.")
    parser.add_argument("--replay", type=Path, required=True)
    parser.add_argument("--packets", type=int, default=PACKETS)
    parser.add_argument("--seeds", type=int, nargs=2, default=SEEDS, metavar=("FIRST", "LAST"))
    parser.add_argument("--only", choices=forms.FORMS)
    options = parser.parse_args()
    options.forms = (options.only,) if options.only else forms.FORMS
    seeds = range(options.seeds[0], options.seeds[1] + 1)
    judgements = check_seeds(options, seeds)
    if any(judgement.lines for judgement in judgements):
        return 1
    packets = len(seeds) * options.packets
    by_worker = sum(judgement.by_worker for judgement in judgements)
    for form in options.forms:
        note = f", of which the AF_XDP worker judged {by_worker}" if form == "worker" else ""
        print(f"oracle = {form}: {packets} random packets{note}")
    print(f"{packets * len(options.forms)} packets in all: verdicts, bytes, reasons, state")
    return 0


if __name__ == "__main__":
    sys.exit(main())
