/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/proofs/model.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/proofs/intern.h"

enum { MAX_BLOCKS = 24, MAX_VALUES = 4096, PIECE_BYTES = 8 };

/* What is kept of the world: its words that change. */
struct block {
	void *memory;
	u32 bytes;
	const char *name;
	u32 number;
};

/* One more value read, after those of the list `before`. */
struct link {
	u64 value;
	u32 before;
	u32 padding;
};

enum watch { UNWATCHED, STEP, QUIET };

struct world world;
struct nat_config world_config[CONFIG_HALVES];
struct flow_stats world_stats[WORLD_FLOWS];
u32 world_cpu;
struct model_state model;
const struct configuration *configuration;
bool model_is_talking;

static struct block blocks[MAX_BLOCKS];
static u32 block_count;
static u8 watched[sizeof(struct world)];

/* The step at hand. */
static u32 running;
static u64 values[MAX_VALUES];
static u32 lists[MAX_VALUES + 1]; /* the list before each value, and all of it */
static u32 value_count, replayed;
static bool has_next_part;
static u8 next_part;
static bool is_live, has_performed;
static jmp_buf leave;

/* The world. */

static void block_add(void *memory, u32 bytes, const char *name, u32 number)
{
	blocks[block_count++] = (struct block){memory, bytes, name, number};
	memset(watched + ((u8 *)memory - (u8 *)&world), STEP, bytes);
}

static bool has_task(u8 operation)
{
	for (u32 i = 0; i < PROCESSES * PROGRAM_LENGTH; i++)
		if (configuration->programs[i / PROGRAM_LENGTH][i % PROGRAM_LENGTH].operation ==
		    operation)
			return true;
	return false;
}

/* The words that no decision hangs on are read and written as if they were nobody else's. */
static void watch_quietly(const void *word, u32 bytes)
{
	memset(watched + ((const u8 *)word - (const u8 *)&world), QUIET, bytes);
}

static void blocks_choose(void)
{
	for (u32 i = 0; i < FREE_STACKS; i++)
		block_add(&world.control.free_stacks[i].head, sizeof(u64), "free_stacks", i);
	if (has_task(COMMIT))
		block_add(&world.control.active_half, sizeof(u32), "active_half", 0);
	if (configuration->permit)
		block_add(&world.control.binding_count, sizeof(u32), "binding_count", 0);
	for (u32 i = 0; i < configuration->flows; i++) {
		block_add(&world.flows[i], sizeof(struct flow), "flows", i);
		if (!configuration->permit) /* a lease's users lie there */
			watch_quietly(&world.flows[i].nexthop_in, sizeof(u32));
		watch_quietly(&world.flows[i].last_seen_s, sizeof(u32));
	}
	for (u32 i = 0; i < configuration->buckets; i++)
		block_add(&world.buckets[i], sizeof(u64) + BUCKET_ENTRIES * sizeof(u32), "buckets",
			  i);
	for (u32 i = 0; i < configuration->addresses; i++) {
		struct port_space *space = &world.ports[i].spaces[PORTS_UDP];

		block_add(space, offsetof(struct port_space, owners) + sizeof(space->owners),
			  "ports", i);
	}
}

static u32 world_keep(void)
{
	u32 numbers[MAX_BLOCKS];

	for (u32 i = 0; i < block_count; i++)
		numbers[i] = intern(blocks[i].memory, blocks[i].bytes);
	return intern(numbers, block_count * sizeof(*numbers));
}

static void world_put_back(u32 number)
{
	const u32 *numbers = interned(number);

	for (u32 i = 0; i < block_count; i++)
		memcpy(blocks[i].memory, interned(numbers[i]), blocks[i].bytes);
}

/* The values that a process has read. */

static void values_recall(u32 list)
{
	value_count = replayed = 0;
	for (u32 each = list; each; value_count++)
		each = ((const struct link *)interned(each))->before;
	if (value_count > MAX_VALUES)
		abort();
	lists[value_count] = list;
	for (u32 i = value_count; i > 0; i--) {
		const struct link *link = interned(lists[i]);

		values[i - 1] = link->value;
		lists[i - 1] = link->before;
	}
}

