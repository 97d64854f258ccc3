/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The TCP states of a flow, as a table: docs/packet-path.md, section 7. The states only choose
 * the idle timeout; no segment is dropped for its state.
 */
#ifndef CORE_TCP_H
#define CORE_TCP_H

#include "core/packet.h"

enum tcp_event { TCP_EVENT_SYN, TCP_EVENT_ACK, TCP_EVENT_FIN, TCP_EVENT_RST, TCP_EVENTS };

/* Those that make a segment an event at all. */
enum { TCP_EVENT_FLAGS = TCP_RST | TCP_FIN | TCP_SYN | TCP_ACK };

/* What a segment is to the table: RST before FIN before SYN. SYN with ACK is ACK from inside. */
static __always_inline enum tcp_event tcp_event(u8 flags, enum flow_direction direction)
{
	if (flags & TCP_RST)
		return TCP_EVENT_RST;
	if (flags & TCP_FIN)
		return TCP_EVENT_FIN;
	if ((flags & TCP_SYN) && (direction == FLOW_IN || !(flags & TCP_ACK)))
		return TCP_EVENT_SYN;
	return TCP_EVENT_ACK;
}

#define OPENING TCP_OPENING
#define ANSWERED TCP_ANSWERED
#define ESTABLISHED TCP_ESTABLISHED
#define CLOSING_OUT TCP_CLOSING_OUT
#define CLOSING_IN TCP_CLOSING_IN
#define CLOSED TCP_CLOSED
#define OPENING_IN TCP_OPENING_IN
#define ANSWERED_IN TCP_ANSWERED_IN
#define PICKED_UP TCP_PICKED_UP

/* A power of two, so that an index is in range by its bits alone. */
enum { TCP_STATE_ROWS = 16 };
_Static_assert(TCP_STATE_COUNT <= (int)TCP_STATE_ROWS, "");

static const u8 tcp_transitions[FLOW_DIRECTIONS][TCP_STATE_ROWS][TCP_EVENTS] = {
	[FLOW_OUT] = {
		/*                SYN          ACK          FIN          RST */
		[OPENING]     = { OPENING,     OPENING,     CLOSING_OUT, CLOSED },
		[ANSWERED]    = { ANSWERED,    ESTABLISHED, CLOSING_OUT, CLOSED },
		[ESTABLISHED] = { ESTABLISHED, ESTABLISHED, CLOSING_OUT, CLOSED },
		[CLOSING_OUT] = { CLOSING_OUT, CLOSING_OUT, CLOSING_OUT, CLOSED },
		[CLOSING_IN]  = { CLOSING_IN,  CLOSING_IN,  CLOSED,      CLOSED },
		[CLOSED]      = { OPENING,     CLOSED,      CLOSED,      CLOSED },
		[OPENING_IN]  = { ANSWERED_IN, ANSWERED_IN, CLOSING_OUT, CLOSED },
		[ANSWERED_IN] = { ANSWERED_IN, ANSWERED_IN, CLOSING_OUT, CLOSED },
		[PICKED_UP]   = { OPENING,     PICKED_UP,   CLOSING_OUT, CLOSED },
	},
	[FLOW_IN] = {
		[OPENING]     = { ANSWERED,    OPENING,     CLOSING_IN,  CLOSED },
		[ANSWERED]    = { ANSWERED,    ANSWERED,    CLOSING_IN,  CLOSED },
		[ESTABLISHED] = { ESTABLISHED, ESTABLISHED, CLOSING_IN,  CLOSED },
		[CLOSING_OUT] = { CLOSING_OUT, CLOSING_OUT, CLOSED,      CLOSED },
		[CLOSING_IN]  = { CLOSING_IN,  CLOSING_IN,  CLOSING_IN,  CLOSED },
		[CLOSED]      = { OPENING_IN,  CLOSED,      CLOSED,      CLOSED },
		[OPENING_IN]  = { OPENING_IN,  OPENING_IN,  CLOSING_IN,  CLOSED },
		[ANSWERED_IN] = { ANSWERED_IN, ESTABLISHED, CLOSING_IN,  CLOSED },
		[PICKED_UP]   = { ANSWERED,    ESTABLISHED, CLOSING_IN,  CLOSED },
	},
};

#undef OPENING
#undef ANSWERED
#undef ESTABLISHED
#undef CLOSING_OUT
#undef CLOSING_IN
#undef CLOSED
#undef OPENING_IN
#undef ANSWERED_IN
#undef PICKED_UP

/* A segment without any of the flags is no event. */
static __always_inline u8 tcp_next_state(u8 state, u8 flags, enum flow_direction direction)
{
	enum tcp_event event = tcp_event(flags, direction);

	if (!(flags & TCP_EVENT_FLAGS))
		return state;
	return tcp_transitions[direction][state % TCP_STATE_ROWS][event];
}

/* => true for a segment that may open a flow */
static __always_inline bool tcp_opens(u8 flags)
{
	return (flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN;
}

/* => true for a segment in the middle of a connection, which opens a flow with no-syn-check */
static __always_inline bool tcp_picks_up(u8 flags)
{
	return (flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_ACK;
}

/* => the state of a flow whose first segment has these flags, before it is accounted for */
static __always_inline u8 tcp_first_state(u8 flags)
{
	return tcp_picks_up(flags) ? TCP_PICKED_UP : TCP_OPENING;
}

/* Idle timeouts of a flow's protocol and state. */
static __always_inline u32 flow_timeout_s(const struct flow_timeouts *timeouts, u8 protocol,
					  u8 tcp_state)
{
	if (protocol == PROTOCOL_UDP)
		return timeouts->udp_s;
	if (protocol == PROTOCOL_GRE)
		return timeouts->gre_s;
	if (protocol == PROTOCOL_ESP)
		return timeouts->esp_s;
	if (protocol != PROTOCOL_TCP)
		return timeouts->icmp_s;
	if (tcp_state == TCP_ESTABLISHED)
		return timeouts->tcp_established_s;
	if (tcp_state == TCP_OPENING || tcp_state == TCP_ANSWERED || tcp_state == TCP_PICKED_UP ||
	    tcp_state == TCP_OPENING_IN || tcp_state == TCP_ANSWERED_IN)
		return timeouts->tcp_opening_s;
	return timeouts->tcp_closing_s;
}

#endif
