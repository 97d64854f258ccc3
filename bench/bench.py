# SPDX-License-Identifier: Apache-2.0
"""Holdfast beside nftables and beside the limits: the same packets through each, in turn.

    bench.py --build BUILD [--json FILE] [--rounds N]

Gateways stand side by side, each between a sender and a sink of its own on links of the same
kind: Holdfast with either dataplane, the kernel's nftables, a program that does nothing but
redirect, and one that does nothing but take frames from AF_XDP and send them. They take turns, a
fraction of a second each, so that what else the machine does meets all of them; a ratio is
taken within a round, and the median of the rounds is printed with their range.

One CPU makes the packets, forwards them and counts them at the sink, for every gateway alike. What
forwards in a thread of its own runs there before the sender does, as soon as it has something to
do, so it is never late; and is measured a second time with a CPU to itself, where the sender makes
more than it can take, and only what arrives counts.

Each number of flows has gateways of its own, with tables for the flows at hand: nftables as an
expert would tune it, and Holdfast as it comes, which is a table for a million flows or twice the
flows, whichever is more.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "lab"))

import sandbox  # noqa: E402
from gateway import Gateway  # noqa: E402
from namespace import Namespace, run  # noqa: E402
from topology import add_addresses, behave_like_hardware, make_link  # noqa: E402

FLOWS = (1_000, 100_000, 1_000_000)
OWN_CAPACITY = 1_000_000  # what Holdfast has room for unless it is told otherwise
LEAST_CONNTRACK = 262_144
NEW_FLOWS, NEW_CAPACITY = 50_000, 2_097_152
FRAME_BYTES = 60  # 64 on a wire, which adds the frame check sequence
CPU = 1
OTHER_CPU = 0
ROUND_S = 0.4
DESTINATION = "198.18.0.10"
POOL_LOW, POOL_HIGH = "198.51.100.0", "198.51.100.127"
LIMIT_S = 900
OPENING_PASSES = 40
OPEN_SHARE = 0.999  # of the flows, before anything is measured
JUDGED_SHARE = 0.99  # by workers; what is below that is said
CORE_FLOWS = (1_000, 1_000_000, 10_000_000)

CONFIG = """
system {
    dataplane-type %(dataplane)s;
    userspace { worker-cpus [ %(cpu)d ]; }
}
security {
    zones {
        security-zone lan { interfaces { lan; } }
        security-zone wan { interfaces { wan; } }
    }
    flow { maximum-sessions %(capacity)d; }
    nat {
        source {
            address-persistent;
            pool resi { address { %(low)s to %(high)s; } }
            rule-set out {
                from zone lan;
                to zone wan;
                rule all {
                    match { source-address 10.0.0.0/8; }
                    then { source-nat { pool resi; } }
                }
            }
        }
    }
}
"""

RULES = """
table ip nat {
    chain post {
        type nat hook postrouting priority srcnat;
        oifname "wan" ip saddr 10.0.0.0/8 snat to %(low)s-%(high)s persistent
    }
}
"""

# (what, which of ours, which peer, which measurement, the ratio to reach)
TARGETS = (
    ("1,000 flows, against nftables", "holdfast", "nft", 1_000, 5.0),
    ("100,000 flows, against nftables", "holdfast", "nft", 100_000, 5.0),
    ("1,000,000 flows, against nftables", "holdfast", "nft", 1_000_000, 3.0),
    ("new flows, against nftables", "holdfast", "nft", "new", 4.0),
    ("1,000 flows, against a bare redirect", "holdfast", "bare", 1_000, 0.8),
    ("1,000 flows, userspace, against nftables", "userspace", "nft", 1_000, 1.0),
    ("100,000 flows, userspace, against nftables", "userspace", "nft", 100_000, 1.0),
    ("1,000,000 flows, userspace, against nftables", "userspace", "nft", 1_000_000, 1.0),
    ("1,000 flows, userspace, against bare AF_XDP", "userspace", "af_xdp", 1_000, 0.9),
    ("the same with a CPU to itself", "userspace-own", "af_xdp-own", 1_000, 0.9),
)
# (what, flows, nanoseconds a packet): what VPP's NAT needs, measured elsewhere
CORE_TARGETS = (
    ("the core alone, 1,000 flows: ns a packet", 1_000, 58),
    ("the core alone, 1,000,000 flows: ns a packet", 1_000_000, 390),
)
TARGET_CORE_GROWTH = 2.0
# Whose rates each of ours is compared with.
PEERS = {"holdfast": ("bare", "nft"), "userspace": ("af_xdp", "nft", "holdfast"),
         "userspace-own": ("af_xdp-own",)}
TARGET_FLOW_BYTES = 128
TARGET_FULL_POOL = 3.0


class Lane:
    """A sender, a gateway and a sink in a row."""

    def __init__(self, name, build, gateway=None):
        self.name = name
        self.source = Namespace(f"{name}-source")
        self.gateway = gateway or Namespace(f"{name}-gateway")
        self.sink = Namespace(f"{name}-sink")
        self.pktgen = None
        self.build = Path(build)
        self.sent = self.received = 0
        self.made_per_s = 0
        self.forwarder = None
        make_link(self.source, "eth0", self.gateway, "lan")
        make_link(self.sink, "eth0", self.gateway, "wan")
        for end in (self.source, self.sink):
            behave_like_hardware(end, "eth0")
        self._address()

    def _address(self):
        add_addresses(self.source, "eth0", ["192.0.2.10/28"])
        add_addresses(self.gateway, "lan", ["192.0.2.1/28"])
        add_addresses(self.gateway, "wan", ["192.0.2.17/28"])
        add_addresses(self.sink, "eth0", ["192.0.2.18/28"])
        self.gateway.batch(["route add 10.0.0.0/8 via 192.0.2.10",
                            "route add 198.18.0.0/15 via 192.0.2.18"])
        self.gateway.set("ipv4/ip_forward", 1)

    def start(self, *bare):
        """Start the sender; with `bare`, the gateway is a bare redirect."""
        mac = json.loads(run("ip", "-j", "-n", self.gateway.name, "link", "show", "lan"))
        # The next hop must be known before packets come that nobody answers.
        self.gateway.run("ping", "-c", "1", "-W", "5", "192.0.2.18")
        self.pktgen = subprocess.Popen(
            [self.build / "bench" / "pktgen", self.source.name, "eth0", mac[0]["address"],
             DESTINATION, self.sink.name, "eth0", str(CPU), str(FRAME_BYTES), *bare],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def send(self, flows, first, packets):
        """=> packets a second that arrived"""
        self.pktgen.stdin.write(f"{flows} {first} {packets}\n")
        self.pktgen.stdin.flush()
        answer = self.pktgen.stdout.readline()
        if not answer:
            raise SystemExit(f"bench: the sender of {self.name} has ended")
        result = json.loads(answer)
        self.sent += result["sent"]
        self.received += result["received"]
        self.made_per_s = result["sent"] / result["seconds"]
        return result["received"] / result["seconds"]

    def stop(self):
        """End the sender."""
        self.pktgen.stdin.close()
        self.pktgen.wait(30)
        if self.forwarder:
            self.forwarder.kill()
            self.forwarder.wait(30)


class HoldfastLane(Lane):
    """With Holdfast as the gateway, configured as an operator would."""

    def __init__(self, name, build, capacity, dataplane="ebpf", cpu=CPU):
        super().__init__(name, build, Gateway(f"{name}-gateway", build, name))
        self.is_userspace = dataplane == "userspace"
        self.gateway.start_holdfast(CONFIG % {"capacity": capacity, "low": POOL_LOW,
                                              "high": POOL_HIGH, "dataplane": dataplane,
                                              "cpu": cpu})
        if self.is_userspace:
            run_first(self.gateway.dataplane_pid(), "worker-")
        self.start()

    def open_flows(self, flows):
        """Send the first packet of each flow, and again where it met a full ring."""
        for _ in range(OPENING_PASSES):
            self.send(flows, 0, flows)
            if self.gateway.status()["live_flows"] >= OPEN_SHARE * flows:
                return
        raise SystemExit(f"bench: {self.name} does not get {flows} flows open")

    def judged(self):
        """=> packets judged by workers, all packets judged, times that workers were stalled"""
        status = self.gateway.status()
        workers = status["judged_by_workers"]
        return workers, workers + status["judged_in_kernel"], status["stalls"]


def run_first(pid, thread):
    """Threads of the process, by the beginning of their name, go before others on their CPU."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        if (task / "comm").read_text().startswith(thread):
            os.sched_setscheduler(int(task.name), os.SCHED_FIFO, os.sched_param(1))


