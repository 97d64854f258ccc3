# SPDX-License-Identifier: Apache-2.0
"""What a Nat holds, as JSON: flows, ports in use, counters."""
from addresses import text_of


def describe(nat):
    """=> a dict; lists are sorted, reasons never met are left out"""
    return {
        "flows": sorted((_flow(flow) for flow in nat.flows.values()), key=flow_identity),
        "ports": _ports(nat.allocator.owners),
        "resting": _ports(nat.allocator.resting),
        "rules": {f"{rule.rule_set_name}/{rule.name}": _counters(nat.rule_counters[rule])
                  for rule_set in nat.rule_sets for rule in rule_set.rules},
        "pools": {pool.name: {**_counters(pool.counters), "overflows": pool.counters.overflows}
                  for pool in nat.all_pools()},
        "reasons": dict(sorted(nat.reasons.items())),
    }


def flow_identity(flow):
    """What tells two flows of a state apart, and orders them."""
    return (flow["zone"], flow["protocol"], flow["inside"], flow["inside_port"],
            flow["remote"], flow["remote_port"])


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


def _ports(places):
    ports = {}
    for address, space, port in sorted(places):
        spaces = ports.setdefault(text_of(address), {"tcp": [], "udp": [], "icmp": []})
        spaces[space].append(port)
    return ports


def _counters(counters):
    return {"hits": counters.hits, "opened": counters.opened,
            "failures": dict(sorted(counters.failures.items()))}
