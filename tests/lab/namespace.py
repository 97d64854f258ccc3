# SPDX-License-Identifier: Apache-2.0
"""A network namespace, and what may be done inside it: sockets, processes, settings.

A socket stays in the namespace where it was made, so one Python process has sockets in all of
them, and what it sends and sees it can compare without asking anybody.
"""
import json
import os
import socket
import subprocess
import threading
from pathlib import Path

from sandbox import CLONE_NEWNET, call
from waiting import wait_until

LOGS = Path("/run/lab")
_entered = threading.local()


class CommandFailed(AssertionError):
    """A command that must succeed did not."""


def run(*command, text=None, timeout=30, check=True):
    """Run a command. => its standard output; raises CommandFailed with all that it said"""
    words = [str(word) for word in command]
    done = subprocess.run(words, input=text, capture_output=True, text=True, errors="replace",
                          timeout=timeout)
    if check and done.returncode:
        raise CommandFailed(f"{' '.join(words)}: status {done.returncode}\n"
                            f"{done.stdout}{done.stderr}")
    return done.stdout


class Process:
    """A process that runs beside the test; what it prints goes to a log."""

    def __init__(self, popen, log):
        self.popen = popen
        self.log = log

    @property
    def pid(self):
        """Its process id."""
        return self.popen.pid

    def output(self):
        """=> all that it has printed"""
        return self.log.read_text(errors="replace")

    def is_running(self):
        """=> whether it has not ended"""
        return self.popen.poll() is None

    def wait_for_output(self, text, seconds=10):
        """Wait until it has printed a text."""
        wait_until(lambda: text in self.output() or self._must_run(), f"{text!r} of {self.log}",
                   seconds)

    def wait(self, seconds=30):
        """=> its exit status, once it has ended by itself"""
        return self.popen.wait(seconds)

    def stop(self, seconds=10):
        """End it politely, and wait for that."""
        self.popen.terminate()
        return self.popen.wait(seconds)

    def kill(self):
        """kill -9, and wait for its end."""
        self.popen.kill()
        return self.popen.wait(10)

    def _must_run(self):
        if not self.is_running():
            raise CommandFailed(f"{self.popen.args}: ended with status {self.popen.returncode}\n"
                                f"{self.output()}")


class Namespace:
    """with namespace: ... makes what stands there happen inside."""

    def __init__(self, name):
        self.name = name
        run("ip", "netns", "add", name)
        self.fd = os.open(f"/run/netns/{name}", os.O_RDONLY | os.O_CLOEXEC)
        self.ip("link", "set", "lo", "up")
        for family in ("all", "default"):  # addresses are to be there at once
            self.set(f"ipv6/conf/{family}/accept_dad", 0)

    def __enter__(self):
        stack = _entered.__dict__.setdefault("stack", [])
        stack.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC))
        call("setns", self.fd, CLONE_NEWNET)
        return self

    def __exit__(self, *_):
        before = _entered.stack.pop()
        call("setns", before, CLONE_NEWNET)
        os.close(before)

    def ip(self, *words):
        """Run ip(8) inside."""
        return run("ip", "-n", self.name, *words)

    def statistics(self):
        """=> the kernel's counters of the interfaces, {name: {"rx": {...}, "tx": {...}}}"""
        links = json.loads(self.ip("-s", "-j", "link", "show"))
        return {link["ifname"]: link["stats64"] for link in links}

    def batch(self, lines):
        """Run many ip(8) commands inside, in one go."""
        run("ip", "-n", self.name, "-batch", "-", text="\n".join(lines) + "\n")

    def run(self, *command, **options):
        """Run a command inside. => its standard output"""
        with self:
            return run(*command, **options)

    def start(self, *command, log=None):
        """=> a Process inside"""
        words = [str(word) for word in command]
        LOGS.mkdir(exist_ok=True)
        path = LOGS / f"{self.name}-{log or Path(words[0]).name}.log"
        with self, open(path, "ab") as output:
            popen = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=output,
                                     stderr=output, start_new_session=True)
        return Process(popen, path)

    def socket(self, family, kind, protocol=0):
        """=> a socket inside"""
        with self:
            return socket.socket(family, kind, protocol)

    def read(self, path):
        """=> what a file under /proc/sys/net says"""
        with self:
            return Path("/proc/sys/net", path).read_text()

    def set(self, path, value):
        """Set a file under /proc/sys/net."""
        with self:
            Path("/proc/sys/net", path).write_text(f"{value}\n")
