/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole file in memory.
 */
#ifndef CONFIG_FILE_H
#define CONFIG_FILE_H

#include <stddef.h>

/*
 * Reads a file of less than 16 MiB. The text is not NUL-terminated.
 * => 0 or a negative errno (-EFBIG); *text is the caller's to free in either case
 */
int file_read(const char *path, char **text, size_t *length);

#endif
