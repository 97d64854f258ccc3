# SPDX-License-Identifier: Apache-2.0
"""Classic BPF filters for capturing sockets, so that the kernel picks what Python looks at."""
import ctypes
import socket
import struct
from ipaddress import ip_network

SO_ATTACH_FILTER = 26

LOAD_WORD, LOAD_HALF = 0x20, 0x28  # absolute
LOAD_WORD_AT, LOAD_HALF_AT = 0x40, 0x48  # relative to X
LOAD_X, AND = 0x01, 0x54
JUMP_IF_EQUAL, JUMP_IF_MORE, RETURN = 0x15, 0x25, 0x06
ANCILLARY = 0xFFFFF000
PACKET_TYPE, RANDOM = ANCILLARY + 4, ANCILLARY + 56
OUTGOING = 4

ACCEPT, REJECT, NEXT = "accept", "reject", None
ETHERTYPE_AT = 12
SOURCE_AT = {4: 14 + 12, 6: 14 + 8}
ETHERTYPES = {4: 0x0800, 6: 0x86DD}
TAGS = (0x8100, 0x88A8)
TAG_BYTES = 4


class Program:
    """Instructions; jumps go to labels further down."""

    def __init__(self):
        self.instructions = []
        self.labels = {}

    def add(self, code, value, yes=NEXT, no=NEXT):
        """An instruction; `yes` and `no` are the labels where a jump goes."""
        self.instructions.append((code, value, yes, no))

    def label(self, name):
        """What comes next is called so."""
        self.labels[name] = len(self.instructions)

    def attach(self, sock):
        """Let only what the program accepts into a socket."""
        self.label(ACCEPT)
        self.add(RETURN, 0xFFFFFFFF)
        self.label(REJECT)
        self.add(RETURN, 0)
        code = b"".join(self._encode(at) for at in range(len(self.instructions)))
        memory = ctypes.create_string_buffer(code)
        sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                        struct.pack("HL", len(self.instructions), ctypes.addressof(memory)))

    def _encode(self, at):
        code, value, yes, no = self.instructions[at]
        return struct.pack("HBBI", code, self._distance(at, yes), self._distance(at, no), value)

    def _distance(self, at, label):
        return 0 if label is NEXT else self.labels[label] - at - 1


def incoming(one_in=1):
    """What the interface receives, or a random part of it."""
    program = Program()
    program.add(LOAD_WORD, PACKET_TYPE)
    program.add(JUMP_IF_EQUAL, OUTGOING, REJECT, NEXT)
    if one_in > 1:
        program.add(LOAD_WORD, RANDOM)
        program.add(JUMP_IF_MORE, 0xFFFFFFFF // one_in, REJECT, NEXT)
    return program


def _add_prefix(program, prefix):
    """Accept a packet of the prefix's family with a source in it."""
    miss = f"not {prefix}"
    words = len(prefix.network_address.packed) // 4
    network = struct.unpack(f">{words}I", prefix.network_address.packed)
    masks = struct.unpack(f">{words}I", prefix.netmask.packed)
    program.add(LOAD_HALF_AT, ETHERTYPE_AT)
    program.add(JUMP_IF_EQUAL, ETHERTYPES[prefix.version], NEXT, miss)
    for i, (word, mask) in enumerate(zip(network, masks)):
        if mask:
            program.add(LOAD_WORD_AT, SOURCE_AT[prefix.version] + 4 * i)
            program.add(AND, mask)
            program.add(JUMP_IF_EQUAL, word, NEXT, miss)
    program.add(RETURN, 0xFFFFFFFF)
    program.label(miss)


def incoming_from(prefixes):
    """Received IP packets whose source is in one of the prefixes, tagged ones included."""
    program = incoming()
    program.add(LOAD_X, 0)
    program.add(LOAD_HALF, ETHERTYPE_AT)
    for tag in TAGS:
        program.add(JUMP_IF_EQUAL, tag, "tagged", NEXT)
    program.add(JUMP_IF_EQUAL, 0, "tagged", "found")  # 0 is no type: always to found
    program.label("tagged")
    program.add(LOAD_X, TAG_BYTES)
    program.label("found")
    for prefix in prefixes:
        _add_prefix(program, ip_network(prefix))
    program.add(RETURN, 0)
    return program
