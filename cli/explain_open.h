/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a question leaves open, and the rules that ask for it.
 */
#ifndef CLI_EXPLAIN_OPEN_H
#define CLI_EXPLAIN_OPEN_H

#include "abi/config.h"
#include "cli/explain.h"

/* Conditions of a rule, as bits. */
enum explain_condition {
	CONDITION_DESTINATION = 1,
	CONDITION_PROTOCOL = 2,
	CONDITION_SOURCE_PORT = 4,
	CONDITION_DESTINATION_PORT = 8,
	CONDITION_APPLICATION = 16,
};

/* => the protocol asked about; where it is open, one with ports stands for it */
u8 explain_protocol(const struct explain_question *question);

/*
 * Decides what a rule asks of what is open.
 * => 0, and from now on the rule matches if and only if it does so whatever is open; otherwise
 *    the conditions on which it depends, and from now on it matches nothing
 */
u32 explain_settle(struct nat_rule *rule, const struct explain_question *question);

#endif
