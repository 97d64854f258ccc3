/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/digest.h"

#include <stdio.h>

#include <nettle/sha2.h>

void digest_text(const void *bytes, size_t length, char digest[DIGEST_BYTES])
{
	uint8_t hash[SHA256_DIGEST_SIZE];
	struct sha256_ctx context;

	sha256_init(&context);
	sha256_update(&context, length, bytes);
	sha256_digest(&context, sizeof(hash), hash);
	for (size_t i = 0; i < sizeof(hash); i++)
		(void)snprintf(digest + 2 * i, 3, "%02x", hash[i]);
}
