/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alarms: what clears one lies below what raises it, so that it does not come and go.
 */
#include "config/checking.h"

static void check_alarm(struct checking *c, const struct node *alarm)
{
	const struct node *raise = node_child(alarm, "raise-threshold");
	const struct node *clear = node_child(alarm, "clear-threshold");

	if (raise && clear && clear->value.number >= raise->value.number)
		diagnostics_error(c->diagnostics, clear->at,
				  "clear-threshold %u is not below raise-threshold %u; expected a "
				  "lower one",
				  clear->value.number, raise->value.number);
}

/* A packet that is let through as it is makes no session here. */
static void check_rule_alarm(struct checking *c, const struct node *rule)
{
	const struct node *action = node_at(rule, "then source-nat");
	const struct node *alarm = node_child(action, "rule-session-count-alarm");

	check_alarm(c, alarm);
	if (alarm && node_child(action, "off"))
		diagnostics_error(c->diagnostics, alarm->at,
				  "rule '%s' has the action 'off', whose sessions are not counted; "
				  "expected no 'rule-session-count-alarm'",
				  rule->text);
}

void check_alarms(struct checking *c)
{
	const struct node *pool;
	const struct node *rule_set;
	const struct node *rule;

	check_alarm(c, node_child(c->source, "pool-utilization-alarm"));
	for_each_child(pool, c->source, "pool")
		check_alarm(c, node_child(pool, "pool-utilization-alarm"));
	for_each_child(rule_set, c->source, "rule-set")
		for_each_child(rule, rule_set, "rule")
			check_rule_alarm(c, rule);
}
