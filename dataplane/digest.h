/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DATAPLANE_DIGEST_H
#define DATAPLANE_DIGEST_H

#include <stddef.h>

enum { DIGEST_BYTES = 65 };

/* Writes the SHA-256 of the bytes in hexadecimal. */
void digest_text(const void *bytes, size_t length, char digest[DIGEST_BYTES]);

#endif
