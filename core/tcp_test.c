/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TCP states against docs/packet-path.md, section 7, written down here a second time, as
 * sentences instead of a table; for every state, every combination of flags and both sides.
 */
#include "core/tcp.h"

#include "tests/env/unit.h"

enum { ALL_FLAGS = 256, TCP_URG_PSH = 0x28 };

static bool is_opening(u8 state)
{
	return state == TCP_OPENING || state == TCP_ANSWERED || state == TCP_PICKED_UP ||
	       state == TCP_OPENING_IN || state == TCP_ANSWERED_IN;
}

static u8 state_after_fin(u8 state, bool from_inside)
{
	u8 mine = from_inside ? TCP_CLOSING_OUT : TCP_CLOSING_IN;
	u8 others = from_inside ? TCP_CLOSING_IN : TCP_CLOSING_OUT;

	return state == others || state == TCP_CLOSED ? TCP_CLOSED : mine;
}

static u8 state_after_inside(u8 state, bool syn, bool ack)
{
	if (state == TCP_OPENING_IN && (syn || ack))
		return TCP_ANSWERED_IN;
	if ((state == TCP_CLOSED || state == TCP_PICKED_UP) && syn && !ack)
		return TCP_OPENING;
	return state == TCP_ANSWERED && ack ? TCP_ESTABLISHED : state;
}

static u8 state_after_outside(u8 state, bool syn, bool ack)
{
	if ((state == TCP_OPENING || state == TCP_PICKED_UP) && syn)
		return TCP_ANSWERED;
	if (state == TCP_PICKED_UP && ack)
		return TCP_ESTABLISHED;
	if (state == TCP_CLOSED && syn)
		return TCP_OPENING_IN;
	return state == TCP_ANSWERED_IN && ack && !syn ? TCP_ESTABLISHED : state;
}

/* RST before FIN before SYN before ACK. */
static u8 expected_state(u8 state, u8 flags, bool from_inside)
{
	bool syn = flags & TCP_SYN, ack = flags & TCP_ACK;

	if (flags & TCP_RST)
		return TCP_CLOSED;
	if (flags & TCP_FIN)
		return state_after_fin(state, from_inside);
	return from_inside ? state_after_inside(state, syn, ack)
			   : state_after_outside(state, syn, ack);
}

static void every_segment_in_every_state_does_what_is_written(void **unused)
{
	(void)unused;
	for (u8 state = 0; state < TCP_STATE_COUNT; state++)
		for (u32 flags = 0; flags < ALL_FLAGS; flags++)
			for (u32 in = 0; in < FLOW_DIRECTIONS; in++)
				assert_int_equal(tcp_next_state(state, (u8)flags, in),
						 expected_state(state, (u8)flags, in == FLOW_OUT));
}

/* Whatever the peer sends, a flow is established only by its own host. [RFC5382 REQ-5] */
static void the_outside_alone_never_establishes_a_flow(void **unused)
{
	(void)unused;
	for (u32 a = 0; a < ALL_FLAGS; a++)
		for (u32 b = 0; b < ALL_FLAGS; b++) {
			u8 state = tcp_next_state(TCP_OPENING, (u8)a, FLOW_IN);

			state = tcp_next_state(state, (u8)b, FLOW_IN);
			assert_int_not_equal(state, TCP_ESTABLISHED);
		}
}

static void a_state_out_of_range_stays_within_the_table(void **unused)
{
	(void)unused;
	for (u32 state = 0; state < 256; state++)
		for (u32 in = 0; in < FLOW_DIRECTIONS; in++)
			assert_in_range(tcp_next_state((u8)state, TCP_ACK, in), 0,
					TCP_STATE_COUNT - 1);
}

static void only_a_bare_syn_opens_a_flow(void **unused)
{
	(void)unused;
	for (u32 flags = 0; flags < ALL_FLAGS; flags++) {
		bool syn = flags & TCP_SYN, other = flags & (TCP_ACK | TCP_RST | TCP_FIN);

		assert_int_equal(tcp_opens((u8)flags), syn && !other);
	}
	assert_true(tcp_opens(TCP_SYN | TCP_URG_PSH));
}

static void an_ack_without_syn_and_rst_picks_a_connection_up(void **unused)
{
	(void)unused;
	for (u32 flags = 0; flags < ALL_FLAGS; flags++) {
		bool ack = flags & TCP_ACK, other = flags & (TCP_SYN | TCP_RST);

		assert_int_equal(tcp_picks_up((u8)flags), ack && !other);
		assert_int_equal(tcp_first_state((u8)flags),
				 ack && !other ? TCP_PICKED_UP : TCP_OPENING);
	}
}

static void protocol_and_state_choose_the_timeout(void **unused)
{
	const struct flow_timeouts timeouts = {
		.tcp_opening_s = 1, .tcp_established_s = 2, .tcp_closing_s = 3, .udp_s = 4,
		.icmp_s = 5, .gre_s = 6, .esp_s = 7};

	(void)unused;
	for (u8 state = 0; state < TCP_STATE_COUNT; state++) {
		u32 expected = is_opening(state) ? 1 : state == TCP_ESTABLISHED ? 2 : 3;

		assert_int_equal(flow_timeout_s(&timeouts, PROTOCOL_TCP, state), expected);
		assert_int_equal(flow_timeout_s(&timeouts, PROTOCOL_UDP, state), 4);
		assert_int_equal(flow_timeout_s(&timeouts, PROTOCOL_GRE, state), 6);
		assert_int_equal(flow_timeout_s(&timeouts, PROTOCOL_ESP, state), 7);
		assert_int_equal(flow_timeout_s(&timeouts, PROTOCOL_ICMP, state), 5);
		assert_int_equal(flow_timeout_s(&timeouts, PROTOCOL_ICMPV6, state), 5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_segment_in_every_state_does_what_is_written),
		cmocka_unit_test(the_outside_alone_never_establishes_a_flow),
		cmocka_unit_test(a_state_out_of_range_stays_within_the_table),
		cmocka_unit_test(only_a_bare_syn_opens_a_flow),
		cmocka_unit_test(an_ack_without_syn_and_rst_picks_a_connection_up),
		cmocka_unit_test(protocol_and_state_choose_the_timeout),
	};

	return cmocka_run_group_tests_name("tcp", tests, NULL, NULL);
}
