/* SPDX-License-Identifier: Apache-2.0 */
/* Where an instance keeps its files. */
#ifndef DATAPLANE_DIRECTORY_H
#define DATAPLANE_DIRECTORY_H

#include <limits.h>

#include "dataplane/error.h"

#define RUN_DIRECTORY "/run/holdfast"
#define STATE_DIRECTORY "/var/lib/holdfast"
#define DEFAULT_INSTANCE "default"

/* start/end. => 0; -ENAMETOOLONG */
int directory_join(const char *start, const char *end, char path[PATH_MAX], struct error *error);

/* What counts from the working directory counts from the root afterwards. => 0 or a negative errno */
int directory_resolve(const char *name, char path[PATH_MAX], struct error *error);

/*
 * The directory that was given, or the one that belongs to the instance: `base` itself for the
 * default one, and base/INSTANCE for any other.
 * => as above
 */
int directory_of_instance(const char *given, const char *base, const char *instance,
			  char path[PATH_MAX], struct error *error);

/* Makes it and what is above it, if need be. => as above */
int directory_make(const char *path, struct error *error);

#endif
