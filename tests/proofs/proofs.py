#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Spin goes through every interleaving of the real core's atomic operations, over small tables.

    proofs.py [--long | --faults] [--trace] [NAME...]

Without a flag: the configurations that take seconds. --long: all of them. --faults: faults put into
copies of the sources, each of which the configuration named with it must find. --trace: one after
the other, and the steps that lead to each failure. NAME chooses configurations, or faults by words
of theirs.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import proof_faults

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
LIMIT_S = 600
MEMORY_MB = 4096
DEPTH = 20000

# The sources under test, with these numbers made small.
SOURCES = ("abi", "core", "dataplane/audit.c", "dataplane/audit.h", "dataplane/audit_private.h",
           "dataplane/collector.c", "dataplane/collector.h", "dataplane/rest.c", "dataplane/rest.h",
           "dataplane/tables.h")
SMALL = {
    "abi/ports.h": (("PORTS_PER_SPACE = 65536", "PORTS_PER_SPACE = 8"),
                    ("PORTS_PER_WORD = 64", "PORTS_PER_WORD = 2"),
                    ("PORTS_PER_GROUP = 1024", "PORTS_PER_GROUP = 4")),
    "abi/flow.h": (("BUCKET_ENTRIES = 14", "BUCKET_ENTRIES = 2"),
                   ("FREE_STACKS = 16", "FREE_STACKS = 2")),
    "dataplane/collector.c": (("BATCH = 4096", "BATCH = 2"),),
}
# Sizes of lines are asserted where tables are large; thread-local words are reset before each run.
FLAGS = ("-std=gnu17", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-D_Static_assert(...)=")
HOOKS = ("-O1", "-fsanitize=thread", '-D_Thread_local=__attribute__((section("per_run")))')
SPIN = ("-O2", "-w", "-DSAFETY", "-DNOREDUCE", "-DNOFAIR", "-DNOBOUNDCHECK", "-DVECTORSZ=256",
        f"-DMEMLIM={MEMORY_MB}")
HARNESS = ("model", "properties", "configurations", "intern", "choose")

NAME = re.compile(r'\.name = "([\w-]+)",\s*\.what = "([^"]+)"(,\s*\.is_long = 1)?')
STATES = re.compile(r"(\d+) states, stored")
FAILED = re.compile(r"FAILED: (.*)")


class Result(NamedTuple):
    """What a search says."""

    states: int
    failed: str
    complete: bool
    seconds: float
    output: str


def configurations():
    """=> {name: (what it is, whether it takes long)}"""
    text = (HERE / "configurations.c").read_text(encoding="utf-8")
    return {name: (what, bool(is_long)) for name, what, is_long in NAME.findall(text)}


def substitute(path, changes):
    """Change words of a file, each of which must occur once."""
    text = path.read_text(encoding="utf-8")
    for words, instead in changes:
        if text.count(words) != 1:
            raise SystemExit(f"proofs: {path.name}: {words!r}: {text.count(words)} times, "
                             "expected once")
        text = text.replace(words, instead)
    path.write_text(text, encoding="utf-8")


def copy_sources(directory):
    """The code under test, with small tables."""
    for name in SOURCES:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, directory / name)
    for name, changes in SMALL.items():
        substitute(directory / name, changes)


def _run(*command, **options):
    subprocess.run([str(word) for word in command], check=True, **options)


def _includes(sources):
    return (f"-I{sources}", f"-I{ROOT}", f"-I{HERE}")


def compile_subject(sources, *more):
    """=> the object of the code under test"""
    _run("gcc", *FLAGS, *HOOKS, *more, *_includes(sources), "-c", HERE / "subject.c", "-o",
         sources / "subject.o")
    return sources / "subject.o"


class Search:
    """Spin's program, but for the code under test."""

    def __init__(self, directory):
        self.sources = directory / "sources"
        copy_sources(self.sources)
        jobs = [("gcc", *FLAGS, "-O2", *_includes(self.sources), "-c", HERE / f"{name}.c", "-o",
                 directory / f"{name}.o") for name in HARNESS]
        _run("spin", "-a", HERE / "holdfast.pml", cwd=directory)
        jobs.append(("gcc", *SPIN, "-D_Static_assert(...)=", *_includes(self.sources), "-c",
                     directory / "pan.c", "-o", directory / "pan.o"))
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(lambda job: _run(*job), jobs))
        self.objects = [directory / f"{name}.o" for name in (*HARNESS, "pan")]

    def program(self, sources, *more):
        """=> the program for the code under test in a folder"""
        program = sources / "pan"
        _run("gcc", compile_subject(sources, *more), *self.objects, "-o", program)
        return program


