# SPDX-License-Identifier: Apache-2.0
"""An operator who cannot decide: changes the dataplane every second, whatever else goes on."""
import http.client
import threading

INTERVAL_S = 1
LINE = "set system dataplane-type {}\n"
OTHER = {"ebpf": "userspace", "userspace": "ebpf"}


def switched(text):
    """=> a configuration with the other dataplane, or None if it says nothing of dataplanes"""
    for one, other in OTHER.items():
        if LINE.format(one) in text:
            return text.replace(LINE.format(one), LINE.format(other))
    return None


class Switcher(threading.Thread):
    """Commits a gateway's configuration again and again, each time with the other dataplane.

    A daemon that does not run, or is just being killed, is left alone. check() at the end.
    """

    def __init__(self, gateway):
        super().__init__(daemon=True)
        self.gateway = gateway
        self.ended = threading.Event()
        self.switches = 0
        self.trouble = None
        self.start()

    def run(self):
        while not self.ended.wait(INTERVAL_S) and not self.trouble:
            try:
                self.switches += self.gateway.switch_dataplane(switched)
            except (OSError, http.client.HTTPException):
                pass  # killed by the test
            except AssertionError as error:
                self.trouble = error

    def check(self):
        """Switch no more. Raises what a switch was refused with."""
        self.ended.set()
        self.join()
        if self.trouble:
            raise self.trouble
