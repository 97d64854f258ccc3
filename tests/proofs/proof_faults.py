# SPDX-License-Identifier: Apache-2.0
"""Faults that a search must find: a few words of a source changed, and the configuration for it."""
from typing import NamedTuple


class Fault(NamedTuple):
    """Words of a file, what stands there instead, and who must find it."""

    name: str
    path: str
    changes: tuple
    finder: str


PORTS, FLOW, OPENING = "core/ports.h", "core/flow.h", "core/opening.h"
LEASE, INBOUND, COLLECTOR = "core/lease.h", "core/inbound.h", "dataplane/collector.c"

FAULTS = (
    Fault("a port is looked at and then taken, in two steps", PORTS,
          (("if (!atomic_replace(&space->owners[index], PORT_FREE, search->owner))\n",
            "if (atomic_read(&space->owners[index]) != PORT_FREE ||\n"
            "\t    (atomic_swap(&space->owners[index], search->owner), false))\n"),), "ports"),
    Fault("a port's bit is cleared before the port is claimed", PORTS,
          (("\tif (!atomic_replace(&space->owners[index], PORT_FREE, search->owner))\n",
            "\tatomic_and(&space->free_bits[word], ~(1ull << (port % PORTS_PER_WORD)));\n"
            "\tif (!atomic_replace(&space->owners[index], PORT_FREE, search->owner))\n"),),
          "ports"),
    Fault("a port is free before its bit says so", PORTS,
          (("\tatomic_add(&space->in_use, -1u);\n\t(void)atomic_swap(&space->owners[port], "
            "PORT_FREE);\n", "\tatomic_add(&space->in_use, -1u);\n"),
           ("static __always_inline void ports_release(struct port_space *space, u16 port)\n{\n",
            "static __always_inline void ports_release(struct port_space *space, u16 port)\n{\n"
            "\t(void)atomic_swap(&space->owners[port], PORT_FREE);\n")), "ports"),
    Fault("a claimed port's group is counted down before its bit is seen", PORTS,
          (("\tu64 index;\n\n\tif (!bits)", "\tu64 index;\n\n\tatomic_add("
            "&space->group_free[port / PORTS_PER_GROUP], -1u);\n\tif (!bits)"),), "ports"),
    Fault("the search gives up after the end of the range", PORTS,
          (("if (!search.found && start > low)", "if (!search.found && start > range.high)"),), "ports"),
    Fault("a port that is owned is kept for the kernel", PORTS,
          (("if (!atomic_replace(&space->owners[port], PORT_FREE, PORT_KERNEL))\n\t\treturn "
            "atomic_read(&space->owners[port]) == PORT_KERNEL;",
            "(void)atomic_swap(&space->owners[port], PORT_KERNEL);"),), "kernel-ports"),
    Fault("a port that the kernel lets go is free before its bit is set", PORTS,
          (("\t\treturn;\n\tatomic_add(", "\t\treturn;\n\t(void)atomic_swap("
            "&space->owners[port], PORT_FREE);\n\tatomic_add("),), "kernel-ports"),
    Fault("a stack's head does not count its pops", FLOW,
          (("((head >> 32) + 1) << 32 | atomic_read(&flow->next_free)",
            "(head >> 32) << 32 | atomic_read(&flow->next_free)"),
           ("head, ((head >> 32) + 1) << 32 | push->slot",
            "head, (head >> 32) << 32 | push->slot")), "stacks"),
    Fault("a slot is pushed before it knows the next one", FLOW,
          (("\tatomic_write(&push->flow->next_free, (u32)head);\n\treturn atomic_replace("
            "&push->stack->head, head, ((head >> 32) + 1) << 32 | push->slot);",
            "\tif (!atomic_replace(&push->stack->head, head, ((head >> 32) + 1) << 32 | "
            "push->slot))\n\t\treturn 0;\n\tatomic_write(&push->flow->next_free, (u32)head);\n"
            "\treturn 1;"),), "stacks"),
    Fault("only one stack is asked for a slot", FLOW,
          (("return ++pop->tried == FREE_STACKS;", "return ++pop->tried == FREE_STACKS - 1;"),),
          "full-table"),
    Fault("nobody looks whether the tuple is published", FLOW,
          (("p->winner = flow_find(p->control, p->key, p->hash);\n\tif (p->winner)\n\t\treturn 1;",
            "p->winner = 0;"),), "same-tuple"),
    Fault("an intent is put in place of another one", FLOW,
          (("if (!atomic_replace(&home->intent, intent, mine) ||",
            "if ((atomic_swap(&home->intent, mine), false) ||"),), "same-tuple"),
    Fault("an intent that is met is not carried out first", FLOW,
          (("if (intent_slot(intent)) {", "if (0) {"),), "same-tuple"),
    Fault("intents are not counted", FLOW,
          (("u64 count = (intent + (1ull << INTENT_COUNT_SHIFT)) & INTENT_COUNT_MASK;",
            "u64 count = intent & INTENT_COUNT_MASK;"),), "same-tuple"),
    Fault("a bucket does not say that a flow went to the other one", FLOW,
          (("intent & BUCKET_SPILLED : BUCKET_SPILLED;", "intent & BUCKET_SPILLED : 0;"),),
          "spill"),
    Fault("a bucket forgets that a flow went to the other one", FLOW,
          (("return intent & (BUCKET_SPILLED | INTENT_COUNT_MASK);",
            "return intent & INTENT_COUNT_MASK;"),), "spill"),
    Fault("an entry is written whatever is there", FLOW,
          (("(void)atomic_replace(target, 0, intent_entry(intent));",
            "(void)atomic_swap(target, intent_entry(intent));"),), "expiry"),
    Fault("a flow that ended before its opener was done is entered once more", FLOW,
          (("return flow && atomic_read(&flow->life) != FLOW_LIVE;",
            "return flow && false;"),), "expiry"),
    Fault("a flow that a packet has ended meanwhile is entered once more", FLOW,
          (("atomic_read(&flow->life) != FLOW_LIVE;", "atomic_read(&flow->life) == FLOW_DYING;"),),
          "rerouted"),
    Fault("of a full table, nobody looks who has filled it", FLOW,
          (("if (atomic_read(&home->intent) != intent)", "if (0)"),), "lease"),
    Fault("a flow of a lease is not counted", LEASE,
          (("u32 users = atomic_fetch_add(&lease->users, 1);",
            "u32 users = atomic_read(&lease->users);"),), "lease"),
    Fault("a lease that lost the race is used all the same", "core/persist.h",
          (("\tfirst->lease = publish_or_retire(&key, lease, reserved);\n",
            "\t(void)publish_or_retire(&key, lease, reserved);\n"),), "lease"),
    Fault("who opens a flow from outside that exists already stays counted", INBOUND,
          (("if (!*slot || *slot != reserved)", "if (!*slot)"),), "lease-both-ways"),
    Fault("who meets a closed lease is let in", LEASE,
          (("if (users < flows_max)", "if ((users & ~LEASE_CLOSED) < flows_max)"),),
          "lease-idle"),
    Fault("a flow that lost the race keeps its port", OPENING,
          (("\tif (ports && flow_owns_port(flow))\n",
            "\tif (ports && !flow_owns_port(flow))\n"),), "same-tuple"),
    Fault("the slot of a flow that lost the race is free at once", OPENING,
          (("\tatomic_write(&flow->life, FLOW_RETIRED);\n",
            "\tatomic_write(&flow->life, FLOW_FREE);\n\tflow_push_free(env_control(), flow, "
            "(u32)(flow - env_flow(0)) + 1, env_cpu());\n"),),
          "answer-loser"),
    Fault("a slot stays away where no port is free", OPENING,
          (("\t\tflow_push_free(o.control, o.flow, o.slot, env_cpu());\n", ""),), "full-range"),
    Fault("only the first address of the pool is asked", OPENING,
          (("o->pool->selector == SELECT_ROUND_ROBIN ? o->length : 1", "1u"),), "next-address"),
    Fault("a flow is live before it has a port", OPENING,
          (("\topening_fill(&o, p, first);\n\tif (!opening_claim(&o)) {\n",
            "\topening_fill(&o, p, first);\n\tatomic_write(&o.flow->life, FLOW_LIVE);\n"
            "\tif (!opening_claim(&o)) {\n"),), "expiry"),
    Fault("an entry's place is free at once", COLLECTOR,
          (("(void)atomic_swap(entry, BUCKET_TOMBSTONE);", "(void)atomic_swap(entry, 0);"),),
          "clear"),
    Fault("a tombstone is emptied after one grace period", COLLECTOR,
          (("batch->tombstones[batch->tombstone_count++] = dying->entry;",
            "(void)atomic_replace(dying->entry, BUCKET_TOMBSTONE, 0);"),), "expiry"),
    Fault("nobody waits for packets under way", COLLECTOR,
          (("\t\tpass->wait();\n\t\tempty_tombstones(batch);", "\t\tempty_tombstones(batch);"),),
          "reuse"),
    Fault("a flow is unlinked while its intent is under way", COLLECTOR,
          (("(void)intent_help(control, home, intent);", "(void)intent;"),), "killed-publisher"),
    Fault("a flow that is published late is buried with the others", COLLECTOR,
          (("return dying->entry != NULL;", "return false;"),), "expiry"),
    Fault("a slot is free before its port", COLLECTOR,
          (("\t\tlet_go(flow, dying->slot, pass);\n", "\t\t;\n"),
           ("\tflow_push_free(control, flow, dying->slot, dying->slot);\n",
            "\tflow_push_free(control, flow, dying->slot, dying->slot);\n"
            "\tif (dying->was_published)\n\t\tlet_go(flow, dying->slot, pass);\n")),
          "reuse-by-word"),
    Fault("a lease is seen to be idle, and then closed", COLLECTOR,
          (("(void)atomic_replace(&lease->users, 0, LEASE_CLOSED);",
            "if (!atomic_read(&lease->users))\n\t\t\tatomic_write(&lease->users, LEASE_CLOSED);"),),
          "lease-idle"),
    Fault("a lease that is ended does not wait for its flows", COLLECTOR,
          (("return atomic_read(&lease->users) == LEASE_CLOSED;",
            "return atomic_read(&lease->users) & LEASE_CLOSED;"),), "lease-ended"),
    Fault("a flow that its creator has taken back is counted out once more", COLLECTOR,
          (("\tdying.was_published = flow_die(flow);\n",
            "\tdying.was_published = atomic_read(&flow->life) != FLOW_RETIRED;\n"
            "\tatomic_write(&flow->life, FLOW_DYING);\n"),
           ("static bool flow_die(", "bool flow_die(struct flow *flow);\nbool flow_die(")),
          "lease-loser"),
    Fault("a flow is counted out before packets under way have seen its end", COLLECTOR,
          (("\ttake_away(control, batch, flow, slot);\n",
            "\ttake_away(control, batch, flow, slot);\n"
            "\tif (batch->flows[batch->count - 1].was_published)\n"
            "\t\tlet_go(flow, slot, pass);\n"),
           ("\t\tlet_go(flow, dying->slot, pass);\n", "\t\t;\n")), "lease-idle"),
    Fault("a port is released, whoever owns it", COLLECTOR,
          (("if (atomic_read(&space->owners[port]) != slot)", "if (!slot)"),), "killed-long"),
    Fault("the intent of one that was killed outlives its flow", COLLECTOR,
          (("\t\tsettle_intent(control, hash_of(control, flow), dying->slot);\n", ""),),
          "killed-publisher"),
)
