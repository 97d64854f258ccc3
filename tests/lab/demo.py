#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Shows on real traffic what Holdfast promises, and exits non-zero where it does not keep it.

    demo.py [--build BUILD]        KEEP=1 in the environment leaves the lab running at the end
"""
import argparse
import os
import select
import signal
import socket
import sys
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

import clients
import house
from observers import Conversation, Observer, ask
from oracle import parse, text_of
from sandbox import Sandbox
from sequence import NumberedFlow
from socket_filter import incoming
from terminal import Story
from waiting import wait_until
from wire import Capture

HERE = Path(__file__).resolve().parent
KEPT = Path("/run/holdfast-lab.pid")
HOSTS = ("a1", "a2", "a3", "b1", "b2", "b3")
FAMILIES = (4, 6)
WEB_REQUESTS, DATAGRAMS = 60, 40  # for each host, server and family
IPERF_SECONDS = 2
TINY_PORTS, REFUSED = 8, 20
ENDPOINT_PORT, CALL_S = 4000, 5
SWITCHES, RATE, AROUND_NS = 7, 2000, 10**9
INSPECTED, INSPECTED_OF_MANY = 64, 4096  # one frame in so many
LIMIT_S = 180

PICTURE = """
a1 a2 a3 -- 10.0.1.0/24, 2001:db8:1::/64 -- [zone lan] --.               .-- s1 198.18.1.10
                                                     gateway -- router --+
b1 b2 b3 -- 10.0.2.0/24, 2001:db8:2::/64 -- [zone guest] -'              `-- s2 198.18.2.10

