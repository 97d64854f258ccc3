/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/held.h"

#include <stdlib.h>

#include "core/nat.h"

/* The places that are READY, in the order of arrival. */
struct held_queue {
	u32 count;
	struct held_item {
		u32 number;
		u32 place;
	} items[HELD_PLACES];
};

/* Numbers go round. */
static int by_number(const void *left, const void *right)
{
	s32 difference = (s32)(((const struct held_item *)left)->number -
			       ((const struct held_item *)right)->number);

	return (difference > 0) - (difference < 0);
}

static void queue_fill(struct held_queue *queue, struct fragment_table *table)
{
	queue->count = 0;
	for (u32 place = 0; place < HELD_PLACES; place++)
		if (atomic_read(&table->held_states[place]) == HELD_READY)
			queue->items[queue->count++] =
				(struct held_item){table->places[place].number, place};
	qsort(queue->items, queue->count, sizeof(queue->items[0]), by_number);
}

/*
 * => true if the frame can be judged now: its datagram is known, or it is none any more that would
 *    wait, because the configuration has changed
 */
static bool can_be_judged(struct native_frame *frame, u32 ifindex, u32 half)
{
	const struct control *control = env_control();
	const struct nat_config *config = env_config(half);
	struct flow_match match = {0};
	struct packet packet;

	packet_start(&packet, ifindex, half);
	return !config || packet_begin(frame, &packet, control, config) != NO_REASON ||
	       packet.fragment != FRAGMENT_LATER ||
	       fragment_match(frame, &packet, &match) != NO_REASON || match.slot;
}

/* => false if it goes on waiting */
static bool look_at(struct held_frame *held, const struct held_sink *sink,
		    struct held_figures *figures)
{
	struct native_frame frame = {.start = held->bytes, .end = held->bytes + held->length};
	u32 half = nat_active_half();
	struct verdict verdict;

	if (can_be_judged(&frame, held->ifindex, half)) {
		/* Should it have to wait again, then as if it had come anew. */
		verdict = nat_packet(&frame, held->ifindex, half, false);
		if (verdict.action != VERDICT_DROP && verdict.action != VERDICT_HELD)
			sink->send(sink->context, held->bytes, held->length, held->ifindex,
				   &verdict);
		atomic_add(&figures->released, 1);
		return true;
	}
	if (env_now_s(env_control()) - held->held_s <= HELD_LIFE_S)
		return false;
	verdict_count(&frame, verdict_drop(REASON_fragment_unknown));
	atomic_add(&figures->expired, 1);
	return true;
}

u32 held_look(struct tables *tables, const struct held_sink *sink, struct held_figures *figures)
{
	struct fragment_table *table = &tables->control->fragments;
	struct held_queue queue;
	u32 waiting = 0;

	queue_fill(&queue, table);
	for (u32 i = 0; i < queue.count; i++) {
		u32 place = queue.items[i].place;

		if (look_at(&table->places[place], sink, figures))
			(void)atomic_swap(&table->held_states[place], HELD_FREE);
		else
			waiting++;
	}
	return waiting;
}

u32 held_count(const struct tables *tables)
{
	u32 count = 0;

	for (u32 place = 0; place < HELD_PLACES; place++)
		count += atomic_read(&tables->control->fragments.held_states[place]) != HELD_FREE;
	return count;
}

void held_repair(struct tables *tables, void (*wait)(void))
{
	static u64 entries[FRAGMENT_ENTRIES];
	static u32 places[HELD_PLACES];
	struct fragment_table *table = &tables->control->fragments;

	for (u32 i = 0; i < FRAGMENT_ENTRIES; i++)
		entries[i] = atomic_read(&table->entries[i].state);
	for (u32 i = 0; i < HELD_PLACES; i++)
		places[i] = atomic_read(&table->held_states[i]);
	wait();
	for (u32 i = 0; i < FRAGMENT_ENTRIES; i++)
		if (entries[i] & FRAGMENT_BUSY)
			(void)atomic_replace(&table->entries[i].state, entries[i], 0);
	for (u32 i = 0; i < HELD_PLACES; i++)
		if (places[i] == HELD_BUSY)
			(void)atomic_replace(&table->held_states[i], HELD_BUSY, HELD_FREE);
}
