# SPDX-License-Identifier: Apache-2.0
"""What a Nat holds, as JSON: flows, leases, ports in use, counters."""
from addresses import text_of


def describe(nat):
    """=> a dict; lists are sorted, reasons never met are left out"""
    return {
        "flows": sorted((_flow(flow) for flow in nat.flows.values()), key=flow_identity),
        "leases": sorted((_lease(lease) for lease in nat.leases.by_key.values()),
                         key=lease_identity),
        "peers": sorted((_peer(peer) for peer in nat.leases.peers), key=peer_identity),
        "ports": _ports(nat.allocator.owners),
        "rules": {f"{rule.rule_set_name}/{rule.name}": _counters(nat.rule_counters[rule])
                  for rule_set in nat.rule_sets for rule in rule_set.rules},
        "pools": {pool.name: _counters(pool.counters) for pool in nat.all_pools()},
        "reasons": dict(sorted(nat.reasons.items())),
        "answers": {"sent": nat.answerer.sent, "withheld": nat.answerer.withheld},
    }


def flow_identity(flow):
    """What tells two flows of a state apart, and orders them."""
    return (flow["zone"], flow["protocol"], flow["inside"], flow["inside_port"],
            flow["remote"], flow["remote_port"])


def lease_identity(lease):
    """The same for leases."""
    return (lease["zone"], lease["protocol"], lease["inside"], lease["inside_port"],
            lease["pool"])


def peer_identity(peer):
    """The same for those whom leases have called."""
    return (peer["protocol"], peer["inside"], peer["inside_port"], peer["pool"], peer["remote"],
            peer["remote_port"])


def _flow(flow):
    return {
        "zone": flow.key.zone,
        "protocol": flow.key.protocol,
        "inside": text_of(flow.key.inside),
        "inside_port": flow.key.inside_port,
        "remote": text_of(flow.key.remote),
        "remote_port": flow.key.remote_port,
        "address": text_of(flow.address),
        "port": flow.port,
        "rule": [flow.rule.rule_set_name, flow.rule.name],
        "pool": flow.pool.name,
        "tcp_state": flow.tcp_state,
        "packets_out": flow.packets_out,
        "bytes_out": flow.bytes_out,
        "packets_in": flow.packets_in,
        "bytes_in": flow.bytes_in,
        "ending": flow.ending,
    }


def _endpoint(key):
    """What a LeaseKey says."""
    return {
        "zone": key.zone,
        "protocol": key.protocol,
        "inside": text_of(key.inside),
        "inside_port": key.inside_port,
        "pool": key.pool,
    }


def _lease(lease):
    return {
        **_endpoint(lease.key),
        "address": text_of(lease.address),
        "port": lease.port,
        "rule": [lease.rule.rule_set_name, lease.rule.name],
        "permit": lease.policy.permit,
        "inactivity_timeout": lease.policy.inactivity_timeout_s,
        "maximum_flows": lease.policy.maximum_flows,
        "flows": lease.flows,
    }


def _peer(peer):
    description = {**_endpoint(peer.lease), "remote": text_of(peer.remote),
                   "remote_port": peer.remote_port}
    del description["zone"]  # the core need not know it
    return description


def _ports(owners):
    ports = {}
    for address, space, port in sorted(owners):
        spaces = ports.setdefault(text_of(address), {"tcp": [], "udp": [], "icmp": []})
        spaces[space].append(port)
    return ports


def _counters(counters):
    return {"hits": counters.hits, "opened": counters.opened,
            "failures": dict(sorted(counters.failures.items()))}
