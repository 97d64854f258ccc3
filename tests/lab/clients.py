# SPDX-License-Identifier: Apache-2.0
"""Real programs as clients and servers: curl and nginx, iperf3, ping, traceroute, coturn."""
import json
import re
from collections import defaultdict

from namespace import LOGS
from waiting import wait_until

IPERF3_PORT = 5201
STUN_PORT, OTHER_STUN_PORT = 3478, 3479

NGINX_CONFIG = """
daemon off;
worker_processes 1;
pid {place}/nginx.pid;
error_log stderr;
events {{ worker_connections 1024; }}
http {{
    log_format seen '$arg_h $remote_addr $remote_port';
    access_log {place}/access.log seen;
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    keepalive_timeout 0;
    server {{
        listen 80;
        listen [::]:80 ipv6only=on;
        location / {{ return 200 "$remote_addr\\n"; }}
    }}
}}
"""


def _literal(address):
    return f"[{address}]" if ":" in address else address


def is_listening(namespace, port):
    """Whether somebody listens on a TCP port, in both families or for both."""
    return bool(namespace.run("ss", "-Hltn", f"sport = :{port}"))


def _start_server(namespace, port, *words):
    process = namespace.start(*words)
    wait_until(lambda: is_listening(namespace, port) or not process.is_running(),
               f"{words[0]} on {namespace.name}")
    assert process.is_running(), process.output()
    return process


class WebServer:
    """nginx; every request is a connection, and the log says where it came from."""

    def __init__(self, namespace):
        self.place = LOGS / f"nginx-{namespace.name}"
        self.place.mkdir(parents=True)
        config = self.place / "nginx.conf"
        config.write_text(NGINX_CONFIG.format(place=self.place))
        self.process = _start_server(namespace, 80, "nginx", "-p", self.place, "-c", config)
        self.taken = 0

    def take_seen(self, expected):
        """=> {host: {address: connections}} of the `expected` requests since the last time"""
        log = self.place / "access.log"
        lines = wait_until(lambda: self._new_lines(log, expected), f"{expected} lines in {log}")
        self.taken += len(lines)
        seen = defaultdict(lambda: defaultdict(int))
        for line in lines:
            host, address, _ = line.split()
            seen[host][address] += 1
        return seen

    def _new_lines(self, log, expected):
        lines = log.read_text().splitlines()[self.taken:]
        return lines if len(lines) >= expected else None


def curl(host, server, times):
    """Fetch a page as often as asked, a connection each. => how often it came"""
    url = f"http://{_literal(server)}/?h={host.name}&n=[1-{times}]"
    codes = host.run("curl", "--silent", "--max-time", "5", "--output", "/dev/null",
                     "--write-out", "%{http_code}\\n", url, check=False, timeout=60)
    return codes.split().count("200")


def start_iperf3_server(namespace):
    """=> its process"""
    return _start_server(namespace, IPERF3_PORT, "iperf3", "--server")


def iperf3(host, server, seconds, *words):
    """=> what iperf3 reports (its JSON)"""
    report = host.run("iperf3", "--client", server, "--time", seconds, "--json", *words,
                      timeout=seconds + 30)
    return json.loads(report)


def gigabits(report):
    """=> what the receiver of an iperf3 TCP run got, in Gbit/s"""
    return report["end"]["sum_received"]["bits_per_second"] / 1e9


def ping(host, server, count=1, *words):
    """=> how many answers came"""
    said = host.run("ping", "-n", "-q", "-c", count, "-i", "0.01", "-W", "2", *words, server,
                    check=False)
    return int(re.search(r"(\d+) received", said).group(1))


def traceroute(host, server, *words):
    """=> the addresses on the way, '*' for one that did not answer"""
    family = "-6" if ":" in server else "-4"
    said = host.run("traceroute", family, "-n", "-q", "1", "-w", "2", "-m", "6", *words, server)
    return [line.split()[1] for line in said.splitlines()[1:]]


def start_stun_server(namespace, one, other):
    """=> the process of a STUN server with two addresses and two ports of each [RFC5780]"""
    return _start_server(namespace, STUN_PORT, "turnserver", "-n", "-S", "-L", one, "-L", other,
                         "-p", STUN_PORT, f"--alt-listening-port={OTHER_STUN_PORT}", "--no-tls",
                         "--no-dtls", "--no-cli", "--log-file", "stdout")


def discover_nat(host, server):
    """=> what a host finds out about the NAT before it, by STUN: a line on mapping, one on
    filtering"""
    said = host.run("turnutils_natdiscovery", "-m", "-f", server, timeout=40)
    return [line for line in said.splitlines() if line.startswith("NAT with")]


def hears_itself(host, server):
    """=> whether a host that calls what a STUN server sees of it hears itself"""
    said = host.run("turnutils_natdiscovery", "-H", server, timeout=40)
    return "maybe a successful hairpinning" in said