static void value_add(u64 value)
{
	struct link link = {.value = value, .before = model.processes[running].done};

	model.processes[running].done = intern(&link, sizeof(link));
}

static bool is_replaying(void)
{
	return replayed < value_count;
}

static void go_live(void)
{
	world_put_back(model.world);
	is_live = true;
}

/* The hooks. */

static enum watch watch_of(const volatile void *memory)
{
	u64 offset = (u64)((const volatile u8 *)memory - (const volatile u8 *)&world);

	return offset < sizeof(world) ? watched[offset] : UNWATCHED;
}

static void talk(const char *what, const volatile void *memory, u64 value)
{
	if (!model_is_talking)
		return;
	printf("    process %u: %-10s ", running, what);
	for (u32 i = 0; memory && i < block_count; i++) {
		u64 offset = (u64)((const volatile u8 *)memory - (u8 *)blocks[i].memory);

		if (offset < blocks[i].bytes)
			printf("%s[%u]+%-3llu ", blocks[i].name, blocks[i].number, offset);
	}
	printf("%#llx\n", value);
}

/* One more step begins, if this one has had its operation. */
static void step_begin(void)
{
	if (has_performed)
		longjmp(leave, 1);
	has_performed = true;
	if (!is_live)
		go_live();
}

static bool plain_is_step(const void *memory)
{
	return configuration->plain_steps && watch_of(memory) == STEP;
}

static void plain_write(void *memory)
{
	if (!plain_is_step(memory))
		return;
	if (is_replaying()) {
		replayed++;
		return;
	}
	step_begin();
	value_add(0);
	talk("writes", memory, 0);
}

static void plain_read(void *memory, u64 bytes)
{
	if (watch_of(memory) == UNWATCHED)
		return;
	if (plain_is_step(memory) && !is_replaying())
		step_begin();
	for (u64 at = 0; at < bytes; at += PIECE_BYTES) {
		u64 piece = bytes - at < PIECE_BYTES ? bytes - at : PIECE_BYTES, value = 0;

		if (is_replaying()) {
			memcpy((u8 *)memory + at, &values[replayed++], piece);
			continue;
		}
		if (!is_live)
			abort();
		memcpy(&value, (u8 *)memory + at, piece);
		value_add(value);
		talk("reads", (u8 *)memory + at, value);
	}
}

/* What an atomic operation begins with. => true, and its value, if it was carried out before */
static bool was_done(const volatile void *memory, u64 *value)
{
	if (is_replaying()) {
		*value = values[replayed++];
		return true;
	}
	if (!memory || watch_of(memory) == STEP)
		step_begin();
	else if (!is_live)
		go_live();
	return false;
}

static u64 done(const char *what, const volatile void *memory, u64 value)
{
	value_add(value);
	talk(what, memory, value);
	return value;
}

void model_pause(void)
{
	u64 value;

	if (!was_done(NULL, &value))
		(void)done("goes on", NULL, 0);
}

/* Loops. Their beginning is a value of the list: the turn to begin with, and then the context. */

enum { LOOP_HAS_ENDED = 0xffffffff };

static void loop_remember(u32 list, u32 turn, const u8 *context, u32 bytes)
{
	model_me()->done = list;
	value_add(turn);
	for (u32 at = 0; at < bytes; at += PIECE_BYTES) {
		u64 value = 0;

		memcpy(&value, context + at, bytes - at < PIECE_BYTES ? bytes - at : PIECE_BYTES);
		value_add(value);
	}
}

/* => the turn to go on with */
static u32 loop_recall(u8 *context, u32 bytes)
{
	u32 turn = (u32)values[replayed++];

	for (u32 at = 0; turn && at < bytes; at += PIECE_BYTES)
		memcpy(context + at, &values[replayed++],
		       bytes - at < PIECE_BYTES ? bytes - at : PIECE_BYTES);
	return turn;
}

