/* SPDX-License-Identifier: Apache-2.0 */
/* INV-EXACT: an update gives what summing up anew would give, for every value. */
#include "core/checksum.h"
#include "tests/env/unit.h"

/* RFC 1071, word by word: the second opinion. */
static u16 checksum_of(const u16 *words, size_t count)
{
	u32 sum = 0;

	for (size_t i = 0; i < count; i++) {
		sum += words[i];
		if (sum > 0xffff)
			sum -= 0xffff;
	}
	return (u16)~sum;
}

/* [RFC1624] */
static void update_equals_recomputation_for_all_values(void **state)
{
	(void)state;
	for (u32 old = 0; old < 65536; old++) {
		u16 words[3] = {(u16)old, 0x1234, 0xfedc};
		u16 check = checksum_of(words, 3);
		u16 new = (u16)(old * 40503u + 7);

		words[0] = new;
		assert_int_equal(checksum_apply(check, checksum_change16((u16)old, new)),
				 checksum_of(words, 3));
	}
}

static void update_is_right_at_the_carry(void **state)
{
	static const u16 edge[] = {0, 1, 0x7fff, 0x8000, 0xfffe, 0xffff};
	enum { EDGES = sizeof(edge) / sizeof(edge[0]) };

	(void)state;
	for (u32 check = 0; check < 65536; check++) {
		for (u32 i = 0; i < EDGES * EDGES; i++) {
			u16 old = edge[i / EDGES], new = edge[i % EDGES];
			u16 result = checksum_apply((u16)check, checksum_change16(old, new));
			/* The sum of everything else, in the ring of integers modulo 65535. */
			u32 expected = (check + 65535u + old - new) % 65535;

			assert_int_equal(result % 65535, expected);
		}
	}
}

static void wide_and_narrow_additions_agree(void **state)
{
	u64 x = 88172645463325252ull;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		u64 wide, narrow;
		u32 old, new;

		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		old = (u32)x, new = (u32)(x >> 32);
		wide = checksum_change32(old, new);
		narrow = checksum_change16((u16)old, (u16)new) +
			 checksum_change16((u16)(old >> 16), (u16)(new >> 16));
		assert_int_equal(checksum_apply((u16)i, wide), checksum_apply((u16)i, narrow));
	}
}

/* [RFC768] */
static void udp_zero_stays_and_is_never_made(void **state)
{
	(void)state;
	assert_int_equal(checksum_apply_udp(0, checksum_change16(1, 2)), 0);
	for (u32 check = 1; check < 65536; check++)
		assert_int_not_equal(
			checksum_apply_udp((u16)check, checksum_change16(0, (u16)check)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(update_equals_recomputation_for_all_values),
		cmocka_unit_test(update_is_right_at_the_carry),
		cmocka_unit_test(wide_and_narrow_additions_agree),
		cmocka_unit_test(udp_zero_stays_and_is_never_made),
	};

	return cmocka_run_group_tests_name("checksum", tests, NULL, NULL);
}
