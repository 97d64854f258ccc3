/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands behind the name of an application: its services, be it a predefined one
 * (config/applications.h) or one of the configuration's own.
 */
#ifndef CONFIG_SERVICES_H
#define CONFIG_SERVICES_H

#include "config/query.h"

/* => the configuration's own application of this name that is in force, or NULL */
const struct node *services_node(const struct tree *tree, const char *name);

/*
 * Writes the services, as many of them as there is room for.
 * => how many there are; none for `any` and for what is no application
 */
size_t services_of(const struct tree *tree, const char *name, struct service_match *services,
		   size_t room);

#endif