void model_loop(u32 count, long (*step)(u32 i, void *context), void *context, u32 bytes)
{
	u32 list = is_replaying() ? lists[replayed] : model_me()->done, turn = 0;

	if (is_replaying())
		turn = loop_recall(context, bytes);
	else
		loop_remember(list, 0, NULL, 0);
	while (turn != LOOP_HAS_ENDED) {
		turn = step(turn, context) || turn + 1 == count ? LOOP_HAS_ENDED : turn + 1;
		loop_remember(list, turn, context, bytes);
	}
}

void model_next_part(u8 part)
{
	has_next_part = true;
	next_part = part;
}

#define HOOK(name) __tsan_##name

void HOOK(init)(void);
void HOOK(func_entry)(void *caller);
void HOOK(func_exit)(void);
void HOOK(read_range)(void *memory, u64 bytes);
void HOOK(write_range)(void *memory, u64 bytes);

void HOOK(init)(void)
{
}

void HOOK(func_entry)(void *caller)
{
	(void)caller;
}

void HOOK(func_exit)(void)
{
}

void HOOK(read_range)(void *memory, u64 bytes)
{
	plain_read(memory, bytes);
}

void HOOK(write_range)(void *memory, u64 bytes)
{
	(void)bytes;
	plain_write(memory);
}

