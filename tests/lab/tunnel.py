# SPDX-License-Identifier: Apache-2.0
"""Tunnels of GRE or ESP between two hosts, their ends in user space: not every kernel has them.

An end is a TUN device and a raw socket of the protocol, so what is on the wire comes from the
kernel's IP as any tunnel's packets do. GRE's header is that of IPv4 inside; ESP's is an SPI and a sequence
number, and what follows is not encrypted, which nobody on the way can tell.
"""
import fcntl
import os
import select
import socket
import struct
import threading

GRE, ESP = 47, 50
HEADERS = {GRE: struct.pack(">HH", 0, 0x0800), ESP: struct.pack(">II", 0x1001, 1)}
FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
PACKET_BYTES = 65536
PREFIX = 30


def raw_socket(namespace, protocol, family=4):
    """=> a socket that sends and hears packets of a protocol"""
    sock = namespace.socket(FAMILIES[family], socket.SOCK_RAW, protocol)
    sock.settimeout(5)
    return sock


def carried(packet, family):
    """=> what stands behind the IP header of what a raw socket has heard"""
    return packet[(packet[0] & 15) * 4:] if family == 4 else packet


class End:
    """One end; without a remote address, it answers to whoever was heard last."""

    def __init__(self, namespace, protocol, inner, remote=None, family=4):
        self.protocol, self.family = protocol, family
        self.peer = (remote, 0) if remote else None
        self.wire = raw_socket(namespace, protocol, family)
        self.device = self._open_device(namespace, inner)
        self.wakeup, self.wakes = socket.socketpair()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _open_device(self, namespace, inner):
        name = f"tun{self.protocol}v{self.family}"
        with namespace:
            device = os.open("/dev/net/tun", os.O_RDWR)
            fcntl.ioctl(device, TUNSETIFF,
                        struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
        namespace.batch([f"address add {inner}/{PREFIX} dev {name}",
                         f"link set {name} mtu 1400 up"])
        return device

    def _run(self):
        while True:
            ready, _, _ = select.select([self.device, self.wire, self.wakes], [], [])
            if self.wakes in ready:
                return
            if self.wire in ready:
                self._hear()
            if self.device in ready:
                self._say(os.read(self.device, PACKET_BYTES))

    def _hear(self):
        packet, peer = self.wire.recvfrom(PACKET_BYTES)
        self.peer = (peer[0], 0)
        os.write(self.device, carried(packet, self.family)[len(HEADERS[self.protocol]):])

    def _say(self, packet):
        if self.peer and packet[0] >> 4 == 4:
            self.wire.sendto(HEADERS[self.protocol] + packet, self.peer)

    def close(self):
        """Take the end down."""
        self.wakeup.close()
        self.thread.join(5)
        os.close(self.device)
        self.wire.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
