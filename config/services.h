/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands behind the name of an application: its services, be it a predefined one
 * (config/applications.h) or one of the configuration's own.
 */
#ifndef CONFIG_SERVICES_H
#define CONFIG_SERVICES_H

#include "config/query.h"

/*
 * Writes the services, as many of them as there is room for.
 * => how many there are; none for `any` and for what is no application
 */
size_t services_of(const struct tree *tree, const char *name, struct service_match *services,
		   size_t room);

#endif