def nft_lane(build):
    """nftables, with room for every flow and timeouts as long as Holdfast's."""
    lane = Lane("nft", build)
    behave_like_hardware(lane.gateway, "lan")
    lane.gateway.run("nft", "-f", "-", text=RULES % {"low": POOL_LOW, "high": POOL_HIGH})
    lane.gateway.set("netfilter/nf_conntrack_udp_timeout", 300)
    lane.gateway.set("netfilter/nf_conntrack_udp_timeout_stream", 300)
    lane.start()
    return lane


def bare_lane(build):
    """The limit: a program that redirects every frame and looks at none."""
    lane = Lane("bare", build)
    lane.start(lane.gateway.name, "lan", "wan")
    return lane


def af_xdp_lane(name, build, cpu):
    """The limit in user space: what a worker does with AF_XDP, without the core."""
    lane = Lane(name, build)
    lane.forwarder = subprocess.Popen([lane.build / "bench" / "forwarder", lane.gateway.name, "lan",
                                       "wan", str(cpu)], stdout=subprocess.PIPE, text=True)
    if lane.forwarder.stdout.readline() != "ready\n":
        raise SystemExit("bench: the AF_XDP forwarder does not start")
    run_first(lane.forwarder.pid, "")
    lane.start()
    return lane


def say(text):
    """Progress, on standard error."""
    print(text, file=sys.stderr, flush=True)


