/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records lie one after the other in memory that is reserved and used as needed; a record's number
 * is its place. A hash table with open addressing finds them; it grows at half full.
 */
#include "tests/proofs/intern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { UNIT_BYTES = 8, FIRST_BITS = 16 };
#define ARENA_BYTES (1ull << 33)

struct record {
	u32 hash;
	u32 length;
	u8 bytes[];
};

static u8 *arena;
static u64 used_bytes = UNIT_BYTES; /* number 0 is nobody's */
static u32 *table, table_bits, count;

static struct record *record_of(u32 number)
{
	return (struct record *)(arena + (u64)number * UNIT_BYTES);
}

const void *interned(u32 number)
{
	return record_of(number)->bytes;
}

static void *memory(u64 bytes)
{
	void *mapped = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (mapped == MAP_FAILED) {
		perror("intern");
		exit(2);
	}
	return mapped;
}

static u32 hash_of(const u8 *bytes, u32 length)
{
	u64 hash = length, word;

	for (; length >= sizeof(word); bytes += sizeof(word), length -= sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		hash = (hash ^ word) * 0x9fb21c651e98df25;
		hash ^= hash >> 32;
	}
	word = 0;
	memcpy(&word, bytes, length);
	hash = (hash ^ word) * 0x9fb21c651e98df25;
	return (u32)(hash ^ hash >> 32);
}

static u32 *place_of(u32 hash)
{
	return &table[(u64)hash * 0x9e3779b97f4a7c15ull >> (64 - table_bits)];
}

static u32 *next_place(u32 *place)
{
	return place + 1 == table + (1ull << table_bits) ? table : place + 1;
}

static void table_grow(void)
{
	u32 *old = table, bits = table_bits;

	table_bits = bits ? bits + 1 : FIRST_BITS;
	table = memory(sizeof(*table) << table_bits);
	for (u64 i = 0; bits && i < 1ull << bits; i++) {
		u32 *place = place_of(old[i] ? record_of(old[i])->hash : 0);

		while (old[i] && *place)
			place = next_place(place);
		if (old[i])
			*place = old[i];
	}
	if (bits)
		munmap(old, sizeof(*old) << bits);
}

static u32 record_add(const void *bytes, u32 length, u32 hash)
{
	u32 number = (u32)(used_bytes / UNIT_BYTES);
	struct record *record = record_of(number);

	used_bytes += (sizeof(*record) + length + UNIT_BYTES - 1) & ~(UNIT_BYTES - 1ull);
	if (used_bytes > ARENA_BYTES) {
		(void)fprintf(stderr, "intern: no more than %llu bytes\n", ARENA_BYTES);
		exit(2);
	}
	record->hash = hash;
	record->length = length;
	memcpy(record->bytes, bytes, length);
	return number;
}

u32 intern(const void *bytes, u32 length)
{
	u32 hash = hash_of(bytes, length);
	u32 *place;

	if (!arena)
		arena = memory(ARENA_BYTES);
	if (!table || count >= 1ull << (table_bits - 1))
		table_grow();
	for (place = place_of(hash); *place; place = next_place(place)) {
		const struct record *record = record_of(*place);

		if (record->hash == hash && record->length == length &&
		    !memcmp(record->bytes, bytes, length))
			return *place;
	}
	*place = record_add(bytes, length, hash);
	count++;
	return *place;
}
