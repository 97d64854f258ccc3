/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the daemon's answers to what `show` says: joining, and printing as Junos does.
 *
 * What Junos has comes first, with its labels and in its order; what operators miss there
 * follows. Printing takes canned answers as well as live ones.
 */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/*
 * Gives each of /v1/pools its "ranges": [{"low", "high", "ports_in_use"}...], those of
 * /v1/installed. => -1 without memory
 */
int pools_join(json_t *pools, const json_t *installed);
void pools_print(FILE *out, const json_t *pools);

/* Gives each of /v1/rules what it has in /v1/installed: "from", "to", "match" and "persistent_nat". */
int rules_join(json_t *rules, const json_t *installed);
void rules_print(FILE *out, const json_t *rules);

/* => the pool of a rule, or the other action */
const char *rule_action(const json_t *rule);

/* "pools" and "rules", both joined. */
void summary_print(FILE *out, const json_t *both);

/* Thresholds and state of an alarm, if there is one. */
void alarm_print(FILE *out, const char *label, const json_t *alarm);

/* Ports in use on the addresses of all pools, and how many there are; shared ones count once. */
bool pools_translate_ports(const json_t *pool); /* one of them */
json_int_t pools_used_ports(const json_t *pools);
json_int_t pools_all_ports(const json_t *pools);

/* /v1/failures, and for the counts the "rules" of /v1/rules. */
void failures_print(FILE *out, const json_t *failures);

/* One flow of /v1/flows. */
enum flow_form { FLOW_NORMAL, FLOW_BRIEF, FLOW_EXTENSIVE };

void flow_print(FILE *out, const json_t *flow, enum flow_form form);
/* /v1/flow-summary, and in "failed" the total of /v1/failures. */
void flow_summary_print(FILE *out, const json_t *summary);

/* The table of leases: its head, and one of /v1/leases. */
void leases_print_head(FILE *out);
void lease_print(FILE *out, const json_t *lease);

/* /v1/lease-summary. */
void lease_summary_print(FILE *out, const json_t *summary);

/* /v1/status, /v1/commits and /v1/verify. */
void dataplane_print(FILE *out, const json_t *status);
void commits_print(FILE *out, const json_t *commits);
void version_print(FILE *out, const json_t *status);
void verify_print(FILE *out, const json_t *verdict);

/* A count for each reason, one a line behind the label; "none" if there is none. */
void reasons_print(FILE *out, const char *label, const json_t *counts);

#endif
