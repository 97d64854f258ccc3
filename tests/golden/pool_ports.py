# SPDX-License-Identifier: Apache-2.0
"""Which port of which pool, where the pool has a say in it."""
from golden import (HOST_PORT, KEPT, ONE, OVERFLOW, PORT, REMOTE, REMOTE_PORT, SHIFTED, Case,
                    back, dropped, forwarded, out, refused)
from scapy.all import IP, UDP

NARROW_HOST, KEPT_HOST = "10.0.4.1", "10.0.5.1"
NARROW_LEASED, KEPT_LEASED, SHIFTED_LEASED = "10.0.4.65", "10.0.5.65", "10.0.6.2"


def opens(host, port, address, translated_port, remote_port=REMOTE_PORT):
    """=> the Step of a first packet that leaves with this address and port"""
    return out(IP(src=host, dst=REMOTE) / UDP(sport=port, dport=remote_port),
               forwarded("translated_out", IP(src=address, dst=REMOTE, ttl=63)
                         / UDP(sport=translated_port, dport=remote_port)))


CASES = [
    Case("a full pool overflows into another, until that one is full",
         opens(NARROW_HOST, HOST_PORT, ONE, PORT),
         opens(NARROW_HOST, HOST_PORT + 1, OVERFLOW, PORT),
         back(IP(src=REMOTE, dst=OVERFLOW) / UDP(sport=REMOTE_PORT + 1, dport=PORT),
              dropped("filtered_inbound")),
         refused(IP(src=NARROW_HOST, dst=REMOTE) / UDP(sport=HOST_PORT + 2, dport=REMOTE_PORT),
                 "source_nat_pool_exhausted"),
         opens(NARROW_HOST, HOST_PORT + 1, OVERFLOW, PORT)),
    Case("[RFC4787 REQ-4] an even port stays even, an odd one odd",
         opens(KEPT_HOST, 5001, KEPT, PORT + 1),
         opens(KEPT_HOST, 5000, KEPT, PORT),
         refused(IP(src=KEPT_HOST, dst=REMOTE) / UDP(sport=5002, dport=REMOTE_PORT),
                 "source_nat_pool_exhausted")),
    Case("a shifted host has an address of its own, and keeps its ports",
         opens("10.0.6.1", 1, SHIFTED, 1),
         opens("10.0.6.2", 1, "198.51.100.18", 1),
         opens("10.0.6.1", 65535, SHIFTED, 65535),
         refused(IP(src="10.0.6.3", dst=REMOTE) / UDP(sport=1, dport=REMOTE_PORT),
                 "source_nat_pool_no_address"),
         refused(IP(src="10.0.6.1", dst=REMOTE) / UDP(sport=1, dport=REMOTE_PORT + 1),
                 "source_nat_pool_exhausted")),
    Case("[RFC4787 REQ-1] a lease of the overflow pool is found again",
         opens(NARROW_LEASED, HOST_PORT, ONE, PORT),
         opens(NARROW_LEASED, HOST_PORT + 1, OVERFLOW, PORT),
         opens(NARROW_LEASED, HOST_PORT + 1, OVERFLOW, PORT, 54),
         opens(NARROW_LEASED, HOST_PORT, ONE, PORT, 54),
         refused(IP(src=NARROW_LEASED, dst=REMOTE) / UDP(sport=HOST_PORT + 2, dport=REMOTE_PORT),
                 "source_nat_pool_exhausted")),
    Case("[RFC4787 REQ-4] a lease's port has the parity of the endpoint's",
         opens(KEPT_LEASED, 5001, KEPT, PORT + 1),
         opens(KEPT_LEASED, 5000, KEPT, PORT),
         opens(KEPT_LEASED, 5001, KEPT, PORT + 1, 54),
         refused(IP(src=KEPT_LEASED, dst=REMOTE) / UDP(sport=5002, dport=REMOTE_PORT),
                 "source_nat_pool_exhausted")),
    Case("the flows of a shifted endpoint's lease share its port",
         opens(SHIFTED_LEASED, 7, "198.51.100.18", 7, 1000),
         opens(SHIFTED_LEASED, 7, "198.51.100.18", 7, 1001),
         refused(IP(src=SHIFTED_LEASED, dst=REMOTE) / UDP(sport=7, dport=1002),
                 "source_nat_pool_exhausted")),
]
