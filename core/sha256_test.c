/* SPDX-License-Identifier: Apache-2.0 */
#include "core/sha256.h"

#include <nettle/sha2.h>
#include <stdlib.h>

#include "tests/env/unit.h"

enum { BLOCK_BYTES = 64, DIGEST_WORDS = 8 };

static void take_block(struct sha256 *hash, const u8 *bytes)
{
	for (u32 i = 0; i < 16; i++)
		hash->block[i] = (u32)bytes[4 * i] << 24 | (u32)bytes[4 * i + 1] << 16 |
				 (u32)bytes[4 * i + 2] << 8 | bytes[4 * i + 3];
	sha256_compress(hash);
}

/* Pads as FIPS 180-4, section 5.1.1 says, which the core leaves to its caller. */
static void digest_of(const u8 *message, size_t bytes, u32 digest[DIGEST_WORDS])
{
	size_t whole = bytes / BLOCK_BYTES * BLOCK_BYTES, rest = bytes - whole;
	size_t tail_bytes = rest + 9 <= BLOCK_BYTES ? BLOCK_BYTES : 2 * BLOCK_BYTES;
	u8 tail[2 * BLOCK_BYTES] = {0};
	struct sha256 hash;

	memcpy(tail, message + whole, rest);
	tail[rest] = 0x80;
	for (u32 i = 0; i < 8; i++)
		tail[tail_bytes - 1 - i] = (u8)((u64)bytes * 8 >> 8 * i);
	sha256_start(&hash);
	for (size_t i = 0; i < whole; i += BLOCK_BYTES)
		take_block(&hash, message + i);
	for (size_t i = 0; i < tail_bytes; i += BLOCK_BYTES)
		take_block(&hash, tail + i);
	memcpy(digest, hash.state, sizeof(hash.state));
}

static void assert_digest(const char *message, size_t bytes, const u32 expected[DIGEST_WORDS])
{
	u32 digest[DIGEST_WORDS];

	digest_of((const u8 *)message, bytes, digest);
	assert_memory_equal(digest, expected, sizeof(digest));
}

/* The examples that NIST publishes for FIPS 180-4, and the empty message. */
static void the_standards_examples_come_out(void **state)
{
	static const char two_blocks[] =
		"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	static const u32 empty[] = {0xe3b0c442, 0x98fc1c14, 0x9afbf4c8, 0x996fb924,
				    0x27ae41e4, 0x649b934c, 0xa495991b, 0x7852b855};
	static const u32 abc[] = {0xba7816bf, 0x8f01cfea, 0x414140de, 0x5dae2223,
				  0xb00361a3, 0x96177a9c, 0xb410ff61, 0xf20015ad};
	static const u32 two[] = {0x248d6a61, 0xd20638b8, 0xe5c02693, 0x0c3e6039,
				  0xa33ce459, 0x64ff2167, 0xf6ecedd4, 0x19db06c1};
	static const u32 million[] = {0xcdc76e5c, 0x9914fb92, 0x81a1c7e2, 0x84d73e67,
				      0xf1809a48, 0xa497200e, 0x046d39cc, 0xc7112cd0};
	char *a = malloc(1000000);

	(void)state;
	assert_non_null(a);
	memset(a, 'a', 1000000);
	assert_digest("", 0, empty);
	assert_digest("abc", 3, abc);
	assert_digest(two_blocks, sizeof(two_blocks) - 1, two);
	assert_digest(a, 1000000, million);
	free(a);
}

static void nettle_agrees_on_random_messages(void **state)
{
	enum { MESSAGES = 100000, MAXIMUM_BYTES = 200 };
	u64 x = 88172645463325252ull;

	(void)state;
	for (u32 i = 0; i < MESSAGES; i++) {
		u8 message[MAXIMUM_BYTES], other[SHA256_DIGEST_SIZE];
		u32 digest[DIGEST_WORDS], bytes = i % MAXIMUM_BYTES;
		struct sha256_ctx context;

		for (u32 b = 0; b < bytes; b++) {
			x ^= x << 13, x ^= x >> 7, x ^= x << 17;
			message[b] = (u8)(x >> 32);
		}
		sha256_init(&context);
		sha256_update(&context, bytes, message);
		sha256_digest(&context, sizeof(other), other);
		digest_of(message, bytes, digest);
		for (u32 w = 0; w < DIGEST_WORDS; w++)
			digest[w] = __builtin_bswap32(digest[w]);
		assert_memory_equal(digest, other, sizeof(digest));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_standards_examples_come_out),
		cmocka_unit_test(nettle_agrees_on_random_messages),
	};

	return cmocka_run_group_tests_name("sha256", tests, NULL, NULL);
}
