/* SPDX-License-Identifier: Apache-2.0 */
#include "core/flow.h"

#include <pthread.h>
#include <stdlib.h>

#include "tests/env/test_env.h"
#include "tests/env/unit.h"

static struct flow_key key_of(u32 number)
{
	struct flow_key key = {
		.inside = test_addr("10.0.0.0"),
		.remote = test_addr("198.51.100.1"),
		.inside_port = (__be16)(number & 0xffff),
		.remote_port = 80,
		.protocol = 17,
		.family = FAMILY_IPV4,
		.zone = 1,
	};

	key.inside.words[3] += __builtin_bswap32(number >> 16);
	return key;
}

/* Reserves a slot and fills in the key. => slot + 1 */
static u32 fill_slot(const struct flow_key *key)
{
	u32 slot = flow_pop_free(env_control());
	struct flow *flow = slot ? env_flow(slot - 1) : NULL;

	if (!flow)
		return 0;
	flow->inside = key->inside;
	flow->remote = key->remote;
	flow->ports = key->ports;
	flow->protocol = key->protocol;
	flow->family = key->family;
	flow->zone = key->zone;
	return slot;
}

static u32 publish(struct flow_key *key)
{
	u32 slot = fill_slot(key);

	return slot ? flow_publish(key, slot) : 0;
}

static u32 find(const struct flow_key *key)
{
	return flow_find(env_control(), key, flow_key_hash(env_control(), key));
}

/* [INV-FLOW-3] a table of N slots holds N flows, all found, and refuses the next */
static void a_table_fills_up_to_the_last_slot(void **state)
{
	enum { CAPACITY = 100000 };
	struct tables *tables = test_env_start(CAPACITY);

	(void)state;
	for (u32 i = 0; i < CAPACITY; i++) {
		struct flow_key key = key_of(i);

		assert_int_equal(find(&key), 0);
		assert_int_not_equal(publish(&key), 0);
	}
	for (u32 i = 0; i < CAPACITY; i++) {
		struct flow_key key = key_of(i);
		u32 slot = find(&key);

		assert_int_not_equal(slot, 0);
		assert_true(flow_has_key(&tables->flows[slot - 1], &key));
	}
	assert_int_equal(flow_pop_free(tables->control), 0);
	test_env_stop(tables);
}

/* Whoever finds nothing at home looks elsewhere only if something ever went there. */
static void a_full_bucket_spills_and_says_so(void **state)
{
	struct tables *tables = test_env_start(FLOWS_MIN);
	struct flow_bucket *home, *other;
	struct flow_key key;
	u32 slot, n = 0;
	u64 hash;

	(void)state;
	do {
		key = key_of(n++);
		hash = flow_key_hash(tables->control, &key);
		home = env_bucket(flow_home_bucket(tables->control, hash));
		other = env_bucket(flow_other_bucket(tables->control, hash));
	} while (home == other);
	for (u32 i = 0; i < BUCKET_ENTRIES; i++)
		home->entries[i] = BUCKET_TOMBSTONE;
	assert_false(home->intent & BUCKET_SPILLED);
	slot = publish(&key);
	assert_int_equal(other->entries[0], flow_tag(hash) | slot);
	assert_true(home->intent & BUCKET_SPILLED);
	assert_int_equal(find(&key), slot);
	home->intent &= ~BUCKET_SPILLED;
	assert_int_equal(find(&key), 0);
	test_env_stop(tables);
}

static void zones_keep_equal_tuples_apart(void **state)
{
	struct tables *tables = test_env_start(FLOWS_MIN);
	struct flow_key lan = key_of(1), guest = key_of(1), any = key_of(1);
	u32 lan_slot, guest_slot;

	(void)state;
	guest.zone = 2;
	any.zone = FLOW_ANY_ZONE;
	lan_slot = publish(&lan);
	guest_slot = publish(&guest);
	assert_int_not_equal(lan_slot, guest_slot);
	assert_int_equal(find(&lan), lan_slot);
	assert_int_equal(find(&guest), guest_slot);
	assert_int_not_equal(find(&any), 0);
	test_env_stop(tables);
}

