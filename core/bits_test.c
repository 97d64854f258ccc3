/* SPDX-License-Identifier: Apache-2.0 */
#include "core/bits.h"
#include "tests/env/unit.h"

static void lowest_bit_is_found_for_every_bit(void **state)
{
	(void)state;
	for (u32 bit = 0; bit < 64; bit++) {
		assert_int_equal(bits_lowest(1ull << bit), bit);
		assert_int_equal(bits_lowest(~0ull << bit), bit);
	}
}

/* The last bits of neighbours differ, and the top bits of what is made of them must too. */
static void neighbouring_addresses_are_spread(void **state)
{
	static const union ip_addr bases[] = {
		{.bytes = {[10] = 0xff, [11] = 0xff, [12] = 10}},
		{.bytes = {0x20, 0x01, 0x0d, 0xb8}},
	};

	(void)state;
	for (u32 b = 0; b < 2; b++) {
		u32 places[256] = {0};

		for (u32 i = 0; i < 65536; i++) {
			union ip_addr address = bases[b];

			address.bytes[14] = (u8)(i >> 8);
			address.bytes[15] = (u8)i;
			places[ip_addr_mix(&address, 1) >> 56]++;
		}
		for (u32 i = 0; i < 256; i++)
			assert_in_range(places[i], 128, 512);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lowest_bit_is_found_for_every_bit),
		cmocka_unit_test(neighbouring_addresses_are_spread),
	};

	return cmocka_run_group_tests_name("bits", tests, NULL, NULL);
}
