# SPDX-License-Identifier: Apache-2.0
"""Waiting for what is to happen, for as long as is allowed."""
import time

POLL_S = 0.01


class Late(AssertionError):
    """Something did not happen in time."""


def wait_until(condition, what, seconds=10):
    """Call condition() until it returns something true. => that; raises Late"""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise Late(f"waited {seconds} s for {what}; last seen: {result!r}")
        time.sleep(POLL_S)
