# SPDX-License-Identifier: Apache-2.0
"""Somebody between holdfastd and holdfast-dp, who reads and may change what they say."""
import hashlib
import json
import socket
import struct
import threading

ENVELOPE = ("version", "generation", "digest", "capabilities")


def _receive_bytes(connection, count):
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def _receive(connection):
    """=> a message (docs/snapshot.md, On the socket)"""
    length, = struct.unpack(">I", _receive_bytes(connection, 4))
    return json.loads(_receive_bytes(connection, length))


def _send(connection, message):
    data = json.dumps(message).encode()
    connection.sendall(struct.pack(">I", len(data)) + data)


def seal(snapshot):
    """Give a snapshot that was changed the digest of its body."""
    body = {name: value for name, value in snapshot.items() if name not in ENVELOPE}
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    snapshot["digest"] = hashlib.sha256(canonical.encode()).hexdigest()


class Between:
    """Listens in the place of holdfast-dp, and passes everything on.

    requests and answers hold, by the name of a request, a function that changes the message.
    """

    def __init__(self, gateway):
        here = gateway.run_dir / "dp.sock"
        self.dataplane = gateway.run_dir / "dp-itself.sock"
        self.requests = {}
        self.answers = {}
        self.passed = []  # names of requests
        here.rename(self.dataplane)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(here))
        self.listener.listen()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            connection, _ = self.listener.accept()
            with connection:
                self._pass_on(connection)

    def _pass_on(self, connection):
        request = _receive(connection)
        name = request["request"]
        self.passed.append(name)
        self.requests.get(name, lambda _: None)(request)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dataplane:
            dataplane.connect(str(self.dataplane))
            _send(dataplane, request)
            answer = _receive(dataplane)
        self.answers.get(name, lambda _: None)(answer)
        _send(connection, answer)
