/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The predefined applications of Junos (group junos-defaults): names for protocols and ports.
 */
#ifndef CONFIG_APPLICATIONS_H
#define CONFIG_APPLICATIONS_H

#include "abi/config.h"
#include "config/suggest.h"

/* An application of several services has an entry for each, one behind the other. */
struct application {
	const char *name;
	u8 protocol;
	u16 low; /* destination ports; 0 and 0: any, also of protocols without ports */
	u16 high;
	const char *not_enforced; /* NULL, or why, and what to write instead */
};

/* The application without any condition. */
#define APPLICATION_ANY "any"

/* => the first entry of this name; NULL: there is none */
const struct application *application_find(const char *name);

/* => the next entry of the same name; NULL: that was the last */
const struct application *application_next(const struct application *application);

/* => the first entry of the application behind this one in the alphabet; NULL begins and ends */
const struct application *application_after(const struct application *application);

struct service_match application_service(const struct application *application);

/* Adds every application that can be named to those that may have been meant. */
void application_candidates(struct suggestions *suggestions);

#endif
