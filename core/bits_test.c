/* SPDX-License-Identifier: Apache-2.0 */
#include "core/bits.h"
#include "core/siphash.h"
#include "tests/env/unit.h"

static void lowest_bit_is_found_for_every_bit(void **state)
{
	(void)state;
	for (u32 bit = 0; bit < 64; bit++) {
		assert_int_equal(bits_lowest(1ull << bit), bit);
		assert_int_equal(bits_lowest(~0ull << bit), bit);
	}
}

/* From the reference implementation: key 00..0f, message 00, 01, ... of so many bytes. */
static void siphash_2_4_gives_the_reference_vectors(void **state)
{
	static const u64 key[2] = {0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull};
	static const u64 words[2] = {0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull};
	struct siphash s;

	(void)state;
	siphash_start(&s, key);
	assert_int_equal(siphash_finish(&s, 0), 0x726fdb47dd0e0e31ull);
	siphash_start(&s, key);
	siphash_word(&s, words[0]);
	assert_int_equal(siphash_finish(&s, 8), 0x93f5f5799a932462ull);
	siphash_start(&s, key);
	siphash_word(&s, words[0]);
	siphash_word(&s, words[1]);
	assert_int_equal(siphash_finish(&s, 16), 0x3f2acc7f57c29bdbull);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lowest_bit_is_found_for_every_bit),
		cmocka_unit_test(siphash_2_4_gives_the_reference_vectors),
	};

	return cmocka_run_group_tests_name("bits", tests, NULL, NULL);
}
