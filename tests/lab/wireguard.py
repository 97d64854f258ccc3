# SPDX-License-Identifier: Apache-2.0
"""WireGuard in user space: who has the other's key and is heard has a tunnel."""
from pathlib import Path

from clients import literal
from namespace import run
from topology import add_addresses
from waiting import wait_until

PORT = 51820


class TunnelEnd:
    """wireguard-go on a machine, with an address inside the tunnel."""

    def __init__(self, machine, address):
        """`address`: IPv4, without its prefix length"""
        self.machine = machine
        self.address = address
        self.interface = f"wg-{machine.name}"  # of one name, all would have one control socket
        self.key = run("wg", "genkey")
        self.public_key = run("wg", "pubkey", text=self.key).strip()
        self.process = machine.start("wireguard-go", "--foreground", self.interface)
        control = Path("/run/wireguard", f"{self.interface}.sock")
        wait_until(lambda: control.exists() or not self.process.is_running(), "wireguard-go")
        assert self.process.is_running(), self.process.output()
        self._set("listen-port", PORT, "private-key", "/dev/stdin", text=self.key)
        add_addresses(machine, self.interface, [f"{address}/24"])
        machine.ip("link", "set", self.interface, "mtu", 1380, "up")

    def add_peer(self, other, *words):
        """Let another end be heard; `words` say more of it to wg(8)."""
        self._set("peer", other.public_key, "allowed-ips", f"{other.address}/32", *words)

    def endpoint(self, family):
        """=> where it listens, for add_peer() of those who call it"""
        return f"{literal(self.machine.address(family))}:{PORT}"

    def seen(self, other):
        """=> where another end was last heard from, as wg(8) writes it"""
        lines = self.machine.run("wg", "show", self.interface, "endpoints").splitlines()
        return dict(line.split() for line in lines)[other.public_key]

    def _set(self, *words, **options):
        self.machine.run("wg", "set", self.interface, *words, **options)
