# SPDX-License-Identifier: Apache-2.0
"""The maximum segment size that SYNs offer, made smaller: both ways, wherever the option stands."""
from golden import (HOST, HOST6, HOST_PORT, MSS, NARROW, POOL, POOL6, PORT, REMOTE, REMOTE6,
                    REMOTE_PORT, Case, back, flow_of, forwarded, kernel, out, translated)
from scapy.all import IP, TCP, IPv6

NOP, SACK, SCALE = ("NOP", None), ("SAckOK", b""), ("WScale", 7)
PLACES = {"first": lambda size: [("MSS", size)],
          "behind one byte": lambda size: [NOP, ("MSS", size), NOP],
          "behind others": lambda size: [SACK, SCALE, ("MSS", size)],
          "last of forty bytes": lambda size: [NOP] * 36 + [("MSS", size)]}
BROKEN = {"an end before it": bytes.fromhex("00020405b4000000"),
          "no length": bytes.fromhex("0500020405b40101"),
          "a length past the end": bytes.fromhex("05ff020405b40101"),
          "a wrong length of its own": bytes.fromhex("020305b4"),
          "cut": bytes.fromhex("0101010201010204"), "none": b""}


def syn_out(options, leaves, ip=IP, **fields):
    """=> the Step of a SYN from inside"""
    host, pool, remote, hop = ((HOST, POOL, REMOTE, {"ttl": 63}) if ip is IP
                               else (HOST6, POOL6, REMOTE6, {"hlim": 63}))
    return out(ip(src=host, dst=remote) / TCP(sport=HOST_PORT, dport=REMOTE_PORT, options=options,
                                              **fields) / b"odd",
               forwarded("translated_out", ip(src=pool, dst=remote, **hop)
                         / TCP(sport=PORT, dport=REMOTE_PORT, options=leaves, **fields)
                         / b"odd"))


def syn_back(options, leaves, ip=IP):
    """=> the Step of its answer"""
    host, pool, remote, hop = ((HOST, POOL, REMOTE, {"ttl": 63}) if ip is IP
                               else (HOST6, POOL6, REMOTE6, {"hlim": 63}))
    return back(ip(src=remote, dst=pool) / TCP(sport=REMOTE_PORT, dport=PORT, flags="SA",
                                               options=options),
                forwarded("translated_in", ip(src=remote, dst=host, **hop)
                          / TCP(sport=REMOTE_PORT, dport=HOST_PORT, flags="SA", options=leaves)))


def sizes():
    """Larger ones become the limit, smaller ones stay."""
    for ip, version in ((IP, 4), (IPv6, 6)):
        for name, options in PLACES.items():
            yield Case(f"{name}, ipv{version}",
                       *[step for size in (0, 64, MSS - 1, MSS, MSS + 1, 1460, 0xFFFF)
                         for step in (syn_out(options(size), options(min(size, MSS)), ip),
                                      syn_back(options(size), options(min(size, MSS)), ip))])


def broken():
    """Options that cannot be read stay; Scapy cannot write them, so they are its padding."""
    for name, options in BROKEN.items():
        words = 5 + len(options) // 4
        arrives = TCP(sport=HOST_PORT, dport=REMOTE_PORT, dataofs=words) / options
        leaves = TCP(sport=PORT, dport=REMOTE_PORT, dataofs=words) / options
        yield Case(f"options that are no good: {name}",
                   out(IP(src=HOST, dst=REMOTE) / arrives,
                       forwarded("translated_out", IP(src=POOL, dst=REMOTE, ttl=63) / leaves)))


CASES = [
    *sizes(), *broken(),
    Case("only a SYN offers one", flow_of("tcp"),
         syn_out([("MSS", 1460)], [("MSS", 1460)], flags="A"),
         syn_out([("MSS", 1460)], [("MSS", 1460)], flags="PA"),
         syn_out([("MSS", 1460)], [("MSS", MSS)], flags="SA"),
         syn_out([("MSS", 1460)], [("MSS", MSS)], flags="SEC")),
    Case("the first one counts", syn_out([("MSS", 536), ("MSS", 1460)],
                                         [("MSS", 536), ("MSS", 1460)])),
    Case("what the kernel fragments",
         out(IP(src=HOST, dst=NARROW, flags="DF")
             / TCP(sport=HOST_PORT, options=[("MSS", 1460)]) / bytes(600),
             kernel("packet_too_big")),
         out(IP(src=HOST, dst=NARROW) / TCP(sport=HOST_PORT, options=[("MSS", 1460)])
             / bytes(600),
             translated("packet_too_big", IP(src=POOL, dst=NARROW)
                        / TCP(sport=PORT, options=[("MSS", MSS)]) / bytes(600)))),
]