#define PLAIN_HOOKS(bytes)                                                                     \
	void HOOK(read##bytes)(void *memory);                                                  \
	void HOOK(write##bytes)(void *memory);                                                 \
	void HOOK(read##bytes)(void *memory)                                                   \
	{                                                                                      \
		plain_read(memory, bytes);                                                     \
	}                                                                                      \
	void HOOK(write##bytes)(void *memory)                                                  \
	{                                                                                      \
		plain_write(memory);                                                           \
	}

PLAIN_HOOKS(1)
PLAIN_HOOKS(2)
PLAIN_HOOKS(4)
PLAIN_HOOKS(8)
PLAIN_HOOKS(16)

/* An atomic operation that returns what was there; on memory that is not watched, nobody looks. */
#define READ_MODIFY_WRITE(type, bits, name, new_value)                                         \
	type HOOK(atomic##bits##_##name)(volatile type * memory, type operand, int order);     \
	type HOOK(atomic##bits##_##name)(volatile type * memory, type operand, int order)      \
	{                                                                                      \
		bool is_watched = watch_of(memory) != UNWATCHED;                               \
		type old;                                                                      \
		u64 value;                                                                     \
                                                                                               \
		(void)order;                                                                   \
		if (is_watched && was_done(memory, &value))                                    \
			return (type)value;                                                    \
		old = *memory;                                                                 \
		*memory = (type)(new_value);                                                   \
		return is_watched ? (type)done(#name, memory, old) : old;                      \
	}

#define ATOMIC_HOOKS(type, bits)                                                               \
	type HOOK(atomic##bits##_load)(volatile type * memory, int order);                     \
	type HOOK(atomic##bits##_load)(volatile type * memory, int order)                      \
	{                                                                                      \
		bool is_watched = watch_of(memory) != UNWATCHED;                               \
		u64 value;                                                                     \
                                                                                               \
		(void)order;                                                                   \
		if (is_watched && was_done(memory, &value))                                    \
			return (type)value;                                                    \
		return is_watched ? (type)done("load", memory, *memory) : *memory;             \
	}                                                                                      \
	void HOOK(atomic##bits##_store)(volatile type * memory, type new, int order);          \
	void HOOK(atomic##bits##_store)(volatile type * memory, type new, int order)           \
	{                                                                                      \
		bool is_watched = watch_of(memory) != UNWATCHED;                               \
		u64 value;                                                                     \
                                                                                               \
		(void)order;                                                                   \
		if (is_watched && was_done(memory, &value))                                    \
			return;                                                                \
		*memory = new;                                                                 \
		if (is_watched)                                                                \
			(void)done("store", memory, new);                                      \
	}                                                                                      \
	int HOOK(atomic##bits##_compare_exchange_strong)(volatile type * memory,               \
							 type *expected, type new, int order,  \
							 int otherwise);                       \
	int HOOK(atomic##bits##_compare_exchange_strong)(volatile type * memory,               \
							 type *expected, type new, int order,  \
							 int otherwise)                        \
	{                                                                                      \
		bool is_watched = watch_of(memory) != UNWATCHED;                               \
		type wanted = *expected;                                                       \
		u64 value;                                                                     \
                                                                                               \
		(void)order;                                                                   \
		(void)otherwise;                                                               \
		if (is_watched && was_done(memory, &value))                                    \
			return (*expected = (type)value) == wanted;                            \
		*expected = *memory;                                                           \
		if (*expected == wanted)                                                       \
			*memory = new;                                                         \
		if (is_watched)                                                                \
			(void)done(*expected == wanted ? "replace" : "no replace", memory,     \
				   *expected);                                                 \
		return *expected == wanted;                                                    \
	}                                                                                      \
	READ_MODIFY_WRITE(type, bits, exchange, operand)                                       \
	READ_MODIFY_WRITE(type, bits, fetch_add, old + operand)                                \
	READ_MODIFY_WRITE(type, bits, fetch_and, old & operand)                                \
	READ_MODIFY_WRITE(type, bits, fetch_or, old | operand)

ATOMIC_HOOKS(u8, 8)
ATOMIC_HOOKS(u16, 16)
ATOMIC_HOOKS(u32, 32)
ATOMIC_HOOKS(u64, 64)

/* Processes. */

struct process_state *model_me(void)
{
	return &model.processes[running];
}

void model_check(bool holds, const char *what)
{
	if (!holds)
		model_failed(what);
}

static const struct task *task_of(u32 process)
{
	u8 task = model.processes[process].task;

	return task < PROGRAM_LENGTH ? &configuration->programs[process][task] : NULL;
}

static bool has_ended(u32 process)
{
	const struct task *task = task_of(process);

	return model.processes[process].dead || !task || task->operation == NOTHING;
}

static bool is_packet_under_way(u32 process)
{
	const struct task *task = task_of(process);

	return !has_ended(process) &&
	       (model.processes[process].done || model.processes[process].part) &&
	       (task->operation == OPEN || task->operation == REROUTE || task->operation == ANSWER);
}

void model_grace_period(void)
{
	u64 value;

	if (!was_done(NULL, &value)) {
		for (u32 i = 0; i < PROCESSES; i++)
			if (i != running && is_packet_under_way(i))
				model_me()->waits_for |= (u8)(1u << i);
		(void)done("waits for", NULL, model_me()->waits_for);
	}
	model_pause();
}

/* Nobody needs to wait for the process any more. */
static void process_is_out(u32 process)
{
	model.processes[process].flow = 0;
	for (u32 i = 0; i < PROCESSES; i++)
		model.processes[i].waits_for &= (u8) ~(1u << process);
}

static bool can_step(u32 process)
{
	u8 after;

	if (has_ended(process) || model.processes[process].waits_for)
		return false;
	after = task_of(process)->after;
	for (u32 i = 0; i < PROCESSES; i++)
		if (after >> i & 1 && !has_ended(i))
			return false;
	return true;
}

static bool can_kill(u32 process)
{
	if (configuration->restarts >> process & 1 && model.processes[process].task)
		return false;
	return configuration->killable >> process & 1 && !model.killed && !has_ended(process) &&
	       (model.processes[process].done || model.processes[process].part);
}

static void note_what_stayed_free(void)
{
	u8 slots = properties_free_slots();
	u16 ports = properties_free_ports();

	for (u32 i = 0; i < PROCESSES; i++) {
		model.processes[i].free_slots &= slots;
		model.processes[i].free_ports &= ports;
	}
}

static void see_who_can_go_on(void)
{
	for (u32 i = 0; i < PROCESSES; i++) {
		model.can_step[i] = can_step(i);
		model.can_kill[i] = can_kill(i);
	}
}

static void look_at_state(void)
{
	bool ended = true, stuck = true;

	note_what_stayed_free();
	properties_check();
	see_who_can_go_on();
	for (u32 i = 0; i < PROCESSES; i++) {
		ended = ended && has_ended(i);
		stuck = stuck && !model.can_step[i];
	}
	model_check(!stuck || ended, "nobody can go on");
	if (ended)
		properties_check_end();
}

static void task_begin(void)
{
	go_live();
	if (model_me()->part)
		return;
	model_me()->free_slots = properties_free_slots();
	model_me()->free_ports = properties_free_ports();
}

static void task_end(void)
{
	struct process_state *me = model_me();

	me->done = 0;
	if (has_next_part) {
		me->part = next_part;
		return;
	}
	me->free_slots = me->part = me->slot = me->half = 0;
	me->lease = me->lease_is_new = me->peer = 0;
	me->free_ports = 0;
	me->task++;
	process_is_out(running);
}

/* What is left over from other runs would get into the contexts of loops, in their padding. */
static __attribute__((noinline)) void clear_stack(void)
{
	volatile u8 below[4096];

	for (u32 i = 0; i < sizeof(below); i += sizeof(u64))
		*(volatile u64 *)(below + i) = 0;
}

extern u8 __start_per_run[], __stop_per_run[];

void model_step(u32 process)
{
	struct process_state *me = &model.processes[process];

	running = world_cpu = process;
	is_live = has_performed = has_next_part = false;
	memset(__start_per_run, 0, (size_t)(__stop_per_run - __start_per_run));
	values_recall(me->done);
	if (!me->done)
		task_begin();
	clear_stack();
	if (!setjmp(leave)) {
		subject_run(task_of(process));
		task_end();
	}
	model.world = world_keep();
	look_at_state();
}

void model_kill(u32 process)
{
	if (configuration->restarts >> process & 1) {
		model.processes[process].task++;
		model.processes[process].done = model.processes[process].part = 0;
	} else {
		model.processes[process].dead = 1;
	}
	model.killed++;
	if (model_is_talking)
		printf("    process %u: is killed\n", process);
	process_is_out(process);
	world_put_back(model.world);
	look_at_state();
}

/* The world at the beginning. */

static void ports_start(struct port_space *space)
{
	for (u32 i = 0; i < PORT_WORDS; i++)
		space->free_bits[i] = (1ull << PORTS_PER_WORD) - 1;
	for (u32 i = 0; i < PORT_GROUPS; i++)
		space->group_free[i] = PORTS_PER_GROUP;
}

static void pool_start(struct nat_config *config, u32 first_address, u32 addresses)
{
	config->pools[0] = (struct nat_pool){.id = 1, .port_low = configuration->port_low,
					     .port_high = configuration->port_high,
					     .selector = SELECT_ROUND_ROBIN,
					     .lists[FAMILY_IPV4] = {.length = addresses}};
	config->pool_count = 1;
	config->rules[0] = (struct nat_rule){.id = 1, .permit = configuration->permit};
	config->rules[0].policy.inactivity_timeout_s = LEASE_TIMEOUT_MIN_S;
	config->rules[0].policy.flows_max = LEASE_FLOWS_MIN - 1;
	config->nat_addresses[0].flags = NAT_ADDRESS_USED; /* of slot 0 */
	config->nat_addresses[0].address = *model_nat_address();
	for (u32 i = 0; i < addresses; i++)
		config->pool_addresses[i] = (u16)(first_address + i);
}

static void slots_start(void)
{
	for (u32 slot = configuration->flows; slot > 0; slot--) {
		struct free_stack *stack =
			&world.control.free_stacks[configuration->one_stack ? 0
									     : slot % FREE_STACKS];

		world.flows[slot - 1].next_free = (u32)stack->head;
		stack->head = slot;
	}
}

void model_start(void)
{
	world.control.flow_capacity = configuration->flows;
	world.control.bucket_count = configuration->buckets;
	pool_start(&world_config[0], 0, configuration->addresses);
	pool_start(&world_config[1], 1, 1);
	slots_start();
	for (u32 i = 0; i < WORLD_ADDRESSES * PORTS_PROTOCOLS; i++)
		ports_start(&world.ports[i / PORTS_PROTOCOLS].spaces[i % PORTS_PROTOCOLS]);
	for (u32 i = 0; i < WORLD_TUPLES; i++)
		(void)model_tuple(i);
	blocks_choose();
	model.world = world_keep();
	see_who_can_go_on();
}
