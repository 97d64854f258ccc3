/* SPDX-License-Identifier: Apache-2.0 */
#include "config/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_BYTES = 1 << 16, MAX_FILE_BYTES = 1 << 24 };

static int read_text(FILE *file, char **text, size_t *length)
{
	size_t capacity = FIRST_BYTES;

	while (capacity <= MAX_FILE_BYTES) {
		char *grown = realloc(*text, capacity);

		if (!grown)
			return -ENOMEM;
		*text = grown;
		*length += fread(grown + *length, 1, capacity - *length, file);
		if (ferror(file))
			return -errno;
		if (*length < capacity)
			return 0;
		capacity *= 2;
	}
	return -EFBIG;
}

int file_read(const char *path, char **text, size_t *length)
{
	FILE *file = fopen(path, "re");
	int error;

	*text = NULL;
	*length = 0;
	if (!file)
		return -errno;
	error = read_text(file, text, length);
	(void)fclose(file);
	return error;
}
