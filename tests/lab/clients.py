# SPDX-License-Identifier: Apache-2.0
"""Real programs as clients and servers.

curl with nginx and pyftpdlib, iperf3, ping, traceroute, mtr, coturn, dnsperf with dnsmasq, sipp.
"""
import json
import re
import sys
from collections import defaultdict
from ipaddress import ip_address

from namespace import LOGS
from topology import add_addresses
from waiting import wait_until

IPERF3_PORT = 5201
STUN_PORT, OTHER_STUN_PORT = 3478, 3479
DNS_PORT, FTP_PORT, SIP_PORT = 53, 21, 5060

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
        location /files/ {{ root {place}; }}
    }}
}}
"""


def literal(address):
    """=> an address as it stands before a port"""
    return f"[{address}]" if ":" in address else address


def is_listening(namespace, port, protocol="tcp"):
    """Whether somebody listens on a port, in either family or in both."""
    return bool(namespace.run("ss", "-Hln", f"--{protocol}", f"sport = :{port}"))


def _start_server(namespace, port, *words, protocol="tcp"):
    process = namespace.start(*words)
    wait_until(lambda: is_listening(namespace, port, protocol) or not process.is_running(),
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

    def offer(self, directory):
        """Its files can be had as /files/NAME."""
        (self.place / "files").symlink_to(directory)

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
    url = f"http://{literal(server)}/?h={host.name}&n=[1-{times}]"
    codes = host.run("curl", "--silent", "--max-time", "5", "--output", "/dev/null",
                     "--write-out", "%{http_code}\\n", url, check=False, timeout=60)
    return codes.split().count("200")


def url_of(scheme, server, path):
    """=> an address for curl"""
    return f"{scheme}://{literal(server)}/{path}"


def start_ftp_server(namespace, family, place):
    """=> the process of a server of the files in `place`, in one family, which takes files too

    It takes no data connection from another address than the one that it talks with.
    """
    address = "::" if family == 6 else "0.0.0.0"
    return _start_server(namespace, FTP_PORT, sys.executable, "-m", "pyftpdlib", "-i", address,
                         "-p", FTP_PORT, "-w", "-d", place)


def transfer(host, *words):
    """One transfer by curl, which must succeed."""
    host.run("curl", "--silent", "--show-error", "--fail", "--max-time", "25", *words)


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


def start_stun_server(server):
    """=> the process of a STUN server with two addresses and two ports of each (RFC 5780)

    The second address, which the server is given here, is the one after its own.
    """
    one = ip_address(server.address(4))
    add_addresses(server, "eth0", [f"{one + 1}/24"])
    return _start_server(server, STUN_PORT, "turnserver", "-n", "-S", "-L", one, "-L", one + 1,
                         "-p", STUN_PORT, f"--alt-listening-port={OTHER_STUN_PORT}", "--no-tls",
                         "--no-dtls", "--no-cli", "--log-file", "stdout")


def discover_nat(host, server):
    """=> what a host finds out about the NAT before it, by STUN: a line on mapping, one on
    filtering"""
    said = host.run("turnutils_natdiscovery", "-m", "-f", server, timeout=40)
    return [line for line in said.splitlines() if line.startswith("NAT with")]


def mapping_lives(host, server, seconds):
    """=> whether a host is still reached, after some seconds of silence, by what a STUN server saw"""
    said = host.run("turnutils_natdiscovery", "-t", "-T", seconds, server, timeout=seconds + 40)
    assert "RFC 5780 response 1" in said
    return "RFC 5780 response 2" in said


def mtr(host, server, cycles, *words):
    """=> [(address, probes that were not answered)] of the hops on the way"""
    said = host.run("mtr", "--json", "--no-dns", "--report-cycles", cycles, "--interval", "0.1",
                    "--gracetime", "2", *words, server)
    hubs = json.loads(said)["report"]["hubs"]
    return [(hub["host"], round(hub["Snt"] * hub["Loss%"] / 100)) for hub in hubs]


class NameServer:
    """dnsmasq; it answers every query for an address, and its log says who asked."""

    def __init__(self, namespace):
        self.process = _start_server(
            namespace, DNS_PORT, "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null",
            "--user=root", "--pid-file", "--no-resolv", "--no-hosts", "--bind-interfaces",
            "--address=/#/192.0.2.53", "--log-queries=extra", "--log-facility=-", protocol="udp")
        self.taken = 0

    def take_askers(self, expected):
        """=> [(address, port)] of the `expected` queries since the last time"""
        def look():
            seen = re.findall(r" (\S+)/(\d+) query\[A\]", self.process.output())[self.taken:]
            return seen if len(seen) >= expected else None
        askers = wait_until(look, f"{expected} queries")
        self.taken += len(askers)
        return askers


def ask_names(host, server, queries, at_once):
    """Queries, each from a socket of its own. => how many were answered"""
    names = "".join(f"n{number}.example A\n" for number in range(queries))
    said = host.run("dnsperf", "-s", server, "-c", queries, "-q", at_once, "-n", "1", text=names)
    return int(re.search(r"NOERROR (\d+)", said).group(1))


def _messages_of(address):
    return LOGS / f"sip-messages-{address}"


def start_sip_server(namespace, address):
    """=> the process of a telephone that takes one call"""
    return _start_server(namespace, SIP_PORT, "sipp", "-sn", "uas", "-nostdin", "-i", address,
                         "-p", SIP_PORT, "-m", "1", "-trace_msg", "-message_file",
                         _messages_of(address), protocol="udp")


def start_sip_call(host, address, server, media):
    """=> the process of a telephone that calls, says where its media are, and hangs up"""
    scenario = host.run("sipp", "-sd", "uac", check=False)
    for name, value in zip(("[media_ip]", "[media_port]"), media):
        assert name in scenario
        scenario = scenario.replace(name, str(value))
    path = LOGS / f"{host.name}-call.xml"
    path.write_text(scenario)
    return host.start("sipp", "-sf", path, "-nostdin", "-i", address, "-p", SIP_PORT, "-m", "1",
                      "-d", "500", f"{literal(server)}:{SIP_PORT}")


def media_offered_to(address):
    """=> the (address, port) that a caller's SDP names, once the call has come"""
    path = _messages_of(address)

    def look():
        said = path.read_text() if path.exists() else ""
        return re.search(r"c=IN IP\d (\S+)\s+t=0 0\s+m=audio (\d+) ", said)
    address, port = wait_until(look, "a call").groups()
    return address, int(port)


def hears_itself(host, server):
    """=> whether a host that calls what a STUN server sees of it hears itself"""
    said = host.run("turnutils_natdiscovery", "-H", server, timeout=40)
    return "maybe a successful hairpinning" in said
