# SPDX-License-Identifier: Apache-2.0
"""What a lab test is given, and what holds when any of them ends.

A test is a function test_...(lab) whose first line of documentation says what it shows. It runs
in a sandbox of its own.
"""
from contextlib import contextmanager

from gateway import Refused
from house import INSIDE, House, config
from namespace import LOGS
from switching import Switcher

LOG_LINES = 25
SANITIZER_WORDS = ("runtime error:", "Sanitizer:")


def takes(seconds):
    """Marks a test that may take longer than the others."""
    def mark(test):
        test.limit_s = seconds
        return test
    return mark


def for_dataplanes(*names):
    """Marks a test that is about one dataplane (or about switching), and run with that one only."""
    def mark(test):
        test.dataplanes = names
        return test
    return mark


@contextmanager
def raises(kind, *texts):
    """What stands inside must fail so, and say these texts."""
    try:
        yield
    except kind as error:
        missing = [text for text in texts if text not in str(error)]
        assert not missing, f"expected {missing} in: {error}"
    else:
        raise AssertionError(f"expected {kind.__name__}")


def refused(*texts):
    """What stands inside must be refused by holdfastd, with these texts."""
    return raises(Refused, *texts)


class Lab:
    """Makes houses, and checks all of them at the end."""

    def __init__(self, build):
        self.build = build
        self.houses = []
        self.switchers = []

    def house(self, *parts, hosts=("a1", "a2", "b1"), prefix="", inside=INSIDE,
              inspect_one_in=1, **options):
        """=> a House that is watched, whose gateway runs config(*parts, **options)"""
        house = House(self.build, hosts, prefix)
        self.houses.append(house)
        house.watch_wire(inside, inspect_one_in)
        house.gateway.start_holdfast(config(*parts, **options))
        if house.dataplane == "switching":
            self.switchers.append(Switcher(house.gateway))
        return house

    def bare_house(self, hosts=("a1",), prefix=""):
        """=> a House without Holdfast, and without a watch"""
        house = House(self.build, hosts, prefix)
        self.houses.append(house)
        return house

    def check(self):
        """No packet left as it should not, every invariant holds, no sanitizer complained."""
        for switcher in self.switchers:
            switcher.check()
        for house in self.houses:
            house.check()
        for log in LOGS.glob("*.log"):
            said = log.read_text(errors="replace")
            complaint = next((word for word in SANITIZER_WORDS if word in said), None)
            assert not complaint, f"{log.name} has {complaint!r}"


def print_logs():
    """What the processes of a failed test had to say, the last lines of it."""
    for log in sorted(LOGS.glob("*.log")):
        lines = log.read_text(errors="replace").splitlines()
        if lines:
            print(f"--- {log.name}")
            print("\n".join(lines[-LOG_LINES:]))
