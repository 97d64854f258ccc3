# SPDX-License-Identifier: Apache-2.0
"""The options of this folder's tests, and where what they share lies."""
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[1:1] = [str(TESTS / "model"), str(TESTS / "parity")]

FORMS = ("model", "native", "xdp", "worker")


def pytest_addoption(parser):
    """Which program runs the compiled forms, and which forms are asked for."""
    parser.addoption("--replay", type=Path, required=True, help="BUILD/tests/replay")
    parser.addoption("--form", action="append", choices=FORMS,
                     help="default: all of them; xdp and worker need root")


def pytest_generate_tests(metafunc):
    """Every test of a case is made for each form."""
    if "outcomes" in metafunc.fixturenames:
        forms = metafunc.config.getoption("form") or FORMS
        metafunc.parametrize("outcomes", forms, indirect=True, scope="session")
