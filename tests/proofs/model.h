/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes that run the real code over one small world, one atomic operation a step.
 *
 * The code under test (subject.c) is compiled as for a thread sanitizer: before each access to
 * memory it calls a hook, and each atomic operation is one. What a process has done so far is the
 * list of the values that it has read. A step runs the operation that the process is in from its
 * beginning: up to the end of that list it gets the values of the list, and what it writes goes
 * nowhere; then the world is put in place as it is now, one more atomic operation is carried out
 * on it, with the plain accesses that follow up to the next one, and before the next one the
 * process is left. So any interleaving of atomic operations can be had, and the state of
 * everything is the world and a list for each process, both by number (intern.h).
 *
 * What a process has read and will never look at again is forgotten where that is plain: after each
 * turn of a loop by env_loop(), whose step remembers its context alone (BPF would not let it do
 * otherwise), and between the parts of a task.
 *
 * What is not seen: orders of memory that are weaker than one access after the other; and, but for
 * configurations that say so (plain_steps), another process between two plain accesses.
 */
#ifndef TESTS_PROOFS_MODEL_H
#define TESTS_PROOFS_MODEL_H

#include "tests/proofs/world.h"

enum { PROCESSES = 3, PROGRAM_LENGTH = 4, TUPLES = WORLD_TUPLES };

/* What a process of a configuration does, one after the other. */
enum operation {
	NOTHING,
	OPEN,       /* a packet from inside of tuple `what`: its flow is found, or opened */
	ANSWER,     /* a packet from outside for tuple `what`, to port `port` of address 0 */
	REROUTE,    /* a packet from inside of tuple `what`, whose way has changed, ends its flow */
	COLLECT,    /* the collector walks the table: all flows have idled */
	SWEEP,      /* ... ends the flow of tuple `what` */
	END_LEASES, /* ... ends all leases */
	AUDIT,      /* the index is checked and repaired, as when state is adopted */
	COMMIT,     /* takes address 0 out of the pool, and ends its flows */
	CLAIM,      /* a port of address 0; kept */
	RELEASE,    /* ... and given back */
	KEEP,       /* port `port` is reserved for the kernel's sockets */
	UNKEEP,
	POP,        /* a free slot; kept */
	PUSH,       /* ... and given back */
};

struct task {
	u8 operation;
	u8 what;
	u8 port;
	u8 after; /* bit per process: only when these have done everything or are dead */
};

/* A tuple, by where its flow lies. */
struct tuple {
	u8 home; /* bucket */
	u8 other;
	u8 like; /* a tuple that has the same tag: its number + 1; 0: a tag of its own */
	u8 endpoint; /* a tuple of the same endpoint, which calls somebody else: its number + 1 */
};

struct configuration {
	const char *name;
	const char *what;
	u8 is_long; /* to search */
	u8 flows;   /* slots */
	u8 buckets;
	u8 port_low;
	u8 port_high;
	u8 addresses; /* in the pool */
	u8 permit;    /* of the rule, with persistent-nat: enum lease_permit */
	u8 one_stack; /* all slots lie on stack 0, which all CPUs ask first */
	u8 plain_steps; /* plain accesses are steps of their own as well */
	u8 restarts;    /* bit per process: killed in its first task, another one does the next */
	u8 killable;  /* bit per process: one of these may be killed, at any moment */
	u8 ends_used; /* at the end, that many flows are published; 255: any number */
	struct tuple tuples[TUPLES];
	struct task programs[PROCESSES][PROGRAM_LENGTH];
};

extern const struct configuration configurations[];

struct process_state {
	u32 done;        /* list of values read in this part of the task at hand; 0: not begun */
	u8 task;
	u8 part;         /* of the task, 0 first */
	u8 slot;         /* slot + 1: what one part of OPEN hands on to the next, with the half */
	u8 half;
	u8 lease;        /* likewise, with persistent-nat */
	u8 lease_is_new;
	u8 peer;
	u8 dead;
	u8 held;         /* port + 1 or slot + 1 that CLAIM or POP has got */
	u8 flow;         /* slot + 1 of the flow that a packet uses */
	u8 waits_for;    /* bit per process: packets under way when the grace period began */
	u8 free_slots;   /* those that were free all the time since the task began */
	u16 free_ports;  /* likewise, of both addresses */
	u8 kept;         /* bit per port: reserved for the kernel */
};

/* Everything that makes up a state. */
struct model_state {
	u32 world;
	u8 killed;
	u8 can_step[PROCESSES]; /* these follow from the rest */
	u8 can_kill[PROCESSES];
	u8 padding;
	struct process_state processes[PROCESSES];
};

extern struct model_state model;
extern const struct configuration *configuration;
extern bool model_is_talking; /* every access is printed */

/* For the search. */
void model_start(void);
void model_step(u32 process);
void model_kill(u32 process);

/* Supplied by the search: a property does not hold. */
void model_failed(const char *what);

/* For the code under test, and what stands around it. */
struct process_state *model_me(void);
void model_check(bool holds, const char *what);
void model_pause(void);        /* other processes may run */
void model_grace_period(void); /* ... and packets that are under way come to an end */
void model_next_part(u8 part); /* the task goes on, and remembers its process_state alone */
void model_loop(u32 count, long (*step)(u32 i, void *context), void *context, u32 bytes);
void subject_run(const struct task *task);

/* The properties that every state has, and the last one of a run. */
void properties_check(void);
void properties_check_end(void);
u8 properties_free_slots(void);
u16 properties_free_ports(void);

struct flow_key;
const struct flow_key *model_tuple(u32 number);
u64 model_tuple_hash(u32 number);
const union ip_addr *model_nat_address(void); /* address 0 */

#endif