/* [INV-FLOW-1] the second of two flows with one key is told about the first */
static void a_duplicate_is_not_published(void **state)
{
	struct tables *tables = test_env_start(FLOWS_MIN);
	struct flow_key key = key_of(7);
	u32 first = publish(&key), second = fill_slot(&key);

	(void)state;
	assert_int_not_equal(second, first);
	assert_int_equal(flow_publish(&key, second), first);
	test_env_stop(tables);
}

/* [INV-FLOW-1] an inserter that died after announcing its intent holds nobody up */
static void an_abandoned_intent_is_completed_by_the_next(void **state)
{
	struct tables *tables = test_env_start(FLOWS_MIN);
	struct flow_key dead = key_of(3), next = key_of(4);
	u64 hash = flow_key_hash(tables->control, &dead);
	struct flow_bucket *home = env_bucket(flow_home_bucket(tables->control, hash));
	u32 slot = fill_slot(&dead);

	(void)state;
	home->intent = intent_next(home->intent, flow_tag(hash) | slot, 0);
	assert_int_equal(find(&dead), 0);
	while (flow_home_bucket(tables->control, flow_key_hash(tables->control, &next)) !=
	       flow_home_bucket(tables->control, hash))
		next.inside_port++;
	assert_int_not_equal(publish(&next), 0);
	assert_int_equal(intent_slot(home->intent), 0);
	assert_int_equal(find(&dead), slot);
	test_env_stop(tables);
}

/* [INV-FLOW-2] a helper that is late finds the tombstone and enters nothing */
static void a_late_helper_does_not_bring_back_what_was_unlinked(void **state)
{
	struct tables *tables = test_env_start(FLOWS_MIN);
	struct flow_key key = key_of(9);
	u64 hash = flow_key_hash(tables->control, &key);
	struct flow_bucket *home = env_bucket(flow_home_bucket(tables->control, hash));
	u64 intent = intent_next(home->intent, flow_tag(hash) | fill_slot(&key), 0);

	(void)state;
	home->intent = intent;
	assert_true(intent_help(tables->control, home, intent));
	home->entries[0] = BUCKET_TOMBSTONE;
	assert_false(intent_help(tables->control, home, intent));
	assert_int_equal(home->entries[0], BUCKET_TOMBSTONE);
	assert_int_equal(find(&key), 0);
	test_env_stop(tables);
}

enum { THREADS = 4, KEYS = 64, ROUNDS = 2000 };

struct opener {
	pthread_t thread;
	pthread_barrier_t *barrier;
	struct tables *tables;
	u32 row;
	u32 won[KEYS];
};

static void *open_same_keys(void *argument)
{
	struct opener *opener = argument;

	test_env_join(opener->tables, opener->row);
	for (u32 round = 0; round < ROUNDS; round++) {
		pthread_barrier_wait(opener->barrier);
		for (u32 i = 0; i < KEYS; i++) {
			struct flow_key key = key_of(round * KEYS + i);
			u32 slot = fill_slot(&key);

			if (!slot)
				abort();
			opener->won[i] = flow_publish(&key, slot);
			if (opener->won[i] != slot)
				flow_push_free(opener->tables->control, env_flow(slot - 1), slot,
					       opener->row);
		}
		pthread_barrier_wait(opener->barrier);
	}
	return NULL;
}

