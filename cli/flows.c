/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show security flow session.
 */
#include "cli/show.h"

#include <string.h>

#include "cli/print.h"
#include "config/protocols.h"

static void print_protocol(FILE *out, const json_t *flow)
{
	const char *name = protocol_name((u8)json_number(flow, "protocol"));

	if (name)
		(void)fputs(name, out);
	else
		print_template(out, flow, "{protocol}");
}

/* The translated address is where packets from outside go to. */
static void print_directions(FILE *out, const json_t *flow)
{
	print_template(out, flow,
		       "  In: {source}/{source_port} --> {destination}/{destination_port};");
	print_protocol(out, flow);
	print_template(out, flow, ", Conn Tag: 0x0, If: {in_interface}, ");
	print_template(out, json_object_get(flow, "out"), "Pkts: {packets}, Bytes: {bytes},\n");
	print_template(out, flow,
		       "  Out: {destination}/{destination_port} --> {translated}/{translated_port};");
	print_protocol(out, flow);
	print_template(out, flow, ", Conn Tag: 0x0, If: {out_interface}, ");
	print_template(out, json_object_get(flow, "in"), "Pkts: {packets}, Bytes: {bytes},\n");
}

static void print_brief(FILE *out, const json_t *flow)
{
	print_template(out, flow, "Session ID: {session}, {source}/{source_port} --> "
				  "{destination}/{destination_port};");
	print_protocol(out, flow);
	print_template(out, flow, ", NAT: {translated}/{translated_port}, Timeout: {timeout}\n");
}

/* There are no policies, and one node. */
static void print_head(FILE *out, const json_t *flow)
{
	bool ending = !strcmp(json_text(flow, "state"), "ending");

	print_template(out, flow, "Session ID: {session}, Policy name: N/A, HA State: Active, "
				  "Timeout: {timeout}, Session State: ");
	(void)fputs(ending ? "Invalidated\n" : "Valid\n", out);
}

static void print_details(FILE *out, const json_t *flow)
{
	const char *state = json_text(flow, "state");

	print_template(out, flow,
		       "  Source NAT rule: {rule_set}/{rule}, Source NAT pool: {pool}\n"
		       "  Zones: {from_zone} --> {to_zone}, Duration: {age}");
	(void)fprintf(out, "%s%s\n", *state ? ", State: " : "", state);
}

void flow_print(FILE *out, const json_t *flow, enum flow_form form)
{
	if (form == FLOW_BRIEF) {
		print_brief(out, flow);
		return;
	}
	print_head(out, flow);
	if (form == FLOW_EXTENSIVE)
		print_details(out, flow);
	print_directions(out, flow);
	(void)fputc('\n', out);
}

void flow_summary_print(FILE *out, const json_t *summary)
{
	json_int_t total = json_number(summary, "total");
	json_int_t ending = json_number(summary, "ending");
	const char *state;
	json_t *count;

	print_template(out, summary,
		       "Unicast-sessions: {total}\n"
		       "Multicast-sessions: 0\n"
		       "Services-offload-sessions: 0\n"
		       "Failed-sessions: {failed}\n"
		       "Sessions-in-drop-flow: 0\n"
		       "Sessions-in-use: {total}\n");
	(void)fprintf(out, "  Valid sessions: %" JSON_INTEGER_FORMAT "\n", total - ending);
	print_template(out, summary,
		       "  Pending sessions: 0\n"
		       "  Invalidated sessions: {ending}\n"
		       "  Sessions in other states: 0\n"
		       "Maximum-sessions: {maximum}\n"
		       "TCP-sessions: {tcp}\n");
	json_object_foreach(json_object_get(summary, "tcp_states"), state, count)
		(void)fprintf(out, "  %s: %" JSON_INTEGER_FORMAT "\n", state,
			      json_integer_value(count));
	print_template(out, summary, "UDP-sessions: {udp}\nICMP-sessions: {icmp}\n"
				     "GRE-sessions: {gre}\nESP-sessions: {esp}\n");
}
