/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What would become of a first packet, and why.
 *
 * The question goes through the core itself (core/open.h), over tables that were compiled from the
 * configuration as the dataplane compiles them. The way is not asked of the kernel: the packet is
 * taken to enter and leave by the interfaces of the zones in question.
 *
 * What the question leaves open (destination, ports, protocol) may be anything. A rule that asks
 * for it is passed over, and is named in the answer if it stands before the one that decides:
 * packets that it matches are its own.
 */
#ifndef CLI_EXPLAIN_H
#define CLI_EXPLAIN_H

#include <jansson.h>

#include "abi/snapshot.h"
#include "dataplane/error.h"
#include "dataplane/network.h"

struct explain_question {
	const char *from_zone; /* NULL: whichever fits; likewise below */
	const char *from_interface;
	const char *to_zone;
	const char *to_interface;
	enum ip_family family;
	union ip_addr source;
	union ip_addr destination;
	u8 protocol;
	u16 source_port; /* host order */
	u16 destination_port;
	bool has_destination, has_protocol, has_source_port, has_destination_port;
};

/*
 * Interfaces from `network` that the snapshot does not find there are made up. The snapshot is
 * normalised.
 * => the answer, a new reference:
 *    {"source", "destination", "protocol", "source_port", "destination_port", "from_zone",
 *     "from_interface", "to_zone", "to_interface",
 *     "outcome": "translated", "kernel" or "dropped", "reason", "text",
 *     "rule_set", "rule", "action", "pool", "algorithm", "list_length", "index", "address",
 *     "ranges": [{"low", "high"}...], "port_low", "port_high",
 *     "persistent_nat": {"permit", "inactivity_timeout", "maximum_flows"},
 *     "passed_over": [{"rule", "action", "conditions": [...]}...], "note"}
 *    with null for what does not apply; NULL and the error
 */
json_t *explain(struct snapshot *snapshot, struct network *network,
		const struct explain_question *question, struct error *error);

/* Writes an answer as lines. */
void explain_print(const json_t *answer, FILE *output);

#endif
