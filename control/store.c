/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys are sequence numbers, four bytes, most significant first, so that LMDB's order is that of
 * time. Values are JSON. Every function is a transaction of its own.
 */
#include "control/store.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <lmdb.h>

#include "dataplane/directory.h"

/* Room for every entry at the largest size of a configuration file; the file itself is sparse. */
#define MAP_BYTES ((size_t)2 << 30)

struct store {
	MDB_env *env;
	MDB_dbi dbi;
	char path[PATH_MAX];
};

/* LMDB's own codes are negative, errno's positive. */
static int fail(const struct store *store, int code, const char *what, struct error *error)
{
	return error_set(error, code > 0 ? code : EIO, "%s: %s: %s", store->path, what,
			 mdb_strerror(code));
}

static int begin(struct store *store, unsigned int flags, MDB_txn **txn, struct error *error)
{
	int code = mdb_txn_begin(store->env, NULL, flags, txn);

	return code ? fail(store, code, "beginning a transaction", error) : 0;
}

static int open_database(struct store *store, struct error *error)
{
	MDB_txn *txn;
	int code, result;

	code = mdb_env_create(&store->env);
	if (!code)
		code = mdb_env_set_mapsize(store->env, MAP_BYTES);
	if (!code)
		code = mdb_env_open(store->env, store->path, MDB_NOSUBDIR, 0600);
	if (code)
		return fail(store, code, "opening the history of commits", error);
	result = begin(store, 0, &txn, error);
	if (result)
		return result;
	code = mdb_dbi_open(txn, NULL, 0, &store->dbi);
	if (!code)
		code = mdb_txn_commit(txn);
	else
		mdb_txn_abort(txn);
	return code ? fail(store, code, "opening the history of commits", error) : 0;
}

int store_open(struct store **store, const char *state_dir, struct error *error)
{
	struct store *made = calloc(1, sizeof(*made));
	int result;

	*store = NULL;
	if (!made)
		return error_set(error, ENOMEM, "out of memory");
	result = directory_make(state_dir, error);
	if (!result)
		result = directory_join(state_dir, "commits", made->path, error);
	if (!result)
		result = open_database(made, error);
	if (result)
		store_close(made);
	else
		*store = made;
	return result;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	if (store->env)
		mdb_env_close(store->env);
	free(store);
}

/* => 0, or LMDB's code, MDB_NOTFOUND when there is no entry */
static int newest_key(MDB_txn *txn, MDB_dbi dbi, u32 *sequence)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	__be32 name;
	int code = mdb_cursor_open(txn, dbi, &cursor);

	if (code)
		return code;
	code = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
	mdb_cursor_close(cursor);
	if (code)
		return code;
	if (key.mv_size != sizeof(name))
		return MDB_CORRUPTED;
	memcpy(&name, key.mv_data, sizeof(name));
	*sequence = ntohl(name);
	return 0;
}

static int delete_key(MDB_txn *txn, MDB_dbi dbi, u32 sequence)
{
	__be32 name = htonl(sequence);
	MDB_val key = {.mv_size = sizeof(name), .mv_data = &name};
	int code = mdb_del(txn, dbi, &key, NULL);

	return code == MDB_NOTFOUND ? 0 : code;
}

static int put_newest(MDB_txn *txn, MDB_dbi dbi, char *text)
{
	MDB_val value = {.mv_size = strlen(text), .mv_data = text};
	u32 sequence = 0;
	__be32 name;
	MDB_val key = {.mv_size = sizeof(name), .mv_data = &name};
	int code = newest_key(txn, dbi, &sequence);

	if (code && code != MDB_NOTFOUND)
		return code;
	name = htonl(++sequence);
	code = mdb_put(txn, dbi, &key, &value, MDB_NOOVERWRITE);
	if (!code && sequence > STORE_ENTRIES)
		code = delete_key(txn, dbi, sequence - STORE_ENTRIES);
	return code;
}

int store_add(struct store *store, const json_t *entry, struct error *error)
{
	char *text = json_dumps(entry, JSON_COMPACT);
	MDB_txn *txn;
	int code, result;

	if (!text)
		return error_set(error, ENOMEM, "out of memory");
	result = begin(store, 0, &txn, error);
	if (!result) {
		code = put_newest(txn, store->dbi, text);
		if (code)
			mdb_txn_abort(txn);
		else
			code = mdb_txn_commit(txn);
		if (code)
			result = fail(store, code, "adding to the history of commits", error);
	}
	free(text);
	return result;
}

static json_t *load_entry(struct store *store, MDB_txn *txn, u32 number, struct error *error)
{
	u32 newest = 0;
	__be32 name;
	MDB_val key = {.mv_size = sizeof(name), .mv_data = &name}, value;
	json_error_t json_error;
	json_t *entry;
	int code = newest_key(txn, store->dbi, &newest);

	name = htonl(newest - number);
	if (!code && number < newest)
		code = mdb_get(txn, store->dbi, &key, &value);
	if (code == MDB_NOTFOUND || (!code && number >= newest)) {
		(void)error_set(error, ENOENT, "there is no commit %u in the history", number);
		return NULL;
	}
	if (code) {
		(void)fail(store, code, "reading the history of commits", error);
		return NULL;
	}
	entry = json_loadb(value.mv_data, value.mv_size, JSON_REJECT_DUPLICATES, &json_error);
	if (!json_is_object(entry)) {
		(void)error_set(error, EBADMSG, "%s: commit %u: %s", store->path, number,
				entry ? "not an object" : json_error.text);
		json_decref(entry);
		entry = NULL;
	}
	return entry;
}

json_t *store_read(struct store *store, u32 number, struct error *error)
{
	json_t *entry;
	MDB_txn *txn;

	if (begin(store, MDB_RDONLY, &txn, error))
		return NULL;
	entry = load_entry(store, txn, number, error);
	mdb_txn_abort(txn);
	return entry;
}

int store_count(struct store *store, struct error *error)
{
	MDB_stat stat;
	MDB_txn *txn;
	int code, result = begin(store, MDB_RDONLY, &txn, error);

	if (result)
		return result;
	code = mdb_stat(txn, store->dbi, &stat);
	mdb_txn_abort(txn);
	return code ? fail(store, code, "reading the history of commits", error)
		    : (int)stat.ms_entries;
}