def measure_established(lanes, flows, rounds):
    """=> {lane: [packets a second, one a round]}, {lane: how workers judged them}"""
    rates = {lane.name: [] for lane in lanes}
    packets = {}
    say(f"{flows:,} established flows ...")
    for lane in lanes:
        if isinstance(lane, HoldfastLane):
            lane.open_flows(flows)
        else:
            lane.send(flows, 0, flows)
        lane.send(flows, 0, flows)
        lane.send(flows, 0, max(flows, 100_000))
        packets[lane] = max(int(lane.made_per_s * ROUND_S), 50_000)
    userspace = [lane for lane in lanes if isinstance(lane, HoldfastLane) and lane.is_userspace]
    before = {lane: lane.judged() for lane in userspace}
    for _ in range(rounds):
        for lane in lanes:
            rates[lane.name].append(lane.send(flows, 0, packets[lane]))
    return rates, {lane.name: judged_since(lane, before[lane]) for lane in userspace}


def judged_since(lane, before):
    """=> the share of packets that workers judged, and times that they were stalled"""
    workers, judged, stalls = (now - then for now, then in zip(lane.judged(), before))
    return {"by_workers": workers / judged, "stalls": stalls}


def measure_new(lanes, rounds):
    """=> the same, each packet being the first of its flow"""
    rates = {lane.name: [] for lane in lanes}
    first = 0
    say("new flows ...")
    for _ in range(rounds):
        for lane in lanes:
            rates[lane.name].append(lane.send(NEW_FLOWS, first, NEW_FLOWS))
        first += NEW_FLOWS
    return rates


def ratios(rates, ours, peer):
    """=> (median, lowest, highest) of one of ours over a peer, round by round"""
    each = [one / other for one, other in zip(rates[ours], rates[peer])]
    return statistics.median(each), min(each), max(each)


def flow_bytes(capacity):
    """=> bytes of memory for each flow, both directions, as the kernel's maps have it"""
    total = 0
    for name in ("flows", "flow_stats", "buckets"):
        shown = json.loads(run("bpftool", "-j", "map", "show", "pinned",
                               f"/sys/fs/bpf/holdfast/holdfast/{name}"))
        total += shown["bytes_value"] * shown["max_entries"]
    return total / capacity


def machine():
    """=> what the figures depend on"""
    cpu = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().split("\n")
                if line.startswith("model name")), "unknown")
    memory = int(Path("/proc/meminfo").read_text().split()[1]) // 1024
    return {"cpu": cpu, "cpus": os.cpu_count(), "memory_mib": memory,
            "kernel": os.uname().release, "machine": os.uname().machine,
            "load_before": os.getloadavg()[0],
            "nftables": run("nft", "--version").strip(),
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}


