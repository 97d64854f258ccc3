# SPDX-License-Identifier: Apache-2.0
"""What persistent-nat promises to inside endpoints (docs/packet-path.md section 10)."""
from typing import NamedTuple

from parse import PROTOCOL_TCP, PROTOCOL_UDP

ANY_REMOTE_HOST = "any-remote-host"
TARGET_HOST = "target-host"
TARGET_HOST_PORT = "target-host-port"
PERMITS = (ANY_REMOTE_HOST, TARGET_HOST, TARGET_HOST_PORT)
SHARE = 2  # leases and peers take at most one slot in so many
REST_S = 120  # of an ended lease's port [RFC6888 REQ-8]


class Policy(NamedTuple):
    """`persistent-nat` of a rule."""

    permit: str
    inactivity_timeout_s: int
    maximum_flows: int


def policy_of(description):
    """=> the Policy of a snapshot's `persistent_nat`, None where the rule has none"""
    if description is None:
        return None
    assert description["permit"] in PERMITS
    return Policy(description["permit"], description["inactivity_timeout"],
                  description["maximum_flows"])


class LeaseKey(NamedTuple):
    """An inside endpoint (an echo has its id as port) and a pool's name."""

    zone: str
    protocol: int
    inside: bytes
    inside_port: int
    pool: str


class Lease:
    """One translated tuple of an inside endpoint, for every remote end."""

    rest_s = REST_S

    def __init__(self, key, pool, address, port):
        self.key = key
        self.pool = pool
        self.address, self.port = address, port
        self.rule = self.egress_zone = None  # of whoever last opened a flow from inside
        self.flows = 0
        self.idle_since_s = 0  # when its last flow ended

    @property
    def policy(self):
        """That of its rule."""
        return self.rule.policy

    def is_over(self, time_s):
        """Section 10.3: whether the collector takes this lease away."""
        return not self.flows and time_s - self.idle_since_s > self.policy.inactivity_timeout_s


class PeerKey(NamedTuple):
    """Whom a lease has called: an address, and a port or 0."""

    lease: LeaseKey
    remote: bytes
    remote_port: int


def peer_of(key, permit, remote, remote_port):
    """=> the PeerKey that a permit asks for, of the lease with the key"""
    return PeerKey(key, remote, remote_port if permit == TARGET_HOST_PORT else 0)


class Leases:
    """The leases there are, and whom they have called."""

    def __init__(self):
        self.by_key = {}
        self.peers = {}  # PeerKey => when there was last a packet of a flow with that remote end

    @property
    def slots(self):
        """How many slots of the flow table all of them take."""
        return len(self.by_key) + len(self.peers)

    def find(self, flow_key, pool):
        """=> the lease for a flow's endpoint and a pool, or None"""
        return self.by_key.get(lease_key(flow_key, pool))

    def missing_peer(self, key, policy, flow_key):
        """Section 10.1. => what is to be remembered of a flow from inside, and is not; or None"""
        if policy.permit == ANY_REMOTE_HOST or (
                flow_key.protocol not in (PROTOCOL_TCP, PROTOCOL_UDP)):
            return None
        peer = peer_of(key, policy.permit, flow_key.remote, flow_key.remote_port)
        return None if peer in self.peers else peer

    def permits(self, lease, remote, remote_port):
        """Section 10.2 [RFC4787 REQ-8, RFC5382 REQ-3]."""
        permit = lease.policy.permit
        return permit == ANY_REMOTE_HOST or (
            peer_of(lease.key, permit, remote, remote_port) in self.peers)

    def note_use(self, flow, time_s):
        """Section 10.3: a flow was opened or had a packet, in either direction."""
        peer = peer_of(flow.lease.key, flow.permit, flow.key.remote, flow.key.remote_port)
        if peer in self.peers:
            self.peers[peer] = time_s

    def collect(self, time_s):
        """Forget whom leases called long ago, and end leases. => those that ended"""
        ended = [lease for lease in self.by_key.values() if lease.is_over(time_s)]
        for lease in ended:
            del self.by_key[lease.key]
        self.peers = {peer: last_s for peer, last_s in self.peers.items()
                      if self._is_remembered(peer, time_s - last_s)}
        return ended

    def _is_remembered(self, peer, idle_s):
        lease = self.by_key.get(peer.lease)
        return lease is not None and idle_s <= lease.policy.inactivity_timeout_s


def lease_key(flow_key, pool):
    """=> the LeaseKey of a flow's endpoint and a pool"""
    return LeaseKey(*flow_key[:4], pool.name)
