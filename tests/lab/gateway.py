# SPDX-License-Identifier: Apache-2.0
"""The gateway: a namespace in which holdfastd runs, and what can be asked of it."""
import http.client
import json
import os
import signal
import socket
import subprocess
import threading
from pathlib import Path
from urllib.parse import urlencode

from namespace import LOGS, Namespace, run
from waiting import wait_until

API_TIMEOUT_S = 30
FLOWS_A_PAGE = 8192


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=API_TIMEOUT_S)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


class Refused(AssertionError):
    """holdfastd answered with an error."""


class Gateway(Namespace):
    """Forwarding is on, as on any router; its links are the topology's business."""

    def __init__(self, name, build, instance="lab"):
        super().__init__(name)
        self.build = Path(build)
        self.instance = instance
        self.run_dir = Path("/run/holdfast", name)
        self.state_dir = Path("/run/lab/state", name)
        self.config_file = LOGS / f"{name}.conf"
        self.daemon = None
        self.committing = threading.RLock()
        self.unjudged = None
        self.run_dir.mkdir(parents=True)
        self.state_dir.mkdir(parents=True)
        LOGS.mkdir(exist_ok=True)
        self.set("ipv4/ip_forward", 1)
        self.set("ipv6/conf/all/forwarding", 1)

    # Processes.

    def holdfastd(self, *more):
        """=> the words that start holdfastd"""
        return (self.build / "control" / "holdfastd", "--config", self.config_file,
                "--state-dir", self.state_dir, "--run-dir", self.run_dir,
                "--instance", self.instance, *more)

    def start_holdfast(self, config=None):
        """Start holdfastd and wait until it answers; `config` replaces its file."""
        if config is not None:
            self.config_file.write_text(config)
        self.launch_holdfast()
        wait_until(self._answers, f"holdfastd of {self.name}")

    def launch_holdfast(self):
        """Start holdfastd, and wait for nothing."""
        self.daemon = self.start(*self.holdfastd("--foreground"))

    def _answers(self):
        if not self.daemon.is_running():
            raise AssertionError(f"holdfastd ended with status {self.daemon.popen.returncode}:\n"
                                 f"{self.daemon.output()}")
        return self.is_answering()

    def is_answering(self):
        """Whether holdfastd answers, and holdfast-dp it."""
        try:
            return "reasons" in self.api("GET", "/v1/status")
        except (OSError, Refused, http.client.HTTPException):
            return False

    def dataplane_pid(self):
        """=> the process id of holdfast-dp"""
        return self.status()["control"]["dataplane_pid"]

    def kill_dataplane(self):
        """kill -9 of holdfast-dp; => once another one runs in its place"""
        before = self.dataplane_pid()
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: self.is_answering() and self.dataplane_pid() not in (0, before),
                   "holdfast-dp to run again", 20)

    def start_dataplane(self):
        """Start holdfast-dp by itself, as holdfastd would. => its Popen, once it is ready"""
        ready, says_ready = os.pipe()
        with self, open(LOGS / f"{self.name}-holdfast-dp.log", "ab") as output:
            popen = subprocess.Popen(
                [self.build / "dataplane" / "holdfast-dp", "--instance", self.instance,
                 "--run-dir", self.run_dir, "--ready-fd", str(says_ready)],
                pass_fds=(says_ready,), stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        os.close(says_ready)
        said = os.read(ready, 1)
        os.close(ready)
        assert said, "holdfast-dp ended while it started"
        return popen

    # Configuration.

    def commit(self, config):
        """Put a configuration into force. => holdfastd's answer"""
        with self.committing:
            self.config_file.write_text(config)
            return self.api("POST", "/v1/commit", {})

    def switch_dataplane(self, switched):
        """Commit switched(text) of the configuration in force, if it is one. => how many"""
        with self.committing:
            if not self.daemon or not self.daemon.is_running() or not self.is_answering():
                return 0
            text = switched(self.config_file.read_text())
            if text is None:
                return 0
            self.commit(text)
            return 1

    # Questions.

    def check_parity(self):
        """Raises AssertionError if the forms of the core have judged a packet differently."""
        parity = self.status().get("parity", {})
        assert not parity.get("parity_mismatch_total") and not parity.get("failures"), parity

    def api(self, method, path, body=None, **query):
        """=> the JSON that holdfastd answers; raises Refused"""
        connection = _UnixConnection(self.run_dir / "api.sock")
        try:
            connection.request(method, f"{path}?{urlencode(query)}" if query else path,
                               None if body is None else json.dumps(body))
            answer = connection.getresponse()
            content = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status != 200:
            raise Refused(f"{method} {path}: {answer.status} {content}")
        return content

    def cli(self, *words):
        """=> what `holdfast WORDS` prints"""
        return self.run(self.build / "cli" / "holdfast", "--run-dir", self.run_dir, *words)

    def explain(self, source, *words):
        """=> what `holdfast explain` says about a host, before any packet"""
        return json.loads(run(self.build / "cli" / "holdfast", "explain", "--config",
                              self.config_file, source, *words, "--json"))

    def status(self):
        """=> what `show system dataplane` shows"""
        return self.api("GET", "/v1/status")

    def reasons(self):
        """=> {reason: packets} since the state was made"""
        return {each["reason"]: each["packets"] for each in self.status()["reasons"]}

    def judged(self):
        """=> frames that have been judged since the state was made"""
        return sum(self.reasons().values())

    def received(self):
        """=> frames that the zone interfaces have received"""
        statistics = self.statistics()
        return sum(statistics[each["name"]]["rx"]["packets"]
                   for each in self.status()["interfaces"])

    def quiet_moment(self):
        """=> reasons() and received() of one moment, in which no frame came and none was under way

        What was received before Holdfast looked stays the difference of the two.
        """
        def look():
            before = self.received()
            reasons = self.reasons()
            ahead = before - sum(reasons.values())
            if self.received() != before or ahead > (self.unjudged if self.unjudged is not None
                                                     else ahead):
                return None
            self.unjudged = ahead
            return reasons, before
        return wait_until(look, "a moment without frames")

    def pool(self, name):
        """=> one pool with its counters"""
        return next(pool for pool in self.api("GET", "/v1/pools")["pools"] if pool["name"] == name)

    def rule(self, name):
        """=> one rule with its counters"""
        return next(rule for rule in self.api("GET", "/v1/rules")["rules"] if rule["rule"] == name)

    def failures(self):
        """=> the last events, the newest first"""
        return self.api("GET", "/v1/failures")["events"]

    def flows(self, **conditions):
        """=> all flows that fit"""
        flows, first = [], 0
        while first is not None:
            page = self.api("GET", "/v1/flows", first=first, limit=FLOWS_A_PAGE, **conditions)
            flows += page["flows"]
            first = page["next"]
        return flows

    def flow_count(self, **conditions):
        """=> how many flows there are"""
        return self.api("GET", "/v1/flow-summary", **conditions)["total"]

    def leases(self):
        """=> all leases"""
        return self.api("GET", "/v1/leases")["leases"]

    def verify(self):
        """Raises AssertionError if any table breaks an invariant."""
        answer = self.api("GET", "/v1/verify")
        assert answer["total"] == 0, f"verify on {self.name}: {answer}"
        return answer