Pool: 198.51.100.16 to .23 and 2001:db8:64:: to ::7. The router knows no way to the inside.
"""

LEASES = """
set security nat source rule-set out rule all then source-nat pool persistent-nat permit {}
"""

TINY_RULES = f"""
set security nat source pool tiny address 198.51.100.40
set security nat source pool tiny port range 2000 to {1999 + TINY_PORTS}
set security nat source rule-set out from zone [ lan guest ]
set security nat source rule-set out to zone wan
set security nat source rule-set out rule small match source-address 10.0.2.11
set security nat source rule-set out rule small then source-nat pool tiny
"""


class Demo:
    """One chapter a method; all in one house."""

    def __init__(self, build):
        self.build = build
        self.story = Story()
        self.house = None
        self.predicted = {}  # (host, family): address
        self.plain_gigabits = {}

    # The lab.

    def build_lab(self):
        """Hosts, links, servers."""
        self.story.chapter("Six hosts, a gateway, a router, two servers")
        self.story.say(PICTURE.strip("\n"))
        self.house = house.House(self.build, HOSTS)
        self.gateway = self.house.gateway
        self.observers = {name: Observer(server) for name, server in self.house.servers.items()}
        self.web = {name: clients.WebServer(server) for name, server in self.house.servers.items()}
        clients.start_iperf3_server(self.house.servers["s1"])

    def measure_plain_routing(self):
        """The peer for the throughput: the same kernel, forwarding without NAT."""
        self.story.doing(f"iperf3 through the gateway while it only routes, {IPERF_SECONDS} s each")
        self.house.route(house.INSIDE)
        self.plain_gigabits = {family: self._throughput(family) for family in FAMILIES}
        self.house.router.batch(f"route del {prefix}" for prefix in house.INSIDE)

    def _throughput(self, family):
        server = self.house.server("s1", family)
        return clients.gigabits(clients.iperf3(self.house.host("a1"), server, IPERF_SECONDS))

    def start(self):
        """holdfastd, with address-persistent."""
        self.story.chapter("Holdfast starts: address-persistent is on")
        self.house.watch_wire(inspect_one_in=INSPECTED)
        self.gateway.start_holdfast(house.config(house.PERSISTENT))
        for interface in self.gateway.status()["interfaces"]:
            self.story.check(interface["xdp_mode"] == "native",
                             f"{interface['name']} (zone {interface['zone']}): XDP program "
                             f"attached, {interface['xdp_mode']} mode")

    # Which address.

    def predict(self):
        """Ask `holdfast explain` before the first packet."""
        for host in HOSTS:
            zone = "lan" if host[0] == "a" else "guest"
            for family in FAMILIES:
                said = self.gateway.explain(self.house.host(host).address(family),
                                            "--from-zone", zone, "--to-zone", "wan")
                self.predicted[host, family] = said["address"]

    def visit(self):
        """Every host talks to both servers, by TCP and UDP. => {(host, family, server): Counter}"""
        each = len(FAMILIES) * len(self.web)
        self.story.doing(f"every host fetches {each * WEB_REQUESTS} pages with curl and sends "
                         f"{each * DATAGRAMS} UDP queries, each from a new port")
        for observer in self.observers.values():
            observer.seen.clear()
        for host in HOSTS:
            for server in self.web:
                for family in FAMILIES:
                    self._visit(self.house.host(host), self.house.server(server, family))
        return self._gather()

    def _visit(self, host, server):
        came = clients.curl(host, server, WEB_REQUESTS)
        if came < WEB_REQUESTS:
            self.story.check(False, f"{host.name} got {came} of {WEB_REQUESTS} pages of {server}")
        for _ in range(DATAGRAMS):
            ask(host, server, "udp")

    def _gather(self):
        seen = {}
        for name, web in self.web.items():
            pages = web.take_seen(len(HOSTS) * len(FAMILIES) * WEB_REQUESTS)
            for host in HOSTS:
                for family in FAMILIES:
                    counts = defaultdict(int, self.observers[name].addresses_of(host, family))
                    for address, count in pages[host].items():
                        if (":" in address) == (family == 6):
                            counts[address] += count
                    seen[host, family, name] = dict(counts)
        return seen

    def show_persistent(self):
        """One address a host, the one that was foretold."""
        seen = self.visit()
        rows, kept = [], 0
        for host, family in self.predicted:
            s1, s2 = (seen[host, family, server] for server in self.web)
            same = {*s1, *s2} == {self.predicted[host, family]}
            kept += same
            rows.append((host, self.house.host(host).address(family),
                         self.predicted[host, family], "  ".join(s1), "  ".join(s2),
                         sum(s1.values()) + sum(s2.values()), "yes" if same else "NO"))
        self.story.table(("host", "inside address", "explain foretold", "s1 saw", "s2 saw",
                          "flows", "same"), rows)
        self.story.check(kept == len(rows), f"{kept} of {len(rows)}: every host had one public "
                         "address for all its connections, as foretold")

    def show_spread(self):
        """Without address-persistent: round-robin."""
        self.story.chapter("The same without address-persistent: round-robin")
        self.gateway.commit(house.config())
        seen = self.visit()
        rows, spread = [], 0
        for host, family in self.predicted:
            both = [count for server in self.web for count in seen[host, family, server].items()]
            counts = defaultdict(int)
            for address, count in both:
                counts[address] += count
            spread += len(counts) == 8
            rows.append((host, self.house.host(host).address(family), len(counts),
                         min(counts.values()), max(counts.values()), sum(counts.values())))
        self.story.table(("host", "inside address", "public addresses seen", "fewest flows",
                          "most flows", "flows"), rows)
        self.story.check(spread == len(rows), f"{spread} of {len(rows)}: every host was seen with "
                         "all 8 addresses of the pool")
        self.gateway.commit(house.config(house.PERSISTENT))

    # Who is called.

    def _call(self, caller, to, said, endpoint):
        """=> the tuple that a caller seems to have when it reaches an inside endpoint; or None"""
        before = self.gateway.reasons()["filtered_inbound"]
        with caller.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(said, to)
            refused = wait_until(
                lambda: (select.select([endpoint], [], [], 0)[0] and "no") or
                (self.gateway.reasons()["filtered_inbound"] > before and "yes"), "the call")
        return None if refused == "yes" else endpoint.recvfrom(64)[1]

    def show_leases(self):
        """One port for whoever is called, and who may call it."""
        self.story.chapter("An inside host is called: persistent-nat")
        self.gateway.commit(house.config(house.PERSISTENT, LEASES.format("target-host")))
        a1, a2 = self.house.host("a1"), self.house.host("a2")
        s1, s2 = self.house.servers.values()
        with a1.socket(socket.AF_INET, socket.SOCK_DGRAM) as endpoint:
            endpoint.bind((a1.address(4), ENDPOINT_PORT))
            seen = self._seen(endpoint, s1)
            self.story.say(f"a1, port {ENDPOINT_PORT}, has called s1, which saw {seen[0]} port "
                           f"{seen[1]}. Rule: permit target-host.")
            self.story.check(self._call(s1, seen, b"s1 calls", endpoint) is not None,
                             "s1 calls it from another port, and is heard")
            self.story.check(self._call(s2, seen, b"s2 calls", endpoint) is None,
                             "s2, which a1 has not called, is not: filtered_inbound")
            self.story.check(self._seen(endpoint, s2) == seen,
                             "a1 calls s2 from that port, and s2 sees the same address and port")
            self.gateway.commit(house.config(house.PERSISTENT, LEASES.format("any-remote-host")))
            self.story.check(self._seen(endpoint, s1) == seen,
                             "the rule now says any-remote-host; s1 sees a1 as before")
            caller = self._call(a2, seen, b"a2 calls", endpoint)
            self.story.check(caller is not None and caller[0] == self.predicted["a2", 4],
                             f"its neighbour a2 calls it by that public address, as {caller[0]}")
            self._quote("show", "security", "nat", "source", "persistent-nat-table", "all")
        self.gateway.commit(house.config(house.PERSISTENT))

    @staticmethod
    def _seen(endpoint, server):
        """=> the tuple that a server sees, on a port that has not been called before"""
        with server.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(CALL_S)
            sock.bind((server.address(4), 0))
            endpoint.sendto(b"a1 calls", sock.getsockname())
            return sock.recvfrom(64)[1]

    # Other programs.

    def show_ping(self):
        """ICMP has the same address, and errors find their way back."""
        self.story.chapter("ping and traceroute")
        answers, as_foretold = 0, 0
        wire = Capture(self.house.router, "eth0", incoming())
        for host, family in self.predicted:
            answers += clients.ping(self.house.host(host), self.house.server("s1", family), 3)
            seen = {text_of(packet.source) for packet, _ in wire.packets()
                    if packet.kind == parse.ECHO_REQUEST}
            as_foretold += seen == {self.predicted[host, family]}
        wire.close()
        asked = 3 * len(self.predicted)
        self.story.check(answers == asked, f"{answers} of {asked} pings were answered")
        self.story.check(as_foretold == len(self.predicted), f"{as_foretold} of "
                         f"{len(self.predicted)}: pinging hosts were seen with the same address")
        for family in FAMILIES:
            self._show_traceroute(family)

    def _show_traceroute(self, family):
        host, server = self.house.host("a1"), self.house.server("s1", family)
        hops = clients.traceroute(host, server)
        self.story.check(hops == [house.GATEWAY_LAN[family], house.ROUTER[family], server],
                         f"traceroute: a1 - {' - '.join(hops)}")

    def show_throughput(self):
        """Next to the kernel's own forwarding, in the same run."""
        self.story.chapter("Throughput: iperf3, one TCP connection, a1 to s1")
        self.story.doing(f"{IPERF_SECONDS} s each")
        self.house.watch.inspect(one_in=INSPECTED_OF_MANY)
        rows = []
        for family in FAMILIES:
            speed, plain = self._throughput(family), self.plain_gigabits[family]
            rows.append((f"IPv{family}", f"{speed:.2f}", f"{plain:.2f}", f"{speed / plain:.2f}"))
        self.story.table(("", "Holdfast Gbit/s", "kernel, only routing, Gbit/s", "ratio"), rows)
        self.house.watch.inspect(one_in=INSPECTED)
        self.story.say("veth pairs on this machine; `make bench` measures packets and flows.")

    def show_pool(self):
        """What an operator sees."""
        self.story.chapter("What the operator sees")
        self._quote("show", "security", "nat", "source", "summary")
        self._quote("show", "security", "nat", "source", "pool", "resi")
        pool = self.gateway.pool("resi")
        flows = self.gateway.flow_count()
        self.story.check(pool["ports_in_use"] == flows == pool["flows"],
                         f"{pool['ports_in_use']} ports in use for {flows} flows")

    def _quote(self, *words, lines=40):
        output = self.gateway.cli(*words).splitlines()
        more = [f"... and {len(output) - lines} more lines"] if len(output) > lines else []
        self.story.quote(f"holdfast {' '.join(words)}", "\n".join(output[:lines] + more))

    # Two dataplanes.

    def _judged(self):
        status = self.gateway.status()
        return status["judged_by_workers"], status["judged_in_kernel"]

    def _dataplane(self, kind):
        """Switch. => frames judged by workers and in the kernel from then on, after some have been"""
        self.gateway.commit(house.config(house.PERSISTENT).replace("dataplane-type ebpf",
                                                                   f"dataplane-type {kind}"))
        before = self._judged()
        after = wait_until(lambda: sum(now := self._judged()) > sum(before) + RATE // 4 and now,
                           "packets")
        return tuple(new - old for new, old in zip(after, before))

    def _talks(self):
        return {(host, family): Conversation(self.house.host(host),
                                             self.house.server("s1", family))
                for host in HOSTS for family in FAMILIES}

    def show_dataplanes(self):
        """Kernel and user space take turns under traffic."""
        self.story.chapter("Traffic runs, and the dataplane changes: kernel, user space, and back")
        talks = self._talks()
        before = {each: talk.ask() for each, talk in talks.items()}
        flow = NumberedFlow(self.build, self.house.host("a1"), self.house.servers["s2"], RATE)
        rows = []
        for number in range(1, SWITCHES + 1):
            kind = ("ebpf", "userspace")[number % 2]
            counts = self._dataplane(kind)
            asked = sum(talk.ask() == before[each] for each, talk in talks.items())
            rows.append((number, kind, f"{asked} of {len(talks)}", *counts))
        self.story.table(("switch", "to", "connections as before", "packets judged by workers",
                          "in the kernel"), rows)
        self._quote("show", "system", "dataplane", lines=22)
        verdict = flow.stop()
        self.story.check(len(verdict.sources) == 1 and not verdict.lost,
                         f"a flow of {verdict.sent} numbered packets, {RATE} a second, kept one "
                         f"public address and port; {len(verdict.lost)} were lost, "
                         f"{verdict.reordered} overtaken")
        self._kill_workers(talks, before)

    def _kill_workers(self, talks, before):
        flow = NumberedFlow(self.build, self.house.host("a1"), self.house.servers["s2"], RATE)
        killed = time.time_ns()
        self.gateway.kill_dataplane()
        same = sum(talk.ask() == before[each] for each, talk in talks.items())
        verdict = flow.stop()
        outage = verdict.outages_ms([killed], AROUND_NS)[0]
        self.story.check(same == len(talks) and len(verdict.sources) == 1,
                         f"kill -9 of the workers: {same} of {len(talks)} connections go on; the "
                         f"kernel took over after {outage:.1f} ms, {len(verdict.lost)} packets "
                         "lay in the rings")
        for talk in talks.values():
            talk.close()

    # Too small a pool.

    def show_exhaustion(self):
        """b1 has one address and few ports."""
        self.story.chapter(f"A pool too small: {TINY_PORTS} ports for b1, which wants more")
        self.gateway.commit(house.config(house.PERSISTENT, rules=TINY_RULES + house.POOL_RULES))
        b1, server = self.house.host("b1"), self.house.server("s1", 4)
        talks = [Conversation(b1, server, "udp") for _ in range(TINY_PORTS)]
        tuples = [talk.ask() for talk in talks]
        self.story.check(len(set(tuples)) == TINY_PORTS,
                         f"{TINY_PORTS} flows got {len(set(tuples))} different ports of "
                         f"{' '.join({address for address, _ in tuples})}")
        self._refuse_more(b1, server)
        self.story.check([talk.ask() for talk in talks] == tuples,
                         f"the {TINY_PORTS} flows that were there go on, each on its port")
        self._quote("show", "security", "nat", "source", "failures", lines=12)
        for talk in talks:
            talk.close()

    def _refuse_more(self, host, server):
        wire = Capture(self.house.router, "eth0", incoming())
        before = self.gateway.reasons()["source_nat_pool_exhausted"]
        talks = [Conversation(host, server, "udp") for _ in range(REFUSED)]
        for talk in talks:
            talk.socket.send(b"b1 is refused\n")
        counted = self.gateway.reasons()["source_nat_pool_exhausted"] - before
        escaped = sum(1 for _ in wire.frames_with(b"b1 is refused"))
        for talk in talks:
            talk.close()
        wire.close()
        self.story.check(counted == REFUSED, f"{REFUSED} more were refused, and {counted} counted "
                         "as source_nat_pool_exhausted")
        self.story.check(not escaped, f"{escaped} of them were seen on the outside wire")

    # The end.

    def check_all(self):
        """What must hold whatever happened."""
        self.story.chapter("What the wire and the tables say")
        try:
            self.house.watch.check()
            clean = ""
        except AssertionError as error:
            clean = str(error)
        self.story.check(not clean, clean or "from the first packet to the last, nothing left the "
                         f"gateway untranslated; {self.house.watch.inspected} packets inspected, "
                         "no checksum wrong")
        findings = self.gateway.api("GET", "/v1/verify")
        self.story.check(findings["total"] == 0, f"no alias, no port unaccounted for: "
                         f"{findings['flows']} flows have {findings['ports']} ports; those of a "
                         "lease share one")

    def run(self):
        """=> exit status"""
        chapters = (self.build_lab, self.measure_plain_routing, self.start, self.predict,
                    self.show_persistent, self.show_ping, self.show_spread, self.show_pool,
                    self.show_leases, self.show_throughput, self.show_dataplanes,
                    self.show_exhaustion, self.check_all)
        for chapter in chapters:
            chapter()
            if self.house.watch:
                self.house.watch.listen()
        return self.story.end()


