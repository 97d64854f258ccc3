#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the lab's tests: real programs in network namespaces, through a real gateway.

    run.py [--build BUILD] [--dataplane ebpf|userspace|switching] [--soak] [--one-by-one]
           [--list] [NAMES]

A name is a part of test_file.test_name; without one, all are run. Each test has a world of its
own (sandbox.py) and a time that it may take. Tests of files that say ALONE, because they keep every
processor busy or look at the clock, have the machine for themselves. Needs root.
"""
import argparse
import importlib
import os
import struct
import sys
import tempfile
import time
import traceback
from pathlib import Path

import house
import sandbox
from lab import Lab, print_logs

HERE = Path(__file__).resolve().parent
LIMIT_S = 60
WAITING = 1  # of the tests that run side by side, how many mostly wait for something
NUMBER = struct.Struct("H")


class Test:
    """One test function."""

    def __init__(self, module, function):
        self.function = function
        self.name = ".".join(each.__name__.removeprefix("test_") for each in (module, function))
        self.claim = function.__doc__.splitlines()[0]
        self.limit_s = getattr(function, "limit_s", LIMIT_S)
        self.dataplanes = getattr(function, "dataplanes", house.DATAPLANES)
        self.alone = getattr(module, "ALONE", False)

    def run(self, build):
        """=> exit status, seconds, and what it printed"""
        with tempfile.TemporaryFile("w+", errors="replace") as output:
            started = time.monotonic()
            status = sandbox.run(lambda: self._perform(build, output), self.limit_s)
            seconds = time.monotonic() - started
            output.seek(0)
            return status, seconds, output.read().strip()

    def _perform(self, build, output):
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
        lab = Lab(build)
        try:
            note = self.function(lab)
            lab.check()
            print(note or "")
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
            print_logs()
            return 1
        sys.stdout.flush()
        return 0


def discover():
    """=> all tests, by file and in order"""
    tests = []
    for path in sorted(HERE.glob("test_*.py")):
        module = importlib.import_module(path.stem)
        tests += [Test(module, function) for name, function in vars(module).items()
                  if name.startswith("test_") and function.__module__ == module.__name__]
    return tests


def run_all(tests, build):
    """=> how many failed"""
    failed = 0
    for test in tests:
        status, seconds, output = test.run(build)
        failed += status != 0
        mark = {0: "ok  ", sandbox.TIMED_OUT: "LATE"}.get(status, "FAIL")
        note = f" ({output})" if output and not status else ""
        print(f"{mark} {seconds:6.1f} s  {test.name}: {test.claim}{note}", flush=True)
        if status:
            print(output, flush=True)
    return failed


def _taken_from(queue, tests):
    """=> tests that nobody else has taken from the queue, one after the other"""
    while number := os.read(queue, NUMBER.size):
        yield tests[NUMBER.unpack(number)[0]]


def run_side_by_side(tests, build):
    """Those that need no processor for themselves first. => how many failed"""
    together = [test for test in tests if not test.alone]
    queue, filling = os.pipe()
    os.write(filling, b"".join(NUMBER.pack(number) for number in range(len(together))))
    os.close(filling)
    children = []
    for _ in range(min(os.cpu_count() + WAITING, len(together))):
        child = os.fork()
        if not child:
            os._exit(min(run_all(_taken_from(queue, together), build), 99))
        children.append(child)
    os.close(queue)
    failed = sum(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 0xFF for child in children)
    return failed + run_all([test for test in tests if test.alone], build)


def main():
    """=> exit status"""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=Path("build"), help="where meson built")
    parser.add_argument("--dataplane", choices=house.DATAPLANES, default="ebpf",
                        help="run by which; switching: another one every second")
    parser.add_argument("--soak", action="store_true",
                        help="as often as the goals ask for, where a check does less")
    parser.add_argument("--one-by-one", action="store_true", help="never two tests at a time")
    parser.add_argument("--list", action="store_true", help="name the tests and what they show")
    parser.add_argument("names", nargs="*", help="parts of names; without: all")
    arguments = parser.parse_args()
    tests = [test for test in discover()
             if arguments.dataplane in test.dataplanes and
             (not arguments.names or any(name in test.name for name in arguments.names))]
    if arguments.list:
        for test in tests:
            print(f"{test.name}: {test.claim}")
        return 0
    house.dataplane, house.soak = arguments.dataplane, arguments.soak
    started = time.monotonic()
    run_tests = run_all if arguments.one_by_one else run_side_by_side
    failed = run_tests(tests, arguments.build.resolve())
    print(f"{len(tests) - failed} of {len(tests)} lab tests passed in "
          f"{time.monotonic() - started:.0f} s")
    return 1 if failed or not tests else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("interrupted; nothing is left of the lab")
