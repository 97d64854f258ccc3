/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which flows go on under a configuration.
 *
 * INV-HITLESS: a commit that touches neither a flow's rule nor its pool changes nothing for it.
 *
 * A flow goes on if its rule still exists and translates, if its zones still exist, if its address
 * and port still belong to the pool that the rule uses, or to that pool's overflow pool if the flow
 * came from there, and if neither of its ends has become a NAT address, or, if its remote end was
 * one, ceased to be one. So a pool that grows ends no flow.
 */
#ifndef DATAPLANE_SURVEY_H
#define DATAPLANE_SURVEY_H

#include "abi/state.h"

struct survey;

/* => a survey of the configuration, which must stay as it is; NULL without memory */
struct survey *survey_new(const struct nat_config *config);
void survey_free(struct survey *survey);

bool survey_covers(const struct survey *survey, const struct flow *flow);

/* Is the id or the slot part of the configuration? */
bool survey_has_zone(const struct survey *survey, u32 id);
bool survey_has_rule(const struct survey *survey, u32 id);
bool survey_has_rule_set(const struct survey *survey, u32 id);
bool survey_has_pool(const struct survey *survey, u32 id);
bool survey_has_application(const struct survey *survey, u32 id);
bool survey_has_address(const struct survey *survey, u32 slot);

#endif
