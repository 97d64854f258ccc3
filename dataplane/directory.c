/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/directory.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int directory_join(const char *start, const char *end, char path[PATH_MAX], struct error *error)
{
	int length = snprintf(path, PATH_MAX, "%s/%s", start, end);

	if (length < 0 || length >= PATH_MAX)
		return error_set(error, ENAMETOOLONG, "%s: the name is too long", end);
	return 0;
}

int directory_resolve(const char *name, char path[PATH_MAX], struct error *error)
{
	char here[PATH_MAX];

	if (name[0] == '/')
		return directory_join("", name + 1, path, error);
	if (!getcwd(here, sizeof(here)))
		return error_set_errno(error, errno, "finding the working directory");
	return directory_join(here, name, path, error);
}

int directory_of_instance(const char *given, const char *base, const char *instance,
			  char path[PATH_MAX], struct error *error)
{
	if (given)
		return directory_resolve(given, path, error);
	if (strcmp(instance, DEFAULT_INSTANCE))
		return directory_join(base, instance, path, error);
	return directory_resolve(base, path, error);
}

static int make_one(const char *path, struct error *error)
{
	if (mkdir(path, 0755) && errno != EEXIST)
		return error_set_errno(error, errno, "making %s", path);
	return 0;
}

int directory_make(const char *path, struct error *error)
{
	char part[PATH_MAX];

	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		int result;

		(void)snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		result = make_one(part, error);
		if (result)
			return result;
	}
	return make_one(path, error);
}
