#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""INV-PARITY: random traces through the oracle, the native core and the XDP program, compared.

    parity.py --replay BUILD/tests/replay [--packets N] [--seeds FIRST LAST] [--only native|xdp]

The oracle (tests/model) judges every packet; so does the core, compiled natively, and the XDP
program through the kernel's test run (which needs root). Verdict, reason, egress, bytes and the
state at the end must be equal [R3].
"""
import argparse
import sys
import tempfile
import time
from pathlib import Path

MODEL = Path(__file__).resolve().parent.parent / "model"
sys.path.insert(0, str(MODEL))

import compare  # noqa: E402
import forms  # noqa: E402
import scenarios  # noqa: E402
import trace  # noqa: E402

PACKETS = 15000
SEEDS = (0, 13)


def judge(program, chosen, directory):
    """Run the trace in a directory. => lines about what differs, none if nothing does"""
    for form in chosen:
        forms.replay(program, form, directory)
        lines = compare.differences(directory, directory / f"{form}.bin",
                                    directory / f"{form}.json")
        if lines:
            return [f"oracle and {form} core differ:"] + lines
    return []


def check_seed(options, seed, directory):
    """=> whether every form agrees with the oracle for one seed"""
    shape = scenarios.SHAPES[seed % len(scenarios.SHAPES)].__name__
    started = time.monotonic()
    trace.write_trace(seed, options.packets, directory)
    lines = judge(options.replay, options.forms, directory)
    seconds = time.monotonic() - started
    verdict = "differ" if lines else "equal"
    print(f"seed {seed:2} ({shape}): {options.packets} packets, {verdict} ({seconds:.1f} s)",
          flush=True)
    if lines:
        print("\n".join(lines))
        print(f"the trace is kept in {directory}")
    return not lines


def main():
    """The command line. => exit status"""
    parser = argparse.ArgumentParser(description="Compare oracle, native core and XDP program.")
    parser.add_argument("--replay", type=Path, required=True)
    parser.add_argument("--packets", type=int, default=PACKETS)
    parser.add_argument("--seeds", type=int, nargs=2, default=SEEDS, metavar=("FIRST", "LAST"))
    parser.add_argument("--only", choices=forms.FORMS)
    options = parser.parse_args()
    options.forms = (options.only,) if options.only else forms.FORMS
    seeds = range(options.seeds[0], options.seeds[1] + 1)
    for seed in seeds:
        directory = Path(tempfile.mkdtemp(prefix=f"hf-parity-{seed}-"))
        if not check_seed(options, seed, directory):
            return 1
        for each in directory.iterdir():
            each.unlink()
        directory.rmdir()
    print(f"{len(seeds) * options.packets} packets, oracle = {' = '.join(options.forms)}: "
          "verdicts, bytes, reasons, state")
    return 0


if __name__ == "__main__":
    sys.exit(main())
