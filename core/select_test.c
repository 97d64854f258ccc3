/* SPDX-License-Identifier: Apache-2.0 */
/* INV-STICKY: the selectors say what their definition says, on every machine. */
#include "core/memo.h"

#include <nettle/sha2.h>

#include "tests/env/test_env.h"
#include "tests/env/unit.h"

struct vector {
	const char *source;
	enum ip_family family;
	u32 length, userspace_v1, ebpf_legacy;
};

static const struct vector vectors[] = {
	{"10.0.1.100", FAMILY_IPV4, 4, 3, 2},      {"192.0.2.1", FAMILY_IPV4, 5, 4, 0},
	{"100.64.9.4", FAMILY_IPV4, 8, 0, 4},      {"2001:db8::1", FAMILY_IPV6, 257, 197, 116},
	{"fd00::1", FAMILY_IPV6, 3, 2, 2},
};

/* [RFC4787 REQ-2] [RFC6888 REQ-2] */
static void selectors_give_the_published_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const struct vector *v = &vectors[i];
		union ip_addr source = test_addr(v->source);

		assert_int_equal(select_userspace_v1(v->family, &source, v->length),
				 v->userspace_v1);
		assert_int_equal(select_ebpf_legacy(v->family, &source, v->length), v->ebpf_legacy);
	}
}

static void a_list_of_one_gives_its_only_address(void **state)
{
	union ip_addr source = test_addr("203.0.113.77");

	(void)state;
	assert_int_equal(select_userspace_v1(FAMILY_IPV4, &source, 1), 0);
	assert_int_equal(select_ebpf_legacy(FAMILY_IPV4, &source, 1), 0);
}

/* The definition, word for word, with somebody else's SHA-256. */
static u32 second_opinion(enum ip_family family, const union ip_addr *source, u32 length)
{
	struct sha256_ctx context;
	u8 digest[SHA256_DIGEST_SIZE], version = family == FAMILY_IPV4 ? 4 : 6;
	u64 head = 0;

	sha256_init(&context);
	sha256_update(&context, 40, (const u8 *)"xpf-userspace-snat-address-persistent-v1");
	sha256_update(&context, 1, &version);
	if (family == FAMILY_IPV4)
		sha256_update(&context, 4, source->bytes + 12);
	else
		sha256_update(&context, 16, source->bytes);
	sha256_digest(&context, sizeof(digest), digest);
	for (int i = 0; i < 8; i++)
		head = head << 8 | digest[i];
	return (u32)(head % length);
}

static void userspace_v1_agrees_with_another_sha256(void **state)
{
	u64 x = 88172645463325252ull;

	(void)state;
	for (u32 i = 0; i < 50000; i++) {
		enum ip_family family = i % 2 ? FAMILY_IPV6 : FAMILY_IPV4;
		union ip_addr source = test_addr("0.0.0.0");

		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		source.words[3] = (u32)x;
		if (family == FAMILY_IPV6)
			source.longs[0] = x * 0x9e3779b97f4a7c15ull;
		assert_int_equal(select_userspace_v1(family, &source, 1 + i % 300),
				 second_opinion(family, &source, 1 + i % 300));
	}
}

static void the_memo_answers_like_the_selector(void **state)
{
	struct tables *tables = test_env_start(FLOWS_MIN);

	(void)state;
	for (u32 round = 0; round < 2; round++) {
		for (u32 i = 0; i < 3 * MEMO_PLACES; i++) {
			union ip_addr source = test_addr("100.64.0.0");
			u32 version = 1 + i % 3, length = 5 + version;

			source.words[3] += (u32)__builtin_bswap32(i / 3);
			assert_int_equal(memo_userspace_v1(tables->control, version, FAMILY_IPV4,
							   &source, length),
					 select_userspace_v1(FAMILY_IPV4, &source, length));
		}
	}
	test_env_stop(tables);
}

static void a_memo_that_is_being_written_is_not_believed(void **state)
{
	struct tables *tables = test_env_start(FLOWS_MIN);
	union ip_addr source = test_addr("100.64.9.4");
	struct memo *memo = memo_place(tables->control, 1, &source);
	u32 index;

	(void)state;
	memo_keep(memo, 1, &source, 7);
	assert_true(memo_recall(memo, 1, &source, &index));
	assert_int_equal(index, 7);
	memo->state |= 1;
	assert_false(memo_recall(memo, 1, &source, &index));
	memo_keep(memo, 1, &source, 3); /* somebody else is writing: left alone */
	assert_int_equal(memo->index, 7);
	memo->state++;
	assert_false(memo_recall(memo, 2, &source, &index));
	test_env_stop(tables);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(selectors_give_the_published_vectors),
		cmocka_unit_test(a_list_of_one_gives_its_only_address),
		cmocka_unit_test(userspace_v1_agrees_with_another_sha256),
		cmocka_unit_test(the_memo_answers_like_the_selector),
		cmocka_unit_test(a_memo_that_is_being_written_is_not_believed),
	};

	return cmocka_run_group_tests_name("select", tests, NULL, NULL);
}
