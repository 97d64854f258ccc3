# SPDX-License-Identifier: Apache-2.0
"""Servers that write down who they saw, and clients that ask them.

A client says its name; the server notes the name with the address and port that it sees, and
tells the client. What the server saw is the truth about a translation.
"""
import json
import selectors
import socket
import threading
from collections import defaultdict
from typing import NamedTuple

PORT = 7000
FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
ANY = {4: "0.0.0.0", 6: "::"}
TIMEOUT_S = 5
BACKLOG = 1024


class Seen(NamedTuple):
    """What a server saw of one connection or datagram."""

    name: str
    protocol: str
    family: int
    address: str
    port: int


class Observer:
    """Answers TCP and UDP on PORT of a namespace, and remembers."""

    def __init__(self, namespace, addresses=tuple(ANY.values())):
        """`addresses`: where to listen; UDP answers of a machine with several must name theirs"""
        self.seen = []
        self.selector = selectors.DefaultSelector()
        self.wakeup, wakes = socket.socketpair()
        self.selector.register(wakes, selectors.EVENT_READ, None)
        for address in addresses:
            self._listen(namespace, address)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _listen(self, namespace, address):
        family = 6 if ":" in address else 4
        for kind, act in ((socket.SOCK_STREAM, self._accept), (socket.SOCK_DGRAM, self._answer)):
            sock = namespace.socket(FAMILIES[family], kind)
            if family == 6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.bind((address, PORT))
            if kind == socket.SOCK_STREAM:
                sock.listen(BACKLOG)
            self.selector.register(sock, selectors.EVENT_READ, (act, family))

    def _run(self):
        while True:
            for key, _ in self.selector.select():
                if key.data is None:
                    return
                act, family = key.data
                act(key.fileobj, family)

    def _note(self, name, protocol, family, peer):
        self.seen.append(Seen(name, protocol, family, *peer[:2]))
        return json.dumps(peer[:2]).encode() + b"\n"

    def _accept(self, listener, family):
        connection, _ = listener.accept()
        self.selector.register(connection, selectors.EVENT_READ, (self._serve, family))

    def _serve(self, connection, family):
        try:
            said = connection.recv(256)
        except ConnectionError:
            said = b""
        if said:
            answer = self._note(said.decode().strip(), "tcp", family, connection.getpeername())
            connection.sendall(answer)
        else:
            self.selector.unregister(connection)
            connection.close()

    def _answer(self, sock, family):
        said, peer = sock.recvfrom(256)
        sock.sendto(self._note(said.decode().strip(), "udp", family, peer), peer)

    def addresses_of(self, name, family):
        """=> {address: how often} for one host"""
        counts = defaultdict(int)
        for seen in self.seen:
            if (seen.name, seen.family) == (name, family):
                counts[seen.address] += 1
        return dict(counts)

    def close(self):
        """Stop answering."""
        self.wakeup.close()
        self.thread.join(TIMEOUT_S)
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()


class Conversation:
    """A client's socket, connected to an observer; ask() as often as you like."""

    def __init__(self, host, server, protocol="tcp", source=None, source_port=0):
        family = 6 if ":" in server else 4
        kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
        self.name = host.name
        self.socket = host.socket(FAMILIES[family], kind)
        self.socket.settimeout(TIMEOUT_S)
        self.socket.bind((source or ANY[family], source_port))
        try:
            self.socket.connect((server, PORT))
        except OSError:
            self.socket.close()
            raise

    def ask(self):
        """=> (address, port) that the server sees"""
        self.socket.sendall(self.name.encode() + b"\n")
        return tuple(json.loads(self.socket.recv(256)))

    def close(self):
        """Hang up."""
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def ask(host, server, protocol="tcp", **options):
    """One short conversation. => (address, port) that the server saw"""
    with Conversation(host, server, protocol, **options) as conversation:
        return conversation.ask()
