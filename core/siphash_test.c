/* SPDX-License-Identifier: Apache-2.0 */
#include "core/siphash.h"

#include "tests/env/unit.h"

/*
 * vectors_sip64 of the reference implementation (Aumasson, Bernstein), every eighth: key 00..0f,
 * message 00, 01, ... of so many bytes.
 */
static const u64 reference[] = {
	0x726fdb47dd0e0e31ull, 0x93f5f5799a932462ull, 0x3f2acc7f57c29bdbull, 0xb8ad50c6f649af94ull,
	0x7127512f72f27cceull, 0x0e3ea96b5304a7d0ull, 0xe612a3cb9ecba951ull, 0xb78dbfaf3a8d83bdull,
};

static u64 word_of(u32 first)
{
	u64 word = 0;

	for (u32 i = 0; i < 8; i++)
		word |= (u64)(first + i) << 8 * i;
	return word;
}

/* [RFC6056] */
static void whole_words_give_the_reference_vectors(void **state)
{
	static const u64 key[2] = {0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull};

	(void)state;
	for (u32 words = 0; words < sizeof(reference) / sizeof(reference[0]); words++) {
		struct siphash s;

		siphash_start(&s, key);
		for (u32 i = 0; i < words; i++)
			siphash_word(&s, word_of(8 * i));
		assert_int_equal(siphash_finish(&s, 8ull * words), reference[words]);
	}
}

static void every_bit_of_key_and_message_matters(void **state)
{
	static const u64 zero[2] = {0, 0};
	u64 plain, seen[3 * 64];
	struct siphash s;

	(void)state;
	siphash_start(&s, zero);
	siphash_word(&s, 0);
	plain = siphash_finish(&s, 8);
	for (u32 bit = 0; bit < 3 * 64; bit++) {
		u64 input[3] = {0, 0, 0};

		input[bit / 64] = 1ull << bit % 64;
		siphash_start(&s, input);
		siphash_word(&s, input[2]);
		seen[bit] = siphash_finish(&s, 8);
		assert_int_not_equal(seen[bit], plain);
		for (u32 i = 0; i < bit; i++)
			assert_int_not_equal(seen[bit], seen[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_words_give_the_reference_vectors),
		cmocka_unit_test(every_bit_of_key_and_message_matters),
	};

	return cmocka_run_group_tests_name("siphash", tests, NULL, NULL);
}
