# SPDX-License-Identifier: Apache-2.0
"""The TCP state of a flow (docs/packet-path.md section 7)."""

FIN, SYN, RST, PSH, ACK, URG = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20

OPENING = "opening"
ANSWERED = "answered"  # opening, after the SYN from outside
ESTABLISHED = "established"
CLOSING_OUT = "closing_out"
CLOSING_IN = "closing_in"
CLOSED = "closed"
OPENING_IN = "opening_in"  # opened from outside
ANSWERED_IN = "answered_in"  # the same, after the answer from inside
PICKED_UP = "picked_up"  # opened in the middle of a connection; nothing from outside yet

TIMEOUTS = {
    OPENING: "tcp_opening",
    ANSWERED: "tcp_opening",
    ESTABLISHED: "tcp_established",
    CLOSING_OUT: "tcp_closing",
    CLOSING_IN: "tcp_closing",
    CLOSED: "tcp_closing",
    OPENING_IN: "tcp_opening",
    ANSWERED_IN: "tcp_opening",
    PICKED_UP: "tcp_opening",
}


def is_opening_syn(flags):
    """Section 3.6: SYN set; ACK, RST and FIN clear."""
    return flags & (SYN | ACK | RST | FIN) == SYN


def is_under_way(flags):
    """Section 3.6, without the SYN check: ACK set; SYN and RST clear."""
    return flags & (SYN | ACK | RST) == ACK


def first_state(flags):
    """=> the state of a flow that a segment opens, before the segment counts"""
    return PICKED_UP if is_under_way(flags) else OPENING


def next_state(state, flags, from_inside):
    """=> the state after a segment, which is one event: RST before FIN before SYN before ACK."""
    if flags & RST:
        return CLOSED
    if flags & FIN:
        return _after_fin(state, from_inside)
    return _from_inside(state, flags) if from_inside else _from_outside(state, flags)


def _from_inside(state, flags):
    if state in (CLOSED, PICKED_UP) and flags & SYN and not flags & ACK:
        return OPENING
    if state == ANSWERED and flags & ACK:
        return ESTABLISHED
    if state == OPENING_IN and flags & (SYN | ACK):
        return ANSWERED_IN
    return state


def _from_outside(state, flags):
    if flags & SYN:
        return {OPENING: ANSWERED, PICKED_UP: ANSWERED, CLOSED: OPENING_IN}.get(state, state)
    return ESTABLISHED if state in (ANSWERED_IN, PICKED_UP) and flags & ACK else state


def _after_fin(state, from_inside):
    own, other = (CLOSING_OUT, CLOSING_IN) if from_inside else (CLOSING_IN, CLOSING_OUT)
    return CLOSED if state in (other, CLOSED) else own
