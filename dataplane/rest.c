/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/rest.h"

#include "core/open.h"

/* => the second at which it ends: the owner word knows only the low bits */
static u32 end_of(u32 owner, u32 now_s)
{
	u32 ahead = (owner - now_s) & PORT_REST_SECOND_MASK;

	if (ahead > PORT_REST_SECOND_MASK / 2)
		ahead -= PORT_REST_SECOND_MASK + 1;
	return now_s + ahead;
}

static bool is_over(u32 end_s, u32 now_s)
{
	return (s32)(now_s - end_s) >= 0;
}

bool rest_is_noticed(u32 wake_s, u32 first_s)
{
	return !first_s || (wake_s && is_over(wake_s, first_s));
}

void rest_begin(struct port_space *space, u16 port, u32 end_s)
{
	u32 *wake_s = &space->group_wake_s[port / PORTS_PER_GROUP];

	end_s += !end_s; /* 0 says that none rests */
	if (!*wake_s || !is_over(*wake_s, end_s))
		atomic_write(wake_s, end_s);
	atomic_add(&space->resting, 1);
	atomic_add(&space->in_use, -1u);
	(void)atomic_swap(&space->owners[port], PORT_RESTING | (end_s & PORT_REST_SECOND_MASK));
}

/* Free again, in the order that abi/ports.h asks for. */
static void wake(struct port_space *space, u32 port)
{
	atomic_add(&space->group_free[port / PORTS_PER_GROUP], 1);
	atomic_or(&space->free_bits[port / PORTS_PER_WORD], 1ull << (port % PORTS_PER_WORD));
	atomic_add(&space->resting, -1u);
	(void)atomic_swap(&space->owners[port], PORT_FREE);
}

u32 rest_first_s(const struct port_space *space, u32 group, u32 now_s)
{
	u32 first_s = 0;

	for (u32 i = 0; i < PORTS_PER_GROUP; i++) {
		u32 owner = atomic_read(&space->owners[group * PORTS_PER_GROUP + i]);
		u32 end_s = end_of(owner, now_s);

		if (port_rests(owner) && (!first_s || !is_over(first_s, end_s)))
			first_s = end_s + !end_s;
	}
	return first_s;
}

static void wake_group(struct port_space *space, u32 group, u32 now_s)
{
	for (u32 i = 0; i < PORTS_PER_GROUP; i++) {
		u32 port = group * PORTS_PER_GROUP + i;
		u32 owner = atomic_read(&space->owners[port]);

		if (port_rests(owner) && is_over(end_of(owner, now_s), now_s))
			wake(space, port);
	}
	atomic_write(&space->group_wake_s[group], rest_first_s(space, group, now_s));
}

static void wake_space(struct port_space *space, u32 now_s)
{
	for (u32 group = 0; group < PORT_GROUPS; group++) {
		u32 wake_s = space->group_wake_s[group];

		if (wake_s && is_over(wake_s, now_s))
			wake_group(space, group, now_s);
	}
}

void rest_end(struct tables *tables, u32 now_s)
{
	for (u32 slot = 0; slot < MAX_ADDRESS_SLOTS; slot++)
		for (u32 p = 0; tables->ports[slot] && p < PORTS_PROTOCOLS; p++)
			if (atomic_read(&tables->ports[slot]->spaces[p].resting))
				wake_space(&tables->ports[slot]->spaces[p], now_s);
}