def end_kept_lab():
    """One kept lab at a time: end that of an earlier run."""
    with suppress(FileNotFoundError, ValueError, ProcessLookupError):
        pid = int(KEPT.read_text())
        if b"demo.py" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGTERM)
            print(f"The lab that an earlier run kept (process {pid}) is ended.")
    KEPT.unlink(missing_ok=True)


def hint(build, init):
    """What to type now."""
    KEPT.write_text(f"{init}\n")
    enter = os.path.relpath(HERE / "enter")
    print(f"""
The lab is still there. On its machines (a1 to b3, gw, isp, s1, s2) you can type, for example:

    {enter} a1 curl http://198.18.1.10/
    {enter} a1 traceroute -n 198.18.2.10
    {enter} gw {build}/cli/holdfast --run-dir /run/holdfast/gw show security flow session
    {enter} gw {build}/cli/holdfast --run-dir /run/holdfast/gw
    {enter} b2 bash

and end it with: kill {init}""")


def main():
    """=> exit status"""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=Path("build"), help="where meson built")
    build = parser.parse_args().build.resolve()
    keep = bool(os.environ.get("KEEP"))
    end_kept_lab()
    sandbox = Sandbox(lambda: Demo(build).run(), keep)
    status = sandbox.run(LIMIT_S)
    if keep and not status:
        hint(build, sandbox.init)
    return status


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("interrupted; nothing is left of the lab")
