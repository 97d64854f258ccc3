#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Builds and proves everything: one line a stage, with its time and result.

    check.py [--only STAGE,STAGE...] [--list]

What a stage prints goes to build/logs/STAGE.log, and its end to the screen if the stage fails. A
test that is skipped makes its stage fail: what should have been shown was not. A stage that this
machine cannot run at all is said and counted.
"""
import argparse
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).resolve().parents[1]
BUILD = SOURCE / "build"
LOGS = BUILD / "logs"
PYTHON = "/usr/bin/python3"
TAIL_LINES = 30
NAMED_LINES = 15
SANITIZERS = {
    "ASAN_OPTIONS": "halt_on_error=1:detect_leaks=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=1",
}
SKIPPED = re.compile(r"^Skipped:\s+[1-9]|\b[1-9]\d* skipped\b|\bSKIP(?:PED)?\b", re.MULTILINE)
NAMES_A_FAILURE = re.compile(r"\bFAIL(?:ED)?\b|[Ee]rror\b|ERROR|\bfailed\b")


class Tree(NamedTuple):
    """A build directory."""

    what: str
    compiler: str
    options: tuple
    targets: tuple = ()


TREES = {
    "release": Tree("gcc, BPF by clang 14", "gcc", ()),
    "clang": Tree("clang 16, BPF by clang 16", "clang-16", ("-Dbpf_clang=clang-16",)),
    "asan": Tree("ASan and UBSan, BPF by clang 19", "gcc",
                 ("-Dbpf_clang=clang-19", "-Db_sanitize=address,undefined", "-Db_lundef=false")),
    # The one fence that gcc warns of stands between reads of one process and no test's threads.
    "fuzz": Tree("the fuzzers, by clang 16", "clang-16", ("-Dfuzz=true", "-Db_lundef=false"),
                 ("fuzz",)),
    "tsan": Tree("ThreadSanitizer", "gcc",
                 ("-Db_sanitize=thread", "-Db_lundef=false", "-Dc_args=-Wno-tsan")),
}


class Stage(NamedTuple):
    """What is shown, by which command, in which build directories."""

    name: str
    what: str
    command: tuple
    trees: tuple = ()
    limit_s: int = 300
    root: bool = False
    machines: tuple = ()


def _tree(name):
    return str(BUILD / name)


def _meson(tree, suite):
    return ("meson", "test", "-C", _tree(tree), "--no-rebuild", "--print-errorlogs",
            "--suite", suite)


def _python(path, *words):
    return (PYTHON, str(SOURCE / path), *words)


def _lab(tree, dataplane, *names):
    return _python("tests/lab/run.py", "--build", _tree(tree), "--dataplane", dataplane, *names)


STAGES = (
    Stage("unit", "unit tests under ASan and UBSan", _meson("asan", "unit"), ("asan",)),
    Stage("threads", "unit tests under ThreadSanitizer [R39]", _meson("tsan", "unit"), ("tsan",)),
    Stage("clang", "unit tests, compiled by clang", _meson("clang", "unit"), ("clang",)),
    Stage("model", "tests of the oracle", (PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider",
                                           str(SOURCE / "tests/model"))),
    Stage("golden", "golden packets: oracle and native core", _meson("release", "golden"),
          ("release",)),
    Stage("golden-xdp", "golden packets: XDP program", _meson("release", "golden-xdp"),
          ("release",), root=True),
    Stage("golden-worker", "golden packets: AF_XDP worker, under ASan and UBSan",
          _meson("asan", "golden-worker"), ("asan",), root=True),
    Stage("parity", "random packets: oracle, native core, XDP program, worker agree",
          _meson("release", "parity"), ("release",), root=True),
    Stage("faults", "faults put in on purpose are found", _meson("release", "faults"),
          ("release",), root=True),
    Stage("proofs", "every interleaving of the core's atomic operations, small tables [R1]",
          _python("tests/proofs/proofs.py")),
    Stage("proof-faults", "faults in allocator, flow table and collector are found by these",
          _python("tests/proofs/proofs.py", "--faults")),
    Stage("eva", "no undefined behaviour in parsers, whatever the bytes [R9]",
          _python("tests/proofs/eva.py")),
    Stage("eva-faults", "checks that are taken out of parsers are missed by this",
          _python("tests/proofs/eva.py", "--faults")),
    Stage("layout", "tables laid out alike, natively and in BPF", _meson("release", "layout"),
          ("release",)),
    Stage("static", "static checks of sources and programs [R37]",
          _python("tests/static/run.py", "--gcc", _tree("release"), "--clang", _tree("clang")),
          ("release", "clang"), limit_s=600),
    Stage("static-tests", "the static checks find what is there",
          (PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(SOURCE / "tests/static"))),
    Stage("fuzz", "fuzzers of configuration, snapshot and packet",
          (str(SOURCE / "tests/fuzz/run.sh"), _tree("fuzz"), "20"), ("fuzz",)),
    Stage("lab", "real programs through a real gateway, in the kernel", _lab("release", "ebpf"),
          ("release",), limit_s=600, root=True),
    Stage("lab-userspace", "the same by workers, which are killed, hang, and are switched to",
          _lab("release", "userspace"), ("release",), limit_s=900, root=True),
    Stage("lab-switching", "the same, with the dataplane switched every second",
          _lab("release", "switching"), ("release",), limit_s=600, root=True),
    Stage("lab-threads", "workers in the lab, under ThreadSanitizer [R39]",
          _lab("tsan", "userspace", "races", "addresses.userspace", "accounting",
               "life.odd", "life.clear", "workers_hang"), ("tsan",), root=True),
    Stage("demo", "the demonstration, each of its claims",
          _python("tests/lab/demo.py", "--build", _tree("release")), ("release",), root=True),
    Stage("kernel", "Debian 12's Linux 6.1: verifier, parity, lab",
          _python("tests/kernel/run.py", "--build", _tree("release"), _tree("clang"),
                  "--objects", _tree("asan"), "--cache", str(BUILD / "kernel")),
          ("release", "clang", "asan"), limit_s=360, machines=("x86_64",)),
)


class Outcome(NamedTuple):
    """What became of a stage."""

    word: str
    output: str
    detail: str = ""


def _run(command, log, limit_s, environment=()):
    """Run a command in a process group of its own. => (what is wrong or "", its output)"""
    with log.open("w") as output:
        print("$", *command, file=output, flush=True)
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT, start_new_session=True, cwd=SOURCE,
                                   env={**os.environ, **SANITIZERS, **dict(environment)})
        try:
            status = process.wait(limit_s)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            return f"no end after {limit_s} s", log.read_text(errors="replace")
    text = log.read_text(errors="replace")
    return (f"exit status {status}" if status else ""), text


def _why_not(stage):
    """=> why this machine cannot run a stage, or nothing"""
    if stage.root and os.geteuid():
        return "needs root"
    if stage.machines and platform.machine() not in stage.machines:
        return f"needs {' or '.join(stage.machines)}, and this is {platform.machine()}"
    return ""


def run_stage(stage):
    """=> Outcome"""
    reason = _why_not(stage)
    if reason:
        return Outcome("SKIPPED", "", reason)
    wrong, output = _run(stage.command, LOGS / f"{stage.name}.log", stage.limit_s)
    skips = SKIPPED.findall(output)
    if not wrong and skips:
        wrong = f"{len(skips)} times skipped"
    return Outcome("FAILED" if wrong else "ok", output, wrong)


def build_tree(name):
    """Configure and compile. => Outcome"""
    tree, log = TREES[name], LOGS / f"build-{name}.log"
    directory = BUILD / name
    stamp = directory / "configured-as"  # `make build` makes one tree as well, and no stamp
    other = stamp.exists() and stamp.read_text() != str(tree)
    if other or not (directory / "build.ninja").exists():
        shutil.rmtree(directory, ignore_errors=True)
        wrong, output = _run(("meson", "setup", str(directory), str(SOURCE), *tree.options), log,
                             120, {"CC": tree.compiler})
        if wrong:
            return Outcome("FAILED", output, wrong)
        stamp.write_text(str(tree))
    wrong, output = _run(("ninja", "-C", str(directory), *tree.targets), log, 600)
    return Outcome("FAILED" if wrong else "ok", output, wrong)


def _telling(output):
    """=> the lines of a failure to show: those that name one, and the last ones"""
    lines = output.splitlines()
    early, tail = lines[:-TAIL_LINES], lines[-TAIL_LINES:]
    named = [line for line in early if NAMES_A_FAILURE.search(line)][:NAMED_LINES]
    return [*named, "...", *tail] if named else tail


class Report:
    """What is printed, and the sums."""

    def __init__(self):
        self.counts = {"ok": 0, "FAILED": 0, "SKIPPED": 0}
        self.started = time.monotonic()

    def do(self, name, what, function, log):
        """Call function(), which takes a while. => whether it went well"""
        if sys.stdout.isatty():
            print(f"  ...    {name:<14} {what}", end="\r", flush=True)
        started = time.monotonic()
        outcome = function()
        self.counts[outcome.word] += 1
        print(f"{outcome.word:<8} {name:<14} {what:<62} {time.monotonic() - started:5.0f} s"
              f"{'  ' if outcome.detail else ''}{outcome.detail}", flush=True)
        if outcome.word == "FAILED":
            print("\n".join(f"    | {line}" for line in _telling(outcome.output)))
            print(f"    all of it: {log}", flush=True)
        return outcome.word == "ok"

    def end(self):
        """=> exit status"""
        seconds = time.monotonic() - self.started
        print(f"{self.counts['ok']} ok, {self.counts['FAILED']} failed, "
              f"{self.counts['SKIPPED']} SKIPPED, in {seconds // 60:.0f} min {seconds % 60:.0f} s")
        return 1 if self.counts["FAILED"] else 0


def check(stages):
    """Build what the stages need, and run them. => exit status"""
    LOGS.mkdir(parents=True, exist_ok=True)
    report = Report()
    needed = [name for name in TREES if any(name in stage.trees for stage in stages)]
    built = {name for name in needed
             if report.do(f"build-{name}", TREES[name].what, lambda name=name: build_tree(name),
                          LOGS / f"build-{name}.log")}
    for stage in stages:
        lacking = [name for name in stage.trees if name not in built]
        if lacking:
            print(f"         {stage.name:<14} not run: build-{lacking[0]} failed")
            continue
        report.do(stage.name, stage.what, lambda stage=stage: run_stage(stage),
                  LOGS / f"{stage.name}.log")
    return report.end()


def main():
    """The command line. => exit status"""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", metavar="STAGE,STAGE...")
    parser.add_argument("--list", action="store_true", help="print the stages")
    options = parser.parse_args()
    names = {stage.name: stage for stage in STAGES}
    wanted = [name for name in options.only.split(",") if name] or list(names)
    unknown = [name for name in wanted if name not in names]
    if unknown:
        parser.error(f"no stage '{unknown[0]}'; there are {', '.join(names)}")
    if options.list:
        for stage in STAGES:
            print(f"{stage.name:<14} {stage.what}")
        return 0
    return check([names[name] for name in wanted])


if __name__ == "__main__":
    sys.exit(main())
