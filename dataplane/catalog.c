/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/catalog.h"

#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare_names(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(((struct name_entry *)0)->names));
}

static int compare_addresses(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(union ip_addr));
}

typedef int compare_keys(const void *a, const void *b);

static compare_keys *catalog_compare(const struct catalog *catalog)
{
	return catalog->key_bytes == sizeof(union ip_addr) ? compare_addresses : compare_names;
}

static u8 *catalog_key(const struct catalog *catalog, u32 id)
{
	return catalog->entries + id * catalog->entry_bytes + catalog->key_offset;
}

static u32 *catalog_in_use(const struct catalog *catalog, u32 id)
{
	return (u32 *)(void *)(catalog->entries + id * catalog->entry_bytes +
			       catalog->in_use_offset);
}

static void keep_key(void *key)
{
	(void)key; /* keys lie in the tables */
}

static int catalog_open(struct catalog *catalog, u32 first)
{
	catalog->next = first;
	catalog->added = calloc(catalog->capacity, sizeof(*catalog->added));
	if (!catalog->added)
		return -ENOMEM;
	for (u32 id = first; id < catalog->capacity; id++) {
		if (!*catalog_in_use(catalog, id))
			continue;
		if (!tsearch(catalog_key(catalog, id), &catalog->tree, catalog_compare(catalog))) {
			catalog_close(catalog, true);
			return -ENOMEM;
		}
	}
	return 0;
}

int catalog_open_names(struct catalog *catalog, struct name_entry *entries, u32 capacity)
{
	*catalog = (struct catalog){
		.entries = (u8 *)entries,
		.entry_bytes = sizeof(*entries),
		.key_offset = offsetof(struct name_entry, names),
		.key_bytes = sizeof(entries->names),
		.in_use_offset = offsetof(struct name_entry, in_use),
		.capacity = capacity,
	};
	return catalog_open(catalog, 1);
}

int catalog_open_addresses(struct catalog *catalog, struct address_table *table)
{
	*catalog = (struct catalog){
		.entries = (u8 *)table->slots,
		.entry_bytes = sizeof(table->slots[0]),
		.key_offset = offsetof(struct address_entry, address),
		.key_bytes = sizeof(union ip_addr),
		.in_use_offset = offsetof(struct address_entry, in_use),
		.capacity = MAX_ADDRESS_SLOTS,
	};
	return catalog_open(catalog, 0);
}

static int catalog_add(struct catalog *catalog, const void *key)
{
	u32 id = catalog->next;

	while (id < catalog->capacity && *catalog_in_use(catalog, id))
		id++;
	if (id == catalog->capacity)
		return -ENOSPC;
	memcpy(catalog_key(catalog, id), key, catalog->key_bytes);
	if (!tsearch(catalog_key(catalog, id), &catalog->tree, catalog_compare(catalog)))
		return -ENOMEM;
	*catalog_in_use(catalog, id) = 1;
	catalog->next = id + 1;
	catalog->added[catalog->added_count++] = id;
	return (int)id;
}

int catalog_id(struct catalog *catalog, const void *key)
{
	u8 **found = tfind(key, &catalog->tree, catalog_compare(catalog));

	if (!found)
		return catalog_add(catalog, key);
	return (int)((size_t)(*found - catalog_key(catalog, 0)) / catalog->entry_bytes);
}

int catalog_name_id(struct catalog *catalog, const char *first, const char *second)
{
	char key[2][NAME_BYTES] = {{0}};

	(void)snprintf(key[0], NAME_BYTES, "%s", first);
	(void)snprintf(key[1], NAME_BYTES, "%s", second);
	return catalog_id(catalog, key);
}

void catalog_close(struct catalog *catalog, bool keep)
{
	tdestroy(catalog->tree, keep_key);
	for (u32 i = 0; !keep && i < catalog->added_count; i++)
		*catalog_in_use(catalog, catalog->added[i]) = 0;
	free(catalog->added);
	memset(catalog, 0, sizeof(*catalog));
}