def print_rates(title, result):
    """One line a gateway, and one for each that one of ours is compared with."""
    print(f"\n{title}")
    for name, values in result["rates"].items():
        print(f"  {name:<13} {statistics.median(values) / 1e6:7.3f} million a second")
        for peer in PEERS.get(name, ()):
            if peer in result["rates"]:
                middle, low, high = ratios(result["rates"], name, peer)
                print(f"    {middle:6.2f} times {peer} ({low:.2f} to {high:.2f})")
    lost = [f"{name} {1 - share:.2%}" for name, share in result["delivered"].items()
            if share < 0.9999]
    if lost:
        print(f"  lost in front of the gateway, in a full ring: {', '.join(lost)}")
    for name, judged in result["judged"].items():
        if judged["by_workers"] < JUDGED_SHARE:
            print(f"  {name}: workers judged {judged['by_workers']:.2%}, the XDP program the rest "
                  f"({judged['stalls']} stalls)")


def judge(results, ports, core):
    """=> [(target, measured, wanted, met)]"""
    verdicts = []
    for title, ours, peer, key, wanted in TARGETS:
        middle = ratios(results[str(key)]["rates"], ours, peer)[0]
        verdicts.append((title, round(middle, 3), f"at least {wanted}", middle >= wanted))
    size = max(result["flow_bytes"] for result in results.values())
    verdicts.append(("bytes of memory a flow, both directions", round(size, 1),
                     f"at most {TARGET_FLOW_BYTES}", size <= TARGET_FLOW_BYTES))
    full = ports[-1]["claim_ns"] / ports[0]["claim_ns"]
    verdicts.append((f"finding a port at {ports[-1]['used']:.1%} in use, against none",
                     round(full, 2), f"at most {TARGET_FULL_POOL}", full <= TARGET_FULL_POOL))
    return verdicts + judge_core({each["flows"]: each["out_ns"] for each in core["small_pages"]})


def judge_core(cost_ns):
    """=> the same, of the core alone"""
    verdicts = [(title, cost_ns[flows], f"at most {wanted}", cost_ns[flows] <= wanted)
                for title, flows, wanted in CORE_TARGETS]
    growth = cost_ns[CORE_FLOWS[-1]] / cost_ns[CORE_FLOWS[0]]
    verdicts.append((f"the core alone, {CORE_FLOWS[-1]:,} flows against {CORE_FLOWS[0]:,}",
                     round(growth, 2), f"at most {TARGET_CORE_GROWTH}",
                     growth <= TARGET_CORE_GROWTH))
    return verdicts


def print_verdicts(verdicts):
    """The targets, met or not."""
    print("\nTargets")
    for title, measured, wanted, met in verdicts:
        print(f"  {title:<46} {measured:>8.2f}   {wanted:<14} {'met' if met else 'MISSED'}")


def lanes_of(build, capacity):
    """=> the gateways that forward established flows"""
    return [bare_lane(build), HoldfastLane("holdfast", build, capacity), nft_lane(build),
            HoldfastLane("userspace", build, capacity, "userspace"),
            af_xdp_lane("af_xdp", build, CPU),
            HoldfastLane("userspace-own", build, capacity, "userspace", OTHER_CPU),
            af_xdp_lane("af_xdp-own", build, OTHER_CPU)]


def measure(build, flows, rounds):
    """Measure one number of flows, or new ones, in a sandbox. => what was measured, as JSON"""
    judged = {}
    if flows == "new":
        capacity = NEW_CAPACITY
        lanes = [HoldfastLane("holdfast", build, capacity), nft_lane(build)]
        rates = measure_new(lanes, rounds)
    else:
        capacity = max(OWN_CAPACITY, 2 * flows)
        lanes = lanes_of(build, capacity)
        rates, judged = measure_established(lanes, flows, rounds)
    for lane in lanes:
        if isinstance(lane, HoldfastLane):
            lane.gateway.verify()
        lane.stop()
    return {"rates": rates, "capacity": capacity, "flow_bytes": flow_bytes(capacity),
            "delivered": {lane.name: lane.received / lane.sent for lane in lanes},
            "judged": judged}


def measure_apart(build, flows, rounds):
    """=> what measure() returns, from a sandbox of its own"""
    reading, writing = os.pipe()

    def inside():
        os.write(writing, json.dumps(measure(build, flows, rounds)).encode())

    room = NEW_CAPACITY if flows == "new" else max(LEAST_CONNTRACK, 2 * flows)
    with ConntrackLimits(room):
        status = sandbox.run(inside, LIMIT_S)
    os.close(writing)
    with os.fdopen(reading) as result:
        text = result.read()
    if status:
        raise SystemExit(f"bench: measuring {flows} flows ended with status {status}")
    return json.loads(text)