/* [INV-FLOW-1] [R39] CPUs that open the same flows at once agree on one slot each */
static void racing_threads_agree_on_one_flow(void **state)
{
	struct tables *tables = test_env_start(KEYS * ROUNDS + THREADS * KEYS);
	struct opener openers[THREADS] = {0};
	pthread_barrier_t barrier;

	(void)state;
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (u32 i = 0; i < THREADS; i++) {
		openers[i].barrier = &barrier;
		openers[i].tables = tables;
		openers[i].row = i;
		assert_int_equal(
			pthread_create(&openers[i].thread, NULL, open_same_keys, &openers[i]), 0);
	}
	for (u32 i = 0; i < THREADS; i++)
		pthread_join(openers[i].thread, NULL);
	for (u32 i = 0; i < KEYS; i++)
		for (u32 t = 1; t < THREADS; t++)
			assert_int_equal(openers[t].won[i], openers[0].won[i]);
	for (u32 i = 0; i < KEYS * ROUNDS; i++) {
		struct flow_key key = key_of(i);
		u32 slot = find(&key), entries = 0;
		u64 hash = flow_key_hash(tables->control, &key);

		assert_int_not_equal(slot, 0);
		for (u32 b = 0; b < 2; b++) {
			u32 number = b ? flow_other_bucket(tables->control, hash)
				       : flow_home_bucket(tables->control, hash);
			struct flow_bucket *bucket = env_bucket(number);

			for (u32 e = 0; e < BUCKET_ENTRIES; e++) {
				u32 found = bucket->entries[e] & BUCKET_SLOT_MASK;

				if (found && flow_has_key(env_flow(found - 1), &key))
					entries++;
			}
			if (number == flow_other_bucket(tables->control, hash))
				break;
		}
		assert_int_equal(entries, 1);
	}
	pthread_barrier_destroy(&barrier);
	test_env_stop(tables);
}

/* The keys of a generator that always gives the same ones. */
static void set_secret(struct control *control, u64 *seed)
{
	for (u32 i = 0; i < FLOW_KEY_WORDS; i++) {
		u64 x = *seed += 0x9e3779b97f4a7c15;

		x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
		x = (x ^ x >> 27) * 0x94d049bb133111eb;
		control->flow_key[i] = x ^ x >> 31;
	}
}

enum { SEQUENCE = 50000, SECRETS = 100 };

/* => true if every flow of a sequence finds a place in one of its buckets */
static bool sequence_fits(const struct control *control, bool of_hosts)
{
	u8 entries[SEQUENCE / FLOWS_PER_BUCKET] = {0};

	for (u32 i = 0; i < SEQUENCE; i++) {
		struct flow_key key = key_of(0);
		u64 hash;
		u32 bucket;

		if (of_hosts)
			key.inside.words[3] += __builtin_bswap32(i);
		else
			key.inside_port = __builtin_bswap16((u16)i);
		hash = flow_key_hash(control, &key);
		bucket = flow_home_bucket(control, hash);
		if (entries[bucket] == BUCKET_ENTRIES)
			bucket = flow_other_bucket(control, hash);
		if (entries[bucket]++ == BUCKET_ENTRIES)
			return false;
	}
	return true;
}

/* [INV-FLOW-3] hosts and ports come in order, and no secret may put those into few buckets */
static void flows_in_order_are_spread_with_every_secret(void **state)
{
	struct control *control = calloc(1, sizeof(*control));
	u64 seed = 1;

	(void)state;
	assert_non_null(control);
	control->bucket_count = SEQUENCE / FLOWS_PER_BUCKET;
	for (u32 i = 0; i < SECRETS; i++) {
		set_secret(control, &seed);
		assert_true(sequence_fits(control, true));
		assert_true(sequence_fits(control, false));
	}
	free(control);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_fills_up_to_the_last_slot),
		cmocka_unit_test(a_full_bucket_spills_and_says_so),
		cmocka_unit_test(zones_keep_equal_tuples_apart),
		cmocka_unit_test(a_duplicate_is_not_published),
		cmocka_unit_test(an_abandoned_intent_is_completed_by_the_next),
		cmocka_unit_test(a_late_helper_does_not_bring_back_what_was_unlinked),
		cmocka_unit_test(racing_threads_agree_on_one_flow),
		cmocka_unit_test(flows_in_order_are_spread_with_every_secret),
	};

	return cmocka_run_group_tests_name("flow", tests, NULL, NULL);
}