def search(program, name):
    """=> Result of a configuration"""
    started = time.monotonic()
    done = subprocess.run([program, f"-m{DEPTH}", "-w22"], cwd=program.parent, check=False,
                          capture_output=True, text=True, timeout=LIMIT_S,
                          env={**os.environ, "PROOF": name})
    output = done.stdout + done.stderr
    states, failed = STATES.search(output), FAILED.search(output)
    complete = "errors: 0" in output and not re.search("not completed|max search depth", output)
    return Result(int(states[1]) if states else 0, failed[1] if failed else "", complete,
                  time.monotonic() - started, output)


def trace(program, name):
    """=> the steps to the failure that search() has found"""
    done = subprocess.run([program, "-r", "holdfast.pml.trail"], cwd=program.parent, check=False,
                          capture_output=True, text=True, timeout=LIMIT_S,
                          env={**os.environ, "PROOF": name})
    return "\n".join(line for line in done.stdout.splitlines()
                     if line.startswith(("    process", "FAILED")))


def prove(directory, names, with_trace):
    """Search configurations, as many at a time as there are processors. => exit status"""
    known = configurations()
    program = Search(directory).program(directory / "sources")
    failures, states = 0, 0
    with ThreadPoolExecutor(1 if with_trace else os.cpu_count()) as pool:
        results = pool.map(lambda name: search(program, name), names)
        for name, result in zip(names, results):
            states += result.states
            failures += not result.complete
            print(f"{name:<17} {result.states:>9} states {result.seconds:5.1f} s  "
                  f"{'all' if result.complete else 'FAILED'}: {result.failed or known[name][0]}",
                  flush=True)
            if not result.complete:
                print(trace(program, name) if with_trace and result.failed else result.output)
    print(f"{len(names) - failures} of {len(names)} configurations hold in all of their "
          f"{states} states")
    return 1 if failures else 0


def is_found(finder, fault, with_trace):
    """=> what is printed of a fault, and whether it was found"""
    with tempfile.TemporaryDirectory(prefix="hf-proof-") as name:
        sources = Path(name)
        copy_sources(sources)
        substitute(sources / fault.path, fault.changes)
        program = finder.program(sources, "-w")
        result = search(program, fault.finder)
        steps = "\n" + trace(program, fault.finder) if with_trace and result.failed else ""
    return (f"{fault.name}: {result.failed or 'NOT FOUND'} ({fault.finder}, "
            f"{result.seconds:.1f} s){steps}", bool(result.failed))


def find_faults(look, faults, words, at_once):
    """Look for the faults that have one of the words, or for all. => exit status

    look(fault) => what is printed of it, and whether it was found
    """
    wanted = [fault for fault in faults
              if not words or any(word in fault.name for word in words)]
    found = 0
    with ThreadPoolExecutor(at_once) as pool:
        for line, is_one in pool.map(look, wanted):
            print(line, flush=True)
            found += is_one
    print(f"{found} of {len(wanted)} faults found")
    return 0 if found == len(wanted) else 1


def main():
    """The command line. => exit status"""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for flag in ("--long", "--faults", "--trace"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    known = configurations()
    names = options.names or [name for name, (_, is_long) in known.items()
                              if options.long or not is_long]
    with tempfile.TemporaryDirectory(prefix="hf-proofs-") as directory:
        if options.faults:
            finder = Search(Path(directory))
            return find_faults(lambda fault: is_found(finder, fault, options.trace),
                               proof_faults.FAULTS, options.names,
                               1 if options.trace else os.cpu_count())
        if set(names) - set(known):
            parser.error(f"expected names of configurations: {', '.join(known)}")
        return prove(Path(directory), names, options.trace)


if __name__ == "__main__":
    sys.exit(main())