def measure_ports(build):
    """=> [cost of finding a free port, at one share of ports in use each]"""
    say("free ports ...")
    return [json.loads(line) for line in run(build / "bench" / "ports", timeout=300).splitlines()]


def print_ports(ports):
    """One line a fill."""
    print("\nFinding a free port, natively")
    for each in ports:
        print(f"  {each['used']:>6.1%} in use {each['claim_ns']:6.0f} ns, 99th percentile "
              f"{each['claim_p99_ns']:6.0f} ns, {each['claim_ns'] / ports[0]['claim_ns']:.2f} times "
              "that of an empty pool")


def measure_core(build):
    """=> what the core costs alone, with tables in pages of 4 KiB, as they are, and in huge ones"""
    say("the core alone ...")
    result = {}
    for pages, tunables in (("small_pages", {}),
                            ("huge_pages", {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"})):
        lines = subprocess.run(["taskset", "-c", str(CPU), build / "bench" / "core",
                                *map(str, CORE_FLOWS)], env=os.environ | tunables, check=True,
                               capture_output=True, text=True, timeout=300).stdout
        result[pages] = [json.loads(line) for line in lines.splitlines()]
    return result


def print_core(core):
    """One line for each number of flows."""
    for pages, lines in core.items():
        print(f"\nThe core alone, in memory, {pages.replace('_', ' ')}: ns a packet, batches of 64")
        for each in lines:
            print(f"  {each['flows']:>10,} flows: from inside {each['out_ns']:5.0f}, without "
                  f"prefetching {each['out_plain_ns']:5.0f}; from outside {each['in_ns']:5.0f}, "
                  f"{each['in_plain_ns']:5.0f}; a random access {each['access_ns']:4.0f}")


def print_report(facts, results, ports, core, verdicts):
    """For people."""
    print(f"\n{facts['cpu']}, {facts['cpus']} CPUs (1 used, 2 by *-own), Linux {facts['kernel']}, "
          f"{facts['nftables']}, load {facts['load_before']:.1f} before")
    print(f"UDP in frames of 64 bytes, one direction, native XDP on veth, {facts['rounds']} rounds")
    for key, result in results.items():
        title = "New flows" if key == "new" else f"{int(key):,} established flows: packets"
        print_rates(title, result)
    print_ports(ports)
    print_core(core)
    print_verdicts(verdicts)


def report(arguments):
    """Measure and print. => exit status"""
    facts = machine() | {"rounds": arguments.rounds, "frame_bytes": 64}
    results = {str(flows): measure_apart(arguments.build, flows, arguments.rounds)
               for flows in (*FLOWS, "new")}
    ports = measure_ports(arguments.build)
    core = measure_core(arguments.build)
    verdicts = judge(results, ports, core)
    print_report(facts, results, ports, core, verdicts)
    if arguments.json:
        arguments.json.write_text(json.dumps({
            "machine": facts, "results": results, "ports": ports, "core": core,
            "targets": [dict(zip(("target", "measured", "wanted", "met"), each))
                        for each in verdicts]}, indent=2) + "\n")
        print(f"\nAs JSON: {arguments.json}")
    return 0


class ConntrackLimits:
    """Room in the kernel's connection table, which only the machine's own namespace may give."""

    def __init__(self, flows):
        self.values = {"nf_conntrack_max": flows, "nf_conntrack_buckets": flows}
        self.before = {}

    @staticmethod
    def _path(name):
        return Path("/proc/sys/net/netfilter", name)

    def __enter__(self):
        for name, value in self.values.items():
            self.before[name] = self._path(name).read_text()
            self._path(name).write_text(f"{value}\n")

    def __exit__(self, *_):
        for name, value in self.before.items():
            self._path(name).write_text(value)


def main():
    """=> exit status"""
    parser = argparse.ArgumentParser(description="Holdfast beside nftables and a bare redirect")
    parser.add_argument("--build", required=True, type=lambda text: Path(text).resolve())
    parser.add_argument("--json", type=lambda text: Path(text).resolve(), help="write JSON there")
    parser.add_argument("--rounds", type=int, default=11)
    arguments = parser.parse_args()
    return report(arguments)


if __name__ == "__main__":
    sys.exit(main())
