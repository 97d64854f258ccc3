/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ids for names, and slots for addresses: find the one that is there, or take a free one.
 *
 * The entries lie in pinned tables (struct name_table, struct address_table); a catalog is a
 * way to search them that lives as long as one compilation. What a compilation took can be given
 * back in one call when it fails.
 */
#ifndef DATAPLANE_CATALOG_H
#define DATAPLANE_CATALOG_H

#include "abi/state.h"

struct catalog {
	u8 *entries;
	size_t entry_bytes;
	size_t key_offset;
	size_t key_bytes;
	size_t in_use_offset;
	u32 capacity;
	u32 next;   /* where the search for a free entry goes on */
	void *tree; /* of entries in use, by key */
	u32 *added; /* ids taken, in order */
	u32 added_count;
};

/* Ids from 1 on. => 0 or -ENOMEM */
int catalog_open_names(struct catalog *catalog, struct name_entry *entries, u32 capacity);

/* Slots from 0 on. => 0 or -ENOMEM */
int catalog_open_addresses(struct catalog *catalog, struct address_table *table);

/* => the id of the key, which is taken if it is new; -ENOSPC, -ENOMEM */
int catalog_id(struct catalog *catalog, const void *key);

/* The same for one or two strings. */
int catalog_name_id(struct catalog *catalog, const char *first, const char *second);

/* Frees the catalog; with `keep` false, gives back what was taken. */
void catalog_close(struct catalog *catalog, bool keep);

#endif
